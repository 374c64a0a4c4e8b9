#include "tools/copc/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void complain(const char *path, const char *what)
{
    fprintf(stderr, "copc: cannot %s %s: %s\n", what, path, strerror(errno));
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n != 0) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

/* The mode that open() would have given a new file. */
static mode_t new_file_mode(void)
{
    mode_t mask = umask(0);

    (void)umask(mask);
    return 0666 & ~mask;
}

static bool fill(int fd, const void *bytes, size_t n)
{
    return write_all(fd, bytes, n) && fchmod(fd, new_file_mode()) == 0 &&
           fsync(fd) == 0;
}

/* The rename itself is on the disk only when its folder is. */
static void sync_folder(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static bool replace(const char *path, const void *bytes, size_t n)
{
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    int fd;

    if (length < 0 || (size_t)length >= sizeof beside) {
        errno = ENAMETOOLONG;
        complain(path, "write");
        return false;
    }
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        complain(path, "create a file beside");
        return false;
    }
    if (!fill(fd, bytes, n) || rename(beside, path) != 0) {
        complain(path, "write");
        (void)unlink(beside);
        (void)close(fd);
        return false;
    }
    (void)close(fd);
    sync_folder(path);
    return true;
}

static bool write_in_place(const char *path, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = fd >= 0 && write_all(fd, bytes, n);

    if (!is_written) {
        complain(path, "write");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_written;
}

bool output_write(const char *path, const void *bytes, size_t n)
{
    char target[PATH_MAX];
    struct stat found;

    if (stat(path, &found) != 0) {
        return replace(path, bytes, n);
    }
    if (!S_ISREG(found.st_mode)) {
        return write_in_place(path, bytes, n);
    }
    if (realpath(path, target) == NULL) {
        complain(path, "find");
        return false;
    }
    return replace(target, bytes, n);
}

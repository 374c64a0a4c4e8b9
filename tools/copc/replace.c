/* The new file is written beside the old one under a name of its own, flushed
 * to the disk, renamed over the old one, and its folder flushed.
 *
 *  1. Whoever opens the path finds the old file or the new one, at any moment
 *     and after any crash.
 *  2. SIGINT, SIGTERM and SIGHUP wait between the birth of the new file and its
 *     rename. They are looked for between writes, and the new file goes first.
 *  3. What SIGKILL or a loss of power leaves is removed by the next copc that
 *     writes to the folder. A file that is being written is locked (flock), so
 *     what has our form of name, our owner and no lock is left over. Where the
 *     two meet between birth and lock, the writer finds its file locked or
 *     without a name, and takes another.
 *
 * Tried and left: O_TMPFILE, which leaves nothing behind, but cannot be linked
 * over an old file, so that a name beside it is needed all the same. */
#include "tools/copc/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPLACE_PREFIX ".copc-new-"

enum {
    NAME_DIGITS = 16,
    NAME_BYTES = sizeof REPLACE_PREFIX + NAME_DIGITS,
    BIRTHS_MAX = 16,
    WRITE_BYTES = 1 << 20 /* between two looks for a signal */
};

/* A file being written. */
struct fresh {
    int folder;
    int fd;
    char name[NAME_BYTES];
};

/* ---- what an earlier copc left ---- */

static bool is_our_form(const char *name)
{
    size_t prefix = strlen(REPLACE_PREFIX);

    return strncmp(name, REPLACE_PREFIX, prefix) == 0 &&
           strlen(name) == prefix + NAME_DIGITS &&
           strspn(name + prefix, "0123456789abcdef") == NAME_DIGITS;
}

static void remove_if_left(int folder, const char *name)
{
    int fd = openat(folder, name,
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat found;

    if (fd < 0) {
        return;
    }
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) &&
        found.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        (void)unlinkat(folder, name, 0);
    }
    (void)close(fd);
}

static void sweep(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (names == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return; /* a folder that may not be listed */
    }
    while ((entry = readdir(names)) != NULL) {
        if (is_our_form(entry->d_name)) {
            remove_if_left(folder, entry->d_name);
        }
    }
    (void)closedir(names);
}

/* ---- signals ---- */

static void enders(sigset_t *out)
{
    (void)sigemptyset(out);
    (void)sigaddset(out, SIGHUP);
    (void)sigaddset(out, SIGINT);
    (void)sigaddset(out, SIGTERM);
}

static bool is_asked_to_end(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGHUP) == 1 ||
               sigismember(&pending, SIGINT) == 1 ||
               sigismember(&pending, SIGTERM) == 1);
}

/* ---- the new file ---- */

static bool fresh_is_ours(const struct fresh *fresh)
{
    struct stat found;

    /* Some file systems have no locks; nothing is swept there either. */
    if (flock(fresh->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return false;
    }
    return fstat(fresh->fd, &found) == 0 && found.st_nlink != 0;
}

static bool fresh_open(struct fresh *fresh)
{
    for (int i = 0; i < BIRTHS_MAX; i++) {
        uint64_t number;

        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
            return false;
        }
        snprintf(fresh->name, sizeof fresh->name, REPLACE_PREFIX "%016" PRIx64,
            number);
        fresh->fd = openat(fresh->folder, fresh->name,
            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fresh->fd < 0 && errno != EEXIST) {
            return false;
        }
        if (fresh->fd >= 0 && fresh_is_ours(fresh)) {
            return true;
        }
        if (fresh->fd >= 0) {
            (void)close(fresh->fd);
        }
    }
    errno = EBUSY;
    return false;
}

static enum replace_result fresh_write(
    const struct fresh *fresh, const char *bytes, size_t n)
{
    while (n != 0) {
        size_t step = n < WRITE_BYTES ? n : WRITE_BYTES;
        ssize_t written = write(fresh->fd, bytes, step);

        if (is_asked_to_end()) {
            return REPLACE_STOPPED;
        }
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return REPLACE_FAILED;
        }
        bytes += written;
        n -= (size_t)written;
    }
    return fsync(fresh->fd) == 0 ? REPLACE_DONE : REPLACE_FAILED;
}

/* The rename itself is on the disk only when its folder is. */
static enum replace_result sync_folder(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum replace_result result = REPLACE_DONE;

    if (fd < 0) {
        return errno == EACCES ? REPLACE_DONE : REPLACE_UNCONFIRMED;
    }
    if (fsync(fd) != 0 && errno != EINVAL) { /* EINVAL: it cannot be asked */
        result = REPLACE_UNCONFIRMED;
    }
    (void)close(fd);
    return result;
}

static enum replace_result put(
    struct fresh *fresh, const char *name, const void *bytes, size_t n)
{
    enum replace_result result;
    int error;

    if (!fresh_open(fresh)) {
        return REPLACE_FAILED;
    }
    result = fresh_write(fresh, bytes, n);
    if (result == REPLACE_DONE &&
        renameat(fresh->folder, fresh->name, fresh->folder, name) != 0) {
        result = REPLACE_FAILED;
    }
    error = errno;
    if (result != REPLACE_DONE) {
        (void)unlinkat(fresh->folder, fresh->name, 0);
    }
    (void)close(fresh->fd);
    errno = error;
    return result == REPLACE_DONE ? sync_folder(fresh->folder) : result;
}

enum replace_result replace_file(const char *path, const void *bytes, size_t n)
{
    size_t length = strlen(path);
    struct fresh fresh;
    char above[PATH_MAX];
    char last[PATH_MAX];
    sigset_t held;
    sigset_t before;
    enum replace_result result;
    int error;

    if (length == 0 || length >= sizeof above || path[length - 1] == '/') {
        errno = length == 0              ? ENOENT
                : length >= sizeof above ? ENAMETOOLONG
                                         : EISDIR;
        return REPLACE_FAILED;
    }
    snprintf(above, sizeof above, "%s", path);
    snprintf(last, sizeof last, "%s", path);
    fresh.folder = open(dirname(above), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fresh.folder < 0) {
        return REPLACE_FAILED;
    }
    sweep(fresh.folder);
    enders(&held);
    (void)sigprocmask(SIG_BLOCK, &held, &before);
    result = put(&fresh, basename(last), bytes, n);
    error = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(fresh.folder);
    errno = error;
    return result;
}

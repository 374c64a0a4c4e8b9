#include "tools/copc/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/copc/replace.h"

/* What somebody can do about an error of the system. */
static const char *todo_of(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "make room on the disk or name another file with -o";
    case EFBIG:
        return "raise the limit of file sizes (ulimit -f) or name a file on "
               "another disk with -o";
    case EACCES:
    case EPERM:
        return "let this user write to the folder or name another file with -o";
    case EROFS:
        return "this disk is read-only: name a file on another one with -o";
    case ENOENT:
    case ENOTDIR:
        return "make the folder first, or correct the name after -o";
    case EISDIR:
        return "this is a folder: name a file with -o";
    case ENAMETOOLONG:
        return "choose a shorter name";
    default:
        return "look at the disk, or name another file with -o";
    }
}

static bool fail(
    struct cop_report *report, const char *path, const char *consequence)
{
    int error = errno;

    cop_report_at(report, COP_ERROR, "output", path, 0, 0, todo_of(error),
        "cannot be written: %s%s", strerror(error), consequence);
    return false;
}

/* `path` as somebody wrote it, `target` where that leads. */
static bool replace(const char *path, const char *target, const void *bytes,
    size_t n, struct cop_report *report)
{
    switch (replace_file(target, bytes, n)) {
    case REPLACE_DONE:
        return true;
    case REPLACE_FAILED:
        return fail(report, path, "; what was there before is unchanged");
    case REPLACE_UNCONFIRMED:
        cop_report_at(report, COP_ERROR, "output", path, 0, 0,
            "look at the disk and write it again",
            "is written, but a loss of power may undo that: %s",
            strerror(errno));
        return false;
    case REPLACE_STOPPED:
        break;
    }
    cop_report_at(report, COP_ERROR, "output", path, 0, 0, NULL,
        "is not written: a signal asked to end");
    return false;
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

static bool write_in_place(
    const char *path, const void *bytes, size_t n, struct cop_report *report)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = fd >= 0 && write_all(fd, bytes, n);

    if (!is_written) {
        (void)fail(report, path, "");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_written;
}

bool output_write(
    const char *path, const void *bytes, size_t n, struct cop_report *report)
{
    char target[PATH_MAX];
    struct stat found;

    if (stat(path, &found) != 0) {
        return replace(path, path, bytes, n, report);
    }
    if (!S_ISREG(found.st_mode)) {
        return write_in_place(path, bytes, n, report);
    }
    if (realpath(path, target) == NULL) {
        return fail(report, path, "; what was there before is unchanged");
    }
    return replace(path, target, bytes, n, report);
}

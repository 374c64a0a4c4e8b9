#include "cop/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/bundle/audit.h"
#include "rules/bundle/view.h"

enum { REFUSAL_MAX = 512 };

static const char *refusal_todo(enum cop_status status)
{
    if (cop_status_family(status) != COP_FAMILY_DATA) {
        return NULL;
    }
    return status == COP_E_VERSION
               ? "Update this program, or take a bundle made for it."
               : "Take the bundle from its publisher again, or rebuild it "
                 "with copc.";
}

enum cop_status bundle_refuse(struct cop_report *report, const char *name,
    enum cop_status status, const char *format, ...)
{
    char what[REFUSAL_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    struct cop_finding finding = {
        .severity = COP_ERROR,
        .code = "bundle",
        .file = name,
        .what = what,
        .todo = refusal_todo(status),
    };

    cop_report_emit(report, &finding);
    return status;
}

static enum cop_status bundle_fail_errno(
    struct cop_report *report, const char *name, const char *doing)
{
    const char *todo = NULL;

    if (errno == EISDIR) {
        todo = "Compile the folder first: copc build FOLDER -o BUNDLE.";
    } else if (errno == ENOENT) {
        todo = "Check the name.";
    }
    cop_report_at(report, COP_ERROR, "bundle", name, 0, 0, todo,
        "cannot %s the bundle: %s", doing, strerror(errno));
    return COP_E_IO;
}

/* A bundle over n bytes in place, checked; a mapping becomes the bundle's on
 * success only. */
static enum cop_status bundle_new(const void *bytes, size_t n, bool is_mapped,
    const char *name, struct cop_report *report, struct cop_bundle **out)
{
    struct cop_bundle *bundle = calloc(1, sizeof(*bundle));
    enum cop_status status;

    if (bundle == NULL) {
        errno = ENOMEM;
        (void)bundle_fail_errno(report, name, "open");
        return COP_E_NOMEM;
    }
    atomic_init(&bundle->refs, 1);
    bundle->bytes = bytes;
    bundle->n = n;
    bundle->is_mapped = is_mapped;
    status = bundle_layout(bundle, name, report);
    if (status == COP_OK) {
        status = bundle_audit(bundle, name, report);
    }
    if (status != COP_OK) {
        free(bundle);
        return status;
    }
    *out = bundle;
    return COP_OK;
}

enum cop_status cop_bundle_open_memory(const void *bytes, size_t n,
    const char *name, struct cop_report *report, struct cop_bundle **out)
{
    if ((uintptr_t)bytes % 8 != 0) {
        return COP_E_BUG;
    }
    return bundle_new(bytes, n, false, name, report, out);
}

/* How many bytes a descriptor's file has; that it is one with any. */
static enum cop_status file_measure(
    int fd, const char *name, struct cop_report *report, size_t *out)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return bundle_fail_errno(report, name, "look at");
    }
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return bundle_fail_errno(report, name, "open");
    }
    if (st.st_size == 0) {
        return bundle_refuse(
            report, name, COP_E_TRUNCATED, "the bundle is empty");
    }
    *out = (size_t)st.st_size;
    return COP_OK;
}

/* A bundle over a mapping, which becomes its own, or goes. */
static enum cop_status bundle_adopt(void *bytes, size_t n, const char *name,
    struct cop_report *report, struct cop_bundle **out)
{
    enum cop_status status = bundle_new(bytes, n, true, name, report, out);

    if (status != COP_OK) {
        munmap(bytes, n);
    }
    return status;
}

enum cop_status cop_bundle_open_fd(int fd, const char *name,
    struct cop_report *report, struct cop_bundle **out)
{
    size_t n = 0;
    enum cop_status status = file_measure(fd, name, report, &n);

    if (status != COP_OK) {
        return status;
    }
    void *bytes = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);

    if (bytes == MAP_FAILED) {
        return bundle_fail_errno(report, name, "map");
    }
    return bundle_adopt(bytes, n, name, report, out);
}

/* The first n bytes of a file, which somebody may be cutting off meanwhile. */
static enum cop_status file_read(
    int fd, char *to, size_t n, const char *name, struct cop_report *report)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(fd, to + done, n - done, (off_t)done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return bundle_fail_errno(report, name, "read");
        }
        if (got == 0) {
            return bundle_refuse(report, name, COP_E_TRUNCATED,
                "the bundle became shorter while it was read");
        }
        done += (size_t)got;
    }
    return COP_OK;
}

/* A path is anybody's, and a mapped file that is cut off kills whoever looks
 * behind its new end. So what is opened by path is read into memory of our own,
 * and what was audited is what is used. */
static enum cop_status bundle_copy(int fd, const char *name,
    struct cop_report *report, struct cop_bundle **out)
{
    size_t n = 0;
    enum cop_status status = file_measure(fd, name, report, &n);

    if (status != COP_OK) {
        return status;
    }
    char *bytes = mmap(
        NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED) {
        (void)bundle_fail_errno(report, name, "read");
        return COP_E_NOMEM;
    }
    status = file_read(fd, bytes, n, name, report);
    if (status == COP_OK && mprotect(bytes, n, PROT_READ) != 0) {
        status = bundle_fail_errno(report, name, "protect");
    }
    if (status != COP_OK) {
        munmap(bytes, n);
        return status;
    }
    return bundle_adopt(bytes, n, name, report, out);
}

enum cop_status cop_bundle_open(
    const char *path, struct cop_report *report, struct cop_bundle **out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return bundle_fail_errno(report, path, "open");
    }
    enum cop_status status = bundle_copy(fd, path, report, out);

    close(fd);
    return status;
}

struct cop_bundle *cop_bundle_hold(struct cop_bundle *bundle)
{
    atomic_fetch_add_explicit(&bundle->refs, 1, memory_order_relaxed);
    return bundle;
}

void cop_bundle_drop(struct cop_bundle **bundle)
{
    struct cop_bundle *b = *bundle;

    *bundle = NULL;
    if (b == NULL ||
        atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (b->is_mapped) {
        /* The mapping was ours to write nothing to; munmap wants no const. */
        munmap((void *)(uintptr_t)b->bytes, b->n);
    }
    free(b);
}

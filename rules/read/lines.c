#include "rules/read/lines.h"

#include <errno.h>
#include <string.h>

enum cop_status lines_open(struct lines *lines, const char *path)
{
    lines->file = NULL;
    lines->number = 0;
    lines->bytes = 0;
    lines->is_cut = false;
    lines->is_at_end = false;
    lines->error = 0;
    lines->flaw = NULL;
    lines->from = 0;
    lines->to = 0;
    return unpack_open(path, &lines->file);
}

/* Move what is unread to the front and read behind it. */
static void fill(struct lines *lines)
{
    ssize_t got;

    memmove(
        lines->buffer, lines->buffer + lines->from, lines->to - lines->from);
    lines->to -= lines->from;
    lines->from = 0;
    got = unpack_read(
        lines->file, lines->buffer + lines->to, LINES_BUFFER - lines->to);
    lines->bytes = unpack_bytes(lines->file);
    if (got < 0) {
        lines->flaw = unpack_flaw(lines->file);
        lines->error = lines->flaw == NULL ? errno : 0;
    }
    if (got <= 0) {
        lines->is_at_end = true;
        return;
    }
    lines->to += (size_t)got;
}

/* Throw away the rest of a line that was cut. */
static void skip_rest(struct lines *lines)
{
    lines->is_cut = false;
    for (;;) {
        char *end =
            memchr(lines->buffer + lines->from, '\n', lines->to - lines->from);

        if (end != NULL) {
            lines->from = (size_t)(end - lines->buffer) + 1;
            return;
        }
        lines->from = lines->to;
        if (lines->is_at_end) {
            return;
        }
        fill(lines);
    }
}

static struct cop_slice trim(struct lines *lines, const char *p, size_t n)
{
    if (n > 0 && p[n - 1] == '\r') {
        n--;
    }
    if (lines->number == 1 && n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
        p += 3;
        n -= 3;
    }
    return (struct cop_slice){p, n};
}

static bool has_failed(const struct lines *lines)
{
    return lines->error != 0 || lines->flaw != NULL;
}

bool lines_next(struct lines *lines, struct cop_slice *line)
{
    const char *start;
    const char *end;
    size_t n;

    if (lines->is_cut) {
        skip_rest(lines);
    }
    for (;;) {
        start = lines->buffer + lines->from;
        n = lines->to - lines->from;
        end = memchr(start, '\n', n);
        if (end != NULL || n > LINES_MAX_BYTES || lines->is_at_end) {
            break;
        }
        fill(lines);
    }
    if (n == 0 || (end == NULL && n <= LINES_MAX_BYTES && has_failed(lines))) {
        return false;
    }
    lines->number++;
    if (end != NULL && end - start <= LINES_MAX_BYTES) {
        lines->from += (size_t)(end - start) + 1;
        *line = trim(lines, start, (size_t)(end - start));
        return true;
    }
    lines->is_cut = n > LINES_MAX_BYTES;
    n = lines->is_cut ? LINES_MAX_BYTES : n;
    lines->from += n;
    *line = trim(lines, start, n);
    return true;
}

void lines_close(struct lines *lines)
{
    unpack_close(&lines->file);
}

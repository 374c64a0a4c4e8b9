#include "rules/base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2};
}

void buf_release(struct buf *buf)
{
    free(buf->p);
    *buf = (struct buf){.max = buf->max};
}

void buf_fini(struct buf *buf)
{
    buf_release(buf);
}

void buf_clear(struct buf *buf)
{
    buf->n = 0;
    buf->failed = false;
}

/* Hold at least `cap` bytes, `cap` at most the ceiling. There is always one
 * byte more, where printf() puts its NUL. */
static bool buf_hold(struct buf *buf, size_t cap)
{
    size_t twice = buf->cap != 0 ? buf->cap * 2 : FIRST_BYTES;

    if (buf->p != NULL && cap <= buf->cap) {
        return true;
    }
    if (cap < twice) {
        cap = twice < buf->max ? twice : buf->max;
    }
    char *p = realloc(buf->p, cap + 1);

    if (p == NULL) {
        return false;
    }
    buf->p = p;
    buf->cap = cap;
    return true;
}

char *buf_room(struct buf *buf, size_t n)
{
    if (buf->failed || n > buf->max - buf->n || !buf_hold(buf, buf->n + n)) {
        buf->failed = true;
        return NULL;
    }
    return buf->p + buf->n;
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
    char *place = buf_room(buf, n);

    if (place != NULL && n != 0) {
        memcpy(place, bytes, n);
        buf->n += n;
    }
}

void buf_add_slice(struct buf *buf, struct cop_slice text)
{
    buf_add(buf, text.p, text.n);
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_print(struct buf *buf, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *place = n >= 0 ? buf_room(buf, (size_t)n) : NULL;

    if (place == NULL) {
        buf->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(place, (size_t)n + 1, format, args);
    va_end(args);
    buf->n += (size_t)n;
}

void buf_drop_front(struct buf *buf, size_t n)
{
    if (n >= buf->n) {
        buf->n = 0;
        return;
    }
    if (n != 0) {
        buf->n -= n;
        memmove(buf->p, buf->p + n, buf->n);
    }
}

/* Reading untrusted bytes from the front. Failure is sticky: after one read
 * beyond the end everything reads as zero and empty, so a reader may check
 * cursor_is_done() once at the end of a structure. */
#ifndef GATEWAY_TLS_CURSOR_H
#define GATEWAY_TLS_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"

struct cursor {
    const uint8_t *p;
    size_t n; /* bytes left */
    bool failed;
};

static inline struct cursor cursor_over(struct cop_slice bytes)
{
    return (struct cursor){(const uint8_t *)bytes.p, bytes.n, false};
}

/* The next n bytes, inside the memory that is being read. */
static inline struct cop_slice cursor_take(struct cursor *cursor, size_t n)
{
    struct cop_slice taken = {(const char *)cursor->p, n};

    if (cursor->failed || n > cursor->n) {
        cursor->failed = true;
        return (struct cop_slice){NULL, 0};
    }
    if (n > 0) {
        cursor->p += n;
        cursor->n -= n;
    }
    return taken;
}

/* The next `bytes` (1 to 8) bytes as a number, the most significant first. */
static inline uint64_t cursor_big(struct cursor *cursor, size_t bytes)
{
    struct cop_slice taken = cursor_take(cursor, bytes);
    uint64_t value = 0;

    for (size_t i = 0; i < taken.n; i++) {
        value = value << 8 | (uint8_t)taken.p[i];
    }
    return value;
}

/* The same, the least significant first. */
static inline uint64_t cursor_little(struct cursor *cursor, size_t bytes)
{
    struct cop_slice taken = cursor_take(cursor, bytes);
    uint64_t value = 0;

    for (size_t i = taken.n; i > 0; i--) {
        value = value << 8 | (uint8_t)taken.p[i - 1];
    }
    return value;
}

/* A run whose length stands before it in `bytes` bytes (RFC 8446 3.4). */
static inline struct cursor cursor_vector(struct cursor *cursor, size_t bytes)
{
    size_t n = (size_t)cursor_big(cursor, bytes);
    struct cursor inner = cursor_over(cursor_take(cursor, n));

    inner.failed = cursor->failed;
    return inner;
}

/* Everything was read, and nothing beyond. */
static inline bool cursor_is_done(const struct cursor *cursor)
{
    return !cursor->failed && cursor->n == 0;
}

#endif

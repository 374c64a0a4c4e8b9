/* Borrowed bytes: a pointer and a length, never owned, never changed.
 *
 * A slice is valid for as long as the memory it points into stays where it is;
 * a function that returns one says whose memory that is. A parameter of this
 * type is borrowed for the call and nothing more. The bytes need not end in
 * NUL. An empty slice may have any pointer, NULL included. */
#ifndef COP_SLICE_H
#define COP_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct cop_slice {
    const char *p;
    size_t n;
};

/* A slice of a string literal, usable as an expression. */
#define COP_LIT(text) ((struct cop_slice){(text), sizeof(text) - 1})

static inline struct cop_slice cop_slice_of(const char *text)
{
    struct cop_slice s = {text, text != NULL ? strlen(text) : 0};
    return s;
}

static inline bool cop_slice_eq(struct cop_slice a, struct cop_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Order by unsigned bytes, a prefix first: below, at or above zero. */
static inline int cop_slice_cmp(struct cop_slice a, struct cop_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n != 0 ? memcmp(a.p, b.p, n) : 0;

    if (order != 0) {
        return order;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

#endif

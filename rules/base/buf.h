/* A growable run of bytes, born with a ceiling; overflow is sticky. */
#ifndef RULES_BASE_BUF_H
#define RULES_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "cop/slice.h"

struct buf {
    char *p;
    size_t n;   /* bytes used */
    size_t cap; /* bytes held */
    size_t max; /* never grows beyond */
    bool failed;
};

void buf_init(struct buf *buf, size_t max);
void buf_fini(struct buf *buf);
/* Forget the content, keep the memory. Clears `failed`. */
void buf_clear(struct buf *buf);
/* Give the memory back, keep the ceiling. */
void buf_release(struct buf *buf);
/* Make room for n more bytes; the place to write, or NULL (sticky). The caller
 * adds what it wrote to buf->n. */
char *buf_room(struct buf *buf, size_t n);
void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_add_slice(struct buf *buf, struct cop_slice text);
void buf_add_char(struct buf *buf, char c);
void buf_print(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drop n bytes from the front. */
void buf_drop_front(struct buf *buf, size_t n);

static inline struct cop_slice buf_slice(const struct buf *buf)
{
    return (struct cop_slice){buf->p, buf->n};
}

#endif

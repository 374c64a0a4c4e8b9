/* Very many texts, sorted and each once, in little memory: what is gathered is
 * kept as sorted runs, packed with zstd, and merged when it is read. */
#ifndef TOOLS_COPC_RUNS_H
#define TOOLS_COPC_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run {
    uint8_t *bytes; /* blocks: head, packed texts with a NUL after each */
    size_t n;
};

struct runs {
    struct run *p;
    size_t n;
};

void runs_fini(struct runs *runs);

/* Keep n texts as one more run; `texts` is reordered, what it points to is
 * copied. False when memory ran out. */
bool runs_add(struct runs *runs, const char **texts, size_t n);

/* All runs, merged. */
struct runs_reader;

/* runs  borrowed
 * NULL when memory ran out. */
struct runs_reader *runs_reader_new(const struct runs *runs);
void runs_reader_free(struct runs_reader **reader);

/* The next text in the order of its bytes, or NULL at the end and where memory
 * ran out; lives until the next call. */
const char *runs_next(struct runs_reader *reader);
bool runs_failed(const struct runs_reader *reader);

#endif

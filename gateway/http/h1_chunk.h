/* The framing of a chunked body, byte by byte and strict (RFC 9112 7.1): where
 * sizes, extensions and data lie. It says what each byte is and keeps none. */
#ifndef GATEWAY_HTTP_H1_CHUNK_H
#define GATEWAY_HTTP_H1_CHUNK_H

#include <stdint.h>

#include "cop/slice.h"
#include "gateway/http/fault.h"

enum {
    H1_CHUNK_DIGITS_MAX = 16,           /* of a size, leading zeros too */
    H1_CHUNK_EXTENSION_MAX = 256,       /* bytes after one size */
    H1_CHUNK_EXTENSIONS_MAX = 16 * 1024 /* bytes of them in one body */
};

enum h1_chunk_state {
    H1_CHUNK_SIZE,
    H1_CHUNK_EXTENSION,
    H1_CHUNK_SIZE_LF,
    H1_CHUNK_DATA,
    H1_CHUNK_DATA_CR,
    H1_CHUNK_DATA_LF,
    H1_CHUNK_LAST /* the last size line is over: trailers follow */
};

struct h1_chunk {
    enum h1_chunk_state state;
    uint8_t digits;      /* of the size so far */
    uint64_t size;       /* then what is left of the data */
    uint32_t extension;  /* bytes after this size */
    uint32_t extensions; /* bytes of them so far */
};

/* What a run of bytes is. */
enum h1_chunk_kind {
    H1_CHUNK_FRAME, /* size, line ends */
    H1_CHUNK_SKIP,  /* extension: means nothing to us, is not passed on */
    H1_CHUNK_BODY
};

void h1_chunk_init(struct h1_chunk *chunk);
/* Take one run of bytes of one kind from `bytes`, which are not empty; not
 * called once state is H1_CHUNK_LAST. *n is how many. */
enum http_fault h1_chunk_take(struct h1_chunk *chunk, struct cop_slice bytes,
    size_t *n, enum h1_chunk_kind *kind);

#endif

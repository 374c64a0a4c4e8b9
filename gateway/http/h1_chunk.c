#include "gateway/http/h1_chunk.h"

#include <stdbool.h>

void h1_chunk_init(struct h1_chunk *chunk)
{
    *chunk = (struct h1_chunk){.state = H1_CHUNK_SIZE};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 1*HEXDIG, then CRLF or ";". RFC 9112 7.1.1 lets white space stand before
 * the semicolon, as a mistake of old; nobody needs it. */
static enum http_fault step_size(struct h1_chunk *chunk, char c)
{
    int digit = hex_value(c);

    if (digit >= 0) {
        if (chunk->digits == H1_CHUNK_DIGITS_MAX ||
            chunk->size > (uint64_t)INT64_MAX >> 4) {
            return HTTP_FAULT_CHUNK_OVERFLOW;
        }
        chunk->digits++;
        chunk->size = chunk->size << 4 | (uint64_t)digit;
        return HTTP_FAULT_NONE;
    }
    if (chunk->digits == 0 || (c != '\r' && c != ';')) {
        return HTTP_FAULT_CHUNK_SIZE;
    }
    chunk->state = c == '\r' ? H1_CHUNK_SIZE_LF : H1_CHUNK_EXTENSION;
    return HTTP_FAULT_NONE;
}

static enum http_fault step_extension(struct h1_chunk *chunk, char c)
{
    if (c == '\r') {
        chunk->state = H1_CHUNK_SIZE_LF;
        return chunk->extension != 0 ? HTTP_FAULT_NONE
                                     : HTTP_FAULT_CHUNK_EXTENSION;
    }
    if (c != '\t' && (c < ' ' || c >= 0x7f)) {
        return HTTP_FAULT_CHUNK_EXTENSION;
    }
    chunk->extension++;
    chunk->extensions++;
    return chunk->extension > H1_CHUNK_EXTENSION_MAX ||
                   chunk->extensions > H1_CHUNK_EXTENSIONS_MAX
               ? HTTP_FAULT_CHUNK_EXTENSIONS
               : HTTP_FAULT_NONE;
}

static enum http_fault step_size_lf(struct h1_chunk *chunk, char c)
{
    if (c != '\n') {
        return HTTP_FAULT_CHUNK_SIZE;
    }
    chunk->digits = 0;
    chunk->extension = 0;
    chunk->state = chunk->size == 0 ? H1_CHUNK_LAST : H1_CHUNK_DATA;
    return HTTP_FAULT_NONE;
}

static enum http_fault step_data_end(struct h1_chunk *chunk, char c)
{
    if (chunk->state == H1_CHUNK_DATA_CR) {
        chunk->state = H1_CHUNK_DATA_LF;
        return c == '\r' ? HTTP_FAULT_NONE : HTTP_FAULT_CHUNK_END;
    }
    chunk->state = H1_CHUNK_SIZE;
    return c == '\n' ? HTTP_FAULT_NONE : HTTP_FAULT_CHUNK_END;
}

static enum http_fault step(struct h1_chunk *chunk, char c)
{
    switch (chunk->state) {
    case H1_CHUNK_SIZE:
        return step_size(chunk, c);
    case H1_CHUNK_EXTENSION:
        return step_extension(chunk, c);
    case H1_CHUNK_SIZE_LF:
        return step_size_lf(chunk, c);
    case H1_CHUNK_DATA_CR:
    case H1_CHUNK_DATA_LF:
        return step_data_end(chunk, c);
    case H1_CHUNK_DATA:
    case H1_CHUNK_LAST:
        break;
    }
    return HTTP_FAULT_DISAGREE;
}

static void take_data(struct h1_chunk *chunk, size_t have, size_t *n)
{
    *n = have < chunk->size ? have : (size_t)chunk->size;
    chunk->size -= *n;
    if (chunk->size == 0) {
        chunk->state = H1_CHUNK_DATA_CR;
    }
}

/* What the byte that is read next in this state is. The CR that ends an
 * extension is framing, and so is the ";" not. */
static enum h1_chunk_kind kind_of(const struct h1_chunk *chunk, char c)
{
    bool is_extension = (chunk->state == H1_CHUNK_EXTENSION && c != '\r') ||
                        (chunk->state == H1_CHUNK_SIZE && c == ';');

    return is_extension ? H1_CHUNK_SKIP : H1_CHUNK_FRAME;
}

enum http_fault h1_chunk_take(struct h1_chunk *chunk, struct cop_slice bytes,
    size_t *n, enum h1_chunk_kind *kind)
{
    *n = 0;
    if (chunk->state == H1_CHUNK_DATA) {
        *kind = H1_CHUNK_BODY;
        take_data(chunk, bytes.n, n);
        return HTTP_FAULT_NONE;
    }
    *kind = kind_of(chunk, bytes.p[0]);
    while (*n < bytes.n && chunk->state != H1_CHUNK_DATA &&
           chunk->state != H1_CHUNK_LAST &&
           kind_of(chunk, bytes.p[*n]) == *kind) {
        enum http_fault fault = step(chunk, bytes.p[*n]);

        if (fault != HTTP_FAULT_NONE) {
            return fault;
        }
        (*n)++;
    }
    return HTTP_FAULT_NONE;
}

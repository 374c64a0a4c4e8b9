/* The lines of an HTTP/1 head or trailer section, gathered until the empty one
 * and checked one by one as they come (RFC 9112 2 to 5): every line ends in
 * CRLF, CR and LF stand nowhere else, no control bytes, no folds, exact first
 * lines, token names right before their colon. What passes has one reading. */
#ifndef GATEWAY_HTTP_H1_LINES_H
#define GATEWAY_HTTP_H1_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/http/fault.h"
#include "rules/base/buf.h"

enum h1_section { H1_REQUEST_HEAD, H1_RESPONSE_HEAD, H1_TRAILER_SECTION };

struct h1_lines {
    enum h1_section section;
    uint32_t fields_max;
    struct buf text;    /* what was gathered; its ceiling is the limit */
    size_t line;        /* where the line being gathered begins */
    size_t seen;        /* bytes of text that were looked at */
    uint32_t lines;     /* whole ones */
    bool skipped_empty; /* one empty line before a request is allowed */
};

/* bytes_max, fields_max   beyond them it is a fault */
void h1_lines_init(struct h1_lines *lines, enum h1_section section,
    size_t bytes_max, uint32_t fields_max);
/* Wipes the memory before it is given back: heads carry credentials. */
void h1_lines_fini(struct h1_lines *lines);

/* Take from `bytes` up to and including the empty line.
 * used    how many were taken
 * whole   the empty line has come; lines->text is all of it */
enum http_fault h1_lines_take(
    struct h1_lines *lines, struct cop_slice bytes, size_t *used, bool *whole);

#endif

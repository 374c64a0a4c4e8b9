/* A head of the one model becoming the fields of an HTTP/2 header block: what
 * belongs to an HTTP/1 connection is left out, framing is written anew. */
#ifndef GATEWAY_HTTP_H2_FIELDS_H
#define GATEWAY_HTTP_H2_FIELDS_H

#include <nghttp2/nghttp2.h>

#include "gateway/http/head.h"

enum { H2_OWN_FIELDS = 64 }; /* pseudo-fields, length, and the caller's lines */

struct h2_fields {
    size_t n;
    bool is_full;    /* some had no place */
    char length[24]; /* the text of Content-Length */
    char status[8];
    nghttp2_nv list[HTTP_FIELDS_MAX + H2_OWN_FIELDS];
};

/* The list begins empty; slices are borrowed until the list is submitted. */
void h2_fields_begin(struct h2_fields *fields);
void h2_fields_add(
    struct h2_fields *fields, struct cop_slice name, struct cop_slice value);
void h2_fields_add_status(struct h2_fields *fields, uint16_t status);
/* All fields of a head that HTTP/2 may have, Content-Length by head->framing
 * as h1_write.h says, and those of `extra`, whole lines each ending in CRLF.
 * is_websocket: without the fields of its HTTP/1 handshake. */
void h2_fields_add_head(struct h2_fields *fields, const struct http_head *head,
    struct cop_slice extra, bool is_websocket);
/* Trailers, those not dropped. */
void h2_fields_add_trailers(
    struct h2_fields *fields, const struct http_field *trailers, uint32_t n);

#endif

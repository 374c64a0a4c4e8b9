/* HTTP/1.1 messages out. A codec: heads and body pieces in, bytes out. */
#ifndef GATEWAY_HTTP_H1_WRITE_H
#define GATEWAY_HTTP_H1_WRITE_H

#include "gateway/http/head.h"
#include "rules/base/buf.h"

/* Write a request head in origin form: fields that are not dropped, then
 * `extra` (whole field lines, each ending in CRLF), then the empty line.
 *
 * Framing is written anew from head->framing, so `extra` never carries it:
 * HTTP_CHUNKED gives "Transfer-Encoding: chunked" and no Content-Length,
 * HTTP_LENGTH gives Content-Length from head->length, HTTP_UNTIL_CLOSE
 * neither; HTTP_NO_BODY keeps a Content-Length that came (answers to HEAD,
 * 304). A Transfer-Encoding that came is never copied. To send a body in
 * another framing, change head->framing before the call. The version is
 * always HTTP/1.1; Connection and Via are the caller's, in `extra`.
 * target   origin-form, canonical
 * host     value of the Host field, always written first; other Host fields
 *          are not */
void h1_write_request(struct buf *out, const struct http_head *head,
    struct cop_slice target, struct cop_slice host, struct cop_slice extra);
/* The same for a response head. */
void h1_write_response(
    struct buf *out, const struct http_head *head, struct cop_slice extra);
/* A piece of a chunked body: size line, bytes, CRLF. Nothing for n == 0. */
void h1_write_chunk(struct buf *out, struct cop_slice piece);
/* The last chunk, trailers (not the dropped ones), and the empty line. */
void h1_write_last_chunk(
    struct buf *out, const struct http_field *trailers, uint32_t n);

#endif

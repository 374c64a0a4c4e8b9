/* HTTP/1.x messages in: a pull parser over llhttp in strict mode, with our own
 * checks where that is lenient (RFC 9112). A codec: bytes in, events out.
 *
 * Feed bytes with h1_read() and act on each event; it consumes up to the event
 * and no further, so body bytes are never copied here. */
#ifndef GATEWAY_HTTP_H1_READ_H
#define GATEWAY_HTTP_H1_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/status.h"
#include "gateway/http/head.h"
#include "rules/base/buf.h"

enum h1_event {
    H1_NEED,     /* all bytes consumed, nothing complete yet */
    H1_HEAD,     /* reader->head is whole and checked */
    H1_BODY,     /* *body holds a piece of body, inside the bytes fed */
    H1_TRAILERS, /* reader->trailers are whole; comes before H1_END if any */
    H1_END,      /* the message is over; h1_reader_next() for another */
    H1_FAULT     /* malformed; reader->fault says what; nothing more works */
};

enum h1_kind { H1_REQUEST, H1_RESPONSE };

struct h1_reader; /* about 20 KiB of fields when a head is being read */

COP_MUST_USE enum cop_status h1_reader_new(enum h1_kind kind,
    uint32_t head_bytes_max, uint32_t fields_max, struct h1_reader **out);
void h1_reader_free(struct h1_reader **reader);
/* Ready for the next message on the same connection. Of a response:
 * `to_head` it answers a HEAD request, `to_connect` a CONNECT. */
void h1_reader_next(struct h1_reader *reader, bool to_head, bool to_connect);

/* Take from `bytes`. *used is how many were consumed; body only with H1_BODY.
 */
enum h1_event h1_read(struct h1_reader *reader, struct cop_slice bytes,
    size_t *used, struct cop_slice *body);
/* The peer closed: H1_END if that ends the message properly (until-close
 * bodies), H1_NEED if nothing of a message had begun, else H1_FAULT. */
enum h1_event h1_read_eof(struct h1_reader *reader);

/* Valid from H1_HEAD until h1_reader_next(); slices into the reader. */
struct http_head *h1_reader_head(struct h1_reader *reader);
/* Valid from H1_TRAILERS; count in *n. */
const struct http_field *h1_reader_trailers(
    struct h1_reader *reader, uint32_t *n);
/* A static sentence: what is malformed, for logs. And the status that a server
 * answers with: 400, 414, 431, 501, 505. */
const char *h1_reader_fault(const struct h1_reader *reader, uint16_t *status);
/* Whether some bytes of a message have been read. */
bool h1_reader_is_begun(const struct h1_reader *reader);

#endif

/* HTTP/2 (RFC 9113): one connection's session over nghttp2, towards clients
 * (H2_SERVER) or towards servers (H2_CLIENT). A codec: bytes and a time in,
 * bytes and streams with something to do out. No socket, no clock, no log.
 *
 *   bytes read  -> h2_take()  -> h2_next(): streams, and what each has to do
 *   h2_give()   -> bytes to write -> h2_given()
 *
 * A stream is a message end of the one model (http/head.h): h2_read() is to a
 * stream what h1_read() is to a connection, and what is written to it is a
 * head, pieces of a body and an end. Nothing malformed ever comes out: such a
 * stream is reset, or its connection ended, and only h2_next_refusal() tells.
 *
 * No function calls back. After h2_take(), h2_give() and h2_given() ask
 * h2_next() until it says NULL. Any function may be called at any time between
 * these, in any order.
 *
 * Back-pressure: body bytes that are not consumed close the window of their
 * stream, so no more than `window` bytes of it are ever held; what is written
 * to a stream is accepted up to `send_bytes`; and while more than `out_bytes`
 * wait to be written, h2_take() takes nothing. */
#ifndef GATEWAY_HTTP_H2_H
#define GATEWAY_HTTP_H2_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"
#include "cop/status.h"
#include "gateway/http/head.h"

enum h2_role { H2_SERVER, H2_CLIENT };

/* What the targets of requests look like in the one model. */
enum h2_targets {
    H2_ORIGIN,  /* "/path", and the authority in Host */
    H2_ABSOLUTE /* "http://authority/path" as a proxy's clients write it */
};

struct h2_options {
    enum h2_role role;
    enum h2_targets targets; /* H2_SERVER */
    bool is_tls;        /* the scheme that requests must have, but at a proxy */
    bool has_websocket; /* H2_SERVER: offer extended CONNECT (RFC 8441) */
    uint32_t head_bytes; /* of names and values of a head, 32 for each field
                            counted in (RFC 9113 6.5.2) */
    uint32_t fields;     /* of a head, at most HTTP_FIELDS_MAX */
    uint32_t streams;    /* at once, opened by the client, whoever that is */
    uint32_t window;     /* bytes of body held for one stream, >= 65535 */
    uint32_t window_all; /* for all streams together, >= window; as much may
                            be accepted ahead for all */
    uint32_t send_bytes; /* of body accepted ahead for one stream */
    uint32_t out_bytes;  /* ready to be written, for the connection */
};

/* What a stream has to do, in bits. */
enum {
    H2_NEW = 1,      /* the other side opened it; its head is there */
    H2_READABLE = 2, /* h2_read() gives something other than H2_NEED */
    H2_WRITABLE = 4, /* takes body again, after h2_is_writable() said no */
    H2_ENDED = 8     /* over in both directions, or reset: h2_ending() */
};

enum h2_event {
    H2_NEED,     /* nothing now */
    H2_HEAD,     /* h2_head(); interim responses come one by one */
    H2_BODY,     /* *body is a piece; h2_consume() what was used of it */
    H2_TRAILERS, /* h2_trailers(); H2_END follows */
    H2_END,      /* the message is over, and this is said again each time */
    H2_GONE      /* reset by either side, or the connection ended */
};

/* How a stream or connection ended. Codes are RFC 9113's. */
enum h2_code {
    H2_NO_ERROR = 0,
    H2_PROTOCOL_ERROR = 1,
    H2_INTERNAL_ERROR = 2,
    H2_FLOW_CONTROL_ERROR = 3,
    H2_SETTINGS_TIMEOUT = 4,
    H2_STREAM_CLOSED = 5,
    H2_FRAME_SIZE_ERROR = 6,
    H2_REFUSED_STREAM = 7,
    H2_CANCEL = 8,
    H2_COMPRESSION_ERROR = 9,
    H2_CONNECT_ERROR = 10,
    H2_ENHANCE_YOUR_CALM = 11,
    H2_INADEQUATE_SECURITY = 12,
    H2_HTTP_1_1_REQUIRED = 13
};

struct h2;
struct h2_stream;

/* --- the connection --- */

/* A session; what it says first is already in h2_give(). All options are
 * needed. COP_OK, COP_E_NOMEM, COP_E_RANGE (an option). */
COP_MUST_USE enum cop_status h2_new(
    const struct h2_options *options, struct h2 **out);
/* Frees its streams too. Nulls *h2. */
void h2_free(struct h2 **h2);

/* Bytes that were read, at a time in ms of any monotonic clock. The return
 * says how many were taken: all, or none while h2_is_full(), or some when the
 * connection ends in the middle. */
size_t h2_take(struct h2 *h2, struct cop_slice bytes, uint64_t now_ms);
/* More than `out_bytes` wait to be written: read nothing until h2_given(). */
bool h2_is_full(const struct h2 *h2);
/* The other side closed its direction: streams that are not whole are gone. */
void h2_take_eof(struct h2 *h2);

/* What is to be written now, many frames in one slice; empty when nothing is.
 * Valid until the next call with this session. */
struct cop_slice h2_give(struct h2 *h2);
/* The first n bytes of it were written. */
void h2_given(struct h2 *h2, size_t n);

/* A stream with something to do; NULL when there is none. *events are told
 * once. The stream is valid until h2_release(). */
struct h2_stream *h2_next(struct h2 *h2, unsigned *events);

/* Nothing more will come or go: close the connection once h2_give() is empty.
 */
bool h2_is_over(const struct h2 *h2);
/* Why it ended: the code sent or received in GOAWAY, and a static sentence for
 * logs, "" while nothing is wrong. *by_us: it was our decision, because the
 * other side was at fault or a budget was spent. */
enum h2_code h2_fault(const struct h2 *h2, const char **text, bool *by_us);
/* A message that was refused inside the codec, as malformed or too large, for
 * the record: a static sentence and the status that was answered, 0 for a
 * reset. NULL when there is none. At most some are kept; told once each. */
const char *h2_next_refusal(struct h2 *h2, uint16_t *status);

/* Streams in use, opened by either side and not released. */
uint32_t h2_streams(const struct h2 *h2);
/* Body bytes, accepted by h2_write_body(), that closed windows hold back. With
 * this above zero and nothing given for long, the other side stalls. */
size_t h2_held(const struct h2 *h2);
/* Give back what memory an idle connection does not need. */
void h2_relax(struct h2 *h2);
/* A PING, whose answer h2_is_alive() tells of: false while one is under way.
 */
void h2_ping(struct h2 *h2);
bool h2_is_alive(const struct h2 *h2);

/* Graceful shutdown (RFC 9113 6.8) in two calls. The first says that no more
 * streams are wanted but takes those that are on their way; the second, a
 * round trip or a second later, names the last that is processed. Streams go
 * on; h2_is_over() once all have ended. */
void h2_leave(struct h2 *h2);
void h2_leave_now(struct h2 *h2);
/* Whether h2_leave() was called, or the other side said GOAWAY: open no more
 * streams. */
bool h2_is_leaving(const struct h2 *h2);
/* End the connection: GOAWAY with a code, and nothing more is read. */
void h2_abort(struct h2 *h2, enum h2_code code);

/* --- one stream --- */

void h2_set_user(struct h2_stream *stream, void *user);
void *h2_user(const struct h2_stream *stream);
uint32_t h2_id(const struct h2_stream *stream);
/* No longer needed. A message not yet whole in either direction is cancelled:
 * reset with `code`, or with NO_ERROR where our answer is whole and only the
 * request is not (RFC 9113 8.1). Nulls *stream. */
void h2_release(struct h2_stream **stream, enum h2_code code);

/* Read what came next. *body is written with H2_BODY; the piece stays until
 * it is consumed, wherever its bytes are moved to meanwhile: valid until the
 * next call with this session, then to be read again. */
enum h2_event h2_read(struct h2_stream *stream, struct cop_slice *body);
/* n bytes of the piece were used: the windows open by as much. */
void h2_consume(struct h2_stream *stream, size_t n);

/* The head, after H2_HEAD. Valid, and its to change, until the next H2_HEAD,
 * h2_forget_head() or h2_release(). It is the one HTTP/1 message that says the
 * same:
 * - minor is 1; names are lower case; cookie crumbs are one field; there are
 *   no fields of a connection; TE is only "trailers".
 * - A request has exactly one Host, first, from :authority (or Host; equal
 *   where both are there); `targets` says what target is; CONNECT has
 *   authority-form.
 * - Extended CONNECT of "websocket" is a GET with wants_upgrade and an Upgrade
 *   field, without Sec-WebSocket-Key; other protocols are refused. Its 200 is
 *   a 101 with wants_upgrade and an Upgrade field. What follows is body.
 * - framing: NO_BODY; LENGTH with Content-Length, or 0 for a response that
 *   ends with its head; CHUNKED otherwise. */
struct http_head *h2_head(struct h2_stream *stream);
/* Free a head's memory early. h2_head() is then NULL. */
void h2_forget_head(struct h2_stream *stream);
/* After H2_TRAILERS; may be changed; count in *n. Never pseudo-fields, nor
 * what frames or routes. */
struct http_field *h2_trailers(struct h2_stream *stream, uint32_t *n);
/* After H2_GONE or H2_ENDED: the code, and whether the other side reset it. */
enum h2_code h2_ending(const struct h2_stream *stream, bool *by_peer);
/* H2_CLIENT: the server has not processed the request (REFUSED_STREAM, or
 * beyond the last stream of GOAWAY), so that it may be sent again elsewhere.
 */
bool h2_is_unprocessed(const struct h2_stream *stream);

/* Whether h2_open() would succeed now. */
bool h2_may_open(const struct h2 *h2);
/* Whether the server allows extended CONNECT. */
bool h2_may_websocket(const struct h2 *h2);
/* H2_CLIENT: a request, as h1_write_request(). What no HTTP/2 message may have
 * is left out, from `extra` too. A GET with wants_upgrade and an Upgrade field
 * that is not dropped becomes an extended CONNECT. Without a body (framing
 * NO_BODY, or LENGTH 0) it is whole; otherwise body or end follow.
 *
 * target   origin-form or "*"; not used for CONNECT
 * host     the authority
 * COP_OK; COP_AGAIN: as many streams as the server allows, or its settings
 * are not yet known for a websocket; COP_E_LIMIT: the connection is leaving
 * or its numbers are used up; COP_E_NOMEM. */
COP_MUST_USE enum cop_status h2_open(struct h2 *h2,
    const struct http_head *head, struct cop_slice target,
    struct cop_slice host, struct cop_slice extra, struct h2_stream **out);

/* H2_SERVER: a response's head as h1_write_response(), interim or final. It is
 * whole without a body, by framing as above; the answer to HEAD has framing
 * NO_BODY. 101 to an extended CONNECT becomes 200.
 * COP_OK; COP_E_CONFLICT: the stream is gone or its head was written;
 * COP_E_NOMEM. */
COP_MUST_USE enum cop_status h2_write_response(struct h2_stream *stream,
    const struct http_head *head, struct cop_slice extra);
/* A piece of body; `is_last` ends the message with it. Returns how much was
 * accepted: less than all when windows and `send_bytes` are used up, and then
 * `is_last` was not heard and H2_WRITABLE comes. Everything is accepted, and
 * thrown away, once the stream is gone. */
size_t h2_write_body(
    struct h2_stream *stream, struct cop_slice piece, bool is_last);
/* The end, with trailers (those not dropped) or without. Nothing if the
 * message is over. */
void h2_write_end(
    struct h2_stream *stream, const struct http_field *trailers, uint32_t n);
/* Whether body would be accepted now. */
bool h2_is_writable(const struct h2_stream *stream);
/* End it in both directions. Nothing if it is over. */
void h2_reset(struct h2_stream *stream, enum h2_code code);

#endif

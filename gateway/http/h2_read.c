/* What libnghttp2 tells of what came in, put onto streams. Two judges, as with
 * HTTP/1: libnghttp2's own checks of messages stay on, and h2_message.h holds
 * each head against our rules; either may refuse it. */
#include "gateway/http/h2_internal.h"

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static enum h2_section section_of(const struct h2_stream *stream)
{
    if (stream->is_ours) {
        return stream->in.has_final ? H2_TRAILER : H2_RESPONSE;
    }
    return stream->in.has_final ? H2_TRAILER : H2_REQUEST;
}

/* A stream that is not there: libnghttp2 resets it. */
static struct h2_stream *open_stream(
    struct h2 *h2, nghttp2_session *session, int32_t id)
{
    struct h2_stream *stream = h2_stream_new(h2, id);

    if (stream != NULL &&
        nghttp2_session_set_stream_user_data(session, id, stream) != 0) {
        h2_stream_free(stream);
        return NULL;
    }
    return stream;
}

static int on_begin_headers(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);

    if (stream == NULL && frame->hd.type == NGHTTP2_HEADERS &&
        frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        stream = open_stream(h2, session, frame->hd.stream_id);
    }
    if (h2->message == NULL) {
        h2->message = h2_message_take(h2);
    }
    if (stream == NULL || h2->message == NULL) {
        h2->reading = NULL;
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    h2->reading = stream;
    h2_message_begin(h2->message, section_of(stream));
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
    nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct h2 *h2 = user;
    nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
    nghttp2_vec v = nghttp2_rcbuf_get_buf(value);

    (void)session;
    (void)flags;
    if (h2->reading == NULL || h2->message == NULL ||
        frame->hd.stream_id != h2->reading->id) {
        return 0;
    }
    h2_message_add(h2->message, (struct cop_slice){(char *)n.base, n.len},
        (struct cop_slice){(char *)v.base, v.len});
    if (h2->message->is_bomb) {
        h2_end(h2, H2_ENHANCE_YOUR_CALM, "a head is far larger than allowed");
    }
    return 0;
}

/* libnghttp2 would leave such a field out and go on; we do not. */
static int on_invalid_header(nghttp2_session *session,
    const nghttp2_frame *frame, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
    uint8_t flags, void *user)
{
    (void)session;
    (void)frame;
    (void)name;
    (void)value;
    (void)flags;
    (void)user;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* --- heads --- */

static void push_head(struct h2_stream *stream, struct h2_message *message)
{
    struct h2_in *in = &stream->in;

    message->next = NULL;
    if (in->last != NULL) {
        in->last->next = message;
    } else {
        in->first = message;
    }
    in->last = message;
    in->queued++;
}

/* A head too large is answered in a way that people's programs understand
 * (RFC 6585 5); the stream stays until the answer is out. Anything else is a
 * stream error (RFC 9113 8.1.1). */
static void refuse(struct h2_stream *stream, enum http_fault fault)
{
    struct h2 *h2 = stream->h2;
    uint16_t status = http_fault_status(fault);
    bool is_answered = status == 431 && !stream->is_ours && !stream->is_told;

    h2_note_refusal(h2, http_fault_text(fault), is_answered ? status : 0);
    stream->is_refused = !stream->is_told;
    if (is_answered) {
        h2_spend(h2, H2_BUDGET_PROVOKED);
        h2_write_status(stream, status);
        return;
    }
    h2_spend(h2, H2_BUDGET_PROVOKED);
    h2_stream_cancel(stream,
        fault == HTTP_FAULT_MEMORY ? H2_INTERNAL_ERROR : H2_PROTOCOL_ERROR);
    h2_stream_gone(stream, H2_PROTOCOL_ERROR, false);
}

static void take_request(struct h2_stream *stream, struct h2_message *message)
{
    stream->in.has_final = true;
    stream->in.has_length = message->head.framing == HTTP_LENGTH;
    stream->in.left = message->head.length;
    stream->to_head = cop_slice_eq(message->head.method, COP_LIT("HEAD"));
    stream->to_connect = message->is_tunnel;
    stream->to_websocket = message->head.wants_upgrade;
    stream->is_told = true;
    push_head(stream, message);
    h2_mark(stream, H2_NEW | H2_READABLE);
}

/* Interim heads are for nobody to hoard. */
static enum http_fault take_response(
    struct h2_stream *stream, struct h2_message *message)
{
    struct h2_in *in = &stream->in;

    if (message->head.status != 101 && message->head.status < 200) {
        in->interim++;
        if (in->queued >= H2_INTERIM_MAX) {
            return HTTP_FAULT_INTERIM;
        }
    } else {
        in->has_final = true;
    }
    push_head(stream, message);
    h2_mark(stream, H2_READABLE);
    return HTTP_FAULT_NONE;
}

static enum http_fault take_head(
    struct h2_stream *stream, struct h2_message *message)
{
    enum http_fault fault = HTTP_FAULT_NONE;

    if (message->section == H2_TRAILER) {
        stream->in.trailer = message;
        h2_mark(stream, H2_READABLE);
    } else if (message->section == H2_RESPONSE) {
        fault = take_response(stream, message);
    } else {
        take_request(stream, message);
    }
    return fault;
}

static void end_head(struct h2_stream *stream, bool is_last)
{
    struct h2 *h2 = stream->h2;
    struct h2_message *message = h2->message;
    struct h2_context context = {
        .is_last = is_last,
        .to_head = stream->to_head,
        .to_connect = stream->to_connect,
        .to_websocket = stream->to_websocket,
    };
    enum http_fault fault;

    h2->reading = NULL;
    if (stream->is_gone || stream->is_refused || stream->is_released) {
        return;
    }
    fault = h2_message_end(message, &context);
    /* libnghttp2 looks at this as well, but a second reading costs nothing. */
    if (fault == HTTP_FAULT_NONE && message->section == H2_TRAILER &&
        !is_last) {
        fault = HTTP_FAULT_TRAILER;
    }
    if (fault == HTTP_FAULT_NONE) {
        fault = take_head(stream, message);
    }
    if (fault == HTTP_FAULT_NONE) {
        h2->message = NULL; /* the stream has it */
    } else {
        refuse(stream, fault);
    }
}

/* --- body --- */

/* Bytes that nobody will read open the windows at once. */
static int drop(nghttp2_session *session, int32_t id, size_t n)
{
    return nghttp2_session_consume(session, id, n) == 0
               ? 0
               : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *bytes, size_t n, void *user)
{
    struct h2_stream *stream = stream_of(session, id);

    (void)flags;
    (void)user;
    if (stream == NULL || stream->is_gone || stream->is_released ||
        stream->is_refused) {
        return drop(session, id, n);
    }
    struct h2_in *in = &stream->in;

    if (in->at != 0 && in->body.n + n > in->body.cap) {
        buf_drop_front(&in->body, in->at);
        in->at = 0;
    }
    buf_add(&in->body, bytes, n);
    in->left -= n < in->left ? n : in->left;
    if (in->body.failed) {
        h2_stream_cancel(stream, H2_INTERNAL_ERROR);
        h2_stream_gone(stream, H2_INTERNAL_ERROR, false);
        return drop(session, id, n);
    }
    h2_mark(stream, H2_READABLE);
    return 0;
}

static void end_in(struct h2_stream *stream)
{
    stream->in.is_ended = true;
    h2_mark(stream, H2_READABLE);
}

/* --- frames --- */

static void on_goaway(struct h2 *h2, const nghttp2_goaway *goaway)
{
    h2->is_leaving = true;
    if (goaway->error_code != NGHTTP2_NO_ERROR && h2->fault.text == NULL) {
        h2->fault = (struct h2_verdict){(enum h2_code)goaway->error_code,
            "the other side ended the connection for an error"};
    }
}

static int on_frame(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *stream = frame->hd.stream_id != 0
                                   ? stream_of(session, frame->hd.stream_id)
                                   : NULL;
    bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (stream != NULL && h2->reading == stream) {
            end_head(stream, is_last);
        }
        break;
    case NGHTTP2_DATA:
        break;
    case NGHTTP2_PING:
        h2->is_pinging =
            h2->is_pinging && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0;
        return 0;
    case NGHTTP2_SETTINGS:
        h2->has_settings = true;
        return 0;
    case NGHTTP2_GOAWAY:
        on_goaway(h2, &frame->goaway);
        return 0;
    case NGHTTP2_RST_STREAM:
        if (stream != NULL) {
            h2_stream_gone(
                stream, (enum h2_code)frame->rst_stream.error_code, true);
        }
        return 0;
    default:
        return 0;
    }
    if (stream != NULL && is_last && !stream->is_gone) {
        end_in(stream);
    }
    return 0;
}

/* A stream error that libnghttp2 found: it resets the stream itself. */
static int on_invalid_frame(
    nghttp2_session *session, const nghttp2_frame *frame, int code, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *stream = frame->hd.stream_id != 0
                                   ? stream_of(session, frame->hd.stream_id)
                                   : NULL;

    (void)code;
    if (frame->hd.type == NGHTTP2_HEADERS && stream != NULL &&
        !stream->is_gone && !stream->is_refused) {
        enum http_fault fault = h2->reading == stream && h2->message != NULL
                                    ? h2->message->fault
                                    : HTTP_FAULT_NONE;

        h2_note_refusal(h2,
            http_fault_text(
                fault != HTTP_FAULT_NONE ? fault : HTTP_FAULT_LIBRARY),
            0);
    }
    if (stream != NULL) {
        stream->is_refused = !stream->is_told;
        h2_stream_gone(stream, H2_PROTOCOL_ERROR, false);
    }
    return 0;
}

/* GOAWAY closes the streams beyond its last with REFUSED_STREAM. */
static int on_stream_close(
    nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *stream = stream_of(session, id);

    if (stream == NULL) {
        return 0;
    }
    if (code != NGHTTP2_NO_ERROR || !stream->in.is_ended ||
        !stream->out.is_sent) {
        h2_stream_gone(stream, (enum h2_code)code,
            h2->is_leaving && code == NGHTTP2_REFUSED_STREAM);
    }
    h2_stream_closed(stream);
    return 0;
}

void h2_read_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(
        callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, on_stream_close);
}

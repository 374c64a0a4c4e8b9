/* What goes out on a stream. Heads are handed to libnghttp2, which copies
 * them; a body is pulled by it, window by window:
 *
 *   h2_write_body() -> out.body, or out.borrowed while the call lasts
 *                   -> read_body() says how much a frame gets
 *                   -> send_body() copies frame and bytes into h2->out
 *
 * so a large piece is copied once, and never by libnghttp2. */
#include "gateway/http/h2_internal.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/http/h2_fields.h"

enum {
    DIRECT_BYTES = 4096,  /* pieces from here on are framed at once */
    BYTES_OF_UPDATE = 256 /* sent ones make a WINDOW_UPDATE lawful */
};

/* --- what libnghttp2 asks for --- */

/* NULL where the stream was freed, because the connection ended, while
 * libnghttp2 still had something to send on it. */
static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return id != 0 ? nghttp2_session_get_stream_user_data(session, id) : NULL;
}

static int queue_trailers(nghttp2_session *session, struct h2_stream *stream)
{
    struct h2_trail *trail = &stream->out.trail;
    int rv =
        nghttp2_submit_trailer(session, stream->id, trail->fields, trail->n);

    free(trail->fields);
    *trail = (struct h2_trail){NULL, 0};
    return rv;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *bytes,
    size_t most, uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2_stream *stream = stream_of(session, id);
    struct h2_out *out;
    size_t waiting;

    (void)bytes;
    (void)source;
    (void)user;
    if (stream == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    out = &stream->out;
    waiting = h2_out_waiting(out);
    if (waiting == 0 && !out->is_last) {
        out->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (waiting > most) {
        return (ssize_t)most;
    }
    if (out->is_last) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (out->trail.n != 0) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            if (queue_trailers(session, stream) != 0) {
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            }
        }
    }
    return (ssize_t)waiting;
}

/* Take n bytes of what waits: first what was kept, then what is borrowed. */
static void take_waiting(struct h2_stream *stream, char *to, size_t n)
{
    struct h2_out *out = &stream->out;
    size_t kept = out->body.n - out->at;

    kept = kept < n ? kept : n;
    if (kept != 0) {
        memcpy(to, out->body.p + out->at, kept);
        out->at += kept;
        stream->h2->held -= kept;
        if (out->at == out->body.n) {
            out->at = 0;
            buf_clear(&out->body);
        }
    }
    if (n != kept) {
        memcpy(to + kept, out->borrowed.p, n - kept);
        out->borrowed.p += n - kept;
        out->borrowed.n -= n - kept;
    }
}

/* How much more body may wait for windows: of the stream, and of all. A little
 * may always, or streams whose reader pauses would stop the others. */
static size_t room_of(const struct h2_stream *stream)
{
    const struct h2 *h2 = stream->h2;
    const struct h2_out *out = &stream->out;
    size_t waiting = out->body.n - out->at;
    size_t own = h2->options.send_bytes - waiting;
    size_t all = h2->options.window_all > h2->held
                     ? h2->options.window_all - h2->held
                     : 0;
    size_t least = waiting < DIRECT_BYTES ? DIRECT_BYTES - waiting : 0;

    all = all > least ? all : least;
    return own < all ? own : all;
}

/* A stream that was short has half of its room again. */
static void tell_writable(struct h2_stream *stream)
{
    if (stream->out.is_short &&
        h2_out_waiting(&stream->out) <= stream->h2->options.send_bytes / 2) {
        stream->out.is_short = false;
        h2_mark(stream, H2_WRITABLE);
    }
}

void h2_uncrowd(struct h2 *h2)
{
    if (!h2->is_crowded ||
        h2->held + h2->options.send_bytes / 2 > h2->options.window_all) {
        return;
    }
    h2->is_crowded = false;
    for (struct h2_stream *it = h2->streams; it != NULL; it = it->next) {
        tell_writable(it);
    }
}

/* Work that was done makes the frames lawful that follow from it. */
static void earn(struct h2 *h2, uint32_t n)
{
    h2_budget_earn(&h2->budget, H2_BUDGET_WINDOWS, n);
    h2_budget_earn(&h2->budget, H2_BUDGET_IDLE, n);
}

static int send_body(nghttp2_session *session, nghttp2_frame *frame,
    const uint8_t *header, size_t n, nghttp2_data_source *source, void *user)
{
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);
    struct h2 *h2 = user;
    char *to = buf_room(&h2->out, H2_FRAME_HEADER + n);

    (void)source;
    if (to == NULL || stream == NULL || h2_out_waiting(&stream->out) < n) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    memcpy(to, header, H2_FRAME_HEADER);
    take_waiting(stream, to + H2_FRAME_HEADER, n);
    h2->out.n += H2_FRAME_HEADER + n;
    earn(h2, (uint32_t)n / BYTES_OF_UPDATE);
    tell_writable(stream);
    h2_uncrowd(h2);
    return h2->out.n - h2->out_at >= h2->options.out_bytes ? NGHTTP2_ERR_PAUSE
                                                           : 0;
}

/* --- what libnghttp2 tells of what went out --- */

/* Our message is out. The rest of a request that nobody waits for any more is
 * declined (RFC 9113 8.1). */
static void end_sent(struct h2_stream *stream)
{
    stream->out.is_sent = true;
    earn(stream->h2, 2);
    if (!stream->in.is_ended && (stream->stops || stream->is_refused)) {
        h2_stream_cancel(stream, H2_NO_ERROR);
    }
}

static const char *text_of(uint32_t code)
{
    switch (code) {
    case NGHTTP2_FLOW_CONTROL_ERROR:
        return "it sends more than its window, or opens ours too far";
    case NGHTTP2_STREAM_CLOSED:
        return "frames come on a stream that is closed";
    case NGHTTP2_FRAME_SIZE_ERROR:
        return "a frame has a wrong size";
    case NGHTTP2_COMPRESSION_ERROR:
        return "a head is compressed wrongly";
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return "it sends too much of something";
    case NGHTTP2_INTERNAL_ERROR:
        return "the session failed";
    default:
        return "a frame is malformed or out of place";
    }
}

static int on_sent(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);

    switch (frame->hd.type) {
    case NGHTTP2_RST_STREAM:
        if (stream == NULL || !stream->is_cancelled) {
            h2_spend(h2, H2_BUDGET_PROVOKED);
        }
        break;
    case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR &&
            h2->fault.text == NULL) {
            h2->fault =
                (struct h2_verdict){(enum h2_code)frame->goaway.error_code,
                    text_of(frame->goaway.error_code)};
            h2->fault_by_us = true;
        }
        break;
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
        if (stream != NULL &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            end_sent(stream);
        }
        break;
    default:
        break;
    }
    return 0;
}

/* A head that could not be sent takes its stream with it. */
static int on_not_sent(
    nghttp2_session *session, const nghttp2_frame *frame, int code, void *user)
{
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);

    (void)code;
    (void)user;
    if (stream != NULL && frame->hd.type == NGHTTP2_HEADERS &&
        !stream->is_gone) {
        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
            h2_stream_cancel(stream, H2_INTERNAL_ERROR);
        }
        h2_stream_gone(stream, H2_INTERNAL_ERROR, false);
    }
    return 0;
}

void h2_write_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_body);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(
        callbacks, on_not_sent);
}

/* --- heads --- */

/* Whether the message ends with its head, and what its body will be. */
static bool begin_body(
    struct h2_stream *stream, const struct http_head *head, bool is_tunnel)
{
    struct h2_out *out = &stream->out;

    out->has_head = true;
    out->has_length = !is_tunnel && head->framing == HTTP_LENGTH;
    out->left = out->has_length ? head->length : 0;
    out->is_last = !is_tunnel && (head->framing == HTTP_NO_BODY ||
                                     (out->has_length && out->left == 0));
    return out->is_last;
}

static enum cop_status status_of(int rv)
{
    return rv == 0                   ? COP_OK
           : rv == NGHTTP2_ERR_NOMEM ? COP_E_NOMEM
                                     : COP_E_CONFLICT;
}

static bool is_final(const struct http_head *head, bool is_tunnel)
{
    return head->status >= 200 || (head->status == 101 && is_tunnel);
}

enum cop_status h2_write_response(struct h2_stream *stream,
    const struct http_head *head, struct cop_slice extra)
{
    bool is_tunnel = stream->to_connect &&
                     (head->status / 100 == 2 ||
                         (stream->to_websocket && head->status == 101));
    bool is_websocket = is_tunnel && stream->to_websocket;
    nghttp2_session *session = stream->h2->session;
    const nghttp2_data_provider provider = {.read_callback = read_body};
    struct h2_fields fields;

    if (stream->is_gone || stream->is_closed || stream->out.has_head ||
        (head->status == 101 && !is_tunnel)) {
        return COP_E_CONFLICT;
    }
    h2_fields_begin(&fields);
    h2_fields_add_status(&fields, is_websocket ? 200 : head->status);
    h2_fields_add_head(&fields, head, extra, is_websocket);
    if (fields.is_full) {
        return COP_E_CONFLICT;
    }
    if (!is_final(head, is_tunnel)) {
        int32_t rv = nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE,
            stream->id, NULL, fields.list, fields.n, NULL);

        return status_of((int)rv);
    }
    bool is_whole = begin_body(stream, head, is_tunnel);
    int rv = nghttp2_submit_response(session, stream->id, fields.list, fields.n,
        is_whole ? NULL : &provider);

    if (rv != 0) {
        stream->out.has_head = false;
        stream->out.is_last = false;
    }
    return status_of(rv);
}

void h2_write_status(struct h2_stream *stream, uint16_t status)
{
    struct http_head *head = &stream->h2->message->head;

    /* The message that was refused has a head to spare. */
    head->status = status;
    head->fields_n = 0;
    head->framing = HTTP_LENGTH;
    head->length = 0;
    if (h2_write_response(stream, head, COP_LIT("")) != COP_OK) {
        h2_stream_cancel(stream, H2_PROTOCOL_ERROR);
        h2_stream_gone(stream, H2_PROTOCOL_ERROR, false);
    }
}

static bool is_method(const struct http_head *head, const char *method)
{
    return cop_slice_eq(head->method, cop_slice_of(method));
}

static void add_request_line(struct h2_fields *fields, const struct h2 *h2,
    const struct h2_stream *stream, const struct cop_slice place[2],
    struct cop_slice method)
{
    struct cop_slice scheme =
        h2->options.is_tls ? COP_LIT("https") : COP_LIT("http");

    h2_fields_begin(fields);
    h2_fields_add(fields, COP_LIT(":method"),
        stream->to_websocket ? COP_LIT("CONNECT") : method);
    if (stream->to_websocket) {
        h2_fields_add(fields, COP_LIT(":protocol"), COP_LIT("websocket"));
    }
    if (!stream->to_connect || stream->to_websocket) {
        h2_fields_add(fields, COP_LIT(":scheme"), scheme);
        h2_fields_add(fields, COP_LIT(":path"), place[1]);
    }
    h2_fields_add(fields, COP_LIT(":authority"), place[0]);
}

static bool wants_websocket(const struct http_head *head)
{
    return head->wants_upgrade && is_method(head, "GET") &&
           http_field_find(head, FIELD_UPGRADE) != NULL;
}

/* What the answer means depends on these. */
static void describe(struct h2_stream *stream, const struct http_head *head)
{
    stream->is_ours = true;
    stream->to_head = is_method(head, "HEAD");
    stream->to_websocket = wants_websocket(head);
    stream->to_connect = stream->to_websocket || is_method(head, "CONNECT");
}

static enum cop_status may_open(const struct h2 *h2, bool is_websocket)
{
    if (h2->options.role != H2_CLIENT || h2->is_dead || h2->is_deaf ||
        h2->is_leaving ||
        nghttp2_session_check_request_allowed(h2->session) == 0) {
        return COP_E_LIMIT;
    }
    if (is_websocket && !h2_may_websocket(h2)) {
        return COP_AGAIN;
    }
    return h2_may_open(h2) ? COP_OK : COP_AGAIN;
}

enum cop_status h2_open(struct h2 *h2, const struct http_head *head,
    struct cop_slice target, struct cop_slice host, struct cop_slice extra,
    struct h2_stream **out)
{
    enum cop_status status = may_open(h2, wants_websocket(head));
    struct cop_slice place[2] = {host, target};
    const nghttp2_data_provider provider = {.read_callback = read_body};
    struct h2_stream *stream;
    struct h2_fields fields;

    if (status != COP_OK) {
        return status;
    }
    stream = h2_stream_new(h2, 0);
    if (stream == NULL) {
        return COP_E_NOMEM;
    }
    describe(stream, head);
    add_request_line(&fields, h2, stream, place, head->method);
    h2_fields_add_head(&fields, head, extra, stream->to_websocket);
    bool is_whole = begin_body(stream, head, stream->to_connect);
    int32_t id = fields.is_full
                     ? NGHTTP2_ERR_INVALID_ARGUMENT
                     : nghttp2_submit_request(h2->session, NULL, fields.list,
                           fields.n, is_whole ? NULL : &provider, stream);

    if (id < 0) {
        h2_stream_free(stream);
        return id == NGHTTP2_ERR_NOMEM ? COP_E_NOMEM : COP_E_LIMIT;
    }
    stream->id = id;
    stream->is_told = true;
    *out = stream;
    return COP_OK;
}

/* --- body --- */

/* Wake libnghttp2 up for a stream that had nothing to send. */
static void resume(struct h2_stream *stream)
{
    int rv;

    if (!stream->out.is_deferred || stream->is_closed || stream->h2->is_dead) {
        return;
    }
    stream->out.is_deferred = false;
    rv = nghttp2_session_resume_data(stream->h2->session, stream->id);
    if (rv == NGHTTP2_ERR_NOMEM) {
        h2_die(stream->h2, "out of memory");
    }
}

bool h2_is_writable(const struct h2_stream *stream)
{
    const struct h2_out *out = &stream->out;

    return stream->is_gone || stream->is_closed ||
           (out->has_head && !out->is_last && room_of(stream) != 0);
}

/* Frame a large piece from where it lies; how much is left of it. */
static struct cop_slice write_direct(
    struct h2_stream *stream, struct cop_slice piece, bool is_last)
{
    struct h2_out *out = &stream->out;

    out->borrowed = piece;
    out->is_last = is_last;
    resume(stream);
    h2_pump(stream->h2);
    piece = out->borrowed;
    out->borrowed = (struct cop_slice){NULL, 0};
    return piece;
}

/* Keep as much as there is room for. */
static size_t keep(struct h2_stream *stream, struct cop_slice piece)
{
    struct h2_out *out = &stream->out;
    size_t room = room_of(stream);
    size_t n = piece.n < room ? piece.n : room;

    if (out->at != 0 && out->body.n + n > out->body.cap) {
        buf_drop_front(&out->body, out->at);
        out->at = 0;
    }
    buf_add(&out->body, piece.p, n);
    if (out->body.failed) {
        h2_reset(stream, H2_INTERNAL_ERROR);
        return piece.n;
    }
    stream->h2->held += n;
    return n;
}

/* A body with a length ends by itself, and never with another length. */
static bool count(
    struct h2_stream *stream, struct cop_slice piece, bool *is_last)
{
    struct h2_out *out = &stream->out;

    if (!out->has_length) {
        return true;
    }
    if (piece.n > out->left || (*is_last && piece.n != out->left)) {
        h2_reset(stream, H2_INTERNAL_ERROR);
        return false;
    }
    *is_last = piece.n == out->left;
    return true;
}

size_t h2_write_body(
    struct h2_stream *stream, struct cop_slice piece, bool is_last)
{
    struct h2_out *out = &stream->out;
    struct cop_slice rest = piece;

    if (!out->has_head) {
        return 0;
    }
    if (stream->is_gone || stream->is_closed || out->is_last ||
        stream->h2->is_dead || !count(stream, piece, &is_last)) {
        return piece.n;
    }
    if (out->body.n == out->at && piece.n >= DIRECT_BYTES) {
        rest = write_direct(stream, piece, is_last);
        /* Framing it may have ended the connection. */
        if (stream->is_gone || stream->h2->is_dead) {
            return piece.n;
        }
        out->is_last = false;
    }
    rest.n -= rest.n != 0 ? keep(stream, rest) : 0;
    if (stream->is_gone) {
        return piece.n;
    }
    out->left -= out->has_length ? piece.n - rest.n : 0;
    out->is_last = is_last && rest.n == 0;
    /* Full counts as well: who asks h2_is_writable() first offers no more. */
    out->is_short = !out->is_last && !h2_is_writable(stream);
    stream->h2->is_crowded =
        stream->h2->is_crowded ||
        (out->is_short && stream->h2->held >= stream->h2->options.window_all);
    resume(stream);
    return piece.n - rest.n;
}

/* The list and its text in one piece, because it waits for the body. */
static bool keep_trailers(
    struct h2_stream *stream, const struct h2_fields *fields)
{
    size_t n = fields->n * sizeof(nghttp2_nv);
    struct h2_trail *trail = &stream->out.trail;
    uint8_t *at;

    for (size_t i = 0; i < fields->n; i++) {
        n += fields->list[i].namelen + fields->list[i].valuelen;
    }
    trail->fields = malloc(n);
    if (trail->fields == NULL) {
        return false;
    }
    at = (uint8_t *)(trail->fields + fields->n);
    for (size_t i = 0; i < fields->n; i++) {
        nghttp2_nv *field = &trail->fields[i];

        *field = fields->list[i];
        field->name = at;
        at = mempcpy(at, fields->list[i].name, field->namelen);
        field->value = at;
        if (field->valuelen != 0) {
            at = mempcpy(at, fields->list[i].value, field->valuelen);
        }
    }
    trail->n = fields->n;
    return true;
}

void h2_write_end(
    struct h2_stream *stream, const struct http_field *trailers, uint32_t n)
{
    struct h2_out *out = &stream->out;
    struct h2_fields fields;

    if (stream->is_gone || stream->is_closed || out->is_last) {
        return;
    }
    /* Without a head, or short of its length, it is no message. */
    if (!out->has_head || (out->has_length && out->left != 0)) {
        h2_reset(stream, H2_INTERNAL_ERROR);
        return;
    }
    if (n != 0) {
        h2_fields_begin(&fields);
        h2_fields_add_trailers(&fields, trailers, n);
        if (fields.n != 0 && !keep_trailers(stream, &fields)) {
            h2_reset(stream, H2_INTERNAL_ERROR);
            return;
        }
    }
    out->is_last = true;
    resume(stream);
}

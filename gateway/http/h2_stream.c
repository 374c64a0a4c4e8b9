/* One stream, between libnghttp2 and the conductor. It is freed when both are
 * done with it:
 *
 *   libnghttp2: is_closed, from on_stream_close or the connection's end
 *   conductor:  is_released, from h2_release(); at once where the stream was
 *               never told
 *
 * Invariants: only told streams have events; a stream that is gone holds no
 * body in either direction; bytes that leave in.body were told to libnghttp2
 * as consumed, so windows never leak. */
#include "gateway/http/h2_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- messages --- */

struct h2_message *h2_message_take(struct h2 *h2)
{
    struct h2_message *message = h2->spare;

    if (message != NULL) {
        h2->spare = message->next;
        h2->spares_n--;
        return message;
    }
    return h2_message_new(&h2->options);
}

/* A few are kept, for the next heads. */
void h2_message_put(struct h2 *h2, struct h2_message **message)
{
    struct h2_message *it = *message;

    *message = NULL;
    if (it == NULL) {
        return;
    }
    if (h2->spares_n == H2_SPARES) {
        h2_message_free(&it);
        return;
    }
    it->next = h2->spare;
    h2->spare = it;
    h2->spares_n++;
}

void h2_free_spares(struct h2 *h2)
{
    while (h2->spares_n > 0) {
        struct h2_message *message = h2_message_take(h2);

        h2_message_free(&message);
    }
}

/* --- events --- */

void h2_unmark(struct h2_stream *stream)
{
    struct h2 *h2 = stream->h2;

    if (stream->events == 0) {
        return;
    }
    stream->events = 0;
    if (stream->before_due != NULL) {
        stream->before_due->next_due = stream->next_due;
    } else {
        h2->due = stream->next_due;
    }
    if (stream->next_due != NULL) {
        stream->next_due->before_due = stream->before_due;
    } else {
        h2->last_due = stream->before_due;
    }
}

void h2_mark(struct h2_stream *stream, unsigned events)
{
    struct h2 *h2 = stream->h2;

    if (stream->is_released || !stream->is_told) {
        return;
    }
    if (stream->events == 0) {
        stream->next_due = NULL;
        stream->before_due = h2->last_due;
        if (h2->last_due != NULL) {
            h2->last_due->next_due = stream;
        } else {
            h2->due = stream;
        }
        h2->last_due = stream;
    }
    stream->events |= events;
}

struct h2_stream *h2_next(struct h2 *h2, unsigned *events)
{
    struct h2_stream *stream = h2->due;

    if (stream != NULL) {
        *events = stream->events;
        h2_unmark(stream);
    }
    return stream;
}

/* --- life --- */

struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id)
{
    struct h2_stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL) {
        return NULL;
    }
    stream->h2 = h2;
    stream->id = id;
    buf_init(&stream->in.body, h2->options.window);
    buf_init(&stream->out.body, h2->options.send_bytes);
    stream->next = h2->streams;
    if (h2->streams != NULL) {
        h2->streams->before = stream;
    }
    h2->streams = stream;
    h2->streams_n++;
    return stream;
}

/* What one person read is not left lying about for another. */
static void wipe(struct buf *buf)
{
    if (buf->p != NULL) {
        explicit_bzero(buf->p, buf->cap);
    }
    buf_release(buf);
}

void h2_drop_body(struct h2_stream *stream)
{
    struct h2_in *in = &stream->in;
    size_t n = in->body.n - in->at;

    wipe(&in->body);
    in->at = 0;
    if (n != 0 && !stream->h2->is_dead) {
        /* Fails for want of memory alone, which the next call meets too. */
        (void)nghttp2_session_consume(stream->h2->session, stream->id, n);
    }
}

static void drop_out(struct h2_stream *stream)
{
    struct h2_out *out = &stream->out;

    stream->h2->held -= out->body.n - out->at;
    wipe(&out->body);
    out->at = 0;
    out->borrowed = (struct cop_slice){NULL, 0};
    free(out->trail.fields);
    out->trail = (struct h2_trail){NULL, 0};
    h2_uncrowd(stream->h2);
}

static void drop_heads(struct h2_stream *stream)
{
    struct h2_in *in = &stream->in;

    while (in->first != NULL) {
        struct h2_message *message = in->first;

        in->first = message->next;
        h2_message_put(stream->h2, &message);
    }
    in->last = NULL;
    in->queued = 0;
    h2_message_put(stream->h2, &in->current);
    h2_message_put(stream->h2, &in->trailer);
}

void h2_stream_free(struct h2_stream *stream)
{
    struct h2 *h2 = stream->h2;

    h2_unmark(stream);
    h2_drop_body(stream);
    drop_out(stream);
    drop_heads(stream);
    if (!h2->is_dead) {
        /* It may know the stream longer than we do, once the connection has
         * ended; not knowing it is no error. */
        (void)nghttp2_session_set_stream_user_data(
            h2->session, stream->id, NULL);
    }
    if (h2->reading == stream) {
        h2->reading = NULL;
    }
    if (stream->before != NULL) {
        stream->before->next = stream->next;
    } else {
        h2->streams = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->before = stream->before;
    }
    h2->streams_n--;
    free(stream);
}

/* A message that is whole may be read to its end, though the stream is reset
 * afterwards: a server may refuse to hear the rest of a request
 * (RFC 9113 8.1). A client that resets wants no answer. */
static bool may_be_read(const struct h2_stream *stream)
{
    return stream->in.is_ended && stream->is_ours;
}

void h2_stream_gone(struct h2_stream *stream, enum h2_code code, bool by_peer)
{
    if (stream->is_gone) {
        return;
    }
    stream->is_gone = true;
    stream->code = code;
    stream->by_peer = by_peer;
    drop_out(stream);
    if (!may_be_read(stream)) {
        h2_drop_body(stream);
    }
    h2_mark(stream, H2_READABLE | H2_ENDED);
}

void h2_stream_closed(struct h2_stream *stream)
{
    stream->is_closed = true;
    if (stream->is_released || !stream->is_told) {
        h2_stream_free(stream);
    } else {
        h2_mark(stream, H2_ENDED);
    }
}

void h2_stream_cancel(struct h2_stream *stream, enum h2_code code)
{
    struct h2 *h2 = stream->h2;

    if (stream->is_closed || h2->is_dead) {
        return;
    }
    stream->is_cancelled = true;
    if (nghttp2_submit_rst_stream(
            h2->session, NGHTTP2_FLAG_NONE, stream->id, (uint32_t)code) != 0) {
        h2_die(h2, "out of memory");
    }
}

void h2_reset(struct h2_stream *stream, enum h2_code code)
{
    if (stream->is_gone || stream->is_closed) {
        return;
    }
    h2_stream_cancel(stream, code);
    h2_stream_gone(stream, code, false);
}

void h2_release(struct h2_stream **stream, enum h2_code code)
{
    struct h2_stream *it = *stream;

    *stream = NULL;
    if (it == NULL) {
        return;
    }
    h2_unmark(it);
    it->is_released = true;
    if (it->is_closed) {
        h2_stream_free(it);
        return;
    }
    drop_heads(it);
    h2_drop_body(it);
    if (it->is_gone || it->h2->is_dead) {
        return;
    }
    if (!it->out.is_last ||
        (it->is_ours && !(it->in.is_ended && it->out.is_sent))) {
        h2_stream_cancel(it, code);
        h2_stream_gone(it, code, false);
    } else if (!it->in.is_ended && it->out.is_sent) {
        h2_stream_cancel(it, H2_NO_ERROR);
    } else if (!it->in.is_ended) {
        it->stops = true;
    }
}

/* --- reading --- */

/* How much of a body may be read. The last byte of a request with a length
 * waits for END_STREAM: with it a server of HTTP/1.1 has a whole request, and
 * more data or bad trailers would make it a malformed one (RFC 9113 8.1.1). */
static size_t readable(const struct h2_in *in)
{
    size_t n = in->body.n - in->at;
    bool is_held = in->has_length && in->left == 0 && !in->is_ended;

    return n != 0 && is_held ? n - 1 : n;
}

enum h2_event h2_read(struct h2_stream *stream, struct cop_slice *body)
{
    struct h2_in *in = &stream->in;

    if (stream->is_gone && !may_be_read(stream)) {
        return H2_GONE;
    }
    if (in->first != NULL) {
        h2_message_put(stream->h2, &in->current);
        in->current = in->first;
        in->first = in->current->next;
        in->last = in->first != NULL ? in->last : NULL;
        in->queued--;
        return H2_HEAD;
    }
    if (readable(in) != 0) {
        *body = (struct cop_slice){in->body.p + in->at, readable(in)};
        return H2_BODY;
    }
    if (!in->is_ended) {
        return H2_NEED;
    }
    if (in->trailer != NULL && !in->told_trailers) {
        in->told_trailers = true;
        return H2_TRAILERS;
    }
    return H2_END;
}

void h2_consume(struct h2_stream *stream, size_t n)
{
    struct h2_in *in = &stream->in;

    if (n > in->body.n - in->at) {
        n = in->body.n - in->at;
    }
    if (n == 0) {
        return;
    }
    in->at += n;
    if (in->at == in->body.n) {
        in->at = 0;
        if (in->is_ended) {
            wipe(&in->body);
        } else {
            buf_clear(&in->body);
        }
    }
    if (!stream->h2->is_dead &&
        nghttp2_session_consume(stream->h2->session, stream->id, n) != 0) {
        h2_die(stream->h2, "out of memory");
    }
}

struct http_head *h2_head(struct h2_stream *stream)
{
    return stream->in.current != NULL ? &stream->in.current->head : NULL;
}

void h2_forget_head(struct h2_stream *stream)
{
    h2_message_put(stream->h2, &stream->in.current);
}

struct http_field *h2_trailers(struct h2_stream *stream, uint32_t *n)
{
    struct h2_message *trailer = stream->in.trailer;

    *n = trailer != NULL ? trailer->head.fields_n : 0;
    return trailer != NULL ? trailer->head.fields : NULL;
}

enum h2_code h2_ending(const struct h2_stream *stream, bool *by_peer)
{
    *by_peer = stream->by_peer;
    return stream->code;
}

bool h2_is_unprocessed(const struct h2_stream *stream)
{
    return stream->is_ours && stream->is_gone && stream->by_peer &&
           stream->code == H2_REFUSED_STREAM && !stream->in.has_final &&
           stream->in.interim == 0;
}

void h2_set_user(struct h2_stream *stream, void *user)
{
    stream->user = user;
}

void *h2_user(const struct h2_stream *stream)
{
    return stream->user;
}

uint32_t h2_id(const struct h2_stream *stream)
{
    return (uint32_t)stream->id;
}

#include "gateway/flow/lane.h"

#include <string.h>

#include "gateway/filter/hop.h"
#include "gateway/http/h1_write.h"
#include "gateway/loop/loop.h"

enum {
    LANE_ROUNDS = 16,          /* readings before others get a turn */
    LANE_OUT_MARGIN = 1 << 17, /* beyond two heads: notices, pieces, framing */
    LANE_OUT_KEPT = 1 << 16,   /* more than this is given back when at rest */
    LANE_RECORD = 16384        /* the most that one reading of TLS gives */
};

enum cop_status lane_init(struct lane *lane, struct rooms *rooms,
    enum h1_kind kind, uint32_t head_bytes, uint32_t fields)
{
    *lane = (struct lane){.state = LANE_DONE, .rooms = rooms};
    buf_init(&lane->out, (size_t)head_bytes * 2 + LANE_OUT_MARGIN);
    return h1_reader_new(kind, head_bytes, fields, &lane->reader);
}

void lane_fini(struct lane *lane)
{
    lane_rest(lane);
    buf_fini(&lane->out);
    h1_reader_free(&lane->reader);
}

void lane_begin(struct lane *lane, struct end *from, struct end *to)
{
    lane->state = LANE_HEAD;
    lane->from = from;
    lane->to = to;
    lane->framing = HTTP_NO_BODY;
    lane->is_raw = false;
    lane->is_own = false;
    lane->has_begun = false;
    lane->has_last = false;
    lane->is_drained = false;
    lane->is_starved = false;
    lane->ended = IO_AGAIN;
    lane->waits_on = NULL;
    lane->read_bytes = 0;
    lane->written_bytes = 0;
    lane_forget_out(lane);
}

/* Whether what is read is a stream's. */
static bool lane_is_of_stream(const struct lane *lane)
{
    return !lane->is_own && lane->from != NULL && lane->from->stream != NULL;
}

void lane_forget_in(struct lane *lane)
{
    lane->in_at = lane->in_end = 0;
    room_give(lane->rooms, &lane->room, lane->in_high);
    lane->in_high = 0;
}

void lane_rest(struct lane *lane)
{
    lane_forget_out(lane);
    lane->state = LANE_DONE;
    lane->from = NULL;
    lane->to = NULL;
    lane->waits_on = NULL;
    lane_forget_in(lane);
    if (lane->out_high > 0) {
        explicit_bzero(lane->out.p, lane->out_high);
        lane->out_high = 0;
    }
    if (lane->out.cap > LANE_OUT_KEPT) {
        buf_release(&lane->out);
    }
    if (lane->reader != NULL) {
        h1_reader_next(lane->reader, false, false);
    }
}

void lane_go_raw(struct lane *lane)
{
    lane->state = LANE_BODY;
    lane->is_raw = true;
    lane->has_last = false;
    lane->framing = HTTP_UNTIL_CLOSE;
    lane->waits_on = NULL;
    h1_reader_next(lane->reader, false, false);
    if (lane_is_of_stream(lane)) {
        h2_forget_head(lane->from->stream);
    }
}

bool lane_wake(struct lane *lane, const struct end *end, unsigned events)
{
    if (lane->state == LANE_DONE || lane->state == LANE_DEAD) {
        return false;
    }
    if (lane->waits_on != NULL &&
        (lane->waits_on != end || (lane->waits_for & events) == 0)) {
        return false;
    }
    if (lane->waits_on == lane->from) {
        lane->is_drained = false;
    }
    lane->waits_on = NULL;
    return true;
}

unsigned lane_needs(const struct lane *lane, const struct end *end)
{
    if (lane->state == LANE_DONE || lane->state == LANE_DEAD ||
        lane->waits_on != end) {
        return 0;
    }
    return lane->waits_for;
}

enum lane_result lane_wait(
    struct lane *lane, const struct end *end, unsigned events)
{
    lane->waits_on = end;
    lane->waits_for = events;
    if (lane->in_at == lane->in_end && lane->piece.n == 0) {
        lane_forget_in(lane);
    }
    return LANE_WAITS;
}

/* All that was gathered is written: make room for more. */
static void lane_trim(struct lane *lane)
{
    if (lane->out.n > lane->out_high) {
        lane->out_high = lane->out.n;
    }
    buf_clear(&lane->out);
    lane->out_at = 0;
}

void lane_forget_out(struct lane *lane)
{
    lane_trim(lane);
    lane->piece = (struct cop_slice){NULL, 0};
}

struct http_head *lane_head(const struct lane *lane)
{
    return lane_is_of_stream(lane) ? h2_head(lane->from->stream)
                                   : h1_reader_head(lane->reader);
}

enum cop_reason lane_fault(const struct lane *lane, const char **detail)
{
    *detail = "";
    return lane->is_starved ? COP_REASON_MEMORY : end_fault(lane->from, detail);
}

/* Reading. */

/* Read once, into an empty room. LANE_WHOLE when something came. */
static enum lane_result lane_fill_room(struct lane *lane)
{
    struct wire *wire = lane->from->wire;
    size_t got = 0;
    enum io io;

    /* The last reading was not as much as can be, so the socket was empty
     * then: ask epoll instead of the socket. */
    if (lane->is_drained && !wire_has_pending(wire)) {
        return lane_wait(lane, lane->from, LOOP_READ);
    }
    if (lane->room == NULL) {
        lane->room = room_take(lane->rooms);
    }
    if (lane->room == NULL) {
        lane->is_starved = true;
        lane->ended = IO_FAILED;
        return LANE_FROM_ENDED;
    }
    io = wire_read(wire, lane->room->bytes, LANE_BYTES, &got);
    if (io == IO_AGAIN) {
        return lane_wait(lane, lane->from, wire->needs);
    }
    if (io != IO_DONE) {
        lane->ended = io;
        return LANE_FROM_ENDED;
    }
    lane->in_at = 0;
    lane->in_end = (uint32_t)got;
    if (lane->in_end > lane->in_high) {
        lane->in_high = lane->in_end;
    }
    lane->read_bytes += got;
    lane->is_drained = got < LANE_RECORD;
    return LANE_WHOLE;
}

/* Have more to parse, or wait for it. Of a stream there is nothing to be
 * fetched: it was asked, and had nothing. */
static enum lane_result lane_fill(struct lane *lane)
{
    if (lane->from->wire != NULL) {
        return lane_fill_room(lane);
    }
    if (lane->ended == IO_FAILED) {
        return LANE_FROM_ENDED;
    }
    return lane_wait(lane, lane->from, LOOP_READ);
}

static enum h1_event lane_parse_stream(
    struct lane *lane, struct cop_slice *body)
{
    switch (h2_read(lane->from->stream, body)) {
    case H2_HEAD:
        return H1_HEAD;
    case H2_BODY:
        return H1_BODY;
    case H2_TRAILERS:
        return H1_TRAILERS;
    case H2_END:
        return H1_END;
    case H2_GONE:
        lane->ended = IO_FAILED;
        break;
    case H2_NEED:
        break;
    }
    return H1_NEED;
}

static enum h1_event lane_parse_raw(struct lane *lane, struct cop_slice *body)
{
    *body = lane_leftover(lane);
    lane->in_at = lane->in_end;
    return body->n > 0 ? H1_BODY : H1_NEED;
}

static enum h1_event lane_parse_own(struct lane *lane, struct cop_slice *body)
{
    struct cop_slice own = {
        lane->out.p + lane->out_at, lane->out.n - lane->out_at};
    size_t used = 0;
    enum h1_event event = h1_read(lane->reader, own, &used, body);

    lane->out_at += used;
    return event == H1_NEED ? H1_FAULT : event;
}

static enum h1_event lane_parse(struct lane *lane, struct cop_slice *body)
{
    size_t used = 0;
    enum h1_event event;

    if (lane->is_own) {
        return lane_parse_own(lane, body);
    }
    if (lane_is_of_stream(lane)) {
        return lane_parse_stream(lane, body);
    }
    if (lane->is_raw) {
        return lane_parse_raw(lane, body);
    }
    event = h1_read(lane->reader, lane_leftover(lane), &used, body);
    lane->in_at += (uint32_t)used;
    lane->is_spent = event == H1_FAULT;
    return event;
}

/* n bytes of a piece are dealt with: those of a stream open its window. */
static void lane_consume(struct lane *lane, size_t n)
{
    if (lane_is_of_stream(lane)) {
        lane->read_bytes += n;
        h2_consume(lane->from->stream, n);
    }
}

enum lane_result lane_read_head(struct lane *lane)
{
    enum lane_result result = LANE_WHOLE;
    struct cop_slice body;

    while (result == LANE_WHOLE) {
        switch (lane_parse(lane, &body)) {
        case H1_HEAD:
            return LANE_WHOLE;
        case H1_NEED:
            result = lane_fill(lane);
            break;
        case H1_BODY:
        case H1_TRAILERS:
        case H1_END:
        case H1_FAULT:
            return LANE_FAULTY;
        }
    }
    return result;
}

bool lane_read_own(struct lane *lane)
{
    lane->is_own = true;
    return !lane->out.failed && lane_read_head(lane) == LANE_WHOLE;
}

/* Gathering what is to be written. */

/* A piece that is copied into `out`: no more of it than a room holds. */
static void lane_copy(struct lane *lane, struct cop_slice body)
{
    if (body.n > LANE_BYTES) {
        body.n = LANE_BYTES;
    }
    if (lane->framing == HTTP_CHUNKED) {
        h1_write_chunk(&lane->out, body);
    } else {
        buf_add_slice(&lane->out, body);
    }
    lane_consume(lane, body.n);
}

static void lane_take_body(struct lane *lane, struct cop_slice body)
{
    lane->has_begun = true;
    if (lane->framing == HTTP_NO_BODY) {
        lane_consume(lane, body.n);
    } else if (lane->to->stream != NULL) {
        lane->piece = body;
    } else if (lane->framing == HTTP_CHUNKED || lane->out_at < lane->out.n) {
        /* Behind a head it is copied, for one write of both. */
        lane_copy(lane, body);
    } else {
        lane->piece = body;
    }
}

static const struct http_field *lane_trailers(
    const struct lane *lane, uint32_t *n)
{
    return lane_is_of_stream(lane) ? h2_trailers(lane->from->stream, n)
                                   : h1_reader_trailers(lane->reader, n);
}

static void lane_take_trailers(struct lane *lane)
{
    struct http_field kept[HTTP_FIELDS_MAX];
    uint32_t n = 0;
    const struct http_field *trailers = lane_trailers(lane, &n);

    if (lane->framing != HTTP_CHUNKED &&
        (lane->framing == HTTP_NO_BODY || lane->to->stream == NULL)) {
        return;
    }
    n = n < HTTP_FIELDS_MAX ? n : HTTP_FIELDS_MAX;
    memcpy(kept, trailers, n * sizeof(*trailers));
    hop_strip_trailers(kept, n);
    if (lane->to->stream != NULL) {
        h2_write_end(lane->to->stream, kept, n);
    } else {
        h1_write_last_chunk(&lane->out, kept, n);
    }
    lane->has_last = true;
}

static void lane_take_end(struct lane *lane)
{
    if (!lane->has_last && lane->framing != HTTP_NO_BODY) {
        if (lane->to->stream != NULL) {
            h2_write_end(lane->to->stream, NULL, 0);
        } else if (lane->framing == HTTP_CHUNKED) {
            h1_write_last_chunk(&lane->out, NULL, 0);
        }
    }
    lane->has_last = true;
    lane->state = LANE_LAST;
}

/* Parse what was read into what is to be written.
 * H1_NEED: all is parsed; H1_BODY: there is enough to be written first. */
static enum h1_event lane_gather(struct lane *lane)
{
    enum h1_event event = H1_BODY;

    if (lane->out_at == lane->out.n) {
        lane_trim(lane);
    }
    while (lane->piece.n == 0 &&
           (lane->is_own || lane->out.n - lane->out_at < LANE_BYTES)) {
        struct cop_slice body;

        event = lane_parse(lane, &body);
        switch (event) {
        case H1_BODY:
            lane_take_body(lane, body);
            break;
        case H1_TRAILERS:
            lane_take_trailers(lane);
            break;
        case H1_END:
            lane_take_end(lane);
            return event;
        case H1_NEED:
        case H1_HEAD:
        case H1_FAULT:
            return event;
        }
    }
    return H1_BODY;
}

/* Writing. */

static enum io lane_put(
    struct lane *lane, const char *bytes, size_t n, size_t *put)
{
    if (lane->to->wire != NULL) {
        return wire_write(lane->to->wire, bytes, n, put);
    }
    if (lane->to->is_over) {
        return IO_FAILED;
    }
    *put = h2_write_body(lane->to->stream, (struct cop_slice){bytes, n}, false);
    return *put > 0 ? IO_DONE : IO_AGAIN;
}

/* A piece of a stream is given up after each step, because its bytes may have
 * moved: what is left of it is read again. */
static void lane_advance(struct lane *lane, size_t put)
{
    lane->written_bytes += put;
    lane_consume(lane, put);
    if (lane_is_of_stream(lane)) {
        lane->piece.n = 0;
        return;
    }
    lane->piece.p += put;
    lane->piece.n -= put;
}

enum io lane_flush(struct lane *lane)
{
    size_t put = 0;
    enum io io;

    if (lane->out.failed) {
        return IO_FAILED;
    }
    while (lane->out_at < lane->out.n && !lane->is_own) {
        io = lane_put(
            lane, lane->out.p + lane->out_at, lane->out.n - lane->out_at, &put);
        if (io != IO_DONE) {
            return io;
        }
        lane->out_at += put;
        lane->written_bytes += put;
    }
    while (lane->piece.n > 0) {
        io = lane_put(lane, lane->piece.p, lane->piece.n, &put);
        if (io != IO_DONE) {
            lane_advance(lane, 0);
            return io;
        }
        lane_advance(lane, put);
    }
    return IO_DONE;
}

/* All that was read is written: read on, or learn that this was the end. */
static enum lane_result lane_read_on(struct lane *lane)
{
    enum lane_result result = lane_fill(lane);

    if (result != LANE_FROM_ENDED || lane->ended != IO_CLOSED) {
        return result;
    }
    /* Until-close bodies end with their connection (RFC 9112 6.3). */
    if (lane->is_raw || h1_read_eof(lane->reader) == H1_END) {
        lane_take_end(lane);
        return LANE_WHOLE;
    }
    lane->is_spent = true;
    return result;
}

static enum lane_result lane_finish(struct lane *lane)
{
    lane->state = LANE_DONE;
    if (lane->is_raw && lane->to->wire != NULL) {
        wire_finish(lane->to->wire);
    }
    if (lane->in_at == lane->in_end) {
        lane_forget_in(lane);
    }
    return LANE_WHOLE;
}

static enum lane_result lane_wait_to(struct lane *lane)
{
    return lane_wait(lane, lane->to,
        lane->to->wire != NULL ? lane->to->wire->needs : LOOP_WRITE);
}

/* A stream bounds by itself how much it takes at once. */
static bool lane_may_go_on(const struct lane *lane, unsigned round)
{
    return round < LANE_ROUNDS || lane->to->stream != NULL;
}

enum lane_result lane_move(struct lane *lane)
{
    for (unsigned round = 0; lane_may_go_on(lane, round); round++) {
        enum h1_event event = H1_END;
        enum lane_result result;
        enum io io;

        if (lane->state == LANE_BODY) {
            event = lane_gather(lane);
        }
        if (event == H1_FAULT || event == H1_HEAD) {
            return LANE_FAULTY;
        }
        io = lane_flush(lane);
        if (io == IO_AGAIN) {
            return lane_wait_to(lane);
        }
        if (io != IO_DONE) {
            return LANE_TO_ENDED;
        }
        if (event == H1_END) {
            return lane_finish(lane);
        }
        result = event == H1_NEED ? lane_read_on(lane) : LANE_WHOLE;
        if (result != LANE_WHOLE) {
            return result;
        }
    }
    /* A fast sender and a fast receiver: let others have a turn. What is
     * decrypted already would not wake us by the sender's socket, but the
     * receiver can be written to, and does. */
    return lane_wait(lane, lane->to, LOOP_WRITE);
}

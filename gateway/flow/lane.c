#include "gateway/flow/lane.h"

#include <string.h>

#include "gateway/filter/hop.h"
#include "gateway/http/h1_write.h"
#include "gateway/loop/loop.h"

enum {
    LANE_ROUNDS = 16,          /* readings before others get a turn */
    LANE_OUT_MARGIN = 1 << 17, /* beyond two heads: notices, pieces, framing */
    LANE_OUT_KEPT = 1 << 15    /* more than this is given back when at rest */
};

enum cop_status lane_init(
    struct lane *lane, enum h1_kind kind, uint32_t head_bytes, uint32_t fields)
{
    memset(lane, 0, offsetof(struct lane, in));
    lane->state = LANE_DONE;
    buf_init(&lane->out, (size_t)head_bytes * 2 + LANE_OUT_MARGIN);
    return h1_reader_new(kind, head_bytes, fields, &lane->reader);
}

void lane_fini(struct lane *lane)
{
    lane_rest(lane);
    buf_fini(&lane->out);
    h1_reader_free(&lane->reader);
}

void lane_begin(struct lane *lane, struct wire *from, struct wire *to)
{
    lane->state = LANE_HEAD;
    lane->from = from;
    lane->to = to;
    lane->framing = HTTP_NO_BODY;
    lane->keeps_out = false;
    lane->has_last = false;
    lane->is_drained = false;
    lane->waits_on = NULL;
    lane->read_bytes = 0;
    lane->written_bytes = 0;
    lane_forget_out(lane);
}

void lane_rest(struct lane *lane)
{
    lane_forget_out(lane);
    lane->state = LANE_DONE;
    lane->from = NULL;
    lane->to = NULL;
    lane->waits_on = NULL;
    explicit_bzero(lane->in, lane->in_high);
    lane->in_at = lane->in_end = lane->in_high = 0;
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

bool lane_wake(struct lane *lane, const struct wire *wire, unsigned events)
{
    if (lane->state == LANE_DONE || lane->state == LANE_DEAD) {
        return false;
    }
    if (lane->waits_on != NULL &&
        (lane->waits_on != wire || (lane->waits_for & events) == 0)) {
        return false;
    }
    if (lane->waits_on == lane->from) {
        lane->is_drained = false;
    }
    lane->waits_on = NULL;
    return true;
}

unsigned lane_needs(const struct lane *lane, const struct wire *wire)
{
    if (lane->state == LANE_DONE || lane->state == LANE_DEAD ||
        lane->waits_on != wire) {
        return 0;
    }
    return lane->waits_for;
}

enum lane_result lane_wait(
    struct lane *lane, struct wire *wire, unsigned events)
{
    lane->waits_on = wire;
    lane->waits_for = events;
    return LANE_WAITS;
}

void lane_forget_out(struct lane *lane)
{
    if (lane->out.n > lane->out_high) {
        lane->out_high = lane->out.n;
    }
    buf_clear(&lane->out);
    lane->out_at = 0;
    lane->piece = (struct cop_slice){NULL, 0};
}

/* Read once, into an empty `in`. LANE_WHOLE when something came. */
static enum lane_result lane_fill(struct lane *lane)
{
    size_t got = 0;
    enum io io;

    /* The last reading did not fill the room, so the socket was empty then:
     * ask epoll instead of the socket. */
    if (lane->is_drained && !wire_has_pending(lane->from)) {
        return lane_wait(lane, lane->from, LOOP_READ);
    }
    io = wire_read(lane->from, lane->in, LANE_BYTES, &got);
    if (io == IO_AGAIN) {
        return lane_wait(lane, lane->from, lane->from->needs);
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
    lane->is_drained = got < LANE_BYTES;
    return LANE_WHOLE;
}

static enum h1_event lane_parse(struct lane *lane, struct cop_slice *body)
{
    size_t used = 0;
    enum h1_event event =
        h1_read(lane->reader, lane_leftover(lane), &used, body);

    lane->in_at += (uint32_t)used;
    lane->is_spent = event == H1_FAULT;
    return event;
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

/* Make room in `out`, unless what is in it may have to be sent again. */
static void lane_trim(struct lane *lane)
{
    if (lane->out_at == lane->out.n && !lane->keeps_out) {
        lane_forget_out(lane);
    }
}

static void lane_take_body(struct lane *lane, struct cop_slice body)
{
    switch (lane->framing) {
    case HTTP_NO_BODY:
        break;
    case HTTP_CHUNKED:
        h1_write_chunk(&lane->out, body);
        break;
    case HTTP_LENGTH:
    case HTTP_UNTIL_CLOSE:
        /* Behind a head it is copied, for one write of both. */
        if (lane->out_at < lane->out.n) {
            buf_add_slice(&lane->out, body);
        } else {
            lane->piece = body;
        }
        break;
    }
}

static void lane_take_trailers(struct lane *lane)
{
    struct http_field kept[HTTP_FIELDS_MAX];
    uint32_t n = 0;
    const struct http_field *trailers = h1_reader_trailers(lane->reader, &n);

    if (lane->framing != HTTP_CHUNKED) {
        return;
    }
    n = n < HTTP_FIELDS_MAX ? n : HTTP_FIELDS_MAX;
    memcpy(kept, trailers, n * sizeof(*trailers));
    hop_strip_trailers(kept, n);
    h1_write_last_chunk(&lane->out, kept, n);
    lane->has_last = true;
}

static void lane_take_end(struct lane *lane)
{
    if (lane->framing == HTTP_CHUNKED && !lane->has_last) {
        h1_write_last_chunk(&lane->out, NULL, 0);
    }
    lane->has_last = true;
    lane->state = LANE_LAST;
}

/* Parse what was read into what is to be written.
 * H1_NEED: all is parsed; H1_BODY: there is enough to be written first. */
static enum h1_event lane_gather(struct lane *lane)
{
    enum h1_event event = H1_BODY;

    lane_trim(lane);
    while (lane->piece.n == 0 && lane->out.n - lane->out_at < LANE_BYTES) {
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

enum io lane_flush(struct lane *lane)
{
    size_t put;
    enum io io;

    if (lane->out.failed) {
        return IO_FAILED;
    }
    while (lane->out_at < lane->out.n) {
        io = wire_write(lane->to, lane->out.p + lane->out_at,
            lane->out.n - lane->out_at, &put);
        if (io != IO_DONE) {
            return io;
        }
        lane->out_at += put;
        lane->written_bytes += put;
    }
    while (lane->piece.n > 0) {
        io = wire_write(lane->to, lane->piece.p, lane->piece.n, &put);
        if (io != IO_DONE) {
            return io;
        }
        lane->piece.p += put;
        lane->piece.n -= put;
        lane->written_bytes += put;
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
    if (h1_read_eof(lane->reader) == H1_END) {
        lane_take_end(lane);
        return LANE_WHOLE;
    }
    lane->is_spent = true;
    return result;
}

enum lane_result lane_move(struct lane *lane)
{
    for (unsigned round = 0; round < LANE_ROUNDS; round++) {
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
            return lane_wait(lane, lane->to, lane->to->needs);
        }
        if (io != IO_DONE) {
            return LANE_TO_ENDED;
        }
        if (event == H1_END) {
            lane->state = LANE_DONE;
            return LANE_WHOLE;
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

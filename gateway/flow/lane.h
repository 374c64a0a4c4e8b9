/* One direction of an exchange: messages are read from one end and written,
 * framed anew, to another. Requests and responses, HTTP/1 and HTTP/2 and every
 * mixture of them, use the same code.
 *
 * Back-pressure: a lane reads only when everything it read before is written,
 * so it never holds more than one reading and its framing. Of a stream it
 * holds nothing: what is not written yet stays in the stream's window. */
#ifndef GATEWAY_FLOW_LANE_H
#define GATEWAY_FLOW_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/flow/end.h"
#include "gateway/flow/room.h"
#include "gateway/http/h1_read.h"
#include "rules/base/buf.h"

enum { LANE_BYTES = ROOM_BYTES };

enum lane_state {
    LANE_HEAD, /* a head is being read */
    LANE_BODY, /* a body is read and written, to its end */
    LANE_LAST, /* all is read; the rest is being written */
    LANE_DONE, /* all is written, or there is nothing to do */
    LANE_DEAD  /* the receiving side is gone before all was written */
};

enum lane_result {
    LANE_WAITS,
    LANE_WHOLE,      /* the head, or the rest of the message */
    LANE_FROM_ENDED, /* the sender went away in the middle: lane_fault() */
    LANE_TO_ENDED,   /* the receiver went away */
    LANE_FAULTY      /* malformed; h1_reader_fault() says what */
};

struct lane {
    enum lane_state state;
    struct end *from;
    struct end *to;
    struct h1_reader *reader;
    enum http_framing framing; /* how the body is written; HTTP_NO_BODY throws
                                  it away */
    bool is_raw;               /* bytes without framing, until one end closes */
    bool is_own;               /* what is read is `out`: a message of ours */
    bool has_begun;            /* some of the body has been taken */
    bool has_last;   /* the end of the message has been written or gathered */
    bool is_drained; /* the last reading took all that was there */
    bool is_spent;   /* the reader met a fault and can read no more */
    bool is_starved; /* there was no memory to read on */
    enum io ended;   /* IO_CLOSED or IO_FAILED, with LANE_FROM_ENDED */
    const struct end *waits_on; /* NULL: due at once */
    unsigned waits_for;
    struct buf out;         /* heads, framing and short pieces, to be written */
    size_t out_at;          /* how much of `out` is written */
    size_t out_high;        /* the most that was in `out`, to be wiped */
    struct cop_slice piece; /* of what was read: written after `out` */
    uint64_t read_bytes;
    uint64_t written_bytes;
    struct rooms *rooms;
    struct room *room; /* what was read; NULL while nothing is held */
    uint32_t in_at;    /* room[in_at, in_end) is read and not yet parsed */
    uint32_t in_end;
    uint32_t in_high; /* the most that was in `room`, to be wiped */
};

/* head_bytes, fields: limits of a head. rooms must outlive it. COP_OK or
 * COP_E_NOMEM. */
COP_MUST_USE enum cop_status lane_init(struct lane *lane, struct rooms *rooms,
    enum h1_kind kind, uint32_t head_bytes, uint32_t fields);
void lane_fini(struct lane *lane);

/* Ready for a message's head; bytes already read stay. */
void lane_begin(struct lane *lane, struct end *from, struct end *to);
/* Nothing to do, nothing held, and no byte of it left in memory. */
void lane_rest(struct lane *lane);
/* Bytes from here on, both sides' heads being dealt with. They go on until one
 * end closes, and the other is told. Forgets the head. */
void lane_go_raw(struct lane *lane);
/* Throw away what was read and not parsed. */
void lane_forget_in(struct lane *lane);
/* Forget what is still to be written. */
void lane_forget_out(struct lane *lane);
/* Read from `out`, a whole HTTP/1 message of our own, instead of from an end:
 * for a receiver that is a stream. False when out of memory, or it is none. */
bool lane_read_own(struct lane *lane);

/* Whether an event is what the lane waits for (or it waits for none), and it
 * has something to do; it then no longer waits. */
bool lane_wake(struct lane *lane, const struct end *end, unsigned events);
/* What it needs of an end: LOOP_READ, LOOP_WRITE or 0. */
unsigned lane_needs(const struct lane *lane, const struct end *end);

/* Read a head. LANE_WHOLE: lane_head(). Writes nothing. */
enum lane_result lane_read_head(struct lane *lane);
/* The head that was read; NULL before one was. */
struct http_head *lane_head(const struct lane *lane);
/* Write what is pending: IO_DONE when all is. */
enum io lane_flush(struct lane *lane);
/* Read and write the rest of a message: body, trailers, end. */
enum lane_result lane_move(struct lane *lane);

/* Wait for an end. Always LANE_WAITS. */
enum lane_result lane_wait(
    struct lane *lane, const struct end *end, unsigned events);
/* Why reading failed, after LANE_FROM_ENDED with IO_FAILED. */
enum cop_reason lane_fault(const struct lane *lane, const char **detail);

/* What was read behind the message's end. */
static inline struct cop_slice lane_leftover(const struct lane *lane)
{
    return (struct cop_slice){
        lane->room != NULL ? lane->room->bytes + lane->in_at : NULL,
        lane->in_end - lane->in_at};
}

static inline bool lane_has_pending(const struct lane *lane)
{
    return lane->out_at < lane->out.n || lane->piece.n > 0;
}

#endif

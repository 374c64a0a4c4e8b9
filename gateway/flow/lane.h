/* One direction of an exchange: HTTP messages are read from one wire and
 * written, framed anew, to another. Requests and responses use the same code.
 *
 * Back-pressure: a lane reads only when everything it read before is written,
 * so it never holds more than one reading and its framing. */
#ifndef GATEWAY_FLOW_LANE_H
#define GATEWAY_FLOW_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/http/h1_read.h"
#include "gateway/tls/wire.h"
#include "rules/base/buf.h"

enum { LANE_BYTES = 16384 }; /* one TLS record's worth */

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
    LANE_FROM_ENDED, /* the sender went away in the middle; see lane->ended */
    LANE_TO_ENDED,   /* the receiver went away */
    LANE_FAULTY      /* malformed; h1_reader_fault() says what */
};

struct lane {
    enum lane_state state;
    struct wire *from;
    struct wire *to;
    struct h1_reader *reader;
    enum http_framing framing; /* how the body is written; HTTP_NO_BODY throws
                                  it away */
    bool keeps_out;  /* `out` stays after it was written, to be sent again */
    bool has_last;   /* the last chunk has been put into `out` */
    bool is_drained; /* the last reading took all that was there */
    bool is_spent;   /* the reader met a fault and can read no more */
    enum io ended;   /* IO_CLOSED or IO_FAILED, with LANE_FROM_ENDED */
    struct wire *waits_on; /* NULL: due at once */
    unsigned waits_for;
    struct buf out;         /* heads, framing and short pieces, to be written */
    size_t out_at;          /* how much of `out` is written */
    struct cop_slice piece; /* into `in`: written after `out` */
    uint64_t read_bytes;
    uint64_t written_bytes;
    uint32_t in_at; /* in[in_at, in_end) is read and not yet parsed */
    uint32_t in_end;
    uint32_t in_high; /* the most that was in `in`, to be wiped */
    size_t out_high;
    char in[LANE_BYTES];
};

/* head_bytes, fields: limits of a head. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status lane_init(
    struct lane *lane, enum h1_kind kind, uint32_t head_bytes, uint32_t fields);
void lane_fini(struct lane *lane);

/* Ready for a message's head; bytes already read stay. */
void lane_begin(struct lane *lane, struct wire *from, struct wire *to);
/* Nothing to do, nothing held, and no byte of it left in memory. */
void lane_rest(struct lane *lane);

/* Whether an event is what the lane waits for (or it waits for none), and it
 * has something to do; it then no longer waits. */
bool lane_wake(struct lane *lane, const struct wire *wire, unsigned events);
/* What it needs of a wire: LOOP_READ, LOOP_WRITE or 0. */
unsigned lane_needs(const struct lane *lane, const struct wire *wire);

/* Read a head. LANE_WHOLE: h1_reader_head(). Writes nothing. */
enum lane_result lane_read_head(struct lane *lane);
/* Write what is pending: IO_DONE when all is. */
enum io lane_flush(struct lane *lane);
/* Read and write the rest of a message: body, trailers, end. */
enum lane_result lane_move(struct lane *lane);

/* Wait for a wire. Always LANE_WAITS. */
enum lane_result lane_wait(
    struct lane *lane, struct wire *wire, unsigned events);
/* Forget what is still to be written. */
void lane_forget_out(struct lane *lane);

/* What was read behind the message's end. */
static inline struct cop_slice lane_leftover(const struct lane *lane)
{
    return (struct cop_slice){
        lane->in + lane->in_at, lane->in_end - lane->in_at};
}

static inline bool lane_has_pending(const struct lane *lane)
{
    return lane->out_at < lane->out.n || lane->piece.n > 0;
}

#endif

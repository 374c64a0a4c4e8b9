/* An HTTP/2 session over a wire: what comes is read and given to its streams'
 * users, what they write is gathered and written at the end of the turn, many
 * streams in one record. Both sides use it, towards clients and servers.
 *
 * The owner has the wire, its watch and all timers; it calls session_ready()
 * from the watch. Whoever calls a function of gateway/http/h2.h for one of its
 * streams calls session_touch() afterwards, once for all such calls. */
#ifndef GATEWAY_UPSTREAM_SESSION_H
#define GATEWAY_UPSTREAM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/reason.h"
#include "gateway/http/h2.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/wire.h"

enum { SESSION_SCRATCH_BYTES = 16384 };

struct session;

struct session_owner {
    /* A stream has something to do: H2_NEW and the other bits of h2.h. */
    void (*on_stream)(
        struct session *session, struct h2_stream *stream, unsigned events);
    /* A turn in which something happened is over; see session_is_over(). Here
     * the owner may end and free the session, and nowhere else. */
    void (*on_turn)(struct session *session);
};

struct session {
    struct loop *loop;
    struct wire *wire;
    struct watch *watch;
    const struct session_owner *owner;
    char *scratch; /* SESSION_SCRATCH_BYTES, of the owner; used in a call */
    struct h2 *h2;
    struct task task;
    bool is_stopped;        /* nothing is read, written or told any more */
    bool is_deaf;           /* the other side closed, or reading failed */
    bool is_broken;         /* writing failed */
    bool is_drained;        /* the last reading took all that was there */
    bool is_stuck;          /* the wire takes nothing now */
    enum cop_reason reason; /* of the wire, with is_deaf or is_broken */
    uint64_t read_bytes;
    uint64_t written_bytes;
    int64_t moved_ms; /* of the loop: when bytes were last written */
    int64_t heard_ms; /* when they were last read */
};

/* COP_OK, or COP_E_NOMEM and nothing needs to be undone. The wire's handshake
 * is done, the watch is watched or will be before the turn ends. */
COP_MUST_USE enum cop_status session_init(struct session *session,
    struct loop *loop, const struct h2_options *options,
    const struct session_owner *owner);
/* Set wire, watch and scratch; they must outlive the session. */
void session_attach(struct session *session, struct wire *wire,
    struct watch *watch, char *scratch);
/* Nothing is called back after this. */
void session_stop(struct session *session);
/* Free what it holds, streams too. */
void session_fini(struct session *session);

/* An event of the wire, or 0 when decrypted bytes may already wait in it. Not
 * from within on_stream(). */
void session_ready(struct session *session, unsigned events);
/* Write, and hand out events, at the end of this turn. */
void session_touch(struct session *session);

/* Nothing more can come or go. */
bool session_is_over(const struct session *session);
/* Why: of the wire, of the session, or COP_REASON_NONE where it ended as it
 * should. detail: "" if there is no more to say. */
enum cop_reason session_ending(
    const struct session *session, const char **detail);
/* Why a stream is gone. */
enum cop_reason session_fault(const struct session *session,
    const struct h2_stream *stream, const char **detail);

#endif

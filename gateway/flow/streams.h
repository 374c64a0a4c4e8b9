/* A client's connection of HTTP/2, CONN_STREAMS: an exchange for each of its
 * streams, decided, timed, answered and ended one by one. */
#ifndef GATEWAY_FLOW_STREAMS_H
#define GATEWAY_FLOW_STREAMS_H

#include "gateway/flow/exchange.h"
#include "gateway/upstream/session.h"

struct streams {
    struct conn *conn;
    struct session session;
    struct exchange *live;
    struct exchange *over; /* to be freed at the end of the turn */
    int64_t left_ms;       /* when h2_leave() was called; -1: it was not */
    bool has_left;         /* h2_leave_now() was */
    bool was_cut;          /* the client left in the middle of one */
};

/* Speak HTTP/2 over a connection whose TLS handshake is done, or that began
 * with HTTP/2's preface (RFC 9113 3.3). It ends when out of memory. */
enum step streams_begin(struct conn *conn);
/* Nothing calls back any more. */
void streams_stop(struct streams *streams);
/* End its exchanges and free it. Nulls *streams; NULL allowed. */
void streams_free(struct streams **streams);

enum step streams_step(
    struct conn *conn, const struct wire *wire, unsigned events);
enum step streams_timeout(struct conn *conn);
/* Take no more streams; the connection ends when those under way have. */
void streams_leave(struct streams *streams);

/* Its server cannot be reached, for this connection's whole life: no more
 * streams, so that the client tries again on another. */
void streams_give_up(struct streams *streams, const struct fault *fault);

/* Of exchange.c: one ended as it should, or is broken off. Always
 * STEP_OVER. */
enum step streams_end(struct exchange *exchange);
enum step streams_break(
    struct exchange *exchange, enum cop_reason reason, const char *detail);

#endif

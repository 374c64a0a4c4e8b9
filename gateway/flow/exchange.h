/* One request and its answer: everything that must not outlive them. Taken
 * from the flow's spares when a head's first byte is there, put back when the
 * answer is written, so that an idle connection has none.
 *
 * A connection of HTTP/1 has one at a time, which has the connection to itself;
 * one of HTTP/2 has one for each stream (streams.c). The exchange does not know
 * the difference but in this file's functions: how long it may take, how it
 * breaks off and what happens at its end. */
#ifndef GATEWAY_FLOW_EXCHANGE_H
#define GATEWAY_FLOW_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/flow/alarm.h"
#include "gateway/flow/conn.h"
#include "gateway/flow/decision.h"
#include "gateway/flow/end.h"
#include "gateway/flow/gate.h"
#include "gateway/flow/lane.h"
#include "gateway/loop/loop.h"
#include "gateway/upstream/upstream.h"
#include "rules/base/arena.h"

enum exchange_state {
#define EXCHANGE_STATE(symbol, word, next) EXCHANGE_##symbol,
#include "gateway/flow/exchange.tbl"
    EXCHANGE_STATES
};

/* Where a request goes, and as what; kept in case it has to be sent again. */
struct destination {
    struct cop_host host;
    uint16_t port;
    bool is_tls;
    struct cop_slice target;    /* in the arena */
    struct cop_slice authority; /* the same */
    struct cop_slice hops;      /* Max-Forwards, one less */
};

struct exchange {
    struct conn *conn;
    struct exchange *next;  /* among the spares, or the connection's streams */
    struct exchange **link; /* of the latter */
    enum exchange_state state;
    struct asker asker;
    struct arena arena; /* reset at its end */
    struct buf extra;   /* field lines of ours, for the head being written */
    enum cop_reason reason; /* NONE: the connection is kept afterwards */
    struct destination to;
    bool has_site;             /* conn->site is this request's */
    bool is_head;              /* its method is HEAD */
    bool upgrades;             /* it asks for a WebSocket */
    bool may_repeat;           /* it may be sent again (RFC 9110 9.2.2) */
    bool may_reuse;            /* the server's connection, afterwards */
    bool is_bound;             /* it proves an identity to one connection */
    bool needs_http1;          /* the server said so */
    bool is_over;              /* of a stream: it ended, and is freed soon */
    uint8_t tries;             /* times it was sent again */
    uint8_t interim;           /* 1xx heads passed on */
    char key[29];              /* of the WebSocket, where one side has none */
    uint64_t paced_bytes;      /* up.read_bytes when it last got more time */
    struct upstream *upstream; /* HTTP/1: this exchange's alone */
    struct upstream_wait *wait;
    struct gate *gate;   /* asked about the server's addresses; often none */
    uint32_t head_bytes; /* what the lanes were made for */
    uint32_t fields;
    struct end client;
    struct end server;
    struct lane up;
    struct lane down;
    struct alarm alarm; /* of a stream */
    struct fault fault; /* of a stream: why it ended, if not as it should */
};

/* An exchange for a connection, in EXCHANGE_HEAD.
 * stream  the client's; NULL: it is the connection's only exchange
 * NULL when out of memory. */
struct exchange *exchange_take(struct conn *conn, struct h2_stream *stream);
/* Let go of everything it holds and put it back. Nulls *exchange. */
void exchange_release(struct exchange **exchange);
/* No callback comes after, no event either. */
void exchange_stop(struct exchange *exchange);
void exchange_free_spares(struct flow *flow);

/* Give it an event of one of its ends and go on until it waits, or is over.
 * Not for events of a connection whose only exchange this is: conn_run(). */
void exchange_run(
    struct exchange *exchange, const struct end *end, unsigned events);
/* Go on after a callback took a step outside exchange_run(). */
void exchange_resume(struct exchange *exchange, enum step step);
/* Events of a stream, as in gateway/http/h2.h. */
void exchange_on_stream(
    struct exchange *exchange, struct end *end, unsigned events);

/* One step; end is NULL when a state was just entered. */
enum step exchange_step(
    struct exchange *exchange, const struct end *end, unsigned events);
enum step exchange_timeout(struct exchange *exchange);
/* Arm the server's watch; what is needed of the client's wire. */
unsigned exchange_arm(struct exchange *exchange);

/* Only along the table, as flow_go(). */
void exchange_go(struct exchange *exchange, enum exchange_state to);
const char *exchange_state_word(enum exchange_state state);

/* Its timeout comes in so many milliseconds unless this is called again. */
void exchange_deadline(struct exchange *exchange, int64_t delay_ms);
void exchange_no_deadline(struct exchange *exchange);

/* An event that nothing waits for: a wire that is ready too early is no longer
 * listened to, an end that broke ends what depends on it. */
enum step exchange_ignore(
    struct exchange *exchange, const struct end *end, unsigned events);
/* The answer is written: keep the connection, or end it by x->reason. */
enum step exchange_end(struct exchange *exchange);
/* Break off, so that what was answered cannot be taken for whole: the
 * connection of HTTP/1 ends, the stream of HTTP/2 is reset. The first reason
 * counts. detail: NULL allowed. Always STEP_OVER. */
enum step exchange_break(
    struct exchange *exchange, enum cop_reason reason, const char *detail);
/* Write down why it ends, though the answer is still to be written. */
void exchange_blame(
    struct exchange *exchange, enum cop_reason reason, const char *detail);

/* The request's head; valid from the first step behind EXCHANGE_HEAD, and
 * until lane_go_raw(). */
struct http_head *exchange_request(struct exchange *exchange);

static inline bool exchange_is_stream(const struct exchange *exchange)
{
    return exchange->client.stream != NULL;
}

#endif

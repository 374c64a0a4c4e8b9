/* One request and its answer: everything that must not outlive them. Taken
 * from the flow's spares when a head's first byte is there, put back when the
 * answer is written, so that an idle connection has none. */
#ifndef GATEWAY_FLOW_EXCHANGE_H
#define GATEWAY_FLOW_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/flow/conn.h"
#include "gateway/flow/decision.h"
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

struct exchange {
    struct conn *conn;
    struct exchange *next; /* among the spares */
    enum exchange_state state;
    struct asker asker;
    struct arena arena; /* reset at its end */
    struct buf extra;   /* field lines of ours, for the head being written */
    enum cop_reason reason; /* NONE: the connection is kept afterwards */
    /* The request's, kept while the server is reached: */
    struct cop_host host;
    struct cop_host address; /* dialled in its stead; n is 0 for none */
    uint16_t port;
    bool is_tls;
    bool has_site;   /* conn->site is this request's */
    bool is_head;    /* its method is HEAD */
    bool upgrades;   /* it asks for a WebSocket */
    bool is_retried; /* on a fresh connection, after a reused one died */
    /* The response's: */
    bool may_reuse;       /* the server's connection, afterwards */
    uint8_t interim;      /* 1xx heads passed on */
    uint64_t paced_bytes; /* up.read_bytes when it last got more time */
    struct upstream *upstream;
    struct upstream_wait *wait;
    struct gate *gate;   /* asked about the server's addresses; often none */
    uint32_t head_bytes; /* what the lanes were made for */
    uint32_t fields;
    struct lane up;
    struct lane down;
};

/* An exchange for a connection, in EXCHANGE_HEAD. NULL when out of memory. */
struct exchange *exchange_take(struct conn *conn);
/* Let go of everything it holds and put it back. Nulls *exchange. */
void exchange_release(struct exchange **exchange);
/* No callback comes after, no event either. */
void exchange_stop(struct exchange *exchange);
void exchange_free_spares(struct flow *flow);

/* The steps of a connection in CONN_EXCHANGE. */
enum step exchange_step(
    struct exchange *exchange, const struct wire *wire, unsigned events);
enum step exchange_timeout(struct exchange *exchange);
/* Arm the server's watch; what is needed of the client's wire. */
unsigned exchange_arm(struct exchange *exchange);

/* Only along the table, as flow_go(). */
void exchange_go(struct exchange *exchange, enum exchange_state to);
const char *exchange_state_word(enum exchange_state state);

/* An event that nothing waits for: a wire that is ready too early is no longer
 * listened to, one that broke ends what depends on it. */
enum step exchange_ignore(
    struct exchange *exchange, const struct wire *wire, unsigned events);
/* The answer is written: keep the connection, or end it by x->reason. */
enum step exchange_end(struct exchange *exchange);

/* The request's head; valid from the first step behind EXCHANGE_HEAD. */
struct http_head *exchange_request(struct exchange *exchange);

#endif

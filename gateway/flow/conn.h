/* One client's connection: what outlives its exchanges, and nothing else. The
 * states, what holds in them and who performs each arrow: state.c. */
#ifndef GATEWAY_FLOW_CONN_H
#define GATEWAY_FLOW_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/flow/alarm.h"
#include "gateway/loop/loop.h"
#include "gateway/net/pump.h"
#include "gateway/tls/wire.h"

struct arrival;
struct crowd_member;
struct exchange;
struct flow;
struct streams;
struct tunnel;

enum conn_state {
#define CONN_STATE(symbol, word, next) CONN_##symbol,
#include "gateway/flow/conn.tbl"
    CONN_STATES
};

/* What a step came to, ordered: below zero the connection is over and nothing
 * of it may be touched but by its end; zero, it waits for an event; above, it
 * has changed state and the new state's step is due. */
enum step { STEP_OVER = -1, STEP_WAIT = 0, STEP_NEXT = 1 };

/* How the client's bytes are treated, as the log says it. */
enum conn_mode { CONN_PLAIN, CONN_SPLICED, CONN_INTERCEPTED, CONN_REFUSED };
const char *conn_mode_word(enum conn_mode mode);

/* Something that went wrong, with a library's words ("" if none). */
struct fault {
    enum cop_reason reason;
    char detail[120];
};
/* detail  NULL allowed; cut to fit */
void fault_set(struct fault *fault, enum cop_reason reason, const char *detail);

/* Whom the client asked for: of a tunnel its target, else the last one. */
struct site {
    struct cop_host host;
    uint16_t port;
    bool is_known;
};

struct tally {
    int64_t began_ms;
    uint64_t requests;
    uint64_t up_bytes;      /* from the client */
    uint64_t down_bytes;    /* to the client */
    const char *client_tls; /* version, static; NULL: TLS did not end here */
    const char *server_tls; /* of the last server */
};

struct conn {
    struct flow *flow;
    struct conn *next;
    struct conn **link; /* what points here, in one of the flow's lists */
    uint64_t number;
    struct sockaddr_storage client;
    struct arrival *arrival;    /* how it came; NULL: to an explicit proxy */
    struct crowd_member *crowd; /* counts it among its client's */
    struct wire wire;           /* the client's end */
    struct watch watch;
    unsigned needs; /* of the wire, in states that have no exchange */
    struct alarm alarm;
    enum conn_state state;
    enum conn_mode mode;
    bool is_inside;  /* TLS ends here: requests are those of `site` */
    bool is_h2;      /* HTTP/2 is spoken with the client */
    bool is_private; /* a decision was, so its end must not name the place */
    struct site site;
    struct fault origin; /* is_inside: why the server cannot be reached */
    struct fault end;    /* why it ends */
    uint32_t lingered;   /* bytes thrown away in CONN_LINGER */
    struct tally tally;
    struct exchange *exchange; /* CONN_EXCHANGE */
    struct tunnel *tunnel;     /* CONN_GRANT .. CONN_HANDSHAKE */
    struct pump *pump;         /* CONN_SPLICE */
    struct streams *streams;   /* CONN_STREAMS */
};

/* A new connection over an accepted socket, waiting for its first request.
 * door  of the configuration's listeners, the one it was accepted on
 * Takes the descriptor on COP_OK only. COP_OK, COP_E_NOMEM, COP_E_IO. */
COP_MUST_USE enum cop_status conn_open(struct flow *flow, int fd,
    const struct sockaddr_storage *client, uint32_t door, struct conn **out);
/* Write its end down and free it. Never from within its own callbacks. */
void conn_free(struct conn **conn);

/* Change state. Only along the table: any other arrow is our bug, and ends this
 * connection with COP_REASON_INTERNAL and no other. */
void flow_go(struct conn *conn, enum conn_state to);
const char *conn_state_word(enum conn_state state);

/* Run the machine until it waits or is over, then arm the watches.
 * wire    whose event it is; NULL when a state was just entered
 * events  of the loop */
void conn_run(struct conn *conn, const struct wire *wire, unsigned events);
/* The deadline has come: what the state does then. */
enum step conn_time_out(struct conn *conn);
/* Go on after a callback took a step outside conn_run(). */
void conn_resume(struct conn *conn, enum step step);

/* End at once: nothing more is written, all is let go at the end of the turn.
 * The first reason counts. detail: NULL allowed. Always STEP_OVER. */
enum step conn_end(
    struct conn *conn, enum cop_reason reason, const char *detail);
/* Say properly that nothing more comes, then end. Always STEP_OVER. */
enum step conn_quit(struct conn *conn, enum cop_reason reason);
/* The same when the client may still be sending: what it sends is thrown away
 * for a moment, because closing on unread bytes would destroy our answer on
 * its way (RFC 9112 9.6). */
enum step conn_linger(struct conn *conn, enum cop_reason reason);

/* The state's timeout comes in so many milliseconds unless this is called
 * again; later deadlines cost nothing. */
void conn_deadline(struct conn *conn, int64_t delay_ms);
void conn_no_deadline(struct conn *conn);

/* Have a watch tell what is needed. LOOP_READ stays armed when it is no longer
 * needed, because in most exchanges it is needed again before it fires. False
 * when the loop cannot. */
bool conn_want(struct conn *conn, struct watch *watch, int fd, unsigned needs);

#endif

/* The connection machine: its states, its arrows, and the one loop that turns.
 *
 *   accept ------------> ARRIVE ----> HELLO, STREAMS, DIAL, LINGER
 *     |  conn_open          |  arrive_step
 *     v                     |
 *   IDLE <------------------'
 *   IDLE <------------------> EXCHANGE ----> LINGER
 *     exchange_take  >          |     conn_linger
 *     < exchange_end            |
 *                  tunnel_begin |
 *                               v
 *                             GRANT
 *                               |  tunnel_step_grant
 *                               v                  splice_dialled
 *                             HELLO ------> DIAL ----------------> SPLICE
 *              tunnel_step_hello  |  splice_begin |
 *                                 |               | intercept_show
 *                 intercept_begin |               v (to tell the fault)
 *                                 |---> UPSTREAM ---> MINT
 *                                 |                    |  intercept_start
 *                  intercept_show '------------------> |
 *                                                      v
 *                               STREAMS <--- HANDSHAKE ---> EXCHANGE
 *                              streams_begin     intercept_step_handshake
 *   any ---> CLOSING, by conn_end
 *
 * What is at hand at once skips its state: a pooled upstream UPSTREAM, a cached
 * certificate MINT.
 *
 * What holds
 * 0. ARRIVE: conn->arrival, and no byte of the client's has been taken; whose
 *    it is and where it was going is not known yet.
 * 1. IDLE: no exchange, no tunnel, no buffer; the client may be silent for
 *    idle_ms.
 * 2. EXCHANGE: conn->exchange and nothing else; it has a machine of its own
 *    (exchange.c) and it alone arms the client's watch.
 * 3. GRANT .. HANDSHAKE: conn->tunnel, and not more than one of a dial, an
 *    upstream and a certificate is being waited for.
 * 4. DIAL and before, and all of a splice: no byte of the client's but CONNECT
 *    and the greeting has been read, none has been changed.
 * 5. HANDSHAKE is entered by a verified server, by a fault that every answer
 *    will name, or by a verdict that lets nobody be contacted.
 * 6. SPLICE: conn->pump owns both descriptors; the wire is closed.
 * 7. STREAMS: conn->streams, with an exchange for each of the client's streams;
 *    its session arms the client's watch.
 * 8. LINGER: the last answer is written and the reason is set; what the client
 *    still sends is thrown away.
 * 9. CLOSING: nothing calls back any more; the flow's reaper frees it at the
 *    end of the turn. Every connection comes here once, with one reason.
 *
 * How it turns: an event is given to the state's step. A step moves bytes and
 * says what came of it; where that is a change of state, the new state's step
 * is due at once (STEP_NEXT), from the same loop: states never call each other,
 * so that no sequence of bytes can nest them.
 *
 * Interception is the same connection with TLS put on its wire and is_inside
 * set. It is not a second connection inside the first one: that is how proxies
 * come to have two copies of every rule. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "gateway/flow/arrive.h"
#include "gateway/flow/conn.h"
#include "gateway/flow/exchange.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/streams.h"
#include "gateway/flow/tunnel.h"

typedef enum step conn_step_fn(
    struct conn *conn, const struct wire *wire, unsigned events);
typedef enum step conn_timeout_fn(struct conn *conn);

static enum step state_idle(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    if (wire != NULL && (events & conn->needs) == 0) {
        return conn_end(conn, COP_REASON_CLIENT_CLOSED, NULL);
    }
    if (wire == NULL) {
        conn->needs = LOOP_READ;
        conn_deadline(conn, conn->flow->drain.is_on
                                ? FLOW_DRAIN_GRACE_MS
                                : flow_limits(conn->flow)->idle_ms);
        /* TLS may hold decrypted bytes that the socket will not tell of. */
        if (!wire_has_pending(&conn->wire)) {
            return STEP_WAIT;
        }
    }
    conn->exchange = exchange_take(conn, NULL);
    if (conn->exchange == NULL) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    flow_go(conn, CONN_EXCHANGE);
    return STEP_NEXT;
}

static enum step state_exchange(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    return exchange_step(
        conn->exchange, wire != NULL ? &conn->exchange->client : NULL, events);
}

/* The pump has the descriptors, the reaper has the connection. */
static enum step state_deaf(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    (void)wire;
    (void)events;
    return conn->state == CONN_CLOSING ? STEP_OVER : STEP_WAIT;
}

enum { LINGER_MS = 2000, LINGER_BYTES_MAX = 1 << 20 };

static enum step state_linger(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    struct scratch *scratch = conn->flow->scratch;
    ssize_t n;

    (void)events;
    if (wire == NULL) {
        wire_finish(&conn->wire);
        conn->needs = LOOP_READ;
        conn_deadline(conn, LINGER_MS);
        return STEP_WAIT;
    }
    /* Behind TLS too these are the socket's bytes: nobody will read them. */
    n = recv(
        conn->wire.fd, scratch->bytes, sizeof(scratch->bytes), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return STEP_WAIT;
    }
    if (n > 0) {
        conn->tally.up_bytes += (uint64_t)n;
        conn->lingered += (uint32_t)n;
    }
    if (n <= 0 || conn->lingered > LINGER_BYTES_MAX) {
        return conn_end(conn, conn->end.reason, NULL);
    }
    return STEP_WAIT;
}

static enum step timeout_idle(struct conn *conn)
{
    return conn_quit(
        conn, conn->flow->drain.is_on ? COP_REASON_DRAINED : COP_REASON_IDLE);
}

static enum step timeout_exchange(struct conn *conn)
{
    return exchange_timeout(conn->exchange);
}

static enum step timeout_grant(struct conn *conn)
{
    return conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
}

static enum step timeout_hello(struct conn *conn)
{
    return conn_end(conn, COP_REASON_HELLO_TIMEOUT, NULL);
}

static enum step timeout_handshake(struct conn *conn)
{
    return conn_end(conn, COP_REASON_CLIENT_TLS, "it took too long");
}

static enum step timeout_linger(struct conn *conn)
{
    return conn_end(conn, conn->end.reason, NULL);
}

/* States in which others keep the time. */
static enum step timeout_never(struct conn *conn)
{
    return conn->state == CONN_CLOSING ? STEP_OVER : STEP_WAIT;
}

#define TO(state) (1u << CONN_##state)

static const struct {
    const char *word;
    uint32_t next;
} arrows[CONN_STATES] = {
#define CONN_STATE(symbol, text, to) [CONN_##symbol] = {text, to},
#include "gateway/flow/conn.tbl"
};

static const struct {
    conn_step_fn *step;
    conn_timeout_fn *timeout;
} rows[CONN_STATES] = {
    [CONN_ARRIVE] = {arrive_step, arrive_timeout},
    [CONN_IDLE] = {state_idle, timeout_idle},
    [CONN_EXCHANGE] = {state_exchange, timeout_exchange},
    [CONN_GRANT] = {tunnel_step_grant, timeout_grant},
    [CONN_HELLO] = {tunnel_step_hello, timeout_hello},
    [CONN_DIAL] = {tunnel_step_wait, timeout_never},
    [CONN_UPSTREAM] = {tunnel_step_wait, timeout_never},
    [CONN_MINT] = {tunnel_step_wait, timeout_never},
    [CONN_HANDSHAKE] = {intercept_step_handshake, timeout_handshake},
    [CONN_SPLICE] = {state_deaf, timeout_never},
    [CONN_STREAMS] = {streams_step, streams_timeout},
    [CONN_LINGER] = {state_linger, timeout_linger},
    [CONN_CLOSING] = {state_deaf, timeout_never},
};

const char *conn_state_word(enum conn_state state)
{
    return arrows[state].word;
}

void flow_go(struct conn *conn, enum conn_state to)
{
    if ((arrows[conn->state].next & (1u << to)) != 0) {
        conn->state = to;
        return;
    }
    if (conn->state != CONN_CLOSING) {
        char detail[64];

        snprintf(detail, sizeof(detail), "impossible: from %s to %s",
            arrows[conn->state].word, arrows[to].word);
        conn_end(conn, COP_REASON_INTERNAL, detail);
    }
}

static void conn_arm(struct conn *conn)
{
    unsigned needs = conn->needs;

    if (conn->exchange != NULL) {
        needs = exchange_arm(conn->exchange);
    }
    if (conn->state == CONN_CLOSING || conn->state == CONN_SPLICE ||
        conn->state == CONN_STREAMS) {
        return;
    }
    if (!conn_want(conn, &conn->watch, conn->wire.fd, needs)) {
        (void)conn_end(conn, COP_REASON_MEMORY, NULL);
    }
}

void conn_run(struct conn *conn, const struct wire *wire, unsigned events)
{
    enum step step = rows[conn->state].step(conn, wire, events);

    while (step == STEP_NEXT) {
        step = rows[conn->state].step(conn, NULL, 0);
    }
    if (step == STEP_WAIT && conn->state != CONN_CLOSING) {
        conn_arm(conn);
    }
}

void conn_resume(struct conn *conn, enum step step)
{
    if (step == STEP_NEXT) {
        conn_run(conn, NULL, 0);
    } else if (step == STEP_WAIT && conn->state != CONN_CLOSING) {
        conn_arm(conn);
    }
}

enum step conn_time_out(struct conn *conn)
{
    return rows[conn->state].timeout(conn);
}

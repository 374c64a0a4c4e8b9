/* The exchange machine: one request, its way to the server or to a notice, and
 * the answer.
 *
 *   exchange_take
 *     |
 *     v    exchange_route            forward_attach
 *   HEAD ---------------> UPSTREAM ----------------> FORWARD
 *     |  \_______________________________________/  |  ^  |
 *     |        (a pooled connection is at hand)     |  '--'  forward_retry
 *     |                                             |
 *     |  answer_*          answer_error             | answer_error
 *     '---------> ANSWER <--------------------------'
 *
 *   FORWARD, ANSWER ---> HEAD of the next request, or the exchange is released
 *                        (exchange_end)
 *
 * What holds
 * 1. HEAD: the up lane reads from the client; nothing is decided, nothing is
 *    written. Without a byte of a head there is no exchange. A stream's head
 *    is whole from the first.
 * 2. From the end of HEAD on, `asker` does not change: one world decides a
 *    whole exchange, whatever is reloaded meanwhile.
 * 3. UPSTREAM: where the request goes is known, in `to`; no server's end is
 *    held, exactly one is being waited for.
 * 4. FORWARD: `server` is an end: a wire whose connection, `upstream`, belongs
 *    to nobody else and goes back to the pool only if both messages ended
 *    cleanly and nothing is left on it; or a stream among others.
 * 5. ANSWER: no server's end; the answer is whole in down.out.
 * 6. `reason` is NONE until something rules out that the client's connection
 *    is kept; what was answered says "Connection: close" if it is not NONE.
 * 7. In HTTP/1 no byte of the next request is parsed before this one has been
 *    answered: pipelined requests are decided one by one, in order.
 * 8. A stream's exchange that ended stays, `is_over`, until the turn's end:
 *    nothing frees it while it is being called. */
#include "gateway/flow/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gateway/filter/consent.h"
#include "gateway/flow/answer.h"
#include "gateway/flow/arrive.h"
#include "gateway/flow/forward.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/relay.h"
#include "gateway/flow/request.h"
#include "gateway/flow/streams.h"
#include "gateway/flow/tunnel.h"
#include "gateway/flow/warning.h"
#include "gateway/net/address.h"
#include "gateway/notice/notice.h"

enum { EXCHANGE_ARENA_MAX = 1 << 16, EXCHANGE_EXTRA_MAX = 1 << 13 };

#define TO(state) (1u << EXCHANGE_##state)

static const struct {
    const char *word;
    uint32_t next;
} arrows[EXCHANGE_STATES] = {
#define EXCHANGE_STATE(symbol, text, to) [EXCHANGE_##symbol] = {text, to},
#include "gateway/flow/exchange.tbl"
};

const char *exchange_state_word(enum exchange_state state)
{
    return arrows[state].word;
}

void exchange_go(struct exchange *x, enum exchange_state to)
{
    char detail[64];

    if ((arrows[x->state].next & (1u << to)) != 0) {
        x->state = to;
        return;
    }
    snprintf(detail, sizeof(detail), "impossible: from %s to %s",
        arrows[x->state].word, arrows[to].word);
    exchange_break(x, COP_REASON_INTERNAL, detail);
}

struct http_head *exchange_request(struct exchange *x)
{
    return lane_head(&x->up);
}

/* Spares. */

static void exchange_free(struct exchange **exchange)
{
    struct exchange *x = *exchange;

    *exchange = NULL;
    lane_fini(&x->up);
    lane_fini(&x->down);
    arena_fini(&x->arena);
    buf_fini(&x->extra);
    free(x);
}

static void exchange_on_alarm(struct alarm *alarm)
{
    struct exchange *x = LOOP_OWNER(alarm, struct exchange, alarm);

    exchange_resume(x, exchange_timeout(x));
}

static struct exchange *exchange_new(struct flow *flow)
{
    const struct config_limits *limits = flow_limits(flow);
    struct exchange *x = calloc(1, sizeof(*x));
    enum cop_status up;
    enum cop_status down;

    if (x == NULL) {
        return NULL;
    }
    x->head_bytes = limits->head_bytes;
    x->fields = limits->fields;
    arena_init(&x->arena, EXCHANGE_ARENA_MAX);
    buf_init(&x->extra, EXCHANGE_EXTRA_MAX);
    alarm_init(&x->alarm, flow->parts.loop, exchange_on_alarm);
    up = lane_init(&x->up, &flow->rooms, H1_REQUEST, x->head_bytes, x->fields);
    down = lane_init(
        &x->down, &flow->rooms, H1_RESPONSE, x->head_bytes, x->fields);
    if (up != COP_OK || down != COP_OK) {
        exchange_free(&x);
    }
    return x;
}

static struct exchange *exchange_take_spare(struct flow *flow)
{
    const struct config_limits *limits = flow_limits(flow);

    while (flow->spares != NULL) {
        struct exchange *x = flow->spares;

        flow->spares = x->next;
        flow->spares_n--;
        if (x->head_bytes == limits->head_bytes &&
            x->fields == limits->fields) {
            return x;
        }
        exchange_free(&x);
    }
    return exchange_new(flow);
}

void exchange_free_spares(struct flow *flow)
{
    while (flow->spares != NULL) {
        struct exchange *x = flow->spares;

        flow->spares = x->next;
        exchange_free(&x);
    }
    flow->spares_n = 0;
}

/* Life. */

static void exchange_begin(struct exchange *x)
{
    x->state = EXCHANGE_HEAD;
    x->reason = COP_REASON_NONE;
    x->asker.world = world_hold(x->conn->flow->parts.world);
    x->has_site = x->conn->is_inside;
    x->is_head = false;
    x->upgrades = false;
    x->may_repeat = false;
    x->may_reuse = false;
    x->is_bound = false;
    x->needs_http1 = false;
    x->tries = 0;
    x->interim = 0;
    h1_reader_next(x->up.reader, false, false);
    lane_begin(&x->up, &x->client, NULL);
}

/* What this exchange took part in, into the connection; ready for another. */
static void exchange_finish(struct exchange *x)
{
    if (!exchange_is_stream(x)) {
        x->conn->tally.up_bytes += x->up.read_bytes;
        x->conn->tally.down_bytes += x->down.written_bytes;
    }
    x->up.read_bytes = 0;
    x->down.written_bytes = 0;
    forward_drop(x);
    gate_free(&x->gate);
    world_drop(&x->asker.world);
    arena_reset(&x->arena);
}

struct exchange *exchange_take(struct conn *conn, struct h2_stream *stream)
{
    struct exchange *x = exchange_take_spare(conn->flow);

    if (x == NULL) {
        return NULL;
    }
    x->conn = conn;
    x->is_over = false;
    x->fault.reason = COP_REASON_NONE;
    x->client = (struct end){.wire = stream == NULL ? &conn->wire : NULL,
        .stream = stream,
        .session = stream != NULL ? &conn->streams->session : NULL};
    exchange_begin(x);
    return x;
}

void exchange_release(struct exchange **exchange)
{
    struct exchange *x = *exchange;
    struct flow *flow;

    *exchange = NULL;
    if (x == NULL) {
        return;
    }
    flow = x->conn->flow;
    exchange_finish(x);
    lane_rest(&x->up);
    lane_rest(&x->down);
    alarm_stop(&x->alarm);
    x->client = (struct end){.wire = NULL};
    x->conn = NULL;
    if (flow->spares_n >= FLOW_SPARES_MAX || x->up.is_spent ||
        x->down.is_spent) {
        exchange_free(&x);
        return;
    }
    x->next = flow->spares;
    flow->spares = x;
    flow->spares_n++;
}

/* Where only the connection's end says that a body is over, an end that came
 * too early must look different from a proper one: it is a reset. */
static void exchange_mark_cut(const struct exchange *x)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};

    if (!exchange_is_stream(x) && !x->down.is_raw &&
        x->down.state != LANE_DONE && x->down.framing == HTTP_UNTIL_CLOSE) {
        (void)setsockopt(
            x->conn->wire.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    }
}

void exchange_stop(struct exchange *x)
{
    exchange_mark_cut(x);
    alarm_stop(&x->alarm);
    if (x->upstream != NULL) {
        loop_unwatch(x->conn->flow->parts.loop, &x->upstream->watch);
    }
    if (x->server.stream != NULL) {
        h2_set_user(x->server.stream, NULL);
        h2_reset(x->server.stream, H2_CANCEL);
        session_touch(x->server.session);
    }
    if (x->wait != NULL) {
        upstreams_cancel(&x->wait);
    }
}

/* Whether the request has been read to its end, and nothing behind it. */
static bool exchange_is_consumed(const struct exchange *x)
{
    return x->up.state == LANE_DONE && lane_leftover(&x->up).n == 0;
}

enum step exchange_end(struct exchange *x)
{
    struct conn *conn = x->conn;
    enum cop_reason reason = x->reason;
    bool is_consumed = exchange_is_consumed(x);

    if (exchange_is_stream(x)) {
        return streams_end(x);
    }
    if (reason == COP_REASON_NONE && x->up.state != LANE_DONE) {
        reason = COP_REASON_DONE;
    }
    if (reason == COP_REASON_NONE && !is_consumed) {
        exchange_finish(x);
        exchange_go(x, EXCHANGE_HEAD);
        exchange_begin(x);
        return STEP_NEXT;
    }
    exchange_release(&conn->exchange);
    if (reason == COP_REASON_NONE) {
        flow_go(conn, CONN_IDLE);
        return STEP_NEXT;
    }
    /* Even when all of it was read, more may be on its way. */
    return conn_linger(conn, reason);
}

/* EXCHANGE_HEAD. */

static enum step exchange_forward(
    struct exchange *x, const struct request *request)
{
    struct conn *conn = x->conn;
    struct cop_url *url = &conn->flow->scratch->url;
    struct decision decision;
    struct cop_slice ticket = COP_LIT("");
    bool is_form = consent_is_form(url);

    if (is_form) {
        consent_read(url, &x->arena, &ticket);
    }
    conn->site.host = url->host;
    conn->site.port = url->port;
    conn->site.is_known = true;
    x->has_site = true;
    decision_of_url(
        conn, &x->asker, exchange_request(x), url, ticket, &decision);
    if (decision_is_closed(&decision)) {
        return answer_closed(x, url, &decision);
    }
    if (is_form) {
        return warning_leave(x, url, &decision);
    }
    if (conn->origin.reason != COP_REASON_NONE) {
        if (exchange_is_stream(x)) {
            streams_give_up(conn->streams, &conn->origin);
        }
        return answer_error(x, notice_status_of(conn->origin.reason),
            conn->origin.reason, conn->origin.detail);
    }
    if (gate_set(conn, &x->asker, &decision, &x->gate) != COP_OK) {
        return exchange_break(x, COP_REASON_MEMORY, NULL);
    }
    return forward_begin(x, url, request, &decision);
}

static void exchange_read_request(struct exchange *x, struct request *request)
{
    const struct conn *conn = x->conn;
    struct flow *flow = conn->flow;
    struct cop_slice pseudonym = cop_slice_of(flow->parts.pseudonym);

    if (conn->is_inside) {
        request_read_inside(exchange_request(x), &conn->site.host,
            conn->site.port, pseudonym, &flow->scratch->url, request);
    } else if (arrival_is_transparent(conn)) {
        request_read_brought(exchange_request(x),
            address_port(&conn->arrival->to),
            x->asker.world->config->transparent.nameless == CONFIG_TREAT_REFUSE,
            pseudonym, &flow->scratch->url, request);
    } else {
        request_read_proxy(exchange_request(x), x->asker.world->config,
            pseudonym, &flow->scratch->url, request);
    }
}

static enum step exchange_route(struct exchange *x)
{
    struct conn *conn = x->conn;
    struct request request;

    conn->tally.requests++;
    conn->flow->counts.requests++;
    x->up.state = LANE_BODY;
    x->is_head = request_is_method(exchange_request(x), "HEAD");
    if (identity_of(x->asker.world->identity, &conn->client,
            &x->asker.profile) != COP_OK) {
        return answer_error(x, notice_status_of(COP_REASON_CLIENT_UNKNOWN),
            COP_REASON_CLIENT_UNKNOWN, NULL);
    }
    exchange_read_request(x, &request);
    switch (request.kind) {
    case REQUEST_FORWARD:
        return exchange_forward(x, &request);
    case REQUEST_CONNECT:
        return tunnel_begin(x, &request);
    case REQUEST_BAD:
        break;
    }
    return answer_error(x, request.status, request.reason, request.detail);
}

/* No head yet: with a byte of it the client has request_ms, without one this
 * is an idle connection. */
static enum step exchange_await(struct exchange *x, bool was_begun)
{
    struct conn *conn = x->conn;
    const struct config_limits *limits = &x->asker.world->config->limits;

    if (h1_reader_is_begun(x->up.reader)) {
        if (!was_begun) {
            exchange_deadline(x, limits->request_ms);
        }
        return STEP_WAIT;
    }
    conn->needs = x->up.waits_for;
    exchange_release(&conn->exchange);
    conn_deadline(conn, limits->idle_ms);
    flow_go(conn, CONN_IDLE);
    return STEP_WAIT;
}

static enum step exchange_client_ended(struct exchange *x)
{
    const struct wire *wire = &x->conn->wire;
    bool is_begun = h1_reader_is_begun(x->up.reader);

    if (exchange_is_stream(x)) {
        return exchange_break(x, COP_REASON_CLIENT_ABORT, NULL);
    }
    if (x->up.ended == IO_FAILED &&
        (is_begun || wire->reason != COP_REASON_CLIENT_ABORT)) {
        return conn_end(x->conn, wire->reason, wire->detail);
    }
    return is_begun ? conn_end(x->conn, COP_REASON_CLIENT_ABORT, NULL)
                    : conn_quit(x->conn, COP_REASON_CLIENT_CLOSED);
}

static enum step exchange_step_head(
    struct exchange *x, const struct end *end, unsigned events)
{
    bool was_begun = h1_reader_is_begun(x->up.reader);

    if (!lane_wake(&x->up, end, events)) {
        return exchange_ignore(x, end, events);
    }
    switch (lane_read_head(&x->up)) {
    case LANE_WAITS:
        return exchange_await(x, was_begun);
    case LANE_WHOLE:
        return exchange_route(x);
    case LANE_FAULTY:
        return answer_fault(x);
    case LANE_FROM_ENDED:
    case LANE_TO_ENDED:
        break;
    }
    return exchange_client_ended(x);
}

static enum step exchange_timeout_head(struct exchange *x)
{
    return answer_error(x, notice_status_of(COP_REASON_REQUEST_TIMEOUT),
        COP_REASON_REQUEST_TIMEOUT, NULL);
}

static enum step exchange_timeout_never(struct exchange *x)
{
    (void)x;
    return STEP_WAIT;
}

static enum step exchange_timeout_answer(struct exchange *x)
{
    return exchange_break(x, COP_REASON_IDLE, NULL);
}

/* The table. */

static const struct {
    enum step (*step)(
        struct exchange *x, const struct end *end, unsigned events);
    enum step (*timeout)(struct exchange *x);
} rows[EXCHANGE_STATES] = {
    [EXCHANGE_HEAD] = {exchange_step_head, exchange_timeout_head},
    [EXCHANGE_UPSTREAM] = {exchange_ignore, exchange_timeout_never},
    [EXCHANGE_FORWARD] = {relay_step, relay_timeout},
    [EXCHANGE_ANSWER] = {answer_step, exchange_timeout_answer},
};

enum step exchange_step(
    struct exchange *x, const struct end *end, unsigned events)
{
    return rows[x->state].step(x, end, events);
}

enum step exchange_timeout(struct exchange *x)
{
    return rows[x->state].timeout(x);
}

/* Where it is the connection's only one, the connection's machine goes on with
 * it; where it is one of many, it goes on by itself. */
void exchange_resume(struct exchange *x, enum step step)
{
    if (!exchange_is_stream(x)) {
        conn_resume(x->conn, step);
        return;
    }
    while (step == STEP_NEXT && !x->is_over) {
        step = exchange_step(x, NULL, 0);
    }
    if (!x->is_over) {
        (void)exchange_arm(x);
    }
    session_touch(x->client.session);
}

void exchange_run(struct exchange *x, const struct end *end, unsigned events)
{
    struct conn *conn = x->conn;
    bool is_stream = exchange_is_stream(x);
    enum step step = exchange_step(x, end, events);

    /* One that has its connection to itself may be gone by now. */
    if (is_stream) {
        exchange_resume(x, step);
    } else {
        conn_resume(conn, step);
    }
}

/* A stream that is over in both directions before the exchange is: with both
 * messages whole that is as it should be, and reading tells. */
void exchange_on_stream(struct exchange *x, struct end *end, unsigned events)
{
    unsigned seen = 0;
    bool by_peer = false;

    if (x->is_over || x->conn->state == CONN_CLOSING) {
        return;
    }
    seen |= (events & (H2_NEW | H2_READABLE)) != 0 ? LOOP_READ : 0;
    seen |= (events & H2_WRITABLE) != 0 ? LOOP_WRITE : 0;
    if ((events & H2_ENDED) != 0) {
        end->is_over = true;
        seen |= LOOP_READ | LOOP_WRITE;
        if (end == &x->client &&
            (h2_ending(end->stream, &by_peer) != H2_NO_ERROR || by_peer)) {
            (void)exchange_break(x, COP_REASON_CLIENT_ABORT, NULL);
            return;
        }
    }
    exchange_run(x, end, seen);
}

enum step exchange_ignore(
    struct exchange *x, const struct end *end, unsigned events)
{
    struct loop *loop = x->conn->flow->parts.loop;
    bool is_client = end == &x->client;

    if (end == NULL || end->wire == NULL) {
        return STEP_WAIT;
    }
    if (is_client && (events & LOOP_HANGUP) != 0) {
        return exchange_break(x, COP_REASON_CLIENT_ABORT, NULL);
    }
    if ((events & LOOP_HANGUP) != 0 && x->up.is_raw &&
        x->down.state == LANE_DONE) {
        /* The server closed both ways; nothing else would tell. */
        return relay_end_raw(x);
    }
    loop_want(loop, is_client ? &x->conn->watch : &x->upstream->watch,
        lane_needs(&x->up, end) | lane_needs(&x->down, end));
    return STEP_WAIT;
}

unsigned exchange_arm(struct exchange *x)
{
    if (x->upstream != NULL &&
        !conn_want(x->conn, &x->upstream->watch, x->server.wire->fd,
            lane_needs(&x->up, &x->server) |
                lane_needs(&x->down, &x->server))) {
        (void)exchange_break(x, COP_REASON_MEMORY, NULL);
        return 0;
    }
    if (x->server.stream != NULL) {
        session_touch(x->server.session);
    }
    return lane_needs(&x->up, &x->client) | lane_needs(&x->down, &x->client);
}

void exchange_deadline(struct exchange *x, int64_t delay_ms)
{
    if (!exchange_is_stream(x)) {
        conn_deadline(x->conn, delay_ms);
    } else if (!x->is_over && alarm_set(&x->alarm, delay_ms) != COP_OK) {
        (void)exchange_break(x, COP_REASON_MEMORY, NULL);
    }
}

void exchange_no_deadline(struct exchange *x)
{
    if (exchange_is_stream(x)) {
        alarm_unset(&x->alarm);
    } else {
        conn_no_deadline(x->conn);
    }
}

void exchange_blame(
    struct exchange *x, enum cop_reason reason, const char *detail)
{
    fault_set(
        exchange_is_stream(x) ? &x->fault : &x->conn->end, reason, detail);
}

enum step exchange_break(
    struct exchange *x, enum cop_reason reason, const char *detail)
{
    return exchange_is_stream(x) ? streams_break(x, reason, detail)
                                 : conn_end(x->conn, reason, detail);
}

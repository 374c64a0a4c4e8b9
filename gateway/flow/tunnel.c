#include "gateway/flow/tunnel.h"

#include <stdlib.h>

#include "gateway/filter/modify.h"
#include "gateway/flow/answer.h"
#include "gateway/flow/arrive.h"
#include "gateway/flow/inner.h"
#include "gateway/net/address.h"
#include "gateway/tls/hello.h"

enum {
    TUNNEL_READ_BYTES = 4096, /* today's greetings are 2 KiB */
    TUNNEL_ALERT_BYTES = 7
};

/* TLS alerts that end a connection before it was one (RFC 8446 6.2). */
enum tunnel_alert {
    TUNNEL_ALERT_ACCESS_DENIED = 49,
    TUNNEL_ALERT_DECODE_ERROR = 50,
    TUNNEL_ALERT_UNRECOGNIZED_NAME = 112
};

static const char tunnel_grant[] =
    "HTTP/1.1 200 Connection established\r\n\r\n";

/* first  what the client sent already */
static struct tunnel *tunnel_new(
    const struct asker *asker, struct cop_slice first)
{
    struct tunnel *tunnel = calloc(1, sizeof(*tunnel));

    if (tunnel == NULL) {
        return NULL;
    }
    tunnel->asker.world = world_hold(asker->world);
    tunnel->asker.profile = asker->profile;
    buf_init(&tunnel->hello, HELLO_MAX + LANE_BYTES);
    /* Some clients greet before they were answered. */
    buf_add_slice(&tunnel->hello, first);
    return tunnel;
}

void tunnel_stop(struct tunnel *tunnel)
{
    if (tunnel->dial != NULL) {
        dial_cancel(&tunnel->dial);
    }
    if (tunnel->wait != NULL) {
        upstreams_cancel(&tunnel->wait);
    }
    if (tunnel->leaf != NULL) {
        leaves_cancel(&tunnel->leaf);
    }
}

void tunnel_free(struct tunnel **tunnel)
{
    struct tunnel *it = *tunnel;

    *tunnel = NULL;
    if (it == NULL) {
        return;
    }
    tunnel_stop(it);
    gate_free(&it->gate);
    buf_fini(&it->hello);
    world_drop(&it->asker.world);
    free(it);
}

/* For what was just decided on. */
static bool tunnel_set_gate(struct conn *conn)
{
    return gate_set(conn, &conn->tunnel->asker, &conn->tunnel->decision,
               &conn->tunnel->gate) == COP_OK;
}

const struct cop_host *tunnel_address(
    const struct tunnel *tunnel, struct cop_host *room)
{
    return modify_address(
               tunnel->asker.world->policy, &tunnel->decision.verdict, room)
               ? room
               : NULL;
}

enum step tunnel_begin(struct exchange *x, const struct request *request)
{
    struct conn *conn = x->conn;
    struct decision decision;

    conn->site.host = request->host;
    conn->site.port = request->port;
    conn->site.is_known = true;
    x->has_site = true;
    decision_of_site(conn, &x->asker, &decision);
    if (decision.way == WAY_REFUSE) {
        return answer_block(x, &decision, COP_REASON_REFUSED);
    }
    conn->tunnel = tunnel_new(&x->asker, lane_leftover(&x->up));
    if (conn->tunnel == NULL || !tunnel_set_gate(conn)) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    conn->tunnel->decision = decision;
    exchange_release(&conn->exchange);
    conn_deadline(conn, flow_limits(conn->flow)->idle_ms);
    flow_go(conn, CONN_GRANT);
    return STEP_NEXT;
}

/* Who asks, and where the connection was going: no name is known yet. */
static enum step tunnel_open(struct conn *conn)
{
    struct asker asker = {.world = conn->flow->parts.world};

    arrival_host(conn->arrival, &conn->site.host);
    conn->site.port = address_port(&conn->arrival->to);
    conn->site.is_known = true;
    if (identity_of(asker.world->identity, &conn->client, &asker.profile) !=
        COP_OK) {
        return conn_linger(conn, COP_REASON_CLIENT_UNKNOWN);
    }
    conn->tunnel = tunnel_new(&asker, (struct cop_slice){NULL, 0});
    return conn->tunnel != NULL ? STEP_NEXT
                                : conn_end(conn, COP_REASON_MEMORY, NULL);
}

enum step tunnel_arrive(struct conn *conn)
{
    enum step step = tunnel_open(conn);

    if (conn->tunnel == NULL) {
        return step;
    }
    conn_deadline(conn, conn->tunnel->asker.world->config->limits.hello_ms);
    flow_go(conn, CONN_HELLO);
    return STEP_NEXT;
}

enum step tunnel_pass(struct conn *conn)
{
    struct decision *decision;
    enum step step = STEP_NEXT;

    if (conn->tunnel == NULL) {
        step = tunnel_open(conn);
    }
    if (conn->tunnel == NULL) {
        return step;
    }
    decision = &conn->tunnel->decision;
    decision_of_site(conn, &conn->tunnel->asker, decision);
    if (decision_is_closed(decision)) {
        return conn_linger(conn, COP_REASON_REFUSED);
    }
    if (!tunnel_set_gate(conn)) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    decision->may_inspect = false;
    conn->mode = CONN_SPLICED;
    conn->needs = 0;
    conn_no_deadline(conn);
    return splice_begin(conn);
}

/* A client that went away, or an event too early to be of use. */
static enum step tunnel_ignore(struct conn *conn, unsigned events)
{
    if ((events & LOOP_HANGUP) != 0) {
        return conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
    }
    loop_want(conn->flow->parts.loop, &conn->watch, conn->needs);
    return STEP_WAIT;
}

enum step tunnel_step_grant(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    struct tunnel *tunnel = conn->tunnel;
    size_t left = sizeof(tunnel_grant) - 1 - tunnel->granted;
    size_t put = 0;
    enum io io;

    if (wire != NULL && (events & conn->needs) == 0) {
        return tunnel_ignore(conn, events);
    }
    io = wire_write(&conn->wire, tunnel_grant + tunnel->granted, left, &put);
    if (io == IO_AGAIN) {
        conn->needs = conn->wire.needs;
        return STEP_WAIT;
    }
    if (io != IO_DONE) {
        return conn_end(conn, COP_REASON_CLIENT_ABORT, conn->wire.detail);
    }
    tunnel->granted += put;
    conn->tally.down_bytes += put;
    if (put < left) {
        return STEP_NEXT;
    }
    conn->needs = LOOP_READ;
    conn_deadline(conn, tunnel->asker.world->config->limits.hello_ms);
    flow_go(conn, CONN_HELLO);
    return STEP_NEXT;
}

/* Read once, behind what is there. */
static enum io tunnel_read(struct conn *conn)
{
    struct buf *hello = &conn->tunnel->hello;
    char *room = buf_room(hello, TUNNEL_READ_BYTES);
    size_t got = 0;
    enum io io;

    if (room == NULL) {
        return IO_FAILED;
    }
    io = wire_read(&conn->wire, room, TUNNEL_READ_BYTES, &got);
    if (io == IO_DONE) {
        hello->n += got;
        conn->tally.up_bytes += got;
    }
    return io;
}

/* Say in TLS why nothing comes of it, and end. */
static enum step tunnel_alert(
    struct conn *conn, enum tunnel_alert alert, enum cop_reason reason)
{
    const char record[TUNNEL_ALERT_BYTES] = {
        21, 3, 3, 0, 2, 2 /* fatal */, (char)alert};
    size_t put = 0;

    (void)wire_write(&conn->wire, record, sizeof(record), &put);
    conn->tally.down_bytes += put;
    return conn_linger(conn, reason);
}

/* The name in the greeting and the one in CONNECT are one, or CONNECT named an
 * address only and the name tells more: then it is what is decided on, dialled
 * by its own resolution, and verified. */
static enum step tunnel_name(struct conn *conn, const struct cop_host *name)
{
    struct tunnel *tunnel = conn->tunnel;

    if (cop_host_eq(name, &conn->site.host)) {
        return STEP_NEXT;
    }
    if (conn->site.host.kind == COP_HOST_NAME || name->kind != COP_HOST_NAME) {
        return tunnel_alert(
            conn, TUNNEL_ALERT_UNRECOGNIZED_NAME, COP_REASON_NAME_MISMATCH);
    }
    conn->site.host = *name;
    decision_of_site(conn, &tunnel->asker, &tunnel->decision);
    if (tunnel->decision.way == WAY_REFUSE) {
        return tunnel_alert(
            conn, TUNNEL_ALERT_ACCESS_DENIED, COP_REASON_REFUSED);
    }
    return tunnel_set_gate(conn) ? STEP_NEXT
                                 : conn_end(conn, COP_REASON_MEMORY, NULL);
}

/* The greeting of a connection that was brought here is the first that says
 * which site it is for. The name is decided on; that the address which the
 * client was going to is the name's is seen to when dialling. */
static enum step tunnel_hear(struct conn *conn, const struct hello *hello)
{
    struct tunnel *tunnel = conn->tunnel;
    const struct config_transparent *how =
        &tunnel->asker.world->config->transparent;

    if (!hello->has_sni && how->nameless == CONFIG_TREAT_REFUSE) {
        return tunnel_alert(
            conn, TUNNEL_ALERT_UNRECOGNIZED_NAME, COP_REASON_NO_NAME);
    }
    if (hello->has_ech && how->hidden == CONFIG_TREAT_REFUSE) {
        return tunnel_alert(
            conn, TUNNEL_ALERT_ACCESS_DENIED, COP_REASON_HIDDEN_NAME);
    }
    if (hello->has_sni) {
        conn->site.host = hello->sni;
    }
    decision_of_site(conn, &tunnel->asker, &tunnel->decision);
    if (tunnel->decision.way == WAY_REFUSE) {
        return tunnel_alert(
            conn, TUNNEL_ALERT_ACCESS_DENIED, COP_REASON_REFUSED);
    }
    return tunnel_set_gate(conn) ? STEP_NEXT
                                 : conn_end(conn, COP_REASON_MEMORY, NULL);
}

/* An address says nothing of which site is behind it. Without a name either,
 * only the server's certificate can vouch for it, so it is verified. A name
 * beside an encrypted one may not be the one that is asked for: where the
 * operator wants it, TLS is answered, whereupon the client asks anew. */
static bool tunnel_is_doubtful(
    const struct conn *conn, const struct hello *hello)
{
    const struct config_transparent *how =
        &conn->tunnel->asker.world->config->transparent;
    bool is_nameless = conn->site.host.kind != COP_HOST_NAME && !hello->has_sni;

    if (!arrival_is_transparent(conn)) {
        return is_nameless;
    }
    return (is_nameless && how->nameless != CONFIG_TREAT_PASS) ||
           (hello->has_ech && how->hidden == CONFIG_TREAT_INSPECT);
}

static enum step tunnel_choose(struct conn *conn, const struct hello *hello)
{
    struct decision *decision = &conn->tunnel->decision;

    enum step step = STEP_NEXT;

    if (arrival_is_transparent(conn)) {
        step = tunnel_hear(conn, hello);
    } else if (hello->has_sni) {
        step = tunnel_name(conn, &hello->sni);
    }
    if (conn->state != CONN_HELLO || step != STEP_NEXT) {
        return step;
    }
    if (decision->way == WAY_SPLICE && decision->may_inspect &&
        tunnel_is_doubtful(conn, hello)) {
        decision->way = WAY_INTERCEPT;
        conn->mode = CONN_INTERCEPTED;
    }
    conn->needs = 0;
    conn_no_deadline(conn);
    switch (decision->way) {
    case WAY_SPLICE:
        return splice_begin(conn);
    case WAY_INTERCEPT:
        return intercept_begin(conn);
    case WAY_SHOW:
        return intercept_show(conn);
    case WAY_REFUSE:
        break;
    }
    return conn_end(conn, COP_REASON_INTERNAL, "a refused tunnel is open");
}

static enum step tunnel_client_ended(struct conn *conn, enum io io)
{
    if (io == IO_FAILED && conn->tunnel->hello.failed) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    if (io == IO_FAILED) {
        return conn_end(conn, conn->wire.reason, conn->wire.detail);
    }
    return conn->tunnel->hello.n == 0
               ? conn_quit(conn, COP_REASON_CLIENT_CLOSED)
               : conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
}

static enum step tunnel_not_tls(struct conn *conn)
{
    bool passes = arrival_is_transparent(conn) &&
                  conn->tunnel->asker.world->config->transparent.foreign ==
                      CONFIG_TREAT_PASS;

    return passes ? tunnel_pass(conn) : conn_linger(conn, COP_REASON_NOT_TLS);
}

enum step tunnel_step_hello(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    struct hello hello;
    enum cop_status status = COP_AGAIN;
    enum io io = IO_DONE;

    if (wire != NULL && (events & LOOP_READ) == 0) {
        return tunnel_ignore(conn, events);
    }
    if (wire != NULL) {
        io = tunnel_read(conn);
    }
    if (io != IO_DONE && io != IO_AGAIN) {
        return tunnel_client_ended(conn, io);
    }
    if (conn->tunnel->hello.n > 0) {
        status = hello_parse(buf_slice(&conn->tunnel->hello), &hello);
    }
    if (status == COP_AGAIN) {
        return STEP_WAIT;
    }
    if (status == COP_E_UNSUPPORTED) {
        return tunnel_not_tls(conn);
    }
    if (status != COP_OK) {
        return tunnel_alert(
            conn, TUNNEL_ALERT_DECODE_ERROR, COP_REASON_BAD_HELLO);
    }
    return tunnel_choose(conn, &hello);
}

enum step tunnel_step_wait(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    return wire == NULL ? STEP_WAIT : tunnel_ignore(conn, events);
}

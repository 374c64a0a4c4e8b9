/* Answering TLS in a site's name: never before its server was verified, unless
 * all that will be said is a notice.
 *
 * The verified connection goes to the pool at once: there it is watched while
 * the client shakes hands, the first request takes it out again, and another
 * client of the same site need not wait for one of its own. */
#include "gateway/flow/arrive.h"
#include "gateway/flow/exchange.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/streams.h"
#include "gateway/flow/tunnel.h"

/* Whether HTTP/2 is offered: as the server did, where one was asked, so that
 * the client sees what it would see without us; or as the operator says. */
static bool intercept_offers_h2(const struct tunnel *tunnel)
{
    switch (tunnel->asker.world->config->http2) {
    case CONFIG_HTTP2_ALWAYS:
        return true;
    case CONFIG_HTTP2_NEVER:
        return false;
    case CONFIG_HTTP2_MIRROR:
        break;
    }
    return !tunnel->is_http1;
}

static enum step intercept_start(struct conn *conn, struct leaf *leaf)
{
    struct tunnel *tunnel = conn->tunnel;

    if (wire_start_server(&conn->wire, conn->flow->parts.server, leaf,
            buf_slice(&tunnel->hello)) != COP_OK ||
        (intercept_offers_h2(tunnel) && wire_offer_h2(&conn->wire) != COP_OK)) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    conn_deadline(conn, tunnel->asker.world->config->limits.handshake_ms);
    flow_go(conn, CONN_HANDSHAKE);
    return STEP_NEXT;
}

static void intercept_on_leaf(
    void *context, struct leaf *leaf, enum cop_reason reason)
{
    struct conn *conn = context;

    conn->tunnel->leaf = NULL;
    conn_resume(conn, leaf != NULL ? intercept_start(conn, leaf)
                                   : conn_end(conn, reason, NULL));
}

enum step intercept_show(struct conn *conn)
{
    struct leaf *leaf = NULL;
    enum step step;
    enum cop_status status = leaves_get(conn->flow->parts.leaves,
        &conn->site.host, intercept_on_leaf, conn, &leaf, &conn->tunnel->leaf);

    if (status == COP_AGAIN) {
        flow_go(conn, CONN_MINT);
        return STEP_WAIT;
    }
    if (status != COP_OK) {
        return conn_end(conn,
            status == COP_E_LIMIT ? COP_REASON_LIMIT : COP_REASON_MEMORY, NULL);
    }
    step = intercept_start(conn, leaf);
    leaf_drop(&leaf);
    return step;
}

/* What the server chose is what the client is offered. */
static void intercept_see(struct conn *conn, const struct upstream *upstream)
{
    conn->tally.server_tls = wire_version(&upstream->wire);
    conn->tunnel->is_http1 = upstream->session == NULL;
}

static void intercept_on_upstream(void *context, struct upstream *upstream,
    enum cop_reason reason, const char *detail)
{
    struct conn *conn = context;

    conn->tunnel->wait = NULL;
    if (upstream != NULL) {
        intercept_see(conn, upstream);
        upstream_put(&upstream);
    } else if (reason != COP_REASON_REFUSED ||
               !gate_is_shut(conn->tunnel->gate)) {
        /* Why an address is barred each request inside finds out anew. */
        fault_set(&conn->origin, reason, detail);
    }
    conn_resume(conn, intercept_show(conn));
}

enum step intercept_begin(struct conn *conn)
{
    struct upstream *upstream = NULL;
    struct cop_host address;
    const struct upstream_to to = {
        .dial = {&conn->site.host, conn->site.port,
            gate_bar(conn->tunnel->gate), arrival_aim(conn, &conn->site.host)},
        .mapped = tunnel_address(conn->tunnel, &address),
        .is_tls = true};
    enum cop_status status = upstreams_get(conn->flow->upstreams, &to,
        intercept_on_upstream, conn, &upstream, &conn->tunnel->wait);

    if (status == COP_AGAIN) {
        flow_go(conn, CONN_UPSTREAM);
        return STEP_WAIT;
    }
    if (status == COP_OK) {
        intercept_see(conn, upstream);
        upstream_put(&upstream);
    } else {
        fault_set(&conn->origin,
            status == COP_E_LIMIT ? COP_REASON_LIMIT : COP_REASON_MEMORY, NULL);
    }
    return intercept_show(conn);
}

enum step intercept_step_handshake(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    (void)wire;
    (void)events;
    switch (wire_handshake(&conn->wire)) {
    case IO_DONE:
        break;
    case IO_AGAIN:
        conn->needs = conn->wire.needs;
        return STEP_WAIT;
    case IO_CLOSED:
        return conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
    case IO_FAILED:
        return conn_end(conn, conn->wire.reason, conn->wire.detail);
    }
    conn->is_inside = true;
    conn->tally.client_tls = wire_version(&conn->wire);
    conn->flow->counts.intercepted++;
    tunnel_free(&conn->tunnel);
    if (wire_is_h2(&conn->wire)) {
        return streams_begin(conn);
    }
    conn->exchange = exchange_take(conn, NULL);
    if (conn->exchange == NULL) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    /* The first request often comes with the end of the handshake. */
    flow_go(conn, CONN_EXCHANGE);
    return STEP_NEXT;
}

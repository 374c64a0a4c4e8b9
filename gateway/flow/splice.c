/* Passing a tunnel through unread. The client's greeting, which was read to
 * choose the way, goes to the server first, unchanged. */
#include "gateway/flow/tunnel.h"

#include <unistd.h>

#include "gateway/flow/arrive.h"
#include "gateway/flow/inner.h"

/* The server is out of reach, or no address of it may be used. TLS is not
 * answered yet, so where that is allowed the child gets a page that says so;
 * why an address is barred, the request inside finds out anew, with its URL. */
static enum step splice_fail(struct conn *conn, enum cop_reason reason)
{
    struct tunnel *tunnel = conn->tunnel;
    bool is_barred = reason == COP_REASON_REFUSED && gate_is_shut(tunnel->gate);

    if (is_barred) {
        gate_decide(
            tunnel->gate, !tunnel->decision.may_inspect, &(struct decision){0});
    }
    if (!tunnel->decision.may_inspect) {
        return conn_end(conn, reason, NULL);
    }
    if (!is_barred) {
        fault_set(&conn->origin, reason, NULL);
    }
    conn->mode = CONN_INTERCEPTED;
    return intercept_show(conn);
}

static void splice_on_end(
    void *context, enum cop_reason reason, const struct pump_counts *counts)
{
    struct conn *conn = context;

    conn->pump = NULL; /* frees itself */
    conn->tally.up_bytes += counts->up_bytes;
    conn->tally.down_bytes += counts->down_bytes;
    conn_end(conn, reason, NULL);
}

static enum step splice_start(struct conn *conn, int server)
{
    struct flow *flow = conn->flow;
    struct tunnel *tunnel = conn->tunnel;
    uint32_t idle_ms = tunnel->asker.world->config->limits.idle_ms;
    enum cop_status status;
    int client;

    loop_unwatch(flow->parts.loop, &conn->watch);
    client = wire_take_fd(&conn->wire);
    status = pump_start(flow->parts.loop, client, server,
        buf_slice(&tunnel->hello), idle_ms, splice_on_end, conn, &conn->pump);
    if (status != COP_OK) {
        close(client);
        close(server);
        return conn_end(conn,
            status == COP_E_NOMEM ? COP_REASON_MEMORY : COP_REASON_LIMIT, NULL);
    }
    /* The pump counts the greeting too. */
    conn->tally.up_bytes -= tunnel->hello.n;
    flow->counts.spliced++;
    tunnel_free(&conn->tunnel);
    flow_go(conn, CONN_SPLICE);
    return STEP_WAIT;
}

static void splice_dialled(void *context, int fd, enum cop_reason reason,
    const struct sockaddr_storage *address)
{
    struct conn *conn = context;

    (void)address;
    conn->tunnel->dial = NULL;
    conn_resume(
        conn, fd >= 0 ? splice_start(conn, fd) : splice_fail(conn, reason));
}

enum step splice_begin(struct conn *conn)
{
    struct cop_host address;
    const struct cop_host *mapped = tunnel_address(conn->tunnel, &address);
    const struct dial_to to = {
        .host = mapped != NULL ? mapped : &conn->site.host,
        .port = conn->site.port,
        .bar = gate_bar(conn->tunnel->gate),
        .aim = mapped != NULL ? (struct aim){.kind = AIM_NONE}
                              : arrival_aim(conn, &conn->site.host)};
    enum cop_status status = dial_start(
        conn->flow->dialer, &to, splice_dialled, conn, &conn->tunnel->dial);

    if (status != COP_OK) {
        return conn_end(conn,
            status == COP_E_NOMEM ? COP_REASON_MEMORY : COP_REASON_LIMIT, NULL);
    }
    flow_go(conn, CONN_DIAL);
    return STEP_WAIT;
}

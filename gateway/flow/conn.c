#include "gateway/flow/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/flow/arrive.h"
#include "gateway/flow/exchange.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/streams.h"
#include "gateway/flow/tunnel.h"
#include "gateway/record/record.h"

static const char *const mode_words[] = {
    [CONN_PLAIN] = "plain",
    [CONN_SPLICED] = "splice",
    [CONN_INTERCEPTED] = "intercept",
    [CONN_REFUSED] = "refuse",
};

const char *conn_mode_word(enum conn_mode mode)
{
    return mode_words[mode];
}

void fault_set(struct fault *fault, enum cop_reason reason, const char *detail)
{
    fault->reason = reason;
    snprintf(fault->detail, sizeof(fault->detail), "%s",
        detail != NULL ? detail : "");
}

static void conn_unlink(struct conn *conn)
{
    *conn->link = conn->next;
    if (conn->next != NULL) {
        conn->next->link = conn->link;
    }
}

static void conn_link(struct conn *conn, struct conn **list)
{
    conn->next = *list;
    conn->link = list;
    if (*list != NULL) {
        (*list)->link = &conn->next;
    }
    *list = conn;
}

static void conn_on_event(struct watch *watch, unsigned events)
{
    struct conn *conn = LOOP_OWNER(watch, struct conn, watch);

    conn_run(conn, &conn->wire, events);
}

static void conn_on_alarm(struct alarm *alarm)
{
    struct conn *conn = LOOP_OWNER(alarm, struct conn, alarm);

    conn_resume(conn, conn_time_out(conn));
}

void conn_deadline(struct conn *conn, int64_t delay_ms)
{
    if (alarm_set(&conn->alarm, delay_ms) != COP_OK) {
        (void)conn_end(conn, COP_REASON_MEMORY, NULL);
    }
}

void conn_no_deadline(struct conn *conn)
{
    alarm_unset(&conn->alarm);
}

enum cop_status conn_open(struct flow *flow, int fd,
    const struct sockaddr_storage *client, uint32_t door, struct conn **out)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    int on = 1;

    if (conn == NULL) {
        return COP_E_NOMEM;
    }
    watch_init(&conn->watch, conn_on_event);
    if (arrival_new(flow, door, &conn->arrival) != COP_OK) {
        free(conn);
        return COP_E_NOMEM;
    }
    if (loop_watch(flow->parts.loop, &conn->watch, fd, LOOP_READ) != COP_OK) {
        arrival_free(&conn->arrival);
        free(conn);
        return COP_E_IO;
    }
    /* Answers are written whole; waiting to fill segments only delays them. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    wire_init(&conn->wire, fd);
    alarm_init(&conn->alarm, flow->parts.loop, conn_on_alarm);
    conn->flow = flow;
    conn->number = ++flow->counts.connections;
    conn->client = *client;
    conn->state = conn->arrival != NULL ? CONN_ARRIVE : CONN_IDLE;
    conn->needs = LOOP_READ;
    conn->tally.began_ms = loop_now_ms(flow->parts.loop);
    conn_link(conn, &flow->conns);
    flow->counts.open++;
    *out = conn;
    conn_deadline(conn, flow_limits(flow)->idle_ms);
    return COP_OK;
}

static void conn_record(const struct conn *conn)
{
    struct flow *flow = conn->flow;
    const struct record_end end = {.connection = conn->number,
        .mode = conn_mode_word(conn->mode),
        .protocol = conn->is_h2 ? "h2" : NULL,
        .reason = conn->end.reason,
        .detail = conn->end.detail[0] != '\0' ? conn->end.detail : NULL,
        .host = conn->site.is_known ? &conn->site.host : NULL,
        .client_tls = conn->tally.client_tls,
        .server_tls = conn->tally.server_tls,
        .requests = conn->tally.requests,
        .up_bytes = conn->tally.up_bytes,
        .down_bytes = conn->tally.down_bytes,
        .lasted_ms = loop_now_ms(flow->parts.loop) - conn->tally.began_ms,
        .is_private = conn->is_private};

    flow->counts.ended[conn->end.reason]++;
    if (conn->site.is_known && !conn->is_private) {
        exempt_note(&flow->exempt, &conn->site.host, conn->end.reason);
    }
    record_end(flow->parts.record, &end);
}

void conn_free(struct conn **conn)
{
    struct conn *it = *conn;

    *conn = NULL;
    conn_end(it, COP_REASON_DRAINED, NULL);
    exchange_release(&it->exchange);
    tunnel_free(&it->tunnel);
    streams_free(&it->streams);
    wire_close(&it->wire);
    arrival_free(&it->arrival);
    conn_record(it);
    conn_unlink(it);
    crowd_leave(&it->crowd);
    it->flow->counts.open--;
    free(it);
}

/* After this nothing calls back. */
static void conn_stop(struct conn *conn)
{
    struct loop *loop = conn->flow->parts.loop;

    loop_unwatch(loop, &conn->watch);
    alarm_stop(&conn->alarm);
    if (conn->exchange != NULL) {
        exchange_stop(conn->exchange);
    }
    if (conn->streams != NULL) {
        streams_stop(conn->streams);
    }
    if (conn->tunnel != NULL) {
        tunnel_stop(conn->tunnel);
    }
    pump_cancel(&conn->pump);
}

enum step conn_end(
    struct conn *conn, enum cop_reason reason, const char *detail)
{
    if (conn->state == CONN_CLOSING) {
        return STEP_OVER;
    }
    if (conn->end.reason == COP_REASON_NONE) {
        fault_set(&conn->end,
            reason != COP_REASON_NONE ? reason : COP_REASON_INTERNAL, detail);
    }
    conn->state = CONN_CLOSING;
    conn_stop(conn);
    conn_unlink(conn);
    conn_link(conn, &conn->flow->closing);
    loop_defer(conn->flow->parts.loop, &conn->flow->reaper);
    return STEP_OVER;
}

enum step conn_quit(struct conn *conn, enum cop_reason reason)
{
    wire_finish(&conn->wire);
    return conn_end(conn, reason, NULL);
}

enum step conn_linger(struct conn *conn, enum cop_reason reason)
{
    if (conn->end.reason == COP_REASON_NONE) {
        fault_set(&conn->end, reason, NULL);
    }
    flow_go(conn, CONN_LINGER);
    return STEP_NEXT;
}

bool conn_want(struct conn *conn, struct watch *watch, int fd, unsigned needs)
{
    struct loop *loop = conn->flow->parts.loop;

    if (watch->fd >= 0) {
        loop_want(loop, watch, needs | (watch->wanted & LOOP_READ));
        return true;
    }
    return needs == 0 || fd < 0 || loop_watch(loop, watch, fd, needs) == COP_OK;
}

/* CONN_STREAMS: many exchanges over one connection.
 *
 * What holds
 * 1. Every stream that its session told of has an exchange, its user, until
 *    the exchange is over; `live` holds them.
 * 2. What is over holds nothing that could call it: it waits in `over` until
 *    the turn ends, because it may be its own callback that ended it. Then its
 *    stream is the session's alone, which frees it once its last byte is out.
 * 3. Each exchange keeps its own time. The connection's deadline is for when
 *    there is none: to be silent, and to let the last bytes go.
 * 4. One exchange's end never ends another, nor the connection. What ends that
 *    is the session's own business: a client that breaks the protocol, spends
 *    a budget, closes; or a drain.
 *
 * Leaving takes two steps (RFC 9113 6.8): first the client is told to open no
 * more streams, and what it had sent before it heard of that is still served;
 * STREAMS_GRACE_MS later the last stream is named. */
#include "gateway/flow/streams.h"

#include <stdlib.h>

#include "gateway/flow/inner.h"
#include "gateway/record/record.h"

enum { STREAMS_GRACE_MS = 1000 };

static void streams_on_stream(
    struct session *session, struct h2_stream *stream, unsigned events);
static void streams_on_turn(struct session *session);

static const struct session_owner streams_owner = {
    .on_stream = streams_on_stream, .on_turn = streams_on_turn};

static void streams_unlink(struct exchange *x)
{
    *x->link = x->next;
    if (x->next != NULL) {
        x->next->link = x->link;
    }
}

static void streams_link(struct exchange *x, struct exchange **list)
{
    x->next = *list;
    x->link = list;
    if (*list != NULL) {
        (*list)->link = &x->next;
    }
    *list = x;
}

/* It is over: nothing calls it any more. */
static enum step streams_retire(struct exchange *x)
{
    struct streams *streams = x->conn->streams;

    if (x->is_over) {
        return STEP_OVER;
    }
    x->is_over = true;
    exchange_stop(x);
    h2_set_user(x->client.stream, NULL);
    streams_unlink(x);
    streams_link(x, &streams->over);
    session_touch(&streams->session);
    return STEP_OVER;
}

enum step streams_end(struct exchange *x)
{
    return streams_retire(x);
}

/* What the client is told of why its stream is broken off. What the server
 * said is passed on where it means the same to both. */
static enum h2_code streams_code(
    const struct exchange *x, enum cop_reason reason)
{
    bool by_peer = false;
    enum h2_code code;

    if (x->server.stream != NULL && reason == COP_REASON_ORIGIN_ABORT) {
        code = h2_ending(x->server.stream, &by_peer);
        if (by_peer && (code == H2_CANCEL || code == H2_ENHANCE_YOUR_CALM)) {
            return code;
        }
    }
    switch (cop_reason_whose(reason)) {
    case COP_WHOSE_CLIENT:
        return reason == COP_REASON_BAD_REQUEST ? H2_PROTOCOL_ERROR : H2_CANCEL;
    case COP_WHOSE_PEER_OK:
    case COP_WHOSE_POLICY:
        return H2_CANCEL;
    case COP_WHOSE_ORIGIN:
    case COP_WHOSE_OURS:
    default:
        return H2_INTERNAL_ERROR;
    }
}

enum step streams_break(
    struct exchange *x, enum cop_reason reason, const char *detail)
{
    if (x->is_over) {
        return STEP_OVER;
    }
    if (x->fault.reason == COP_REASON_NONE) {
        fault_set(&x->fault, reason, detail);
    }
    x->conn->streams->was_cut |= x->conn->streams->session.is_deaf;
    h2_reset(x->client.stream, streams_code(x, reason));
    return streams_retire(x);
}

static void streams_record(const struct streams *streams, uint32_t number,
    enum cop_reason reason, const char *detail)
{
    struct conn *conn = streams->conn;
    const struct record_stream line = {.connection = conn->number,
        .stream = number,
        .reason = reason,
        .detail = detail[0] != '\0' ? detail : NULL,
        .host = conn->site.is_known ? &conn->site.host : NULL,
        .is_private = conn->is_private};

    record_stream(conn->flow->parts.record, &line);
}

/* Free those that are over. Whether there were any. */
static bool streams_reap(struct streams *streams)
{
    bool had = streams->over != NULL;

    while (streams->over != NULL) {
        struct exchange *x = streams->over;
        struct h2_stream *stream = x->client.stream;

        if (x->fault.reason != COP_REASON_NONE) {
            streams_record(
                streams, h2_id(stream), x->fault.reason, x->fault.detail);
        }
        streams_unlink(x);
        exchange_release(&x);
        h2_release(&stream, H2_INTERNAL_ERROR);
    }
    return had;
}

static struct exchange *streams_open(
    struct streams *streams, struct h2_stream *stream)
{
    struct exchange *x = exchange_take(streams->conn, stream);

    if (x == NULL) {
        h2_release(&stream, H2_REFUSED_STREAM);
        return NULL;
    }
    h2_set_user(stream, x);
    streams_link(x, &streams->live);
    streams->conn->flow->counts.streams++;
    return x;
}

static void streams_on_stream(
    struct session *session, struct h2_stream *stream, unsigned events)
{
    struct streams *streams = LOOP_OWNER(session, struct streams, session);
    struct exchange *x = h2_user(stream);

    if (x == NULL && (events & H2_NEW) != 0) {
        x = streams_open(streams, stream);
    }
    if (x != NULL) {
        exchange_on_stream(x, &x->client, events);
    }
}

/* Messages that the session refused by itself had no exchange. */
static void streams_record_refusals(struct streams *streams)
{
    uint16_t status = 0;
    const char *text;

    while ((text = h2_next_refusal(streams->session.h2, &status)) != NULL) {
        streams->conn->tally.requests++;
        streams->conn->flow->counts.requests++;
        streams_record(streams, 0,
            status == 431 ? COP_REASON_HEAD_TOO_LARGE : COP_REASON_BAD_REQUEST,
            text);
    }
}

static void streams_finish(struct streams *streams)
{
    struct conn *conn = streams->conn;
    const char *detail = "";
    enum cop_reason reason = session_ending(&streams->session, &detail);

    /* With nothing under way it does not matter how the client left. */
    if (reason == COP_REASON_CLIENT_ABORT && !streams->was_cut) {
        reason = COP_REASON_NONE;
        detail = "";
    }
    if (reason == COP_REASON_NONE && conn->end.reason == COP_REASON_NONE) {
        reason = conn->flow->drain.is_on ? COP_REASON_DRAINED
                                         : COP_REASON_CLIENT_CLOSED;
    }
    if (reason != COP_REASON_NONE) {
        fault_set(&conn->end, reason, detail);
    }
    (void)conn_quit(conn, conn->end.reason);
}

static void streams_on_turn(struct session *session)
{
    struct streams *streams = LOOP_OWNER(session, struct streams, session);
    struct conn *conn = streams->conn;
    bool had = streams_reap(streams);

    streams_record_refusals(streams);
    if (session_is_over(session)) {
        streams_finish(streams);
        return;
    }
    if (had) {
        /* Their streams' ends may have to be written. */
        session_touch(session);
    }
    if (had || streams->live != NULL) {
        if (streams->left_ms < 0 || streams->has_left) {
            conn_deadline(conn, flow_limits(conn->flow)->idle_ms);
        }
        return;
    }
    h2_relax(session->h2);
}

void streams_leave(struct streams *streams)
{
    if (streams->left_ms >= 0) {
        return;
    }
    streams->left_ms = loop_now_ms(streams->session.loop);
    h2_leave(streams->session.h2);
    session_touch(&streams->session);
    conn_deadline(streams->conn, STREAMS_GRACE_MS);
}

/* No more streams from now on. */
static void streams_leave_now(struct streams *streams)
{
    struct conn *conn = streams->conn;

    if (streams->left_ms < 0) {
        streams->left_ms = loop_now_ms(streams->session.loop);
        h2_leave(streams->session.h2);
    }
    streams->has_left = true;
    h2_leave_now(streams->session.h2);
    session_touch(&streams->session);
    conn_deadline(conn, streams->live != NULL ? flow_limits(conn->flow)->idle_ms
                                              : STREAMS_GRACE_MS);
}

enum step streams_timeout(struct conn *conn)
{
    struct streams *streams = conn->streams;
    enum cop_reason reason =
        conn->flow->drain.is_on ? COP_REASON_DRAINED : COP_REASON_IDLE;
    int64_t idle_ms = flow_limits(conn->flow)->idle_ms;
    int64_t silent_ms =
        loop_now_ms(streams->session.loop) - streams->session.moved_ms;

    if (streams->left_ms >= 0 && !streams->has_left) {
        streams_leave_now(streams);
        return STEP_WAIT;
    }
    if (streams->live != NULL) {
        conn_deadline(conn, idle_ms); /* they keep their own time */
        return STEP_WAIT;
    }
    if (h2_held(streams->session.h2) > 0 && silent_ms < idle_ms) {
        conn_deadline(conn, idle_ms - silent_ms);
        return STEP_WAIT;
    }
    if (streams->has_left) {
        return conn_quit(conn, reason);
    }
    fault_set(&conn->end, reason, NULL);
    streams_leave_now(streams);
    return STEP_WAIT;
}

void streams_give_up(struct streams *streams, const struct fault *fault)
{
    if (!streams->has_left) {
        fault_set(&streams->conn->end, fault->reason, fault->detail);
        streams_leave_now(streams);
    }
}

enum step streams_step(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    session_ready(&conn->streams->session, wire != NULL ? events : 0);
    return conn->state == CONN_CLOSING ? STEP_OVER : STEP_WAIT;
}

/* Room for two uploads that wait for their servers, and for what every stream
 * may take ahead of a client that does not read. */
static uint32_t streams_window_all(const struct config_limits *limits)
{
    uint64_t ahead = (uint64_t)limits->streams * limits->stream_ahead;
    uint64_t held = (uint64_t)limits->stream_window * 2;
    uint64_t most = ahead > held ? ahead : held;

    return most < INT32_MAX ? (uint32_t)most : INT32_MAX;
}

static struct h2_options streams_options(
    const struct config_limits *limits, bool is_tls)
{
    return (struct h2_options){.role = H2_SERVER,
        .targets = H2_ORIGIN,
        .is_tls = is_tls,
        .has_websocket = true,
        .head_bytes = limits->head_bytes,
        .fields = limits->fields,
        .streams = limits->streams,
        .window = limits->stream_window,
        .window_all = streams_window_all(limits),
        .send_bytes = limits->stream_ahead,
        .out_bytes = limits->stream_out};
}

enum step streams_begin(struct conn *conn)
{
    struct flow *flow = conn->flow;
    const struct h2_options options =
        streams_options(flow_limits(flow), conn->wire.tls != NULL);
    struct streams *streams = calloc(1, sizeof(*streams));

    if (streams == NULL || session_init(&streams->session, flow->parts.loop,
                               &options, &streams_owner) != COP_OK) {
        free(streams);
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    session_attach(
        &streams->session, &conn->wire, &conn->watch, flow->scratch->bytes);
    streams->conn = conn;
    streams->left_ms = -1;
    conn->streams = streams;
    conn->is_h2 = true;
    conn_deadline(conn, flow_limits(flow)->idle_ms);
    flow_go(conn, CONN_STREAMS);
    if (flow->drain.is_on) {
        streams_leave(streams);
    }
    return STEP_NEXT;
}

void streams_stop(struct streams *streams)
{
    session_stop(&streams->session);
    for (struct exchange *x = streams->live; x != NULL; x = x->next) {
        exchange_stop(x);
    }
}

void streams_free(struct streams **streams)
{
    struct streams *it = *streams;

    *streams = NULL;
    if (it == NULL) {
        return;
    }
    it->conn->streams = it; /* its exchanges end as its own */
    while (it->live != NULL) {
        (void)streams_retire(it->live);
    }
    (void)streams_reap(it);
    it->conn->streams = NULL;
    it->conn->tally.up_bytes += it->session.read_bytes;
    it->conn->tally.down_bytes += it->session.written_bytes;
    session_fini(&it->session);
    free(it);
}

#include "gateway/flow/upgrade.h"

#include <stdlib.h>

#include "gateway/flow/inner.h"

enum { UPGRADE_ROUNDS = 16 }; /* readings before others get a turn */

/* One direction. */
struct pipe {
    struct wire *from;
    struct wire *to;
    struct buf rest; /* read and not yet written; empty most of the time */
    size_t rest_at;
    bool is_ended;         /* `from` will send no more */
    bool is_finished;      /* and `to` was told so */
    struct wire *waits_on; /* NULL: due at once */
    unsigned waits_for;
    const struct wire *broken; /* which end failed, after IO_FAILED */
    uint64_t bytes;
};

struct upgrade {
    struct conn *conn;
    struct upstream *upstream;
    uint32_t idle_ms;
    enum cop_reason first; /* whose end came first */
    struct pipe up;
    struct pipe down;
};

static void upgrade_on_server(struct watch *watch, unsigned events)
{
    const struct upstream *upstream = LOOP_OWNER(watch, struct upstream, watch);
    const struct upgrade *upgrade = upstream->user;

    conn_run(upgrade->conn, &upstream->wire, events);
}

static void pipe_init(struct pipe *pipe, struct wire *from, struct wire *to)
{
    pipe->from = from;
    pipe->to = to;
}

/* What a lane has not written yet, and what it read behind its head. */
static void pipe_take(struct pipe *pipe, const struct lane *lane)
{
    buf_init(&pipe->rest, lane->out.max + LANE_BYTES + FLOW_SCRATCH_BYTES);
    if (lane->out_at < lane->out.n) {
        buf_add(&pipe->rest, lane->out.p + lane->out_at,
            lane->out.n - lane->out_at);
    }
    buf_add_slice(&pipe->rest, lane_leftover(lane));
}

enum step upgrade_begin(struct exchange *x)
{
    struct conn *conn = x->conn;
    struct upgrade *upgrade = calloc(1, sizeof(*upgrade));
    struct wire *server = &x->upstream->wire;

    if (upgrade == NULL) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    upgrade->conn = conn;
    upgrade->idle_ms = x->asker.world->config->limits.idle_ms;
    pipe_init(&upgrade->up, &conn->wire, server);
    pipe_init(&upgrade->down, server, &conn->wire);
    pipe_take(&upgrade->up, &x->up);
    pipe_take(&upgrade->down, &x->down);
    upgrade->upstream = x->upstream;
    upgrade->upstream->user = upgrade;
    upgrade->upstream->watch.fn = upgrade_on_server;
    x->upstream = NULL;
    conn->upgrade = upgrade;
    exchange_release(&conn->exchange);
    if (upgrade->up.rest.failed || upgrade->down.rest.failed) {
        return conn_end(conn, COP_REASON_MEMORY, NULL);
    }
    flow_go(conn, CONN_UPGRADED);
    return STEP_NEXT;
}

void upgrade_stop(struct upgrade *upgrade)
{
    loop_unwatch(upgrade->conn->flow->parts.loop, &upgrade->upstream->watch);
}

void upgrade_free(struct upgrade **upgrade)
{
    struct upgrade *it = *upgrade;

    *upgrade = NULL;
    if (it == NULL) {
        return;
    }
    it->conn->tally.up_bytes += it->up.bytes;
    it->conn->tally.down_bytes += it->down.bytes;
    upgrade_stop(it);
    upstream_close(&it->upstream);
    buf_fini(&it->up.rest);
    buf_fini(&it->down.rest);
    free(it);
}

static bool pipe_is_due(
    struct pipe *pipe, const struct wire *wire, unsigned events)
{
    if (pipe->is_finished ||
        (pipe->waits_on != NULL &&
            (pipe->waits_on != wire || (pipe->waits_for & events) == 0))) {
        return false;
    }
    pipe->waits_on = NULL;
    return true;
}

static unsigned pipe_needs(const struct pipe *pipe, const struct wire *wire)
{
    return !pipe->is_finished && pipe->waits_on == wire ? pipe->waits_for : 0;
}

static enum io pipe_wait(struct pipe *pipe, struct wire *wire, unsigned events)
{
    pipe->waits_on = wire;
    pipe->waits_for = events;
    return IO_AGAIN;
}

static enum io pipe_break(struct pipe *pipe, const struct wire *wire)
{
    pipe->broken = wire;
    return IO_FAILED;
}

/* Write all of `bytes` that can be; what cannot is kept in `rest`. */
static enum io pipe_write(struct pipe *pipe, struct cop_slice bytes)
{
    while (bytes.n > 0) {
        size_t put = 0;
        enum io io = wire_write(pipe->to, bytes.p, bytes.n, &put);

        if (io == IO_AGAIN) {
            buf_add_slice(&pipe->rest, bytes);
            return pipe->rest.failed
                       ? pipe_break(pipe, pipe->to)
                       : pipe_wait(pipe, pipe->to, pipe->to->needs);
        }
        if (io != IO_DONE) {
            return pipe_break(pipe, pipe->to);
        }
        pipe->bytes += put;
        bytes.p += put;
        bytes.n -= put;
    }
    return IO_DONE;
}

static enum io pipe_write_rest(struct pipe *pipe)
{
    while (pipe->rest_at < pipe->rest.n) {
        size_t put = 0;
        enum io io = wire_write(pipe->to, pipe->rest.p + pipe->rest_at,
            pipe->rest.n - pipe->rest_at, &put);

        if (io == IO_AGAIN) {
            return pipe_wait(pipe, pipe->to, pipe->to->needs);
        }
        if (io != IO_DONE) {
            return pipe_break(pipe, pipe->to);
        }
        pipe->bytes += put;
        pipe->rest_at += put;
    }
    pipe->rest_at = 0;
    buf_release(&pipe->rest);
    return IO_DONE;
}

static enum io pipe_read(
    struct pipe *pipe, struct scratch *scratch, struct cop_slice *got)
{
    enum io io;

    got->p = scratch->bytes;
    got->n = 0;
    io = wire_read(pipe->from, scratch->bytes, sizeof(scratch->bytes), &got->n);
    if (io == IO_AGAIN) {
        return pipe_wait(pipe, pipe->from, pipe->from->needs);
    }
    return io == IO_FAILED ? pipe_break(pipe, pipe->from) : io;
}

/* Move what can be moved. IO_AGAIN: it waits; IO_CLOSED: `from` ended properly
 * and `to` was told; IO_FAILED. */
static enum io pipe_move(struct pipe *pipe, struct scratch *scratch)
{
    enum io io = pipe_write_rest(pipe);

    for (unsigned round = 0; io == IO_DONE; round++) {
        struct cop_slice got = {NULL, 0};

        if (pipe->is_ended) {
            wire_finish(pipe->to);
            pipe->is_finished = true;
            return IO_CLOSED;
        }
        if (round == UPGRADE_ROUNDS) {
            /* As lane_move(): the receiver is ready, and will wake us. */
            return pipe_wait(pipe, pipe->to, LOOP_WRITE);
        }
        io = pipe_read(pipe, scratch, &got);
        if (io == IO_CLOSED) {
            pipe->is_ended = true;
            io = IO_DONE;
        } else if (io == IO_DONE) {
            io = pipe_write(pipe, got);
        }
    }
    return io;
}

static enum step upgrade_run(
    struct upgrade *upgrade, struct pipe *pipe, enum cop_reason closed)
{
    struct conn *conn = upgrade->conn;

    switch (pipe_move(pipe, conn->flow->scratch)) {
    case IO_DONE:
    case IO_AGAIN:
        return STEP_WAIT;
    case IO_CLOSED:
        if (upgrade->first == COP_REASON_NONE) {
            upgrade->first = closed;
        }
        break;
    case IO_FAILED:
        return conn_end(conn,
            pipe->broken == &conn->wire ? COP_REASON_CLIENT_ABORT
                                        : COP_REASON_ORIGIN_ABORT,
            pipe->broken->detail);
    }
    if (upgrade->up.is_finished && upgrade->down.is_finished) {
        return conn_end(conn, upgrade->first, NULL);
    }
    return STEP_WAIT;
}

/* One end broke, or closed both ways, while nothing waited for it. */
static enum step upgrade_hangup(struct upgrade *upgrade, bool is_client)
{
    struct conn *conn = upgrade->conn;
    bool is_down_over = upgrade->down.is_finished;

    if (is_client && !is_down_over) {
        return conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
    }
    if (!is_client && is_down_over) {
        return conn_end(conn, upgrade->first, NULL);
    }
    /* What it sent before may still be unread: whoever reads it will see. */
    return STEP_WAIT;
}

static enum step upgrade_ignore(
    struct upgrade *upgrade, const struct wire *wire, unsigned events)
{
    struct conn *conn = upgrade->conn;
    bool is_client = wire == &conn->wire;

    if (wire == NULL) {
        return STEP_WAIT;
    }
    loop_want(conn->flow->parts.loop,
        is_client ? &conn->watch : &upgrade->upstream->watch,
        pipe_needs(&upgrade->up, wire) | pipe_needs(&upgrade->down, wire));
    return (events & LOOP_HANGUP) != 0 ? upgrade_hangup(upgrade, is_client)
                                       : STEP_WAIT;
}

enum step upgrade_step(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    struct upgrade *upgrade = conn->upgrade;
    bool is_up_due = pipe_is_due(&upgrade->up, wire, events);
    bool is_down_due = pipe_is_due(&upgrade->down, wire, events);
    enum step step = STEP_WAIT;

    if (!is_up_due && !is_down_due) {
        return upgrade_ignore(upgrade, wire, events);
    }
    conn_deadline(conn, upgrade->idle_ms);
    if (is_up_due) {
        step = upgrade_run(upgrade, &upgrade->up, COP_REASON_CLIENT_CLOSED);
    }
    if (is_down_due && step == STEP_WAIT) {
        step = upgrade_run(upgrade, &upgrade->down, COP_REASON_ORIGIN_CLOSED);
    }
    return step;
}

enum step upgrade_timeout(struct conn *conn)
{
    return conn_quit(conn, COP_REASON_IDLE);
}

unsigned upgrade_arm(struct upgrade *upgrade)
{
    struct conn *conn = upgrade->conn;
    const struct wire *client = &conn->wire;
    const struct wire *server = &upgrade->upstream->wire;

    conn_want(conn, &upgrade->upstream->watch, server->fd,
        pipe_needs(&upgrade->up, server) | pipe_needs(&upgrade->down, server));
    return pipe_needs(&upgrade->up, client) |
           pipe_needs(&upgrade->down, client);
}

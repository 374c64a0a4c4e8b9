/* Stopping without breaking off: who is busy, or becomes so, ends with
 * "Connection: close" or GOAWAY, who stays idle is closed, and who has not
 * ended in time is ended. */
#include "gateway/flow/inner.h"
#include "gateway/flow/streams.h"

static void drain_tell(struct task *task)
{
    struct drain *drain = LOOP_OWNER(task, struct drain, task);
    flow_drained_fn *done = drain->done;

    drain->done = NULL;
    loop_clear_timer(
        LOOP_OWNER(drain, struct flow, drain)->parts.loop, &drain->timer);
    done(drain->context);
}

static void drain_force(struct timer *timer)
{
    struct drain *drain = LOOP_OWNER(timer, struct drain, timer);
    struct flow *flow = LOOP_OWNER(drain, struct flow, drain);

    while (flow->conns != NULL) {
        conn_end(flow->conns, COP_REASON_DRAINED, NULL);
    }
}

void drain_init(struct flow *flow)
{
    timer_init(&flow->drain.timer, drain_force);
    task_init(&flow->drain.task, drain_tell);
}

void drain_fini(struct flow *flow)
{
    loop_clear_timer(flow->parts.loop, &flow->drain.timer);
    loop_cancel_task(flow->parts.loop, &flow->drain.task);
}

void drain_check(struct flow *flow)
{
    if (flow->drain.done != NULL && flow->conns == NULL &&
        flow->closing == NULL) {
        loop_defer(flow->parts.loop, &flow->drain.task);
    }
}

/* Whoever is between two requests may be sending one: it is answered, with
 * "Connection: close", and only who asks for nothing is closed. */
static void drain_idle(struct conn *conn)
{
    conn_deadline(conn, FLOW_DRAIN_GRACE_MS);
}

void flow_drain(struct flow *flow, flow_drained_fn *done, void *context)
{
    struct conn *next;

    if (flow->drain.is_on) {
        return;
    }
    flow->drain.is_on = true;
    flow->drain.done = done;
    flow->drain.context = context;
    for (struct conn *conn = flow->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->state == CONN_IDLE || conn->state == CONN_ARRIVE) {
            drain_idle(conn);
        } else if (conn->state == CONN_STREAMS) {
            streams_leave(conn->streams);
        }
    }
    /* Without a timer nothing would end a tunnel. */
    if (loop_set_timer(flow->parts.loop, &flow->drain.timer,
            flow_limits(flow)->drain_ms) != COP_OK) {
        drain_force(&flow->drain.timer);
    }
    drain_check(flow);
}

/* Two ways, each from one side to the other; both are the same code.
 *
 *   empty --way_fill--> in flight --way_drain--> empty
 *   empty --way_fill reads the end--> ended --way_drain--> shut
 *
 * Invariants
 * 1. A way has a pipe only while bytes are in it. Pipes come from the loop's
 *    stock, so a message costs two splices and no pipe.
 * 2. A side is read only while the way out of it is empty: what the other side
 *    does not take stays in the first side's own buffers, and slows it down.
 * 3. The end is passed on (shutdown) after the last byte before it, and the
 *    other way goes on: TLS and SSH both end one way first.
 * 4. The pump ends when both ways are shut, or at the first failure; who ended
 *    or failed first is the reason, whatever comes after. */
#include "gateway/net/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PUMP_CHUNK = 65536,
    PUMP_BURST = 16384, /* less than this at once was the end of a burst */
    PUMP_ROUNDS = 4     /* at most, before others have their turn */
};

struct side {
    struct pump *pump;
    struct watch watch;
    enum cop_reason closed; /* the reason when this side ends */
    enum cop_reason aborted;
};

struct way {
    struct pump *pump;
    struct side *from;
    struct side *to;
    int pipe[2];
    size_t in_pipe;
    char *first; /* goes before anything else; NULL when sent */
    size_t first_n;
    size_t first_at;
    bool is_ended; /* nothing more will come */
    bool is_shut;  /* and the other side was told */
    uint64_t *bytes;
};

struct pump {
    struct loop *loop;
    struct side a;
    struct side b;
    struct way up;
    struct way down;
    struct pump_counts counts;
    struct timer idle;
    uint32_t idle_ms;
    int64_t moved_ms; /* when a byte moved last */
    enum cop_reason reason;
    bool is_over;
    pump_fn *fn;
    void *context;
    struct task free;
};

/* The end. */

static void side_close(struct side *side)
{
    int fd = side->watch.fd;

    loop_unwatch(side->pump->loop, &side->watch);
    (void)close(fd);
}

static void way_fini(struct way *way)
{
    loop_give_pipe(way->pump->loop, way->pipe, way->in_pipe == 0);
    free(way->first);
    way->first = NULL;
}

static void pump_close(struct pump *pump)
{
    loop_clear_timer(pump->loop, &pump->idle);
    side_close(&pump->a);
    side_close(&pump->b);
    way_fini(&pump->up);
    way_fini(&pump->down);
    pump->is_over = true;
}

static void pump_on_free(struct task *task)
{
    free(LOOP_OWNER(task, struct pump, free));
}

static void pump_blame(struct pump *pump, enum cop_reason reason)
{
    if (pump->reason == COP_REASON_NONE) {
        pump->reason = reason;
    }
}

static void pump_end(struct pump *pump, enum cop_reason reason)
{
    pump_blame(pump, reason);
    pump_close(pump);
    loop_defer(pump->loop, &pump->free);
    pump->fn(pump->context, pump->reason, &pump->counts);
}

/* The ways. */

enum step {
    STEP_DONE, /* try the next one */
    STEP_WAIT, /* until a side is ready */
    STEP_OVER  /* the pump has ended */
};

static bool way_is_empty(const struct way *way)
{
    return way->in_pipe == 0 && way->first == NULL;
}

static void way_count(struct way *way, size_t n)
{
    *way->bytes += n;
    way->pump->moved_ms = loop_now_ms(way->pump->loop);
}

static enum step way_blocked(struct way *way, struct side *by)
{
    if (errno == EAGAIN || errno == EINTR) {
        return STEP_WAIT;
    }
    pump_end(way->pump, by->aborted);
    return STEP_OVER;
}

static enum step way_send_first(struct way *way)
{
    ssize_t n;

    if (way->first == NULL) {
        return STEP_DONE;
    }
    n = send(way->to->watch.fd, way->first + way->first_at,
        way->first_n - way->first_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
        return way_blocked(way, way->to);
    }
    way_count(way, (size_t)n);
    way->first_at += (size_t)n;
    if (way->first_at < way->first_n) {
        return STEP_WAIT;
    }
    free(way->first);
    way->first = NULL;
    return STEP_DONE;
}

/* Send what is in flight; then, if nothing more will come, say so. */
static enum step way_drain(struct way *way)
{
    enum step step = way_send_first(way);

    if (step != STEP_DONE) {
        return step;
    }
    while (way->in_pipe > 0) {
        ssize_t n = splice(way->pipe[0], NULL, way->to->watch.fd, NULL,
            way->in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

        if (n <= 0) {
            return way_blocked(way, way->to);
        }
        way_count(way, (size_t)n);
        way->in_pipe -= (size_t)n;
    }
    loop_give_pipe(way->pump->loop, way->pipe, true);
    if (way->is_ended && !way->is_shut) {
        (void)shutdown(way->to->watch.fd, SHUT_WR);
        way->is_shut = true;
    }
    return way->is_ended ? STEP_WAIT : STEP_DONE;
}

/* Take what has come; *moved gets how much. */
static enum step way_fill(struct way *way, size_t *moved)
{
    ssize_t n;

    if (loop_take_pipe(way->pump->loop, way->pipe) != COP_OK) {
        pump_end(way->pump, COP_REASON_LIMIT);
        return STEP_OVER;
    }
    n = splice(way->from->watch.fd, NULL, way->pipe[1], NULL, PUMP_CHUNK,
        SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n <= 0) {
        int error = errno;

        loop_give_pipe(way->pump->loop, way->pipe, true);
        errno = error;
    }
    if (n < 0) {
        return way_blocked(way, way->from);
    }
    if (n == 0) {
        way->is_ended = true;
        pump_blame(way->pump, way->from->closed);
    }
    *moved = (size_t)n;
    way->in_pipe = (size_t)n;
    return STEP_DONE;
}

/* Move what can be moved. Returns false when the pump is over. */
static bool way_move(struct way *way)
{
    enum step step = STEP_DONE;

    for (int i = 0; i < PUMP_ROUNDS && step == STEP_DONE; i++) {
        size_t moved = 0;

        step = way_drain(way);
        if (step == STEP_DONE) {
            step = way_fill(way, &moved);
        }
        if (step == STEP_DONE) {
            step = way_drain(way);
        }
        if (moved < PUMP_BURST) {
            break;
        }
    }
    return step != STEP_OVER;
}

/* The pump. */

static void side_want(
    struct side *side, const struct way *out, const struct way *in)
{
    unsigned wanted = 0;

    if (way_is_empty(out) && !out->is_ended) {
        wanted |= LOOP_READ;
    }
    if (!way_is_empty(in)) {
        wanted |= LOOP_WRITE;
    }
    loop_want(side->pump->loop, &side->watch, wanted);
}

static void pump_settle(struct pump *pump)
{
    if (pump->up.is_shut && pump->down.is_shut) {
        pump_end(pump, COP_REASON_INTERNAL); /* blamed already */
        return;
    }
    side_want(&pump->a, &pump->up, &pump->down);
    side_want(&pump->b, &pump->down, &pump->up);
}

/* Whether a side that nothing is wanted of has broken off. */
static bool side_is_broken(const struct side *side)
{
    int error = 0;
    socklen_t n = sizeof(error);

    return getsockopt(side->watch.fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 ||
           error != 0;
}

static void pump_on_event(struct watch *watch, unsigned events)
{
    struct side *side = LOOP_OWNER(watch, struct side, watch);
    struct pump *pump = side->pump;
    struct way *out = side == &pump->a ? &pump->up : &pump->down;
    struct way *in = side == &pump->a ? &pump->down : &pump->up;

    if (events == LOOP_HANGUP && side_is_broken(side)) {
        pump_end(pump, side->aborted);
        return;
    }
    if ((events & LOOP_WRITE) != 0 && !way_move(in)) {
        return;
    }
    if ((events & LOOP_READ) != 0 && !way_move(out)) {
        return;
    }
    pump_settle(pump);
}

static void pump_on_idle(struct timer *timer)
{
    struct pump *pump = LOOP_OWNER(timer, struct pump, idle);
    int64_t left = pump->moved_ms + pump->idle_ms - loop_now_ms(pump->loop);

    if (left <= 0) {
        pump_end(pump, COP_REASON_IDLE);
    } else if (loop_set_timer(pump->loop, timer, left) != COP_OK) {
        pump_end(pump, COP_REASON_MEMORY);
    }
}

static void side_init(struct side *side, struct pump *pump,
    enum cop_reason closed, enum cop_reason aborted)
{
    *side = (struct side){.pump = pump, .closed = closed, .aborted = aborted};
    watch_init(&side->watch, pump_on_event);
}

static void way_init(struct way *way, struct pump *pump, struct side *from,
    struct side *to, uint64_t *bytes)
{
    *way = (struct way){
        .pump = pump, .from = from, .to = to, .pipe = {-1, -1}, .bytes = bytes};
}

static struct pump *pump_new(struct loop *loop, struct cop_slice first)
{
    struct pump *pump = calloc(1, sizeof(*pump));

    if (pump == NULL) {
        return NULL;
    }
    pump->loop = loop;
    side_init(
        &pump->a, pump, COP_REASON_CLIENT_CLOSED, COP_REASON_CLIENT_ABORT);
    side_init(
        &pump->b, pump, COP_REASON_ORIGIN_CLOSED, COP_REASON_ORIGIN_ABORT);
    way_init(&pump->up, pump, &pump->a, &pump->b, &pump->counts.up_bytes);
    way_init(&pump->down, pump, &pump->b, &pump->a, &pump->counts.down_bytes);
    timer_init(&pump->idle, pump_on_idle);
    task_init(&pump->free, pump_on_free);
    if (first.n > 0) {
        pump->up.first = malloc(first.n);
        pump->up.first_n = first.n;
    }
    if (first.n > 0 && pump->up.first == NULL) {
        free(pump);
        return NULL;
    }
    if (first.n > 0) {
        memcpy(pump->up.first, first.p, first.n);
    }
    return pump;
}

enum cop_status pump_start(struct loop *loop, int a, int b,
    struct cop_slice first, uint32_t idle_ms, pump_fn *fn, void *context,
    struct pump **out)
{
    struct pump *pump = pump_new(loop, first);
    enum cop_status status;

    if (pump == NULL) {
        return COP_E_NOMEM;
    }
    pump->idle_ms = idle_ms;
    pump->moved_ms = loop_now_ms(loop);
    pump->fn = fn;
    pump->context = context;
    status = loop_set_timer(loop, &pump->idle, idle_ms);
    if (status == COP_OK) {
        status =
            loop_watch(loop, &pump->a.watch, a, first.n > 0 ? 0 : LOOP_READ);
    }
    if (status == COP_OK) {
        status = loop_watch(loop, &pump->b.watch, b,
            first.n > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    }
    if (status != COP_OK) {
        loop_unwatch(loop, &pump->a.watch);
        loop_clear_timer(loop, &pump->idle);
        free(pump->up.first);
        free(pump);
        return status;
    }
    *out = pump;
    return COP_OK;
}

void pump_cancel(struct pump **pump)
{
    struct pump *it = *pump;

    *pump = NULL;
    if (it == NULL || it->is_over) {
        return;
    }
    pump_close(it);
    free(it);
}

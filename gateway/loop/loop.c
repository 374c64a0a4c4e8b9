/* The loop: wait, read the clock, tell watches, fire timers, end the turn.
 *
 * Invariants
 * 1. A callback may unwatch, close, free or watch anything. Events fetched for
 *    a watch are struck out when it is unwatched, so a descriptor number that
 *    is used again in the same turn never gets another's event.
 * 2. A watch hears only what it wants at the moment it is told; what an
 *    earlier callback of the turn switched off is not delivered.
 * 3. A watch that wants nothing is registered edge-triggered: the kernel tells
 *    hang-ups unasked, and level-triggered they would make the loop spin.
 * 4. A pass over timers fires at most as many as were set when it began, and a
 *    pass over tasks runs those that were queued when it began, so nothing
 *    that re-arms itself keeps the descriptors waiting.
 *
 * Tried and left: striking out by a generation number in the event's data
 * costs a table; a turn's events are 128, and looking through the rest of them
 * is cheaper than the system call that unwatching is anyway. */
#include "gateway/loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "gateway/loop/heap.h"

enum { LOOP_EVENTS = 128, LOOP_PIPES = 16 };

struct task_list {
    struct task *first;
    struct task **end; /* where the next one is linked */
};

struct loop {
    int epoll;
    bool is_stopped;
    int64_t now_ms;
    int64_t unix_s;
    struct heap timers;
    struct task_list deferred; /* for the end of this turn */
    struct task_list running;  /* being run */
    int pipes[LOOP_PIPES][2];
    unsigned pipes_n;
    int events_n; /* fetched in this turn */
    int events_i; /* the next one to tell */
    struct epoll_event events[LOOP_EVENTS];
};

static int64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void loop_read_clocks(struct loop *loop)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    loop->unix_s = now.tv_sec;
    loop->now_ms = clock_ms();
}

static void list_init(struct task_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct task_list *list, struct task *task)
{
    task->next = NULL;
    *list->end = task;
    list->end = &task->next;
}

static bool list_remove(struct task_list *list, struct task *task)
{
    for (struct task **link = &list->first; *link != NULL;
         link = &(*link)->next) {
        if (*link == task) {
            *link = task->next;
            if (list->end == &task->next) {
                list->end = link;
            }
            return true;
        }
    }
    return false;
}

enum cop_status loop_new(struct loop **out)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return COP_E_NOMEM;
    }
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return COP_E_IO;
    }
    list_init(&loop->deferred);
    list_init(&loop->running);
    loop_read_clocks(loop);
    *out = loop;
    return COP_OK;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int64_t loop_unix(const struct loop *loop)
{
    return loop->unix_s;
}

/* Watches. */

static uint32_t watch_epoll_events(unsigned wanted)
{
    uint32_t events = 0;

    if (wanted == 0) {
        return EPOLLET;
    }
    if ((wanted & LOOP_READ) != 0) {
        events |= EPOLLIN;
    }
    if ((wanted & LOOP_WRITE) != 0) {
        events |= EPOLLOUT;
    }
    return events;
}

static unsigned watch_events(const struct watch *watch, uint32_t events)
{
    unsigned told = 0;

    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        return LOOP_HANGUP | watch->wanted;
    }
    if ((events & EPOLLIN) != 0) {
        told |= LOOP_READ;
    }
    if ((events & EPOLLOUT) != 0) {
        told |= LOOP_WRITE;
    }
    return told & watch->wanted;
}

void watch_init(struct watch *watch, watch_fn *fn)
{
    *watch = (struct watch){.fn = fn, .fd = -1};
}

enum cop_status loop_watch(
    struct loop *loop, struct watch *watch, int fd, unsigned wanted)
{
    struct epoll_event event = {
        .events = watch_epoll_events(wanted), .data.ptr = watch};

    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        return COP_E_IO;
    }
    watch->fd = fd;
    watch->wanted = wanted;
    return COP_OK;
}

void loop_want(struct loop *loop, struct watch *watch, unsigned wanted)
{
    struct epoll_event event = {
        .events = watch_epoll_events(wanted), .data.ptr = watch};

    if (watch->fd < 0 || watch->wanted == wanted) {
        return;
    }
    if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) != 0) {
        /* Closed while watched: our bug, and the connection would hang. */
        abort();
    }
    watch->wanted = wanted;
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
    if (watch->fd < 0) {
        return;
    }
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = loop->events_i; i < loop->events_n; i++) {
        if (loop->events[i].data.ptr == watch) {
            loop->events[i].data.ptr = NULL;
        }
    }
    watch->fd = -1;
    watch->wanted = 0;
}

static void loop_tell_watches(struct loop *loop)
{
    loop->events_i = 0;
    while (loop->events_i < loop->events_n) {
        const struct epoll_event *event = &loop->events[loop->events_i++];
        struct watch *watch = event->data.ptr;
        unsigned told;

        if (watch == NULL) {
            continue;
        }
        told = watch_events(watch, event->events);
        if (told != 0) {
            watch->fn(watch, told);
        }
    }
    loop->events_n = 0;
}

/* Timers. */

void timer_init(struct timer *timer, timer_fn *fn)
{
    *timer = (struct timer){.fn = fn, .place = UINT32_MAX};
}

enum cop_status loop_set_timer(
    struct loop *loop, struct timer *timer, int64_t delay_ms)
{
    timer->at_ms = loop->now_ms + delay_ms;
    return heap_put(&loop->timers, timer);
}

void loop_clear_timer(struct loop *loop, struct timer *timer)
{
    heap_take(&loop->timers, timer);
}

static void loop_fire_timers(struct loop *loop)
{
    for (uint32_t left = loop->timers.n; left > 0; left--) {
        struct timer *timer = heap_first(&loop->timers);

        if (timer == NULL || timer->at_ms > loop->now_ms) {
            return;
        }
        heap_take(&loop->timers, timer);
        timer->fn(timer);
    }
}

/* Tasks. */

void task_init(struct task *task, task_fn *fn)
{
    *task = (struct task){.fn = fn};
}

void loop_defer(struct loop *loop, struct task *task)
{
    if (task->is_queued) {
        return;
    }
    task->is_queued = true;
    list_add(&loop->deferred, task);
}

void loop_cancel_task(struct loop *loop, struct task *task)
{
    if (!task->is_queued) {
        return;
    }
    task->is_queued = false;
    if (!list_remove(&loop->deferred, task)) {
        (void)list_remove(&loop->running, task);
    }
}

static void loop_run_deferred(struct loop *loop)
{
    if (loop->deferred.first == NULL) {
        return;
    }
    loop->running = loop->deferred;
    list_init(&loop->deferred);
    while (loop->running.first != NULL) {
        struct task *task = loop->running.first;

        loop->running.first = task->next;
        task->is_queued = false;
        task->fn(task);
    }
    list_init(&loop->running);
}

/* Pipes. */

enum cop_status loop_take_pipe(struct loop *loop, int out[2])
{
    if (loop->pipes_n > 0) {
        loop->pipes_n--;
        out[0] = loop->pipes[loop->pipes_n][0];
        out[1] = loop->pipes[loop->pipes_n][1];
        return COP_OK;
    }
    return pipe2(out, O_NONBLOCK | O_CLOEXEC) == 0 ? COP_OK : COP_E_LIMIT;
}

void loop_give_pipe(struct loop *loop, int pipe[2], bool is_empty)
{
    if (pipe[0] < 0) {
        return;
    }
    if (is_empty && loop->pipes_n < LOOP_PIPES) {
        loop->pipes[loop->pipes_n][0] = pipe[0];
        loop->pipes[loop->pipes_n][1] = pipe[1];
        loop->pipes_n++;
    } else {
        (void)close(pipe[0]);
        (void)close(pipe[1]);
    }
    pipe[0] = pipe[1] = -1;
}

/* The turn. */

/* How long to wait: not at all with work queued, else until the next timer. */
static int loop_patience_ms(const struct loop *loop)
{
    const struct timer *next = heap_first(&loop->timers);
    int64_t ms;

    if (loop->deferred.first != NULL) {
        return 0;
    }
    if (next == NULL) {
        return -1;
    }
    ms = next->at_ms - clock_ms(); /* the turn itself took time */
    if (ms <= 0) {
        return 0;
    }
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static enum cop_status loop_turn(struct loop *loop)
{
    int n = epoll_wait(
        loop->epoll, loop->events, LOOP_EVENTS, loop_patience_ms(loop));

    if (n < 0 && errno != EINTR) {
        return COP_E_IO;
    }
    loop->events_n = n < 0 ? 0 : n;
    loop_read_clocks(loop);
    loop_tell_watches(loop);
    loop_fire_timers(loop);
    loop_run_deferred(loop);
    return COP_OK;
}

enum cop_status loop_run(struct loop *loop)
{
    enum cop_status status = COP_OK;

    loop_read_clocks(loop);
    while (!loop->is_stopped && status == COP_OK) {
        status = loop_turn(loop);
    }
    loop->is_stopped = false;
    return status;
}

void loop_stop(struct loop *loop)
{
    loop->is_stopped = true;
}

void loop_free(struct loop **loop)
{
    struct loop *it = *loop;

    if (it == NULL) {
        return;
    }
    while (it->deferred.first != NULL) {
        loop_run_deferred(it);
    }
    while (it->pipes_n > 0) {
        it->pipes_n--;
        (void)close(it->pipes[it->pipes_n][0]);
        (void)close(it->pipes[it->pipes_n][1]);
    }
    heap_fini(&it->timers);
    (void)close(it->epoll);
    free(it);
    *loop = NULL;
}

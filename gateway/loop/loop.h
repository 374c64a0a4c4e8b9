/* One thread's events: descriptors, timers, and what to do at the end of a
 * turn. Nothing here allocates per event; watches and timers are embedded in
 * their owners. */
#ifndef GATEWAY_LOOP_H
#define GATEWAY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/status.h"

/* The struct that embeds `member`, from a pointer to it. */
#define LOOP_OWNER(pointer, type, member)                                      \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

struct loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };

struct watch;
/* events   LOOP_READ, LOOP_WRITE as wanted; LOOP_HANGUP (error or both sides
 *          closed) may come unasked, always together with what was wanted: to
 *          a watch that sleeps it comes alone, and once */
typedef void watch_fn(struct watch *watch, unsigned events);
struct watch {
    watch_fn *fn;
    int fd;          /* -1 when not watched */
    unsigned wanted; /* LOOP_READ | LOOP_WRITE; 0 keeps it registered, asleep */
};

struct timer;
typedef void timer_fn(struct timer *timer);
struct timer {
    timer_fn *fn;
    int64_t at_ms;  /* of the loop's monotonic clock */
    uint32_t place; /* in the heap; UINT32_MAX when not set */
};

/* Work for the end of this turn, when no callback is running any more: the
 * place to free what a callback was called on. Each task runs once. */
struct task;
typedef void task_fn(struct task *task);
struct task {
    task_fn *fn;
    struct task *next;
    bool is_queued;
};

COP_MUST_USE enum cop_status loop_new(struct loop **out);
/* Runs what is still deferred, so that what was to be freed then is freed. */
void loop_free(struct loop **loop);

/* Milliseconds of a monotonic clock, read once a turn. */
int64_t loop_now_ms(const struct loop *loop);
/* Seconds since 1970, read once a turn. */
int64_t loop_unix(const struct loop *loop);

/* Set up an unwatched watch / unset timer / unqueued task. */
void watch_init(struct watch *watch, watch_fn *fn);
void timer_init(struct timer *timer, timer_fn *fn);
void task_init(struct task *task, task_fn *fn);

/* Watch a descriptor (level-triggered). Returns COP_OK or COP_E_IO. */
COP_MUST_USE enum cop_status loop_watch(
    struct loop *loop, struct watch *watch, int fd, unsigned wanted);
/* Change what is wanted; costs a system call only when it differs. Nothing
 * happens to a watch that is not watched. */
void loop_want(struct loop *loop, struct watch *watch, unsigned wanted);
/* Stop watching; call before closing the descriptor. No callback comes after,
 * not even for events already fetched in this turn. */
void loop_unwatch(struct loop *loop, struct watch *watch);

/* (Re)set a timer to fire once in `delay_ms` >= 0. COP_OK or COP_E_NOMEM;
 * setting one that is set already does not fail. */
COP_MUST_USE enum cop_status loop_set_timer(
    struct loop *loop, struct timer *timer, int64_t delay_ms);
void loop_clear_timer(struct loop *loop, struct timer *timer);

/* Run a task at the end of this turn; one deferred by a deferred task runs at
 * the end of the next turn, which does not wait. */
void loop_defer(struct loop *loop, struct task *task);

/* Take a deferred task back, so that its owner may be freed. Nothing happens to
 * one that is not queued. */
void loop_cancel_task(struct loop *loop, struct task *task);

/* An empty, non-blocking pipe: a spare one of this loop's small stock, else a
 * new one. [0] is read from, [1] written to; now the caller's.
 * Returns COP_OK or COP_E_LIMIT (out of descriptors). */
COP_MUST_USE enum cop_status loop_take_pipe(struct loop *loop, int out[2]);
/* Give a pipe back to the stock, or close it when the stock is full or
 * something is still in it. Sets both ends to -1; they may be -1 already. */
void loop_give_pipe(struct loop *loop, int pipe[2], bool is_empty);

/* Run until loop_stop(), which may also come first. COP_OK or COP_E_IO. */
COP_MUST_USE enum cop_status loop_run(struct loop *loop);
/* Stop at the end of this turn. */
void loop_stop(struct loop *loop);

#endif

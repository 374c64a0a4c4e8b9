/* The loop: descriptors, timers, tasks and pipes of one thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/loop/heap.h"
#include "gateway/loop/loop.h"

struct world {
    struct loop *loop;
    struct timer limit; /* stops a test that would wait for ever */
};

/* One side of a socket pair and what was heard of it. */
struct ear {
    struct loop *loop;
    struct watch watch;
    int fd;
    unsigned heard;
    int calls;
    struct ear *other; /* to be unwatched by this one's callback */
    int replacement;   /* descriptor to reuse the other's number with */
};

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("the loop did not stop in time");
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(loop_new(&world->loop), COP_OK);
    timer_init(&world->limit, on_limit);
    assert_int_equal(loop_set_timer(world->loop, &world->limit, 5000), COP_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    loop_clear_timer(world->loop, &world->limit);
    loop_free(&world->loop);
    assert_null(world->loop);
    free(world);
    return 0;
}

static void pair(int out[2])
{
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, out), 0);
}

static void on_event(struct watch *watch, unsigned events)
{
    struct ear *ear = LOOP_OWNER(watch, struct ear, watch);

    ear->heard |= events;
    ear->calls++;
    loop_stop(ear->loop);
}

static void ear_open(
    struct ear *ear, struct loop *loop, int fd, unsigned wanted)
{
    *ear = (struct ear){.loop = loop, .fd = fd};
    watch_init(&ear->watch, on_event);
    assert_int_equal(loop_watch(loop, &ear->watch, fd, wanted), COP_OK);
}

static void ear_close(struct ear *ear)
{
    loop_unwatch(ear->loop, &ear->watch);
    (void)close(ear->fd);
}

/* Stops the loop once, after some time. */
struct bell {
    struct loop *loop;
    struct timer timer;
    int rings;
};

static void on_bell(struct timer *timer)
{
    struct bell *bell = LOOP_OWNER(timer, struct bell, timer);

    bell->rings++;
    loop_stop(bell->loop);
}

static void run_for(struct loop *loop, int64_t ms)
{
    struct bell bell = {.loop = loop};

    timer_init(&bell.timer, on_bell);
    do {
        if (bell.timer.place == UINT32_MAX) {
            assert_int_equal(loop_set_timer(loop, &bell.timer, ms), COP_OK);
        }
        assert_int_equal(loop_run(loop), COP_OK);
    } while (bell.rings == 0);
}

static void test_read_and_write(void **state)
{
    struct world *world = *state;
    struct ear ear;
    int fd[2];

    pair(fd);
    ear_open(&ear, world->loop, fd[0], LOOP_READ);
    assert_int_equal(write(fd[1], "x", 1), 1);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(ear.heard, LOOP_READ);

    ear.heard = 0;
    loop_want(world->loop, &ear.watch, LOOP_READ | LOOP_WRITE);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(ear.heard, LOOP_READ | LOOP_WRITE);

    ear.heard = 0;
    loop_want(world->loop, &ear.watch, LOOP_WRITE);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(ear.heard, LOOP_WRITE);
    ear_close(&ear);
    assert_int_equal(ear.watch.fd, -1);
    (void)close(fd[1]);
}

static void test_asleep_hears_a_hangup_once(void **state)
{
    struct world *world = *state;
    struct ear ear;
    int fd[2];

    pair(fd);
    ear_open(&ear, world->loop, fd[0], 0);
    assert_int_equal(write(fd[1], "x", 1), 1);
    run_for(world->loop, 20);
    assert_int_equal(ear.calls, 0);
    (void)close(fd[1]);
    run_for(world->loop, 20);
    assert_int_equal(ear.heard, LOOP_HANGUP);
    assert_in_range(ear.calls, 1, 2);

    ear.heard = 0;
    loop_want(world->loop, &ear.watch, LOOP_READ);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(ear.heard, LOOP_HANGUP | LOOP_READ);
    ear_close(&ear);
}

static void on_event_silence_other(struct watch *watch, unsigned events)
{
    struct ear *ear = LOOP_OWNER(watch, struct ear, watch);

    on_event(watch, events);
    loop_want(ear->loop, &ear->other->watch, LOOP_WRITE);
    loop_want(ear->loop, &ear->other->watch, 0);
}

/* Two ears with something to read, each set on the other. */
static void two_ears(
    struct world *world, struct ear ears[2], int far[2], watch_fn *fn)
{
    for (int i = 0; i < 2; i++) {
        int fd[2];

        pair(fd);
        far[i] = fd[1];
        ear_open(&ears[i], world->loop, fd[0], LOOP_READ);
        ears[i].watch.fn = fn;
        ears[i].other = &ears[1 - i];
        assert_int_equal(write(fd[1], "x", 1), 1);
    }
}

static void test_silenced_in_the_same_turn(void **state)
{
    struct world *world = *state;
    struct ear ears[2];
    int far[2];

    two_ears(world, ears, far, on_event_silence_other);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(ears[0].calls + ears[1].calls, 1);
    for (int i = 0; i < 2; i++) {
        ear_close(&ears[i]);
        (void)close(far[i]);
    }
}

/* Unwatch and close the other, then watch a silent descriptor that got the
 * same number with the same watch. */
static void on_event_replace_other(struct watch *watch, unsigned events)
{
    struct ear *ear = LOOP_OWNER(watch, struct ear, watch);
    int number = ear->other->fd;

    on_event(watch, events);
    if (ear->replacement < 0) {
        return;
    }
    ear_close(ear->other);
    assert_int_equal(dup2(ear->replacement, number), number);
    ear_open(ear->other, ear->loop, number, LOOP_READ);
    ear->other->other = ear;
    ear->other->replacement = -1;
    ear->replacement = -1;
}

static void test_number_reused_in_the_same_turn(void **state)
{
    struct world *world = *state;
    struct ear ears[2];
    int silent[2];
    int far[2];

    pair(silent);
    two_ears(world, ears, far, on_event_replace_other);
    ears[0].replacement = ears[1].replacement = silent[0];
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(ears[0].calls + ears[1].calls, 1);
    for (int i = 0; i < 2; i++) {
        ear_close(&ears[i]);
        (void)close(far[i]);
        (void)close(silent[i]);
    }
}

static void on_event_free_other(struct watch *watch, unsigned events)
{
    struct ear *ear = LOOP_OWNER(watch, struct ear, watch);

    on_event(watch, events);
    if (ear->other != NULL) {
        ear_close(ear->other);
        free(ear->other);
        ear->other = NULL;
    }
}

static void test_freed_in_the_same_turn(void **state)
{
    struct world *world = *state;
    struct ear *ears[2];
    int far[2];

    for (int i = 0; i < 2; i++) {
        int fd[2];

        pair(fd);
        far[i] = fd[1];
        ears[i] = malloc(sizeof(struct ear));
        assert_non_null(ears[i]);
        ear_open(ears[i], world->loop, fd[0], LOOP_READ);
        ears[i]->watch.fn = on_event_free_other;
        assert_int_equal(write(fd[1], "x", 1), 1);
    }
    ears[0]->other = ears[1];
    ears[1]->other = ears[0];
    assert_int_equal(loop_run(world->loop), COP_OK);
    for (int i = 0; i < 2; i++) {
        /* Whichever was told first freed the other and forgot it. */
        (void)close(far[i]);
    }
    /* epoll reports in order of readiness: the first was told. */
    assert_null(ears[0]->other);
    ear_close(ears[0]);
    free(ears[0]);
}

static void test_unwatched_is_left_alone(void **state)
{
    struct world *world = *state;
    struct watch watch;

    watch_init(&watch, on_event);
    loop_want(world->loop, &watch, LOOP_READ);
    loop_unwatch(world->loop, &watch);
    assert_int_equal(watch.fd, -1);
    assert_int_equal(watch.wanted, 0);
    assert_int_equal(loop_watch(world->loop, &watch, -1, LOOP_READ), COP_E_IO);
    assert_int_equal(watch.fd, -1);
}

struct note {
    struct timer timer;
    int order;
    int *counter;
};

static void on_note(struct timer *timer)
{
    struct note *note = LOOP_OWNER(timer, struct note, timer);

    assert_int_equal(timer->place, UINT32_MAX);
    note->order = (*note->counter)++;
}

static void test_timers_fire_in_order(void **state)
{
    enum { NOTES = 200 };
    struct world *world = *state;
    struct note notes[NOTES];
    int counter = 0;

    for (int i = 0; i < NOTES; i++) {
        notes[i] = (struct note){.order = -1, .counter = &counter};
        timer_init(&notes[i].timer, on_note);
        assert_int_equal(
            loop_set_timer(world->loop, &notes[i].timer, (i * 7919) % NOTES),
            COP_OK);
    }
    loop_clear_timer(world->loop, &notes[0].timer);
    loop_clear_timer(world->loop, &notes[0].timer);
    assert_int_equal(
        loop_set_timer(world->loop, &notes[1].timer, NOTES + 5), COP_OK);
    run_for(world->loop, NOTES + 20);
    assert_int_equal(counter, NOTES - 1);
    assert_int_equal(notes[0].order, -1);
    assert_int_equal(notes[1].order, NOTES - 2);
    for (int i = 2; i < NOTES; i++) {
        for (int j = 2; j < NOTES; j++) {
            if (notes[i].timer.at_ms < notes[j].timer.at_ms) {
                assert_true(notes[i].order < notes[j].order);
            }
        }
    }
}

/* A timer is not early, and hardly late. */
static void test_timer_is_punctual(void **state)
{
    struct world *world = *state;
    int64_t before = loop_now_ms(world->loop);

    run_for(world->loop, 50);
    assert_in_range(loop_now_ms(world->loop) - before, 50, 2000);
    assert_in_range(loop_unix(world->loop), time(NULL) - 1, time(NULL) + 1);
}

/* Random puts and takes against the smallest of a plain array. */
static void test_heap_keeps_its_order(void **state)
{
    enum { TIMERS = 97 };
    struct heap heap = {0};
    struct timer timers[TIMERS];
    uint32_t seed = 1;

    (void)state;
    for (int i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], NULL);
    }
    for (int step = 0; step < 20000; step++) {
        struct timer *timer;
        const struct timer *least = NULL;

        seed = seed * 1664525 + 1013904223;
        timer = &timers[(seed >> 8) % TIMERS];
        if ((seed >> 30) == 0) {
            heap_take(&heap, timer);
        } else {
            timer->at_ms = (seed >> 16) & 255;
            assert_int_equal(heap_put(&heap, timer), COP_OK);
        }
        for (int i = 0; i < TIMERS; i++) {
            if (timers[i].place != UINT32_MAX) {
                assert_ptr_equal(heap.at[timers[i].place], &timers[i]);
                if (least == NULL || timers[i].at_ms < least->at_ms) {
                    least = &timers[i];
                }
            }
        }
        timer = heap_first(&heap);
        assert_true((timer == NULL) == (least == NULL));
        assert_true(timer == NULL || timer->at_ms == least->at_ms);
    }
    heap_fini(&heap);
}

struct again {
    struct loop *loop;
    struct timer timer;
    struct task task;
    int calls;
};

static void on_again_timer(struct timer *timer)
{
    struct again *again = LOOP_OWNER(timer, struct again, timer);

    again->calls++;
    assert_int_equal(loop_set_timer(again->loop, timer, 0), COP_OK);
}

static void on_again_task(struct task *task)
{
    struct again *again = LOOP_OWNER(task, struct again, task);

    again->calls++;
    assert_false(task->is_queued);
    loop_defer(again->loop, task);
}

/* What re-arms itself for at once neither starves descriptors nor makes the
 * loop wait. */
static void test_rearming_does_not_starve(void **state)
{
    struct world *world = *state;
    struct again again = {.loop = world->loop};
    struct ear ear;
    int fd[2];

    timer_init(&again.timer, on_again_timer);
    task_init(&again.task, on_again_task);
    assert_int_equal(loop_set_timer(world->loop, &again.timer, 0), COP_OK);
    loop_defer(world->loop, &again.task);
    loop_defer(world->loop, &again.task);
    pair(fd);
    assert_int_equal(write(fd[1], "x", 1), 1);
    ear_open(&ear, world->loop, fd[0], LOOP_READ);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(ear.heard, LOOP_READ);
    assert_in_range(again.calls, 2, 4);
    loop_clear_timer(world->loop, &again.timer);
    loop_cancel_task(world->loop, &again.task);
    loop_cancel_task(world->loop, &again.task);
    ear_close(&ear);
    (void)close(fd[1]);
}

struct job {
    struct loop *loop;
    struct task task;
    int order;
    int *counter;
    struct job *victim; /* whose task is taken back */
};

static void on_job(struct task *task)
{
    struct job *job = LOOP_OWNER(task, struct job, task);

    job->order = (*job->counter)++;
    if (job->victim != NULL) {
        loop_cancel_task(job->loop, &job->victim->task);
    }
}

static void test_tasks_run_in_order(void **state)
{
    struct world *world = *state;
    struct job jobs[4];
    int counter = 0;

    for (int i = 0; i < 4; i++) {
        jobs[i] =
            (struct job){.loop = world->loop, .order = -1, .counter = &counter};
        task_init(&jobs[i].task, on_job);
    }
    loop_defer(world->loop, &jobs[0].task);
    loop_defer(world->loop, &jobs[1].task);
    loop_defer(world->loop, &jobs[2].task);
    loop_defer(world->loop, &jobs[3].task);
    jobs[1].victim = &jobs[3];
    loop_cancel_task(world->loop, &jobs[2].task);
    loop_stop(world->loop); /* stopping first still returns at once */
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(counter, 0);
    run_for(world->loop, 0);
    assert_int_equal(jobs[0].order, 0);
    assert_int_equal(jobs[1].order, 1);
    assert_int_equal(jobs[2].order, -1);
    assert_int_equal(jobs[3].order, -1);
    run_for(world->loop, 0);
    assert_int_equal(counter, 2);
}

static void on_free(struct task *task)
{
    free(LOOP_OWNER(task, struct job, task));
}

static void test_loop_free_runs_what_is_deferred(void **state)
{
    struct loop *loop;
    struct job *job = calloc(1, sizeof(*job));

    (void)state;
    assert_non_null(job);
    assert_int_equal(loop_new(&loop), COP_OK);
    task_init(&job->task, on_free);
    loop_defer(loop, &job->task);
    loop_free(&loop); /* the leak checker tells */
    loop_free(&loop);
}

static void test_pipes_are_kept_when_empty(void **state)
{
    struct world *world = *state;
    int pipe[2];
    int first;

    assert_int_equal(loop_take_pipe(world->loop, pipe), COP_OK);
    first = pipe[0];
    loop_give_pipe(world->loop, pipe, true);
    assert_int_equal(pipe[0], -1);
    loop_give_pipe(world->loop, pipe, true);
    assert_int_equal(loop_take_pipe(world->loop, pipe), COP_OK);
    assert_int_equal(pipe[0], first);
    assert_true(fcntl(pipe[1], F_GETFL) & O_NONBLOCK);
    assert_int_equal(write(pipe[1], "x", 1), 1);
    loop_give_pipe(world->loop, pipe, false);
    assert_int_equal(fcntl(first, F_GETFD), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_and_write, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_asleep_hears_a_hangup_once, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_silenced_in_the_same_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_number_reused_in_the_same_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_freed_in_the_same_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_unwatched_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_timers_fire_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_timer_is_punctual, setup, teardown),
        cmocka_unit_test(test_heap_keeps_its_order),
        cmocka_unit_test_setup_teardown(
            test_rearming_does_not_starve, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_tasks_run_in_order, setup, teardown),
        cmocka_unit_test(test_loop_free_runs_what_is_deferred),
        cmocka_unit_test_setup_teardown(
            test_pipes_are_kept_when_empty, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

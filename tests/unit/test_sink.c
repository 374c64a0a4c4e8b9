/* Lines on their way out: whole, in order, never waiting, counted when lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/net/address.h"
#include "gateway/record/line.h"
#include "gateway/record/sink.h"
#include "tests/unit/address_text.h"

enum { GOT_MAX = 4 << 20 };

struct world {
    struct loop *loop;
    struct sink *sink;
    int pipe[2];
    char *got;
    size_t got_n;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->got = malloc(GOT_MAX);
    assert_non_null(world->got);
    assert_int_equal(loop_new(&world->loop), COP_OK);
    assert_int_equal(pipe(world->pipe), 0); /* blocking, as standard output */
    assert_int_equal(
        sink_new(world->loop, world->pipe[1], &world->sink), COP_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    sink_free(&world->sink);
    sink_free(&world->sink);
    (void)close(world->pipe[0]);
    (void)close(world->pipe[1]);
    loop_free(&world->loop);
    free(world->got);
    free(world);
    return 0;
}

struct alarm {
    struct loop *loop;
    struct timer timer;
};

static void on_alarm(struct timer *timer)
{
    loop_stop(LOOP_OWNER(timer, struct alarm, timer)->loop);
}

static void run_for(struct world *world, int64_t ms)
{
    struct alarm alarm = {.loop = world->loop};

    timer_init(&alarm.timer, on_alarm);
    assert_int_equal(loop_set_timer(world->loop, &alarm.timer, ms), COP_OK);
    assert_int_equal(loop_run(world->loop), COP_OK);
}

/* A TCP connection that takes little at once: fd[1] is written to. */
static void narrow_pair(int fd[2])
{
    struct sockaddr_storage at;
    socklen_t n;
    int small = 1;
    int server = socket(AF_INET, SOCK_STREAM, 0);

    address_of("127.0.0.1:0", &at, &n);
    assert_int_equal(
        setsockopt(server, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(bind(server, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &n), 0);
    fd[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    assert_int_equal(connect(fd[1], (struct sockaddr *)&at, n), 0);
    assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
    fd[0] = accept(server, NULL, NULL);
    assert_true(fd[0] >= 0);
    (void)close(server);
}

static void add(struct world *world, int number, size_t n)
{
    char line[LINE_MAX_BYTES];

    memset(line, 'x', n);
    (void)snprintf(line, sizeof(line), "%08d", number);
    line[8] = ' ';
    line[n - 1] = '\n';
    sink_add(world->sink, (struct cop_slice){line, n});
}

/* Read what is there. */
static void get(struct world *world, int fd)
{
    ssize_t n;

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    do {
        n = read(fd, world->got + world->got_n, GOT_MAX - 1 - world->got_n);
        world->got_n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    world->got[world->got_n] = '\0';
}

/* Check that what came is whole lines in ascending order. Returns how many
 * numbered ones; *dropped gets what the others say is missing. */
static int check(struct world *world, int *dropped)
{
    const char *p = world->got;
    int last = -1;
    int lines = 0;

    *dropped = 0;
    while (*p != '\0') {
        const char *end = strchr(p, '\n');
        const char *count = strstr(p, "\"lines\":");

        assert_non_null(end);
        if (*p == '{') {
            assert_non_null(count);
            assert_true(count < end);
            *dropped += atoi(count + 8);
            last += atoi(count + 8);
        } else {
            assert_int_equal(p[8], ' ');
            assert_int_equal(atoi(p), last + 1);
            last++;
            lines++;
        }
        p = end + 1;
    }
    return lines;
}

static void test_written_at_the_end_of_the_turn(void **state)
{
    struct world *world = *state;
    int dropped;

    add(world, 0, 100);
    add(world, 1, 20);
    get(world, world->pipe[0]);
    assert_int_equal(world->got_n, 0);
    run_for(world, 0);
    get(world, world->pipe[0]);
    assert_int_equal(world->got_n, 120);
    assert_int_equal(check(world, &dropped), 2);
}

struct late {
    struct world *world;
    struct task task;
};

static void on_late(struct task *task)
{
    add(LOOP_OWNER(task, struct late, task)->world, 0, 50);
}

/* A line of a task at the end of the turn does not wait for the next event. */
static void test_line_of_a_deferred_task(void **state)
{
    struct world *world = *state;
    struct late late = {.world = world};

    task_init(&late.task, on_late);
    loop_defer(world->loop, &late.task);
    run_for(world, 20);
    get(world, world->pipe[0]);
    assert_int_equal(world->got_n, 50);
}

static void test_flush_and_free_write(void **state)
{
    struct world *world = *state;

    add(world, 0, 30);
    sink_flush(world->sink);
    get(world, world->pipe[0]);
    assert_int_equal(world->got_n, 30);
    add(world, 1, 30);
    sink_free(&world->sink);
    get(world, world->pipe[0]);
    assert_int_equal(world->got_n, 60);
    run_for(world, 0); /* nothing of it is left in the loop */
}

/* A pipe that nobody reads: no waiting; later all comes, whole and in order. */
static void test_slow_reader(void **state)
{
    enum { LINES = 100 };
    struct world *world = *state;
    int dropped;

    for (int i = 0; i < LINES; i++) {
        add(world, i, 2000); /* more than a pipe holds, less than the sink */
    }
    run_for(world, 20);
    for (int i = 0; i < 20; i++) {
        get(world, world->pipe[0]);
        run_for(world, 120);
        if (world->got_n == (size_t)LINES * 2000) {
            break;
        }
    }
    assert_int_equal(check(world, &dropped), LINES);
    assert_int_equal(dropped, 0);
    assert_int_equal(fcntl(world->pipe[1], F_GETFL) & O_NONBLOCK, 0);
}

static void test_dropped_lines_are_counted(void **state)
{
    enum { LINES = 500 };
    struct world *world = *state;
    int dropped;
    int lines;

    for (int i = 0; i < LINES; i++) {
        add(world, i, 3000);
    }
    for (int i = 0; i < 10; i++) {
        get(world, world->pipe[0]);
        run_for(world, 110);
    }
    add(world, LINES, 3000); /* what comes next tells what is missing */
    run_for(world, 0);
    get(world, world->pipe[0]);
    lines = check(world, &dropped);
    assert_true(dropped > 0);
    assert_int_equal(lines + dropped, LINES + 1);
}

static void test_file(void **state)
{
    enum { LINES = 200 };
    struct world *world = *state;
    char path[] = "/tmp/test-sink-XXXXXX";
    int fd = mkstemp(path);
    int dropped;

    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
    sink_redirect(world->sink, fd);
    for (int i = 0; i < LINES; i++) {
        add(world, i, 1000 + (size_t)i);
    }
    run_for(world, 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    get(world, fd);
    assert_int_equal(check(world, &dropped), LINES);
    sink_free(&world->sink);
    (void)unlink(path);
    (void)close(fd);
}

/* A socket with a small buffer takes lines by halves. */
static void test_short_writes(void **state)
{
    enum { LINES = 60 };
    struct world *world = *state;
    int dropped;
    int halves = 0;
    int fd[2];

    narrow_pair(fd);
    sink_redirect(world->sink, fd[1]);
    for (int i = 0; i < LINES; i++) {
        add(world, i, 3999);
    }
    for (int i = 0; i < 200 && world->got_n < (size_t)LINES * 3999; i++) {
        sink_flush(world->sink);
        get(world, fd[0]);
        halves += world->got_n > 0 && world->got[world->got_n - 1] != '\n';
    }
    assert_true(halves > 0); /* as was meant */
    assert_int_equal(check(world, &dropped), LINES);
    assert_int_equal(dropped, 0);
    sink_redirect(world->sink, world->pipe[1]);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

/* A line that is half in the old descriptor is given up; the new one gets
 * whole lines, and is told of it. */
static void test_redirect_in_the_middle(void **state)
{
    struct world *world = *state;
    int lines = 0;
    int fd[2];
    char *end;

    narrow_pair(fd);
    sink_redirect(world->sink, fd[1]);
    for (int i = 0; i < 10; i++) {
        add(world, i, 3999);
    }
    sink_flush(world->sink);
    sink_redirect(world->sink, world->pipe[1]);
    add(world, 10, 100);
    run_for(world, 0);
    get(world, fd[0]);
    assert_true(world->got_n > 0);
    assert_true(world->got[world->got_n - 1] != '\n'); /* as was meant */
    end = memrchr(world->got, '\n', world->got_n);
    world->got_n = end != NULL ? (size_t)(end - world->got) + 1 : 0;
    get(world, world->pipe[0]);
    for (char *p = world->got; *p != '\0'; p = strchr(p, '\n') + 1) {
        lines += p[8] == ' ' && atoi(p) >= 0;
    }
    assert_int_equal(lines, 10); /* of 11 */
    assert_non_null(strstr(world->got, "\"event\":\"dropped\",\"lines\":1}\n"));
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void test_reader_that_is_gone(void **state)
{
    struct world *world = *state;
    int fd[2];
    int dropped;

    assert_int_equal(pipe(fd), 0);
    (void)close(fd[0]);
    sink_redirect(world->sink, fd[1]);
    add(world, 0, 100);
    run_for(world, 120);
    sink_redirect(world->sink, world->pipe[1]);
    (void)close(fd[1]);
    get(world, world->pipe[0]);
    assert_int_equal(check(world, &dropped), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_written_at_the_end_of_the_turn),
        TEST(test_line_of_a_deferred_task),
        TEST(test_flush_and_free_write),
        TEST(test_slow_reader),
        TEST(test_dropped_lines_are_counted),
        TEST(test_file),
        TEST(test_short_writes),
        TEST(test_redirect_in_the_middle),
        TEST(test_reader_that_is_gone),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

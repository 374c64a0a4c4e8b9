/* The messages between processes: who may send what, and descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/proc/channel.h"

struct line {
    int end[2];
};

static int set_up(void **state)
{
    static struct line line;

    *state = &line;
    return channel_pair(line.end) == COP_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct line *line = *state;

    close(line->end[0]);
    close(line->end[1]);
    return 0;
}

static void test_a_message_and_its_descriptors_arrive(void **state)
{
    struct line *line = *state;
    struct channel_message sent = {.kind = CHANNEL_WORLD, .generation = 7};
    struct channel_message got;
    int fds[CHANNEL_FDS_MAX];
    int pipes[2];
    uint32_t n = 0;
    char c = 0;

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(channel_send(line->end[0], &sent, pipes, 2), COP_OK);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(
        channel_receive(line->end[1], CHANNEL_PARENT, &got, fds, &n), COP_OK);
    assert_int_equal(got.generation, 7);
    assert_int_equal(n, 2);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(read(fds[0], &c, 1), 1);
    assert_int_equal(c, 'x');
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(
        channel_receive(line->end[1], CHANNEL_PARENT, &got, fds, &n),
        COP_AGAIN);
}

static void test_what_is_not_the_senders_is_refused(void **state)
{
    struct line *line = *state;
    struct channel_message sent = {.kind = CHANNEL_WORLD};
    struct channel_message got;
    int fds[CHANNEL_FDS_MAX];
    int pipes[2];
    uint32_t n = 9;

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(channel_send(line->end[0], &sent, pipes, 1), COP_OK);
    assert_int_equal(
        channel_receive(line->end[1], CHANNEL_WORKER, &got, fds, &n),
        COP_E_SYNTAX);
    assert_int_equal(n, 0); /* and nothing is held open for it: */
    close(pipes[0]);
    assert_int_equal(close(pipes[1]), 0);
    sent.kind = 4711;
    assert_int_equal(channel_send(line->end[0], &sent, NULL, 0), COP_OK);
    assert_int_equal(
        channel_receive(line->end[1], CHANNEL_PARENT, &got, fds, &n),
        COP_E_SYNTAX);
}

static void test_sizes_are_exact(void **state)
{
    struct line *line = *state;
    struct channel_message got;
    char bytes[200] = {0};
    int fds[CHANNEL_FDS_MAX];
    uint32_t n;

    for (size_t size = 1; size < sizeof(bytes); size++) {
        if (size == sizeof(got)) {
            continue;
        }
        assert_int_equal(send(line->end[0], bytes, size, 0), (ssize_t)size);
        assert_int_equal(
            channel_receive(line->end[1], CHANNEL_PARENT, &got, fds, &n),
            COP_E_SYNTAX);
    }
}

static void test_a_peer_that_is_gone(void **state)
{
    struct channel_message got;
    int fds[CHANNEL_FDS_MAX];
    uint32_t n;
    int pair[2];

    (void)state;
    assert_int_equal(channel_pair(pair), COP_OK);
    close(pair[0]);
    assert_int_equal(channel_receive(pair[1], CHANNEL_PARENT, &got, fds, &n),
        COP_E_TRUNCATED);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_message_and_its_descriptors_arrive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_what_is_not_the_senders_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_sizes_are_exact, set_up, tear_down),
        cmocka_unit_test(test_a_peer_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A lane between two sockets of which one takes little at a time: every byte
 * arrives, in order, and nothing is held while it waits for more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/flow/lane.h"
#include "gateway/loop/loop.h"

enum { BODY_BYTES = 300000, SIP_BYTES = 1500 };

static char byte_at(size_t i)
{
    return (char)('a' + i % 23);
}

struct bench {
    struct rooms rooms;
    struct lane lane;
    struct wire in;
    struct wire out;
    struct end from;
    struct end to;
    int server; /* writes what the lane reads */
    int client; /* reads what it writes */
    size_t sent;
    size_t seen; /* of the body */
};

static void bench_pair(struct wire *wire, int *other)
{
    int fds[2];
    int small = 1;

    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    wire_init(wire, fds[0]);
    *other = fds[1];
}

static void bench_open(struct bench *bench)
{
    *bench = (struct bench){.sent = 0};
    rooms_init(&bench->rooms);
    bench_pair(&bench->in, &bench->server);
    bench_pair(&bench->out, &bench->client);
    bench->from.wire = &bench->in;
    bench->to.wire = &bench->out;
    assert_int_equal(
        lane_init(&bench->lane, &bench->rooms, H1_RESPONSE, 4096, 16), COP_OK);
    lane_begin(&bench->lane, &bench->from, &bench->to);
}

static void bench_close(struct bench *bench)
{
    lane_fini(&bench->lane);
    rooms_fini(&bench->rooms);
    wire_close(&bench->in);
    wire_close(&bench->out);
    close(bench->server);
    close(bench->client);
}

/* Send as much of the body as the socket takes. */
static void bench_feed(struct bench *bench)
{
    static char body[BODY_BYTES];
    ssize_t n;

    for (size_t i = bench->sent; i < BODY_BYTES; i++) {
        body[i] = byte_at(i);
    }
    n = send(bench->server, body + bench->sent, BODY_BYTES - bench->sent,
        MSG_NOSIGNAL);
    bench->sent += n > 0 ? (size_t)n : 0;
}

static void bench_sip(struct bench *bench)
{
    char bytes[SIP_BYTES];
    ssize_t n = recv(bench->client, bytes, sizeof(bytes), 0);

    for (ssize_t i = 0; i < n; i++) {
        assert_int_equal(bytes[i], byte_at(bench->seen));
        bench->seen++;
    }
}

static void bench_read_head(struct bench *bench)
{
    char head[128];
    int n = snprintf(head, sizeof(head),
        "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY_BYTES);

    assert_int_equal(send(bench->server, head, (size_t)n, 0), n);
    assert_int_equal(lane_read_head(&bench->lane), LANE_WHOLE);
    bench->lane.framing = lane_head(&bench->lane)->framing;
    bench->lane.state = LANE_BODY;
}

static void test_slow_receiver(void **state)
{
    struct bench bench;
    enum lane_result result = LANE_WAITS;
    unsigned blocked = 0;

    (void)state;
    bench_open(&bench);
    bench_read_head(&bench);
    while (result == LANE_WAITS) {
        bench_feed(&bench);
        result = lane_move(&bench.lane);
        if (result == LANE_WAITS) {
            const struct end *end = bench.lane.waits_on;

            blocked += lane_has_pending(&bench.lane) ? 1 : 0;
            assert_true(lane_wake(&bench.lane, end, bench.lane.waits_for));
        }
        bench_sip(&bench);
    }
    assert_int_equal(result, LANE_WHOLE);
    while (bench.seen < BODY_BYTES) {
        bench_sip(&bench);
    }
    /* It would show nothing otherwise. */
    assert_true(blocked > 10);
    bench_close(&bench);
}

static void test_holds_nothing_while_it_waits(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench);
    bench_read_head(&bench);
    assert_int_equal(lane_move(&bench.lane), LANE_WAITS);
    assert_ptr_equal(bench.lane.waits_on, &bench.from);
    assert_null(bench.lane.room);
    bench_close(&bench);
}

/* Without framing: bytes until the end, which the other side is told of. */
static void test_raw(void **state)
{
    struct bench bench;
    char bytes[8];

    (void)state;
    bench_open(&bench);
    bench_read_head(&bench);
    lane_go_raw(&bench.lane);
    assert_int_equal(lane_move(&bench.lane), LANE_WAITS);
    assert_null(bench.lane.room);
    assert_int_equal(send(bench.server, "frame", 5, 0), 5);
    assert_true(lane_wake(&bench.lane, &bench.from, LOOP_READ));
    assert_int_equal(lane_move(&bench.lane), LANE_WAITS);
    assert_int_equal(recv(bench.client, bytes, sizeof(bytes), 0), 5);
    assert_memory_equal(bytes, "frame", 5);
    assert_int_equal(shutdown(bench.server, SHUT_WR), 0);
    assert_true(lane_wake(&bench.lane, &bench.from, LOOP_READ));
    assert_int_equal(lane_move(&bench.lane), LANE_WHOLE);
    assert_int_equal(recv(bench.client, bytes, sizeof(bytes), 0), 0);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_receiver),
        cmocka_unit_test(test_holds_nothing_while_it_waits),
        cmocka_unit_test(test_raw),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The pump between two TCP connections over loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/net/address.h"
#include "gateway/net/pump.h"
#include "tests/unit/address_text.h"

enum { LARGE = 8 << 20, PERIOD = 251 };

/* Somebody at one end of the tunnel: sends a pattern, checks another. */
struct peer {
    struct world *world;
    struct watch watch;
    struct timer pause;
    uint8_t salt; /* of what it sends; the other's is its complement */
    size_t to_send;
    size_t sent;
    size_t received;
    bool shuts; /* its sending half when all is sent */
    bool has_shut;
    bool is_slow;
    bool saw_end;
};

struct world {
    struct loop *loop;
    struct peer client;
    struct peer origin;
    int a; /* the pump's ends */
    int b;
    struct pump *pump;
    int calls;
    enum cop_reason reason;
    struct pump_counts counts;
};

static uint8_t pattern(uint8_t salt, size_t at)
{
    return (uint8_t)(salt ^ (uint8_t)(at % PERIOD));
}

/* A connected TCP pair, as a client and a server have it. */
static void tcp_pair(int out[2])
{
    struct sockaddr_storage at;
    socklen_t n;
    int server = socket(AF_INET, SOCK_STREAM, 0);

    address_of("127.0.0.1:0", &at, &n);
    assert_int_equal(bind(server, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &n), 0);
    out[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(out[0], (struct sockaddr *)&at, n), 0);
    out[1] = accept4(server, NULL, NULL, SOCK_NONBLOCK);
    assert_true(out[1] >= 0);
    assert_int_equal(fcntl(out[0], F_SETFL, O_NONBLOCK), 0);
    (void)close(server);
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        n++;
    }
    (void)closedir(folder);
    return n;
}

static void peer_want(struct peer *peer)
{
    unsigned wanted = 0;

    if (!peer->saw_end && peer->pause.place == UINT32_MAX) {
        wanted |= LOOP_READ;
    }
    if (peer->sent < peer->to_send) {
        wanted |= LOOP_WRITE;
    }
    loop_want(peer->world->loop, &peer->watch, wanted);
}

static void peer_send(struct peer *peer)
{
    uint8_t bytes[30000];
    size_t n = peer->to_send - peer->sent;
    ssize_t done;

    n = n < sizeof(bytes) ? n : sizeof(bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = pattern(peer->salt, peer->sent + i);
    }
    done = n > 0 ? send(peer->watch.fd, bytes, n, MSG_NOSIGNAL) : 0;
    if (done > 0) {
        peer->sent += (size_t)done;
    }
    if (peer->sent == peer->to_send && peer->shuts && !peer->has_shut) {
        assert_int_equal(shutdown(peer->watch.fd, SHUT_WR), 0);
        peer->has_shut = true;
    }
}

static void peer_receive(struct peer *peer)
{
    uint8_t bytes[50000];
    ssize_t n =
        recv(peer->watch.fd, bytes, peer->is_slow ? 20000 : sizeof(bytes), 0);

    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        peer->saw_end = true;
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] !=
            pattern((uint8_t)~peer->salt, peer->received + (size_t)i)) {
            fail_msg("byte %zu differs", peer->received + (size_t)i);
        }
    }
    peer->received += (size_t)n;
    if (peer->is_slow) {
        assert_int_equal(
            loop_set_timer(peer->world->loop, &peer->pause, 1), COP_OK);
    }
}

static void on_pause(struct timer *timer)
{
    peer_want(LOOP_OWNER(timer, struct peer, pause));
}

static void on_peer(struct watch *watch, unsigned events)
{
    struct peer *peer = LOOP_OWNER(watch, struct peer, watch);

    if ((events & LOOP_READ) != 0) {
        peer_receive(peer);
    }
    if ((events & LOOP_WRITE) != 0) {
        peer_send(peer);
    }
    peer_want(peer);
}

static void peer_open(
    struct peer *peer, struct world *world, int fd, uint8_t salt)
{
    *peer = (struct peer){.world = world, .salt = salt};
    watch_init(&peer->watch, on_peer);
    timer_init(&peer->pause, on_pause);
    assert_int_equal(
        loop_watch(world->loop, &peer->watch, fd, LOOP_READ), COP_OK);
}

static void peer_close(struct peer *peer)
{
    int fd = peer->watch.fd;

    if (fd >= 0) {
        loop_clear_timer(peer->world->loop, &peer->pause);
        loop_unwatch(peer->world->loop, &peer->watch);
        (void)close(fd);
    }
}

/* Close so that the other side sees a reset. */
static void peer_reset(struct peer *peer)
{
    const struct linger at_once = {.l_onoff = 1};

    assert_int_equal(setsockopt(peer->watch.fd, SOL_SOCKET, SO_LINGER, &at_once,
                         sizeof(at_once)),
        0);
    peer_close(peer);
}

static void peer_say(struct peer *peer, size_t n, bool shuts)
{
    peer->to_send += n;
    peer->shuts = shuts;
    if (n == 0) {
        peer_send(peer);
    }
    peer_want(peer);
}

static void on_pump_end(
    void *context, enum cop_reason reason, const struct pump_counts *counts)
{
    struct world *world = context;

    world->calls++;
    world->reason = reason;
    world->counts = *counts;
    pump_cancel(&world->pump); /* too late, and harmless */
    loop_stop(world->loop);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    int client[2];
    int origin[2];

    assert_non_null(world);
    assert_int_equal(loop_new(&world->loop), COP_OK);
    tcp_pair(client);
    tcp_pair(origin);
    world->a = client[1];
    world->b = origin[0];
    peer_open(&world->client, world, client[0], 0x55);
    peer_open(&world->origin, world, origin[1], 0xaa);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    peer_close(&world->client);
    peer_close(&world->origin);
    pump_cancel(&world->pump);
    loop_free(&world->loop);
    free(world);
    return 0;
}

static void start(struct world *world, struct cop_slice first, uint32_t idle_ms)
{
    assert_int_equal(pump_start(world->loop, world->a, world->b, first, idle_ms,
                         on_pump_end, world, &world->pump),
        COP_OK);
    assert_int_equal(world->calls, 0);
}

static void run_to_the_end(struct world *world)
{
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(world->calls, 1);
    assert_int_equal(fcntl(world->a, F_GETFD), -1);
    assert_int_equal(fcntl(world->b, F_GETFD), -1);
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
    loop_clear_timer(world->loop, &alarm.timer);
}

static bool peer_is_done(const struct peer *peer)
{
    return peer->saw_end || peer->watch.fd < 0;
}

/* Let the peers read what is left in their sockets. */
static void read_the_rest(struct world *world)
{
    for (int i = 0; i < 500; i++) {
        if (peer_is_done(&world->client) && peer_is_done(&world->origin)) {
            return;
        }
        run_for(world, 10);
    }
    fail_msg("a peer saw no end");
}

static void test_large_both_ways(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT(""), 10000);
    peer_say(&world->client, LARGE, true);
    peer_say(&world->origin, LARGE + 12345, true);
    run_to_the_end(world);
    read_the_rest(world);
    assert_int_equal(world->origin.received, LARGE);
    assert_int_equal(world->client.received, LARGE + 12345);
    assert_int_equal(world->counts.up_bytes, LARGE);
    assert_int_equal(world->counts.down_bytes, LARGE + 12345);
    assert_true(world->client.saw_end && world->origin.saw_end);
    assert_true(world->reason == COP_REASON_CLIENT_CLOSED ||
                world->reason == COP_REASON_ORIGIN_CLOSED);
}

static void test_slow_reader_slows_the_writer(void **state)
{
    enum { HUGE = 4 * LARGE }; /* more than four sockets hold */
    struct world *world = *state;

    world->client.is_slow = true;
    start(world, COP_LIT(""), 10000);
    peer_say(&world->origin, HUGE, true);
    run_for(world, 100);
    assert_in_range(world->client.received, 1, HUGE / 2);
    assert_true(world->origin.sent < HUGE);
    world->client.is_slow = false;
    peer_say(&world->client, 0, true);
    run_to_the_end(world);
    read_the_rest(world);
    assert_int_equal(world->client.received, HUGE);
    assert_int_equal(world->counts.down_bytes, HUGE);
    assert_int_equal(world->reason, COP_REASON_CLIENT_CLOSED);
}

/* The client ends its half; the origin's answer still comes. */
static void test_half_close(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT(""), 10000);
    peer_say(&world->client, 1000, true);
    run_for(world, 30);
    assert_int_equal(world->origin.received, 1000);
    assert_true(world->origin.saw_end);
    assert_false(world->client.saw_end);
    assert_int_equal(world->calls, 0);
    peer_say(&world->origin, 100000, true);
    run_to_the_end(world);
    read_the_rest(world);
    assert_int_equal(world->client.received, 100000);
    assert_true(world->client.saw_end);
    assert_int_equal(world->reason, COP_REASON_CLIENT_CLOSED);
}

static void test_origin_ends_first(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT(""), 10000);
    peer_say(&world->origin, 10, true);
    run_for(world, 30);
    assert_true(world->client.saw_end);
    peer_say(&world->client, 0, true);
    run_to_the_end(world);
    assert_int_equal(world->reason, COP_REASON_ORIGIN_CLOSED);
    assert_int_equal(world->counts.up_bytes, 0);
    assert_int_equal(world->counts.down_bytes, 10);
}

/* What was read before the pump began goes first, however much. */
static void test_first_bytes_go_first(void **state)
{
    struct world *world = *state;
    size_t n = 3 << 20;
    char *first = malloc(n);

    assert_non_null(first);
    for (size_t i = 0; i < n; i++) {
        first[i] = (char)pattern(world->client.salt, i);
    }
    start(world, (struct cop_slice){first, n}, 10000);
    memset(first, 0, n);
    free(first);
    world->client.sent = n;
    world->client.to_send = n;
    peer_say(&world->client, 5000, true);
    peer_say(&world->origin, 0, true);
    run_to_the_end(world);
    read_the_rest(world);
    assert_int_equal(world->origin.received, n + 5000);
    assert_int_equal(world->counts.up_bytes, n + 5000);
}

static void test_resets(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT(""), 10000);
    peer_say(&world->client, 100, false);
    run_for(world, 20);
    peer_reset(&world->client);
    run_to_the_end(world);
    assert_int_equal(world->reason, COP_REASON_CLIENT_ABORT);
    assert_int_equal(world->counts.up_bytes, 100);
    read_the_rest(world);
    assert_true(world->origin.saw_end);
}

static void test_origin_resets(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT(""), 10000);
    peer_reset(&world->origin);
    run_to_the_end(world);
    assert_int_equal(world->reason, COP_REASON_ORIGIN_ABORT);
}

/* A client that breaks off while nothing is read from it, because the origin
 * does not take what it sent, is noticed all the same. */
static void test_reset_under_back_pressure(void **state)
{
    struct world *world = *state;

    loop_want(world->loop, &world->origin.watch, 0);
    start(world, COP_LIT(""), 10000);
    peer_say(&world->client, (size_t)64 << 20, false);
    run_for(world, 200);
    assert_true(world->client.sent < world->client.to_send);
    peer_reset(&world->client);
    run_to_the_end(world);
    assert_int_equal(world->reason, COP_REASON_CLIENT_ABORT);
}

static void test_writing_to_one_who_is_gone(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT(""), 10000);
    peer_close(&world->origin); /* its end, in order */
    run_for(world, 20);
    assert_int_equal(world->calls, 0);
    peer_say(&world->client, 100000, false);
    run_to_the_end(world);
    assert_int_equal(world->reason, COP_REASON_ORIGIN_CLOSED);
}

static void test_idle(void **state)
{
    struct world *world = *state;
    int64_t before = loop_now_ms(world->loop);

    start(world, COP_LIT(""), 100);
    run_for(world, 60);
    peer_say(&world->client, 10, false);
    run_to_the_end(world);
    assert_int_equal(world->reason, COP_REASON_IDLE);
    assert_in_range(loop_now_ms(world->loop) - before, 155, 4000);
    assert_int_equal(world->counts.up_bytes, 10);
}

/* A half-closed tunnel does not live for ever. */
static void test_idle_after_half_close(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT(""), 100);
    peer_say(&world->client, 10, true);
    run_to_the_end(world);
    assert_int_equal(world->reason, COP_REASON_CLIENT_CLOSED);
}

static void test_idle_holds_no_pipes(void **state)
{
    struct world *world = *state;
    int before;

    start(world, COP_LIT(""), 10000);
    before = open_descriptors();
    for (int i = 0; i < 10; i++) {
        peer_say(&world->client, 3000, false);
        peer_say(&world->origin, 3000, false);
        run_for(world, 10);
    }
    assert_int_equal(world->origin.received, 30000);
    assert_int_equal(world->client.received, 30000);
    /* The loop keeps a pipe or two for whoever needs one next. */
    assert_in_range(open_descriptors() - before, 0, 4);
}

static void test_cancel(void **state)
{
    struct world *world = *state;

    start(world, COP_LIT("hello"), 10000);
    pump_cancel(&world->pump);
    assert_null(world->pump);
    pump_cancel(&world->pump);
    assert_int_equal(fcntl(world->a, F_GETFD), -1);
    run_for(world, 20);
    assert_int_equal(world->calls, 0);
    assert_true(world->origin.saw_end);
}

static void test_cancel_under_way(void **state)
{
    struct world *world = *state;

    world->client.is_slow = true;
    start(world, COP_LIT(""), 10000);
    peer_say(&world->origin, LARGE, false);
    run_for(world, 30);
    pump_cancel(&world->pump);
    run_for(world, 20);
    assert_int_equal(world->calls, 0);
}

static void test_descriptor_that_cannot_be_watched(void **state)
{
    struct world *world = *state;
    int file = open("/dev/null", O_RDONLY);

    assert_int_equal(pump_start(world->loop, world->a, file, COP_LIT("x"), 100,
                         on_pump_end, world, &world->pump),
        COP_E_IO);
    assert_null(world->pump);
    assert_true(fcntl(world->a, F_GETFD) >= 0); /* not taken */
    (void)close(file);
    (void)close(world->a);
    (void)close(world->b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_large_both_ways),
        TEST(test_slow_reader_slows_the_writer),
        TEST(test_half_close),
        TEST(test_origin_ends_first),
        TEST(test_first_bytes_go_first),
        TEST(test_resets),
        TEST(test_origin_resets),
        TEST(test_reset_under_back_pressure),
        TEST(test_writing_to_one_who_is_gone),
        TEST(test_idle),
        TEST(test_idle_after_half_close),
        TEST(test_idle_holds_no_pipes),
        TEST(test_cancel),
        TEST(test_cancel_under_way),
        TEST(test_descriptor_that_cannot_be_watched),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

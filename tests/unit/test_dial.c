/* Dialling: order of addresses, reach, deadlines, cancelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"
#include "gateway/net/dial.h"
#include "tests/unit/address_text.h"

enum { HOSTS_MAX = 4, FILLERS = 8 };

struct world {
    struct loop *loop;
    struct config config;
    struct config_host hosts[HOSTS_MAX];
    struct config_client allow[2];
    struct sockaddr_storage addresses[HOSTS_MAX][4];
    struct dialer *dialer;
};

/* What a dial came to. */
struct result {
    struct loop *loop;
    int calls;
    int fd;
    enum cop_reason reason;
    bool has_address;
    struct sockaddr_storage address;
};

static struct sockaddr_storage parsed(const char *text)
{
    struct sockaddr_storage address;
    socklen_t n;

    address_of(text, &address, &n);
    return address;
}

static struct config_client network(const char *text, uint8_t bits)
{
    struct sockaddr_storage address = parsed(text);
    struct config_client client = {.bits = bits};

    address_bytes(&address, client.address);
    return client;
}

/* A listener on loopback; its port is written into `address`. */
static int listener(struct sockaddr_storage *address, int backlog)
{
    int fd = socket(address->ss_family, SOCK_STREAM, 0);
    socklen_t n = address_size(address);

    if (bind(fd, (struct sockaddr *)address, n) != 0) {
        (void)close(fd);
        return -1; /* a machine without IPv6 */
    }
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &n), 0);
    return fd;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(loop_new(&world->loop), COP_OK);
    world->allow[0] = network("127.0.0.0:0", 104);
    world->allow[1] = network("[::1]:0", 128);
    world->config.reach_allow = world->allow;
    world->config.reach_allow_n = 2;
    world->config.hosts = world->hosts;
    world->config.limits.connect_ms = 400;
    world->config.limits.resolve_ms = 300;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    dialer_free(&world->dialer);
    dialer_free(&world->dialer);
    loop_free(&world->loop);
    free(world);
    return 0;
}

/* Fix a name's addresses; NULL ends the list. */
static void fix(struct world *world, const char *name, const char *first,
    const char *second, const char *third)
{
    const char *const texts[] = {first, second, third};
    uint32_t i = world->config.hosts_n++;

    world->hosts[i].name = cop_slice_of(name);
    world->hosts[i].addresses = world->addresses[i];
    world->hosts[i].addresses_n = 0;
    for (int j = 0; j < 3 && texts[j] != NULL; j++) {
        world->addresses[i][j] = parsed(texts[j]);
        world->hosts[i].addresses_n++;
    }
}

static void open_dialer(struct world *world)
{
    assert_int_equal(
        dialer_new(world->loop, &world->config, &world->dialer), COP_OK);
}

static void on_dialled(void *context, int fd, enum cop_reason reason,
    const struct sockaddr_storage *address)
{
    struct result *result = context;

    result->calls++;
    result->fd = fd;
    result->reason = reason;
    result->has_address = address != NULL;
    if (address != NULL) {
        result->address = *address;
    }
    loop_stop(result->loop);
}

static struct cop_host host_of(const char *name)
{
    struct cop_host host = {.kind = COP_HOST_NAME};

    host.n = (uint8_t)strlen(name);
    memcpy(host.text, name, host.n + 1U);
    return host;
}

static struct cop_host host_of_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct cop_host){.kind = COP_HOST_IPV4, .addr = {a, b, c, d}};
}

static struct result dial_to(struct world *world, const struct dial_to *to)
{
    struct result result = {.loop = world->loop, .fd = -2};
    struct dial *dial = NULL;

    assert_int_equal(
        dial_start(world->dialer, to, on_dialled, &result, &dial), COP_OK);
    assert_non_null(dial);
    assert_int_equal(result.calls, 0);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(result.calls, 1);
    if (result.reason == COP_REASON_NONE) {
        assert_true(result.fd >= 0);
    } else {
        assert_int_equal(result.fd, -1);
    }
    return result;
}

static struct result dial_host(
    struct world *world, struct cop_host host, uint16_t port)
{
    return dial_to(world, &(struct dial_to){.host = &host, .port = port});
}

static struct result dial_name(
    struct world *world, const char *name, uint16_t port)
{
    return dial_host(world, host_of(name), port);
}

static void assert_is_host(
    const struct sockaddr_storage *address, const char *text)
{
    char printed[ADDRESS_TEXT_MAX];

    assert_string_equal(address_print(address, printed).p, text);
}

static void test_connects_to_an_address(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    int server = listener(&at, 5);
    struct result result;
    int no_delay = 0;
    socklen_t n = sizeof(no_delay);

    open_dialer(world);
    result = dial_host(world, host_of_ipv4(127, 0, 0, 1), address_port(&at));
    assert_int_equal(result.reason, COP_REASON_NONE);
    assert_memory_equal(&result.address, &at, sizeof(at));
    assert_true(fcntl(result.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(result.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(
        getsockopt(result.fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &n), 0);
    assert_true(no_delay != 0);
    (void)close(result.fd);
    (void)close(server);
}

static void test_connects_to_a_name(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    int server = listener(&at, 5);
    struct result result;

    fix(world, "origin.test", "127.0.0.1:0", NULL, NULL);
    open_dialer(world);
    result = dial_name(world, "origin.test", address_port(&at));
    assert_int_equal(result.reason, COP_REASON_NONE);
    assert_memory_equal(&result.address, &at, sizeof(at));
    (void)close(result.fd);
    (void)close(server);
}

/* IPv6 first although it comes last; then, when it refuses, IPv4 at once. */
static void test_families_take_turns(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage ipv6 = parsed("[::1]:0");
    struct sockaddr_storage ipv4 = parsed("127.0.0.1:0");
    int server6 = listener(&ipv6, 5);
    int server4;
    struct result result;

    if (server6 < 0) {
        skip();
    }
    address_set_port(&ipv4, address_port(&ipv6));
    server4 = listener(&ipv4, 5);
    fix(world, "both.test", "127.0.0.1:0", "127.0.0.2:0", "[::1]:0");
    open_dialer(world);
    result = dial_name(world, "both.test", address_port(&ipv6));
    assert_int_equal(result.reason, COP_REASON_NONE);
    assert_is_host(&result.address, "::1");
    (void)close(result.fd);
    (void)close(server6);
    result = dial_name(world, "both.test", address_port(&ipv6));
    assert_int_equal(result.reason, COP_REASON_NONE);
    assert_is_host(&result.address, "127.0.0.1");
    (void)close(result.fd);
    (void)close(server4);
}

static struct result dial_aimed(
    struct world *world, const char *name, uint16_t port, struct aim aim)
{
    struct cop_host host = host_of(name);

    return dial_to(
        world, &(struct dial_to){.host = &host, .port = port, .aim = aim});
}

/* An address that the client was going to is tried first if it is the name's;
 * if it is not, it is not connected to at all, unless it is fixed. */
static void test_aim(void **state)
{
    static const struct {
        uint8_t last;
        enum aim_kind kind;
        const char *reached;
    } rows[] = {
        {1, AIM_HINT, "127.0.0.1"},
        {2, AIM_HINT, "127.0.0.2"},
        {3, AIM_HINT, "127.0.0.3"},
        {4, AIM_HINT, "127.0.0.1"},
        {4, AIM_ONLY, "127.0.0.4"},
    };
    struct world *world = *state;
    struct sockaddr_storage at = parsed("0.0.0.0:0");
    int server = listener(&at, 16);

    fix(world, "three.test", "127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0");
    open_dialer(world);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct aim aim = {rows[i].kind,
            {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = rows[i].last}};
        struct result result =
            dial_aimed(world, "three.test", address_port(&at), aim);

        assert_int_equal(result.reason, COP_REASON_NONE);
        assert_is_host(&result.address, rows[i].reached);
        (void)close(result.fd);
    }
    (void)close(server);
}

/* Being on the way there does not make an address one that may be reached. */
static void test_fixed_aim_is_judged(void **state)
{
    struct world *world = *state;
    const struct aim aim = {
        AIM_ONLY, {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}};
    struct result result;

    open_dialer(world);
    result = dial_aimed(world, "any.test", 80, aim);
    assert_int_equal(result.reason, COP_REASON_REACH);
}

static void test_aims_are_compared(void **state)
{
    const struct aim none = {.kind = AIM_NONE};
    const struct aim hint = {AIM_HINT, {1}};
    const struct aim only = {AIM_ONLY, {1}};
    const struct aim other = {AIM_ONLY, {2}};

    (void)state;
    assert_true(aim_eq(&none, &hint));
    assert_true(aim_eq(&only, &only));
    assert_false(aim_eq(&only, &other));
    assert_false(aim_eq(&only, &hint));
    assert_false(aim_eq(&none, &only));
}

static void test_refused(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    struct result result;

    (void)close(listener(&at, 5)); /* a port that was free a moment ago */
    fix(world, "closed.test", "127.0.0.1:0", "127.0.0.2:0", NULL);
    open_dialer(world);
    result = dial_name(world, "closed.test", address_port(&at));
    assert_int_equal(result.reason, COP_REASON_CONNECT);
    assert_true(result.has_address);
    assert_is_host(&result.address, "127.0.0.2");
}

static void test_reach_is_judged(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    int server = listener(&at, 5);
    struct result result;

    fix(world, "inside.test", "10.0.0.1:0", "169.254.169.254:0",
        "192.168.0.1:0");
    fix(world, "mixed.test", "10.0.0.1:0", "127.0.0.1:0", NULL);
    open_dialer(world);
    result = dial_name(world, "inside.test", 80);
    assert_int_equal(result.reason, COP_REASON_REACH);
    assert_false(result.has_address);
    result = dial_host(world, host_of_ipv4(10, 0, 0, 1), 80);
    assert_int_equal(result.reason, COP_REASON_REACH);
    result = dial_name(world, "mixed.test", address_port(&at));
    assert_int_equal(result.reason, COP_REASON_NONE);
    assert_is_host(&result.address, "127.0.0.1");
    (void)close(result.fd);
    (void)close(server);
}

/* Which addresses are barred, and how often it was asked. */
struct barred {
    const char *address; /* without port; NULL: all */
    unsigned asked;
};

static bool bars(void *context, const struct sockaddr_storage *address)
{
    struct barred *barred = context;
    char text[ADDRESS_TEXT_MAX];

    barred->asked++;
    return barred->address == NULL || cop_slice_eq(address_print(address, text),
                                          cop_slice_of(barred->address));
}

static struct result dial_barred(struct world *world, struct cop_host host,
    uint16_t port, struct barred *barred)
{
    return dial_to(world,
        &(struct dial_to){.host = &host, .port = port, .bar = {bars, barred}});
}

static void test_barred_addresses_are_passed_over(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    int server = listener(&at, 5);
    uint16_t port = address_port(&at);
    struct barred first = {.address = "127.0.0.2"};
    struct barred only = {.address = "127.0.0.1"};
    struct barred all = {.address = NULL};
    struct barred reached = {.address = NULL};
    struct result result;

    fix(world, "mixed.test", "127.0.0.2:0", "127.0.0.1:0", NULL);
    open_dialer(world);
    result = dial_barred(world, host_of("mixed.test"), port, &first);
    assert_int_equal(result.reason, COP_REASON_NONE);
    assert_is_host(&result.address, "127.0.0.1");
    assert_int_equal(first.asked, 2);
    (void)close(result.fd);
    /* The other one does not answer: what is barred is why. */
    result = dial_barred(world, host_of("mixed.test"), port, &only);
    assert_int_equal(result.reason, COP_REASON_REFUSED);
    result = dial_barred(world, host_of("mixed.test"), port, &all);
    assert_int_equal(result.reason, COP_REASON_REFUSED);
    assert_false(result.has_address);
    assert_int_equal(all.asked, 2);
    /* An address as host, and one that reach forbids, which nobody is asked
     * about. */
    result = dial_barred(world, host_of_ipv4(127, 0, 0, 1), port, &all);
    assert_int_equal(result.reason, COP_REASON_REFUSED);
    result = dial_barred(world, host_of_ipv4(10, 0, 0, 1), port, &reached);
    assert_int_equal(result.reason, COP_REASON_REACH);
    assert_int_equal(reached.asked, 0);
    (void)close(server);
}

static void test_own_listener_is_not_dialled(void **state)
{
    struct world *world = *state;
    struct config_listen own = {.address = parsed("127.0.0.1:0")};
    int server = listener(&own.address, 5);
    struct result result;

    world->config.listens = &own;
    world->config.listens_n = 1;
    open_dialer(world);
    result = dial_host(
        world, host_of_ipv4(127, 0, 0, 1), address_port(&own.address));
    assert_int_equal(result.reason, COP_REASON_REACH);
    result = dial_name(world, "localhost", address_port(&own.address));
    assert_int_not_equal(result.reason, COP_REASON_NONE);
    assert_int_equal(fcntl(server, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(accept(server, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
    (void)close(server);
}

static void test_new_configuration_changes_reach(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    int server = listener(&at, 5);
    struct result result;

    open_dialer(world);
    world->config.reach_allow_n = 0;
    assert_int_equal(dialer_reconfigure(world->dialer, &world->config), COP_OK);
    result = dial_host(world, host_of_ipv4(127, 0, 0, 1), address_port(&at));
    assert_int_equal(result.reason, COP_REASON_REACH);
    (void)close(server);
}

/* A listener on `address` whose queue is full: it answers no more. */
static void fill(
    struct sockaddr_storage *address, int *server, int fillers[FILLERS])
{
    *server = listener(address, 0);
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(
            fillers[i], (struct sockaddr *)address, address_size(address));
    }
}

static void unfill(int server, const int fillers[FILLERS])
{
    for (int i = 0; i < FILLERS; i++) {
        (void)close(fillers[i]);
    }
    (void)close(server);
}

static void test_silence_times_out(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    int fillers[FILLERS];
    int server;
    int64_t before;
    struct result result;

    fill(&at, &server, fillers);
    open_dialer(world);
    before = loop_now_ms(world->loop);
    result = dial_host(world, host_of_ipv4(127, 0, 0, 1), address_port(&at));
    assert_int_equal(result.reason, COP_REASON_CONNECT_TIMEOUT);
    assert_in_range(loop_now_ms(world->loop) - before, 390, 4000);
    unfill(server, fillers);
}

/* A silent first address costs a quarter of a second, not its deadline. */
static void test_next_one_after_a_pause(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage silent = parsed("127.0.0.1:0");
    struct sockaddr_storage at = parsed("127.0.0.2:0");
    int fillers[FILLERS];
    int silent_server;
    int server;
    int64_t before;
    struct result result;

    fill(&silent, &silent_server, fillers);
    address_set_port(&at, address_port(&silent));
    server = listener(&at, 5);
    world->config.limits.connect_ms = 5000;
    fix(world, "slow.test", "127.0.0.1:0", "127.0.0.2:0", NULL);
    open_dialer(world);
    before = loop_now_ms(world->loop);
    result = dial_name(world, "slow.test", address_port(&at));
    assert_int_equal(result.reason, COP_REASON_NONE);
    assert_is_host(&result.address, "127.0.0.2");
    assert_in_range(loop_now_ms(world->loop) - before, 240, 4000);
    (void)close(result.fd);
    (void)close(server);
    unfill(silent_server, fillers);
}

static void test_name_that_does_not_resolve(void **state)
{
    struct world *world = *state;
    struct result result;

    open_dialer(world);
    result = dial_name(world, "no.invalid", 80);
    assert_int_equal(result.reason, COP_REASON_RESOLVE);
    assert_false(result.has_address);
}

static void test_name_server_that_is_silent(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t n = address_size(&at);

    assert_int_equal(bind(server, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &n), 0);
    world->config.name_servers = &at;
    world->config.name_servers_n = 1;
    open_dialer(world);
    assert_int_equal(
        dial_name(world, "some.test", 80).reason, COP_REASON_RESOLVE_TIMEOUT);
    (void)close(server);
}

struct alarm {
    struct loop *loop;
    struct timer timer;
};

static void on_alarm(struct timer *timer)
{
    loop_stop(LOOP_OWNER(timer, struct alarm, timer)->loop);
}

static void run_for(struct loop *loop, int64_t ms)
{
    struct alarm alarm = {.loop = loop};

    timer_init(&alarm.timer, on_alarm);
    assert_int_equal(loop_set_timer(loop, &alarm.timer, ms), COP_OK);
    assert_int_equal(loop_run(loop), COP_OK);
}

static void test_cancelled_does_not_call(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage at = parsed("127.0.0.1:0");
    struct cop_host literal = host_of_ipv4(127, 0, 0, 1);
    struct cop_host name = host_of("silent.test");
    struct result result = {.loop = world->loop};
    struct dial *dials[4] = {NULL};
    int fillers[FILLERS];
    int server;

    fill(&at, &server, fillers);
    fix(world, "silent.test", "127.0.0.1:0", NULL, NULL);
    open_dialer(world);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            dial_start(world->dialer,
                &(struct dial_to){.host = i % 2 == 0 ? &literal : &name,
                    .port = address_port(&at)},
                on_dialled, &result, &dials[i]),
            COP_OK);
    }
    dial_cancel(&dials[0]); /* before it began */
    dial_cancel(&dials[1]);
    assert_null(dials[0]);
    run_for(world->loop, 50);
    dial_cancel(&dials[2]); /* while connecting */
    dial_cancel(&dials[2]);
    run_for(world->loop, 30);
    assert_int_equal(result.calls, 0);
    unfill(server, fillers);
    /* The last one is ended by freeing the dialer. */
}

static void on_dialled_start_another(void *context, int fd,
    enum cop_reason reason, const struct sockaddr_storage *address);

struct chain {
    struct world *world;
    struct dial *dial;
    int left;
    struct result last;
};

static void chain_start(struct chain *chain)
{
    struct cop_host host = host_of("no.invalid");

    assert_int_equal(dial_start(chain->world->dialer,
                         &(struct dial_to){.host = &host, .port = 80},
                         on_dialled_start_another, chain, &chain->dial),
        COP_OK);
}

static void on_dialled_start_another(void *context, int fd,
    enum cop_reason reason, const struct sockaddr_storage *address)
{
    struct chain *chain = context;

    dial_cancel(&chain->dial); /* too late, and harmless */
    if (--chain->left > 0) {
        chain_start(chain);
    } else {
        on_dialled(&chain->last, fd, reason, address);
    }
}

static void test_starting_from_the_callback(void **state)
{
    struct world *world = *state;
    struct chain chain = {.world = world, .left = 5};

    open_dialer(world);
    chain.last.loop = world->loop;
    chain_start(&chain);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(chain.left, 0);
    assert_int_equal(chain.last.reason, COP_REASON_RESOLVE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_connects_to_an_address),
        TEST(test_connects_to_a_name),
        TEST(test_families_take_turns),
        TEST(test_aim),
        TEST(test_fixed_aim_is_judged),
        TEST(test_aims_are_compared),
        TEST(test_refused),
        TEST(test_reach_is_judged),
        TEST(test_barred_addresses_are_passed_over),
        TEST(test_own_listener_is_not_dialled),
        TEST(test_new_configuration_changes_reach),
        TEST(test_silence_times_out),
        TEST(test_next_one_after_a_pause),
        TEST(test_name_that_does_not_resolve),
        TEST(test_name_server_that_is_silent),
        TEST(test_cancelled_does_not_call),
        TEST(test_starting_from_the_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

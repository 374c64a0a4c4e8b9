/* The resolver against a small name server in the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"
#include "gateway/net/resolver.h"
#include "tests/unit/address_text.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, HEADER = 12 };

/* Answers by the first label of the name that is asked for. */
struct server {
    struct loop *loop;
    struct watch watch;
    struct sockaddr_storage address;
    int asked; /* questions, all types */
};

struct world {
    struct loop *loop;
    struct server server;
    struct config config;
    struct resolver *resolver;
};

struct reply {
    uint8_t p[1500];
    size_t n;
};

static void put(struct reply *reply, const void *bytes, size_t n)
{
    memcpy(reply->p + reply->n, bytes, n);
    reply->n += n;
}

static void put16(struct reply *reply, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    put(reply, bytes, 2);
}

/* A record whose owner is the name at `offset`. */
static void put_record(struct reply *reply, unsigned offset, unsigned type,
    unsigned ttl, const void *data, size_t n)
{
    put16(reply, 0xc000U | offset);
    put16(reply, type);
    put16(reply, 1);
    put16(reply, 0);
    put16(reply, ttl);
    put16(reply, (unsigned)n);
    put(reply, data, n);
    reply->p[7]++;
}

static void put_address(
    struct reply *reply, unsigned type, unsigned ttl, uint8_t last)
{
    const uint8_t ipv4[4] = {192, 0, 2, last};
    const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = last};

    if (type == TYPE_A) {
        put_record(reply, HEADER, type, ttl, ipv4, 4);
    } else {
        put_record(reply, HEADER, type, ttl, ipv6, 16);
    }
}

static void put_alias(struct reply *reply, unsigned type)
{
    const uint8_t ipv4[4] = {192, 0, 2, 9};
    size_t target;

    if (type != TYPE_A) {
        return;
    }
    put_record(reply, HEADER, TYPE_CNAME, 300, "\4real\4test", 11);
    target = reply->n - 11;
    put_record(reply, (unsigned)target, TYPE_A, 1, ipv4, 4);
}

static bool asks_for(const uint8_t *name, const char *label)
{
    return name[0] == strlen(label) &&
           memcmp(name + 1, label, strlen(label)) == 0;
}

/* What to say. Returns false to say nothing. */
static bool answer(const uint8_t *name, unsigned type, struct reply *reply)
{
    if (asks_for(name, "silent") ||
        (asks_for(name, "half") && type == TYPE_AAAA)) {
        return false;
    }
    if (asks_for(name, "good") || asks_for(name, "half")) {
        put_address(reply, type, 60, 1);
        put_address(reply, type, 60, 2);
    } else if (asks_for(name, "only6") && type == TYPE_AAAA) {
        put_address(reply, type, 60, 6);
    } else if (asks_for(name, "fleeting")) {
        put_address(reply, type, 0, 1);
    } else if (asks_for(name, "many")) {
        for (uint8_t i = 0; i < 30; i++) {
            put_address(reply, type, 60, i);
        }
    } else if (asks_for(name, "alias")) {
        put_alias(reply, type);
    } else if (asks_for(name, "none")) {
        reply->p[3] |= 3; /* NXDOMAIN */
    } else if (asks_for(name, "broken")) {
        reply->p[3] |= 2; /* SERVFAIL */
    } else if (asks_for(name, "refused")) {
        reply->p[3] |= 5;
    } else if (asks_for(name, "garbage")) {
        memset(reply->p + 2, 0xff, reply->n - 2);
    } else if (asks_for(name, "forged")) {
        reply->p[0] ^= 0x55; /* another question's number */
        put_address(reply, type, 60, 66);
    } else if (asks_for(name, "cut")) {
        put_address(reply, type, 60, 1);
        reply->n -= 2;
    }
    return true;
}

static void on_question(struct watch *watch, unsigned events)
{
    struct server *server = LOOP_OWNER(watch, struct server, watch);
    struct sockaddr_storage from;
    socklen_t from_n = sizeof(from);
    uint8_t question[1500];
    struct reply reply = {.n = 0};
    ssize_t n = recvfrom(watch->fd, question, sizeof(question), 0,
        (struct sockaddr *)&from, &from_n);
    size_t end = HEADER;

    assert_true(events & LOOP_READ);
    if (n < HEADER) {
        return;
    }
    server->asked++;
    while (question[end] != 0) {
        end += question[end] + 1U;
    }
    put(&reply, question, end + 5);
    reply.p[2] = 0x81;
    reply.p[3] = 0x80;
    memset(reply.p + 6, 0, 6);
    if (answer(question + HEADER, question[end + 2], &reply)) {
        assert_int_equal(sendto(watch->fd, reply.p, reply.n, 0,
                             (struct sockaddr *)&from, from_n),
            (ssize_t)reply.n);
    }
}

static void server_open(struct server *server, struct loop *loop)
{
    socklen_t n = sizeof(server->address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    server->loop = loop;
    server->asked = 0;
    address_of("127.0.0.1:0", &server->address, &n);
    assert_int_equal(bind(fd, (struct sockaddr *)&server->address, n), 0);
    assert_int_equal(
        getsockname(fd, (struct sockaddr *)&server->address, &n), 0);
    watch_init(&server->watch, on_question);
    assert_int_equal(loop_watch(loop, &server->watch, fd, LOOP_READ), COP_OK);
}

static void server_close(struct server *server)
{
    int fd = server->watch.fd;

    loop_unwatch(server->loop, &server->watch);
    (void)close(fd);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(loop_new(&world->loop), COP_OK);
    server_open(&world->server, world->loop);
    world->config.name_servers = &world->server.address;
    world->config.name_servers_n = 1;
    world->config.limits.resolve_ms = 300;
    assert_int_equal(
        resolver_new(world->loop, &world->config, &world->resolver), COP_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    resolver_free(&world->resolver);
    assert_null(world->resolver);
    server_close(&world->server);
    loop_free(&world->loop);
    free(world);
    return 0;
}

static void set_patience(struct world *world, uint32_t resolve_ms)
{
    world->config.limits.resolve_ms = resolve_ms;
    assert_int_equal(
        resolver_reconfigure(world->resolver, &world->config), COP_OK);
}

/* One question from a test. */
struct asker {
    struct loop *loop;
    struct lookup lookup;
    int answers;
    int *left; /* the loop stops when none is */
};

static void on_answer(struct lookup *lookup)
{
    struct asker *asker = LOOP_OWNER(lookup, struct asker, lookup);

    asker->answers++;
    if (--*asker->left == 0) {
        loop_stop(asker->loop);
    }
}

static struct cop_host host_of(const char *name)
{
    struct cop_host host = {.kind = COP_HOST_NAME};

    host.n = (uint8_t)strlen(name);
    memcpy(host.text, name, host.n + 1U);
    return host;
}

static void ask_on(
    struct world *world, struct asker *asker, const char *name, int *left)
{
    struct cop_host host = host_of(name);

    *asker = (struct asker){.loop = world->loop, .left = left};
    lookup_init(&asker->lookup, on_answer);
    resolver_ask(world->resolver, &host, &asker->lookup);
    assert_int_equal(asker->answers, 0);
    ++*left;
}

/* Ask and wait; the answer is the lookup's. */
static struct lookup ask(struct world *world, const char *name)
{
    struct asker asker;
    int left = 0;

    ask_on(world, &asker, name, &left);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(asker.answers, 1);
    return asker.lookup;
}

static bool has_address(const struct lookup *lookup, const char *text)
{
    struct sockaddr_storage address;
    socklen_t n;
    uint8_t bytes[16];

    address_of(text, &address, &n);
    address_bytes(&address, bytes);
    for (uint32_t i = 0; i < lookup->answer.n; i++) {
        if (memcmp(lookup->answer.addresses[i], bytes, 16) == 0) {
            return true;
        }
    }
    return false;
}

static void test_good_answer_is_kept(void **state)
{
    struct world *world = *state;
    struct lookup lookup = ask(world, "good.test");

    assert_int_equal(lookup.reason, COP_REASON_NONE);
    assert_int_equal(lookup.answer.n, 4);
    assert_true(has_address(&lookup, "192.0.2.1:0"));
    assert_true(has_address(&lookup, "192.0.2.2:0"));
    assert_true(has_address(&lookup, "[2001:db8::1]:0"));
    assert_true(has_address(&lookup, "[2001:db8::2]:0"));
    assert_int_equal(world->server.asked, 2);
    lookup = ask(world, "good.test");
    assert_int_equal(lookup.answer.n, 4);
    assert_int_equal(world->server.asked, 2);
}

static void test_one_family_is_enough(void **state)
{
    struct world *world = *state;
    struct lookup lookup = ask(world, "only6.test");

    assert_int_equal(lookup.reason, COP_REASON_NONE);
    assert_int_equal(lookup.answer.n, 1);
    assert_true(has_address(&lookup, "[2001:db8::6]:0"));
}

static void test_aliases_are_followed(void **state)
{
    struct world *world = *state;
    struct lookup lookup = ask(world, "alias.test");

    assert_int_equal(lookup.reason, COP_REASON_NONE);
    assert_int_equal(lookup.answer.n, 1);
    assert_true(has_address(&lookup, "192.0.2.9:0"));
}

static void test_both_families_have_room(void **state)
{
    struct world *world = *state;
    struct lookup lookup = ask(world, "many.test");
    int ipv4 = 0;

    assert_int_equal(lookup.answer.n, ANSWERS_ADDRESSES);
    for (uint32_t i = 0; i < lookup.answer.n; i++) {
        ipv4 += address_is_ipv4(lookup.answer.addresses[i]);
    }
    assert_int_equal(ipv4, ANSWERS_ADDRESSES / 2);
}

static void test_no_such_name_is_kept(void **state)
{
    static const char *const names[] = {"none.test", "empty.test"};
    struct world *world = *state;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(world, names[i]).reason, COP_REASON_RESOLVE);
        assert_int_equal(ask(world, names[i]).reason, COP_REASON_RESOLVE);
        assert_int_equal(world->server.asked, 2 * (i + 1));
    }
}

static void test_failures_are_not_kept(void **state)
{
    static const char *const names[] = {
        "broken.test", "refused.test", "cut.test"};
    struct world *world = *state;

    for (int i = 0; i < 3; i++) {
        int asked;

        assert_int_equal(ask(world, names[i]).reason, COP_REASON_RESOLVE);
        asked = world->server.asked;
        assert_int_equal(ask(world, names[i]).reason, COP_REASON_RESOLVE);
        assert_true(world->server.asked > asked);
    }
}

static void test_no_time_to_live_is_asked_again(void **state)
{
    struct world *world = *state;

    assert_int_equal(ask(world, "fleeting.test").reason, COP_REASON_NONE);
    assert_int_equal(ask(world, "fleeting.test").reason, COP_REASON_NONE);
    assert_int_equal(world->server.asked, 4);
}

static void test_silence_garbage_and_forgery_time_out(void **state)
{
    static const char *const names[] = {
        "silent.test", "garbage.test", "forged.test"};
    struct world *world = *state;

    for (int i = 0; i < 3; i++) {
        int64_t before = loop_now_ms(world->loop);
        struct lookup lookup = ask(world, names[i]);

        assert_int_equal(lookup.reason, COP_REASON_RESOLVE_TIMEOUT);
        assert_int_equal(lookup.answer.n, 0);
        assert_in_range(loop_now_ms(world->loop) - before, 290, 4000);
    }
    assert_int_equal(ask(world, "good.test").reason, COP_REASON_NONE);
}

/* A server that never answers AAAA delays nobody for long, first or later. */
static void test_half_an_answer_is_used(void **state)
{
    struct world *world = *state;

    set_patience(world, 10000);
    for (int i = 0; i < 2; i++) {
        int64_t before = loop_now_ms(world->loop);
        struct lookup lookup = ask(world, "half.test");

        assert_int_equal(lookup.reason, COP_REASON_NONE);
        assert_int_equal(lookup.answer.n, 2);
        assert_in_range(loop_now_ms(world->loop) - before, 0, 5000);
    }
    assert_int_equal(world->server.asked, 2);
}

static void test_same_name_is_asked_once(void **state)
{
    struct world *world = *state;
    struct asker askers[5];
    int left = 0;

    for (int i = 0; i < 5; i++) {
        ask_on(world, &askers[i], "good.test", &left);
    }
    assert_int_equal(loop_run(world->loop), COP_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(askers[i].answers, 1);
        assert_int_equal(askers[i].lookup.answer.n, 4);
    }
    assert_int_equal(world->server.asked, 2);
}

static void test_cancelled_is_not_answered(void **state)
{
    struct world *world = *state;
    struct asker askers[3];
    struct asker fixed;
    int left = 0;

    for (int i = 0; i < 3; i++) {
        ask_on(world, &askers[i], "good.test", &left);
    }
    ask_on(world, &fixed, "localhost", &left);
    lookup_cancel(&askers[1].lookup);
    lookup_cancel(&askers[1].lookup);
    lookup_cancel(&fixed.lookup);
    left -= 2;
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(askers[0].answers, 1);
    assert_int_equal(askers[1].answers, 0);
    assert_int_equal(askers[2].answers, 1);
    assert_int_equal(fixed.answers, 0);
}

static void test_special_names_are_not_asked_for(void **state)
{
    static const char *const none[] = {"invalid", "some.invalid", "x.onion"};
    struct world *world = *state;
    struct lookup lookup;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(world, none[i]).reason, COP_REASON_RESOLVE);
    }
    lookup = ask(world, "localhost");
    assert_true(has_address(&lookup, "127.0.0.1:0"));
    assert_true(has_address(&lookup, "[::1]:0"));
    assert_int_equal(ask(world, "a.localhost").answer.n, 2);
    assert_int_equal(world->server.asked, 0);
    assert_int_equal(ask(world, "notlocalhost").reason, COP_REASON_RESOLVE);
    assert_int_equal(world->server.asked, 2);
}

static void test_fixed_names_and_other_configuration(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage address;
    socklen_t n;
    struct config_host host = {
        .name = COP_LIT("good.test"), .addresses = &address, .addresses_n = 1};
    struct lookup lookup;

    address_of("198.51.100.1:0", &address, &n);
    assert_int_equal(ask(world, "good.test").answer.n, 4);
    world->config.hosts = &host;
    world->config.hosts_n = 1;
    assert_int_equal(
        resolver_reconfigure(world->resolver, &world->config), COP_OK);
    lookup = ask(world, "good.test");
    assert_int_equal(lookup.answer.n, 1);
    assert_true(has_address(&lookup, "198.51.100.1:0"));
    assert_int_equal(world->server.asked, 2);
    world->config.hosts_n = 0;
    assert_int_equal(
        resolver_reconfigure(world->resolver, &world->config), COP_OK);
    assert_int_equal(ask(world, "good.test").answer.n, 4);
    assert_int_equal(world->server.asked, 4);
}

/* What is under way when the servers change is asked of the new ones. */
static void test_questions_move_to_new_servers(void **state)
{
    struct world *world = *state;
    struct sockaddr_storage dead = world->server.address;
    struct asker asker;
    int left = 0;
    int unbound = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t n = sizeof(dead);

    address_set_port(&dead, 0);
    assert_int_equal(bind(unbound, (struct sockaddr *)&dead, n), 0);
    assert_int_equal(getsockname(unbound, (struct sockaddr *)&dead, &n), 0);
    world->config.name_servers = &dead; /* bound, but nobody reads */
    assert_int_equal(
        resolver_reconfigure(world->resolver, &world->config), COP_OK);
    ask_on(world, &asker, "good.test", &left);
    world->config.name_servers = &world->server.address;
    assert_int_equal(
        resolver_reconfigure(world->resolver, &world->config), COP_OK);
    assert_int_equal(loop_run(world->loop), COP_OK);
    assert_int_equal(asker.lookup.reason, COP_REASON_NONE);
    assert_int_equal(asker.lookup.answer.n, 4);
    (void)close(unbound);
}

/* Nobody listens there: told at once, not after the time-out. */
static void test_no_server_there(void **state)
{
    struct world *world = *state;
    int64_t before;

    set_patience(world, 10000);
    server_close(&world->server);
    before = loop_now_ms(world->loop);
    assert_int_equal(ask(world, "good.test").reason, COP_REASON_RESOLVE);
    assert_in_range(loop_now_ms(world->loop) - before, 0, 5000);
    server_open(&world->server, world->loop);
}

static void test_many_questions_at_once(void **state)
{
    enum { MANY = 1100 };
    struct world *world = *state;
    struct asker *askers = calloc(MANY, sizeof(*askers));
    int left = 0;
    int counts[COP_REASONS] = {0};

    assert_non_null(askers);
    for (int i = 0; i < MANY; i++) {
        char name[32] = "silent.n0000.test";

        name[8] = (char)('0' + i / 1000);
        name[9] = (char)('0' + i / 100 % 10);
        name[10] = (char)('0' + i / 10 % 10);
        name[11] = (char)('0' + i % 10);
        ask_on(world, &askers[i], name, &left);
    }
    assert_int_equal(loop_run(world->loop), COP_OK);
    for (int i = 0; i < MANY; i++) {
        counts[askers[i].lookup.reason]++;
    }
    assert_int_equal(counts[COP_REASON_RESOLVE_TIMEOUT], 1024);
    assert_int_equal(counts[COP_REASON_LIMIT], MANY - 1024);
    free(askers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good_answer_is_kept),
        TEST(test_one_family_is_enough),
        TEST(test_aliases_are_followed),
        TEST(test_both_families_have_room),
        TEST(test_no_such_name_is_kept),
        TEST(test_failures_are_not_kept),
        TEST(test_no_time_to_live_is_asked_again),
        TEST(test_silence_garbage_and_forgery_time_out),
        TEST(test_half_an_answer_is_used),
        TEST(test_same_name_is_asked_once),
        TEST(test_cancelled_is_not_answered),
        TEST(test_special_names_are_not_asked_for),
        TEST(test_fixed_names_and_other_configuration),
        TEST(test_questions_move_to_new_servers),
        TEST(test_no_server_there),
        TEST(test_many_questions_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

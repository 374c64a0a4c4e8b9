/* Connections to servers: made, kept, found dead, given up. */
#include "tests/unit/upstream_house.h"

static void reuses(struct house *house, const struct origin *origin)
{
    struct asker asker;
    struct upstream *first;

    connect_to(&asker, house, origin);
    first = asker.upstream;
    assert_false(first->is_reused);
    assert_int_equal(first->is_tls, origin->context != NULL);
    assert_string_equal(first->host.text, "a.test");
    assert_int_equal(first->port, origin->port);
    converse(house, first);
    upstream_put(&asker.upstream);
    assert_null(asker.upstream);
    turn(house, 20);
    assert_int_equal(ask(&asker, house, origin, "a.test", false), COP_OK);
    assert_ptr_equal(asker.upstream, first);
    assert_true(first->is_reused);
    converse(house, first);
    assert_int_equal(origin->accepted, 1);
    upstream_close(&asker.upstream);
    assert_null(asker.upstream);
    turn(house, 20);
    assert_int_equal(origin->ended, 1);
}

static void test_reuses_plain(void **state)
{
    struct house *house = *state;

    reuses(house, &house->plain);
}

static void test_reuses_tls(void **state)
{
    struct house *house = *state;

    reuses(house, &house->tls);
}

static void test_does_not_mix_places(void **state)
{
    struct house *house = *state;
    struct asker asker;
    struct asker other;

    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    /* Same host, another port and TLS; same place, but asked for fresh. */
    connect_to(&other, house, &house->tls);
    assert_false(other.upstream->is_reused);
    upstream_close(&other.upstream);
    assert_int_equal(
        ask(&other, house, &house->plain, "a.test", true), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_false(other.upstream->is_reused);
    upstream_close(&other.upstream);
    assert_int_equal(
        ask(&other, house, &house->plain, "127.0.0.1", false), COP_AGAIN);
    upstreams_cancel(&other.wait);
    assert_null(other.wait);
}

static bool bars_all(void *context, const struct sockaddr_storage *address)
{
    unsigned *asked = context;

    assert_int_equal(address->ss_family, AF_INET);
    ++*asked;
    return true;
}

/* An idle connection to an address that is barred is not handed out, and stays
 * for those whom it is not barred for. */
static void test_a_barred_one_stays_idle(void **state)
{
    struct house *house = *state;
    struct asker asker;
    struct asker other;
    unsigned asked = 0;

    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    house->bar = (struct dial_bar){bars_all, &asked};
    assert_int_equal(
        ask(&other, house, &house->plain, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_null(other.upstream);
    assert_int_equal(other.reason, COP_REASON_REFUSED);
    assert_int_equal(asked, 2); /* the idle one, the one to be dialled */
    house->bar = (struct dial_bar){NULL, NULL};
    assert_int_equal(
        ask(&other, house, &house->plain, "a.test", false), COP_OK);
    assert_true(other.upstream->is_reused);
    upstream_close(&other.upstream);
}

static void test_a_closed_one_leaves_the_pool(void **state)
{
    struct house *house = *state;
    struct origin *origins[] = {&house->plain, &house->tls};

    for (int i = 0; i < 2; i++) {
        struct asker asker;

        connect_to(&asker, house, origins[i]);
        converse(house, asker.upstream);
        upstream_put(&asker.upstream);
        connection_end(&origins[i]->connections[0]);
        if (i == 0) {
            turn(house, 20); /* noticed while idle; else when taken */
        }
        assert_int_equal(
            ask(&asker, house, origins[i], "a.test", false), COP_AGAIN);
        upstreams_cancel(&asker.wait);
    }
}

static void test_one_that_speaks_unasked_is_not_kept(void **state)
{
    struct house *house = *state;
    struct asker asker;
    int fd;

    connect_to(&asker, house, &house->plain);
    fd = asker.upstream->wire.fd;
    converse(house, asker.upstream);
    upstream_put(&asker.upstream);
    assert_int_equal(
        send(house->plain.connections[0].watch.fd, "HTTP/1.1 ", 9, 0), 9);
    turn(house, 20);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(
        ask(&asker, house, &house->plain, "a.test", false), COP_AGAIN);
    upstreams_cancel(&asker.wait);
}

static void test_keeps_only_so_many(void **state)
{
    struct house *house = *state;
    struct asker askers[3];

    for (int i = 0; i < 3; i++) {
        connect_to(&askers[i], house, &house->plain);
    }
    for (int i = 0; i < 3; i++) {
        upstream_put(&askers[i].upstream);
    }
    turn(house, 20);
    assert_int_equal(house->plain.ended, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&askers[i], house, &house->plain, "a.test", false),
            i < 2 ? COP_OK : COP_AGAIN);
    }
    upstreams_cancel(&askers[2].wait);
    upstream_close(&askers[0].upstream);
    upstream_close(&askers[1].upstream);
}

static void test_closes_what_idles_too_long(void **state)
{
    struct house *house = *state;
    struct asker asker;

    house->config.limits.pool_idle_ms = 30;
    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    turn(house, 100);
    assert_int_equal(house->plain.ended, 1);
    house->config.limits.pool_per_origin = 0;
    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    turn(house, 20);
    assert_int_equal(house->plain.ended, 2);
}

/* What was made under another trust is not used again. */
static void test_trust_that_changes(void **state)
{
    struct house *house = *state;
    struct asker idle;
    struct asker busy;
    struct tls_client *client = make_client(house);

    connect_to(&idle, house, &house->tls);
    connect_to(&busy, house, &house->tls);
    upstream_put(&idle.upstream);
    upstreams_reconfigure(house->upstreams, &house->config, house->client);
    assert_int_equal(ask(&idle, house, &house->tls, "a.test", false), COP_OK);
    upstream_put(&idle.upstream);
    upstreams_reconfigure(house->upstreams, &house->config, client);
    tls_client_drop(&client);
    turn(house, 20);
    assert_int_equal(house->tls.ended, 1);
    converse(house, busy.upstream);
    upstream_put(&busy.upstream);
    turn(house, 20);
    assert_int_equal(house->tls.ended, 2);
}

static void test_tells_why_not(void **state)
{
    struct house *house = *state;
    struct asker asker;

    /* A certificate for another name. */
    assert_int_equal(
        ask(&asker, house, &house->tls, "127.0.0.1", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_null(asker.upstream);
    assert_int_equal(asker.reason, COP_REASON_CERT_HOST);
    assert_true(asker.detail[0] != '\0');
    /* Not TLS at all. */
    house->plain.context = house->context;
    assert_int_equal(
        ask(&asker, house, &house->plain, "a.test", false), COP_AGAIN);
    house->plain.context = NULL;
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker.reason, COP_REASON_ORIGIN_TLS);
    /* Nobody there, and nowhere clients may go. */
    origin_close(&house->plain);
    assert_int_equal(
        ask(&asker, house, &house->plain, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker.reason, COP_REASON_CONNECT);
    assert_int_equal(
        ask(&asker, house, &house->tls, "192.168.7.7", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker.reason, COP_REASON_REACH);
    origin_open(&house->plain, house->loop, NULL);
}

static void test_gives_a_mute_server_up(void **state)
{
    struct house *house = *state;
    struct asker asker;
    int64_t began = loop_now_ms(house->loop);

    house->tls.is_mute = true;
    house->config.limits.handshake_ms = 100;
    assert_int_equal(
        ask(&asker, house, &house->tls, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_null(asker.upstream);
    assert_int_equal(asker.reason, COP_REASON_CONNECT_TIMEOUT);
    assert_in_range(loop_now_ms(house->loop) - began, 90, 1500);
}

/* In the middle of dialling, of the handshake, and with idle ones left. */
static void test_cancels_and_ends_anywhere(void **state)
{
    struct house *house = *state;
    struct asker asker;

    assert_int_equal(
        ask(&asker, house, &house->tls, "a.test", false), COP_AGAIN);
    upstreams_cancel(&asker.wait);
    turn(house, 20);
    assert_int_equal(asker.told, 0);
    house->tls.is_mute = true;
    assert_int_equal(
        ask(&asker, house, &house->tls, "a.test", false), COP_AGAIN);
    turn(house, 50);
    upstreams_cancel(&asker.wait);
    turn(house, 20);
    assert_int_equal(asker.told, 0);
    upstreams_cancel(&asker.wait);
    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    upstream_put(&asker.upstream);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reuses_plain),
        TEST(test_reuses_tls),
        TEST(test_does_not_mix_places),
        TEST(test_a_barred_one_stays_idle),
        TEST(test_a_closed_one_leaves_the_pool),
        TEST(test_one_that_speaks_unasked_is_not_kept),
        TEST(test_keeps_only_so_many),
        TEST(test_closes_what_idles_too_long),
        TEST(test_trust_that_changes),
        TEST(test_tells_why_not),
        TEST(test_gives_a_mute_server_up),
        TEST(test_cancels_and_ends_anywhere),
    };

    /* For OpenSSL's own sockets; test_wire shows that ours do not need it. */
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Many who go to one server at once: who follows whom, and what becomes of them
 * when who led gives up or fails. */
#include "tests/unit/upstream_house.h"

/* Wait until as many have been told as are given. */
static void wait_for(struct house *house, struct asker *askers, int n)
{
    for (int i = 0; i < n; i++) {
        while (askers[i].told == 0) {
            assert_int_equal(loop_run(house->loop), COP_OK);
        }
    }
}

/* Two want to go to a server that nobody knows: one goes, and when HTTP/1 is
 * what it speaks the other goes too. From then on nobody waits. */
static void test_follows_and_goes_itself(void **state)
{
    struct house *house = *state;
    struct asker askers[4];

    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            ask(&askers[i], house, &house->tls, "a.test", false), COP_AGAIN);
    }
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(askers[0].told, 1);
    assert_int_equal(askers[1].told, 0);
    assert_int_equal(house->tls.accepted, 1);
    wait_for(house, askers, 2);
    assert_ptr_not_equal(askers[0].upstream, askers[1].upstream);
    assert_int_equal(house->tls.accepted, 2);
    for (int i = 2; i < 4; i++) {
        assert_int_equal(
            ask(&askers[i], house, &house->tls, "a.test", true), COP_AGAIN);
        assert_non_null(askers[i].wait);
    }
    wait_for(house, askers, 4);
    for (int i = 0; i < 4; i++) {
        converse(house, askers[i].upstream);
        upstream_close(&askers[i].upstream);
    }
}

/* Who led gives up, before it is connected and after. */
static void test_follows_one_that_is_cancelled(void **state)
{
    struct house *house = *state;
    struct asker askers[3];

    for (int round = 0; round < 2; round++) {
        int before = house->tls.accepted;

        for (int i = 0; i < 3; i++) {
            assert_int_equal(
                ask(&askers[i], house, &house->tls, "a.test", true), COP_AGAIN);
        }
        while (round == 1 && house->tls.accepted == before) {
            turn(house, 1);
        }
        if (askers[0].told != 0) {
            /* It was faster than we looked: there is nothing to cancel. */
            wait_for(house, askers, 3);
            for (int i = 0; i < 3; i++) {
                upstream_close(&askers[i].upstream);
            }
            continue;
        }
        upstreams_cancel(&askers[0].wait);
        upstreams_cancel(&askers[1].wait);
        wait_for(house, askers + 2, 1);
        assert_int_equal(askers[2].reason, COP_REASON_NONE);
        converse(house, askers[2].upstream);
        upstream_close(&askers[2].upstream);
        assert_int_equal(askers[0].told + askers[1].told, 0);
        /* As at the beginning: nobody knows what it speaks. */
        upstreams_free(&house->upstreams);
        assert_int_equal(upstreams_new(house->loop, house->dialer,
                             &house->config, house->client, &house->upstreams),
            COP_OK);
    }
}

/* All who follow hear why it failed. */
static void test_follows_into_failure(void **state)
{
    struct house *house = *state;
    struct asker askers[3];

    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            ask(&askers[i], house, &house->tls, "127.0.0.1", false), COP_AGAIN);
    }
    wait_for(house, askers, 3);
    for (int i = 0; i < 3; i++) {
        assert_null(askers[i].upstream);
        assert_int_equal(askers[i].reason, COP_REASON_CERT_HOST);
    }
    assert_int_equal(house->tls.accepted, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_follows_and_goes_itself),
        TEST(test_follows_one_that_is_cancelled),
        TEST(test_follows_into_failure),
    };

    /* For OpenSSL's own sockets; test_wire shows that ours do not need it. */
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A worker's certificates: asked of keyd once, kept, shared, given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "gateway/loop/loop.h"
#include "gateway/tls/ca.h"
#include "gateway/tls/leaf.h"
#include "gateway/tls/leaf_internal.h"
#include "gateway/tls/mint.h"

#include "tests/unit/certificates.h"

enum manner {
    KEYD_SIGNS,
    KEYD_FAILS,
    KEYD_BABBLES,
    KEYD_LEAVES,
    KEYD_SLEEPS,
    KEYD_SWAPS /* signs another key than the one it was given */
};

struct house {
    struct loop *loop;
    struct timer limit;
    struct leaves *leaves;
    struct watch keyd;
    int worker_fd;
    enum manner manner;
    uint8_t failure; /* KEYD_FAILS */
    struct ca *ca;
    int asked; /* requests that keyd saw */
};

/* One who waits. */
struct waiter {
    struct house *house;
    struct leaf_wait *wait;
    struct leaf *leaf; /* held */
    enum cop_reason reason;
    int told;
    int stop_at; /* stop the loop when told so often; 0: never */
};

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing came in time");
}

static void keyd_send(struct house *house, const struct mint_reply *reply)
{
    uint8_t out[MINT_MESSAGE_MAX];
    size_t n = mint_write_reply(reply, out);

    assert_int_equal(send(house->keyd.fd, out, n, 0), (ssize_t)n);
}

static void keyd_sign(struct house *house, const struct mint_request *request)
{
    static struct mint_reply reply;
    struct cop_slice spki = {(const char *)request->spki, request->spki_n};
    EVP_PKEY *other = EVP_EC_gen("P-256");
    unsigned char bytes[CA_SPKI_MAX];
    unsigned char *to = bytes;
    size_t der_n = 0;

    if (house->manner == KEYD_SWAPS) {
        spki.n = (size_t)i2d_PUBKEY(other, &to);
        spki.p = (const char *)bytes;
    }
    EVP_PKEY_free(other);
    reply = (struct mint_reply){.number = request->number};
    assert_int_equal(ca_issue(house->ca, &request->host, spki, time(NULL),
                         reply.der, &der_n),
        COP_OK);
    reply.der_n = (uint16_t)der_n;
    keyd_send(house, &reply);
}

static void keyd_answer(struct house *house, const struct mint_request *request)
{
    static struct mint_reply failure;

    house->asked++;
    switch (house->manner) {
    case KEYD_SIGNS:
    case KEYD_SWAPS:
        keyd_sign(house, request);
        break;
    case KEYD_FAILS:
        failure = (struct mint_reply){
            .number = request->number, .failed = house->failure};
        keyd_send(house, &failure);
        break;
    case KEYD_BABBLES:
        assert_int_equal(send(house->keyd.fd, "babble", 6, 0), 6);
        break;
    case KEYD_LEAVES:
        assert_int_equal(shutdown(house->keyd.fd, SHUT_RDWR), 0);
        break;
    case KEYD_SLEEPS:
        break;
    }
}

static void keyd_ready(struct watch *watch, unsigned events)
{
    struct house *house = LOOP_OWNER(watch, struct house, keyd);
    uint8_t bytes[MINT_MESSAGE_MAX];
    struct mint_request request;
    ssize_t n = recv(watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    (void)events;
    if (n <= 0) {
        int fd = watch->fd;

        loop_unwatch(house->loop, watch);
        close(fd);
        return;
    }
    assert_int_equal(
        mint_read_request(
            (struct cop_slice){(const char *)bytes, (size_t)n}, &request),
        COP_OK);
    keyd_answer(house, &request);
}

static struct ca *make_ca(int until_days)
{
    struct recipe recipe = recipe_root("The Gateway");
    struct identity_pair root;
    BIO *certificate = BIO_new(BIO_s_mem());
    BIO *key = BIO_new(BIO_s_mem());
    struct cop_report report = {0};
    char *certificate_p;
    char *key_p;
    size_t certificate_n;
    size_t key_n;
    struct ca *ca = NULL;
    struct ca_texts texts = {.certificate_file = "crt", .key_file = "key"};

    recipe.until_days = until_days;
    root = certificate_make(&recipe, NULL);
    PEM_write_bio_X509(certificate, root.certificate);
    PEM_write_bio_PrivateKey(key, root.key, NULL, NULL, 0, NULL, NULL);
    certificate_n = (size_t)BIO_get_mem_data(certificate, &certificate_p);
    key_n = (size_t)BIO_get_mem_data(key, &key_p);
    texts.certificate = (struct cop_slice){certificate_p, certificate_n};
    texts.key = (struct cop_slice){key_p, key_n};
    assert_int_equal(ca_load(&texts, time(NULL), &report, &ca), COP_OK);
    BIO_free(certificate);
    BIO_free(key);
    certificate_free(&root);
    return ca;
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));
    int fds[2];

    assert_non_null(house);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(loop_new(&house->loop), COP_OK);
    timer_init(&house->limit, on_limit);
    assert_int_equal(loop_set_timer(house->loop, &house->limit, 20000), COP_OK);
    watch_init(&house->keyd, keyd_ready);
    assert_int_equal(
        loop_watch(house->loop, &house->keyd, fds[1], LOOP_READ), COP_OK);
    house->worker_fd = fds[0];
    house->ca = make_ca(100);
    assert_int_equal(
        leaves_new(house->loop, fds[0], 4, &house->leaves), COP_OK);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    leaves_free(&house->leaves);
    assert_null(house->leaves);
    close(house->worker_fd);
    if (house->keyd.fd >= 0) {
        close(house->keyd.fd);
    }
    loop_clear_timer(house->loop, &house->limit);
    loop_free(&house->loop);
    ca_free(&house->ca);
    free(house);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

static void on_leaf(void *context, struct leaf *leaf, enum cop_reason reason)
{
    struct waiter *waiter = context;

    waiter->wait = NULL;
    waiter->told++;
    waiter->reason = reason;
    if (leaf != NULL) {
        leaf_drop(&waiter->leaf);
        waiter->leaf = leaf_hold(leaf);
    }
    if (waiter->stop_at == waiter->told) {
        loop_stop(waiter->house->loop);
    }
}

static enum cop_status get(
    struct house *house, const char *name, struct waiter *waiter)
{
    struct cop_host host;

    waiter->house = house;
    leaf_drop(&waiter->leaf);
    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    return leaves_get(
        house->leaves, &host, on_leaf, waiter, &waiter->leaf, &waiter->wait);
}

static void run(struct house *house)
{
    assert_int_equal(loop_run(house->loop), COP_OK);
}

/* Ask for a name and wait for it. */
static void fetch(struct house *house, const char *name, struct waiter *waiter)
{
    waiter->stop_at = waiter->told + 1;
    assert_int_equal(get(house, name, waiter), COP_AGAIN);
    run(house);
}

static void test_asks_once_and_keeps(void **state)
{
    struct house *house = *state;
    struct waiter waiter = {0};

    fetch(house, "a.example", &waiter);
    assert_int_equal(waiter.reason, COP_REASON_NONE);
    assert_non_null(waiter.leaf);
    assert_string_equal(waiter.leaf->host.text, "a.example");
    assert_int_equal(
        X509_check_private_key(waiter.leaf->certificate, waiter.leaf->key), 1);
    assert_int_equal(
        X509_check_host(waiter.leaf->certificate, "a.example", 0, 0, NULL), 1);
    assert_int_equal(get(house, "a.example", &waiter), COP_OK);
    assert_int_equal(waiter.told, 1);
    assert_int_equal(house->asked, 1);
    leaf_drop(&waiter.leaf);
}

static void test_waiters_share_a_request(void **state)
{
    struct house *house = *state;
    struct waiter first = {.stop_at = 0};
    struct waiter gone = {.stop_at = 0};
    struct waiter last = {.stop_at = 1};

    assert_int_equal(get(house, "a.example", &first), COP_AGAIN);
    assert_int_equal(get(house, "a.example", &gone), COP_AGAIN);
    assert_int_equal(get(house, "a.example", &last), COP_AGAIN);
    leaves_cancel(&gone.wait);
    assert_null(gone.wait);
    leaves_cancel(&gone.wait);
    run(house);
    assert_int_equal(house->asked, 1);
    assert_int_equal(first.told + last.told, 2);
    assert_int_equal(gone.told, 0);
    assert_ptr_equal(first.leaf, last.leaf);
    leaf_drop(&first.leaf);
    leaf_drop(&last.leaf);
}

static void test_keeps_only_so_many(void **state)
{
    struct house *house = *state;
    struct waiter waiter = {0};
    static const char *const names[] = {
        "a.example", "b.example", "c.example", "d.example", "e.example"};

    for (int i = 0; i < 5; i++) {
        fetch(house, names[i], &waiter);
    }
    /* The oldest went; asking for another made it the newest. */
    assert_int_equal(get(house, "b.example", &waiter), COP_OK);
    fetch(house, "a.example", &waiter);
    assert_int_equal(get(house, "b.example", &waiter), COP_OK);
    assert_int_equal(get(house, "c.example", &waiter), COP_AGAIN);
    leaves_cancel(&waiter.wait);
    assert_int_equal(house->asked, 6);
    leaf_drop(&waiter.leaf);
}

static void test_clearing_forgets(void **state)
{
    struct house *house = *state;
    struct waiter waiter = {0};
    struct waiter pending = {.stop_at = 1};

    fetch(house, "a.example", &waiter);
    assert_int_equal(get(house, "b.example", &pending), COP_AGAIN);
    leaves_clear(house->leaves);
    /* A leaf that is in use stays whole. */
    assert_string_equal(waiter.leaf->host.text, "a.example");
    run(house);
    assert_non_null(pending.leaf);
    fetch(house, "a.example", &waiter);
    fetch(house, "b.example", &waiter);
    assert_int_equal(house->asked, 4);
    leaf_drop(&waiter.leaf);
    leaf_drop(&pending.leaf);
}

static void test_tells_failure(void **state)
{
    static const struct {
        uint8_t failure;
        enum cop_reason reason;
    } rows[] = {{-COP_E_LIMIT, COP_REASON_MINT_LIMIT},
        {-COP_E_CHECK, COP_REASON_MINT_EXCLUDED},
        {-COP_E_NOTFOUND, COP_REASON_MINT}, {255, COP_REASON_MINT}};
    struct house *house = *state;
    struct waiter waiter = {0};

    house->manner = KEYD_FAILS;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        house->failure = rows[i].failure;
        fetch(house, "a.example", &waiter);
        assert_null(waiter.leaf);
        assert_int_equal(waiter.reason, rows[i].reason);
    }
    house->manner = KEYD_SWAPS;
    fetch(house, "a.example", &waiter);
    assert_int_equal(waiter.reason, COP_REASON_MINT);
    house->manner = KEYD_SIGNS; /* a failure is not remembered */
    fetch(house, "a.example", &waiter);
    assert_non_null(waiter.leaf);
    leaf_drop(&waiter.leaf);
}

static void test_survives_without_keyd(void **state)
{
    static const enum manner manners[] = {KEYD_BABBLES, KEYD_LEAVES};

    for (int i = 0; i < 2; i++) {
        struct house *house = *state;
        struct waiter waiter = {0};
        struct waiter other = {0};

        fetch(house, "a.example", &waiter);
        house->manner = manners[i];
        assert_int_equal(get(house, "c.example", &other), COP_AGAIN);
        waiter.told = 0;
        fetch(house, "b.example", &waiter);
        assert_int_equal(waiter.reason, COP_REASON_MINT);
        assert_int_equal(other.reason, COP_REASON_MINT);
        /* What is kept still serves; nothing new comes. */
        assert_int_equal(get(house, "a.example", &waiter), COP_OK);
        assert_int_equal(get(house, "b.example", &waiter), COP_E_IO);
        leaf_drop(&waiter.leaf);
        (void)teardown(state);
        (void)setup(state);
    }
}

static void test_renews_before_the_end(void **state)
{
    struct house *house = *state;
    struct waiter waiter = {0};

    ca_free(&house->ca);
    house->ca = make_ca(1); /* leaves end with it, within a day */
    fetch(house, "a.example", &waiter);
    assert_non_null(waiter.leaf);
    fetch(house, "a.example", &waiter);
    assert_int_equal(house->asked, 2);
    leaf_drop(&waiter.leaf);
}

static void test_many_names_at_once(void **state)
{
    struct house *house = *state;
    static struct waiter waiters[200];
    char name[32];

    memset(waiters, 0, sizeof(waiters));
    waiters[199].stop_at = 1;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "n%d.example", i);
        assert_int_equal(get(house, name, &waiters[i]), COP_AGAIN);
    }
    run(house);
    assert_int_equal(house->asked, 200);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(waiters[i].told, 1);
        assert_non_null(waiters[i].leaf);
        leaf_drop(&waiters[i].leaf);
    }
}

static void test_bounds_what_waits(void **state)
{
    struct house *house = *state;
    struct waiter waiter = {.stop_at = 1024};
    char name[32];
    int64_t began = loop_now_ms(house->loop);

    house->manner = KEYD_SLEEPS;
    for (int i = 0; i < 1024; i++) {
        (void)snprintf(name, sizeof(name), "n%d.example", i);
        assert_int_equal(get(house, name, &waiter), COP_AGAIN);
    }
    assert_int_equal(get(house, "one.more.example", &waiter), COP_E_LIMIT);
    run(house); /* until all were given up, those never sent too */
    assert_int_equal(waiter.reason, COP_REASON_MINT);
    assert_in_range(loop_now_ms(house->loop) - began, 4900, 9000);
    /* Those never sent were given up as well: only the first ones were. */
    assert_in_range(house->asked, 16, 32);
}

static void test_ends_with_waiters(void **state)
{
    struct house *house = *state;
    struct waiter waiter = {0};

    assert_int_equal(get(house, "a.example", &waiter), COP_AGAIN);
    leaves_free(&house->leaves);
    assert_int_equal(waiter.told, 1);
    assert_int_equal(waiter.reason, COP_REASON_MINT);
    leaves_free(&house->leaves);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_asks_once_and_keeps),
        TEST(test_waiters_share_a_request),
        TEST(test_keeps_only_so_many),
        TEST(test_clearing_forgets),
        TEST(test_tells_failure),
        TEST(test_survives_without_keyd),
        TEST(test_renews_before_the_end),
        TEST(test_many_names_at_once),
        TEST(test_bounds_what_waits),
        TEST(test_ends_with_waiters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A worker while memory runs out: the n-th allocation of its thread fails, for
 * every n, or all from the n-th on for a while, ours and OpenSSL's alike. The
 * one request that needed it may fail, and says why; whoever else is connected
 * is served, and so is the next one. The linker puts the functions below in
 * malloc's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <openssl/crypto.h>

#include "flow_stage.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

/* Allocations until one fails; zero: none does. Only this thread's count. */
static _Atomic uint32_t left;
static _Atomic bool lasts; /* all after it fail too */
static _Atomic pthread_t starved;

static bool fails(void)
{
    uint32_t now = atomic_load(&left);

    if (now == 0 || pthread_equal(pthread_self(), atomic_load(&starved)) == 0) {
        return false;
    }
    return (now == 1 && atomic_load(&lasts)) || atomic_fetch_sub(&left, 1) == 1;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* One request on a connection of its own; whether it was answered in full. */
typedef bool ask_fn(struct stage *stage);

static bool ask_plain(struct stage *stage)
{
    static struct reply reply;
    struct peer *peer = stage_client(stage);
    bool is_well = stage_get(stage, peer, "/hello", &reply) &&
                   reply.status == 200 && strcmp(reply.body, "hello") == 0;

    peer_close(&peer);
    return is_well;
}

/* A notice; never the page that is blocked. */
static bool ask_blocked(struct stage *stage)
{
    static struct reply reply;
    struct peer *peer = stage_client(stage);
    bool is_well = stage_get(stage, peer, "blocked.test/hello", &reply) &&
                   reply.status == 403;

    assert_string_not_equal(reply.body, "hello");
    peer_close(&peer);
    return is_well;
}

static bool tunnel_get(struct stage *stage, const char *host, struct peer *peer)
{
    static struct reply reply;
    char text[512];
    SSL_CTX *context;

    snprintf(text, sizeof(text),
        "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n", host, stage->tls->port,
        host, stage->tls->port);
    if (!peer_send(peer, text) || !reply_read(peer, &reply, false) ||
        reply.status != 200) {
        return false;
    }
    context = SSL_CTX_new(TLS_client_method());
    peer->ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(peer->ssl, peer->fd);
    SSL_ctrl(peer->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
        (void *)(uintptr_t)host);
    if (SSL_connect(peer->ssl) != 1) {
        return false;
    }
    snprintf(text, sizeof(text), "GET /hello HTTP/1.1\r\nHost: %s:%u\r\n\r\n",
        host, stage->tls->port);
    return peer_send(peer, text) && reply_read(peer, &reply, true) &&
           reply.status == 200 && strcmp(reply.body, "hello") == 0;
}

static bool ask_tunnel(struct stage *stage, const char *host)
{
    struct peer *peer = stage_client(stage);
    bool is_well = tunnel_get(stage, host, peer);

    peer_close(&peer);
    return is_well;
}

static bool ask_spliced(struct stage *stage)
{
    return ask_tunnel(stage, "plain.test");
}

static bool ask_intercepted(struct stage *stage)
{
    return ask_tunnel(stage, "mixed.test");
}

struct tally {
    uint32_t rounds;
    uint32_t failed;
};

/* Every allocation in turn; of many, each time a sixteenth further. */
static struct tally starve(
    struct stage *stage, ask_fn *ask, struct peer *bystander)
{
    static struct reply reply;
    struct tally tally = {0, 0};
    uint32_t n = 1;
    bool is_over = false;

    while (!is_over) {
        bool is_well;

        atomic_store(&left, n);
        is_well = ask(stage);
        is_over = atomic_exchange(&left, 0) > (atomic_load(&lasts) ? 1 : 0);
        tally.rounds++;
        tally.failed += is_well ? 0 : 1;
        assert_true(stage_get(stage, bystander, "/hello", &reply));
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "hello");
        n += 1 + n / 16;
        assert_true(n < 100000);
    }
    assert_true(ask(stage));
    return tally;
}

/* Nobody is blamed for what was ours. */
static void try(ask_fn *ask, bool is_lasting)
{
    struct stage *stage = stage_open("");
    struct peer *bystander = stage_client(stage);
    const struct flow_counts *counts;
    struct tally tally;

    assert_true(ask(stage));
    atomic_store(&starved, stage->worker);
    atomic_store(&lasts, is_lasting);
    tally = starve(stage, ask, bystander);
    assert_true(tally.failed > 0 && tally.failed < tally.rounds);
    counts = stage_counts(stage);
    /* OpenSSL does not always say that it had no memory. */
    assert_true(counts->ended[COP_REASON_MEMORY] +
                    counts->ended[COP_REASON_CLIENT_TLS] >=
                tally.failed);
    assert_true(counts->ended[COP_REASON_MEMORY] >= tally.failed / 2);
    assert_int_equal(counts->ended[COP_REASON_BAD_REQUEST], 0);
    assert_int_equal(counts->ended[COP_REASON_BAD_RESPONSE], 0);
    assert_int_equal(counts->ended[COP_REASON_INTERNAL], 0);
    assert_true(
        stage_logged(stage, "\"reason\":\"memory\",\"whose\":\"gateway\""));
    peer_close(&bystander);
    stage_close(&stage);
}

static void test_plain(void **state)
{
    (void)state;
    try(ask_plain, false);
    try(ask_plain, true);
}

static void test_blocked(void **state)
{
    (void)state;
    try(ask_blocked, false);
    try(ask_blocked, true);
}

static void test_spliced(void **state)
{
    (void)state;
    try(ask_spliced, false);
    try(ask_spliced, true);
}

static void test_intercepted(void **state)
{
    (void)state;
    try(ask_intercepted, false);
    try(ask_intercepted, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_spliced),
        cmocka_unit_test(test_intercepted),
    };

    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) !=
        1) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

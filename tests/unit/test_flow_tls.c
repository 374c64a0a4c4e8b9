/* The conductor's tunnels: refused, passed through unread, intercepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "flow_stage.h"

/* CONNECT; the status of the answer. */
static int tunnel_ask(struct peer *peer, const char *host, uint16_t port)
{
    static struct reply reply;
    char text[512];

    snprintf(text, sizeof(text),
        "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n", host, port, host,
        port);
    if (!peer_send(peer, text) || !reply_read(peer, &reply, false)) {
        return -1;
    }
    return reply.status;
}

/* OpenSSL's macro casts away what it does not change. */
static void set_name(SSL *ssl, const char *name)
{
    char copy[256];

    snprintf(copy, sizeof(copy), "%s", name);
    SSL_set_tlsext_host_name(ssl, copy);
}

static SSL *tls_client(struct peer *peer, const char *name)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);

    SSL_CTX_free(context);
    SSL_set_fd(ssl, peer->fd);
    set_name(ssl, name);
    return ssl;
}

/* CONNECT and TLS; NULL when either fails. */
static struct peer *tunnel_open(
    struct stage *stage, const char *host, uint16_t port, const char *name)
{
    struct peer *peer = stage_client(stage);

    if (tunnel_ask(peer, host, port) != 200) {
        peer_close(&peer);
        return NULL;
    }
    peer->ssl = tls_client(peer, name);
    if (SSL_connect(peer->ssl) != 1) {
        SSL_free(peer->ssl);
        peer->ssl = NULL;
        peer_close(&peer);
    }
    return peer;
}

/* Whether the certificate that was shown is by this authority. */
static bool tunnel_is_by(struct peer *peer, const char *authority)
{
    X509 *leaf = SSL_get1_peer_certificate(peer->ssl);
    char name[256] = "";

    X509_NAME_oneline(X509_get_issuer_name(leaf), name, sizeof(name));
    X509_free(leaf);
    return strstr(name, authority) != NULL;
}

static bool inside_get(struct peer *peer, const char *host, uint16_t port,
    const char *path, struct reply *reply)
{
    char text[512];

    snprintf(text, sizeof(text),
        "GET %s HTTP/1.1\r\nHost: %s:%u\r\nAccept: text/html\r\n\r\n", path,
        host, port);
    return peer_send(peer, text) && reply_read(peer, reply, true);
}

static void test_splice(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer =
        tunnel_open(stage, "plain.test", stage->tls->port, "plain.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "origin"));
    assert_true(
        inside_get(peer, "plain.test", stage->tls->port, "/hello", &reply));
    assert_string_equal(reply.body, "hello");
    assert_false(origin_saw(stage->tls, "Via"));
    peer_close(&peer);
    assert_true(stage_logged(stage, "\"splice\""));
    assert_true(stage_logged(stage, "\"event\":\"end\""));
    assert_int_equal(stage_counts(stage)->spliced, 1);
    assert_int_equal(stage->counts.intercepted, 0);
    stage_close(&stage);
}

static void test_intercept(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "gateway"));
    assert_true(inside_get(peer, "mixed.test", port, "/hello", &reply));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "hello");
    assert_true(origin_saw(stage->tls, "GET /hello HTTP/1.1\r\nHost: mixed"));
    assert_true(inside_get(peer, "mixed.test", port, "/chunked", &reply));
    assert_string_equal(reply.body, "hello world|X-Sum: 1\r\n");
    assert_int_equal(atomic_load(&stage->tls->connections), 1);
    peer_close(&peer);
    assert_int_equal(stage_counts(stage)->intercepted, 1);
    assert_true(stage_logged(stage, "\"intercept\""));
    stage_close(&stage);
}

/* Rules tell the URLs of one host apart, plainly written or dressed up. */
static void test_intercept_url(void **state)
{
    static const char *const paths[] = {
        "/bad", "/bad/x?y", "/%62ad", "/x/../bad", "/./bad"};
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_true(inside_get(peer, "mixed.test", port, paths[i], &reply));
        assert_int_equal(reply.status, 403);
        assert_true(inside_get(peer, "mixed.test", port, "/hello", &reply));
        assert_int_equal(reply.status, 200);
    }
    assert_int_equal(atomic_load(&stage->tls->requests), 5);
    peer_close(&peer);
    stage_close(&stage);
}

/* A host is blocked, but for some of its URLs: looked into, not refused. The
 * origin here is another host, so what is let through ends there. */
static void test_intercept_exception(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "half.test", port, "half.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(inside_get(peer, "half.test", port, "/else", &reply));
    assert_int_equal(reply.status, 403);
    assert_true(inside_get(peer, "half.test", port, "/hello", &reply));
    assert_int_equal(reply.status, 502);
    peer_close(&peer);
    stage_close(&stage);
}

static void test_block_shown(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer =
        tunnel_open(stage, "www.blocked.test", port, "www.blocked.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "gateway"));
    assert_true(inside_get(peer, "www.blocked.test", port, "/", &reply));
    assert_int_equal(reply.status, 403);
    assert_true(inside_get(peer, "www.blocked.test", port, "/again", &reply));
    assert_int_equal(reply.status, 403);
    assert_int_equal(atomic_load(&stage->tls->connections), 0);
    peer_close(&peer);
    stage_close(&stage);
}

/* What may never be inspected: passed through, or refused without a page. */
static void test_never_inspect(void **state)
{
    struct stage *stage = stage_open("inspect: all\n");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "bank.test", port, "bank.test");

    (void)state;
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "origin"));
    peer_close(&peer);
    peer = stage_client(stage);
    assert_int_equal(tunnel_ask(peer, "secret.blocked.test", port), 403);
    peer_close(&peer);
    assert_true(stage_logged(stage, "\"refused\""));
    /* Anything else is inspected. */
    peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "gateway"));
    peer_close(&peer);
    stage_close(&stage);
}

static void test_inspect_none(void **state)
{
    struct stage *stage = stage_open("inspect: none\n");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");

    (void)state;
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "origin"));
    peer_close(&peer);
    peer = stage_client(stage);
    assert_int_equal(tunnel_ask(peer, "blocked.test", port), 403);
    peer_close(&peer);
    stage_close(&stage);
}

/* A server that cannot be verified: a page names it, and nothing was sent. */
static void test_bad_certificate(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->wrong->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "gateway"));
    assert_true(inside_get(peer, "mixed.test", port, "/", &reply));
    assert_int_equal(reply.status, 502);
    assert_true(peer_is_at_end(peer));
    assert_int_equal(atomic_load(&stage->wrong->requests), 0);
    assert_true(stage_logged(stage, "\"cert_host\""));
    peer_close(&peer);
    stage_close(&stage);
}

/* A splice that reaches nobody is told about, where that is allowed. */
static void test_unreachable(void **state)
{
    struct stage *stage = stage_open("limits: {connect_ms: 200}\n");
    struct peer *peer = tunnel_open(stage, "plain.test", 1, "plain.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(inside_get(peer, "plain.test", 1, "/", &reply));
    assert_int_equal(reply.status, 502);
    assert_true(peer_is_at_end(peer));
    peer_close(&peer);
    assert_true(stage_logged(stage, "\"connect\""));
    assert_null(tunnel_open(stage, "bank.test", 1, "bank.test"));
    stage_close(&stage);
}

static void test_other_host_inside(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(inside_get(peer, "blocked.test", port, "/", &reply));
    assert_int_equal(reply.status, 421);
    assert_true(peer_is_at_end(peer));
    assert_true(stage_logged(stage, "\"name_mismatch\""));
    assert_int_equal(atomic_load(&stage->tls->requests), 0);
    peer_close(&peer);
    stage_close(&stage);
}

/* A ClientHello as OpenSSL writes it. */
static size_t hello_of(const char *name, char *out, size_t out_n)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    BIO *to = BIO_new(BIO_s_mem());
    BIO *from = BIO_new(BIO_s_mem());
    int n;

    SSL_set_bio(ssl, from, to);
    set_name(ssl, name);
    assert_int_not_equal(SSL_connect(ssl), 1);
    n = BIO_read(to, out, (int)out_n);
    SSL_free(ssl);
    SSL_CTX_free(context);
    assert_true(n > 0);
    return (size_t)n;
}

static void test_names_differ(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    char hello[4096];
    char alert[8];

    (void)state;
    assert_int_equal(tunnel_ask(peer, "plain.test", stage->tls->port), 200);
    assert_true(peer_send_n(
        peer, hello, hello_of("blocked.test", hello, sizeof(hello))));
    assert_true(peer_exactly(peer, alert, 7));
    assert_memory_equal(alert, "\x15\x03\x03\x00\x02\x02\x70", 7);
    assert_true(peer_is_at_end(peer));
    peer_close(&peer);
    assert_true(stage_logged(stage, "\"name_mismatch\""));
    assert_int_equal(atomic_load(&stage->tls->connections), 0);
    stage_close(&stage);
}

/* An address in CONNECT tells less than the name in TLS. */
static void test_name_behind_address(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "127.0.0.1", port, "blocked.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(tunnel_is_by(peer, "gateway"));
    assert_true(inside_get(peer, "blocked.test", port, "/", &reply));
    assert_int_equal(reply.status, 403);
    peer_close(&peer);
    /* No page can be shown behind a 200: an alert says no. */
    assert_null(tunnel_open(stage, "127.0.0.1", port, "secret.blocked.test"));
    assert_true(stage_logged(stage, "\"refused\""));
    assert_int_equal(atomic_load(&stage->tls->connections), 0);
    stage_close(&stage);
}

static void test_hello_in_pieces(void **state)
{
    struct stage *stage = stage_open("limits: {hello_ms: 2000}\n");
    struct peer *peer = stage_client(stage);
    char hello[4096];
    size_t n = hello_of("plain.test", hello, sizeof(hello));
    char type[2];

    (void)state;
    assert_int_equal(tunnel_ask(peer, "plain.test", stage->tls->port), 200);
    for (size_t i = 0; i < n; i++) {
        assert_true(peer_send_n(peer, hello + i, 1));
        if (i % 64 == 0) {
            usleep(1000);
        }
    }
    assert_true(peer_exactly(peer, type, 1));
    assert_int_equal(type[0], 22); /* the server's greeting */
    peer_close(&peer);
    stage_close(&stage);
}

/* Some clients greet before they were answered. */
static void test_hello_with_connect(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[8192];
    size_t n;

    (void)state;
    n = (size_t)snprintf(text, sizeof(text),
        "CONNECT plain.test:%u HTTP/1.1\r\nHost: plain.test:%u\r\n\r\n",
        stage->tls->port, stage->tls->port);
    n += hello_of("plain.test", text + n, sizeof(text) - n);
    assert_true(peer_send_n(peer, text, n));
    assert_true(reply_read(peer, &reply, false));
    assert_int_equal(reply.status, 200);
    assert_true(peer_exactly(peer, text, 1));
    assert_int_equal(text[0], 22);
    peer_close(&peer);
    stage_close(&stage);
}

struct bad_hello {
    const char *bytes;
    size_t n;
    const char *reason;
};

static void test_bad_hellos(void **state)
{
    static const struct bad_hello rows[] = {
        {"SSH-2.0-x\r\n", 11, "not_tls"},
        {"GET / HTTP/1.1\r\n\r\n", 18, "not_tls"},
        {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10, "bad_hello"},
        {"\x16\x03\x01\x02\x00", 5, "hello_timeout"},
    };
    struct stage *stage = stage_open("limits: {hello_ms: 200}\n");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *peer = stage_client(stage);
        char word[64];

        assert_int_equal(tunnel_ask(peer, "plain.test", stage->tls->port), 200);
        assert_true(peer_send_n(peer, rows[i].bytes, rows[i].n));
        while (peer_fill(peer)) {
        }
        snprintf(word, sizeof(word), "\"%s\"", rows[i].reason);
        assert_true(stage_logged(stage, word));
        peer_close(&peer);
    }
    assert_int_equal(atomic_load(&stage->tls->connections), 0);
    stage_close(&stage);
}

static void test_upgrade_inside(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    char head[8192];
    char text[512];

    (void)state;
    assert_non_null(peer);
    snprintf(text, sizeof(text),
        "GET /upgrade HTTP/1.1\r\nHost: mixed.test:%u\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        port);
    assert_true(peer_send(peer, text));
    assert_true(peer_until(peer, "\r\n\r\n", head, sizeof(head)));
    assert_non_null(strstr(head, " 101 "));
    assert_true(peer_exactly(peer, text, 5));
    assert_true(peer_send(peer, "frame"));
    assert_true(peer_exactly(peer, text, 5));
    assert_string_equal(text, "frame");
    peer_close(&peer);
    stage_close(&stage);
}

static void test_large_inside(void **state)
{
    struct stage *stage = stage_open("");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    static char piece[32769];
    char head[8192];
    char text[256];

    (void)state;
    assert_non_null(peer);
    snprintf(text, sizeof(text),
        "GET /large HTTP/1.1\r\nHost: mixed.test:%u\r\n\r\n", port);
    assert_true(peer_send(peer, text));
    assert_true(peer_until(peer, "\r\n\r\n", head, sizeof(head)));
    for (size_t at = 0; at < ORIGIN_LARGE; at += 32768) {
        assert_true(peer_exactly(peer, piece, 32768));
        for (size_t i = 0; i < 32768; i++) {
            assert_int_equal(piece[i], origin_byte(at + i));
        }
    }
    peer_close(&peer);
    stage_close(&stage);
}

/* The policy changes under an open interception. */
static void test_reload_inside(void **state)
{
    struct stage *stage = stage_open("inspect: all\n");
    uint16_t port = stage->tls->port;
    struct peer *peer = tunnel_open(stage, "mixed.test", port, "mixed.test");
    static struct reply reply;

    (void)state;
    assert_non_null(peer);
    assert_true(inside_get(peer, "mixed.test", port, "/hello", &reply));
    assert_int_equal(reply.status, 200);
    stage_reload(stage, "default_profile: child\n");
    assert_true(inside_get(peer, "mixed.test", port, "/hello", &reply));
    assert_int_equal(reply.status, 200);
    peer_close(&peer);
    stage_close(&stage);
}

/* Idle tunnels of every kind end with a drain. */
static void test_drain_tunnels(void **state)
{
    struct stage *stage = stage_open("limits: {drain_ms: 300}\n");
    uint16_t port = stage->tls->port;
    struct peer *spliced = tunnel_open(stage, "plain.test", port, "plain.test");
    struct peer *inside = tunnel_open(stage, "mixed.test", port, "mixed.test");

    (void)state;
    assert_non_null(spliced);
    assert_non_null(inside);
    stage_order(stage, 'd');
    stage_wait_drained(stage);
    assert_int_equal(stage_counts(stage)->open, 0);
    assert_int_equal(stage->counts.ended[COP_REASON_DRAINED], 2);
    peer_close(&spliced);
    peer_close(&inside);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_intercept),
        cmocka_unit_test(test_intercept_url),
        cmocka_unit_test(test_intercept_exception),
        cmocka_unit_test(test_block_shown),
        cmocka_unit_test(test_never_inspect),
        cmocka_unit_test(test_inspect_none),
        cmocka_unit_test(test_bad_certificate),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_other_host_inside),
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_name_behind_address),
        cmocka_unit_test(test_hello_in_pieces),
        cmocka_unit_test(test_hello_with_connect),
        cmocka_unit_test(test_bad_hellos),
        cmocka_unit_test(test_upgrade_inside),
        cmocka_unit_test(test_large_inside),
        cmocka_unit_test(test_reload_inside),
        cmocka_unit_test(test_drain_tunnels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

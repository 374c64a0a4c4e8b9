/* Connections that were brought, as a balancer's header says: what is passed
 * on, read or refused, by their names and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "flow_stage.h"

#define BROUGHT                                                                \
    "listen: [{address: \"127.0.0.1:9\", mode: transparent-tls,\n"             \
    "  proxy_protocol: [127.0.0.0/8]}]\n"

/* Something that looks like an encrypted ClientHello. */
static int add_hidden(SSL *ssl, unsigned kind, const unsigned char **out,
    size_t *n, int *alert, void *ours)
{
    static const unsigned char outer[] = {0, 0, 1, 0, 1, 7, 0, 0, 0, 1, 'x'};

    (void)ssl;
    (void)kind;
    (void)alert;
    (void)ours;
    *out = outer;
    *n = sizeof(outer);
    return 1;
}

/* Greet as if on the way to an origin of the stage. False: refused. */
static bool greet(
    struct stage *stage, const char *name, bool hides, char issuer[256])
{
    struct peer *peer = stage_client(stage);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    char text[128];
    bool is_done;

    snprintf(text, sizeof(text), "PROXY TCP4 203.0.113.5 127.0.0.1 5 %u\r\n",
        stage->tls->port);
    assert_true(peer_send(peer, text));
    if (hides) {
        assert_int_equal(SSL_CTX_add_client_custom_ext(context, 0xfe0d,
                             add_hidden, NULL, NULL, NULL, NULL),
            1);
    }
    peer->ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(peer->ssl, peer->fd);
    if (name != NULL) {
        snprintf(text, sizeof(text), "%s", name);
        SSL_set_tlsext_host_name(peer->ssl, text);
    }
    is_done = SSL_connect(peer->ssl) == 1;
    if (is_done) {
        X509 *leaf = SSL_get1_peer_certificate(peer->ssl);

        X509_NAME_oneline(X509_get_issuer_name(leaf), issuer, 256);
        X509_free(leaf);
    } else {
        SSL_free(peer->ssl);
        peer->ssl = NULL;
    }
    peer_close(&peer);
    return is_done;
}

static void test_ways(void **state)
{
    static const struct {
        const char *more;
        const char *name; /* in the greeting; NULL: none */
        bool hides;
        const char *by; /* whose certificate is seen; NULL: nobody's */
        const char *logged;
    } rows[] = {
        {"", "plain.test", false, "origin", "\"splice\""},
        {"", "plain.test", true, "origin", "\"splice\""},
        {"", "mixed.test", false, "gateway", "\"intercept\""},
        {"", "blocked.test", false, "gateway", "\"block\""},
        /* The name is looked up, and where it is may not be reached. */
        {"", "away.test", false, "gateway", "\"away.test\""},
        {"transparent: {destination: original}\n", "away.test", false, "origin",
            "\"splice\""},
        {"transparent: {destination: original}\n", "mixed.test", false,
            "gateway", "\"intercept\""},
        {"", NULL, false, "gateway", "\"127.0.0.1\""},
        {"transparent: {no_name: pass}\n", NULL, false, "origin", "\"splice\""},
        {"transparent: {no_name: refuse}\n", NULL, false, NULL, "\"no_name\""},
        {"transparent: {hidden_name: inspect}\n", "plain.test", true, "gateway",
            "\"intercept\""},
        {"transparent: {hidden_name: inspect}\n", "plain.test", false, "origin",
            "\"splice\""},
        {"transparent: {hidden_name: inspect}\n", "bank.test", true, "origin",
            "\"splice\""},
        {"transparent: {hidden_name: refuse}\n", "plain.test", true, NULL,
            "\"hidden_name\""},
        {"inspect: none\n", "blocked.test", false, NULL, "\"refused\""},
        {"clients: [{network: 192.0.2.0/24, profile: child}]\n", "plain.test",
            false, NULL, "\"client_unknown\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char more[512];
        char issuer[256] = "";
        struct stage *stage;
        bool is_done;

        snprintf(more, sizeof(more), BROUGHT "%s", rows[i].more);
        stage = stage_open(more);
        is_done = greet(stage, rows[i].name, rows[i].hides, issuer);
        if (is_done != (rows[i].by != NULL) ||
            (is_done && strstr(issuer, rows[i].by) == NULL) ||
            !stage_logged(stage, rows[i].logged)) {
            print_error("row %zu: by \"%s\"\n", i, issuer);
            fail();
        }
        stage_close(&stage);
    }
}

/* What is neither TLS nor HTTP is passed on, its first bytes with it, unless
 * the policy has something against the address. */
static void test_other_protocols(void **state)
{
    struct stage *stage =
        stage_open(BROUGHT "transparent: {other_protocols: pass}\n");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[256];

    (void)state;
    snprintf(text, sizeof(text),
        "PROXY TCP4 203.0.113.5 127.0.0.1 5 %u\r\n"
        "GET /hello HTTP/1.1\r\nHost: x.test\r\n\r\n",
        stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_string_equal(reply.body, "hello");
    assert_false(origin_saw(stage->plain, "Via"));
    peer_close(&peer);
    assert_int_equal(stage_counts(stage)->spliced, 1);
    stage_close(&stage);
}

/* A client behind a balancer that says it is `last`, and asks for a page. */
static struct peer *bring(struct stage *stage, int last)
{
    struct peer *peer = stage_client(stage);
    char text[256];

    snprintf(text, sizeof(text),
        "PROXY TCP4 203.0.113.%d 127.0.0.1 5 %u\r\n"
        "GET /hello HTTP/1.1\r\nHost: x.test\r\n\r\n",
        last, stage->plain->port);
    assert_true(peer_send(peer, text));
    return peer;
}

/* Each client has its own number of connections, whoever brought them. */
static void test_counts_clients_behind_a_balancer(void **state)
{
    struct stage *stage =
        stage_open(BROUGHT "transparent: {other_protocols: pass}\n"
                           "limits: {connections_per_client: 1}\n");
    struct peer *first = bring(stage, 5);
    struct peer *second;
    struct peer *other;
    static struct reply reply;

    (void)state;
    assert_true(reply_read(first, &reply, true));
    second = bring(stage, 5);
    assert_true(peer_is_at_end(second));
    assert_true(stage_logged(stage, "\"client_limit\""));
    other = bring(stage, 6);
    assert_true(reply_read(other, &reply, true));
    peer_close(&first);
    peer_close(&second);
    peer_close(&other);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_other_protocols),
        cmocka_unit_test(test_counts_clients_behind_a_balancer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

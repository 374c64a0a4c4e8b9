/* Wires towards servers: who is believed, what is offered, what is resumed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "gateway/tls/wire.h"

#include "tests/unit/staples.h"
#include "tests/unit/tls_peer.h"
#include "tests/unit/trust_files.h"

struct house {
    char trusted_path[64];
    struct identity_pair root;
    struct config config;
    struct tls_client *client;
    SSL_CTX *server; /* for a.example, 192.0.2.1 */
};

/* The clock that the gateway's code sees. */
static time_t clock_shift;
time_t __real_time(time_t *out);
time_t __wrap_time(time_t *out);

time_t __wrap_time(time_t *out)
{
    (void)out;
    return __real_time(NULL) + clock_shift;
}

static void ignore(void *context, const struct cop_finding *finding)
{
    (void)context;
    (void)finding;
}

static struct tls_client *make_client(const struct house *house)
{
    struct cop_report report = {.emit = ignore};
    struct tls_client *client = NULL;

    assert_int_equal(
        tls_client_of_files(&house->config, &report, &client), COP_OK);
    return client;
}

static SSL_CTX *make_server(
    const struct recipe *recipe, const struct identity_pair *issuer)
{
    static const unsigned char id[] = "test";
    SSL_CTX *context = peer_context(TLS_server_method());
    struct identity_pair pair = certificate_make(recipe, issuer);

    peer_identify(context, &pair);
    certificate_free(&pair);
    assert_int_equal(
        SSL_CTX_set_session_id_context(context, id, sizeof(id)), 1);
    return context;
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));
    struct recipe recipe = recipe_leaf("DNS:a.example,IP:192.0.2.1");
    int fd;

    assert_non_null(house);
    (void)snprintf(house->trusted_path, sizeof(house->trusted_path),
        "/tmp/cop-trust-XXXXXX");
    fd = mkstemp(house->trusted_path);
    assert_true(fd >= 0);
    close(fd);
    house->root = certificate_root("A Trusted Root");
    certificate_save(house->root.certificate, house->trusted_path);
    house->config.trust_file = house->trusted_path;
    house->client = make_client(house);
    house->server = make_server(&recipe, &house->root);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    (void)unlink(house->trusted_path);
    SSL_CTX_free(house->server);
    tls_client_drop(&house->client);
    certificate_free(&house->root);
    free(house);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

struct session {
    struct wire wire;
    struct peer peer;
};

static void session_open(struct session *session, struct tls_client *client,
    SSL_CTX *server, const char *name, uint16_t port)
{
    struct cop_host host;
    int fds[2];

    sockets(fds);
    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    wire_init(&session->wire, fds[0]);
    peer_open(&session->peer, server, fds[1], true);
    assert_int_equal(
        wire_start_client(&session->wire, client, &host, port), COP_OK);
}

static void session_close(struct session *session)
{
    wire_close(&session->wire);
    peer_close(&session->peer);
}

/* Connect, hear one line so that tickets arrive, end. */
static bool is_resumed(
    struct tls_client *client, SSL_CTX *server, const char *name, uint16_t port)
{
    struct session session;
    char bytes[16];
    bool resumed;

    session_open(&session, client, server, name, port);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    assert_true(session.peer.is_done);
    peer_say(&session.peer, "hi");
    assert_int_equal(read_all(&session.wire, bytes, 2), IO_DONE);
    resumed = SSL_session_reused(session.peer.ssl) == 1;
    wire_finish(&session.wire);
    session_close(&session);
    return resumed;
}

static void test_talks_to_a_good_server(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;

    for (int i = 0; i < 2; i++) {
        SSL_CTX_set_max_proto_version(house->server, versions[i]);
        session_open(&session, house->client, house->server, "a.example", 443);
        assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
        assert_string_equal(
            SSL_get_servername(session.peer.ssl, TLSEXT_NAMETYPE_host_name),
            "a.example");
        write_all(&session.wire, "question", 8);
        peer_hear(&session.peer, "question");
        peer_say(&session.peer, "answer");
        assert_int_equal(read_all(&session.wire, bytes, 6), IO_DONE);
        assert_memory_equal(bytes, "answer", 6);
        (void)SSL_shutdown(session.peer.ssl);
        assert_int_equal(wire_read(&session.wire, bytes, 16, &n), IO_CLOSED);
        session_close(&session);
    }
}

static void test_sends_no_name_for_an_address(void **state)
{
    const struct house *house = *state;
    struct session session;

    session_open(&session, house->client, house->server, "192.0.2.1", 443);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    assert_null(
        SSL_get_servername(session.peer.ssl, TLSEXT_NAMETYPE_host_name));
    session_close(&session);
}

/* What the client offered, seen by the server. */
static int see_hello(SSL *ssl, int *alert, void *context)
{
    static const unsigned char protocols[] = "\x00\x09\x08http/1.1";
    const unsigned char *p;
    size_t n;
    bool *seen = context;

    (void)alert;
    assert_int_equal(
        SSL_client_hello_get0_ext(
            ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p, &n),
        1);
    assert_int_equal(n, sizeof(protocols) - 1);
    assert_memory_equal(p, protocols, n);
    assert_int_equal(
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &p, &n),
        1);
    assert_int_equal(n, 5);
    assert_memory_equal(p, "\x04\x03\x04\x03\x03", 5);
    assert_int_equal(
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_early_data, &p, &n), 0);
    assert_int_equal(SSL_client_hello_get0_ext(
                         ssl, TLSEXT_TYPE_extended_master_secret, &p, &n),
        1);
    n = SSL_client_hello_get0_ciphers(ssl, &p);
    for (size_t i = 0; i + 1 < n; i += 2) {
        const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, p + i);

        /* One only says that renegotiation is secure (RFC 5746). */
        if (p[i] != 0 || p[i + 1] != 0xff) {
            assert_int_equal(SSL_CIPHER_is_aead(cipher), 1);
            assert_int_not_equal(SSL_CIPHER_get_kx_nid(cipher), NID_kx_rsa);
        }
    }
    *seen = true;
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void test_offers_only_the_new(void **state)
{
    const struct house *house = *state;
    struct session session;
    bool seen = false;

    SSL_CTX_set_client_hello_cb(house->server, see_hello, &seen);
    session_open(&session, house->client, house->server, "a.example", 443);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    assert_true(seen);
    session_close(&session);
}

static enum cop_reason reason_of(
    struct tls_client *client, SSL_CTX *server, const char *name)
{
    struct session session;
    enum cop_reason reason;

    session_open(&session, client, server, name, 443);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_FAILED);
    reason = session.wire.reason;
    assert_true(session.wire.detail[0] != '\0');
    assert_false(session.peer.is_done);
    session_close(&session);
    return reason;
}

static enum cop_reason reason_of_recipe(const struct house *house,
    const struct recipe *recipe, const struct identity_pair *issuer)
{
    SSL_CTX *server = make_server(recipe, issuer);
    enum cop_reason reason = reason_of(house->client, server, "a.example");

    SSL_CTX_free(server);
    return reason;
}

/* A server's staple of every handshake; NULL: none. */
static int give_staple(SSL *ssl, void *context)
{
    const struct staple_recipe *recipe = context;
    int n = 0;
    unsigned char *der;

    if (recipe->leaf == NULL) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    der = staple_make(recipe, &n);
    assert_int_equal(SSL_set_tlsext_status_ocsp_resp(ssl, der, n), 1);
    return SSL_TLSEXT_ERR_OK;
}

static void judge_staples(const struct house *house, SSL_CTX *server,
    struct staple_recipe *staple, bool is_due)
{
    struct session session;

    staple->status = V_OCSP_CERTSTATUS_GOOD;
    session_open(&session, house->client, server, "a.example", 443);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    session_close(&session);
    staple->status = V_OCSP_CERTSTATUS_REVOKED;
    assert_int_equal(
        reason_of(house->client, server, "a.example"), COP_REASON_CERT_REVOKED);
    staple->leaf = NULL;
    session_open(&session, house->client, server, "a.example", 443);
    assert_int_equal(
        handshake(&session.wire, &session.peer), is_due ? IO_FAILED : IO_DONE);
    assert_int_equal(session.wire.reason,
        is_due ? COP_REASON_CERT_INVALID : COP_REASON_NONE);
    session_close(&session);
}

static void test_reads_staples(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct house *house = *state;

    for (int i = 0; i < 4; i++) {
        bool is_due = i >= 2;
        struct recipe recipe = recipe_leaf("DNS:a.example");
        struct staple_recipe staple = {.issuer = house->root.certificate,
            .signer = &house->root,
            .from_days = -1,
            .until_days = 6};
        SSL_CTX *server;

        recipe.features = is_due ? "status_request" : NULL;
        server = make_server(&recipe, &house->root);
        staple.leaf = SSL_CTX_get0_certificate(server);
        (void)SSL_CTX_set_options(server, SSL_OP_NO_TICKET);
        SSL_CTX_set_max_proto_version(server, versions[i % 2]);
        SSL_CTX_set_tlsext_status_cb(server, give_staple);
        SSL_CTX_set_tlsext_status_arg(server, &staple);
        judge_staples(house, server, &staple, is_due);
        SSL_CTX_free(server);
    }
}

static void test_refuses_bad_servers(void **state)
{
    const struct house *house = *state;
    struct identity_pair stranger = certificate_root("Nobody's");
    struct recipe recipe = recipe_leaf("DNS:a.example");

    assert_int_equal(reason_of(house->client, house->server, "b.example"),
        COP_REASON_CERT_HOST);
    assert_int_equal(reason_of(house->client, house->server, "192.0.2.2"),
        COP_REASON_CERT_HOST);
    assert_int_equal(
        reason_of_recipe(house, &recipe, NULL), COP_REASON_CERT_SELF_SIGNED);
    assert_int_equal(
        reason_of_recipe(house, &recipe, &stranger), COP_REASON_CERT_UNTRUSTED);
    recipe.key = EVP_RSA_gen(1024);
    assert_int_equal(
        reason_of_recipe(house, &recipe, &house->root), COP_REASON_CERT_WEAK);
    recipe.key = NULL;
    recipe.from_days = -9;
    recipe.until_days = -1;
    assert_int_equal(reason_of_recipe(house, &recipe, &house->root),
        COP_REASON_CERT_EXPIRED);
    certificate_free(&stranger);
}

static void test_refuses_the_old(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");
    SSL_CTX *rsa;

    assert_int_equal(SSL_CTX_set_cipher_list(house->server, "ALL"), 1);
    assert_int_equal(
        SSL_CTX_set_max_proto_version(house->server, TLS1_1_VERSION), 1);
    assert_int_equal(reason_of(house->client, house->server, "a.example"),
        COP_REASON_ORIGIN_TLS);
    recipe.key = EVP_RSA_gen(2048);
    recipe.usage = "critical,digitalSignature,keyEncipherment";
    rsa = make_server(&recipe, &house->root);
    SSL_CTX_set_max_proto_version(rsa, TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_set_cipher_list(rsa, "AES128-GCM-SHA256"), 1);
    assert_int_equal(
        reason_of(house->client, rsa, "a.example"), COP_REASON_ORIGIN_TLS);
    assert_int_equal(
        SSL_CTX_set_cipher_list(rsa, "ECDHE-RSA-AES128-SHA256"), 1);
    assert_int_equal(
        reason_of(house->client, rsa, "a.example"), COP_REASON_ORIGIN_TLS);
    SSL_CTX_free(rsa);
}

static void test_names_a_server_that_is_none(void **state)
{
    static const char *const said[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", ""};
    const struct house *house = *state;

    for (int i = 0; i < 2; i++) {
        struct wire wire;
        struct cop_host host;
        int fds[2];

        sockets(fds);
        assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
        wire_init(&wire, fds[0]);
        assert_int_equal(
            wire_start_client(&wire, house->client, &host, 443), COP_OK);
        assert_int_equal(wire_handshake(&wire), IO_AGAIN);
        assert_int_equal(wire.needs, LOOP_READ);
        assert_int_equal(
            write(fds[1], said[i], strlen(said[i])), (ssize_t)strlen(said[i]));
        shutdown(fds[1], SHUT_WR);
        assert_int_equal(wire_handshake(&wire), IO_FAILED);
        assert_int_equal(wire.reason, COP_REASON_ORIGIN_TLS);
        assert_true(wire.detail[0] != '\0');
        wire_close(&wire);
        close(fds[1]);
    }
}

static void test_resumes_within_a_place(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct house *house = *state;

    for (int i = 0; i < 2; i++) {
        SSL_CTX_set_max_proto_version(house->server, versions[i]);
        assert_false(
            is_resumed(house->client, house->server, "a.example", 443));
        assert_true(is_resumed(house->client, house->server, "a.example", 443));
        assert_true(is_resumed(house->client, house->server, "a.example", 443));
        assert_false(
            is_resumed(house->client, house->server, "a.example", 8443));
        assert_false(
            is_resumed(house->client, house->server, "192.0.2.1", 443));
        /* Another trust knows nothing of it. */
        tls_client_drop(&house->client);
        house->client = make_client(house);
    }
    assert_false(is_resumed(house->client, house->server, "a.example", 443));
}

/* A server that turns bad is refused though a session is kept of before. */
static void test_a_session_does_not_hide_a_change(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");
    SSL_CTX *bad;

    recipe.from_days = -9;
    recipe.until_days = -1;
    bad = make_server(&recipe, &house->root);
    assert_false(is_resumed(house->client, house->server, "a.example", 443));
    assert_true(is_resumed(house->client, house->server, "a.example", 443));
    assert_int_equal(
        reason_of(house->client, bad, "a.example"), COP_REASON_CERT_EXPIRED);
    SSL_CTX_free(bad);
}

static void test_notices_truncation(void **state)
{
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;

    session_open(&session, house->client, house->server, "a.example", 443);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    peer_say(&session.peer, "half");
    shutdown(session.peer.fd, SHUT_WR);
    assert_int_equal(read_all(&session.wire, bytes, 4), IO_DONE);
    assert_int_equal(wire_read(&session.wire, bytes, 16, &n), IO_FAILED);
    assert_int_equal(session.wire.reason, COP_REASON_ORIGIN_ABORT);
    session_close(&session);
}

/* The gateway has no certificate for servers, and says so in the words of the
 * one that insists. */
static void test_has_no_certificate_to_give(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;

    SSL_CTX_set_verify(house->server, SSL_VERIFY_PEER, NULL);
    session_open(&session, house->client, house->server, "a.example", 443);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    assert_null(SSL_get0_peer_certificate(session.peer.ssl));
    session_close(&session);
    SSL_CTX_set_verify(
        house->server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    for (int i = 0; i < 2; i++) {
        enum io io;

        SSL_CTX_set_max_proto_version(house->server, versions[i]);
        session_open(&session, house->client, house->server, "a.example", 8443);
        io = handshake(&session.wire, &session.peer);
        if (io == IO_DONE) { /* TLS 1.3 tells only afterwards */
            io = wire_read(&session.wire, bytes, 16, &n);
        }
        assert_int_equal(io, IO_FAILED);
        assert_int_equal(session.wire.reason, COP_REASON_CLIENT_CERTIFICATE);
        session_close(&session);
    }
}

static void test_needs_readable_trust(void **state)
{
    struct house *house = *state;
    struct cop_report report = {.emit = ignore};
    struct tls_client *client = NULL;

    house->config.trust_file = "/nonexistent";
    assert_int_equal(
        tls_client_of_files(&house->config, &report, &client), COP_E_IO);
    house->config.trust_file = house->trusted_path;
    house->config.ca_certificate = "/dev/zero"; /* no certificate */
    assert_int_equal(
        tls_client_of_files(&house->config, &report, &client), COP_E_IO);
    assert_int_equal(report.errors, 2);
    assert_null(client);
}

/* How a connection ends that may fail in the handshake or after it. */
static enum cop_reason ends_with(
    struct tls_client *client, SSL_CTX *server, const char *name)
{
    struct session session;
    char bytes[16];
    size_t n = 0;
    enum io io;
    enum cop_reason reason;

    session_open(&session, client, server, name, 443);
    io = handshake(&session.wire, &session.peer);
    for (int i = 0; i < 10 && io != IO_FAILED; i++) {
        peer_step(&session.peer);
        io = wire_read(&session.wire, bytes, sizeof(bytes), &n);
    }
    reason = io == IO_FAILED ? session.wire.reason : COP_REASON_NONE;
    session_close(&session);
    ERR_clear_error();
    return reason;
}

/* A server that wants a certificate, which it never gets: it says so in the
 * handshake (TLS 1.2) or after it (1.3). */
static void test_a_server_that_wants_a_certificate(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct house *house = *state;

    for (int i = 0; i < 2; i++) {
        (void)SSL_CTX_set_max_proto_version(house->server, versions[i]);
        SSL_CTX_set_verify(house->server,
            SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        assert_int_equal(ends_with(house->client, house->server, "a.example"),
            COP_REASON_CLIENT_CERTIFICATE);
        /* One that would like to have one is content without. */
        SSL_CTX_set_verify(house->server, SSL_VERIFY_PEER, NULL);
        assert_int_equal(ends_with(house->client, house->server, "a.example"),
            COP_REASON_NONE);
    }
}

/* What TLS 1.2 needs to be as sound as 1.3: a bound master secret, bound
 * renegotiation, no compression. */
static void test_binds_the_old_version(void **state)
{
    struct house *house = *state;
    struct session session;

    (void)SSL_CTX_set_max_proto_version(house->server, TLS1_2_VERSION);
    (void)SSL_CTX_clear_options(house->server, SSL_OP_NO_COMPRESSION);
    session_open(&session, house->client, house->server, "a.example", 443);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    assert_int_equal(SSL_get_extms_support(session.peer.ssl), 1);
    assert_int_equal(SSL_get_secure_renegotiation_support(session.peer.ssl), 1);
    assert_null(SSL_get_current_compression(session.peer.ssl));
    session_close(&session);
}

/* By a clock that is before the program was made nothing is believed, not even
 * what was believed before. */
static void test_a_clock_that_is_wrong(void **state)
{
    struct house *house = *state;

    assert_false(is_resumed(house->client, house->server, "a.example", 443));
    clock_shift = 86400 - __real_time(NULL);
    assert_int_equal(
        ends_with(house->client, house->server, "a.example"), COP_REASON_CLOCK);
    clock_shift = 0;
    assert_int_equal(
        ends_with(house->client, house->server, "a.example"), COP_REASON_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_server_that_wants_a_certificate),
        TEST(test_a_clock_that_is_wrong),
        TEST(test_binds_the_old_version),
        TEST(test_talks_to_a_good_server),
        TEST(test_sends_no_name_for_an_address),
        TEST(test_offers_only_the_new),
        TEST(test_reads_staples),
        TEST(test_refuses_bad_servers),
        TEST(test_refuses_the_old),
        TEST(test_names_a_server_that_is_none),
        TEST(test_resumes_within_a_place),
        TEST(test_a_session_does_not_hide_a_change),
        TEST(test_notices_truncation),
        TEST(test_has_no_certificate_to_give),
        TEST(test_needs_readable_trust),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

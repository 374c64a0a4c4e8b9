/* Wires: plain ones, and those that answer clients under TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "gateway/tls/wire.h"

#include "tests/unit/tls_peer.h"

struct house {
    struct identity_pair root;
    struct tls_server *server;
    struct leaf *leaf;
    SSL_CTX *client; /* trusts the root */
};

static struct leaf *make_leaf(const struct identity_pair *root)
{
    struct identity_pair pair = certificate_leaf("DNS:a.example", root);
    struct leaf *leaf = calloc(1, sizeof(*leaf));

    assert_non_null(leaf);
    leaf->certificate = pair.certificate;
    leaf->key = pair.key;
    leaf->references = 1;
    return leaf;
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));

    assert_non_null(house);
    house->root = certificate_root("The Gateway");
    house->leaf = make_leaf(&house->root);
    assert_int_equal(tls_server_new(&house->server), COP_OK);
    house->client = peer_context(TLS_client_method());
    SSL_CTX_set_verify(house->client, SSL_VERIFY_PEER, NULL);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(house->client),
                         house->root.certificate),
        1);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    SSL_CTX_free(house->client);
    tls_server_drop(&house->server);
    leaf_drop(&house->leaf);
    certificate_free(&house->root);
    free(house);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

/* Plain. */

static void test_plain(void **state)
{
    int fds[2];
    struct wire wire;
    char bytes[16];
    size_t n;
    int fd;

    (void)state;
    sockets(fds);
    wire_init(&wire, fds[0]);
    assert_string_equal(wire_version(&wire), "");
    assert_false(wire_has_pending(&wire));
    assert_int_equal(wire_handshake(&wire), IO_DONE);
    assert_int_equal(wire_read(&wire, bytes, 16, &n), IO_AGAIN);
    assert_int_equal(wire.needs, LOOP_READ);
    assert_int_equal(write(fds[1], "hello", 5), 5);
    assert_int_equal(wire_read(&wire, bytes, 16, &n), IO_DONE);
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "hello", 5);
    assert_int_equal(wire_write(&wire, "you", 3, &n), IO_DONE);
    assert_int_equal(n, 3);
    assert_int_equal(read(fds[1], bytes, 16), 3);
    wire_finish(&wire);
    assert_int_equal(read(fds[1], bytes, 16), 0);
    close(fds[1]);
    assert_int_equal(wire_read(&wire, bytes, 16, &n), IO_CLOSED);
    fd = wire_take_fd(&wire);
    assert_int_equal(fd, fds[0]);
    wire_close(&wire);
    wire_close(&wire);
    assert_int_equal(close(fd), 0);
}

static void test_plain_peer_gone(void **state)
{
    int fds[2];
    struct wire wire;
    static char much[1 << 20];
    size_t n;

    (void)state;
    sockets(fds);
    wire_init(&wire, fds[0]);
    while (wire_write(&wire, much, sizeof(much), &n) == IO_DONE) {
    }
    assert_int_equal(wire.needs, LOOP_WRITE);
    close(fds[1]);
    /* No signal ends the process. */
    assert_int_equal(wire_write(&wire, much, 1, &n), IO_FAILED);
    assert_int_equal(wire.reason, COP_REASON_CLIENT_ABORT);
    assert_true(wire.detail[0] != '\0');
    wire_close(&wire);
}

/* As a server. */

struct session {
    struct wire wire;
    struct peer peer;
};

static void session_open(
    struct session *session, const struct house *house, SSL_CTX *context)
{
    int fds[2];

    sockets(fds);
    wire_init(&session->wire, fds[0]);
    peer_open(&session->peer, context, fds[1], false);
    assert_int_equal(
        SSL_set_tlsext_host_name(session->peer.ssl, "a.example"), 1);
    assert_int_equal(SSL_set1_host(session->peer.ssl, "a.example"), 1);
    assert_int_equal(wire_start_server(&session->wire, house->server,
                         house->leaf, COP_LIT("")),
        COP_OK);
}

static void session_close(struct session *session)
{
    wire_close(&session->wire);
    peer_close(&session->peer);
}

static void test_answers_a_client(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const char *const names[] = {"TLSv1.2", "TLSv1.3"};
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;

    for (int i = 0; i < 2; i++) {
        SSL_CTX_set_max_proto_version(house->client, versions[i]);
        session_open(&session, house, house->client);
        assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
        assert_true(session.peer.is_done);
        assert_string_equal(wire_version(&session.wire), names[i]);
        /* The leaf and nothing else. */
        assert_int_equal(
            sk_X509_num(SSL_get_peer_cert_chain(session.peer.ssl)), 1);
        peer_say(&session.peer, "question");
        assert_int_equal(wire_read(&session.wire, bytes, 16, &n), IO_DONE);
        assert_int_equal(n, 8);
        write_all(&session.wire, "answer", 6);
        peer_hear(&session.peer, "answer");
        wire_finish(&session.wire);
        assert_int_equal(SSL_read(session.peer.ssl, bytes, 16), 0);
        assert_int_equal(
            SSL_get_shutdown(session.peer.ssl), SSL_RECEIVED_SHUTDOWN);
        (void)SSL_shutdown(session.peer.ssl);
        assert_int_equal(wire_read(&session.wire, bytes, 16, &n), IO_CLOSED);
        session_close(&session);
    }
}

/* The hello was read before, in part or whole or with what follows it. */
static void test_begins_with_bytes_read_before(void **state)
{
    const struct house *house = *state;
    size_t hello_n = SIZE_MAX;

    for (size_t before = 0; before <= hello_n; before += 37) {
        static char first[65536];
        int fds[2];
        struct wire wire;
        struct peer peer;
        ssize_t n;
        char bytes[16];
        size_t got;

        sockets(fds);
        wire_init(&wire, fds[0]);
        peer_open(&peer, house->client, fds[1], false);
        peer_step(&peer);
        n = recv(fds[0], first, sizeof(first), MSG_PEEK);
        assert_true(n > 0);
        hello_n = (size_t)n;
        n = before == 0
                ? 0
                : recv(fds[0], first, before < hello_n ? before : hello_n, 0);
        assert_int_equal(wire_start_server(&wire, house->server, house->leaf,
                             (struct cop_slice){first, (size_t)n}),
            COP_OK);
        memset(first, 0, sizeof(first)); /* it was copied */
        assert_int_equal(handshake(&wire, &peer), IO_DONE);
        peer_say(&peer, "x");
        assert_int_equal(wire_read(&wire, bytes, 16, &got), IO_DONE);
        wire_close(&wire);
        peer_close(&peer);
    }
    assert_int_not_equal(hello_n, SIZE_MAX);
}

static void test_notices_distrust(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct house *house = *state;
    SSL_CTX *wary = peer_context(TLS_client_method());
    struct session session;

    SSL_CTX_set_verify(wary, SSL_VERIFY_PEER, NULL);
    for (int i = 0; i < 2; i++) {
        SSL_CTX_set_max_proto_version(wary, versions[i]);
        session_open(&session, house, wary);
        assert_int_equal(handshake(&session.wire, &session.peer), IO_FAILED);
        assert_int_equal(session.wire.reason, COP_REASON_CLIENT_DISTRUST);
        assert_non_null(strstr(session.wire.detail, "unknown ca"));
        session_close(&session);
    }
    SSL_CTX_free(wary);
}

static void test_speaks_http_1_alone(void **state)
{
    static const struct {
        const char *offered;
        unsigned n;
        bool is_taken;
    } cases[] = {
        {"\x08http/1.1", 9, true},
        {"\x02h2\x08http/1.1", 12, true},
        {"\x02h2", 3, false},
        {"\x08http/1.0", 9, false},
        {"\x09http/1.1x", 10, false},
    };
    const struct house *house = *state;
    struct session session;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const unsigned char *chosen;
        unsigned chosen_n;

        session_open(&session, house, house->client);
        assert_int_equal(
            SSL_set_alpn_protos(session.peer.ssl,
                (const unsigned char *)cases[i].offered, cases[i].n),
            0);
        assert_int_equal(handshake(&session.wire, &session.peer),
            cases[i].is_taken ? IO_DONE : IO_FAILED);
        SSL_get0_alpn_selected(session.peer.ssl, &chosen, &chosen_n);
        if (cases[i].is_taken) {
            assert_int_equal(chosen_n, 8);
            assert_memory_equal(chosen, "http/1.1", 8);
        } else {
            assert_int_equal(session.wire.reason, COP_REASON_CLIENT_TLS);
            assert_int_equal(
                session.peer.error, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        }
        session_close(&session);
    }
}

static void assert_refused(const struct house *house, SSL_CTX *context)
{
    struct session session;

    session_open(&session, house, context);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_FAILED);
    assert_int_equal(session.wire.reason, COP_REASON_CLIENT_TLS);
    assert_true(session.wire.detail[0] != '\0');
    session_close(&session);
}

static void test_refuses_the_old(void **state)
{
    const struct house *house = *state;
    SSL_CTX *old = peer_context(TLS_client_method());
    SSL_CTX *cbc = peer_context(TLS_client_method());

    assert_int_equal(SSL_CTX_set_cipher_list(old, "ALL:@SECLEVEL=0"), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION), 1);
    assert_refused(house, old);
    assert_int_equal(SSL_CTX_set_max_proto_version(cbc, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(cbc,
                         "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA"),
        1);
    assert_refused(house, cbc);
    SSL_CTX_free(old);
    SSL_CTX_free(cbc);
}

/* No session of one connection serves another. */
static void test_never_resumes(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct house *house = *state;
    struct session session;

    for (int i = 0; i < 2; i++) {
        SSL_SESSION *kept;

        SSL_CTX_set_max_proto_version(house->client, versions[i]);
        session_open(&session, house, house->client);
        assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
        write_all(&session.wire, "x", 1);
        peer_hear(&session.peer, "x");
        kept = SSL_get1_session(session.peer.ssl);
        assert_int_equal(SSL_SESSION_has_ticket(kept), 0);
        SSL_set_shutdown(session.peer.ssl, SSL_SENT_SHUTDOWN);
        session_close(&session);
        session_open(&session, house, house->client);
        (void)SSL_set_session(session.peer.ssl, kept);
        assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
        assert_int_equal(SSL_session_reused(session.peer.ssl), 0);
        SSL_SESSION_free(kept);
        session_close(&session);
    }
}

static void test_never_renegotiates(void **state)
{
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;

    SSL_CTX_set_max_proto_version(house->client, TLS1_2_VERSION);
    session_open(&session, house, house->client);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    assert_int_equal(SSL_renegotiate(session.peer.ssl), 1);
    (void)SSL_do_handshake(session.peer.ssl);
    (void)wire_read(&session.wire, bytes, 16, &n);
    assert_int_equal(SSL_do_handshake(session.peer.ssl), -1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    session_close(&session);
}

static void test_notices_truncation(void **state)
{
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;

    session_open(&session, house, house->client);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    shutdown(session.peer.fd, SHUT_WR);
    assert_int_equal(wire_read(&session.wire, bytes, 16, &n), IO_FAILED);
    assert_int_equal(session.wire.reason, COP_REASON_CLIENT_ABORT);
    /* It stays so, and ending it is harmless. */
    assert_int_equal(wire_read(&session.wire, bytes, 16, &n), IO_FAILED);
    assert_int_equal(wire_write(&session.wire, "x", 1, &n), IO_FAILED);
    wire_finish(&session.wire);
    session_close(&session);
    /* And in the middle of a handshake. */
    session_open(&session, house, house->client);
    peer_step(&session.peer);
    assert_int_equal(wire_handshake(&session.wire), IO_AGAIN);
    shutdown(session.peer.fd, SHUT_WR);
    assert_int_equal(wire_handshake(&session.wire), IO_FAILED);
    assert_int_equal(session.wire.reason, COP_REASON_CLIENT_ABORT);
    session_close(&session);
}

/* No signal ends the process. */
static void test_peer_gone(void **state)
{
    const struct house *house = *state;
    struct session session;
    enum io io = IO_DONE;
    size_t n;

    session_open(&session, house, house->client);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    peer_close(&session.peer);
    for (int i = 0; i < 10 && io == IO_DONE; i++) {
        io = wire_write(&session.wire, "x", 1, &n);
    }
    assert_int_equal(io, IO_FAILED);
    assert_int_equal(session.wire.reason, COP_REASON_CLIENT_ABORT);
    wire_close(&session.wire);
}

static void test_garbage_is_the_clients_fault(void **state)
{
    const struct house *house = *state;
    int fds[2];
    struct wire wire;
    char bytes[64];

    sockets(fds);
    wire_init(&wire, fds[0]);
    assert_int_equal(wire_start_server(&wire, house->server, house->leaf,
                         COP_LIT("\x16\x03\x01\x00\x04garbage and more of it")),
        COP_OK);
    assert_int_equal(wire_handshake(&wire), IO_FAILED);
    assert_int_equal(wire.reason, COP_REASON_CLIENT_TLS);
    assert_true(read(fds[1], bytes, sizeof(bytes)) > 0); /* an alert */
    assert_int_equal(wire_handshake(&wire), IO_FAILED);
    wire_close(&wire);
    close(fds[1]);
}

/* Key updates without end, no byte of data. */
static void test_bounds_what_is_no_data(void **state)
{
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;
    enum io io = IO_AGAIN;
    int updates = 0;

    SSL_CTX_set_max_proto_version(house->client, TLS1_3_VERSION);
    session_open(&session, house, house->client);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    for (; io == IO_AGAIN && updates < 20000; updates++) {
        assert_int_equal(
            SSL_key_update(session.peer.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(session.peer.ssl), 1);
        io = wire_read(&session.wire, bytes, 16, &n);
    }
    assert_int_equal(io, IO_FAILED);
    assert_int_equal(session.wire.reason, COP_REASON_CLIENT_TLS);
    assert_in_range(updates, 100, 4000);
    session_close(&session);
    /* A few of them between data do no harm. */
    session_open(&session, house, house->client);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    for (int i = 0; i < 4000; i++) {
        assert_int_equal(
            SSL_key_update(session.peer.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        peer_say(&session.peer, "x");
        assert_int_equal(wire_read(&session.wire, bytes, 16, &n), IO_DONE);
    }
    session_close(&session);
}

static void test_tells_what_waits_inside(void **state)
{
    const struct house *house = *state;
    struct session session;
    char bytes[16];
    size_t n;
    int reads = 0;

    session_open(&session, house, house->client);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    peer_say(&session.peer, "first record");
    peer_say(&session.peer, "second record");
    do {
        assert_int_equal(wire_read(&session.wire, bytes, 4, &n), IO_DONE);
        assert_int_not_equal(n, 0);
        reads++;
    } while (wire_has_pending(&session.wire));
    assert_int_equal(reads, 3 + 4);
    assert_int_equal(wire_read(&session.wire, bytes, 4, &n), IO_AGAIN);
    assert_false(wire_has_pending(&session.wire));
    session_close(&session);
}

/* Much, through a narrow socket, from memory that moves. */
static void test_moves_much(void **state)
{
    enum { MUCH = 3 << 20 };
    const struct house *house = *state;
    struct session session;
    char *sent = malloc(MUCH);
    char *moved = malloc(MUCH);
    size_t put = 0;
    size_t heard = 0;
    int waits = 0;

    for (size_t i = 0; i < MUCH; i++) {
        sent[i] = (char)(i * 7 / 3);
    }
    session_open(&session, house, house->client);
    assert_int_equal(handshake(&session.wire, &session.peer), IO_DONE);
    while (heard < MUCH) {
        char bytes[20000];
        size_t n = 0;
        size_t part = MUCH - put < 50000 ? MUCH - put : 50000;
        int got;

        memcpy(moved + waits % 2 * 60000, sent + put, part);
        if (part > 0) {
            enum io io =
                wire_write(&session.wire, moved + waits % 2 * 60000, part, &n);

            assert_true(io == IO_DONE || io == IO_AGAIN);
            waits += io == IO_AGAIN ? 1 : 0;
        }
        put += n;
        if (n > 0) {
            continue;
        }
        got = SSL_read(session.peer.ssl, bytes, sizeof(bytes));
        assert_true(got > 0);
        assert_memory_equal(bytes, sent + heard, (size_t)got);
        heard += (size_t)got;
    }
    assert_true(waits > 0);
    session_close(&session);
    free(sent);
    free(moved);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain),
        TEST(test_plain_peer_gone),
        TEST(test_answers_a_client),
        TEST(test_begins_with_bytes_read_before),
        TEST(test_notices_distrust),
        TEST(test_speaks_http_1_alone),
        TEST(test_refuses_the_old),
        TEST(test_never_resumes),
        TEST(test_never_renegotiates),
        TEST(test_notices_truncation),
        TEST(test_peer_gone),
        TEST(test_garbage_is_the_clients_fault),
        TEST(test_bounds_what_is_no_data),
        TEST(test_tells_what_waits_inside),
        TEST(test_moves_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

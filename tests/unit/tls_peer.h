/* The other end of a wire: OpenSSL as anybody would use it, and the turning of
 * both ends until something has happened. */
#ifndef TESTS_UNIT_TLS_PEER_H
#define TESTS_UNIT_TLS_PEER_H

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "gateway/config/config.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/leaf.h"
#include "gateway/tls/leaf_internal.h"
#include "gateway/tls/wire.h"

#include "tests/unit/certificates.h"

enum { TURNS_MAX = 200000 };

struct peer {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    int error; /* reason of the first failure of the handshake, or 0 */
    bool is_done;
};

static inline void sockets(int out[2])
{
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, out), 0);
}

static inline SSL_CTX *peer_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    assert_non_null(context);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    return context;
}

static inline void peer_identify(
    SSL_CTX *context, const struct identity_pair *pair)
{
    assert_int_equal(SSL_CTX_use_certificate(context, pair->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, pair->key), 1);
}

/* Takes a reference of the context. */
static inline void peer_open(
    struct peer *peer, SSL_CTX *context, int fd, bool is_server)
{
    *peer = (struct peer){.fd = fd};
    assert_int_equal(SSL_CTX_up_ref(context), 1);
    peer->context = context;
    peer->ssl = SSL_new(context);
    assert_non_null(peer->ssl);
    assert_int_equal(SSL_set_fd(peer->ssl, fd), 1);
    if (is_server) {
        SSL_set_accept_state(peer->ssl);
    } else {
        SSL_set_connect_state(peer->ssl);
    }
}

static inline void peer_close(struct peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    if (peer->fd >= 0) {
        close(peer->fd);
    }
    *peer = (struct peer){.fd = -1};
}

static inline void peer_step(struct peer *peer)
{
    int result;

    if (peer->is_done || peer->error != 0) {
        return;
    }
    ERR_clear_error();
    result = SSL_do_handshake(peer->ssl);
    peer->is_done = result == 1;
    if (result != 1 && SSL_get_error(peer->ssl, result) == SSL_ERROR_SSL) {
        peer->error = ERR_GET_REASON(ERR_peek_error());
    }
    ERR_clear_error();
}

/* Turn both until the wire's handshake ends, one way or the other. */
static inline enum io handshake(struct wire *wire, struct peer *peer)
{
    enum io io = IO_AGAIN;

    for (int i = 0; i < TURNS_MAX && io == IO_AGAIN; i++) {
        peer_step(peer);
        io = wire_handshake(wire);
    }
    assert_int_not_equal(io, IO_AGAIN);
    for (int i = 0; i < 3; i++) {
        peer_step(peer);
    }
    return io;
}

/* Read into `to` until n bytes are there or something else comes. */
static inline enum io read_all(struct wire *wire, char *to, size_t n)
{
    size_t done = 0;
    enum io io = IO_DONE;

    while (done < n && io == IO_DONE) {
        size_t got;
        struct pollfd ready = {.fd = wire->fd, .events = POLLIN};

        io = wire_read(wire, to + done, n - done, &got);
        done += got;
        if (io == IO_AGAIN && poll(&ready, 1, 2000) == 1) {
            io = IO_DONE;
        }
    }
    return io;
}

static inline void write_all(struct wire *wire, const char *from, size_t n)
{
    while (n > 0) {
        size_t put;
        struct pollfd ready = {.fd = wire->fd, .events = POLLOUT};
        enum io io = wire_write(wire, from, n, &put);

        assert_true(io == IO_DONE || io == IO_AGAIN);
        if (io == IO_AGAIN) {
            assert_int_equal(poll(&ready, 1, 2000), 1);
        }
        from += put;
        n -= put;
    }
}

static inline void peer_say(struct peer *peer, const char *text)
{
    assert_int_equal(
        SSL_write(peer->ssl, text, (int)strlen(text)), (int)strlen(text));
}

static inline void peer_hear(struct peer *peer, const char *text)
{
    char bytes[256];
    int n = SSL_read(peer->ssl, bytes, sizeof(bytes));

    assert_int_equal(n, (int)strlen(text));
    assert_memory_equal(bytes, text, (size_t)n);
}

#endif

#include "gateway/tls/wire_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "gateway/loop/loop.h"
#include "gateway/tls/leaf.h"
#include "gateway/tls/leaf_internal.h"

/* Bytes that may come in while nothing is handed out: a whole handshake of a
 * client, of a server, and afterwards. */
enum {
    UNPAID_CLIENT = 64 * 1024,
    UNPAID_SERVER = 256 * 1024,
    UNPAID_LATER = 64 * 1024
};

/* Why a call failed. */

static enum io wire_fail(
    struct wire *wire, enum cop_reason reason, const char *detail)
{
    wire->reason = reason;
    (void)snprintf(
        wire->detail, sizeof(wire->detail), "%s", detail != NULL ? detail : "");
    return IO_FAILED;
}

static enum io wire_wait(struct wire *wire, unsigned needs)
{
    wire->needs = needs;
    return IO_AGAIN;
}

/* The client's words for "I do not trust this certificate". */
static bool is_distrust(int reason)
{
    switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        return true;
    default:
        return false;
    }
}

/* A server's words for "without a certificate of yours I do not talk", if it
 * asked for one before. */
static bool is_want(int reason)
{
    switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return true;
    default:
        return false;
    }
}

/* Something in TLS itself went wrong: the library's error queue says what. */
static enum io wire_fail_tls(struct wire *wire)
{
    struct wire_tls *tls = wire->tls;
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    const char *words = ERR_reason_error_string(error);

    if (tls->verdict.reason != COP_REASON_NONE) {
        return wire_fail(wire, tls->verdict.reason, tls->verdict.detail);
    }
    if (reason == ERR_R_MALLOC_FAILURE) {
        return wire_fail(wire, COP_REASON_MEMORY, words);
    }
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        if (tls->client != NULL && !tls->is_ready) {
            return wire_fail(wire, COP_REASON_ORIGIN_TLS,
                "the server closed the connection in the handshake");
        }
        return wire_fail(wire, wire->abort, "closed without close_notify");
    }
    if (tls->client != NULL) {
        return wire_fail(wire,
            tls->was_asked && is_want(reason) ? COP_REASON_CLIENT_CERTIFICATE
                                              : COP_REASON_ORIGIN_TLS,
            words);
    }
    return wire_fail(wire,
        is_distrust(reason) ? COP_REASON_CLIENT_DISTRUST
                            : COP_REASON_CLIENT_TLS,
        words);
}

static enum io wire_fail_socket(struct wire *wire)
{
    const struct wire_tls *tls = wire->tls;

    if (tls->is_flooded) {
        return wire_fail(wire,
            tls->client != NULL ? COP_REASON_ORIGIN_TLS : COP_REASON_CLIENT_TLS,
            "too much was sent that is no data");
    }
    return wire_fail(wire, wire->abort,
        tls->error != 0 ? strerror(tls->error) : "the connection was lost");
}

/* What a call into the library that did not return 1 means. */
static enum io wire_result(struct wire *wire, int result)
{
    struct wire_tls *tls = wire->tls;
    enum io io;

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return wire_wait(wire, LOOP_READ);
    case SSL_ERROR_WANT_WRITE:
        return wire_wait(wire, LOOP_WRITE);
    case SSL_ERROR_ZERO_RETURN:
        return IO_CLOSED;
    case SSL_ERROR_SSL:
        io = wire_fail_tls(wire);
        break;
    default:
        io = wire_fail_socket(wire);
        break;
    }
    tls->has_failed = true;
    ERR_clear_error();
    return io;
}

/* Starting and ending. */

void wire_init(struct wire *wire, int fd)
{
    *wire = (struct wire){
        .fd = fd, .abort = COP_REASON_CLIENT_ABORT, .reason = COP_REASON_NONE};
}

static void wire_tls_free(struct wire_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    if (tls->ssl != NULL && !tls->has_failed) {
        /* Else the library would forbid the session to be resumed. */
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(tls->ssl);
    tls_server_drop(&tls->server);
    tls_client_drop(&tls->client);
    X509_free(tls->verdict.issuer);
    free(tls->first);
    free(tls);
}

static struct wire_tls *wire_tls_new(
    int fd, SSL_CTX *context, const BIO_METHOD *method)
{
    struct wire_tls *tls = calloc(1, sizeof(*tls));
    BIO *bio;

    if (tls == NULL) {
        return NULL;
    }
    tls->fd = fd;
    tls->ssl = SSL_new(context);
    bio = wire_bio_new(method, tls);
    if (tls->ssl == NULL || bio == NULL ||
        SSL_set_app_data(tls->ssl, tls) != 1) {
        BIO_free(bio);
        wire_tls_free(tls);
        return NULL;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    return tls;
}

static bool server_prepare(
    struct wire_tls *tls, struct leaf *leaf, struct cop_slice first)
{
    tls->unpaid_max = UNPAID_CLIENT;
    SSL_set_accept_state(tls->ssl);
    if (first.n > 0) {
        tls->first = malloc(first.n);
        if (tls->first == NULL) {
            return false;
        }
        memcpy(tls->first, first.p, first.n);
        tls->first_n = first.n;
    }
    return SSL_use_cert_and_key(
               tls->ssl, leaf->certificate, leaf->key, NULL, 1) == 1;
}

enum cop_status wire_start_server(struct wire *wire, struct tls_server *server,
    struct leaf *leaf, struct cop_slice first)
{
    struct wire_tls *tls =
        wire_tls_new(wire->fd, server->context, server->method);

    if (tls == NULL) {
        ERR_clear_error();
        return COP_E_NOMEM;
    }
    tls->server = tls_server_hold(server);
    if (!server_prepare(tls, leaf, first)) {
        wire_tls_free(tls);
        ERR_clear_error();
        return COP_E_NOMEM;
    }
    wire->tls = tls;
    return COP_OK;
}

static bool client_prepare(
    struct wire_tls *tls, const struct cop_host *host, uint16_t port)
{
    tls->unpaid_max = UNPAID_SERVER;
    tls->host = *host;
    (void)snprintf(tls->key, sizeof(tls->key), "%s:%u", host->text, port);
    SSL_set_connect_state(tls->ssl);
    /* RFC 6066 3: addresses are not sent as names. */
    if (host->kind == COP_HOST_NAME &&
        SSL_set_tlsext_host_name(tls->ssl, tls->host.text) != 1) {
        return false;
    }
    tls_client_resume(tls->client, tls);
    return true;
}

enum cop_status wire_start_client(struct wire *wire, struct tls_client *client,
    const struct cop_host *host, uint16_t port)
{
    struct wire_tls *tls =
        wire_tls_new(wire->fd, client->context, client->method);

    if (tls == NULL) {
        ERR_clear_error();
        return COP_E_NOMEM;
    }
    tls->client = tls_client_hold(client);
    if (!client_prepare(tls, host, port)) {
        wire_tls_free(tls);
        ERR_clear_error();
        return COP_E_NOMEM;
    }
    wire->tls = tls;
    wire->abort = COP_REASON_ORIGIN_ABORT;
    return COP_OK;
}

enum cop_status wire_offer_h2(struct wire *wire)
{
    static const unsigned char protocols[] = "\x02h2\x08http/1.1";

    wire->tls->offers_h2 = true;
    return wire->tls->client == NULL ||
                   SSL_set_alpn_protos(
                       wire->tls->ssl, protocols, sizeof(protocols) - 1) == 0
               ? COP_OK
               : COP_E_NOMEM;
}

bool wire_is_h2(const struct wire *wire)
{
    const unsigned char *protocol = NULL;
    unsigned n = 0;

    if (wire->tls == NULL) {
        return false;
    }
    SSL_get0_alpn_selected(wire->tls->ssl, &protocol, &n);
    return n == 2 && memcmp(protocol, "h2", 2) == 0;
}

bool wire_was_asked(const struct wire *wire)
{
    return wire->tls != NULL && wire->tls->was_asked;
}

void wire_finish(struct wire *wire)
{
    struct wire_tls *tls = wire->tls;

    if (wire->fd < 0) {
        return;
    }
    if (tls != NULL && !tls->has_failed && tls->is_ready) {
        (void)SSL_shutdown(tls->ssl);
        ERR_clear_error();
    }
    (void)shutdown(wire->fd, SHUT_WR);
}

void wire_close(struct wire *wire)
{
    wire_tls_free(wire->tls);
    wire->tls = NULL;
    if (wire->fd >= 0) {
        (void)close(wire->fd);
    }
    wire->fd = -1;
}

int wire_take_fd(struct wire *wire)
{
    int fd = wire->fd;

    wire->fd = -1;
    return fd;
}

/* Moving bytes. */

enum io wire_handshake(struct wire *wire)
{
    struct wire_tls *tls = wire->tls;
    int result;

    if (tls == NULL) {
        return IO_DONE;
    }
    if (tls->has_failed) {
        return IO_FAILED;
    }
    ERR_clear_error();
    result = SSL_do_handshake(tls->ssl);
    if (result == 1) {
        tls->is_ready = true;
        X509_free(tls->verdict.issuer);
        tls->verdict.issuer = NULL;
        tls->unpaid = 0;
        tls->unpaid_max = UNPAID_LATER;
        return IO_DONE;
    }
    if (wire_result(wire, result) == IO_AGAIN) {
        return IO_AGAIN;
    }
    if (wire->reason == COP_REASON_NONE) {
        (void)wire_fail(wire, wire->abort, "closed in the handshake");
    }
    tls->has_failed = true;
    return IO_FAILED;
}

static enum io plain_result(struct wire *wire, unsigned needs)
{
    return errno == EAGAIN ? wire_wait(wire, needs)
                           : wire_fail(wire, wire->abort, strerror(errno));
}

static enum io plain_read(struct wire *wire, char *to, size_t n, size_t *got)
{
    ssize_t result;

    do {
        result = recv(wire->fd, to, n, 0);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return plain_result(wire, LOOP_READ);
    }
    *got = (size_t)result;
    return result == 0 ? IO_CLOSED : IO_DONE;
}

static enum io plain_write(
    struct wire *wire, const char *from, size_t n, size_t *put)
{
    ssize_t result;

    do {
        result = send(wire->fd, from, n, MSG_NOSIGNAL);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return plain_result(wire, LOOP_WRITE);
    }
    *put = (size_t)result;
    return IO_DONE;
}

enum io wire_read(struct wire *wire, char *to, size_t n, size_t *got)
{
    struct wire_tls *tls = wire->tls;
    int result;

    *got = 0;
    if (tls == NULL) {
        return plain_read(wire, to, n, got);
    }
    if (tls->has_failed) {
        return IO_FAILED;
    }
    ERR_clear_error();
    result = SSL_read_ex(tls->ssl, to, n, got);
    if (result != 1) {
        return wire_result(wire, result);
    }
    tls->unpaid = 0;
    return IO_DONE;
}

enum io wire_write(struct wire *wire, const char *from, size_t n, size_t *put)
{
    struct wire_tls *tls = wire->tls;
    int result;

    *put = 0;
    if (tls == NULL) {
        return plain_write(wire, from, n, put);
    }
    if (tls->has_failed) {
        return IO_FAILED;
    }
    ERR_clear_error();
    result = SSL_write_ex(tls->ssl, from, n, put);
    return result == 1 ? IO_DONE : wire_result(wire, result);
}

bool wire_has_pending(const struct wire *wire)
{
    const struct wire_tls *tls = wire->tls;

    if (tls == NULL || tls->has_failed) {
        return false;
    }
    /* With the socket dry, what is left inside is a part of a record. */
    return tls->first != NULL || SSL_pending(tls->ssl) > 0 ||
           (!tls->is_dry && SSL_has_pending(tls->ssl) == 1);
}

bool wire_is_quiet(const struct wire *wire)
{
    char next;

    return !wire_has_pending(wire) &&
           recv(wire->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           errno == EAGAIN;
}

const char *wire_version(const struct wire *wire)
{
    return wire->tls != NULL ? SSL_get_version(wire->tls->ssl) : "";
}

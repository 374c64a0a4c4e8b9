/* TLS towards clients, what is the same for every name.
 *
 * There is no resumption: with a shared context a full handshake costs one
 * P-256 signature, tickets cost more than that to make, and a session that is
 * never resumed cannot outlive the policy it was made under. */
#include "gateway/tls/wire_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

bool tls_context_set_usual(SSL_CTX *context)
{
    /* AEAD with forward secrecy and nothing else; TLS 1.3 has no other. */
    static const char suites[] =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
    bool done;

    SSL_CTX_set_security_level(context, 2);
    (void)SSL_CTX_set_options(
        context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_clear_options(
        context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF |
                     SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
                                        SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* One system call for a record, not one for its header and one more. */
    SSL_CTX_set_read_ahead(context, 1);
    done = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, suites) == 1 &&
           /* Post-quantum where the library has it (OpenSSL 3.5). */
           (SSL_CTX_set1_groups_list(
                context, "X25519MLKEM768:X25519:P-256:P-384") == 1 ||
               SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1);
    ERR_clear_error();
    return done;
}

/* Where `ours` stands in a list of protocols, at its length; NULL if nowhere.
 */
static const unsigned char *find_protocol(
    const unsigned char *offered, unsigned offered_n, const char *ours)
{
    size_t ours_n = strlen(ours);

    for (unsigned i = 0; i < offered_n; i += 1U + offered[i]) {
        if (offered[i] == ours_n && offered_n - i > ours_n &&
            memcmp(offered + i + 1, ours, ours_n) == 0) {
            return offered + i;
        }
    }
    return NULL;
}

/* HTTP/2 before http/1.1, where the wire offers it (RFC 7301 3.2: no protocol
 * in common is a fatal alert, never silence). */
static int choose_protocol(SSL *ssl, const unsigned char **out,
    unsigned char *out_n, const unsigned char *offered, unsigned offered_n,
    void *context)
{
    const struct wire_tls *tls = SSL_get_app_data(ssl);
    const unsigned char *found = NULL;

    (void)context;
    if (tls->offers_h2) {
        found = find_protocol(offered, offered_n, "h2");
    }
    if (found == NULL) {
        found = find_protocol(offered, offered_n, "http/1.1");
    }
    if (found == NULL) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = found + 1;
    *out_n = found[0];
    return SSL_TLSEXT_ERR_OK;
}

static bool server_set_up(struct tls_server *server)
{
    server->method = wire_bio_method_new();
    server->context = SSL_CTX_new(TLS_server_method());
    if (server->method == NULL || server->context == NULL ||
        !tls_context_set_usual(server->context)) {
        return false;
    }
    (void)SSL_CTX_set_options(
        server->context, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                             SSL_OP_PRIORITIZE_CHACHA);
    (void)SSL_CTX_set_session_cache_mode(server->context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_max_early_data(server->context, 0);
    SSL_CTX_set_verify(server->context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_alpn_select_cb(server->context, choose_protocol, NULL);
    return SSL_CTX_set_num_tickets(server->context, 0) == 1;
}

enum cop_status tls_server_new(struct tls_server **out)
{
    struct tls_server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        return COP_E_NOMEM;
    }
    server->references = 1;
    if (!server_set_up(server)) {
        ERR_clear_error();
        tls_server_drop(&server);
        return COP_E_NOMEM;
    }
    *out = server;
    return COP_OK;
}

struct tls_server *tls_server_hold(struct tls_server *server)
{
    server->references++;
    return server;
}

void tls_server_drop(struct tls_server **server)
{
    struct tls_server *it = *server;

    *server = NULL;
    if (it == NULL || --it->references > 0) {
        return;
    }
    SSL_CTX_free(it->context);
    BIO_meth_free(it->method);
    free(it);
}

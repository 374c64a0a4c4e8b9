/* What the parts of a TLS wire share; for gateway/tls/ alone. */
#ifndef GATEWAY_TLS_WIRE_INTERNAL_H
#define GATEWAY_TLS_WIRE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "cop/host.h"
#include "gateway/tls/lru.h"
#include "gateway/tls/verify.h"
#include "gateway/tls/wire.h"

struct tls_server {
    SSL_CTX *context;
    BIO_METHOD *method;
    uint32_t references;
};

struct tls_client {
    SSL_CTX *context;
    BIO_METHOD *method;
    struct trust *trust;
    struct lru sessions; /* struct session, keyed by "host:port" */
    uint32_t references;
};

enum { SESSION_KEY_MAX = COP_HOST_MAX + 8 };

struct wire_tls {
    SSL *ssl;
    int fd; /* the wire's */
    /* Exactly one of the two, held. */
    struct tls_server *server;
    struct tls_client *client;
    /* Bytes that were read before TLS began; NULL once they are used up. */
    char *first;
    size_t first_n;
    size_t first_at;
    /* Bytes taken in since something was handed out, and how many may be: a
     * peer that sends handshakes, tickets and key updates without end is cut
     * off. */
    uint32_t unpaid;
    uint32_t unpaid_max;
    bool is_ready;   /* the handshake is done */
    bool is_dry;     /* the socket had nothing more when last asked */
    bool is_flooded; /* unpaid_max was reached */
    bool is_ended;   /* the socket is at its end */
    bool has_failed; /* no more may be asked of ssl */
    bool offers_h2;  /* beside http/1.1 */
    bool was_asked;  /* for a client's certificate */
    int error;       /* errno of the last failure of the socket, or 0 */
    /* Towards servers only. */
    struct cop_host host;
    char key[SESSION_KEY_MAX];
    struct verdict verdict;
    int64_t until_unix; /* a session of this wire may be used so long */
};

/* The BIO that reads and writes a wire's socket: what was read before first,
 * no SIGPIPE, no more than unpaid_max. NULL when out of memory. */
BIO_METHOD *wire_bio_method_new(void);
/* A BIO over `tls`, borrowed. */
BIO *wire_bio_new(const BIO_METHOD *method, struct wire_tls *tls);

/* Versions, suites, groups and behaviour that both sides have in common. */
bool tls_context_set_usual(SSL_CTX *context);

struct tls_server *tls_server_hold(struct tls_server *server);

/* Offer the session kept for tls->key, if there is one still good. */
void tls_client_resume(struct tls_client *client, struct wire_tls *tls);

#endif

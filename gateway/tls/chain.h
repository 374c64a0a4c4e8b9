/* What a browser asks of a chain beyond RFC 5280 as OpenSSL checks it: a list
 * of small checks, each with a name and a reason of its own. */
#ifndef GATEWAY_TLS_CHAIN_H
#define GATEWAY_TLS_CHAIN_H

#include <stdbool.h>

#include <openssl/x509v3.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/tls/revoked.h"

/* A chain whose signatures, times and names hold already. */
struct chain {
    STACK_OF(X509) * certificates; /* the leaf first, the root last */
    const struct cop_host *host;   /* NULL: the chain is a client's */
    EVP_PKEY *own; /* an authority that must not be in it; may be NULL */
    const struct revoked *revoked; /* keys that must not be in it */
    GENERAL_NAMES *names; /* the leaf's; chain_find_flaw() reads them */
};

struct chain_check {
    const char *words; /* what is wrong when it does not hold */
    enum cop_reason reason;
    int where; /* which certificates are asked */
    bool (*holds)(const struct chain *chain, X509 *certificate);
};

/* The first check that does not hold, static, or NULL. */
const struct chain_check *chain_find_flaw(const struct chain *chain);

#endif

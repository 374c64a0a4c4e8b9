/* What is in a leaf; for gateway/tls/ alone. */
#ifndef GATEWAY_TLS_LEAF_INTERNAL_H
#define GATEWAY_TLS_LEAF_INTERNAL_H

#include <stdint.h>

#include <openssl/x509.h>

#include "cop/host.h"
#include "gateway/tls/lru.h"

struct leaf {
    struct lru_entry entry; /* keyed by host.text */
    struct cop_host host;
    X509 *certificate;
    EVP_PKEY *key;      /* the worker's, a reference */
    int64_t from_unix;  /* valid from */
    int64_t renew_unix; /* asked for anew from then on, while still valid */
    uint32_t references;
};

#endif

/* What making, loading and issuing share; for gateway/tls/ca*.c alone. */
#ifndef GATEWAY_TLS_CA_INTERNAL_H
#define GATEWAY_TLS_CA_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cop/report.h"

struct ca {
    X509 *certificate;
    EVP_PKEY *key;
    EC_GROUP *curve;               /* P-256, of leaf keys */
    const EVP_MD *digest;          /* that leaves are signed with */
    NAME_CONSTRAINTS *constraints; /* of the certificate; NULL: none */
    int64_t from_unix;             /* the authority's own validity */
    int64_t until_unix;
};

/* Report what is wrong with a file (NULL: none) and return `status`. */
COP_MUST_USE enum cop_status ca_refuse(struct cop_report *report,
    const char *file, enum cop_status status, const char *what,
    const char *todo);

/* Give a certificate version 3 and a serial number of 128 random bits
 * (RFC 5280 4.1.2.2 allows 20 bytes). */
bool ca_set_serial(X509 *certificate);
/* Valid from and until, in seconds since 1970, both included. */
bool ca_set_validity(X509 *certificate, int64_t from, int64_t until);
/* Subject key identifier: SHA-1 of the key's bits (RFC 5280 4.2.1.2). */
bool ca_set_key_id(X509 *certificate);
/* keyUsage from bits counted as in RFC 5280 4.2.1.3, critical. */
bool ca_set_usage(X509 *certificate, const int *bits, size_t bits_n);
/* An extension from its structure. */
bool ca_set_extension(X509 *certificate, int nid, void *value, bool critical);

#endif

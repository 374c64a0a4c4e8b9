/* Whether a server is who it says it is, as strictly as a browser and a little
 * more. Offline: no address in a certificate is ever fetched. */
#ifndef GATEWAY_TLS_VERIFY_H
#define GATEWAY_TLS_VERIFY_H

#include <stdint.h>

#include <openssl/x509.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/tls/trust.h"

enum { VERIFY_DETAIL_MAX = 120 };

struct verdict {
    enum cop_reason reason; /* COP_REASON_NONE: the server is the host */
    int error;              /* X509_V_ERR_..., for the TLS alert */
    int64_t until_unix;     /* when the chain stops being valid */
    X509 *issuer; /* the leaf's, of the chain that holds, a reference of the
                     caller's; else NULL */
    char detail[VERIFY_DETAIL_MAX]; /* what is wrong, in English; else "" */
};

/* words  cut to fit */
void verdict_set(
    struct verdict *out, enum cop_reason reason, int error, const char *words);

/* Build a chain from `leaf` over what the server sent to a root of `trust`, and
 * check all of it and that it is for `host`.
 * sent      the server's certificates in any order, may hold the leaf; NULL:
 *           none
 * now_unix  seconds since 1970
 * Cost: some signature checks; bounded however many certificates are sent.
 * Threads: any, on one trust. */
void verify_server(const struct trust *trust, const struct cop_host *host,
    X509 *leaf, STACK_OF(X509) * sent, int64_t now_unix, struct verdict *out);

/* The same of a client, which is asked for no name: what its certificate says
 * of it is for the caller to read. The authorities are those of `trust`. */
void verify_client(const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent,
    int64_t now_unix, struct verdict *out);

#endif

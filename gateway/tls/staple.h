/* What a server's authority says of its certificate, stapled to the handshake
 * (RFC 6066 8, RFC 6960): whether it was revoked. */
#ifndef GATEWAY_TLS_STAPLE_H
#define GATEWAY_TLS_STAPLE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "cop/slice.h"

enum staple {
    STAPLE_ABSENT, /* nothing that counts: none, malformed, not signed by the
                      issuer or one it delegated to, about another certificate,
                      out of date, or "unknown" */
    STAPLE_GOOD,
    STAPLE_REVOKED
};

/* staple    DER of an OCSPResponse, empty for none
 * issuer    of the leaf, verified
 * now_unix  seconds since 1970
 * Bounded by the size of the staple; fetches nothing. */
enum staple staple_read(
    struct cop_slice staple, X509 *leaf, X509 *issuer, int64_t now_unix);

/* Whether a certificate is void without a staple (RFC 7633: must-staple). */
bool staple_is_due(X509 *leaf);

#endif

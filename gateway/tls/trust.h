/* Whom the gateway trusts to vouch for servers. Everything is read when it is
 * made and nothing afterwards, so that a process may give up its files. */
#ifndef GATEWAY_TLS_TRUST_H
#define GATEWAY_TLS_TRUST_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "cop/report.h"
#include "cop/slice.h"
#include "gateway/tls/revoked.h"
#include "rules/base/buf.h"

enum { TRUST_BETWEEN_MAX = 8 };

struct trust {
    X509_STORE *roots; /* and revocation lists, when the file holds some */
    EVP_PKEY *own;     /* the gateway's authority, never trusted here; NULL */
    uint32_t roots_n;
    uint32_t between_max; /* intermediates that a chain may have */
    bool has_lists;
    struct revoked revoked; /* keys that nobody is believed with */
};
void trust_free(struct trust **trust);

/* Everything to trust as one PEM text, so that a process without files can be
 * given it.
 * file  PEM roots (and revocation lists) trusted instead of the system's; NULL:
 *       the system's, from SSL_CERT_FILE and SSL_CERT_DIR where set, else where
 *       OpenSSL was built to look
 * out   collects
 * Returns COP_OK, COP_E_IO (unreadable, empty; reported), COP_E_NOMEM. */
COP_MUST_USE enum cop_status trust_gather(
    const char *file, struct cop_report *report, struct buf *out);

/* What trust is made from; the names of files are for findings. */
struct trust_texts {
    struct cop_slice roots; /* what trust_gather() made */
    struct cop_slice own; /* PEM of the gateway's own authority; may be empty */
    const char *own_file;
    struct cop_slice revoked; /* a list of keys (revoked.h); may be empty */
    const char *revoked_file;
    uint32_t between_max; /* intermediates a chain may have */
};

/* Trust from texts.
 * Returns COP_OK, COP_E_IO (no certificate in one, a list that is none; all
 * reported), COP_E_NOMEM. */
COP_MUST_USE enum cop_status trust_from_text(const struct trust_texts *texts,
    struct cop_report *report, struct trust **out);

#endif

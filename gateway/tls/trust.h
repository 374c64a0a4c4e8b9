/* Whom the gateway trusts to vouch for servers. Everything is read when it is
 * made and nothing afterwards, so that a process may give up its files. */
#ifndef GATEWAY_TLS_TRUST_H
#define GATEWAY_TLS_TRUST_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "cop/report.h"
#include "cop/slice.h"
#include "rules/base/buf.h"

enum { TRUST_BETWEEN_MAX = 8 };

struct trust {
    X509_STORE *roots; /* and revocation lists, when the file holds some */
    EVP_PKEY *own;     /* the gateway's authority, never trusted here; NULL */
    uint32_t roots_n;
    uint32_t between_max; /* intermediates that a chain may have */
    bool has_lists;
};

/* file      PEM roots (and revocation lists) trusted instead of the system's;
 *           NULL: the system's, from SSL_CERT_FILE and SSL_CERT_DIR where set,
 *           else where OpenSSL was built to look
 * own_file  PEM certificate of the gateway's own authority; NULL: none
 * Returns COP_OK, COP_E_IO (unreadable, empty; reported), COP_E_NOMEM. */
COP_MUST_USE enum cop_status trust_new(const char *file, const char *own_file,
    struct cop_report *report, struct trust **out);
void trust_free(struct trust **trust);

/* Everything that trust_new() would read, as one PEM text, so that a process
 * without files can be given it. `out` collects; errors as trust_new(). */
COP_MUST_USE enum cop_status trust_gather(
    const char *file, struct cop_report *report, struct buf *out);

/* The same from texts; own_file is for findings. own may be empty. */
COP_MUST_USE enum cop_status trust_from_text(struct cop_slice roots,
    struct cop_slice own, const char *own_file, struct cop_report *report,
    struct trust **out);

#endif

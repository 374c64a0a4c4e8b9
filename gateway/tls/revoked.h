/* Keys that nobody is believed with, whoever vouches for them: SHA-256 of a
 * SubjectPublicKeyInfo, so that every certificate over the key falls. */
#ifndef GATEWAY_TLS_REVOKED_H
#define GATEWAY_TLS_REVOKED_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "cop/report.h"
#include "cop/slice.h"

enum { REVOKED_DIGEST = 32 };

struct revoked {
    uint8_t (*digests)[REVOKED_DIGEST]; /* sorted */
    uint32_t n;
};

/* Read a list: a digest of 64 hexadecimal digits a line; space around it, empty
 * lines and what follows a '#' do not count.
 * file  for findings
 * Returns COP_OK; COP_E_SYNTAX (a line is no digest; every such line is
 * reported), COP_E_NOMEM. On failure *out is empty. */
COP_MUST_USE enum cop_status revoked_read(struct cop_slice text,
    const char *file, struct cop_report *report, struct revoked *out);
void revoked_fini(struct revoked *revoked);

/* Whether the key of a certificate is listed, or cannot be told. */
bool revoked_has(const struct revoked *revoked, X509 *certificate);

#endif

/* The gateway's own authority: made once on this machine, used by keyd alone.
 * It composes each certificate itself from a name and a public key; nobody can
 * have it sign bytes of theirs. */
#ifndef GATEWAY_TLS_CA_H
#define GATEWAY_TLS_CA_H

#include <stdint.h>

#include "cop/host.h"
#include "cop/report.h"
#include "cop/slice.h"

struct ca;

enum { CA_DER_MAX = 4096, CA_SPKI_MAX = 128 };

/* What an authority shall be like. */
struct ca_wish {
    const char *folder;
    const char *name;            /* shown in certificate stores */
    struct cop_slice passphrase; /* of the key at rest; empty: none */
    const char *const *excluded; /* host names that it can never vouch for,
                                    nor for those below them */
    uint32_t excluded_n;
};

/* Make a new EC P-256 key and root certificate in the folder: ca.key (0400,
 * encrypted if there is a passphrase), ca.crt (PEM), ca.der. Refuses to
 * overwrite.
 * Returns COP_OK, COP_E_CONFLICT (files exist), COP_E_IO, COP_E_LIMIT (the
 * name's length), COP_E_SYNTAX (an excluded name), all reported. */
COP_MUST_USE enum cop_status ca_create(
    const struct ca_wish *wish, int64_t now_unix, struct cop_report *report);

/* PEM texts of an authority and the files they are from, for findings. */
struct ca_texts {
    struct cop_slice certificate;
    struct cop_slice key;
    struct cop_slice passphrase; /* of the key; empty: it is not encrypted */
    const char *certificate_file;
    const char *key_file;
};

/* Load an authority, checking that its texts belong together, that it is a CA,
 * valid now, and of a kind browsers accept, and that its key is encrypted if
 * and only if there is a passphrase.
 * Returns COP_OK, COP_E_SYNTAX (unreadable, passphrase missing or wrong),
 * COP_E_CONFLICT (key is not the certificate's, or not encrypted),
 * COP_E_RANGE (not valid now), COP_E_UNSUPPORTED; reported. */
COP_MUST_USE enum cop_status ca_load(const struct ca_texts *texts,
    int64_t now_unix, struct cop_report *report, struct ca **out);
void ca_free(struct ca **ca);

/* Compose and sign a leaf as security.md 1.2 E asks: SAN = exactly the host
 * (DNS or IP), empty subject or CN <= 64, serverAuth, digitalSignature,
 * CA:FALSE, <= 30 days, backdated 1 day, 128 random bits of serial, SKI, AKI.
 * spki   DER SubjectPublicKeyInfo, EC P-256 only (else COP_E_UNSUPPORTED)
 * der    gets *der_n <= CA_DER_MAX bytes
 * Returns COP_OK, COP_E_SYNTAX, COP_E_UNSUPPORTED, COP_E_RANGE (the authority
 * itself is not valid now), COP_E_CHECK (its name constraints exclude the
 * host), COP_E_LIMIT, COP_E_BUG. */
COP_MUST_USE enum cop_status ca_issue(struct ca *ca,
    const struct cop_host *host, struct cop_slice spki, int64_t now_unix,
    uint8_t der[CA_DER_MAX], size_t *der_n);

#endif

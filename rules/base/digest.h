/* SHA-256, whole or in pieces. */
#ifndef RULES_BASE_DIGEST_H
#define RULES_BASE_DIGEST_H

#include <stddef.h>

#include "cop/status.h"

enum { DIGEST_BYTES = 32 };

/* A sum in progress. Begun with digest_init(), and ended with digest_end() or,
 * when nobody wants it any more, digest_drop(); either may be called again. */
struct digest {
    struct evp_md_ctx_st *context; /* NULL after a failure */
};

void digest_init(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t n);

/* out    written on COP_OK only
 * Returns COP_OK, or COP_E_NOMEM if any step failed: failure is sticky. */
COP_MUST_USE enum cop_status digest_end(
    struct digest *digest, unsigned char out[DIGEST_BYTES]);

void digest_drop(struct digest *digest);

/* All three at once. */
COP_MUST_USE enum cop_status digest_of(
    const void *bytes, size_t n, unsigned char out[DIGEST_BYTES]);

#endif

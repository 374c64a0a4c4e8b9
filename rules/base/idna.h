/* Names with more than plain ASCII: UTS-46, non-transitional, as the WHATWG
 * URL Standard's "domain to ASCII" with beStrict false. */
#ifndef RULES_BASE_IDNA_H
#define RULES_BASE_IDNA_H

#include <stddef.h>

#include "cop/slice.h"
#include "cop/status.h"

/* Map a name label by label. The result is ASCII; whether its labels are what
 * a host may have is for the caller to check.
 *
 * name    borrowed; UTF-8 without NUL; ASCII letters in either case
 * out     `cap` bytes; no NUL is written
 * Returns COP_OK and *out_n; COP_E_SYNTAX; COP_E_LIMIT (does not fit, or a
 * label is too long); COP_E_NOMEM. */
COP_MUST_USE enum cop_status idna_map(
    struct cop_slice name, char *out, size_t cap, size_t *out_n);

#endif

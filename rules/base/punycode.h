/* Punycode, RFC 3492: from code points to the letters of an A-label. */
#ifndef RULES_BASE_PUNYCODE_H
#define RULES_BASE_PUNYCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Encode code points; without "xn--".
 * cap     bytes that `out` can hold; no NUL is written
 * Returns true and *out_n, or false when `out` is too small. */
bool punycode_encode(
    const uint32_t *points, size_t n, char *out, size_t cap, size_t *out_n);

#endif

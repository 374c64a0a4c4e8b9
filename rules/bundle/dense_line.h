/* Which bits of a hash are where in a dense index: private to dense*. */
#ifndef RULES_BUNDLE_DENSE_LINE_H
#define RULES_BUNDLE_DENSE_LINE_H

#include <stdint.h>

#include "rules/bundle/format.h"

static inline uint32_t dense_scale(uint64_t hash, uint32_t lines)
{
    return (uint32_t)(((unsigned __int128)hash * lines) >> 64);
}

/* The high bits say the line... */
static inline uint32_t dense_home(uint64_t hash, uint32_t lines)
{
    return dense_scale(hash, lines);
}

/* ...all bits, stirred once more, the second one (the finaliser of
 * MurmurHash3, which loses nothing)... */
static inline uint32_t dense_second(uint64_t hash, uint32_t lines)
{
    uint64_t x = hash;
    uint32_t home = dense_home(hash, lines);

    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    x ^= x >> 33;

    uint32_t second = dense_scale(x, lines);

    if (second != home) {
        return second;
    }
    return home + 1 < lines ? home + 1 : 0;
}

/* ...and the low 44 which key of the line it is. */
static inline uint16_t dense_tag(uint64_t hash)
{
    return (uint16_t)(hash >> 28);
}

static inline uint32_t dense_rest(uint64_t hash)
{
    return (uint32_t)(hash & 0x0fffffff);
}

/* One of 32 bits, by bits that neither line nor tag depend on alone. */
static inline uint32_t dense_spill_bit(uint64_t hash)
{
    return UINT32_C(1) << ((hash >> 23) & 31);
}

#endif

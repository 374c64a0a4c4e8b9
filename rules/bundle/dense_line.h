/* Which bits of a hash are where in a dense index: private to dense*. */
#ifndef RULES_BUNDLE_DENSE_LINE_H
#define RULES_BUNDLE_DENSE_LINE_H

#include <stdint.h>

#include "rules/bundle/format.h"

enum { DENSE_SPILLS = 12, DENSE_SPILL_SHIFT = 2 * FORMAT_DENSE_SLOTS };

static inline uint32_t dense_scale(uint64_t hash, uint32_t lines)
{
    return (uint32_t)(((unsigned __int128)hash * lines) >> 64);
}

/* Bits stirred once more (the finaliser of MurmurHash3, which loses none). */
static inline uint64_t dense_stir(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* The high bits say the line... */
static inline uint32_t dense_home(uint64_t hash, uint32_t lines)
{
    return dense_scale(hash, lines);
}

/* ...all bits, stirred, the second one... */
static inline uint32_t dense_second(uint64_t hash, uint32_t lines)
{
    uint32_t home = dense_home(hash, lines);
    uint32_t second = dense_scale(dense_stir(hash), lines);

    if (second != home) {
        return second;
    }
    return home + 1 < lines ? home + 1 : 0;
}

/* ...and the low 46 which key of the line it is. */
static inline uint16_t dense_tag(uint64_t hash)
{
    return (uint16_t)(hash >> 30);
}

static inline uint32_t dense_rest(uint64_t hash)
{
    return (uint32_t)(hash >> 2) & 0x0fffffff;
}

static inline uint32_t dense_last(uint64_t hash)
{
    return (uint32_t)hash & 3;
}

/* The class of a key, of DENSE_SPILLS: by what its tag is, so that it may be
 * told before or behind the comparison of tags. */
static inline unsigned dense_class(uint64_t hash)
{
    return dense_tag(hash) * (unsigned)DENSE_SPILLS >> 16;
}

/* The two last bits of the key in a place, as the line has them. */
static inline uint32_t dense_more(
    const struct format_dense_line *line, unsigned place)
{
    return line->more >> (2 * place) & 3;
}

/* Whether keys of a class may be in their second line. */
static inline uint32_t dense_has_spilt(
    const struct format_dense_line *line, unsigned class)
{
    return line->more >> (DENSE_SPILL_SHIFT + class) & 1;
}

#endif

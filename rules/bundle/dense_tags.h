/* Comparing all tags of a dense line at once: private to dense*.
 *
 * The plain form works everywhere; where the machine compares eight tags with
 * one instruction, that is used, and a test shows that both say the same. */
#ifndef RULES_BUNDLE_DENSE_TAGS_H
#define RULES_BUNDLE_DENSE_TAGS_H

#include <stdint.h>
#include <string.h>

#include "rules/bundle/format.h"

/* The high bit of each 16-bit lane of `word` that equals `tag`. */
static inline uint64_t dense_lanes(uint64_t word, uint16_t tag)
{
    const uint64_t low_bits = UINT64_C(0x7fff7fff7fff7fff);
    uint64_t differ = word ^ tag * UINT64_C(0x0001000100010001);

    return ~(((differ & low_bits) + low_bits) | differ | low_bits);
}

/* The places of the tags that equal one, a bit each. */
static inline uint32_t dense_tagged_plain(
    const uint16_t tags[FORMAT_DENSE_SLOTS], uint16_t tag)
{
    /* Gathers the lanes' bits into the low four: lane i's to bit i. */
    const uint64_t gather = UINT64_C(0x0001000200040008);
    uint64_t words[3] = {0, 0, 0};
    uint32_t places = 0;

    memcpy(words, tags, FORMAT_DENSE_SLOTS * sizeof(tags[0]));
    for (unsigned i = 0; i < 3; i++) {
        uint64_t bits = dense_lanes(words[i], tag) >> 15;

        places |= (uint32_t)((bits * gather) >> 48 & 15) << (4 * i);
    }
    return places & ((1U << FORMAT_DENSE_SLOTS) - 1);
}

#if defined(__SSE2__)

#include <emmintrin.h>

static inline uint32_t dense_tagged(
    const uint16_t tags[FORMAT_DENSE_SLOTS], uint16_t tag)
{
    const __m128i wanted = _mm_set1_epi16((short)tag);
    const __m128i first = _mm_loadu_si128((const void *)tags);
    const __m128i last = _mm_loadu_si128((const void *)(tags + 2));
    /* A byte a tag: the first eight, and the last eight. */
    const __m128i equal = _mm_packs_epi16(
        _mm_cmpeq_epi16(first, wanted), _mm_cmpeq_epi16(last, wanted));
    uint32_t bits = (uint32_t)_mm_movemask_epi8(equal);

    return (bits & 0xff) | (bits >> 14 & 3) << 8;
}

#elif defined(__ARM_NEON) && defined(__aarch64__)

#include <arm_neon.h>

static inline uint32_t dense_tagged(
    const uint16_t tags[FORMAT_DENSE_SLOTS], uint16_t tag)
{
    static const uint16_t bit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    const uint16x8_t wanted = vdupq_n_u16(tag);
    const uint16x8_t bits = vld1q_u16(bit);
    uint16x8_t first = vceqq_u16(vld1q_u16(tags), wanted);
    uint16x8_t last = vceqq_u16(vld1q_u16(tags + 2), wanted);

    return vaddvq_u16(vandq_u16(first, bits)) |
           (uint32_t)(vaddvq_u16(vandq_u16(last, bits)) >> 6) << 8;
}

#else

static inline uint32_t dense_tagged(
    const uint16_t tags[FORMAT_DENSE_SLOTS], uint16_t tag)
{
    return dense_tagged_plain(tags, tag);
}

#endif

#endif

/* A keyed 64-bit hash of host names, and of all names above one in one pass.
 *
 * A name is taken from the right, label by label, sixteen bytes at a time with
 * one multiplication of 64 by 64 bits to 128; the state behind a label is all
 * that the next one needs, so that "a.b.example" costs one pass and not three.
 * A label's last chunk is told from one that goes on, and no name has a zero
 * byte, so that no two names are read alike. The state has 128 bits, all of
 * them kept in each step but for what a product loses, and only the last
 * multiplication makes 64 of them: two names that are given meet with a chance
 * of 2^-64.
 *
 * What this protects. The key of a bundle is a digest of all that the bundle
 * says (docs/bundle-format.md). So nobody who adds names to a list can choose
 * them to meet others, and who finds two that meet has found them for one
 * edition: the next one has another key.
 *
 * What it does not. The key lies in the bundle, and with it a multiplying hash
 * can be worked backwards: who holds the bundle can make up a name that meets
 * a given one, in seconds perhaps, where SipHash under a known key would ask
 * for 2^64 / n attempts with n names listed; for the millions of a large list
 * that is a few hours of one machine. To gain by it one would have to own such
 * a name, serve from it what another name is allowed for, and begin anew with
 * each edition. Who cannot accept that keeps the bundle from being read: its
 * key is then as secret as the file. Nothing else may rest on this hash: what a
 * peer can fill uses hash.h, under a key that nobody sees.
 *
 * Inline, because names are short: a call would cost a fifth of it. */
#ifndef RULES_BASE_NAMEHASH_H
#define RULES_BASE_NAMEHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cop/slice.h"
#include "rules/base/hash.h"

enum {
    NAMEHASH_CHUNK = 16,
    NAMEHASH_LABELS_MAX = 127,
    NAMEHASH_SHORT = 63 /* bytes of a name whose labels fit one word's bits */
};

struct namehash {
    uint64_t a, b;
};

/* The state of the empty name. */
static inline struct namehash namehash_begin(const uint64_t key[2])
{
    return (struct namehash){key[0], key[1]};
}

/* Add sixteen bytes, as two numbers, those behind the label's end zero. */
static inline void namehash_add(
    struct namehash *s, uint64_t low, uint64_t high, uint64_t goes_on)
{
    uint64_t x = low ^ s->a;
    uint64_t y = high ^ s->b ^ goes_on;
    unsigned __int128 product = (unsigned __int128)x * y;

    s->a = (uint64_t)product ^ y;
    s->b = (uint64_t)(product >> 64) ^ x;
}

/* Add the first n of the sixteen bytes at p, which may all be read. */
static inline void namehash_chunk(
    struct namehash *s, const unsigned char *p, size_t n, uint64_t goes_on)
{
    /* Read from 16 - n on: n bytes of ones, then zeros. */
    static const unsigned char masks[2 * NAMEHASH_CHUNK] = {
        [0 ... NAMEHASH_CHUNK - 1] = 0xff};
    const unsigned char *mask = masks + NAMEHASH_CHUNK - n;

    namehash_add(s, hash_word(p) & hash_word(mask),
        hash_word(p + 8) & hash_word(mask + 8), goes_on);
}

/* Add the label in front of what was added before. At least 16 bytes from each
 * of its bytes on may be read. */
static inline void namehash_label(
    struct namehash *s, const char *label, size_t n)
{
    const unsigned char *p = (const unsigned char *)label;

    while (n > NAMEHASH_CHUNK) {
        namehash_chunk(s, p, NAMEHASH_CHUNK, UINT64_MAX);
        p += NAMEHASH_CHUNK;
        n -= NAMEHASH_CHUNK;
    }
    namehash_chunk(s, p, n, 0);
}

/* The same where nothing behind the label may be read. */
static inline void namehash_label_alone(
    struct namehash *s, const char *label, size_t n)
{
    unsigned char copy[NAMEHASH_CHUNK] = {0};

    while (n > NAMEHASH_CHUNK) {
        memcpy(copy, label, sizeof(copy));
        namehash_chunk(s, copy, sizeof(copy), UINT64_MAX);
        label += NAMEHASH_CHUNK;
        n -= NAMEHASH_CHUNK;
    }
    memcpy(copy, label, n);
    namehash_chunk(s, copy, n, 0);
}

/* The hash of the name whose labels were added. */
static inline uint64_t namehash_end(const struct namehash *s)
{
    unsigned __int128 product =
        (unsigned __int128)(s->a ^ UINT64_C(0x9e3779b97f4a7c15)) *
        (s->b ^ UINT64_C(0xd1b54a32d192ed03));

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#if defined(__SSE2__)

#include <emmintrin.h>

enum { NAMEHASH_STEP = 16 };

/* The bits of the dots among NAMEHASH_STEP bytes: byte i's is bit i. */
static inline uint64_t namehash_dots_of(const char *p)
{
    const __m128i bytes = _mm_loadu_si128((const void *)p);

    return (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')));
}

#else

enum { NAMEHASH_STEP = 8 };

static inline uint64_t namehash_dots_of(const char *p)
{
    const uint64_t low_bits = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t differ =
        hash_word((const unsigned char *)p) ^ UINT64_C(0x2e2e2e2e2e2e2e2e);
    uint64_t dots = ~(((differ & low_bits) + low_bits) | differ | low_bits);

    /* Gathers the bytes' high bits into the high eight. */
    return ((dots >> 7) * UINT64_C(0x0102040810204080)) >> 56;
}

#endif

/* Where the labels of a name of at most NAMEHASH_SHORT bytes begin, a bit
 * each. As many bytes as make the next multiple of 16 may be read. */
static inline uint64_t namehash_starts(const char *name, size_t n)
{
    uint64_t dots = 0;

    for (size_t at = 0; at < n; at += NAMEHASH_STEP) {
        dots |= namehash_dots_of(name + at) << at;
    }
    return (dots << 1 | 1) & ((UINT64_C(1) << n) - 1);
}

/* Hash a name and all names above it, the widest first: out[i] is that of the
 * last i + 1 labels. An address is one name, of which only the last hash means
 * anything. Returns how many; at most NAMEHASH_LABELS_MAX are there. */
static inline uint32_t namehash_all(const uint64_t key[2],
    struct cop_slice name, uint64_t out[NAMEHASH_LABELS_MAX])
{
    struct namehash state = namehash_begin(key);
    uint32_t labels = 0;
    size_t end = name.n;

    for (size_t at = name.n + 1; at > 0 && labels < NAMEHASH_LABELS_MAX; at--) {
        size_t start = at - 1;

        if (start > 0 && name.p[start - 1] != '.') {
            continue;
        }
        namehash_label_alone(&state, name.p + start, end - start);
        out[labels++] = namehash_end(&state);
        end = start != 0 ? start - 1 : 0;
    }
    return labels;
}

/* The hash of a whole canonical name or address. */
static inline uint64_t namehash(const uint64_t key[2], struct cop_slice name)
{
    struct namehash state = namehash_begin(key);
    size_t end = name.n;

    for (size_t at = name.n; at > 0; at--) {
        if (name.p[at - 1] == '.') {
            namehash_label_alone(&state, name.p + at, end - at);
            end = at - 1;
        }
    }
    namehash_label_alone(&state, name.p, end);
    return namehash_end(&state);
}

#endif

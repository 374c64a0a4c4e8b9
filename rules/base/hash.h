/* A keyed 64-bit hash: SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012, with one round a word and three at the end).
 *
 * The same key and bytes give the same number on every machine, whatever its
 * byte order, so that the number may be stored in files. Not for secrecy.
 *
 * Why this one, though multiplying hashes are faster by a few nanoseconds a
 * name: the key of a bundle lies in the bundle, for all to read, and a name is
 * known by its hash alone. Of a multiplying hash with a known key anybody can
 * work out names that meet another one's hash, and so slip into a list that
 * allows. Of this one nobody knows how to find any but by trying 2^63 names,
 * and those would be worthless after the next edition, which has another key.
 * The hot-path cache has a key that nobody sees, and uses it so that all that
 * is decided by rests on one argument.
 *
 * Inline, because names are short: a call would cost a fifth of it. */
#ifndef RULES_BASE_HASH_H
#define RULES_BASE_HASH_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t hash_rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline void hash_round(struct hash_state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = hash_rotate(s->v1, 13) ^ s->v0;
    s->v3 = hash_rotate(s->v3, 16) ^ s->v2;
    s->v0 = hash_rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = hash_rotate(s->v1, 17) ^ s->v2;
    s->v3 = hash_rotate(s->v3, 21) ^ s->v0;
    s->v2 = hash_rotate(s->v2, 32);
}

static inline void hash_add(struct hash_state *s, uint64_t word)
{
    s->v3 ^= word;
    hash_round(s);
    s->v0 ^= word;
}

static inline uint64_t hash_word(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return le64toh(word);
}

/* The last `left` bytes, 0 to 7, of n, little-endian. Without a loop: names
 * are short, and this would be most of what hashing them costs. */
static inline uint64_t hash_tail(const unsigned char *p, size_t left, size_t n)
{
    if (left == 0) {
        return 0;
    }
    if (n >= sizeof(uint64_t)) { /* read back over what was read before */
        return hash_word(p + left - sizeof(uint64_t)) >>
               (8 * (sizeof(uint64_t) - left));
    }
    if (left >= sizeof(uint32_t)) {
        uint32_t low;
        uint32_t high;

        memcpy(&low, p, sizeof(low));
        memcpy(&high, p + left - sizeof(high), sizeof(high));
        return le32toh(low) | (uint64_t)le32toh(high)
                                  << (8 * (left - sizeof(high)));
    }
    /* One to three: the first, the middle and the last are all of them. */
    return p[0] | (uint64_t)p[left / 2] << (8 * (left / 2)) |
           (uint64_t)p[left - 1] << (8 * (left - 1));
}

static inline uint64_t hash_keyed(
    const uint64_t key[2], const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t left = n;
    struct hash_state s = {
        key[0] ^ 0x736f6d6570736575,
        key[1] ^ 0x646f72616e646f6d,
        key[0] ^ 0x6c7967656e657261,
        key[1] ^ 0x7465646279746573,
    };

    while (left >= sizeof(uint64_t)) {
        hash_add(&s, hash_word(p));
        p += sizeof(uint64_t);
        left -= sizeof(uint64_t);
    }
    hash_add(&s, hash_tail(p, left, n) | (uint64_t)n << 56);
    s.v2 ^= 0xff;
    for (unsigned i = 0; i < 3; i++) {
        hash_round(&s);
    }
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif

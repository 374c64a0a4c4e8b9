/* A keyed 64-bit hash: SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012, with one round a word and three at the end).
 *
 * The same key and bytes give the same number on every machine, whatever its
 * byte order, so that the number may be stored in files. Not for secrecy.
 *
 * For tables that a peer fills, under a key that nobody sees: whoever does not
 * know the key cannot look for names that meet. The names of a bundle, whose
 * key is in the bundle, have a faster one (namehash.h).
 *
 * hash_long() is for texts of some length, such as URLs: it first makes two
 * words of each kilobyte by NH (Black, Halevi, Krawczyk, Krovetz, Rogaway,
 * "UMAC: fast and secure message authentication", 1999), one multiplication
 * for sixteen bytes, and SipHash of those. Of two texts that are given, NH
 * makes the same words with a chance of 2^-64 over its key, which is proved;
 * what becomes of them is SipHash's to hide.
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

static inline struct hash_state hash_begin(const uint64_t key[2])
{
    return (struct hash_state){
        key[0] ^ 0x736f6d6570736575,
        key[1] ^ 0x646f72616e646f6d,
        key[0] ^ 0x6c7967656e657261,
        key[1] ^ 0x7465646279746573,
    };
}

static inline uint64_t hash_end(struct hash_state *s)
{
    s->v2 ^= 0xff;
    for (unsigned i = 0; i < 3; i++) {
        hash_round(s);
    }
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t hash_keyed(
    const uint64_t key[2], const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t left = n;
    struct hash_state s = hash_begin(key);

    while (left >= sizeof(uint64_t)) {
        hash_add(&s, hash_word(p));
        p += sizeof(uint64_t);
        left -= sizeof(uint64_t);
    }
    hash_add(&s, hash_tail(p, left, n) | (uint64_t)n << 56);
    return hash_end(&s);
}

enum { HASH_BLOCK = 1024, HASH_PAIR = 16 };

struct hash_long_key {
    uint64_t key[2];
    uint64_t nh[HASH_BLOCK / sizeof(uint64_t)];
};

/* The sum of the products of the pairs of words of at most HASH_BLOCK bytes,
 * as if zeros followed. */
static inline unsigned __int128 hash_nh(
    const uint64_t *key, const unsigned char *p, size_t n)
{
    unsigned __int128 sum = 0;
    unsigned char last[HASH_PAIR] = {0};

    while (n >= HASH_PAIR) {
        sum += (unsigned __int128)(hash_word(p) + key[0]) *
               (hash_word(p + 8) + key[1]);
        p += HASH_PAIR;
        key += 2;
        n -= HASH_PAIR;
    }
    if (n != 0) {
        memcpy(last, p, n);
        sum += (unsigned __int128)(hash_word(last) + key[0]) *
               (hash_word(last + 8) + key[1]);
    }
    return sum;
}

/* The hash of a text, and of a number that tells texts apart that read the
 * same. */
static inline uint64_t hash_long(const struct hash_long_key *key,
    uint64_t number, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    struct hash_state s = hash_begin(key->key);
    size_t left = n;

    hash_add(&s, number);
    do {
        size_t block = left < HASH_BLOCK ? left : HASH_BLOCK;
        unsigned __int128 sum = hash_nh(key->nh, p, block);

        hash_add(&s, (uint64_t)sum);
        hash_add(&s, (uint64_t)(sum >> 64));
        p += block;
        left -= block;
    } while (left != 0);
    hash_add(&s, n);
    return hash_end(&s);
}

#endif

#include "rules/base/hash.h"

#include <endian.h>
#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline void state_round(struct state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
}

static inline void state_add(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    state_round(s);
    s->v0 ^= word;
}

/* The last 0 to 7 bytes, little-endian. */
static inline uint64_t tail_read(const unsigned char *p, size_t n)
{
    uint64_t word = 0;

    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)p[i] << (8 * i);
    }
    return word;
}

uint64_t hash_keyed(const uint64_t key[2], const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t left = n;
    struct state s = {
        key[0] ^ 0x736f6d6570736575,
        key[1] ^ 0x646f72616e646f6d,
        key[0] ^ 0x6c7967656e657261,
        key[1] ^ 0x7465646279746573,
    };

    while (left >= sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, p, sizeof(word));
        state_add(&s, le64toh(word));
        p += sizeof(word);
        left -= sizeof(word);
    }
    state_add(&s, tail_read(p, left) | (uint64_t)n << 56);
    s.v2 ^= 0xff;
    for (unsigned i = 0; i < 3; i++) {
        state_round(&s);
    }
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Patterns made at random, and texts made from their own structure: most of
 * these match, by a walk through the pattern that takes each quantifier from
 * both its ends. The same seed gives the same pattern. */
#ifndef TESTS_UNIT_PATTERNS_H
#define TESTS_UNIT_PATTERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PATTERNS_TEXT = 4096, PATTERNS_DEPTH = 3 };

struct patterns_text {
    char p[PATTERNS_TEXT];
    size_t n;
    bool is_sample;  /* a text that the pattern may match, else the pattern */
    uint64_t chance; /* for the choices of a sample */
};

static inline uint64_t patterns_mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static inline unsigned patterns_choose(struct patterns_text *t, unsigned below)
{
    t->chance = patterns_mix(t->chance);
    return (unsigned)(t->chance >> 20) % below;
}

static inline void patterns_put(struct patterns_text *t, const char *text)
{
    size_t n = strlen(text);

    if (t->n + n < sizeof(t->p)) {
        memcpy(t->p + t->n, text, n + 1);
        t->n += n;
    }
}

/* One of the words of a row, for a pattern and for a sample. */
static inline void patterns_put_either(
    struct patterns_text *t, const char *pattern, const char *sample)
{
    patterns_put(t, t->is_sample ? sample : pattern);
}

static inline void patterns_put_word(struct patterns_text *t, uint64_t seed)
{
    static const char *const parts[] = {"ads", "trk", "bet", "Poker", "/x/",
        "\\.", "q", "-", "cdn", "7", "_Id", "www\\.", "\\?u=", "&"};
    enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

    for (unsigned i = 0; i < 1 + seed % 3; i++) {
        const char *part = parts[patterns_mix(seed + i) % PARTS];

        for (; *part != '\0'; part++) {
            char c[2] = {*part, '\0'};

            if (t->is_sample && *part == '\\') {
                continue;
            }
            if (t->is_sample && *part >= 'a' && *part <= 'z' &&
                patterns_choose(t, 4) == 0) {
                c[0] = (char)(*part - 0x20);
            }
            patterns_put(t, c);
        }
    }
}

static inline void patterns_sequence(
    struct patterns_text *t, uint64_t seed, unsigned depth);

static inline void patterns_group(
    struct patterns_text *t, uint64_t seed, unsigned depth)
{
    static const char *const opens[] = {"(?:", "(", "(?>", "(?i:", "(?|"};
    unsigned n = 1 + (unsigned)(seed % 3);
    unsigned chosen = t->is_sample ? patterns_choose(t, n) : 0;

    patterns_put_either(t, opens[(seed >> 8) % 5], "");
    for (unsigned i = 0; i < n; i++) {
        if (t->is_sample && i != chosen) {
            continue;
        }
        patterns_put_either(t, i != 0 ? "|" : "", "");
        if ((seed >> 16) % 8 != i) { /* else an empty alternative */
            patterns_sequence(t, patterns_mix(seed + 100 + i), depth - 1);
        }
    }
    patterns_put_either(t, ")", "");
}

static inline void patterns_atom(
    struct patterns_text *t, uint64_t seed, unsigned depth)
{
    static const char *const atoms[][4] = {{"a", "a", "A", "a"},
        {"[ab_]", "a", "B", "_"}, {"\\d", "1", "7", "0"}, {".", "z", "/", "."},
        {"[^/]", "k", "-", "="}, {"[a-f0-9]", "c", "9", "E"},
        {"[]\\-x]", "x", "-", "X"}, {"\\w", "w", "_", "5"},
        {"[[:alpha:]]", "t", "T", "r"}, {"\\x41", "a", "A", "a"},
        {"\\/", "/", "/", "/"}, {"[.]", ".", ".", "."}};
    enum { ATOMS = sizeof(atoms) / sizeof(atoms[0]) };
    unsigned which = (unsigned)(seed >> 24) % ATOMS;

    if (depth > 0 && seed % 3 == 0) {
        patterns_group(t, patterns_mix(seed), depth);
        return;
    }
    patterns_put(t, atoms[which][t->is_sample ? 1 + patterns_choose(t, 3) : 0]);
}

static inline void patterns_item(
    struct patterns_text *t, uint64_t seed, unsigned depth)
{
    static const struct {
        const char *text;
        unsigned min, max;
    } counts[] = {{"", 1, 1}, {"?", 0, 1}, {"*", 0, 3}, {"+", 1, 3},
        {"{2}", 2, 2}, {"{1,3}", 1, 3}, {"{2,}", 2, 4}, {"??", 0, 1},
        {"+?", 1, 2}, {"{0}", 0, 0}, {"{9}", 9, 9}, {"", 1, 1}};
    unsigned which = (unsigned)(seed >> 40) % 12;
    unsigned n;

    if (seed % 5 < 2) {
        patterns_put_word(t, patterns_mix(seed));
        return;
    }
    if (seed % 5 == 2) {
        patterns_put_either(t, (seed >> 9) % 2 == 0 ? "(?!zq)" : "(?i)", "");
        return;
    }
    n = counts[which].min;
    if (t->is_sample) {
        n += patterns_choose(t, counts[which].max - n + 1);
    }
    for (unsigned i = 0; i < (t->is_sample ? n : 1); i++) {
        patterns_atom(t, patterns_mix(seed + 7), depth);
    }
    patterns_put_either(t, counts[which].text, "");
}

static inline void patterns_sequence(
    struct patterns_text *t, uint64_t seed, unsigned depth)
{
    for (unsigned i = 0; i < 1 + seed % 4; i++) {
        patterns_item(t, patterns_mix(seed + i), depth);
    }
}

/* The pattern of a seed. */
static inline struct cop_slice patterns_write(
    struct patterns_text *t, uint64_t seed)
{
    *t = (struct patterns_text){.n = 0};
    patterns_sequence(t, patterns_mix(seed), PATTERNS_DEPTH);
    return (struct cop_slice){t->p, t->n};
}

/* A text for it; another for another chance. Each fourth has one byte that the
 * pattern did not ask for. */
static inline struct cop_slice patterns_sample(
    struct patterns_text *t, uint64_t seed, uint64_t chance)
{
    *t = (struct patterns_text){.is_sample = true, .chance = chance};
    patterns_put(t, "ht");
    patterns_sequence(t, patterns_mix(seed), PATTERNS_DEPTH);
    patterns_put(t, "tp");
    if (chance % 4 == 0) {
        t->p[patterns_choose(t, (unsigned)t->n)] = 'j';
    }
    return (struct cop_slice){t->p, t->n};
}

#endif

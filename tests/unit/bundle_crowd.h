/* A bundle whose four lists are large enough for the dense index, in all
 * fifteen sets, so that one has no code of its own, and with domains inside
 * others. Include once per program. */
#ifndef TESTS_UNIT_BUNDLE_CROWD_H
#define TESTS_UNIT_BUNDLE_CROWD_H

#include "tests/unit/bundle_fixture.h"

enum { CROWD_LISTS = 4, CROWD_SETS = 15, CROWD_NAMES = 2400 };

/* The lists of name i, a bit each: the rarest set is {0, 1, 2, 3}. */
static inline unsigned crowd_lists(uint32_t i)
{
    return i % 160 == 0 ? CROWD_SETS : i % (CROWD_SETS - 1) + 1;
}

static inline void crowd_add(struct fixture *f,
    const uint32_t lists[CROWD_LISTS], uint32_t i, const char *name)
{
    for (uint32_t l = 0; l < CROWD_LISTS; l++) {
        if ((crowd_lists(i) >> l & 1) != 0) {
            fixture_add(f, lists[l], ENTRY_DOMAIN, name);
        }
    }
}

static inline struct fixture *crowd(void)
{
    static const char *const names[CROWD_LISTS] = {"a", "b", "c", "d"};
    static char texts[CROWD_NAMES][2][32];
    struct fixture *f = fixture_new("crowd");
    uint32_t lists[CROWD_LISTS];

    for (uint32_t l = 0; l < CROWD_LISTS; l++) {
        lists[l] = fixture_category(f, names[l], COP_CAT_MEDIA_GAMES + l);
    }
    for (uint32_t i = 0; i < CROWD_NAMES; i++) {
        snprintf(texts[i][0], sizeof(texts[i][0]), "n%u.example", i);
        crowd_add(f, lists, i, texts[i][0]);
        if (i % 5 == 0) {
            snprintf(texts[i][1], sizeof(texts[i][1]), "in.n%u.example", i);
            crowd_add(f, lists, i, texts[i][1]);
        }
    }
    return f;
}

#endif

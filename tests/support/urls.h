/* URLs that have ever fooled a filter, from a fixed seed. */
#ifndef TESTS_SUPPORT_URLS_H
#define TESTS_SUPPORT_URLS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/support/naive.h"

enum { URLS_PART_BYTES = 1024, URLS_TEXT_BYTES = 3 * URLS_PART_BYTES };

struct urls {
    uint64_t state; /* the seed */
    const struct naive *naive;
    char host[URLS_PART_BYTES];
    char path[URLS_PART_BYTES];
};

/* A number below n, from the same chance as the URLs. */
unsigned urls_below(struct urls *urls, size_t n);

/* Write the next URL: four of five are made from a listed name, and then bent
 * in every way: below and beside it, spelled otherwise, with ports, userinfo,
 * dot segments, percent-encoding, numbers for addresses, other scripts. Some
 * are no URL at all. */
void urls_make(struct urls *urls, char out[URLS_TEXT_BYTES]);

#endif

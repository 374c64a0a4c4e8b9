/* Millions of small records in the order of a 64-bit key, sorted where they
 * are: the writer's memory is what it sorts. */
#ifndef RULES_BUNDLE_KEYED_H
#define RULES_BUNDLE_KEYED_H

#include <stddef.h>
#include <stdint.h>

struct keyed {
    uint64_t key;
    uint32_t value; /* what these two say is the caller's */
    uint32_t from;
};

/* Sort by key; records of equal keys come in no order that may be relied on.
 *
 * Cost: no memory but some stack, whatever the keys; a pass a byte of the key
 * at most, and about three for keys that are hashes. */
void keyed_sort(struct keyed *items, size_t n);

#endif

/* Sets of lists, each kept once and counted: what a domain of a dense index
 * is in. Private to the writer. */
#ifndef RULES_BUNDLE_LISTSETS_H
#define RULES_BUNDLE_LISTSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/status.h"

struct listset {
    uint32_t at; /* of pool */
    uint32_t n;
    uint32_t count; /* of domains that are in exactly these lists */
    uint32_t rank;  /* by count, then content; set by listsets_rank() */
};

struct listsets {
    struct listset *sets;
    uint32_t n;
    uint32_t cap;
    uint32_t *pool; /* lists, ascending within a set */
    size_t pool_n;
    size_t pool_cap;
    uint32_t *slots; /* by hash of the content: set + 1 */
    uint32_t slots_n;
};

/* All zero is an empty collection. */
void listsets_fini(struct listsets *all);

/* The number of a set, new or known; lists ascend.
 * Returns COP_OK, COP_E_LIMIT (more than DENSE_SETS_MAX) or COP_E_NOMEM. */
COP_MUST_USE enum cop_status listsets_intern(
    struct listsets *all, const uint32_t *lists, uint32_t n, uint32_t *out);

/* Rank the sets that are counted, commonest first; *order gets their numbers
 * by rank, on the heap, *order_n how many. */
COP_MUST_USE enum cop_status listsets_rank(
    struct listsets *all, uint32_t **order, uint32_t *order_n);

#endif

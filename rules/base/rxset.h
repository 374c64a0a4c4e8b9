/* Sets of short texts, as the search for a pattern's literals needs them
 * (rxliteral.h). All memory is an arena's; sets are values that share it. */
#ifndef RULES_BASE_RXSET_H
#define RULES_BASE_RXSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/slice.h"
#include "rules/base/arena.h"

enum {
    RXSET_MAX = 256,        /* texts of a set */
    RXSET_PRODUCT_MAX = 32, /* texts of a set that more is appended to */
    RXSET_TEXT_MAX = 48,    /* bytes of a text */
    RXSET_TELLING_MIN = 3   /* bytes of a text that tells URLs apart */
};

struct rxset {
    struct cop_slice *p;
    size_t n;
    size_t room;
};

/* The set of this text alone. */
struct rxset rxset_of(struct arena *arena, struct cop_slice text);

/* Put a text in. False when there is no room: the set is of no use then. */
bool rxset_add(struct arena *arena, struct rxset *set, struct cop_slice text);

/* a with all of b; a is used up. False when there is no room. */
bool rxset_union(struct arena *arena, const struct rxset *a,
    const struct rxset *b, struct rxset *out);

/* Each of a with each of b appended. False when these would be too many or too
 * long. */
bool rxset_product(struct arena *arena, const struct rxset *a,
    const struct rxset *b, struct rxset *out);

/* Drop the texts that contain another one: whoever holds them holds that. */
void rxset_reduce(struct rxset *set);

/* How many texts of 2^50 hold a member of the set, by a rough guess: less is
 * better. */
uint64_t rxset_cost(const struct rxset *set);
enum { RXSET_COST_BITS = 50 };

#endif

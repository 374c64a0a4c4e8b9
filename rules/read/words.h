/* "Did you mean": the nearest of the words that are known. */
#ifndef RULES_READ_WORDS_H
#define RULES_READ_WORDS_H

#include <stddef.h>

#include "cop/slice.h"

/* Edits (insert, delete, replace, swap of neighbours) between two words of at
 * most 63 bytes; longer ones are infinitely far (SIZE_MAX). Case is ignored. */
size_t words_distance(struct cop_slice a, struct cop_slice b);

/* Keeps the nearest of the candidates offered so far. */
struct words_nearest {
    struct cop_slice given;
    struct cop_slice best; /* p NULL while nothing is near enough */
    size_t distance;
};

/* Near enough is a third of what was given, at most 3 edits. */
void words_nearest_init(struct words_nearest *nearest, struct cop_slice given);
void words_nearest_offer(
    struct words_nearest *nearest, struct cop_slice candidate);

#endif

/* Patterns that one URL can make run away: which it is, if one is found. */
#ifndef RULES_CHECK_RUNAWAY_H
#define RULES_CHECK_RUNAWAY_H

#include <stdbool.h>

#include "rules/decide/pattern.h"

enum { RUNAWAY_MAX = 512 };

/* Look for a text on which a pattern reaches its limits. A pattern for which
 * none is found may still have one; one that is found is a proof.
 * text  of the pattern, which compiles
 * out   gets the text found up to where it stops being matched, with a NUL
 * Returns true when there is one. */
bool runaway_find(struct pattern_room *room, struct cop_slice text,
    char out[RUNAWAY_MAX]);

#endif

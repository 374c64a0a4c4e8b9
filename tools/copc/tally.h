/* Counting what two policies decide differently, by requirement. */
#ifndef TOOLS_COPC_TALLY_H
#define TOOLS_COPC_TALLY_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "cop/decide.h"

enum { TALLY_EXAMPLES = 5 }; /* of a requirement, unless somebody says so */

/* What one side decided. */
struct decided {
    enum cop_action action;
    struct cop_slice by; /* the requirement, or else the level in a word */
    uint32_t beside;     /* a sum over what is done beside it; 0: nothing */
    bool knows_beside;   /* a log may not tell */
};

enum tally_change {
    TALLY_SAME,
    TALLY_BLOCKED, /* open before, no longer open */
    TALLY_ALLOWED, /* not open before, open now */
    TALLY_OTHER    /* as open as before, by somebody else */
};

struct tally {
    json_t *rows; /* by requirement */
    size_t examples_max;
    uint64_t changes[TALLY_OTHER + 1];
    bool has_failed; /* memory ran out */
};

/* Returns false when memory ran out. */
bool tally_init(struct tally *tally, size_t examples_max);
void tally_fini(struct tally *tally);

/* A verdict in these terms; slices into the policy's bundles. */
struct decided tally_decided(
    const struct cop_policy *policy, const struct cop_verdict *verdict);

enum tally_change tally_change(
    const struct decided *before, const struct decided *after);

/* Whose doing a change is: who blocks now, or who blocked before. */
struct cop_slice tally_whose(enum tally_change change,
    const struct decided *before, const struct decided *after);

/* Count a change for its requirement.
 * address, who  kept as an example while there is room */
void tally_add(struct tally *tally, struct cop_slice address, const char *who,
    const struct decided *before, const struct decided *after);

/* Count an address in the sums. */
static inline void tally_count(struct tally *tally, enum tally_change change)
{
    tally->changes[change]++;
}

/* {"asked", "same", "blocked", "allowed", "other", "by_requirement": [...]},
 * most changes first; a new reference, or NULL when memory ran out. */
json_t *tally_json(const struct tally *tally);

/* What tally_json() made, for people. */
void tally_print(FILE *to, const json_t *object);

/* A slice of --examples; false after a complaint. */
struct options;
bool tally_read_examples(const struct options *options, size_t *out);

#endif

/* What two bundles say and decide differently. */
#ifndef TOOLS_COPC_DIFF_H
#define TOOLS_COPC_DIFF_H

#include <jansson.h>

#include "tools/copc/findings.h"
#include "tools/copc/material.h"
#include "tools/copc/tally.h"

/* What their statements differ in: {"manifest", "requirements", "lists",
 * "categories", "templates", "appeals"}, arrays of {"id", "change", "fields"};
 * a new reference, or NULL when memory ran out. Entries themselves are no
 * statements: a bundle has their hashes, their counts are compared. */
json_t *diff_statements(
    const struct cop_bundle *before, const struct cop_bundle *after);

/* How many differences diff_statements() found. */
size_t diff_count(json_t *statements);

/* For people. */
void diff_print(FILE *to, const json_t *statements);

/* Samples that are no address, and the first of them for people. */
struct diff_unread {
    uint64_t n;
    char first[80];
};

/* Ask both about every sample, for everybody that they may differ for.
 * samples  sealed
 * unread   counts those that are no address
 * Returns COPC_DONE, or how copc ends. */
enum copc_exit diff_decisions(const struct options *options,
    struct cop_bundle *const sides[2], const struct samples *samples,
    struct findings *findings, struct tally *tally, struct diff_unread *unread);

#endif

/* Addresses to ask about: one for each entry of lists, or the lines of a file.
 * There may be many millions: they are kept packed, and read sorted and each
 * once. */
#ifndef TOOLS_COPC_SAMPLES_H
#define TOOLS_COPC_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/slice.h"
#include "tools/copc/runs.h"

struct samples {
    struct runs runs; /* what was sealed */
    char *text;       /* the rest: addresses, each followed by NUL */
    size_t n;
    size_t cap;
    size_t texts;      /* of those */
    uint64_t added;    /* addresses in all, repeats counted */
    uint64_t patterns; /* entries for which no address can be made up */
    uint64_t too_long; /* lines of --urls that are longer than any address */
    bool has_failed;   /* memory ran out */
};

void samples_fini(struct samples *samples);

void samples_add(struct samples *samples, struct cop_slice address);

/* An address that an entry of this kind is about; a cop_entry_fn. */
void samples_entry(void *context, const char *kind, struct cop_slice text);

/* Sort and pack what was added. To be called before they are read, and where
 * memory is needed for something else. False when it ran out now or before. */
bool samples_seal(struct samples *samples);

#endif

/* Addresses to ask about: one for each entry of lists, or the lines of a file.
 * Sorted and each once before they are asked. */
#ifndef TOOLS_COPC_SAMPLES_H
#define TOOLS_COPC_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/slice.h"

struct samples {
    char *text; /* the addresses, each followed by NUL */
    size_t n;
    size_t cap;
    const char **order; /* after samples_sort() */
    size_t order_n;
    uint64_t patterns; /* entries for which no address can be made up */
    bool has_failed;   /* memory ran out */
};

void samples_fini(struct samples *samples);

void samples_add(struct samples *samples, struct cop_slice address);

/* An address that an entry of this kind is about; a cop_entry_fn. */
void samples_entry(void *context, const char *kind, struct cop_slice text);

/* Sort, and keep each once. False when memory ran out now or before. */
bool samples_sort(struct samples *samples);

#endif

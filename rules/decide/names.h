/* Names to numbers: an array of texts, sorted once, then searched. */
#ifndef RULES_DECIDE_NAMES_H
#define RULES_DECIDE_NAMES_H

#include <stdint.h>

#include "cop/slice.h"

struct names_row {
    struct cop_slice text; /* borrowed */
    uint32_t value;
};

struct names {
    struct names_row *rows; /* the caller's memory */
    uint32_t n;
};

/* Sort by text, then value. */
void names_sort(struct names *names);

/* The first text that is there twice, or NULL. Only when sorted. */
const struct names_row *names_twice(const struct names *names);

/* The value of a text, or COP_NONE. Only when sorted. */
uint32_t names_find(const struct names *names, struct cop_slice text);

#endif

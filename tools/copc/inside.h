/* What is in a bundle, for people and for programs. */
#ifndef TOOLS_COPC_INSIDE_H
#define TOOLS_COPC_INSIDE_H

#include <stdio.h>

#include <jansson.h>

#include "cop/bundle.h"

/* The figures of a bundle, one aligned line each. */
void inside_print(FILE *to, const struct cop_bundle *bundle);

/* The same and its requirements as an object, a new reference, or NULL when
 * memory ran out. */
json_t *inside_json(const struct cop_bundle *bundle);

/* A requirement as an object, likewise. */
json_t *inside_requirement_json(
    const struct cop_bundle *bundle, uint32_t index);

/* A slice as a JSON string; null when it is empty or no UTF-8. */
json_t *inside_text_json(struct cop_slice text);

/* Identifiers of a set's categories as an array, a new reference or NULL. */
json_t *inside_categories_json(struct cop_catset set);

/* The hours in which a requirement speaks, in words ("mon 20:00 - 22:00"); an
 * empty array: always. NULL without memory. */
json_t *inside_hours_json(const struct cop_bundle *bundle, uint32_t index);

#endif

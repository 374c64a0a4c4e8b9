/* The text of a URL in canonical form, as it is written: bounded, and stable,
 * which is to say that writing what was written gives the same text again.
 * The rules are in docs/canonical-form.md. */
#ifndef RULES_BASE_URLTEXT_H
#define RULES_BASE_URLTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "cop/slice.h"
#include "cop/url.h"

/* Zero n and is_full before the first use. */
struct urltext {
    size_t n;
    size_t path;  /* where the path begins */
    size_t query; /* where "?" is, or n */
    bool is_full; /* something did not fit; sticky */
    char text[COP_URL_MAX];
};

/* Bytes as they are. */
void urltext_add(struct urltext *t, struct cop_slice bytes);

/* A path with its dot segments resolved; empty, or from the first slash, which
 * like all of them may be a backslash. Holds no "?" and no "#". */
void urltext_add_path(struct urltext *t, struct cop_slice path);

/* A query without its "?"; p is NULL when there is none. Comes last. */
void urltext_add_query(struct urltext *t, struct cop_slice query);

#endif

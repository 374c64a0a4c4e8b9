/* An explanation: a verdict and every step that led to it. */
#ifndef TOOLS_COPC_EXPLAIN_H
#define TOOLS_COPC_EXPLAIN_H

#include "tools/copc/setting.h"
#include "tools/copc/trace.h"

enum { EXPLAIN_LANGUAGES_MAX = 8 };

struct explanation {
    const struct setting *setting;
    const struct cop_url *url;
    const struct cop_class *class;
    struct cop_verdict verdict;
    const struct trace *trace; /* of the rule that decides; NULL: not asked */
    struct cop_slice languages[EXPLAIN_LANGUAGES_MAX];
    size_t languages_n;
};

/* For people, on standard output. */
void explain_print(const struct explanation *explanation);

/* As {"schema": "copc/explain/v1", ...}, a new reference, or NULL when memory
 * ran out. */
json_t *explain_json(const struct explanation *explanation);

/* How a decision of this level is changed, in a sentence. */
const char *explain_change(enum cop_level level);

/* A requirement's text in the languages asked for. */
struct cop_slice explain_text(const struct explanation *explanation,
    uint32_t bundle, uint32_t requirement, enum cop_text text);

/* A category's label in them, from the first bundle that has one. */
struct cop_slice explain_label(
    const struct explanation *explanation, unsigned category);

#endif

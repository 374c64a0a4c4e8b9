/* From the model to the tables that a bundle is laid out from. */
#ifndef RULES_COMPILE_LOWER_H
#define RULES_COMPILE_LOWER_H

#include "rules/model/model.h"
#include "rules/read/policyfile.h"

/* Lower a bundle's model. It must have passed the checks.
 * out  borrows from the model and its arena
 * Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status lower_model(
    const struct model *model, struct cop_tables *out);

/* A policy file into a model that has nothing but lists, and into tables.
 * document  its file, for names and places
 * Returns COP_OK, also when objects or lines are wrong and reported, or
 * COP_E_NOMEM. */
COP_MUST_USE enum cop_status lower_policy(struct model *model,
    const struct fact_policy *policy, const struct document *document,
    struct cop_tables *out);

/* The rows of the model's lists, for either. False without memory. */
bool lower_lists(const struct model *model, struct cop_tables *out);

/* What is for oversight: evidence into `rows`, one a requirement, and the
 * origins of lists. False without memory. */
bool lower_evidence(const struct model *model, struct tables_requirement *rows,
    struct cop_tables *out);

/* The texts of requirements and the labels of categories. False without
 * memory. */
bool lower_texts(const struct model *model, struct cop_tables *out);

#endif

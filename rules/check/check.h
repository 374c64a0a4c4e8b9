/* Named checks over the model: what is written down correctly and still should
 * not become a bundle. check.tbl lists them; requirements of every kind pass
 * all of them, in the table's order.
 *
 * A finding about a requirement that is not in force is a note: it decides
 * nothing yet, and its author should know what is still missing. */
#ifndef RULES_CHECK_CHECK_H
#define RULES_CHECK_CHECK_H

#include "rules/model/model.h"

/* Run every check. Findings go to the model's report. */
void check_run(const struct model *model);

/* ---- for the checks themselves ---- */

enum { CHECK_SAID_MAX = 256 };

/* What was said of the parts of one document: of what they have in common it is
 * said once. */
struct check_said {
    uint64_t hashes[CHECK_SAID_MAX];
    size_t n;
};

/* What is checked. */
struct check {
    const struct model *model;
    const char *code;
    const struct fact_requirement *requirement; /* NULL: of the whole model */
    uint32_t index;                             /* of the requirement */
    struct check_said *said;                    /* NULL: of the whole model */
};

typedef void check_fn(const struct check *check);

#define CHECK(scope, code, function, words) check_fn check_##function;
#include "rules/check/check.tbl"

void check_say(const struct check *check, enum cop_severity severity,
    const struct place *place, const char *todo, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether the requirement lowers to rules that block something. */
bool check_denies(const struct check *check);

/* Where an entry was written. */
struct place check_entry_place(
    const struct model *model, const struct tables_entry *entry);

/* The requirement that owns a list of role deny, allow or allow-only. */
const struct fact_requirement *check_owner(
    const struct model *model, const struct model_list *list);

/* The parts that have a list: its owner first, then, behind `last`, the next
 * that shares it; NULL when there are no more. */
const struct fact_requirement *check_sharer(const struct model *model,
    const struct model_list *list, const struct fact_requirement *last);

#endif

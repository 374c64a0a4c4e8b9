/* One model of everything that was read: documents in order of their ids, what
 * they name found, lists loaded. Checks read it; compile/ lowers it.
 *
 * Invariants:
 *  1. Arrays are sorted by id, and ids are unique (those read twice have been
 *     reported and left out) but for the parts of one requirement, which follow
 *     each other; so nothing depends on the order of files.
 *  2. An index of a requirement is its position in `requirements`, and that of
 *     the row that it lowers to.
 *  3. A list's entries are one run of `entries`. */
#ifndef RULES_MODEL_MODEL_H
#define RULES_MODEL_MODEL_H

#include "cop/compile.h"
#include "rules/base/cidr.h"
#include "rules/base/digest.h"
#include "rules/model/entries.h"
#include "rules/read/facts.h"

/* Why an entry takes down more than its requirement's collateral guard lets
 * it. */
enum guard_trip {
    TRIP_NOTHING,
    TRIP_WIDE,   /* a network with room for more sites than are allowed */
    TRIP_WHOLE,  /* a country or a numbered network */
    TRIP_SUFFIX, /* a public suffix */
    TRIP_SHARED  /* in a network that many sites share, or around one */
};

struct model_list {
    struct tables_list t;
    const struct fact_list *fact; /* NULL: of an appeal */
    struct place place;
    size_t first; /* entry */
    size_t n;
    unsigned char digest[DIGEST_BYTES]; /* of its files (read/list.h) */
    uint32_t held;                      /* entries that a guard held back */
    struct place held_place;            /* of the first of them */
    enum guard_trip held_why;
};

/* Networks that many sites share: outermost ones, by their first addresses. */
struct model_shared {
    struct cidr *p; /* on the heap */
    size_t n, cap;
};

/* Documents of one kind, in order of their ids. */
struct model_facts {
    const struct fact_head **p;
    size_t n;
};

struct model {
    struct arena *arena;
    struct cop_report *report;
    const struct cop_compile_options *options;
    struct model_facts manifests;
    struct model_facts requirements;
    struct model_facts category_lists;
    struct model_facts templates;
    struct model_facts appeals;
    struct model_facts labels;
    struct model_list *lists;
    size_t lists_n;
    struct cop_slice *files;
    size_t files_n;
    size_t room; /* of lists: as many as can be */
    size_t files_room;
    struct entries entries;
    struct model_shared shared;
};

static inline const struct fact_requirement *model_requirement(
    const struct model *model, size_t i)
{
    return (const struct fact_requirement *)model->requirements.p[i];
}

static inline const struct fact_category_list *model_category_list(
    const struct model *model, size_t i)
{
    return (const struct fact_category_list *)model->category_lists.p[i];
}

static inline const struct fact_template *model_template(
    const struct model *model, size_t i)
{
    return (const struct fact_template *)model->templates.p[i];
}

static inline const struct fact_appeal *model_appeal(
    const struct model *model, size_t i)
{
    return (const struct fact_appeal *)model->appeals.p[i];
}

static inline const struct fact_label *model_label(
    const struct model *model, size_t i)
{
    return (const struct fact_label *)model->labels.p[i];
}

/* The one manifest. Only when there is one. */
static inline const struct fact_manifest *model_manifest(
    const struct model *model)
{
    return (const struct fact_manifest *)model->manifests.p[0];
}

/* Put facts in order and load the lists they name.
 * options  borrowed, with progress
 * Returns COP_OK, also when documents or lines are wrong in ways that are
 * reported; COP_E_NOMEM when the model cannot be used. */
COP_MUST_USE enum cop_status model_build(struct model *model,
    const struct facts *facts, const struct cop_compile_options *options,
    struct cop_report *report, struct arena *arena);
void model_fini(struct model *model);

/* ---- loading lists, also for policy files ---- */

/* Make room for n lists and their files. False without memory. */
bool model_reserve_lists(struct model *model, size_t n);

/* Add a list without entries, NULL when there is no room. */
struct model_list *model_add_list(struct model *model,
    const struct tables_list *list, const struct fact_list *fact,
    const struct place *place);

/* What the rows of one value in a table's category column are called as a
 * list, in the arena. */
struct cop_slice model_part_name(const struct model *model,
    const struct fact_category_list *fact, size_t part);

/* "2026-11-24": the day, where the bundle is, that a time is of. */
void model_day(const struct model *model, int64_t unix_time, char out[11]);

/* What a requirement's list at an index is called; those of an amendment are
 * told apart by its date. */
struct cop_slice model_list_name(const struct model *model,
    const struct fact_requirement *fact, size_t number);

/* The index of a file's name, added where it is new. */
uint32_t model_add_file(struct model *model, struct cop_slice name);

/* Load the entries of every list that has a fact.
 * Returns COP_OK, also when lines are wrong and reported; COP_E_NOMEM. */
COP_MUST_USE enum cop_status model_load_lists(struct model *model);

/* shared.c: load what the manifest calls shared.
 * Returns COP_OK, also when a file is wrong and reported; COP_E_NOMEM. */
COP_MUST_USE enum cop_status model_shared_load(struct model *model);

/* A shared network that has an address in common with an entry that is an
 * address or a network; NULL: none. */
const struct cidr *model_shared_hit(
    const struct model *model, const struct tables_entry *entry);

/* guard.c: how an entry trips a guard by itself, whatever is shared. */
enum guard_trip model_guard_width(
    const struct fact_guard *guard, const struct tables_entry *entry);

/* Take out of the lists what a guard is to hold back (on_trip), after what is
 * shared was loaded. */
void model_guard(struct model *model);

/* Add one object, as people write it: a host or a URL. A URL without path is
 * its host. `plain` is what a host means; names with a star or a leading dot
 * mean what they do in lists. An object that is neither is reported.
 * file     what the bundle names as the object's source
 * Returns COP_OK, also when reported; COP_E_NOMEM. */
COP_MUST_USE enum cop_status model_add_object(struct model *model,
    struct model_list *list, const struct fact_entry *entry,
    enum entry_object plain, struct cop_slice file);

/* ---- what a requirement comes to ---- */

/* How strongly a requirement speaks, weakest first. */
enum model_effect {
    EFFECT_NONE,    /* not in force, or a duty of people */
    EFFECT_OFFERED, /* where a profile accepts it */
    EFFECT_DEFAULT,
    EFFECT_MANDATORY,
    EFFECT_LOCKED
};

enum model_effect model_effect_of(const struct fact_requirement *requirement);

/* Whether it lowers to no rule at all, whatever its status. */
bool model_is_inert(const struct fact_requirement *requirement);

/* Whether its status lets it decide. */
bool model_is_in_force(const struct fact_requirement *requirement);

/* The coarsest thing that it may block by: what its granularity and its guard
 * leave. */
enum fact_grain model_grain(const struct fact_requirement *requirement);

/* The part, of the same document, whose lists these are. */
static inline const struct fact_requirement *model_lists_of(
    const struct fact_requirement *requirement)
{
    return requirement->lists_of != NULL ? requirement->lists_of : requirement;
}

/* Whether two requirements can speak to the same person at the same time. */
bool model_overlap(
    const struct fact_requirement *a, const struct fact_requirement *b);

/* Whether whoever and whenever `inner` speaks, `outer` does too. */
bool model_covers(
    const struct fact_requirement *outer, const struct fact_requirement *inner);

/* The requirement that blocks everything that this one blocks, for the same
 * people at the same times, more strongly: then this one never decides.
 * COP_NONE when there is none, or when this one names lists. */
uint32_t model_shadowed_by(const struct model *model, uint32_t index);

/* The index of a requirement's first part by id, or COP_NONE. */
uint32_t model_find_requirement(const struct model *model, struct cop_slice id);

#endif

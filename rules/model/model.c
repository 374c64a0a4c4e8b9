#include "rules/model/model.h"

#include <stdlib.h>

#include "cop/decide.h"
#include "rules/read/date.h"
#include "rules/read/fact.h"

/* ---- documents in the order of their ids, each id once ---- */

/* By id; of the same id by file and line, so that the same one is always the
 * one that is kept. */
static int head_order(const void *a, const void *b)
{
    const struct fact_head *x = *(const struct fact_head *const *)a;
    const struct fact_head *y = *(const struct fact_head *const *)b;
    int order = cop_slice_cmp(x->id, y->id);

    if (order == 0) {
        order = strcmp(x->place.file, y->place.file);
    }
    if (order == 0) {
        order =
            (x->place.line > y->place.line) - (x->place.line < y->place.line);
    }
    return order != 0 ? order : (x->part > y->part) - (x->part < y->part);
}

/* Whether the second is another part of the first's document. */
static bool is_part_of(
    const struct fact_head *first, const struct fact_head *second)
{
    return strcmp(first->place.file, second->place.file) == 0 &&
           first->place.line == second->place.line &&
           first->part != second->part;
}

static void report_twice(struct model *model, const struct fact_head *first,
    const struct fact_head *second)
{
    cop_report_at(model->report, COP_ERROR, "id", second->place.file,
        second->place.line, second->place.column,
        "give each document an id of its own",
        "the id %s is here a second time; the first is in %s:%u", second->id.p,
        first->place.file, first->place.line);
}

/* Sort a chain of facts; those whose id came before are reported and left out.
 */
static void settle(
    struct model *model, const struct fact_head *chain, struct model_facts *out)
{
    size_t n = 0;

    for (const struct fact_head *f = chain; f != NULL; f = f->next) {
        n++;
    }
    out->p = arena_array(model->arena, n + 1, sizeof(out->p[0]));
    if (out->p == NULL) {
        return;
    }
    n = 0;
    for (const struct fact_head *f = chain; f != NULL; f = f->next) {
        out->p[n++] = f;
    }
    qsort(out->p, n, sizeof(out->p[0]), head_order);
    for (size_t i = 0; i < n; i++) {
        if (out->n > 0 && cop_slice_eq(out->p[out->n - 1]->id, out->p[i]->id) &&
            !is_part_of(out->p[out->n - 1], out->p[i])) {
            report_twice(model, out->p[out->n - 1], out->p[i]);
        } else {
            out->p[out->n++] = out->p[i];
        }
    }
}

uint32_t model_find_requirement(const struct model *model, struct cop_slice id)
{
    size_t low = 0;
    size_t high = model->requirements.n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = cop_slice_cmp(model->requirements.p[middle]->id, id);

        if (order == 0) {
            return (uint32_t)(middle - model->requirements.p[middle]->part);
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return COP_NONE;
}

/* ---- which lists there are ---- */

/* A list that is not here, by reference or because this version cannot match
 * it, is no list of the bundle: an empty one would say something, none says
 * nothing. */
static bool is_here(
    const struct fact_requirement *fact, const struct fact_list *item)
{
    return !item->is_unsupported && !model_is_inert(fact) &&
           fact->lists_of == NULL &&
           (item->path.p != NULL || item->entries != NULL);
}

static size_t count_lists(const struct model *model)
{
    size_t n = model->category_lists.n + model->appeals.n;

    for (size_t i = 0; i < model->category_lists.n; i++) {
        n += model_category_list(model, i)->parts_n;
    }
    for (size_t i = 0; i < model->requirements.n; i++) {
        const struct fact_requirement *fact = model_requirement(model, i);

        for (size_t k = 0; k < fact->target.lists_n; k++) {
            n += is_here(fact, &fact->target.lists[k]);
        }
    }
    for (size_t i = 0; i < model->manifests.n; i++) {
        const struct fact_manifest *manifest =
            (const struct fact_manifest *)model->manifests.p[i];

        n += manifest->never_inspect_lists_n;
    }
    return n;
}

/* Whether a pattern that gives up counts as matched: what the list says, else
 * what is the stricter. */
static bool limit_matches(const struct fact_list *fact, bool is_stricter)
{
    switch (fact->at_limit) {
    case LIST_LIMIT_MATCH:
        return true;
    case LIST_LIMIT_PASS:
        return false;
    case LIST_LIMIT_DEFAULT:
        break;
    }
    return is_stricter;
}

/* Whether a match can only close: protected categories open. */
static bool match_closes(struct cop_catset categories)
{
    return cop_catset_empty(
        cop_catset_and(categories, cop_category_protected()));
}

static void add_category_list(struct model *model, struct cop_slice name,
    const struct fact_list *fact, struct cop_catset categories)
{
    const struct tables_list list = {
        .name = name,
        .licence = fact->licence,
        .role = LIST_CATEGORY,
        .owner = COP_NONE,
        .categories = categories,
        .limit_matches = limit_matches(fact, match_closes(categories)),
    };

    (void)model_add_list(model, &list, fact, &fact->place);
}

struct cop_slice model_part_name(const struct model *model,
    const struct fact_category_list *fact, size_t part)
{
    return arena_print(
        model->arena, "%s#%s", fact->head.id.p, fact->parts[part].value.p);
}

static void add_category_lists(struct model *model)
{
    for (size_t i = 0; i < model->category_lists.n; i++) {
        const struct fact_category_list *fact = model_category_list(model, i);

        if (fact_has_rest(fact)) {
            add_category_list(
                model, fact->head.id, &fact->list, fact->categories.set);
        }
        for (size_t k = 0; k < fact->parts_n; k++) {
            const struct fact_list_part *part = &fact->parts[k];

            add_category_list(model, model_part_name(model, fact, k),
                &part->list, part->categories.set);
        }
    }
}

static enum list_role role_of(enum list_semantics semantics)
{
    switch (semantics) {
    case LIST_SAYS_DENY:
        return LIST_DENY;
    case LIST_SAYS_ALLOW:
        return LIST_ALLOW;
    case LIST_SAYS_ALLOW_ONLY:
        break;
    }
    return LIST_ALLOW_ONLY;
}

static int32_t east_s(const struct model *model)
{
    return model->manifests.n > 0 ? model_manifest(model)->east_s : 0;
}

void model_day(const struct model *model, int64_t unix_time, char out[11])
{
    date_print(unix_time + east_s(model), out);
}

struct cop_slice model_list_name(const struct model *model,
    const struct fact_requirement *fact, size_t number)
{
    return fact_list_name(model->arena, fact, number, east_s(model));
}

/* A requirement's lists are named after it and numbered. */
static void add_requirement_lists(struct model *model, size_t index)
{
    const struct fact_requirement *fact = model_requirement(model, index);

    for (size_t i = 0; i < fact->target.lists_n; i++) {
        const struct fact_list *item = &fact->target.lists[i];
        struct tables_list list = {
            .name = model_list_name(model, fact, i),
            .licence = item->licence,
            .role = role_of(item->semantics),
            .owner = (uint32_t)index,
            .limit_matches =
                limit_matches(item, item->semantics == LIST_SAYS_DENY),
            .needs_url = fact->reach.guard.needs_url &&
                         item->semantics == LIST_SAYS_DENY,
        };

        if (is_here(fact, item)) {
            (void)model_add_list(model, &list, item, &item->place);
        }
    }
}

static void add_never_inspect(struct model *model)
{
    const struct fact_manifest *manifest;

    if (model->manifests.n == 0) {
        return;
    }
    manifest = model_manifest(model);
    for (size_t i = 0; i < manifest->never_inspect_lists_n; i++) {
        const struct fact_list *item = &manifest->never_inspect_lists[i];
        const struct tables_list list = {
            .name = arena_print(model->arena, "never-inspect#%zu", i + 1),
            .role = LIST_NEVER_INSPECT,
            .owner = COP_NONE,
        };

        (void)model_add_list(model, &list, item, &item->place);
    }
}

/* An appeal opens exactly its object: a name is that host alone. */
static enum cop_status add_appeals(struct model *model)
{
    enum cop_status status = COP_OK;

    for (size_t i = 0; i < model->appeals.n && status == COP_OK; i++) {
        const struct fact_appeal *fact = model_appeal(model, i);
        const struct tables_list list = {
            .name = fact->head.id,
            .role = LIST_APPEAL,
            .owner = (uint32_t)i,
        };
        struct model_list *added =
            model_add_list(model, &list, NULL, &fact->object.place);

        status = added == NULL ? COP_E_NOMEM
                               : model_add_object(model, added, &fact->object,
                                     ENTRY_HOST, fact->document);
    }
    return status;
}

/* ---- the whole ---- */

static enum cop_status add_lists(struct model *model)
{
    enum cop_status status;

    add_category_lists(model);
    for (size_t i = 0; i < model->requirements.n; i++) {
        add_requirement_lists(model, i);
    }
    add_never_inspect(model);
    status = add_appeals(model);
    if (status == COP_OK && !arena_failed(model->arena)) {
        status = model_load_lists(model);
    }
    if (status == COP_OK) {
        status = model_shared_load(model);
    }
    if (status == COP_OK) {
        model_guard(model);
    }
    return arena_failed(model->arena) ? COP_E_NOMEM : status;
}

enum cop_status model_build(struct model *model, const struct facts *facts,
    const struct cop_compile_options *options, struct cop_report *report,
    struct arena *arena)
{
    size_t n;

    *model =
        (struct model){.arena = arena, .report = report, .options = options};
    entries_init(&model->entries, arena);
    settle(model, facts->manifests, &model->manifests);
    settle(model, facts->requirements, &model->requirements);
    settle(model, facts->lists, &model->category_lists);
    settle(model, facts->templates, &model->templates);
    settle(model, facts->appeals, &model->appeals);
    settle(model, facts->labels, &model->labels);
    if (arena_failed(arena)) {
        return COP_E_NOMEM;
    }
    n = count_lists(model);
    if (n > COP_LISTS_MAX) {
        cop_report_at(report, COP_ERROR, "limit", NULL, 0, 0,
            "join lists that belong together",
            "the sources have %zu lists; a policy can hold %d", n,
            (int)COP_LISTS_MAX);
        return COP_OK;
    }
    return model_reserve_lists(model, n) ? add_lists(model) : COP_E_NOMEM;
}

void model_fini(struct model *model)
{
    entries_fini(&model->entries);
    free(model->shared.p);
    model->shared = (struct model_shared){NULL, 0, 0};
}

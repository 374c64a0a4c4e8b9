#include "rules/bundle/writer.h"

#include <stdlib.h>

/* What a comparison is given besides two indices. */
struct sort {
    const struct cop_tables *t;
    const struct writer *w;
    const uint32_t *first_list; /* of a grant or appeal: its lowest list */
};

typedef int order_fn(const void *a, const void *b, void *sort);

static int order_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_file(const void *a, const void *b, void *context)
{
    const struct cop_slice *files = ((struct sort *)context)->t->files;

    return cop_slice_cmp(
        files[*(const uint32_t *)a], files[*(const uint32_t *)b]);
}

static int order_list(const void *a, const void *b, void *context)
{
    const struct tables_list *lists = ((struct sort *)context)->t->lists;

    return cop_slice_cmp(
        lists[*(const uint32_t *)a].name, lists[*(const uint32_t *)b].name);
}

static int order_requirement(const void *a, const void *b, void *context)
{
    const struct tables_requirement *rows =
        ((struct sort *)context)->t->requirements;

    const struct cop_requirement *x = &rows[*(const uint32_t *)a].r;
    const struct cop_requirement *y = &rows[*(const uint32_t *)b].r;
    int order = cop_slice_cmp(x->id, y->id);

    return order != 0 ? order : order_numbers(x->part, y->part);
}

static int order_origin(const void *a, const void *b, void *context)
{
    const struct cop_origin *rows = ((struct sort *)context)->t->origins;

    return cop_slice_cmp(
        rows[*(const uint32_t *)a].name, rows[*(const uint32_t *)b].name);
}

static int order_template(const void *a, const void *b, void *context)
{
    const struct tables_template *rows = ((struct sort *)context)->t->templates;

    return cop_slice_cmp(
        rows[*(const uint32_t *)a].name, rows[*(const uint32_t *)b].name);
}

static int order_profile(const void *a, const void *b, void *context)
{
    const struct tables_profile *rows = ((struct sort *)context)->t->profiles;

    return cop_slice_cmp(
        rows[*(const uint32_t *)a].name, rows[*(const uint32_t *)b].name);
}

/* The file's row of what a text is about. */
static uint32_t text_owner(
    const struct writer *w, const struct tables_text *text)
{
    return text->of_category ? text->requirement
                             : w->requirements.rank[text->requirement];
}

static int order_text(const void *a, const void *b, void *context)
{
    const struct sort *sort = context;
    const struct tables_text *x = &sort->t->texts[*(const uint32_t *)a];
    const struct tables_text *y = &sort->t->texts[*(const uint32_t *)b];
    int order = order_numbers(x->of_category, y->of_category);

    if (order == 0) {
        order = order_numbers(text_owner(sort->w, x), text_owner(sort->w, y));
    }
    if (order == 0) {
        order = order_numbers((int)x->text, (int)y->text);
    }
    return order != 0 ? order : cop_slice_cmp(x->language, y->language);
}

static uint32_t grant_profile(
    const struct writer *w, const struct tables_grant *grant)
{
    return grant->profile == FORMAT_NONE ? FORMAT_NONE
                                         : w->profiles.rank[grant->profile];
}

static int order_grant(const void *a, const void *b, void *context)
{
    const struct sort *sort = context;
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    const struct tables_grant *x = &sort->t->grants[i];
    const struct tables_grant *y = &sort->t->grants[j];
    int order =
        order_numbers(grant_profile(sort->w, x), grant_profile(sort->w, y));

    if (order == 0) {
        order = order_numbers(x->until_unix, y->until_unix);
    }
    if (order == 0) {
        order = cop_slice_cmp(x->by, y->by);
    }
    if (order == 0) {
        order = cop_slice_cmp(x->reason, y->reason);
    }
    return order != 0 ? order
                      : order_numbers(sort->first_list[i], sort->first_list[j]);
}

static int order_appeal(const void *a, const void *b, void *context)
{
    const struct sort *sort = context;
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    const struct tables_appeal *x = &sort->t->appeals[i];
    const struct tables_appeal *y = &sort->t->appeals[j];
    int order = cop_slice_cmp(x->id, y->id);

    if (order == 0) {
        order = cop_slice_cmp(x->authority, y->authority);
    }
    if (order == 0) {
        order = cop_slice_cmp(x->of, y->of);
    }
    if (order == 0) {
        order = order_numbers(x->from_unix, y->from_unix);
    }
    if (order == 0) {
        order = order_numbers(x->until_unix, y->until_unix);
    }
    return order != 0 ? order
                      : order_numbers(sort->first_list[i], sort->first_list[j]);
}

/* How a table treats rows that compare equal. */
enum same { SAME_KEPT, SAME_MERGED, SAME_REFUSED };

/* Rank the sorted rows, equal ones as `same` says. */
static void order_rank(struct writer *w, struct order *order, size_t n,
    order_fn *compare, enum same same)
{
    struct sort sort = {.t = w->t, .w = w};

    for (uint32_t i = 0; i < n; i++) {
        bool is_same =
            same != SAME_KEPT && order->n > 0 &&
            compare(&order->at[order->n - 1], &order->at[i], &sort) == 0;

        if (is_same && same == SAME_REFUSED) {
            writer_fail(w, COP_E_CONFLICT);
            return;
        }
        if (!is_same) {
            order->at[order->n++] = order->at[i];
            order->rank[order->at[order->n - 1]] = order->n - 1;
        } else {
            order->rank[order->at[i]] = order->n - 1;
        }
    }
}

static void order_table(struct writer *w, struct order *order, size_t n,
    order_fn *compare, enum same same)
{
    order->at = arena_array(&w->arena, n, sizeof(uint32_t));
    order->rank = arena_array(&w->arena, n, sizeof(uint32_t));
    if (n == 0 || !writer_ok(w)) {
        return;
    }
    if (arena_failed(&w->arena)) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        order->at[i] = i;
    }
    qsort_r(order->at, n, sizeof(uint32_t), compare,
        &(struct sort){.t = w->t, .w = w});
    order_rank(w, order, n, compare, same);
}

/* As order_table() for grants and appeals: rows that say the same are told
 * apart by the lists that they own. */
static void order_owners(struct writer *w, struct order *order, size_t n,
    order_fn *compare, enum list_role role)
{
    uint32_t *first = arena_array(&w->arena, n, sizeof(uint32_t));

    order->at = arena_array(&w->arena, n, sizeof(uint32_t));
    order->rank = arena_array(&w->arena, n, sizeof(uint32_t));
    if (n == 0 || !writer_ok(w)) {
        return;
    }
    if (arena_failed(&w->arena)) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        order->at[i] = i;
        first[i] = FORMAT_NONE;
    }
    for (uint32_t i = w->lists.n; i-- > 0;) {
        const struct tables_list *list = &w->t->lists[w->lists.at[i]];

        if (list->role == role) {
            first[list->owner] = i;
        }
    }
    qsort_r(order->at, n, sizeof(uint32_t), compare,
        &(struct sort){.t = w->t, .w = w, .first_list = first});
    order_rank(w, order, n, compare, SAME_KEPT);
}

/* Whether a list's owner is a row of the table that its role means. */
static bool list_owner_holds(
    const struct cop_tables *t, const struct tables_list *list)
{
    switch (list->role) {
    case LIST_DENY:
    case LIST_ALLOW:
    case LIST_ALLOW_ONLY:
        return list->owner < t->requirements_n;
    case LIST_PROFILE_ALLOW:
    case LIST_PROFILE_DENY:
        return list->owner < t->profiles_n;
    case LIST_GRANT:
        return list->owner < t->grants_n;
    case LIST_APPEAL:
        return list->owner < t->appeals_n;
    case LIST_CATEGORY:
    case LIST_NEVER_INSPECT:
        return true;
    }
    return false;
}

/* The same for what is there for oversight. */
static bool evidence_holds(const struct cop_tables *t)
{
    for (size_t i = 0; i < t->requirements_n; i++) {
        if (t->requirements[i].shadowed_by_plus_one > t->requirements_n ||
            t->requirements[i].lists_of_plus_one > t->requirements_n) {
            return false;
        }
    }
    for (size_t i = 0; i < t->origins_n; i++) {
        if (t->origins[i].requirement != FORMAT_NONE &&
            t->origins[i].requirement >= t->requirements_n) {
            return false;
        }
    }
    return true;
}

static bool owners_hold(const struct cop_tables *t)
{
    for (size_t i = 0; i < t->lists_n; i++) {
        if (!list_owner_holds(t, &t->lists[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < t->texts_n; i++) {
        if (!t->texts[i].of_category &&
            t->texts[i].requirement >= t->requirements_n) {
            return false;
        }
    }
    for (size_t i = 0; i < t->grants_n; i++) {
        if (t->grants[i].profile != FORMAT_NONE &&
            t->grants[i].profile >= t->profiles_n) {
            return false;
        }
    }
    return true;
}

void writer_sort(struct writer *w)
{
    const struct cop_tables *t = w->t;

    if (t->lists_n > UINT16_MAX || t->files_n >= FORMAT_NONE ||
        t->requirements_n >= FORMAT_NONE || t->texts_n >= FORMAT_NONE ||
        t->templates_n >= FORMAT_NONE || t->profiles_n >= FORMAT_NONE ||
        t->grants_n >= FORMAT_NONE || t->appeals_n >= FORMAT_NONE ||
        t->origins_n >= FORMAT_NONE) {
        writer_fail(w, COP_E_LIMIT);
        return;
    }
    if (!owners_hold(t) || !evidence_holds(t)) {
        writer_fail(w, COP_E_BUG);
        return;
    }
    order_table(w, &w->files, t->files_n, order_file, SAME_MERGED);
    order_table(w, &w->lists, t->lists_n, order_list, SAME_REFUSED);
    order_table(w, &w->requirements, t->requirements_n, order_requirement,
        SAME_REFUSED);
    order_table(w, &w->templates, t->templates_n, order_template, SAME_REFUSED);
    order_table(w, &w->profiles, t->profiles_n, order_profile, SAME_REFUSED);
    order_table(w, &w->origins, t->origins_n, order_origin, SAME_REFUSED);
    order_table(w, &w->texts, t->texts_n, order_text, SAME_REFUSED);
    order_owners(w, &w->grants, t->grants_n, order_grant, LIST_GRANT);
    order_owners(w, &w->appeals, t->appeals_n, order_appeal, LIST_APPEAL);
}

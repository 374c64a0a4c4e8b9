/* Lists: L07, L08, L11, ref, empty, duplicate. */
#include "rules/check/check.h"

#include <stdlib.h>

enum { DUPLICATES_MAX_ENTRIES = 1 << 18 };

static bool is_inside(const struct fact_list *list)
{
    return list->path.p != NULL || list->entries != NULL;
}

void check_secrecy(const struct check *check)
{
    const struct fact_target *target = &check->requirement->target;

    for (size_t i = 0; i < target->lists_n; i++) {
        const struct fact_list *list = &target->lists[i];

        if (!is_inside(list) || list->secrecy == LIST_PUBLIC) {
            continue;
        }
        check_say(check, list->secrecy == LIST_SECRET ? COP_ERROR : COP_WARNING,
            &list->place,
            "write ref and distribution: reference, and leave the entries out",
            "a %s list would travel inside the bundle",
            list->secrecy == LIST_SECRET ? "secret" : "restricted");
    }
}

void check_hashes(const struct check *check)
{
    const struct fact_target *target = &check->requirement->target;

    for (size_t i = 0; i < target->lists_n; i++) {
        if (target->lists[i].is_hashed) {
            check_say(check, COP_ERROR, &target->lists[i].place,
                "write distribution: keyed_hash",
                "hashes without a key are found out by trying names");
        }
    }
}

void check_upkeep(const struct check *check)
{
    const struct fact_target *target = &check->requirement->target;

    for (size_t i = 0; i < target->lists_n; i++) {
        const struct fact_list *list = &target->lists[i];

        if (!is_inside(list) && !(list->has_cadence && list->has_max_age &&
                                    list->has_stale_policy)) {
            check_say(check, COP_ERROR, &list->place,
                "add cadence, max_age and stale_policy",
                "nothing says how %s is kept up to date",
                list->ref.p != NULL ? list->ref.p : "");
        }
    }
}

void check_references(const struct check *check)
{
    const struct fact_target *target = &check->requirement->target;

    for (size_t i = 0; i < target->lists_n; i++) {
        const struct fact_list *list = &target->lists[i];

        if (is_inside(list) || list->is_unsupported || list->ref.p == NULL) {
            continue;
        }
        if (list->semantics == LIST_SAYS_ALLOW_ONLY) {
            check_say(check, COP_ERROR, &list->place,
                "put the list into the bundle: file or entries",
                "only what %s lists would be allowed, and this gateway does "
                "not have it",
                list->ref.p);
        } else {
            check_say(check, COP_WARNING, &list->place,
                "put it into the bundle, or accept that it has no effect",
                "the gateway does not have %s; nothing of it is %s", list->ref.p,
                list->semantics == LIST_SAYS_DENY ? "blocked" : "opened");
        }
    }
}

void check_empty_lists(const struct check *check)
{
    const struct model *model = check->model;

    for (size_t i = 0; i < model->lists_n; i++) {
        const struct model_list *list = &model->lists[i];

        if (list->n > 0 || list->fact == NULL) {
            continue;
        }
        if (list->t.role == LIST_ALLOW_ONLY) {
            check_say(check, COP_ERROR, &list->place, "add entries",
                "only what this list names is allowed, and it names nothing");
        } else {
            check_say(check, COP_WARNING, &list->place,
                "add entries, or remove the list", "the list has no entries");
        }
    }
}

static int text_order(const void *a, const void *b)
{
    const struct tables_entry *x = *(const struct tables_entry *const *)a;
    const struct tables_entry *y = *(const struct tables_entry *const *)b;

    if (x->object != y->object) {
        return x->object < y->object ? -1 : 1;
    }
    return cop_slice_cmp(x->text, y->text);
}

/* How many entries of a run equal another one of it. */
static size_t count_duplicates(const struct tables_entry *entries, size_t n)
{
    const struct tables_entry **order = malloc(n * sizeof(order[0]));
    size_t found = 0;

    if (order == NULL) {
        return 0; /* a note less; whoever needs the memory says it is gone */
    }
    for (size_t i = 0; i < n; i++) {
        order[i] = &entries[i];
    }
    qsort(order, n, sizeof(order[0]), text_order);
    for (size_t i = 1; i < n; i++) {
        found += text_order(&order[i - 1], &order[i]) == 0;
    }
    free(order);
    return found;
}

void check_duplicates(const struct check *check)
{
    const struct model *model = check->model;

    for (size_t i = 0; i < model->lists_n; i++) {
        const struct model_list *list = &model->lists[i];
        size_t found;

        if (list->n < 2 || list->n > DUPLICATES_MAX_ENTRIES) {
            continue;
        }
        found = count_duplicates(&model->entries.p[list->first], list->n);
        if (found > 0) {
            check_say(check, COP_NOTE, &list->place, NULL,
                "%zu of the %zu entries of this list repeat others", found,
                list->n);
        }
    }
}

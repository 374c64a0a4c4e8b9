/* Who contradicts whom: L18 and L24.
 *
 * What is allowed is listed in thousands at most, what is denied in millions;
 * so what is allowed is sorted, and what is denied is looked up in it. */
#include "rules/check/check.h"

#include <stdlib.h>

enum { CONFLICTS_MAX = 20 };

/* A text that something allowed stands for: itself, or a domain above it. */
struct key {
    struct cop_slice text;
    const struct tables_entry *entry;
    bool is_above;
};

struct keys {
    struct key *p;
    size_t n;
};

static int key_order(const void *a, const void *b)
{
    return cop_slice_cmp(
        ((const struct key *)a)->text, ((const struct key *)b)->text);
}

static bool keys_reserve(struct keys *keys, size_t n)
{
    *keys = (struct keys){.p = calloc(n > 0 ? n : 1, sizeof(keys->p[0]))};
    return keys->p != NULL;
}

static void keys_sort(struct keys *keys)
{
    qsort(keys->p, keys->n, sizeof(keys->p[0]), key_order);
}

/* The first key with a text, or one past the last. */
static size_t keys_find(const struct keys *keys, struct cop_slice text)
{
    size_t low = 0;
    size_t high = keys->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (cop_slice_cmp(keys->p[middle].text, text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- L18, categories ---- */

static bool is_contradiction(
    const struct fact_requirement *a, const struct fact_requirement *b)
{
    enum model_effect effect = model_effect_of(a);

    return effect == model_effect_of(b) && effect >= EFFECT_DEFAULT &&
           model_overlap(a, b);
}

static void compare_categories(const struct check *check,
    const struct fact_requirement *a, const struct fact_requirement *b)
{
    struct cop_catset both =
        cop_catset_and(a->target.categories.set, b->target.categories.set);
    struct check about = *check;

    if (cop_catset_empty(both) ||
        (a->action == DO_ALLOW) == (b->action == DO_ALLOW) ||
        !is_contradiction(a, b)) {
        return;
    }
    about.requirement = b;
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (cop_catset_has(both, i)) {
            check_say(&about, COP_ERROR, &b->target.categories.place,
                "change one, or its strength, ages or subscribers",
                "this %s %s; %s says the opposite with equal strength",
                b->action == DO_ALLOW ? "allows" : "blocks", cop_category_id(i),
                a->head.id.p);
        }
    }
}

void check_category_conflict(const struct check *check)
{
    const struct model *model = check->model;

    for (size_t i = 0; i < model->requirements.n; i++) {
        for (size_t k = i + 1; k < model->requirements.n; k++) {
            compare_categories(check, model_requirement(model, i),
                model_requirement(model, k));
        }
    }
}

/* ---- L18, entries ---- */

static bool collect_allowed(const struct model *model, struct keys *keys)
{
    size_t n = 0;

    for (size_t i = 0; i < model->lists_n; i++) {
        n += model->lists[i].t.role == LIST_ALLOW ? model->lists[i].n : 0;
    }
    if (!keys_reserve(keys, n)) {
        return false;
    }
    for (size_t i = 0; i < model->lists_n; i++) {
        const struct model_list *list = &model->lists[i];

        for (size_t k = 0; list->t.role == LIST_ALLOW && k < list->n; k++) {
            const struct tables_entry *entry =
                &model->entries.p[list->first + k];

            keys->p[keys->n++] = (struct key){entry->text, entry, false};
        }
    }
    keys_sort(keys);
    return true;
}

/* Whether some part that has one list contradicts some part that has the other;
 * which is told. */
static const struct fact_requirement *contradiction(const struct model *model,
    const struct tables_entry *denied, const struct tables_entry *allowed)
{
    const struct model_list *one = &model->lists[denied->list];
    const struct model_list *other = &model->lists[allowed->list];

    for (const struct fact_requirement *a = check_sharer(model, one, NULL);
         a != NULL; a = check_sharer(model, one, a)) {
        for (const struct fact_requirement *b =
                 check_sharer(model, other, NULL);
             b != NULL; b = check_sharer(model, other, b)) {
            if (is_contradiction(a, b)) {
                return b;
            }
        }
    }
    return NULL;
}

static const struct fact_requirement *owner_of(
    const struct model *model, const struct tables_entry *entry)
{
    return check_owner(model, &model->lists[entry->list]);
}

/* Report what contradicts one denied entry. */
static size_t compare_entry(const struct check *check, const struct keys *keys,
    const struct tables_entry *denied)
{
    const struct model *model = check->model;
    struct check about = *check;
    struct place place = check_entry_place(model, denied);
    size_t found = 0;

    about.requirement = owner_of(model, denied);
    for (size_t i = keys_find(keys, denied->text);
         i < keys->n && cop_slice_eq(keys->p[i].text, denied->text); i++) {
        const struct tables_entry *allowed = keys->p[i].entry;
        const struct fact_requirement *other =
            allowed->object == denied->object
                ? contradiction(model, denied, allowed)
                : NULL;
        struct place there = check_entry_place(model, allowed);

        if (other == NULL) {
            continue;
        }
        check_say(&about, COP_ERROR, &place, "remove one of the two entries",
            "%.*s is blocked here, and allowed by %s (%s:%u) with equal "
            "strength",
            (int)denied->text.n, denied->text.p, other->head.id.p, there.file,
            there.line);
        found++;
    }
    return found;
}

void check_entry_conflict(const struct check *check)
{
    const struct model *model = check->model;
    struct keys keys;
    size_t found = 0;

    if (!collect_allowed(model, &keys)) {
        return;
    }
    for (size_t i = 0; i < model->lists_n && keys.n > 0; i++) {
        const struct model_list *list = &model->lists[i];

        for (size_t k = 0;
             list->t.role == LIST_DENY && k < list->n && found < CONFLICTS_MAX;
             k++) {
            found +=
                compare_entry(check, &keys, &model->entries.p[list->first + k]);
        }
    }
    free(keys.p);
}

/* ---- L24 ---- */

static bool is_protected_list(const struct model_list *list)
{
    return list->t.role == LIST_CATEGORY &&
           !cop_catset_empty(
               cop_catset_and(list->t.categories, cop_category_protected()));
}

/* A protected name and every domain above it. */
static void add_with_parents(
    struct keys *keys, const struct tables_entry *entry)
{
    struct cop_slice text = entry->text;

    keys->p[keys->n++] = (struct key){text, entry, false};
    for (size_t i = 0; i < entry->text.n; i++) {
        if (entry->text.p[i] == '.') {
            text = (struct cop_slice){
                entry->text.p + i + 1, entry->text.n - i - 1};
            keys->p[keys->n++] = (struct key){text, entry, true};
        }
    }
}

static size_t count_labels(const struct model *model)
{
    size_t n = 0;

    for (size_t i = 0; i < model->lists_n; i++) {
        const struct model_list *list = &model->lists[i];

        for (size_t k = 0; is_protected_list(list) && k < list->n; k++) {
            struct cop_slice text = model->entries.p[list->first + k].text;

            n++;
            for (size_t c = 0; c < text.n; c++) {
                n += text.p[c] == '.';
            }
        }
    }
    return n;
}

static bool collect_protected(const struct model *model, struct keys *keys)
{
    if (!keys_reserve(keys, count_labels(model))) {
        return false;
    }
    for (size_t i = 0; i < model->lists_n; i++) {
        const struct model_list *list = &model->lists[i];

        for (size_t k = 0; is_protected_list(list) && k < list->n; k++) {
            const struct tables_entry *entry =
                &model->entries.p[list->first + k];

            if (entry->object <= ENTRY_BELOW) {
                add_with_parents(keys, entry);
            }
        }
    }
    keys_sort(keys);
    return true;
}

/* Whether a denied name takes in a protected one found by it. */
static bool takes_in(const struct tables_entry *denied, const struct key *key)
{
    switch (denied->object) {
    case ENTRY_DOMAIN:
        return true;
    case ENTRY_HOST:
        return !key->is_above && key->entry->object != ENTRY_BELOW;
    case ENTRY_BELOW:
        return key->is_above || key->entry->object != ENTRY_HOST;
    case ENTRY_URL:
    case ENTRY_PATTERN:
    case ENTRY_CIDR:
    case ENTRY_ADBLOCK:
    case ENTRY_COUNTRY:
    case ENTRY_AS:
        break;
    }
    return false;
}

static size_t compare_protected(const struct check *check,
    const struct keys *keys, const struct tables_entry *denied)
{
    const struct model *model = check->model;
    struct place place = check_entry_place(model, denied);
    struct check about = *check;

    about.requirement = owner_of(model, denied);
    for (size_t i = keys_find(keys, denied->text);
         i < keys->n && cop_slice_eq(keys->p[i].text, denied->text); i++) {
        struct cop_slice name = keys->p[i].entry->text;

        if (takes_in(denied, &keys->p[i])) {
            check_say(&about, COP_ERROR, &place,
                "remove the entry, or take the place off the protected list",
                "%.*s is locked here, and with it the protected %.*s (%s)",
                (int)denied->text.n, denied->text.p, (int)name.n, name.p,
                model->lists[keys->p[i].entry->list].t.name.p);
            return 1;
        }
    }
    return 0;
}

static bool is_locked(const struct model *model, const struct model_list *list)
{
    for (const struct fact_requirement *fact = check_sharer(model, list, NULL);
         fact != NULL; fact = check_sharer(model, list, fact)) {
        if (model_effect_of(fact) == EFFECT_LOCKED) {
            return true;
        }
    }
    return false;
}

void check_protected_shadow(const struct check *check)
{
    const struct model *model = check->model;
    struct keys keys;
    size_t found = 0;

    if (!collect_protected(model, &keys)) {
        return;
    }
    for (size_t i = 0; i < model->lists_n && keys.n > 0; i++) {
        const struct model_list *list = &model->lists[i];

        if (list->t.role != LIST_DENY || !is_locked(model, list)) {
            continue;
        }
        for (size_t k = 0; k < list->n && found < CONFLICTS_MAX; k++) {
            found += compare_protected(
                check, &keys, &model->entries.p[list->first + k]);
        }
    }
    free(keys.p);
}

#include "rules/bundle/listsets.h"

#include <stdlib.h>
#include <string.h>

#include "rules/bundle/dense.h"

enum { SLOTS_FIRST = 1024 };

void listsets_fini(struct listsets *all)
{
    free(all->sets);
    free(all->pool);
    free(all->slots);
    *all = (struct listsets){.n = 0};
}

/* FNV-1a over the numbers: collisions cost a comparison, nothing else. */
static uint32_t content_hash(const uint32_t *lists, uint32_t n)
{
    uint32_t hash = 2166136261u;

    for (uint32_t i = 0; i < n; i++) {
        hash = (hash ^ lists[i]) * 16777619u;
    }
    return hash;
}

static bool set_is(const struct listsets *all, const struct listset *set,
    const uint32_t *lists, uint32_t n)
{
    return set->n == n &&
           memcmp(all->pool + set->at, lists, n * sizeof(*lists)) == 0;
}

/* The slot of a content, taken or free. */
static uint32_t *slot_of(
    const struct listsets *all, const uint32_t *lists, uint32_t n)
{
    uint32_t at = content_hash(lists, n) & (all->slots_n - 1);

    while (all->slots[at] != 0 &&
           !set_is(all, &all->sets[all->slots[at] - 1], lists, n)) {
        at = (at + 1) & (all->slots_n - 1);
    }
    return &all->slots[at];
}

static bool slots_grow(struct listsets *all)
{
    uint32_t n = all->slots_n != 0 ? all->slots_n * 2 : SLOTS_FIRST;
    uint32_t *slots = calloc(n, sizeof(*slots));

    if (slots == NULL) {
        return false;
    }
    free(all->slots);
    all->slots = slots;
    all->slots_n = n;
    for (uint32_t i = 0; i < all->n; i++) {
        const struct listset *set = &all->sets[i];

        *slot_of(all, all->pool + set->at, set->n) = i + 1;
    }
    return true;
}

static bool room_make(struct listsets *all, uint32_t n)
{
    if (all->n == all->cap) {
        uint32_t cap = all->cap != 0 ? all->cap * 2 : 64;
        void *sets = realloc(all->sets, cap * sizeof(*all->sets));

        if (sets == NULL) {
            return false;
        }
        all->sets = sets;
        all->cap = cap;
    }
    if (all->pool_n + n > all->pool_cap) {
        size_t cap = (all->pool_cap + n) * 2;
        void *pool = realloc(all->pool, cap * sizeof(*all->pool));

        if (pool == NULL) {
            return false;
        }
        all->pool = pool;
        all->pool_cap = cap;
    }
    return (all->n + 1) * 2 <= all->slots_n || slots_grow(all);
}

enum cop_status listsets_intern(
    struct listsets *all, const uint32_t *lists, uint32_t n, uint32_t *out)
{
    if (!room_make(all, n)) {
        return COP_E_NOMEM;
    }
    uint32_t *slot = slot_of(all, lists, n);

    if (*slot == 0) {
        if (all->n >= DENSE_SETS_MAX || all->pool_n + n > UINT32_MAX) {
            return COP_E_LIMIT;
        }
        all->sets[all->n] =
            (struct listset){.at = (uint32_t)all->pool_n, .n = n};
        memcpy(all->pool + all->pool_n, lists, n * sizeof(*lists));
        all->pool_n += n;
        *slot = ++all->n;
    }
    *out = *slot - 1;
    return COP_OK;
}

static int rank_order(const void *a, const void *b, void *context)
{
    const struct listsets *all = context;
    const struct listset *x = &all->sets[*(const uint32_t *)a];
    const struct listset *y = &all->sets[*(const uint32_t *)b];
    uint32_t n = x->n < y->n ? x->n : y->n;

    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t p = all->pool[x->at + i];
        uint32_t q = all->pool[y->at + i];

        if (p != q) {
            return p < q ? -1 : 1;
        }
    }
    return (x->n > y->n) - (x->n < y->n);
}

enum cop_status listsets_rank(
    struct listsets *all, uint32_t **order, uint32_t *order_n)
{
    uint32_t *numbers = calloc((size_t)all->n + 1, sizeof(*numbers));

    if (numbers == NULL) {
        return COP_E_NOMEM;
    }
    *order_n = 0;
    for (uint32_t i = 0; i < all->n; i++) {
        if (all->sets[i].count != 0) {
            numbers[(*order_n)++] = i;
        }
    }
    qsort_r(numbers, *order_n, sizeof(*numbers), rank_order, all);
    for (uint32_t i = 0; i < *order_n; i++) {
        all->sets[numbers[i]].rank = i;
    }
    *order = numbers;
    return COP_OK;
}

/* The networks that many sites share, as the manifest names them: one by one
 * and in files. Only outermost ones are kept, sorted, so that each entry is
 * looked up and not compared with all. */
#include <stdlib.h>
#include <string.h>

#include "rules/model/model.h"
#include "rules/read/list.h"

static int cidr_order(const void *a, const void *b)
{
    const struct cidr *x = a;
    const struct cidr *y = b;
    int order = (x->is_ip6 ? 1 : 0) - (y->is_ip6 ? 1 : 0);

    if (order == 0) {
        order = memcmp(x->addr, y->addr, sizeof(x->addr));
    }
    return order != 0 ? order : x->bits - y->bits;
}

/* Whether a network has another in it, or is it. */
static bool takes_in(const struct cidr *wide, const struct cidr *narrow)
{
    struct cidr cut = *narrow;

    if (wide->is_ip6 != narrow->is_ip6 || wide->bits > narrow->bits) {
        return false;
    }
    (void)cidr_mask(cut.addr, wide->is_ip6 ? 16 : 4, wide->bits);
    return memcmp(cut.addr, wide->addr, sizeof(cut.addr)) == 0;
}

static bool shared_add(struct model_shared *shared, struct cop_slice text)
{
    struct cidr cidr;

    if (cidr_parse(text, &cidr) != CIDR_FINE) {
        return true; /* told where it was read */
    }
    if (shared->n == shared->cap) {
        size_t cap = shared->cap == 0 ? 256 : 2 * shared->cap;
        struct cidr *p = realloc(shared->p, cap * sizeof(*p));

        if (p == NULL) {
            return false;
        }
        shared->p = p;
        shared->cap = cap;
    }
    shared->p[shared->n++] = cidr;
    return true;
}

static bool shared_take(void *context, enum entry_object object,
    struct cop_slice text, uint32_t line)
{
    (void)object;
    (void)line;
    return shared_add(context, text);
}

/* Files that cannot be read are told by the reader. */
static bool shared_collect(struct model *model)
{
    const struct fact_manifest *manifest = model_manifest(model);
    const struct list_sink sink = {
        .take = shared_take, .context = &model->shared};

    for (size_t i = 0; i < manifest->shared_n; i++) {
        if (!shared_add(&model->shared, manifest->shared[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < manifest->shared_lists_n; i++) {
        struct list_bytes unused;

        if (list_read(&manifest->shared_lists[i], &sink, model->report,
                &unused) == COP_E_NOMEM) {
            return false;
        }
    }
    return true;
}

enum cop_status model_shared_load(struct model *model)
{
    struct model_shared *shared = &model->shared;
    size_t kept = 0;

    if (model->manifests.n == 0) {
        return COP_OK;
    }
    if (!shared_collect(model)) {
        return COP_E_NOMEM;
    }
    if (shared->n > 0) {
        qsort(shared->p, shared->n, sizeof(*shared->p), cidr_order);
    }
    for (size_t i = 0; i < shared->n; i++) {
        if (kept == 0 || !takes_in(&shared->p[kept - 1], &shared->p[i])) {
            shared->p[kept++] = shared->p[i];
        }
    }
    shared->n = kept;
    return COP_OK;
}

/* One that takes the network in begins before it or with it, and is the last
 * that does; one that is inside it begins behind, and is the first. */
static const struct cidr *shared_find(
    const struct model_shared *shared, const struct cidr *at)
{
    size_t low = 0;
    size_t high = shared->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (cidr_order(&shared->p[middle], at) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0 && takes_in(&shared->p[low - 1], at)) {
        return &shared->p[low - 1];
    }
    return low < shared->n && takes_in(at, &shared->p[low]) ? &shared->p[low]
                                                            : NULL;
}

const struct cidr *model_shared_hit(
    const struct model *model, const struct tables_entry *entry)
{
    struct cidr at;

    return (entry->object == ENTRY_CIDR || entry->object == ENTRY_HOST) &&
                   cidr_parse(entry->text, &at) == CIDR_FINE
               ? shared_find(&model->shared, &at)
               : NULL;
}

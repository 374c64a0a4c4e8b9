/* From the domains of large category lists to the sections of a dense index
 * (dense.h): hash, group by name, lay out. A domain whose parent is in the same
 * lists stays: how precisely it is named may decide. */
#include "rules/bundle/writer.h"

#include <stdlib.h>

#include "rules/bundle/dense.h"
#include "rules/bundle/hostindex.h"
#include "rules/bundle/listsets.h"

enum { SET_LISTS_MAX = 512 }; /* as many as a policy may have */

/* A domain in one list; behind grouping, in one set. */
struct bulk {
    uint64_t hash;
    uint32_t list; /* row of the file; then the number of a set */
};

struct bulks {
    struct bulk *all;
    size_t n;
    struct listsets sets;
};

static int bulk_order(const void *a, const void *b)
{
    const struct bulk *x = a;
    const struct bulk *y = b;

    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return (x->list > y->list) - (x->list < y->list);
}

static void bulks_hash(
    struct writer *w, struct bulks *b, const uint32_t *entries, size_t n)
{
    b->all = calloc(n + 1, sizeof(*b->all));
    if (b->all == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct tables_entry *e = &w->t->entries[entries[i]];

        b->all[i] = (struct bulk){
            .hash = hostindex_hash(w->key, e->text),
            .list = w->lists.rank[e->list],
        };
    }
    b->n = n;
    qsort(b->all, n, sizeof(*b->all), bulk_order);
}

/* One bulk for each name, with the set of all its lists. */
static void bulks_group(struct writer *w, struct bulks *b)
{
    uint32_t lists[SET_LISTS_MAX];
    size_t kept = 0;

    for (size_t i = 0; i < b->n && writer_ok(w);) {
        struct bulk one = b->all[i];
        uint32_t n = 0;
        enum cop_status status;

        while (i < b->n && b->all[i].hash == one.hash) {
            if (n == 0 || lists[n - 1] != b->all[i].list) {
                lists[n++] = b->all[i].list;
            }
            if (n == SET_LISTS_MAX) {
                writer_fail(w, COP_E_LIMIT);
                return;
            }
            i++;
        }
        status = listsets_intern(&b->sets, lists, n, &one.list);
        if (status != COP_OK) {
            writer_fail(w, status);
        }
        b->all[kept++] = one;
    }
    b->n = kept;
}

/* What goes into the index; how often each set occurs is counted. */
static struct dense_item *bulks_items(struct writer *w, struct bulks *b)
{
    struct dense_item *items = calloc(b->n + 1, sizeof(*items));

    if (items == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return NULL;
    }
    for (size_t i = 0; i < b->n; i++) {
        items[i] = (struct dense_item){b->all[i].hash, b->all[i].list};
        b->sets.sets[b->all[i].list].count++;
    }
    return items;
}

/* The file that a list's first entry stands in, by list; -1 is none. */
static uint32_t *files_of_lists(
    struct writer *w, const uint32_t *entries, size_t n)
{
    uint32_t *files = calloc((size_t)w->lists.n + 1, sizeof(*files));

    if (files == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return NULL;
    }
    for (size_t i = n; i > 0; i--) { /* the first one last, to stay */
        const struct tables_entry *e = &w->t->entries[entries[i - 1]];

        files[w->lists.rank[e->list]] = w->files.rank[e->file];
    }
    return files;
}

static void sets_write(struct writer *w, const struct bulks *b,
    const uint32_t *order, uint32_t order_n, const uint32_t *files)
{
    for (uint32_t i = 0; i < order_n && writer_ok(w); i++) {
        const struct listset *set = &b->sets.sets[order[i]];
        struct format_span span = {
            writer_count(w, SECTION_DENSE_LISTS), set->n};

        for (uint32_t j = 0; j < set->n; j++) {
            uint32_t list = b->sets.pool[set->at + j];
            struct format_dense_list row = {list, files[list]};

            writer_add(w, SECTION_DENSE_LISTS, &row, sizeof(row));
        }
        writer_add(w, SECTION_DENSE_SETS, &span, sizeof(span));
    }
}

static void items_write(
    struct writer *w, struct bulks *b, struct dense_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        items[i].set = b->sets.sets[items[i].set].rank;
    }
    enum cop_status status = dense_build(items, n,
        &w->sections[SECTION_DENSE_LINES], &w->sections[SECTION_DENSE_SIDE]);

    if (status != COP_OK) {
        writer_fail(w, status);
    }
}

void writer_dense(struct writer *w, const uint32_t *entries, size_t n)
{
    struct bulks b = {.n = 0};
    struct dense_item *items = NULL;
    uint32_t *files = NULL;
    uint32_t *order = NULL;
    uint32_t order_n = 0;

    bulks_hash(w, &b, entries, n);
    if (writer_ok(w)) {
        bulks_group(w, &b);
    }
    if (writer_ok(w)) {
        items = bulks_items(w, &b);
        files = files_of_lists(w, entries, n);
    }
    if (writer_ok(w) && listsets_rank(&b.sets, &order, &order_n) != COP_OK) {
        writer_fail(w, COP_E_NOMEM);
    }
    if (writer_ok(w)) {
        items_write(w, &b, items, b.n);
        sets_write(w, &b, order, order_n, files);
    }
    free(order);
    free(files);
    free(items);
    free(b.all);
    listsets_fini(&b.sets);
}

/* From the domains of large category lists to the sections of a dense index
 * (dense.h): hash, group by name, take out what stands inside another domain,
 * lay out. */
#include "rules/bundle/writer.h"

#include <stdlib.h>

#include "rules/bundle/dense.h"
#include "rules/bundle/hostindex.h"
#include "rules/bundle/keyed.h"
#include "rules/bundle/listsets.h"

/* Domains as they become a set of lists each. A record's key is the hash,
 * `from` the entry of the tables, `value` the
 * list's row in the file, and behind bulks_group() the number of a set. All
 * the work is done in place: this is what the compiler's memory is made of. */
struct bulks {
    struct keyed *all;
    size_t n;
    struct listsets sets;
    uint32_t *order; /* of the sets, by rank */
    uint32_t order_n;
};

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

        b->all[i] = (struct keyed){
            .key = hostindex_hash(w->key, e->text),
            .value = w->lists.rank[e->list],
            .from = entries[i],
        };
    }
    b->n = n;
    keyed_sort(b->all, n);
}

/* Put a list into a run of ascending ones, once. Returns their number. */
static uint32_t lists_insert(uint32_t *lists, uint32_t n, uint32_t list)
{
    uint32_t at = n;

    while (at > 0 && lists[at - 1] > list) {
        at--;
    }
    if (at > 0 && lists[at - 1] == list) {
        return n;
    }
    memmove(lists + at + 1, lists + at, (n - at) * sizeof(*lists));
    lists[at] = list;
    return n + 1;
}

/* One record for each name, with the set of all its lists. */
static void bulks_group(struct writer *w, struct bulks *b)
{
    uint32_t lists[DENSE_SET_LISTS_MAX];
    size_t kept = 0;

    for (size_t i = 0; i < b->n && writer_ok(w);) {
        struct keyed one = b->all[i];
        uint32_t n = 0;

        for (; i < b->n && b->all[i].key == one.key; i++) {
            if (n == DENSE_SET_LISTS_MAX) {
                writer_fail(w, COP_E_LIMIT);
                return;
            }
            n = lists_insert(lists, n, b->all[i].value);
        }
        enum cop_status status =
            listsets_intern(&b->sets, lists, n, &one.value);

        if (status != COP_OK) {
            writer_fail(w, status);
        }
        b->all[kept++] = one;
    }
    b->n = kept;
}

/* How often each set occurs: the commonest have codes of their own. */
static void bulks_count(struct bulks *b)
{
    for (size_t i = 0; i < b->n; i++) {
        b->sets.sets[b->all[i].value].count++;
    }
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

static void sets_write(
    struct writer *w, const struct bulks *b, const uint32_t *files)
{
    for (uint32_t i = 0; i < b->order_n && writer_ok(w); i++) {
        const struct listset *set = &b->sets.sets[b->order[i]];
        struct format_dense_set row = {
            .at = writer_count(w, SECTION_DENSE_LISTS),
            .n = (uint16_t)set->n,
        };

        for (uint32_t j = 0; j < set->n; j++) {
            uint32_t list = b->sets.pool[set->at + j];
            struct format_dense_list of = {list, files[list]};

            writer_add(w, SECTION_DENSE_LISTS, &of, sizeof(of));
        }
        writer_add(w, SECTION_DENSE_SETS, &row, sizeof(row));
    }
    if (writer_ok(w)) {
        writer_sets_below(w);
    }
}

static void lines_write(struct writer *w, struct bulks *b)
{
    enum cop_status status = dense_build(b->all, b->n,
        &w->sections[SECTION_DENSE_LINES], &w->sections[SECTION_DENSE_SIDE]);

    if (status != COP_OK) {
        writer_fail(w, status);
    }
}

/* Number the sets by how common they are, and write them. */
static void bulks_rank(
    struct writer *w, struct bulks *b, const uint32_t *entries, size_t n)
{
    uint32_t *files = files_of_lists(w, entries, n);

    bulks_count(b);
    if (writer_ok(w) &&
        listsets_rank(&b->sets, &b->order, &b->order_n) != COP_OK) {
        writer_fail(w, COP_E_NOMEM);
    }
    if (writer_ok(w)) {
        for (size_t i = 0; i < b->n; i++) {
            b->all[i].value = b->sets.sets[b->all[i].value].rank;
        }
        sets_write(w, b, files);
    }
    free(files);
}

void writer_dense(struct writer *w, const uint32_t *entries, size_t n)
{
    struct bulks b = {.n = 0};

    bulks_hash(w, &b, entries, n);
    if (writer_ok(w)) {
        bulks_group(w, &b);
    }
    if (writer_ok(w)) {
        bulks_rank(w, &b, entries, n);
    }
    if (writer_ok(w)) {
        b.n = writer_inside(w, b.all, b.n);
    }
    if (writer_ok(w)) {
        lines_write(w, &b);
    }
    free(b.order);
    free(b.all);
    listsets_fini(&b.sets);
}

/* From the domains of large category lists to the sections of a dense index
 * (dense.h): hash, group by name, leave out what a parent covers, lay out. */
#include "rules/bundle/writer.h"

#include <stdlib.h>

#include "rules/bundle/dense.h"
#include "rules/bundle/hostindex.h"
#include "rules/bundle/keyed.h"
#include "rules/bundle/listsets.h"

enum {
    SET_LISTS_MAX = 512, /* as many as a policy may have */
    PARTS_SHIFT = 44,    /* of a hash: parts of a sorted run, to search in */
    PARTS = 1 << (64 - PARTS_SHIFT),
    AHEAD = 8 /* names whose text is fetched before it is needed */
};

/* Domains as they become a set of lists each. A record's key is the hash,
 * `from` the entry of the tables (FORMAT_NONE once it is left out), `value` the
 * list's row in the file, and behind bulks_group() the number of a set. All
 * the work is done in place: this is what the compiler's memory is made of. */
struct bulks {
    struct keyed *all;
    size_t n;
    struct listsets sets;
    uint32_t *parts; /* where the hashes of a part begin; PARTS + 1 */
    bool has_tops;   /* a listed name has one label */
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
        b->has_tops |= memchr(e->text.p, '.', e->text.n) == NULL;
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
    uint32_t lists[SET_LISTS_MAX];
    size_t kept = 0;

    for (size_t i = 0; i < b->n && writer_ok(w);) {
        struct keyed one = b->all[i];
        uint32_t n = 0;

        for (; i < b->n && b->all[i].key == one.key; i++) {
            if (n == SET_LISTS_MAX) {
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

/* Where to look for a hash in the sorted run: some six records a part. */
static void bulks_index(struct writer *w, struct bulks *b)
{
    size_t at = 0;

    b->parts = calloc(PARTS + 1, sizeof(*b->parts));
    if (b->parts == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    for (uint32_t part = 0; part <= PARTS; part++) {
        while (at < b->n && b->all[at].key >> PARTS_SHIFT < part) {
            at++;
        }
        b->parts[part] = (uint32_t)at;
    }
}

static const struct keyed *bulks_find(const struct bulks *b, uint64_t hash)
{
    uint32_t part = (uint32_t)(hash >> PARTS_SHIFT);

    for (uint32_t i = b->parts[part]; i < b->parts[part + 1]; i++) {
        if (b->all[i].key == hash) {
            return &b->all[i];
        }
    }
    return NULL;
}

/* Whether a domain above is in every list that this one is in. One that is
 * itself left out counts: whatever covers it covers this one too. */
static bool bulk_is_covered(
    const struct writer *w, const struct bulks *b, const struct keyed *bulk)
{
    struct cop_slice name = w->t->entries[bulk->from].text;
    const char *dot = memchr(name.p, '.', name.n);

    while (dot != NULL) {
        name.n -= (size_t)(dot + 1 - name.p);
        name.p = dot + 1;
        dot = memchr(name.p, '.', name.n);
        if (dot == NULL && !b->has_tops) {
            return false;
        }
        const struct keyed *above = bulks_find(b, hostindex_hash(w->key, name));

        if (above != NULL &&
            listsets_within(&b->sets, bulk->value, above->value)) {
            return true;
        }
    }
    return false;
}

/* In the order of hashes every text is far from the one before it: ask for the
 * entry, and half way for its text, while others are worked on. */
static void bulk_fetch(const struct writer *w, const struct bulks *b, size_t i)
{
    if (i + 2 * AHEAD < b->n) {
        __builtin_prefetch(&w->t->entries[b->all[i + 2 * AHEAD].from]);
        __builtin_prefetch(w->t->entries[b->all[i + AHEAD].from].text.p);
    }
}

/* Leave out what a domain above covers; count the sets of the others. */
static void bulks_keep(const struct writer *w, struct bulks *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->n; i++) {
        bulk_fetch(w, b, i);
        if (bulk_is_covered(w, b, &b->all[i])) {
            b->all[i].from = FORMAT_NONE;
        } else {
            b->sets.sets[b->all[i].value].count++;
        }
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->all[i].from != FORMAT_NONE) {
            b->all[kept++] = b->all[i];
        }
    }
    b->n = kept;
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

static void lines_write(struct writer *w, struct bulks *b)
{
    for (size_t i = 0; i < b->n; i++) {
        b->all[i].value = b->sets.sets[b->all[i].value].rank;
    }
    enum cop_status status = dense_build(b->all, b->n,
        &w->sections[SECTION_DENSE_LINES], &w->sections[SECTION_DENSE_SIDE]);

    if (status != COP_OK) {
        writer_fail(w, status);
    }
}

void writer_dense(struct writer *w, const uint32_t *entries, size_t n)
{
    struct bulks b = {.n = 0};
    uint32_t *files = NULL;
    uint32_t *order = NULL;
    uint32_t order_n = 0;

    bulks_hash(w, &b, entries, n);
    if (writer_ok(w)) {
        bulks_group(w, &b);
    }
    if (writer_ok(w)) {
        bulks_index(w, &b);
    }
    if (writer_ok(w)) {
        bulks_keep(w, &b);
        files = files_of_lists(w, entries, n);
    }
    if (writer_ok(w) && listsets_rank(&b.sets, &order, &order_n) != COP_OK) {
        writer_fail(w, COP_E_NOMEM);
    }
    if (writer_ok(w)) {
        lines_write(w, &b);
        sets_write(w, &b, order, order_n, files);
    }
    free(order);
    free(files);
    free(b.parts);
    free(b.all);
    listsets_fini(&b.sets);
}

/* The entries in the order of the file: by list, object and text, and of those
 * that say the same the one that stands first in the sources.
 *
 * There are millions, so texts are compared rarely: entries are counted into
 * groups of one list and object, and within a group sorted by the first eight
 * bytes of their text as a number; only what is equal there is compared. */
#include "rules/bundle/writer.h"

#include <endian.h>
#include <stdlib.h>

#include "rules/bundle/keyed.h"

enum { OBJECTS = ENTRY_AS + 1 };

static int entry_place(const struct writer *w, uint32_t a, uint32_t b)
{
    const struct tables_entry *x = &w->t->entries[a];
    const struct tables_entry *y = &w->t->entries[b];
    uint32_t i = w->lists.rank[x->list];
    uint32_t j = w->lists.rank[y->list];

    if (i != j) {
        return i < j ? -1 : 1;
    }
    if (x->object != y->object) {
        return x->object < y->object ? -1 : 1;
    }
    return cop_slice_cmp(x->text, y->text);
}

static int entry_order(const void *a, const void *b, void *context)
{
    const struct writer *w = context;
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    const struct tables_entry *x = &w->t->entries[i];
    const struct tables_entry *y = &w->t->entries[j];
    int order = entry_place(w, i, j);

    if (order != 0) {
        return order;
    }
    if (x->file != y->file) {
        return w->files.rank[x->file] < w->files.rank[y->file] ? -1 : 1;
    }
    return (x->line > y->line) - (x->line < y->line);
}

static bool entry_holds(const struct writer *w, const struct tables_entry *e)
{
    return e->list < w->t->lists_n && e->file < w->t->files_n &&
           e->text.n != 0 && (unsigned)e->object < OBJECTS;
}

static bool entries_hold(struct writer *w)
{
    if (w->t->entries_n >= FORMAT_NONE) {
        writer_fail(w, COP_E_LIMIT);
        return false;
    }
    for (size_t i = 0; i < w->t->entries_n; i++) {
        if (!entry_holds(w, &w->t->entries[i])) {
            writer_fail(w, COP_E_BUG);
            return false;
        }
        if (w->t->entries[i].text.n > UINT16_MAX) {
            writer_fail(w, COP_E_LIMIT);
            return false;
        }
    }
    return true;
}

static size_t group_of(const struct writer *w, const struct tables_entry *e)
{
    return (size_t)w->lists.rank[e->list] * OBJECTS + e->object;
}

/* Put the entries into groups; end[g] gets where group g ends. */
static void entries_group(
    const struct writer *w, uint32_t *entries, size_t *end, size_t groups)
{
    const struct tables_entry *all = w->t->entries;
    size_t at = 0;

    for (size_t i = 0; i < w->t->entries_n; i++) {
        end[group_of(w, &all[i])]++;
    }
    for (size_t g = 0; g < groups; g++) {
        size_t n = end[g];

        end[g] = at; /* its start, which moves to its end below */
        at += n;
    }
    for (uint32_t i = 0; i < w->t->entries_n; i++) {
        entries[end[group_of(w, &all[i])]++] = i;
    }
}

/* The first eight bytes of a text as a number that compares as they do. */
static uint64_t text_begin(struct cop_slice text)
{
    uint64_t begin = 0;

    memcpy(&begin, text.p, text.n < sizeof(begin) ? text.n : sizeof(begin));
    return be64toh(begin);
}

static void group_sort(struct writer *w, uint32_t *entries, size_t n)
{
    struct keyed *items = n > 1 ? calloc(n, sizeof(*items)) : NULL;

    if (items == NULL) {
        if (n > 1) {
            writer_fail(w, COP_E_NOMEM);
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        items[i].key = text_begin(w->t->entries[entries[i]].text);
        items[i].from = entries[i];
    }
    keyed_sort(items, n);
    for (size_t i = 0; i < n; i++) {
        entries[i] = items[i].from;
    }
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;

        while (end < n && items[end].key == items[i].key) {
            end++;
        }
        if (end - i > 1) {
            qsort_r(entries + i, end - i, sizeof(*entries), entry_order, w);
        }
        i = end;
    }
    free(items);
}

/* Keep the first of those that say the same. */
static size_t entries_merge(const struct writer *w, uint32_t *entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || entry_place(w, entries[kept - 1], entries[i]) != 0) {
            entries[kept++] = entries[i];
        }
    }
    return kept;
}

uint32_t *writer_order_entries(struct writer *w, size_t *n)
{
    size_t groups = (size_t)w->t->lists_n * OBJECTS;
    uint32_t *entries = calloc(w->t->entries_n + 1, sizeof(*entries));
    size_t *end = calloc(groups + 1, sizeof(*end));
    size_t start = 0;

    *n = 0;
    if (entries == NULL || end == NULL) {
        writer_fail(w, COP_E_NOMEM);
    } else if (entries_hold(w)) {
        entries_group(w, entries, end, groups);
        for (size_t g = 0; g < groups; g++) {
            group_sort(w, entries + start, end[g] - start);
            start = end[g];
        }
        *n = entries_merge(w, entries, w->t->entries_n);
    }
    free(end);
    return entries;
}

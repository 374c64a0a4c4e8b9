/* Leaving domains that stand inside others out of the dense lines (dense.h,
 * 6): a domain whose nearest one above that stays has all of its lists. It goes
 * to a filter, under a key made of its hash and its set, where a reader looks
 * for the names below a domain that it has found. */
#include "rules/bundle/writer.h"

#include <stdlib.h>

#include "rules/base/namehash.h"
#include "rules/bundle/dense.h"
#include "rules/bundle/inside.h"

enum {
    RUN_BITS = 2,     /* records a run of the directory has, as a power */
    OUT_BIT = 1 << 30 /* of keyed.value: left out */
};

/* Where records begin whose keys share high bits, in a row that is sorted. */
struct directory {
    const struct keyed *all;
    size_t n;
    uint32_t *starts;
    unsigned shift;
};

static bool directory_make(
    struct directory *d, const struct keyed *all, size_t n)
{
    unsigned bits = 1;
    size_t next = 0;

    while (bits < 32 && n >> (bits + RUN_BITS) != 0) {
        bits++;
    }
    size_t runs = (size_t)1 << bits;

    *d = (struct directory){.all = all, .n = n, .shift = 64 - bits};
    d->starts = calloc(runs + 1, sizeof(*d->starts));
    for (size_t i = 0; d->starts != NULL && i < n; i++) {
        while (next <= all[i].key >> d->shift) {
            d->starts[next++] = (uint32_t)i;
        }
    }
    while (d->starts != NULL && next <= runs) {
        d->starts[next++] = (uint32_t)n;
    }
    return d->starts != NULL;
}

/* The record of a hash, or NULL. */
static const struct keyed *directory_find(
    const struct directory *d, uint64_t hash)
{
    uint64_t run = hash >> d->shift;

    for (uint32_t i = d->starts[run]; i < d->starts[run + 1]; i++) {
        if (d->all[i].key == hash) {
            return &d->all[i];
        }
    }
    return NULL;
}

/* Which sets nothing may be left out with: those that have a list by whose
 * category a requirement of this bundle allows. */
static bool *sets_that_allow(struct writer *w)
{
    uint32_t n = writer_count(w, SECTION_DENSE_SETS);
    const struct format_dense_set *sets =
        (const void *)w->sections[SECTION_DENSE_SETS].p;
    const struct format_dense_list *lists =
        (const void *)w->sections[SECTION_DENSE_LISTS].p;
    bool *allow = calloc((size_t)n + 1, sizeof(*allow));

    if (allow == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < sets[i].n; j++) {
            uint32_t row = w->lists.at[lists[sets[i].at + j].list];
            struct cop_catset categories = w->t->lists[row].categories;

            for (size_t k = 0; k < w->t->requirements_n; k++) {
                const struct tables_requirement *r = &w->t->requirements[k];

                allow[i] |= r->is_allow && !cop_catset_empty(cop_catset_and(
                                               r->r.categories, categories));
            }
        }
    }
    return allow;
}

struct inside {
    struct writer *w;
    struct directory directory;
    struct cop_bundle sets; /* only these */
    const bool *allow;
};

static bool may_stand_inside(
    const struct inside *in, uint32_t inner, uint32_t outer)
{
    const struct format_dense_set *set =
        section_at(&in->sets, SECTION_DENSE_SETS, outer);

    return !in->allow[inner] &&
           (inner == outer ||
               (inner < DENSE_INLINE_SETS && (set->below >> inner & 1) != 0));
}

/* Whether a domain is left out: the same walk as a reader's, from the widest
 * name down, over the sets of what is listed. */
static bool is_left_out(
    const struct inside *in, const struct keyed *domain, struct cop_slice name)
{
    uint64_t hash[NAMEHASH_LABELS_MAX];
    uint32_t n = namehash_all(in->w->key, name, hash);
    uint32_t outer = FORMAT_NONE;
    bool is_out = false;

    for (uint32_t i = 0; i < n; i++) {
        const struct keyed *found =
            i + 1 < n ? directory_find(&in->directory, hash[i]) : domain;

        if (found != NULL) {
            uint32_t set = found->value & ~(uint32_t)OUT_BIT;

            is_out = outer != FORMAT_NONE && may_stand_inside(in, set, outer);
            outer = is_out ? outer : set;
        }
    }
    return is_out;
}

/* Mark what is left out. Returns how many are. */
static size_t inside_mark(const struct inside *in, struct keyed *all, size_t n)
{
    size_t out = 0;

    for (size_t i = 0; i < n; i++) {
        struct cop_slice name = in->w->t->entries[all[i].from].text;

        if (is_left_out(in, &all[i], name)) {
            all[i].value |= OUT_BIT;
            out++;
        }
    }
    return out;
}

/* Take what is marked out of the row and make the filter of it. Returns how
 * many stay. */
static size_t inside_split(
    struct writer *w, struct keyed *all, size_t n, size_t out)
{
    uint64_t *keys = calloc(out + 1, sizeof(*keys));
    size_t kept = 0;
    size_t taken = 0;

    if (keys == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        if ((all[i].value & OUT_BIT) == 0) {
            all[kept++] = all[i];
        } else {
            keys[taken++] =
                inside_key(all[i].key, all[i].value & ~(uint32_t)OUT_BIT);
        }
    }
    enum cop_status status =
        inside_build(keys, taken, &w->sections[SECTION_DENSE_INSIDE]);

    if (status != COP_OK) {
        writer_fail(w, status);
    }
    free(keys);
    return kept;
}

/* The sets as a reader has them. */
static struct cop_bundle sets_view(const struct writer *w)
{
    static const enum section_id shown[] = {
        SECTION_DENSE_SETS, SECTION_DENSE_LISTS};
    struct cop_bundle view = {.n = 0};

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        view.sections[shown[i]] = (struct section){
            .p = (const unsigned char *)w->sections[shown[i]].p,
            .n = writer_count(w, shown[i]),
        };
    }
    return view;
}

void writer_sets_below(struct writer *w)
{
    struct cop_bundle view = sets_view(w);
    struct format_dense_set *sets = (void *)w->sections[SECTION_DENSE_SETS].p;

    for (uint32_t i = 0; i < section_count(&view, SECTION_DENSE_SETS); i++) {
        sets[i].below = dense_sets_below(&view, i);
    }
}

size_t writer_inside(struct writer *w, struct keyed *all, size_t n)
{
    bool *allow = sets_that_allow(w);
    struct inside in = {.w = w, .sets = sets_view(w), .allow = allow};

    if (!writer_ok(w)) {
        return n;
    }
    if (directory_make(&in.directory, all, n)) {
        n = inside_split(w, all, n, inside_mark(&in, all, n));
    } else {
        writer_fail(w, COP_E_NOMEM);
    }
    free(in.directory.starts);
    free(allow);
    return n;
}

/* The dense index knows a domain by all 64 bits of its hash. That another
 * name is taken for it is next to impossible, yet of some names it must not
 * happen at all: those that the bundle itself speaks of (what is protected,
 * allowed, appealed, blocked one by one) and those that everybody asks for.
 * All of them, with the names above them, are looked up in the finished index;
 * one that is found and not listed changes the key, and all is built again. */
#include "rules/bundle/writer.h"

#include "rules/base/digest.h"
#include "rules/base/namehash.h"
#include "rules/bundle/dense.h"
#include "rules/bundle/hostindex.h"
#include "rules/bundle/reseed.h"

/* Of a name below a listed one, the filter of what stands inside others may
 * say wrongly that it is listed itself; one in 65,536 times. Who names a
 * hundred thousand such names would never be done, so that this counts as an
 * accident only in the first few tries. */
enum { STRICT_TRIES = 6 };

struct probe {
    struct writer *w;
    const struct writer_names *names;
    uint64_t key[2]; /* of the first try */
    bool is_strict;  /* also about how precisely a name is listed */
    struct cop_bundle view;
};

/* The first of the listed domains, from `from` on, that does not come before a
 * text of a list; all are sorted by list and text. */
static size_t listed_from(const struct probe *probe, size_t from, uint32_t list,
    struct cop_slice text)
{
    const struct writer *w = probe->w;
    size_t low = from;
    size_t high = probe->names->dense_n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct tables_entry *e =
            &w->t->entries[probe->names->dense[middle]];
        uint32_t rank = w->lists.rank[e->list];

        if (rank < list || (rank == list && cop_slice_cmp(e->text, text) < 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Whether a domain is truly in one of the large lists. */
static bool is_listed(const struct probe *probe, struct cop_slice text)
{
    const struct writer *w = probe->w;
    size_t at = 0;

    for (uint32_t list = 0; list < w->lists.n; list++) {
        at = listed_from(probe, at, list, text);
        if (at == probe->names->dense_n) {
            return false;
        }
        const struct tables_entry *e = &w->t->entries[probe->names->dense[at]];

        if (w->lists.rank[e->list] == list && cop_slice_eq(e->text, text)) {
            return true;
        }
    }
    return false;
}

/* A set of lists that was found for a name, and what is asked about it. */
struct accident {
    const struct probe *probe;
    struct cop_slice name;
    uint32_t labels;
    bool is_one;
};

/* The last labels of a name. */
static struct cop_slice name_end(struct cop_slice name, uint32_t labels)
{
    size_t at = name.n;

    while (at > 0 && (name.p[at - 1] != '.' || --labels != 0)) {
        at--;
    }
    return (struct cop_slice){name.p + at, name.n - at};
}

static void accident_note(void *context, uint32_t set, uint32_t i)
{
    struct accident *accident = context;

    (void)set;
    accident->is_one |= !is_listed(
        accident->probe, name_end(accident->name, accident->labels - i));
}

/* Whether a name, or one above it, is found though nobody listed it. */
static bool name_has_accident(const struct probe *probe, struct cop_slice name)
{
    uint64_t widest_first[NAMEHASH_LABELS_MAX];
    uint64_t hash[NAMEHASH_LABELS_MAX];
    uint32_t n = namehash_all(probe->w->key, name, widest_first);
    struct accident accident = {probe, name, n, false};

    for (uint32_t i = 0; i < n; i++) {
        hash[n - 1 - i] = widest_first[i];
    }
    if (probe->is_strict) {
        dense_walk(&probe->view, hash, 0, n, accident_note, &accident);
        return accident.is_one;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (dense_find(&probe->view, hash[i]) != FORMAT_NONE) {
            accident_note(&accident, 0, i);
        }
    }
    return accident.is_one;
}

/* The name that an entry speaks of; empty of a pattern and the like. */
static struct cop_slice name_of(const struct tables_entry *e)
{
    struct cop_slice name = e->text;

    if (e->object == ENTRY_URL) {
        for (name.n = 0; name.n < e->text.n && name.p[name.n] != '/' &&
                         name.p[name.n] != ':';) {
            name.n++;
        }
    } else if (e->object > ENTRY_BELOW) {
        name.n = 0;
    }
    return name;
}

static bool probe_has_accident(void *context)
{
    static const char *const well_known[] = {
#define WELL_KNOWN(name) name,
#include "rules/bundle/wellknown.tbl"
    };
    const struct probe *probe = context;
    const struct writer_names *names = probe->names;

    for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++) {
        if (name_has_accident(probe, cop_slice_of(well_known[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < names->others_n; i++) {
        const struct tables_entry *e = &probe->w->t->entries[names->others[i]];

        if (name_has_accident(probe, name_of(e))) {
            return true;
        }
    }
    return false;
}

/* The key of a later try, from that of the first and its number. */
static enum cop_status key_change(
    struct writer *w, const uint64_t key[2], uint32_t tries)
{
    static const char purpose[] = "copgate bundle 1 host key, tried again";
    unsigned char digest[DIGEST_BYTES];
    struct digest sum;

    if (tries == 0) {
        return COP_OK;
    }
    digest_init(&sum);
    digest_add(&sum, purpose, sizeof(purpose));
    digest_add(&sum, key, 2 * sizeof(*key));
    digest_add(&sum, &tries, sizeof(tries));
    if (digest_end(&sum, digest) != COP_OK) {
        return COP_E_NOMEM;
    }
    memcpy(w->key, digest, sizeof(w->key));
    return COP_OK;
}

static enum cop_status probe_build(void *context, uint32_t tries)
{
    static const enum section_id built[] = {SECTION_DENSE_LINES,
        SECTION_DENSE_SIDE, SECTION_DENSE_SETS, SECTION_DENSE_LISTS,
        SECTION_DENSE_INSIDE};
    struct probe *probe = context;
    struct writer *w = probe->w;
    enum cop_status status = key_change(w, probe->key, tries);

    if (status != COP_OK) {
        return status;
    }
    probe->is_strict = tries < STRICT_TRIES;
    for (size_t i = 0; i < sizeof(built) / sizeof(built[0]); i++) {
        buf_clear(&w->sections[built[i]]);
    }
    writer_dense(w, probe->names->dense, probe->names->dense_n);
    for (size_t i = 0; i < sizeof(built) / sizeof(built[0]); i++) {
        probe->view.sections[built[i]] = (struct section){
            .p = (const unsigned char *)w->sections[built[i]].p,
            .n = writer_count(w, built[i]),
        };
    }
    return w->status;
}

void writer_dense_probed(struct writer *w, const struct writer_names *names)
{
    struct probe probe = {
        .w = w, .names = names, .key = {w->key[0], w->key[1]}};
    const struct reseed steps = {&probe, probe_build, probe_has_accident};
    enum cop_status status = reseed_run(&steps, &w->tries);

    if (status != COP_OK) {
        writer_fail(w, status);
    }
}

/* The parts of bundle_write(): private to write*.c.
 *
 * Writing is sorting: order.c finds where each row of the tables goes,
 * write_tables.c lays out the small tables, write_rules.c the rules and their
 * indices, write.c the file around them. Failure is sticky in `status`; every
 * step does nothing after it. */
#ifndef RULES_BUNDLE_WRITER_H
#define RULES_BUNDLE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/status.h"
#include "rules/base/arena.h"
#include "rules/base/buf.h"
#include "rules/bundle/format.h"
#include "rules/bundle/keyed.h"
#include "rules/bundle/tables.h"

/* A category list of so many domains goes to the dense index. */
enum { WRITER_DENSE_MIN = 1000 };

/* Where the rows of a table go. */
struct order {
    uint32_t n;     /* rows in the file */
    uint32_t *at;   /* file row -> table index */
    uint32_t *rank; /* table index -> file row */
};

struct writer {
    const struct cop_tables *t;
    enum cop_status status;
    struct arena arena; /* the orders */
    struct order files, lists, requirements, texts, templates, profiles;
    struct order grants, appeals, origins;
    struct format_manifest manifest;
    uint64_t key[2];
    uint32_t tries; /* how often the key was changed */
    struct buf sections[SECTION_END];
};

static inline bool writer_ok(const struct writer *w)
{
    return w->status == COP_OK;
}

static inline void writer_fail(struct writer *w, enum cop_status status)
{
    if (w->status == COP_OK) {
        w->status = status;
    }
}

/* Note the labels of a name that is to be found by its hash: others are not
 * looked up. None are those of an address. */
static inline void writer_note_labels(struct writer *w, uint32_t labels)
{
    struct format_manifest *m = &w->manifest;

    if (labels > m->labels_max) {
        m->labels_max = (uint16_t)labels;
    }
    if (labels != 0 && (m->labels_min == 0 || labels < m->labels_min)) {
        m->labels_min = (uint16_t)labels;
    }
}

/* Append to a section; COP_E_LIMIT beyond what a span can count. */
void writer_add(
    struct writer *w, enum section_id id, const void *bytes, size_t n);

/* Records in a section so far. */
uint32_t writer_count(const struct writer *w, enum section_id id);

/* Append text to STRINGS or RULE_TEXTS. */
struct format_span writer_text(
    struct writer *w, enum section_id id, struct cop_slice text);

/* Append a category set to CODES. */
struct format_span writer_set(struct writer *w, struct cop_catset set);

/* order.c: fill all orders. COP_E_BUG when an index in the tables leads
 * nowhere, COP_E_CONFLICT when what must be unique is not. */
void writer_sort(struct writer *w);

/* write_tables.c: everything but the rules. */
void writer_tables(struct writer *w);

/* evidence.c: what is for oversight; called by writer_tables(). */
void writer_evidence(struct writer *w);

/* write_order.c: the indices of the tables' entries, sorted by list, object and
 * text, without those that repeat another; on the heap, *n of them. */
uint32_t *writer_order_entries(struct writer *w, size_t *n);

/* write_rules.c: rules, URL prefixes, patterns, host indices, key. */
void writer_rules(struct writer *w);

/* write_addresses.c: the record of one network, and, when all are there, their
 * order and the way back from their rules. */
void writer_address(
    struct writer *w, const struct tables_entry *entry, uint32_t rule);
void writer_addresses(struct writer *w);

/* One rule in Adblock syntax, as it is handed on. */
struct urlrule_draft {
    struct cop_slice packed; /* urlrule_pack() */
    uint32_t rule;           /* row of RULES */
};

/* urlrules_write.c: the rules in Adblock syntax and what finds them, and the
 * way back from their rules. The key must be known. */
void writer_urlrules(
    struct writer *w, const struct urlrule_draft *drafts, size_t n);

/* rxindex_write.c: the index of all PATTERNS, which are there. */
void writer_literals(struct writer *w);

/* Indices of entries: domains of large lists, sorted by list and text, and all
 * others. */
struct writer_names {
    const uint32_t *dense;
    size_t dense_n;
    const uint32_t *others;
    size_t others_n;
};

/* write_probe.c: the dense index under a key by which no other name that
 * matters is found in it. The key is set, and may be changed: what else is
 * hashed comes afterwards. */
void writer_dense_probed(struct writer *w, const struct writer_names *names);

/* write_inside.c: what DENSE_SETS says of each other; and, with it, take the
 * domains that stand inside others out of n records sorted by key, whose values
 * are rows of DENSE_SETS, into DENSE_INSIDE. Returns how many stay. */
void writer_sets_below(struct writer *w);
size_t writer_inside(struct writer *w, struct keyed *all, size_t n);

/* write_dense.c: the dense index of these entries (domains, sorted by list).
 * The key is set. */
void writer_dense(struct writer *w, const uint32_t *entries, size_t n);

#endif

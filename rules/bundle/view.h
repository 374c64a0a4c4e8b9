/* Looking into an open bundle: the one checked gate to its bytes.
 *
 * audit.c has shown at open that every reference holds. The gate checks again
 * all the same, because a file may be changed under its mapping: an index
 * beyond a section gives a record of zeros and a span beyond one gives an
 * empty run, so that no reader needs an error path and none can leave the
 * mapping. */
#ifndef RULES_BUNDLE_VIEW_H
#define RULES_BUNDLE_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/bundle.h"
#include "cop/category.h"
#include "cop/slice.h"
#include "rules/bundle/format.h"

struct section {
    const unsigned char *p;
    uint32_t n; /* records */
};

struct cop_bundle {
    atomic_uint refs;
    bool is_mapped;
    const unsigned char *bytes;
    size_t n;
    struct section sections[SECTION_END];
};

/* What the gate answers where there is nothing. */
extern const uint64_t section_zeros[16];

static inline uint32_t section_record_bytes(enum section_id id)
{
    switch (id) {
#define SECTION(symbol, name, record)                                          \
    case SECTION_##symbol:                                                     \
        return (uint32_t)sizeof(record);
#include "rules/bundle/section.tbl"
    case SECTION_NONE:
    case SECTION_END:
        break;
    }
    return 0;
}

static inline uint32_t section_count(
    const struct cop_bundle *bundle, enum section_id id)
{
    return bundle->sections[id].n;
}

/* The record at `index`, never NULL. */
static inline const void *section_at(
    const struct cop_bundle *bundle, enum section_id id, uint32_t index)
{
    const struct section *s = &bundle->sections[id];

    if (index >= s->n) {
        return section_zeros;
    }
    return s->p + (size_t)index * section_record_bytes(id);
}

/* Whether a span lies within a section. */
static inline bool section_holds(const struct cop_bundle *bundle,
    enum section_id id, struct format_span span)
{
    return span.at <= section_count(bundle, id) &&
           span.n <= section_count(bundle, id) - span.at;
}

/* Text in STRINGS or RULE_TEXTS, its pointer never NULL; empty when the span
 * leaves the section. */
static inline struct cop_slice section_text(const struct cop_bundle *bundle,
    enum section_id id, struct format_span span)
{
    if (span.n == 0 || !section_holds(bundle, id, span)) {
        return (struct cop_slice){(const char *)section_zeros, 0};
    }
    return (struct cop_slice){section_at(bundle, id, span.at), span.n};
}

static inline struct cop_slice bundle_string(
    const struct cop_bundle *bundle, struct format_span span)
{
    return section_text(bundle, SECTION_STRINGS, span);
}

static inline const struct format_header *bundle_header(
    const struct cop_bundle *bundle)
{
    return (const void *)bundle->bytes;
}

static inline const struct format_manifest *bundle_manifest(
    const struct cop_bundle *bundle)
{
    return section_at(bundle, SECTION_MANIFEST, 0);
}

static inline const struct format_list *bundle_list(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_LISTS, index);
}

static inline const struct format_requirement *bundle_requirement(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_REQUIREMENTS, index);
}

static inline const struct format_template *bundle_template(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_TEMPLATES, index);
}

static inline const struct format_profile *bundle_profile(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_PROFILES, index);
}

static inline const struct format_grant *bundle_grant(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_GRANTS, index);
}

static inline const struct format_appeal *bundle_appeal(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_APPEALS, index);
}

static inline const struct format_rule *bundle_rule(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_RULES, index);
}

static inline const struct format_url *bundle_url(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_URLS, index);
}

static inline const struct format_pattern *bundle_pattern(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_PATTERNS, index);
}

/* A set of category codes as bits; codes that are unknown are left out (the
 * audit refuses a bundle that has any). */
struct cop_catset bundle_set(
    const struct cop_bundle *bundle, struct format_span span);

/* The name of a section for messages, static. */
const char *section_name(enum section_id id);

/* SHA-256 of a file image as format_header.digest wants it.
 * n  at least sizeof(struct format_header)
 * Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status bundle_digest(
    const void *bytes, size_t n, unsigned char out[FORMAT_DIGEST_BYTES]);

#endif

/* EVIDENCE and ORIGINS: written from the tables, read by whoever oversees. */
#include "cop/evidence.h"

#include <string.h>

#include "rules/bundle/view.h"
#include "rules/bundle/writer.h"

/* ---- writing ---- */

static struct format_span string_add(struct writer *w, struct cop_slice text)
{
    return writer_text(w, SECTION_STRINGS, text);
}

static void evidence_add(
    struct writer *w, const struct tables_requirement *from)
{
    const struct cop_evidence *e = &from->evidence;
    uint32_t shadowed_by = from->shadowed_by_plus_one;
    struct format_evidence row = {
        .review_unix = e->review_unix,
        .version = e->version,
        .vectors = e->vectors,
        .vectors_not_run = e->vectors_not_run,
        .shadowed_by = shadowed_by == 0 ? FORMAT_NONE
                                        : w->requirements.rank[shadowed_by - 1],
    };

    row.kind = string_add(w, e->kind);
    row.status = string_add(w, e->status);
    row.action = string_add(w, e->action);
    row.basis = string_add(w, e->basis);
    row.jurisdiction = string_add(w, e->jurisdiction);
    row.extra = string_add(w, e->extra);
    writer_add(w, SECTION_EVIDENCE, &row, sizeof(row));
}

static void origin_add(struct writer *w, const struct cop_origin *o)
{
    struct format_origin row = {
        .retrieved_unix = o->retrieved_unix,
        .requirement = o->requirement == FORMAT_NONE
                           ? FORMAT_NONE
                           : w->requirements.rank[o->requirement],
        .entries = o->entries,
        .held = o->held,
    };

    memcpy(row.digest, o->digest, sizeof(row.digest));
    row.name = string_add(w, o->name);
    row.ref = string_add(w, o->ref);
    row.source = string_add(w, o->source);
    row.licence = string_add(w, o->licence);
    row.says = string_add(w, o->says);
    row.secrecy = string_add(w, o->secrecy);
    row.cadence = string_add(w, o->cadence);
    row.max_age = string_add(w, o->max_age);
    row.categories = writer_set(w, o->categories);
    writer_add(w, SECTION_ORIGINS, &row, sizeof(row));
}

void writer_evidence(struct writer *w)
{
    for (uint32_t i = 0; i < w->requirements.n && writer_ok(w); i++) {
        evidence_add(w, &w->t->requirements[w->requirements.at[i]]);
    }
    for (uint32_t i = 0; i < w->origins.n && writer_ok(w); i++) {
        origin_add(w, &w->t->origins[w->origins.at[i]]);
    }
}

/* ---- reading ---- */

void cop_bundle_evidence(
    const struct cop_bundle *bundle, uint32_t index, struct cop_evidence *out)
{
    const struct format_evidence *e =
        section_at(bundle, SECTION_EVIDENCE, index);
    const struct format_requirement *q = bundle_requirement(bundle, index);

    *out = (struct cop_evidence){
        .kind = bundle_string(bundle, e->kind),
        .status = bundle_string(bundle, e->status),
        .action = bundle_string(bundle, e->action),
        .basis = bundle_string(bundle, e->basis),
        .jurisdiction = bundle_string(bundle, e->jurisdiction),
        .extra = bundle_string(bundle, e->extra),
        .review_unix = e->review_unix,
        .version = e->version,
        .subscribers = q->subscribers,
        .spares = bundle_set(bundle, q->spares),
        .grain = (enum cop_grain)q->grain,
        .lists_of = q->lists_of,
        .vectors = e->vectors,
        .vectors_not_run = e->vectors_not_run,
        .shadowed_by = e->shadowed_by,
        .is_allow = (q->flags & FORMAT_REQUIREMENT_ALLOW) != 0,
        .is_inert = (q->flags & FORMAT_REQUIREMENT_INERT) != 0,
        .is_offer = (q->flags & FORMAT_REQUIREMENT_OFFER) != 0,
    };
}

uint32_t cop_bundle_origins(const struct cop_bundle *bundle)
{
    return section_count(bundle, SECTION_ORIGINS);
}

void cop_bundle_origin(
    const struct cop_bundle *bundle, uint32_t index, struct cop_origin *out)
{
    const struct format_origin *o = section_at(bundle, SECTION_ORIGINS, index);

    *out = (struct cop_origin){
        .name = bundle_string(bundle, o->name),
        .ref = bundle_string(bundle, o->ref),
        .source = bundle_string(bundle, o->source),
        .licence = bundle_string(bundle, o->licence),
        .says = bundle_string(bundle, o->says),
        .secrecy = bundle_string(bundle, o->secrecy),
        .cadence = bundle_string(bundle, o->cadence),
        .max_age = bundle_string(bundle, o->max_age),
        .categories = bundle_set(bundle, o->categories),
        .requirement = o->requirement,
        .entries = o->entries,
        .held = o->held,
        .retrieved_unix = o->retrieved_unix,
    };
    memcpy(out->digest, o->digest, sizeof(out->digest));
}

void cop_bundle_template(
    const struct cop_bundle *bundle, uint32_t index, struct cop_template *out)
{
    const struct format_template *t = bundle_template(bundle, index);

    *out = (struct cop_template){
        .name = bundle_string(bundle, t->name),
        .title = bundle_string(bundle, t->title),
        .block = bundle_set(bundle, t->block),
        .allow_only = bundle_set(bundle, t->allow_only),
        .is_allow_only = (t->flags & FORMAT_TEMPLATE_ALLOW_ONLY) != 0,
    };
}

void cop_bundle_appeal(
    const struct cop_bundle *bundle, uint32_t index, struct cop_appeal *out)
{
    const struct format_appeal *a = bundle_appeal(bundle, index);

    *out = (struct cop_appeal){
        .id = bundle_string(bundle, a->id),
        .authority = bundle_string(bundle, a->authority),
        .of = bundle_string(bundle, a->of),
        .from_unix = a->from_unix,
        .until_unix = a->until_unix,
    };
}

/* The audit of what is in a bundle for oversight. */
#include "rules/bundle/audit.h"

static const char text_outside[] = "has a text that leaves its section";
static const char no_owner[] = "belongs to a record that is not there";

/* Spans that follow each other in a record. */
static bool strings_hold(
    const struct cop_bundle *bundle, const struct format_span *spans, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!section_holds(bundle, SECTION_STRINGS, spans[i])) {
            return false;
        }
    }
    return true;
}

static bool requirement_holds(const struct cop_bundle *bundle, uint32_t row)
{
    return row == FORMAT_NONE ||
           row < section_count(bundle, SECTION_REQUIREMENTS);
}

const char *audit_evidence(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_evidence *e =
        section_at(bundle, SECTION_EVIDENCE, index);
    const struct format_span spans[] = {
        e->kind, e->status, e->action, e->basis, e->jurisdiction, e->extra};

    if (!strings_hold(bundle, spans, sizeof(spans) / sizeof(spans[0]))) {
        return text_outside;
    }
    return requirement_holds(bundle, e->shadowed_by) ? NULL : no_owner;
}

const char *audit_origin(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_origin *o = section_at(bundle, SECTION_ORIGINS, index);
    const struct format_span spans[] = {o->name, o->ref, o->source, o->licence,
        o->says, o->secrecy, o->cadence, o->max_age};

    if (!strings_hold(bundle, spans, sizeof(spans) / sizeof(spans[0]))) {
        return text_outside;
    }
    if (!audit_set_holds(bundle, o->categories)) {
        return "has categories that leave their section or do not ascend";
    }
    if (!requirement_holds(bundle, o->requirement)) {
        return no_owner;
    }
    if (o->zero != 0) {
        return "has something where the format has zeros";
    }
    if (index > 0) {
        const struct format_origin *before =
            section_at(bundle, SECTION_ORIGINS, index - 1);

        if (cop_slice_cmp(bundle_string(bundle, before->name),
                bundle_string(bundle, o->name)) >= 0) {
            return "is not behind the one before it";
        }
    }
    return NULL;
}

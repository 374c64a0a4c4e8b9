#include "rules/bundle/writer.h"

#include <stdlib.h>

#include "cop/category.h"

/* Spans are set by statements, never inside an initialiser: C leaves the order
 * of calls in an initialiser to the compiler, and the order is in the bytes. */

static struct format_span string_add(struct writer *w, struct cop_slice text)
{
    return writer_text(w, SECTION_STRINGS, text);
}

/* Codes ascend because bits are in the order of the taxonomy, and are sorted
 * all the same: a later taxonomy need not be. */
static int code_order(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

struct format_span writer_set(struct writer *w, struct cop_catset set)
{
    struct format_span span = {writer_count(w, SECTION_CODES), 0};
    uint16_t codes[128];

    for (unsigned i = 0; i < 128; i++) {
        if (!cop_catset_has(set, i)) {
            continue;
        }
        if (i >= COP_CATEGORIES) {
            writer_fail(w, COP_E_LIMIT);
            return span;
        }
        codes[span.n++] = cop_category_code(i);
    }
    qsort(codes, span.n, sizeof(codes[0]), code_order);
    writer_add(w, SECTION_CODES, codes, span.n * sizeof(codes[0]));
    return span;
}

static void manifest_add(struct writer *w)
{
    w->manifest.name = string_add(w, w->t->name);
    w->manifest.title = string_add(w, w->t->title);
    w->manifest.issuer = string_add(w, w->t->issuer);
    w->manifest.licence = string_add(w, w->t->licence);
    w->manifest.revision = string_add(w, w->t->revision);
    w->manifest.timezone = string_add(w, w->t->timezone);
    w->manifest.east_s = w->t->east_s;
    w->manifest.never_inspect = writer_set(w, w->t->never_inspect);
}

static void files_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->files.n; i++) {
        struct format_span span = string_add(w, w->t->files[w->files.at[i]]);

        writer_add(w, SECTION_FILES, &span, sizeof(span));
    }
}

static uint32_t owner_rank(
    const struct writer *w, const struct tables_list *list)
{
    switch (list->role) {
    case LIST_DENY:
    case LIST_ALLOW:
    case LIST_ALLOW_ONLY:
        return w->requirements.rank[list->owner];
    case LIST_PROFILE_ALLOW:
    case LIST_PROFILE_DENY:
        return w->profiles.rank[list->owner];
    case LIST_GRANT:
        return w->grants.rank[list->owner];
    case LIST_APPEAL:
        return w->appeals.rank[list->owner];
    case LIST_CATEGORY:
    case LIST_NEVER_INSPECT:
        break;
    }
    return FORMAT_NONE;
}

static void lists_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->lists.n; i++) {
        const struct tables_list *list = &w->t->lists[w->lists.at[i]];
        struct format_list row = {
            .owner = owner_rank(w, list),
            .role = (uint8_t)list->role,
            .flags = (uint8_t)((list->limit_matches ? FORMAT_LIST_LIMIT_MATCHES
                                                    : 0) |
                               (list->needs_url ? FORMAT_LIST_NEEDS_URL : 0)),
        };

        row.name = string_add(w, list->name);
        row.licence = string_add(w, list->licence);
        row.categories = writer_set(w, list->categories);
        writer_add(w, SECTION_LISTS, &row, sizeof(row));
    }
}

static int window_order(const void *a, const void *b)
{
    const struct format_window *x = a;
    const struct format_window *y = b;

    return x->from != y->from ? x->from - y->from : x->to - y->to;
}

static struct format_span windows_add(
    struct writer *w, const struct tables_window *windows, size_t n)
{
    struct format_span span = {writer_count(w, SECTION_WINDOWS), 0};
    struct format_window *rows = arena_array(&w->arena, n, sizeof(*rows));

    if (n == 0) {
        return span;
    }
    if (rows == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return span;
    }
    for (size_t i = 0; i < n; i++) {
        rows[i].from = windows[i].from;
        rows[i].to = windows[i].to;
    }
    qsort(rows, n, sizeof(*rows), window_order);
    writer_add(w, SECTION_WINDOWS, rows, n * sizeof(*rows));
    span.n = (uint32_t)n;
    return span;
}

static uint8_t requirement_flags(const struct tables_requirement *q)
{
    unsigned flags = 0;

    flags |= q->r.is_in_force ? FORMAT_REQUIREMENT_IN_FORCE : 0U;
    flags |= q->is_allow ? FORMAT_REQUIREMENT_ALLOW : 0U;
    flags |= q->is_inert ? FORMAT_REQUIREMENT_INERT : 0U;
    flags |= q->is_offer ? FORMAT_REQUIREMENT_OFFER : 0U;
    return (uint8_t)flags;
}

static void requirements_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->requirements.n; i++) {
        const struct tables_requirement *q =
            &w->t->requirements[w->requirements.at[i]];
        struct format_requirement row = {
            .from_unix = q->r.from_unix,
            .until_unix = q->r.until_unix,
            .subscribers = q->subscribers,
            .grain = (uint8_t)q->grain,
            .part = q->r.part,
            .lists_of = q->lists_of_plus_one == 0
                            ? i
                            : w->requirements.rank[q->lists_of_plus_one - 1],
            .http_status = q->r.http_status,
            .age_min = q->r.age_min,
            .age_max = q->r.age_max,
            .strength = (uint8_t)q->r.strength,
            .lock = (uint8_t)q->r.lock,
            .logging = (uint8_t)q->r.logging,
            .identity = (uint8_t)q->r.identity,
            .flags = requirement_flags(q),
        };

        row.id = string_add(w, q->r.id);
        row.authority = string_add(w, q->r.authority);
        row.instrument = string_add(w, q->r.instrument);
        row.citation = string_add(w, q->r.citation);
        row.blocked_by = string_add(w, q->r.blocked_by);
        row.categories = writer_set(w, q->r.categories);
        row.spares = writer_set(w, q->spares);
        row.hours = windows_add(w, q->hours, q->hours_n);
        writer_add(w, SECTION_REQUIREMENTS, &row, sizeof(row));
    }
}

static void texts_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->texts.n; i++) {
        const struct tables_text *text = &w->t->texts[w->texts.at[i]];
        struct format_text row = {
            .owner = text->of_category
                         ? text->requirement
                         : w->requirements.rank[text->requirement],
            .kind = (uint8_t)text->text,
            .of_category = text->of_category,
        };

        row.language = string_add(w, text->language);
        row.words = string_add(w, text->words);
        writer_add(w, SECTION_TEXTS, &row, sizeof(row));
    }
}

static void templates_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->templates.n; i++) {
        const struct tables_template *template =
            &w->t->templates[w->templates.at[i]];
        struct format_template row = {
            .flags = template->is_allow_only ? FORMAT_TEMPLATE_ALLOW_ONLY : 0,
        };

        row.name = string_add(w, template->name);
        row.title = string_add(w, template->title);
        row.block = writer_set(w, template->block);
        row.allow_only = writer_set(w, template->allow_only);
        writer_add(w, SECTION_TEMPLATES, &row, sizeof(row));
    }
}

static int slice_order(const void *a, const void *b)
{
    return cop_slice_cmp(
        *(const struct cop_slice *)a, *(const struct cop_slice *)b);
}

static struct format_span accepts_add(
    struct writer *w, const struct tables_profile *profile)
{
    struct format_span span = {writer_count(w, SECTION_ACCEPTS), 0};
    struct cop_slice *ids =
        arena_array(&w->arena, profile->accepts_n, sizeof(*ids));

    if (profile->accepts_n == 0) {
        return span;
    }
    if (ids == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return span;
    }
    memcpy(ids, profile->accepts, profile->accepts_n * sizeof(*ids));
    qsort(ids, profile->accepts_n, sizeof(*ids), slice_order);
    for (size_t i = 0; i < profile->accepts_n; i++) {
        struct format_span id = string_add(w, ids[i]);

        writer_add(w, SECTION_ACCEPTS, &id, sizeof(id));
    }
    span.n = (uint32_t)profile->accepts_n;
    return span;
}

static void profiles_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->profiles.n; i++) {
        const struct tables_profile *profile =
            &w->t->profiles[w->profiles.at[i]];
        struct format_profile row = {
            .subscribers = profile->subscribers,
            .age = profile->age,
            .flags = profile->is_allow_only ? FORMAT_PROFILE_ALLOW_ONLY : 0,
        };

        row.name = string_add(w, profile->name);
        row.template_name = string_add(w, profile->template_name);
        row.block = writer_set(w, profile->block);
        row.permit = writer_set(w, profile->permit);
        row.accepts = accepts_add(w, profile);
        row.closed = windows_add(w, profile->closed, profile->closed_n);
        writer_add(w, SECTION_PROFILES, &row, sizeof(row));
    }
}

static void grants_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->grants.n; i++) {
        const struct tables_grant *grant = &w->t->grants[w->grants.at[i]];
        struct format_grant row = {
            .until_unix = grant->until_unix,
            .profile = grant->profile == FORMAT_NONE
                           ? FORMAT_NONE
                           : w->profiles.rank[grant->profile],
        };

        row.by = string_add(w, grant->by);
        row.reason = string_add(w, grant->reason);
        writer_add(w, SECTION_GRANTS, &row, sizeof(row));
    }
}

static void appeals_add(struct writer *w)
{
    for (uint32_t i = 0; i < w->appeals.n; i++) {
        const struct tables_appeal *appeal = &w->t->appeals[w->appeals.at[i]];
        struct format_appeal row = {
            .from_unix = appeal->from_unix,
            .until_unix = appeal->until_unix,
        };

        row.id = string_add(w, appeal->id);
        row.authority = string_add(w, appeal->authority);
        row.of = string_add(w, appeal->of);
        writer_add(w, SECTION_APPEALS, &row, sizeof(row));
    }
}

void writer_tables(struct writer *w)
{
    if (!writer_ok(w)) {
        return;
    }
    manifest_add(w);
    files_add(w);
    lists_add(w);
    requirements_add(w);
    texts_add(w);
    templates_add(w);
    profiles_add(w);
    grants_add(w);
    appeals_add(w);
    writer_evidence(w);
}

#include "rules/bundle/audit.h"

#include "rules/bundle/hostindex.h"
#include "rules/bundle/tables.h"

const char audit_unknown_category[] =
    "is a category that this program's taxonomy lacks";

static const char text_outside[] = "has a text that leaves its section";
static const char set_unsound[] =
    "has categories that leave their section or do not ascend";
static const char unsorted[] = "is not behind the one before it";
static const char not_zero[] = "has something where the format has zeros";
static const char no_such[] = "has a value that the format does not know";
static const char no_owner[] = "belongs to a record that is not there";

enum { WEEK_MINUTES = 7 * 24 * 60, DAY_SECONDS = 86400 };

static bool string_holds(
    const struct cop_bundle *bundle, struct format_span span)
{
    return section_holds(bundle, SECTION_STRINGS, span);
}

static uint16_t code_at(const struct cop_bundle *bundle, uint32_t index)
{
    const uint16_t *code = section_at(bundle, SECTION_CODES, index);

    return *code;
}

bool audit_set_holds(const struct cop_bundle *bundle, struct format_span set)
{
    if (!section_holds(bundle, SECTION_CODES, set) || set.n > COP_CATEGORIES) {
        return false;
    }
    for (uint32_t i = 1; i < set.n; i++) {
        if (code_at(bundle, set.at + i - 1) >= code_at(bundle, set.at + i)) {
            return false;
        }
    }
    return true;
}

/* Order of two texts in STRINGS. */
static int strings_order(
    const struct cop_bundle *bundle, struct format_span a, struct format_span b)
{
    return cop_slice_cmp(bundle_string(bundle, a), bundle_string(bundle, b));
}

const char *audit_manifest(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_manifest *m = bundle_manifest(bundle);

    (void)index;
    if (!string_holds(bundle, m->name) || !string_holds(bundle, m->title) ||
        !string_holds(bundle, m->issuer) || !string_holds(bundle, m->licence) ||
        !string_holds(bundle, m->revision) ||
        !string_holds(bundle, m->timezone)) {
        return text_outside;
    }
    if (!audit_set_holds(bundle, m->never_inspect)) {
        return set_unsound;
    }
    /* Domains of a dense index are counted too, once for each list. */
    bool has_dense = section_count(bundle, SECTION_DENSE_LINES) != 0;
    uint32_t hosts = section_count(bundle, SECTION_HOST_ENTRIES);

    if (m->hosts < hosts || (m->hosts != hosts && !has_dense) ||
        m->labels_max > HOSTINDEX_NAMES_MAX || m->labels_min > m->labels_max ||
        (m->labels_min == 0) != (m->labels_max == 0)) {
        return "counts other hosts than the bundle has";
    }
    if (m->east_s < -DAY_SECONDS || m->east_s > DAY_SECONDS) {
        return no_such;
    }
    return m->zero == 0 ? NULL : not_zero;
}

const char *audit_code(const struct cop_bundle *bundle, uint32_t index)
{
    enum cop_category category;

    return cop_category_from_code(code_at(bundle, index), &category) == COP_OK
               ? NULL
               : audit_unknown_category;
}

const char *audit_file(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_span *file = section_at(bundle, SECTION_FILES, index);

    return string_holds(bundle, *file) ? NULL : text_outside;
}

/* How many records a list of a role may choose its owner from; UINT32_MAX
 * when it has none. */
static uint32_t role_owners(const struct cop_bundle *bundle, uint8_t role)
{
    switch ((enum list_role)role) {
    case LIST_DENY:
    case LIST_ALLOW:
    case LIST_ALLOW_ONLY:
        return section_count(bundle, SECTION_REQUIREMENTS);
    case LIST_PROFILE_ALLOW:
    case LIST_PROFILE_DENY:
        return section_count(bundle, SECTION_PROFILES);
    case LIST_GRANT:
        return section_count(bundle, SECTION_GRANTS);
    case LIST_APPEAL:
        return section_count(bundle, SECTION_APPEALS);
    case LIST_CATEGORY:
    case LIST_NEVER_INSPECT:
        break;
    }
    return FORMAT_NONE;
}

const char *audit_list(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_list *list = bundle_list(bundle, index);
    uint32_t owners = role_owners(bundle, list->role);

    if (!string_holds(bundle, list->name) ||
        !string_holds(bundle, list->licence)) {
        return text_outside;
    }
    if (!audit_set_holds(bundle, list->categories)) {
        return set_unsound;
    }
    if (list->role > LIST_NEVER_INSPECT ||
        (list->flags & ~(FORMAT_LIST_LIMIT_MATCHES | FORMAT_LIST_NEEDS_URL)) !=
            0) {
        return no_such;
    }
    if (owners == FORMAT_NONE ? list->owner != FORMAT_NONE
                              : list->owner >= owners) {
        return no_owner;
    }
    if (list->zero != 0) {
        return not_zero;
    }
    if (index > 0 && strings_order(bundle, bundle_list(bundle, index - 1)->name,
                         list->name) >= 0) {
        return unsorted;
    }
    return NULL;
}

static bool requirement_texts_hold(
    const struct cop_bundle *bundle, const struct format_requirement *q)
{
    return string_holds(bundle, q->id) && string_holds(bundle, q->authority) &&
           string_holds(bundle, q->instrument) &&
           string_holds(bundle, q->citation) &&
           string_holds(bundle, q->blocked_by);
}

static bool requirement_values_hold(const struct format_requirement *q)
{
    const unsigned flags = FORMAT_REQUIREMENT_IN_FORCE |
                           FORMAT_REQUIREMENT_ALLOW | FORMAT_REQUIREMENT_INERT |
                           FORMAT_REQUIREMENT_OFFER;

    return q->strength <= COP_STRENGTH_LOCAL_DISCRETION &&
           q->lock <= COP_LOCK_NATIONAL && q->logging <= COP_LOG_REQUIRED &&
           q->identity <= COP_IDENTITY_PERSON && (q->flags & ~flags) == 0 &&
           q->age_min <= q->age_max && q->grain <= COP_GRAIN_URL;
}

/* Whether the rows of one id are numbered from 0, and lists are those of an
 * earlier part that has its own. */
static bool requirement_part_holds(
    const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_requirement *q = bundle_requirement(bundle, index);
    const struct format_requirement *before =
        index > 0 ? bundle_requirement(bundle, index - 1) : NULL;

    if (q->lists_of > index || index - q->lists_of > q->part ||
        bundle_requirement(bundle, q->lists_of)->lists_of != q->lists_of) {
        return false;
    }
    return q->part == 0 || (before != NULL && before->part == q->part - 1 &&
                               strings_order(bundle, before->id, q->id) == 0);
}

const char *audit_requirement(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_requirement *q = bundle_requirement(bundle, index);

    if (!requirement_texts_hold(bundle, q)) {
        return text_outside;
    }
    if (!audit_set_holds(bundle, q->categories) ||
        !audit_set_holds(bundle, q->spares)) {
        return set_unsound;
    }
    if (!section_holds(bundle, SECTION_WINDOWS, q->hours)) {
        return "has hours that leave their section";
    }
    if (!requirement_values_hold(q)) {
        return no_such;
    }
    if (q->zero[0] != 0 || q->zero[1] != 0) {
        return not_zero;
    }
    if (index > 0 && q->part == 0 &&
        strings_order(
            bundle, bundle_requirement(bundle, index - 1)->id, q->id) >= 0) {
        return unsorted;
    }
    return requirement_part_holds(bundle, index)
               ? NULL
               : "is no part of the requirement before it, or has the lists of "
                 "none";
}

static bool texts_ascend(const struct cop_bundle *bundle,
    const struct format_text *a, const struct format_text *b)
{
    if (a->of_category != b->of_category) {
        return a->of_category < b->of_category;
    }
    if (a->owner != b->owner) {
        return a->owner < b->owner;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind;
    }
    return strings_order(bundle, a->language, b->language) < 0;
}

const char *audit_text(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_text *text = section_at(bundle, SECTION_TEXTS, index);
    enum cop_category category;

    if (!string_holds(bundle, text->language) ||
        !string_holds(bundle, text->words)) {
        return text_outside;
    }
    if (text->kind > COP_TEXT_HELPLINE || text->of_category > 1) {
        return no_such;
    }
    if (text->zero != 0) {
        return not_zero;
    }
    if (text->of_category == 0 &&
        text->owner >= section_count(bundle, SECTION_REQUIREMENTS)) {
        return no_owner;
    }
    if (text->of_category == 1 &&
        (text->owner > UINT16_MAX ||
            cop_category_from_code((uint16_t)text->owner, &category) !=
                COP_OK)) {
        return audit_unknown_category;
    }
    if (index > 0 && !texts_ascend(bundle,
                         section_at(bundle, SECTION_TEXTS, index - 1), text)) {
        return unsorted;
    }
    return NULL;
}

const char *audit_template(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_template *template = bundle_template(bundle, index);

    if (!string_holds(bundle, template->name) ||
        !string_holds(bundle, template->title)) {
        return text_outside;
    }
    if (!audit_set_holds(bundle, template->block) ||
        !audit_set_holds(bundle, template->allow_only)) {
        return set_unsound;
    }
    if ((template->flags & ~(uint32_t)FORMAT_TEMPLATE_ALLOW_ONLY) != 0) {
        return no_such;
    }
    if (template->zero != 0) {
        return not_zero;
    }
    if (index > 0 &&
        strings_order(bundle, bundle_template(bundle, index - 1)->name,
            template->name) >= 0) {
        return unsorted;
    }
    return NULL;
}

const char *audit_profile(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_profile *profile = bundle_profile(bundle, index);

    if (!string_holds(bundle, profile->name) ||
        !string_holds(bundle, profile->template_name)) {
        return text_outside;
    }
    if (!audit_set_holds(bundle, profile->block) ||
        !audit_set_holds(bundle, profile->permit)) {
        return set_unsound;
    }
    if (!section_holds(bundle, SECTION_ACCEPTS, profile->accepts) ||
        !section_holds(bundle, SECTION_WINDOWS, profile->closed)) {
        return "has offers or hours that leave their section";
    }
    if (profile->name.n == 0 ||
        (profile->flags & ~FORMAT_PROFILE_ALLOW_ONLY) != 0) {
        return no_such;
    }
    if (profile->zero != 0) {
        return not_zero;
    }
    if (index > 0 &&
        strings_order(bundle, bundle_profile(bundle, index - 1)->name,
            profile->name) >= 0) {
        return unsorted;
    }
    return NULL;
}

const char *audit_window(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_window *window =
        section_at(bundle, SECTION_WINDOWS, index);

    return window->from < WEEK_MINUTES && window->to <= WEEK_MINUTES
               ? NULL
               : "is no time of the week";
}

const char *audit_accepts(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_span *id = section_at(bundle, SECTION_ACCEPTS, index);

    return string_holds(bundle, *id) ? NULL : text_outside;
}

const char *audit_grant(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_grant *grant = bundle_grant(bundle, index);

    if (!string_holds(bundle, grant->by) ||
        !string_holds(bundle, grant->reason)) {
        return text_outside;
    }
    if (grant->profile != FORMAT_NONE &&
        grant->profile >= section_count(bundle, SECTION_PROFILES)) {
        return no_owner;
    }
    return grant->zero == 0 ? NULL : not_zero;
}

const char *audit_appeal(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_appeal *appeal = bundle_appeal(bundle, index);

    return string_holds(bundle, appeal->id) &&
                   string_holds(bundle, appeal->authority) &&
                   string_holds(bundle, appeal->of)
               ? NULL
               : text_outside;
}

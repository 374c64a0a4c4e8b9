#include "cop/bundle.h"

#include <string.h>

#include "rules/bundle/view.h"

struct cop_catset bundle_set(
    const struct cop_bundle *bundle, struct format_span span)
{
    struct cop_catset set = {{0, 0}};
    enum cop_category category;

    if (!section_holds(bundle, SECTION_CODES, span)) {
        return set;
    }
    for (uint32_t i = 0; i < span.n; i++) {
        const uint16_t *code = section_at(bundle, SECTION_CODES, span.at + i);

        if (cop_category_from_code(*code, &category) == COP_OK) {
            cop_catset_add(&set, category);
        }
    }
    return set;
}

void cop_bundle_info(
    const struct cop_bundle *bundle, struct cop_bundle_info *out)
{
    const struct format_manifest *m = bundle_manifest(bundle);

    *out = (struct cop_bundle_info){
        .name = bundle_string(bundle, m->name),
        .title = bundle_string(bundle, m->title),
        .issuer = bundle_string(bundle, m->issuer),
        .licence = bundle_string(bundle, m->licence),
        .revision = bundle_string(bundle, m->revision),
        .timezone = bundle_string(bundle, m->timezone),
        .east_s = m->east_s,
        .file_bytes = bundle->n,
        .requirements = section_count(bundle, SECTION_REQUIREMENTS),
        .lists = section_count(bundle, SECTION_LISTS),
        .hosts = m->hosts,
        .urls = section_count(bundle, SECTION_URLS),
        .patterns = section_count(bundle, SECTION_PATTERNS),
        .adblock = section_count(bundle, SECTION_URLRULES),
        .networks = section_count(bundle, SECTION_ADDRESSES),
        .templates = section_count(bundle, SECTION_TEMPLATES),
        .profiles = section_count(bundle, SECTION_PROFILES),
        .appeals = section_count(bundle, SECTION_APPEALS),
        .grants = section_count(bundle, SECTION_GRANTS),
    };
    memcpy(out->digest, bundle_header(bundle)->digest, sizeof(out->digest));
}

void cop_bundle_requirement(const struct cop_bundle *bundle, uint32_t index,
    struct cop_requirement *out)
{
    const struct format_requirement *q = bundle_requirement(bundle, index);

    *out = (struct cop_requirement){
        .id = bundle_string(bundle, q->id),
        .authority = bundle_string(bundle, q->authority),
        .instrument = bundle_string(bundle, q->instrument),
        .citation = bundle_string(bundle, q->citation),
        .blocked_by = bundle_string(bundle, q->blocked_by),
        .categories = bundle_set(bundle, q->categories),
        .strength = (enum cop_strength)q->strength,
        .lock = (enum cop_lock)q->lock,
        .logging = (enum cop_logging)q->logging,
        .identity = (enum cop_identity)q->identity,
        .is_in_force = (q->flags & FORMAT_REQUIREMENT_IN_FORCE) != 0,
        .http_status = q->http_status,
        .age_min = q->age_min,
        .age_max = q->age_max,
        .from_unix = q->from_unix,
        .until_unix = q->until_unix,
        .part = q->part,
        .hours = q->hours.n,
    };
}

struct cop_hours cop_bundle_requirement_hours(
    const struct cop_bundle *bundle, uint32_t requirement, uint32_t at)
{
    struct format_span hours = bundle_requirement(bundle, requirement)->hours;

    if (at >= hours.n) {
        return (struct cop_hours){0, 0};
    }
    const struct format_window *window =
        section_at(bundle, SECTION_WINDOWS, hours.at + at);

    return (struct cop_hours){window->from, window->to};
}

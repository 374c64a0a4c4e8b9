#include "tools/copc/inside.h"

#include <inttypes.h>

#include "rules/base/hex.h"

static const struct {
    const char *name;
    size_t offset;
} figure_rows[] = {
    {"requirements", offsetof(struct cop_bundle_info, requirements)},
    {"lists", offsetof(struct cop_bundle_info, lists)},
    {"hosts", offsetof(struct cop_bundle_info, hosts)},
    {"urls", offsetof(struct cop_bundle_info, urls)},
    {"patterns", offsetof(struct cop_bundle_info, patterns)},
    {"adblock", offsetof(struct cop_bundle_info, adblock)},
    {"networks", offsetof(struct cop_bundle_info, networks)},
    {"templates", offsetof(struct cop_bundle_info, templates)},
    {"profiles", offsetof(struct cop_bundle_info, profiles)},
    {"appeals", offsetof(struct cop_bundle_info, appeals)},
    {"grants", offsetof(struct cop_bundle_info, grants)},
};
enum { FIGURES = sizeof figure_rows / sizeof figure_rows[0] };

static uint32_t figure(const struct cop_bundle_info *info, size_t row)
{
    uint32_t value;

    memcpy(&value, (const char *)info + figure_rows[row].offset, sizeof value);
    return value;
}

static void print_line(FILE *to, const char *name, struct cop_slice text)
{
    if (text.n != 0) {
        fprintf(to, "  %-13s %.*s\n", name, (int)text.n, text.p);
    }
}

void inside_print(FILE *to, const struct cop_bundle *bundle)
{
    struct cop_bundle_info info;
    char digest[65];

    cop_bundle_info(bundle, &info);
    hex_write(info.digest, sizeof info.digest, digest);
    print_line(to, "name", info.name);
    print_line(to, "title", info.title);
    print_line(to, "issuer", info.issuer);
    print_line(to, "licence", info.licence);
    print_line(to, "revision", info.revision);
    fprintf(to, "  %-13s %" PRIu64 " bytes\n", "size", info.file_bytes);
    fprintf(to, "  %-13s %s\n", "sha256", digest);
    for (size_t i = 0; i < FIGURES; i++) {
        fprintf(
            to, "  %-13s %" PRIu32 "\n", figure_rows[i].name, figure(&info, i));
    }
}

json_t *inside_text_json(struct cop_slice text)
{
    json_t *value = text.n != 0 ? json_stringn(text.p, text.n) : NULL;

    return value != NULL ? value : json_null();
}

json_t *inside_categories_json(struct cop_catset set)
{
    json_t *array = json_array();

    for (unsigned i = 0; array != NULL && i < COP_CATEGORIES; i++) {
        if (cop_catset_has(set, i) &&
            json_array_append_new(array, json_string(cop_category_id(i))) !=
                0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

/* An open end of time is null. */
static json_t *time_json(int64_t unix_time)
{
    if (unix_time == INT64_MIN || unix_time == INT64_MAX) {
        return json_null();
    }
    return json_integer(unix_time);
}

static void hours_word(const struct cop_hours *hours, char out[32])
{
    static const char *const days[] = {
        "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    unsigned to = hours->to % (7 * 1440U);

    /* 24:00 rather than the next day's midnight. */
    if (hours->to % 1440U == 0 && hours->to != 0) {
        snprintf(out, 32, "%s %02u:%02u - 24:00", days[hours->from / 1440 % 7],
            hours->from % 1440U / 60, hours->from % 60U);
        return;
    }
    snprintf(out, 32, "%s %02u:%02u - %s%s%02u:%02u",
        days[hours->from / 1440 % 7], hours->from % 1440U / 60,
        hours->from % 60U,
        to / 1440 != hours->from / 1440U ? days[to / 1440] : "",
        to / 1440 != hours->from / 1440U ? " " : "", to % 1440 / 60, to % 60);
}

json_t *inside_hours_json(const struct cop_bundle *bundle, uint32_t index)
{
    json_t *array = json_array();
    struct cop_requirement r;
    char words[32];

    cop_bundle_requirement(bundle, index, &r);
    for (uint32_t i = 0; array != NULL && i < r.hours; i++) {
        struct cop_hours hours = cop_bundle_requirement_hours(bundle, index, i);

        hours_word(&hours, words);
        (void)json_array_append_new(array, json_string(words));
    }
    return array;
}

json_t *inside_requirement_json(const struct cop_bundle *bundle, uint32_t index)
{
    struct cop_requirement r;

    cop_bundle_requirement(bundle, index, &r);
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:s, s:s, s:b, s:o, s:i, "
                     "s:[i,i], s:o, s:o, s:o}",
        "id", inside_text_json(r.id), "part", (json_int_t)r.part, "title",
        inside_text_json(
            cop_bundle_text(bundle, index, COP_TEXT_TITLE, NULL, 0, NULL)),
        "authority", inside_text_json(r.authority), "instrument",
        inside_text_json(r.instrument), "citation",
        inside_text_json(r.citation), "strength", cop_strength_word(r.strength),
        "lock", cop_lock_word(r.lock), "in_force", r.is_in_force, "categories",
        inside_categories_json(r.categories), "http_status", (int)r.http_status,
        "age", (int)r.age_min, (int)r.age_max, "from", time_json(r.from_unix),
        "until", time_json(r.until_unix), "hours",
        inside_hours_json(bundle, index));
}

static json_t *requirements_json(const struct cop_bundle *bundle, uint32_t n)
{
    json_t *array = json_array();

    for (uint32_t i = 0; array != NULL && i < n; i++) {
        if (json_array_append_new(array, inside_requirement_json(bundle, i)) !=
            0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *figures_json(const struct cop_bundle_info *info)
{
    json_t *object = json_object();

    for (size_t i = 0; object != NULL && i < FIGURES; i++) {
        (void)json_object_set_new(
            object, figure_rows[i].name, json_integer(figure(info, i)));
    }
    return object;
}

json_t *inside_json(const struct cop_bundle *bundle)
{
    struct cop_bundle_info info;
    char digest[65];
    json_t *object;

    cop_bundle_info(bundle, &info);
    hex_write(info.digest, sizeof info.digest, digest);
    object = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:s}", "schema",
        "copc/bundle/v1", "name", inside_text_json(info.name), "title",
        inside_text_json(info.title), "issuer", inside_text_json(info.issuer),
        "licence", inside_text_json(info.licence), "revision",
        inside_text_json(info.revision), "bytes", (json_int_t)info.file_bytes,
        "sha256", digest);
    if (object != NULL) {
        (void)json_object_set_new(object, "counts", figures_json(&info));
        (void)json_object_set_new(object, "requirements",
            requirements_json(bundle, info.requirements));
    }
    return object;
}

/* A bundle as a conformance report in JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cop/evidence.h"
#include "rules/base/hex.h"
#include "rules/base/subscriber.h"
#include "tools/copc/inside.h"
#include "tools/copc/moment.h"
#include "tools/copc/report.h"

enum { DAY_SECONDS = 24 * 60 * 60, AGE_ANY = 120 };

/* ---- small things ---- */

const char *report_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

/* The day that a time is of, so far east of UTC. */
static json_t *day_json(int64_t unix_time, int32_t east_s)
{
    char day[16];

    if (unix_time == INT64_MIN || unix_time == INT64_MAX) {
        return json_null();
    }
    moment_day(unix_time + east_s, day);
    return json_string(day);
}

/* The last day of a time that ends at `until`. */
static json_t *last_day_json(int64_t until_unix, int32_t east_s)
{
    return day_json(
        until_unix == INT64_MAX ? until_unix : until_unix - 1, east_s);
}

/* Words with a separator between them as an array. */
static json_t *words_json(struct cop_slice text, char between)
{
    json_t *array = json_array();
    size_t at = 0;

    while (array != NULL && at < text.n) {
        const char *end = memchr(text.p + at, between, text.n - at);
        size_t n = end != NULL ? (size_t)(end - text.p) - at : text.n - at;

        if (n != 0) {
            (void)json_array_append_new(
                array, inside_text_json((struct cop_slice){text.p + at, n}));
        }
        at += n + 1;
    }
    return array;
}

static json_t *classes_json(uint32_t bits)
{
    json_t *array = json_array();

    for (unsigned i = 0; array != NULL && i < SUBSCRIBERS; i++) {
        if (((bits >> i) & 1) != 0) {
            (void)json_array_append_new(
                array, json_string(subscriber_word((enum subscriber)i)));
        }
    }
    return array;
}

/* ---- lists ---- */

uint64_t report_category_entries(
    const struct cop_bundle *bundle, unsigned category)
{
    uint32_t n = cop_bundle_origins(bundle);
    uint64_t entries = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct cop_origin o;

        cop_bundle_origin(bundle, i, &o);
        if (cop_catset_has(o.categories, category)) {
            entries += o.entries;
        }
    }
    return entries;
}

/* Whole days since a list was retrieved; null when nobody says when. */
static json_t *age_json(int64_t retrieved_unix, int64_t now_unix)
{
    return retrieved_unix == INT64_MIN
               ? json_null()
               : json_integer((now_unix - retrieved_unix) / DAY_SECONDS);
}

/* Of the file that a list was read from; null when there was none. */
static json_t *digest_json(const uint8_t digest[32])
{
    static const uint8_t none[32];
    char text[65];

    hex_write(digest, sizeof none, text);
    return memcmp(digest, none, sizeof none) == 0 ? json_null()
                                                  : json_string(text);
}

json_t *report_list(
    const struct cop_bundle *bundle, uint32_t index, int64_t now_unix)
{
    struct cop_origin o;
    json_t *object;

    cop_bundle_origin(bundle, index, &o);
    object = json_pack(
        "{s:o, s:o, s:b, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "name", inside_text_json(o.name), "ref", inside_text_json(o.ref),
        "here", o.ref.n == 0, "says", inside_text_json(o.says), "categories",
        inside_categories_json(o.categories), "entries", (json_int_t)o.entries,
        "source", inside_text_json(o.source), "licence",
        inside_text_json(o.licence), "secrecy", inside_text_json(o.secrecy),
        "cadence", inside_text_json(o.cadence), "max_age",
        inside_text_json(o.max_age), "retrieved",
        day_json(o.retrieved_unix, 0), "sha256", digest_json(o.digest));
    if (object != NULL) {
        (void)json_object_set_new(object, "held", json_integer(o.held));
    }
    if (object != NULL && now_unix != INT64_MIN) {
        (void)json_object_set_new(
            object, "age_days", age_json(o.retrieved_unix, now_unix));
    }
    return object;
}

/* The lists that a requirement names, or, for COP_NONE, those that none does.
 */
static json_t *lists_json(
    const struct cop_bundle *bundle, uint32_t requirement, int64_t now_unix)
{
    json_t *array = json_array();
    uint32_t n = cop_bundle_origins(bundle);

    for (uint32_t i = 0; array != NULL && i < n; i++) {
        struct cop_origin o;

        cop_bundle_origin(bundle, i, &o);
        if (o.requirement == requirement) {
            (void)json_array_append_new(
                array, report_list(bundle, i, now_unix));
        }
    }
    return array;
}

/* ---- requirements ---- */

static json_t *categories_json(
    const struct cop_bundle *bundle, struct cop_catset set)
{
    json_t *array = json_array();

    for (unsigned i = 0; array != NULL && i < COP_CATEGORIES; i++) {
        if (cop_catset_has(set, i)) {
            (void)json_array_append_new(array,
                json_pack("{s:s, s:I}", "id", cop_category_id(i), "entries",
                    (json_int_t)report_category_entries(bundle, i)));
        }
    }
    return array;
}

/* The texts of one kind, {language: words}. */
static json_t *texts_json(
    const struct cop_bundle *bundle, uint32_t index, enum cop_text text)
{
    json_t *object = json_object();
    struct cop_slice language =
        cop_bundle_text_language(bundle, index, text, 0);

    for (uint32_t i = 0; object != NULL && language.p != NULL; i++) {
        struct cop_slice words =
            cop_bundle_text(bundle, index, text, &language, 1, NULL);
        char key[64];

        snprintf(key, sizeof key, "%.*s", (int)language.n, language.p);
        (void)json_object_set_new(object, key, inside_text_json(words));
        language = cop_bundle_text_language(bundle, index, text, i + 1);
    }
    return object;
}

static json_t *all_texts_json(const struct cop_bundle *bundle, uint32_t index)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "title",
        texts_json(bundle, index, COP_TEXT_TITLE), "notice",
        texts_json(bundle, index, COP_TEXT_NOTICE), "appeal",
        texts_json(bundle, index, COP_TEXT_APPEAL), "helpline",
        texts_json(bundle, index, COP_TEXT_HELPLINE));
}

/* When and for whom it decides, in a word. */
static const char *effect_word(
    const struct cop_requirement *r, const struct cop_evidence *e)
{
    if (!r->is_in_force) {
        return "none";
    }
    if (e->is_inert) {
        return "duty";
    }
    if (e->is_offer) {
        return "where_accepted";
    }
    return r->strength == COP_STRENGTH_MANDATORY ? "always" : "by_default";
}

static const char *time_word(const struct cop_requirement *r, int64_t now_unix)
{
    if (now_unix < r->from_unix) {
        return "ahead";
    }
    return now_unix >= r->until_unix ? "over" : "running";
}

static json_t *basis_json(
    const struct cop_requirement *r, const struct cop_evidence *e)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "type",
        inside_text_json(e->basis), "instrument",
        inside_text_json(r->instrument), "citation",
        inside_text_json(r->citation), "authority",
        inside_text_json(r->authority), "url", inside_text_json(r->blocked_by),
        "jurisdiction", words_json(e->jurisdiction, ' '));
}

static json_t *shadow_json(
    const struct cop_bundle *bundle, const struct cop_evidence *e)
{
    struct cop_requirement by;

    if (e->shadowed_by == UINT32_MAX) {
        return json_null();
    }
    cop_bundle_requirement(bundle, e->shadowed_by, &by);
    return inside_text_json(by.id);
}

static json_t *ages_json(const struct cop_requirement *r)
{
    return r->age_max > AGE_ANY
               ? json_pack("[i,n]", (int)r->age_min)
               : json_pack("[i,i]", (int)r->age_min, (int)r->age_max);
}

/* The coarsest thing that it blocks by; null: anything. */
static json_t *grain_json(enum cop_grain grain)
{
    switch (grain) {
    case COP_GRAIN_ANY:
        break;
    case COP_GRAIN_DOMAIN:
        return json_string("domain");
    case COP_GRAIN_HOST:
        return json_string("host");
    case COP_GRAIN_URL:
        return json_string("url");
    }
    return json_null();
}

static void add_people(json_t *object, const struct cop_requirement *r,
    const struct cop_evidence *e)
{
    (void)json_object_set_new(object, "age", ages_json(r));
    (void)json_object_set_new(
        object, "subscribers", classes_json(e->subscribers));
    (void)json_object_set_new(object, "blocks_by", grain_json(e->grain));
    (void)json_object_set_new(
        object, "spares", inside_categories_json(e->spares));
    (void)json_object_set_new(
        object, "logging", json_string(cop_logging_word(r->logging)));
    (void)json_object_set_new(
        object, "identity", json_string(cop_identity_word(r->identity)));
    (void)json_object_set_new(
        object, "http_status", json_integer(r->http_status));
}

static void add_times(json_t *object, const struct cop_bundle *bundle,
    uint32_t index, int64_t now_unix)
{
    struct cop_bundle_info info;
    struct cop_requirement requirement;
    struct cop_evidence evidence;
    const struct cop_requirement *r = &requirement;
    const struct cop_evidence *e = &evidence;

    cop_bundle_info(bundle, &info);
    cop_bundle_requirement(bundle, index, &requirement);
    cop_bundle_evidence(bundle, index, &evidence);
    (void)json_object_set_new(
        object, "hours", inside_hours_json(bundle, index));
    (void)json_object_set_new(
        object, "from", day_json(r->from_unix, info.east_s));
    (void)json_object_set_new(
        object, "until", last_day_json(r->until_unix, info.east_s));
    (void)json_object_set_new(
        object, "review_by", last_day_json(e->review_unix, info.east_s));
    if (now_unix != INT64_MIN) {
        (void)json_object_set_new(
            object, "time", json_string(time_word(r, now_unix)));
        (void)json_object_set_new(
            object, "review_overdue", json_boolean(e->review_unix <= now_unix));
    }
}

json_t *report_requirement(
    const struct cop_bundle *bundle, uint32_t index, int64_t now_unix)
{
    struct cop_requirement r;
    struct cop_evidence e;
    json_t *object;

    cop_bundle_requirement(bundle, index, &r);
    cop_bundle_evidence(bundle, index, &e);
    object = json_pack("{s:o, s:I, s:o, s:o, s:o, s:b, s:s, s:s, s:s, s:o, "
                       "s:o, s:o, s:o, s:{s:I, s:I}, s:o, s:o}",
        "id", inside_text_json(r.id), "version", (json_int_t)e.version, "kind",
        inside_text_json(e.kind), "status", inside_text_json(e.status),
        "action", inside_text_json(e.action), "in_force", r.is_in_force,
        "effect", effect_word(&r, &e), "strength",
        cop_strength_word(r.strength), "lock", cop_lock_word(r.lock), "basis",
        basis_json(&r, &e), "categories", categories_json(bundle, r.categories),
        "lists", lists_json(bundle, e.lists_of, now_unix), "texts",
        all_texts_json(bundle, index), "vectors", "held", (json_int_t)e.vectors,
        "not_run", (json_int_t)e.vectors_not_run, "shadowed_by",
        shadow_json(bundle, &e), "extra", words_json(e.extra, '\n'));
    if (object != NULL) {
        (void)json_object_set_new(object, "part", json_integer(r.part));
        (void)json_object_set_new(object, "lists_of",
            json_integer((json_int_t)r.part - (index - e.lists_of)));
        add_people(object, &r, &e);
        add_times(object, bundle, index, now_unix);
    }
    return object;
}

/* ---- the whole ---- */

static json_t *requirements_json(
    const struct cop_bundle *bundle, uint32_t n, int64_t now_unix)
{
    json_t *array = json_array();

    for (uint32_t i = 0; array != NULL && i < n; i++) {
        (void)json_array_append_new(
            array, report_requirement(bundle, i, now_unix));
    }
    return array;
}

static void add_to(json_t *object, const char *member, json_int_t n)
{
    json_int_t before = json_integer_value(json_object_get(object, member));

    (void)json_object_set_new(object, member, json_integer(before + n));
}

bool report_has_lists(const json_t *requirement)
{
    return json_integer_value(json_object_get(requirement, "part")) ==
           json_integer_value(json_object_get(requirement, "lists_of"));
}

/* Requirements, those in force, and the entries of their lists, by type of
 * legal basis, in order of its name. */
static json_t *by_basis_json(const json_t *requirements)
{
    json_t *rows = json_object();
    size_t i;
    json_t *r;

    json_array_foreach(requirements, i, r)
    {
        const char *type = report_text(json_object_get(r, "basis"), "type");
        json_t *row;
        json_t *list;
        size_t k;

        if (json_object_get(rows, type) == NULL) {
            (void)json_object_set_new(rows, type, json_object());
        }
        row = json_object_get(rows, type);
        if (json_integer_value(json_object_get(r, "part")) == 0) {
            add_to(row, "requirements", 1);
            add_to(row, "in_force",
                json_is_true(json_object_get(r, "in_force")) ? 1 : 0);
        }
        add_to(row, "entries", 0);
        if (!report_has_lists(r)) {
            continue;
        }
        json_array_foreach(json_object_get(r, "lists"), k, list)
        {
            add_to(row, "entries",
                json_integer_value(json_object_get(list, "entries")));
        }
    }
    return rows;
}

static json_t *appeals_json(
    const struct cop_bundle *bundle, const struct cop_bundle_info *info)
{
    json_t *array = json_array();

    for (uint32_t i = 0; array != NULL && i < info->appeals; i++) {
        struct cop_appeal a;

        cop_bundle_appeal(bundle, i, &a);
        (void)json_array_append_new(array,
            json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", inside_text_json(a.id),
                "authority", inside_text_json(a.authority), "of",
                inside_text_json(a.of), "from",
                day_json(a.from_unix, info->east_s), "until",
                last_day_json(a.until_unix, info->east_s)));
    }
    return array;
}

/* Every category with the entries that the bundle's lists have for it. */
static json_t *taxonomy_json(const struct cop_bundle *bundle)
{
    json_t *object = json_object();

    for (unsigned i = 0; object != NULL && i < COP_CATEGORIES; i++) {
        (void)json_object_set_new(object, cop_category_id(i),
            json_integer((json_int_t)report_category_entries(bundle, i)));
    }
    return object;
}

json_t *report_make(const struct cop_bundle *bundle, int64_t now_unix)
{
    json_t *report = json_pack("{s:s, s:o, s:o}", "schema", "copc/report/v1",
        "as_of", day_json(now_unix, 0), "bundle", inside_json(bundle));
    struct cop_bundle_info info;
    json_t *requirements;

    if (report == NULL) {
        return NULL;
    }
    cop_bundle_info(bundle, &info);
    (void)json_object_del(json_object_get(report, "bundle"), "requirements");
    requirements = requirements_json(bundle, info.requirements, now_unix);
    (void)json_object_set_new(report, "by_basis", by_basis_json(requirements));
    (void)json_object_set_new(report, "requirements", requirements);
    (void)json_object_set_new(
        report, "lists", lists_json(bundle, UINT32_MAX, now_unix));
    (void)json_object_set_new(report, "categories", taxonomy_json(bundle));
    (void)json_object_set_new(report, "appeals", appeals_json(bundle, &info));
    (void)json_object_set_new(report, "gaps", report_gaps(report));
    return report;
}

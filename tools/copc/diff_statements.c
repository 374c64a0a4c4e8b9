#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cop/evidence.h"
#include "tools/copc/diff.h"
#include "tools/copc/inside.h"
#include "tools/copc/moment.h"
#include "tools/copc/report.h"
#include "tools/copc/term.h"

/* ---- statements by their ids ---- */

/* Put a statement under its id and drop it. */
static void keep(json_t *by_id, struct cop_slice id, json_t *statement)
{
    char key[512];

    snprintf(key, sizeof key, "%.*s", (int)id.n, id.p);
    (void)json_object_set_new(by_id, key, statement);
}

/* The same for a part of a requirement: the first has its id for a key. */
static void keep_part(
    json_t *by_id, const struct cop_requirement *r, json_t *statement)
{
    char key[512];

    if (r->part == 0) {
        keep(by_id, r->id, statement);
        return;
    }
    snprintf(key, sizeof key, "%.*s, part %" PRIu32, (int)r->id.n, r->id.p,
        r->part + 1);
    (void)json_object_set_new(by_id, key, statement);
}

/* Lists and counts of entries are statements of their own. */
static json_t *requirement_statement(
    const struct cop_bundle *bundle, uint32_t index)
{
    json_t *object = report_requirement(bundle, index, INT64_MIN);
    json_t *categories = json_object_get(object, "categories");
    json_t *ids = json_array();
    size_t i;
    json_t *category;

    json_array_foreach(categories, i, category)
    {
        (void)json_array_append(ids, json_object_get(category, "id"));
    }
    (void)json_object_set_new(object, "categories", ids);
    (void)json_object_del(object, "lists");
    (void)json_object_del(object, "id");
    return object;
}

static json_t *requirements_of(const struct cop_bundle *bundle)
{
    json_t *by_id = json_object();
    struct cop_bundle_info info;

    cop_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.requirements; i++) {
        struct cop_requirement r;

        cop_bundle_requirement(bundle, i, &r);
        keep_part(by_id, &r, requirement_statement(bundle, i));
    }
    return by_id;
}

static json_t *lists_of(const struct cop_bundle *bundle)
{
    json_t *by_id = json_object();
    uint32_t n = cop_bundle_origins(bundle);

    for (uint32_t i = 0; i < n; i++) {
        struct cop_origin o;
        json_t *list = report_list(bundle, i, INT64_MIN);

        cop_bundle_origin(bundle, i, &o);
        (void)json_object_del(list, "name");
        keep(by_id, o.name, list);
    }
    return by_id;
}

static json_t *categories_of(const struct cop_bundle *bundle)
{
    json_t *by_id = json_object();

    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        keep(by_id, cop_slice_of(cop_category_id(i)),
            json_pack("{s:I}", "entries",
                (json_int_t)report_category_entries(bundle, i)));
    }
    return by_id;
}

static json_t *templates_of(const struct cop_bundle *bundle)
{
    json_t *by_id = json_object();
    struct cop_bundle_info info;

    cop_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.templates; i++) {
        struct cop_template t;

        cop_bundle_template(bundle, i, &t);
        keep(by_id, t.name,
            json_pack("{s:o, s:o, s:b, s:o}", "title",
                inside_text_json(t.title), "block",
                inside_categories_json(t.block), "allow_only", t.is_allow_only,
                "allow", inside_categories_json(t.allow_only)));
    }
    return by_id;
}

static json_t *time_json(int64_t unix_time)
{
    return unix_time == INT64_MIN || unix_time == INT64_MAX
               ? json_null()
               : json_integer(unix_time);
}

static json_t *appeals_of(const struct cop_bundle *bundle)
{
    json_t *by_id = json_object();
    struct cop_bundle_info info;

    cop_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.appeals; i++) {
        struct cop_appeal a;

        cop_bundle_appeal(bundle, i, &a);
        keep(by_id, a.id,
            json_pack("{s:o, s:o, s:o, s:o}", "authority",
                inside_text_json(a.authority), "of", inside_text_json(a.of),
                "from", time_json(a.from_unix), "until",
                time_json(a.until_unix)));
    }
    return by_id;
}

static json_t *manifest_of(const struct cop_bundle *bundle)
{
    json_t *by_id = json_object();
    struct cop_bundle_info info;

    cop_bundle_info(bundle, &info);
    keep(by_id, COP_LIT("bundle"),
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "name",
            inside_text_json(info.name), "title", inside_text_json(info.title),
            "issuer", inside_text_json(info.issuer), "licence",
            inside_text_json(info.licence), "revision",
            inside_text_json(info.revision)));
    return by_id;
}

/* ---- comparing ---- */

static void add_field(
    json_t *fields, const char *path, json_t *before, json_t *after)
{
    json_t *x = before != NULL ? json_incref(before) : json_null();
    json_t *y = after != NULL ? json_incref(after) : json_null();

    (void)json_array_append_new(fields,
        json_pack("{s:s, s:o, s:o}", "field", path, "before", x, "after", y));
}

static void compare_member(json_t *fields, const char *path, const char *member,
    json_t *before, json_t *after);

/* Objects member by member; they are our own and a few levels deep. */
static void compare_objects(
    json_t *fields, const char *path, json_t *before, json_t *after)
{
    const char *member;
    json_t *value;

    json_object_foreach(before, member, value)
    {
        compare_member(
            fields, path, member, value, json_object_get(after, member));
    }
    json_object_foreach(after, member, value)
    {
        if (json_object_get(before, member) == NULL) {
            compare_member(fields, path, member, NULL, value);
        }
    }
}

static void compare_member(json_t *fields, const char *path, const char *member,
    json_t *before, json_t *after)
{
    char below[256];

    snprintf(
        below, sizeof below, "%s%s%s", path, *path != '\0' ? "." : "", member);
    if (json_is_object(before) && json_is_object(after)) {
        compare_objects(fields, below, before, after);
    } else if (!json_equal(before, after)) {
        add_field(fields, below, before, after);
    }
}

static void add_change(
    json_t *rows, const char *id, const char *change, json_t *fields)
{
    (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "id", id,
                                          "change", change, "fields", fields));
}

/* Rows for what is only in one of them or differs; both are dropped. */
static json_t *compare(json_t *before, json_t *after)
{
    json_t *rows = json_array();
    const char *id;
    json_t *statement;

    json_object_foreach(before, id, statement)
    {
        json_t *other = json_object_get(after, id);
        json_t *fields = json_array();

        if (other == NULL) {
            add_change(rows, id, "removed", fields);
            continue;
        }
        compare_objects(fields, "", statement, other);
        if (json_array_size(fields) != 0) {
            add_change(rows, id, "changed", fields);
        } else {
            json_decref(fields);
        }
    }
    json_object_foreach(after, id, statement)
    {
        if (json_object_get(before, id) == NULL) {
            add_change(rows, id, "added", json_array());
        }
    }
    json_decref(before);
    json_decref(after);
    return rows;
}

json_t *diff_statements(
    const struct cop_bundle *before, const struct cop_bundle *after)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "manifest",
        compare(manifest_of(before), manifest_of(after)), "requirements",
        compare(requirements_of(before), requirements_of(after)), "lists",
        compare(lists_of(before), lists_of(after)), "categories",
        compare(categories_of(before), categories_of(after)), "templates",
        compare(templates_of(before), templates_of(after)), "appeals",
        compare(appeals_of(before), appeals_of(after)));
}

size_t diff_count(json_t *statements)
{
    size_t n = 0;
    const char *kind;
    json_t *rows;

    json_object_foreach(statements, kind, rows)
    {
        n += json_array_size(rows);
    }
    return n;
}

/* ---- for people ---- */

/* A value in short on one line; cut with dots when it is long. */
static void print_value(FILE *to, const json_t *value)
{
    enum { SHOWN_BYTES = 60 };
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t n = text != NULL ? strlen(text) : 0;

    if (n <= SHOWN_BYTES) {
        (void)fputs(text != NULL ? text : "?", to);
    } else {
        size_t cut = SHOWN_BYTES;

        while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80) {
            cut--;
        }
        fprintf(to, "%.*s...", (int)cut, text);
    }
    free(text);
}

static void print_row(FILE *to, const json_t *row)
{
    const char *change = report_text(row, "change");
    enum term_style look = strcmp(change, "added") == 0     ? TERM_GOOD
                           : strcmp(change, "removed") == 0 ? TERM_BAD
                                                            : TERM_CARE;
    size_t i;
    json_t *field;

    fprintf(to, "  %s%s%s %s\n", term_style(to, look), change,
        term_style(to, TERM_PLAIN), report_text(row, "id"));
    json_array_foreach(json_object_get(row, "fields"), i, field)
    {
        fprintf(to, "    %s: ", report_text(field, "field"));
        print_value(to, json_object_get(field, "before"));
        (void)fputs(" -> ", to);
        print_value(to, json_object_get(field, "after"));
        (void)fputc('\n', to);
    }
}

void diff_print(FILE *to, const json_t *statements)
{
    static const char *const kinds[] = {"manifest", "requirements", "lists",
        "categories", "templates", "appeals"};

    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        const json_t *rows = json_object_get(statements, kinds[k]);
        size_t i;
        json_t *row;

        if (json_array_size(rows) == 0) {
            continue;
        }
        fprintf(to, "%s%s%s\n", term_style(to, TERM_STRONG), kinds[k],
            term_style(to, TERM_PLAIN));
        json_array_foreach(rows, i, row)
        {
            print_row(to, row);
        }
        (void)fputc('\n', to);
    }
}

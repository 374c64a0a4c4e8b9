/* Whom a requirement is about and what it selects. */
#include "rules/base/subscriber.h"
#include "rules/read/date.h"
#include "rules/read/requirement.h"

/* ---- scope ---- */

static void read_age_min(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_scope *scope =
        &((struct requirement_reader *)into)->fact->scope;

    (void)yaml_int(yaml, value, INT32_MIN, INT32_MAX, &scope->age_min);
}

static void read_age_max(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_scope *scope =
        &((struct requirement_reader *)into)->fact->scope;

    (void)yaml_int(yaml, value, INT32_MIN, INT32_MAX, &scope->age_max);
}

static void read_age_basis(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"declared", "guardian",
        "subscriber_register", "school_roll", "verified", "assumed"};
    unsigned which;

    (void)into;
    (void)yaml_word(
        yaml, value, words, sizeof(words) / sizeof(words[0]), &which);
}

static void read_age(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"min", read_age_min, true},
        {"max", read_age_max, true},
        {"basis", read_age_basis, false},
    };
    struct fact_scope *scope =
        &((struct requirement_reader *)into)->fact->scope;

    scope->age_place = fact_place(yaml, value);
    (void)yaml_map_read(yaml, value, keys, 3, into);
}

static void read_windows(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_scope *scope =
        &((struct requirement_reader *)into)->fact->scope;

    if (fact_read_hours(yaml, value, &scope->hours, &scope->hours_n) &&
        scope->hours_n == 0) {
        yaml_error(yaml, value, "value",
            "leave schedule out where it is of all hours",
            "the requirement would be of no hour");
    }
}

static const char *const applies_words[] = {"gateway", "content_providers"};

/* Told by read_schedule() already. */
static void read_applies_to(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    unsigned which;

    (void)into;
    (void)yaml_word(yaml, value, applies_words, 2, &which);
}

/* The gateway has one clock on its wall, that of the place where it is. */
static void read_tz(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct cop_slice zone;

    (void)into;
    if (yaml_text(yaml, value, &zone)) {
        yaml_note(yaml, value, "aside", NULL,
            "the hours are those of each gateway's own time zone; %s is for "
            "people",
            zone.p);
    }
}

/* Hours of whoever publishes something, such as a watershed, are no hours of
 * the gateway. */
static void read_schedule(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"windows", read_windows, true},
        {"applies_to", read_applies_to, false},
        {"tz", read_tz, false},
    };
    const struct yaml_node *who = yaml_get(value, "applies_to");

    if (yaml->observer == NULL && who != NULL && who->kind == YAML_TEXT &&
        cop_slice_eq(who->text, COP_LIT("content_providers"))) {
        requirement_read_aside_map(yaml, value, into);
        return;
    }
    (void)yaml_map_read(yaml, value, keys, 3, into);
}

/* Both keys are read by settle_subscribers(); an observer learns here what
 * they want. */
static void read_classes(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    uint32_t unused = 0;

    (void)into;
    if (yaml->observer != NULL) {
        (void)fact_read_subscribers(yaml, value, &unused);
    } else {
        yaml_skip(yaml, value);
    }
}

/* The classes are settled from both keys together, whatever their order. */
static void settle_subscribers(
    struct yaml *yaml, const struct yaml_node *scope, uint32_t *out)
{
    static const uint32_t all = (UINT32_C(1) << SUBSCRIBERS) - 1;
    const struct yaml_node *only = yaml_get(scope, "subscriber");
    const struct yaml_node *but = yaml_get(scope, "exclude_subscriber");
    uint32_t bits = 0;
    uint32_t excluded = 0;

    if ((only != NULL && !fact_read_subscribers(yaml, only, &bits)) ||
        (but != NULL && !fact_read_subscribers(yaml, but, &excluded))) {
        return;
    }
    if (excluded != 0) {
        bits = (bits == 0 ? all : bits) & ~excluded;
        if (bits == 0) {
            yaml_error(yaml, but, "value", "leave one class in",
                "every class of subscriber is excluded");
        }
    }
    *out = bits;
}

void requirement_read_scope(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"age", read_age, false},
        {"subscriber", read_classes, false},
        {"exclude_subscriber", read_classes, false},
        {"needs", requirement_read_aside_list, false},
        {"where", requirement_read_aside_list, false},
        {"schedule", read_schedule, false},
    };
    struct requirement_reader *reader = into;

    if (yaml_map_read(
            yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into)) {
        settle_subscribers(yaml, value, &reader->fact->scope.subscribers);
    }
}

/* ---- target.list ---- */

/* `list` first: the shared keys of a list take that as their `into`. */
struct item_reader {
    struct list_reader list;
    const struct requirement_reader *requirement;
    bool is_keyed;     /* distribution: keyed_hash */
    bool is_reference; /* distribution: reference */
};

static void read_ref(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct item_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->list.list->ref);
}

static void read_semantics(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"deny", "allow", "allow_only"};
    struct item_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, words, 3, &which)) {
        reader->list.list->semantics = (enum list_semantics)which;
        reader->list.list->has_semantics = true;
    }
}

static void read_confidentiality(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"public", "restricted", "secret"};
    struct item_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, words, 3, &which)) {
        reader->list.list->secrecy = (enum list_secrecy)which;
    }
}

static void read_distribution(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"inline", "reference", "keyed_hash"};
    struct item_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, words, 3, &which)) {
        reader->is_reference = which == 1;
        reader->is_keyed = which == 2;
    }
}

static void read_cadence(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_list *list = ((struct item_reader *)into)->list.list;

    list->has_cadence = yaml_text(yaml, value, &list->cadence);
}

static void read_max_age(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct item_reader *reader = into;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    reader->list.list->has_max_age = true;
    reader->list.list->max_age = text;
    if (!date_is_duration(text)) {
        yaml_error(yaml, value, "value",
            "write P2D for two days, PT12H for "
            "twelve hours",
            "max_age should be a duration, not \"%s\"", text.p);
    }
}

static void read_stale_policy(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct item_reader *reader = into;
    struct cop_slice text;

    reader->list.list->has_stale_policy = yaml_text(yaml, value, &text);
}

static const struct yaml_key item_keys[] = {
    {"ref", read_ref, false},
    {"file", list_read_file, false},
    {"entries", list_read_entries, false},
    {"format", list_read_format, false},
    {"object", list_read_object, false},
    {"bad_lines", list_read_bad_lines, false},
    {"delimiter", list_read_delimiter, false},
    {"header", list_read_header, false},
    {"columns", list_read_columns, false},
    {"semantics", read_semantics, false},
    {"confidentiality", read_confidentiality, false},
    {"distribution", read_distribution, false},
    {"cadence", read_cadence, false},
    {"max_age", read_max_age, false},
    {"stale_policy", read_stale_policy, false},
    {"integrity", NULL, false},
    {"verification_key", NULL, false},
    {"licence", list_read_licence, false},
    {"origin", list_read_origin, false},
    {"retrieved", list_read_retrieved, false},
    {"at_limit", list_read_at_limit, false},
    {"substitutes", NULL, false},
    {"note", NULL, false},
};

static void settle_item(
    struct yaml *yaml, const struct yaml_node *node, struct item_reader *reader)
{
    struct fact_list *list = reader->list.list;
    bool is_here = list->path.p != NULL || list->entries != NULL;

    if (reader->is_keyed) {
        list->is_unsupported = true;
        list->is_hashed = false;
        requirement_unsupported(yaml, node, reader->requirement,
            "carry a restricted list as keyed hashes (distribution: "
            "keyed_hash)");
    }
    if (list_has_category_column(list)) {
        yaml_error(yaml, node, "value",
            "write a cop:list document and name its categories",
            "a requirement's own list has no categories");
    }
    if (reader->is_reference && is_here) {
        yaml_error(yaml, node, "value",
            "remove the file, or write distribution: inline",
            "the list is distributed by reference, yet its entries are here");
    }
}

static void read_item(struct yaml *yaml, const struct yaml_node *node,
    struct requirement_reader *requirement, struct fact_list *out)
{
    struct item_reader reader = {
        .list = {.document = requirement->document,
            .list = out,
            .is_lenient = requirement->is_lenient},
        .requirement = requirement,
    };

    out->place = fact_place(yaml, node);
    if (!yaml_map_read(yaml, node, item_keys,
            sizeof(item_keys) / sizeof(item_keys[0]), &reader)) {
        return;
    }
    list_read_end(yaml, node, &reader.list);
    settle_item(yaml, node, &reader);
}

/* A list of lists, or one of them alone. */
static void read_lists(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    const struct yaml_node *item =
        value->kind == YAML_LIST ? value->first : value;
    size_t n = value->kind == YAML_LIST ? value->count : 1;
    struct fact_list *lists;

    if (value->kind != YAML_MAP && !yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    lists = arena_array(yaml->arena, n + 1, sizeof(*lists));
    if (lists == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        read_item(yaml, item, reader, &lists[i]);
        item = item->next;
    }
    reader->fact->target.lists = lists;
    reader->fact->target.lists_n = n;
}

/* ---- target ---- */

static void read_category(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)fact_read_categories(yaml, value, &reader->fact->target.categories);
}

static void read_label(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    requirement_unsupported(
        yaml, value, into, "honour age labels of pages (target.label)");
}

static void read_feature(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    ((struct requirement_reader *)into)->fact->target.has_feature = true;
    requirement_unsupported(yaml, value, into,
        "switch features such as safe search (target.feature)");
}

static void read_gloss(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    reader->fact->target.has_gloss = yaml_is(yaml, value, YAML_MAP);
    requirement_read_aside(yaml, value, into);
}

void requirement_read_target(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"category", read_category, false},
        {"list", read_lists, false},
        {"label", read_label, false},
        {"feature", read_feature, false},
        {"gloss", read_gloss, false},
        {"list_source", requirement_read_aside_map, false},
    };
    struct requirement_reader *reader = into;

    reader->fact->target.place = fact_place(yaml, value);
    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

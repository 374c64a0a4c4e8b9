/* cop:template:<name>, what a profile starts from; cop:appeal:<c>:<name>, an
 * upheld appeal for one object. */
#include "rules/read/documents.h"

#include <stdint.h>

/* ---- templates ---- */

static void read_template_id(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_template *fact = into;

    (void)yaml_text(yaml, value, &fact->head.id);
}

static void read_template_title(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_template *fact = into;

    (void)fact_read_texts(yaml, value, &fact->title);
}

static void read_block(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_template *fact = into;

    (void)fact_read_categories(yaml, value, &fact->block);
}

static void read_allow(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_template *fact = into;

    (void)fact_read_categories(yaml, value, &fact->allow);
}

static void read_allow_only(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_template *fact = into;

    (void)yaml_bool(yaml, value, &fact->is_allow_only);
}

void template_read(struct document *document, struct facts *facts)
{
    static const struct yaml_key keys[] = {
        {"id", read_template_id, true},
        {"title", read_template_title, true},
        {"block", read_block, false},
        {"allow_only", read_allow_only, false},
        {"allow", read_allow, false},
        {"note", NULL, false},
    };
    struct yaml *yaml = &document->yaml;
    struct fact_template *fact = arena_alloc(yaml->arena, sizeof(*fact));

    if (fact == NULL) {
        return;
    }
    fact->head.place = fact_place(yaml, yaml->root);
    (void)yaml_map_read(
        yaml, yaml->root, keys, sizeof(keys) / sizeof(keys[0]), fact);
    if (!fact->is_allow_only && !cop_catset_empty(fact->allow.set)) {
        yaml_error(yaml, yaml_get(yaml->root, "allow"), "value",
            "write allow_only: true, or leave allow out",
            "allow says what an allow-only template lets through, and this "
            "template is none");
    }
    fact->head.next = facts->templates;
    facts->templates = &fact->head;
}

/* ---- appeals ---- */

static void read_appeal_id(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_appeal *fact = into;

    (void)yaml_text(yaml, value, &fact->head.id);
}

static void read_authority(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_appeal *fact = into;

    (void)yaml_text(yaml, value, &fact->authority);
}

static void read_of(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_appeal *fact = into;

    fact->of_place = fact_place(yaml, value);
    (void)yaml_text(yaml, value, &fact->of);
}

static void read_object(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_appeal *fact = into;

    fact->object.place = fact_place(yaml, value);
    (void)yaml_text(yaml, value, &fact->object.text);
}

static void read_reason(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_appeal *fact = into;

    (void)yaml_text(yaml, value, &fact->reason);
}

static void read_decided(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_appeal *fact = into;

    (void)fact_read_start(yaml, value, &fact->from_unix);
}

static void read_until(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_appeal *fact = into;

    (void)fact_read_until(yaml, value, &fact->until_unix);
}

void appeal_read(struct document *document, struct facts *facts)
{
    static const struct yaml_key keys[] = {
        {"id", read_appeal_id, true},
        {"authority", read_authority, true},
        {"of", read_of, true},
        {"object", read_object, true},
        {"decided", read_decided, true},
        {"until", read_until, false},
        {"reason", read_reason, true},
    };
    struct yaml *yaml = &document->yaml;
    struct fact_appeal *fact = arena_alloc(yaml->arena, sizeof(*fact));

    if (fact == NULL) {
        return;
    }
    fact->head.place = fact_place(yaml, yaml->root);
    fact->document = document->name;
    fact->until_unix = INT64_MAX;
    (void)yaml_map_read(
        yaml, yaml->root, keys, sizeof(keys) / sizeof(keys[0]), fact);
    if (fact->until_unix <= fact->from_unix) {
        yaml_error(yaml, yaml->root, "value", NULL,
            "the appeal ends before it was decided");
    }
    fact->head.next = facts->appeals;
    facts->appeals = &fact->head;
}

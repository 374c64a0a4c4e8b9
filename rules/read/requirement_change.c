/* A list's `change`: what becomes of requests for what it names. */
#include "rules/bundle/changes.h"
#include "rules/read/requirement.h"

enum { KINDS = COP_CHANGE_ADDRESS + 1 };

struct change_reader {
    struct fact_change *change;
    unsigned kinds; /* keys of kinds that were there */
};

static void read_named(struct yaml *yaml, const struct yaml_node *value,
    struct change_reader *reader, enum cop_change_kind kind)
{
    reader->kinds++;
    reader->change->kind = kind;
    (void)yaml_text(yaml, value, &reader->change->name);
}

static void read_query(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    read_named(yaml, value, into, COP_CHANGE_QUERY);
}

static void read_header(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    read_named(yaml, value, into, COP_CHANGE_HEADER);
}

static void read_address(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct change_reader *reader = into;
    struct cop_slice text;
    struct cop_host host;
    struct cop_slice name;

    reader->kinds++;
    reader->change->kind = COP_CHANGE_ADDRESS;
    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    if (cop_host_parse(text, &host) != COP_OK || host.kind != COP_HOST_NAME) {
        yaml_error(yaml, value, "value",
            "write the name that is to be reached instead", "\"%s\" is no name",
            text.p);
        return;
    }
    name = cop_host_slice(&host);
    reader->change->value =
        arena_print(yaml->arena, "%.*s", (int)name.n, name.p);
}

static void read_value(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct change_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->change->value);
}

static void read_change(
    struct yaml *yaml, const struct yaml_node *node, struct fact_change *out)
{
    static const struct yaml_key keys[] = {
        {"query", read_query, false},
        {"header", read_header, false},
        {"address", read_address, false},
        {"value", read_value, false},
        {"note", NULL, false},
    };
    struct change_reader reader = {.change = out};
    uint32_t errors = yaml->errors;
    bool wants_value;
    const char *flaw;

    out->place = fact_place(yaml, node);
    if (!yaml_map_read(
            yaml, node, keys, sizeof(keys) / sizeof(keys[0]), &reader) ||
        yaml->errors != errors) {
        return;
    }
    wants_value = out->kind != COP_CHANGE_ADDRESS;
    if (reader.kinds != 1 || wants_value != (yaml_get(node, "value") != NULL)) {
        yaml_error(yaml, node, "value",
            "write {query: name, value: text}, {header: name, value: text} or "
            "{address: name}",
            "a change sets exactly one thing");
        return;
    }
    flaw = change_flaw(out->kind, out->name, out->value);
    if (flaw != NULL) {
        yaml_error(yaml, node, "value", NULL, "the change %s", flaw);
    }
}

/* A name is set once. Names of fields are the same in any case. */
static void check_twice(struct yaml *yaml, const struct yaml_node *node,
    const struct fact_change *changes, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (changes[i].kind == changes[at].kind &&
            change_names_same(changes[i].name, changes[at].name)) {
            yaml_error(yaml, node, "value", "keep one of the two",
                "the same is changed twice");
            return;
        }
    }
}

void requirement_read_change(
    struct yaml *yaml, const struct yaml_node *value, struct fact_list *list)
{
    struct fact_change *changes;
    size_t n = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    if (value->count > FACT_CHANGES_MAX) {
        yaml_error(yaml, value, "limit", "write several lists",
            "a list can have %d changes", FACT_CHANGES_MAX);
        return;
    }
    changes = arena_array(yaml->arena, value->count + 1U, sizeof(*changes));
    if (changes == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        read_change(yaml, c, &changes[n]);
        check_twice(yaml, c, changes, n);
        n++;
    }
    list->changes = changes;
    list->changes_n = n;
}

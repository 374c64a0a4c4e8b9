/* cop:list:<name>, a list whose entries carry categories. */
#include "rules/read/documents.h"

/* `list` first: the shared keys of a list take that as their `into`. */
struct reader {
    struct list_reader list;
    struct fact_category_list *fact;
};

static void read_id(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->head.id);
}

static void read_categories(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reader *reader = into;

    if (fact_read_categories(yaml, value, &reader->fact->categories) &&
        value->count == 0) {
        yaml_error(yaml, value, "value", "name at least one",
            "this list has no category");
    }
}

static void read_map(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reader *reader = into;

    list_read_map(yaml, value, reader->fact);
}

static void settle(struct yaml *yaml, struct fact_category_list *fact)
{
    bool has_column = list_has_category_column(&fact->list);

    if (fact->parts_n == 0 && yaml_get(yaml->root, "categories") == NULL) {
        yaml_error(yaml, yaml->root, "key", "write categories: [...]",
            "the key categories is missing");
    }
    if (has_column != (fact->parts_n > 0)) {
        yaml_error(yaml, yaml->root, "key",
            "write both: columns: {name: 1, category: 2}, and category_map",
            "a column of categories needs a category_map, and this that");
    }
    (void)list_settle_parts(fact, yaml->arena);
}

void category_list_read(struct document *document, struct facts *facts)
{
    static const struct yaml_key keys[] = {
        {"id", read_id, true},
        {"title", NULL, false},
        {"file", list_read_file, false},
        {"entries", list_read_entries, false},
        {"format", list_read_format, true},
        {"object", list_read_object, false},
        {"bad_lines", list_read_bad_lines, false},
        {"delimiter", list_read_delimiter, false},
        {"header", list_read_header, false},
        {"columns", list_read_columns, false},
        {"category_map", read_map, false},
        {"categories", read_categories, false},
        {"licence", list_read_licence, true},
        {"origin", list_read_origin, false},
        {"retrieved", list_read_retrieved, false},
        {"at_limit", list_read_at_limit, false},
        {"note", NULL, false},
    };
    struct yaml *yaml = &document->yaml;
    struct fact_category_list *fact = arena_alloc(yaml->arena, sizeof(*fact));
    struct reader reader = {.fact = fact};

    if (fact == NULL) {
        return;
    }
    fact->head.place = fact_place(yaml, yaml->root);
    fact->list.place = fact->head.place;
    reader.list =
        (struct list_reader){.document = document, .list = &fact->list};
    (void)yaml_map_read(
        yaml, yaml->root, keys, sizeof(keys) / sizeof(keys[0]), &reader);
    list_read_end(yaml, yaml->root, &reader.list);
    settle(yaml, fact);
    fact->head.next = facts->lists;
    facts->lists = &fact->head;
}

/* cop:taxonomy:<n>, what categories are called, by language. */
#include "rules/read/documents.h"

static void read_label_text(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_label *fact = into;

    (void)fact_read_texts(yaml, value, &fact->label);
}

static const struct yaml_key label_keys[] = {
    {"label", read_label_text, true},
    {"note", NULL, false},
};

static void read_label(
    struct yaml *yaml, const struct yaml_node *member, struct facts *facts)
{
    struct yaml_node key = {
        .line = member->key_line, .column = member->key_column};
    struct fact_label *fact;
    enum cop_category category;

    if (cop_category_find(member->key, &category) != COP_OK) {
        yaml_error(yaml, &key, "L21", "take one of include/cop/category.tbl",
            "there is no category %s", member->key.p);
        return;
    }
    fact = arena_alloc(yaml->arena, sizeof(*fact));
    if (fact == NULL) {
        return;
    }
    fact->head.place = fact_place(yaml, &key);
    fact->head.id = member->key;
    fact->category = category;
    (void)yaml_map_read(yaml, member, label_keys, 2, fact);
    fact->head.next = facts->labels;
    facts->labels = &fact->head;
}

static void read_categories(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    if (!yaml_is(yaml, value, YAML_MAP)) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        read_label(yaml, c, into);
    }
}

void taxonomy_read(struct document *document, struct facts *facts)
{
    static const struct yaml_key keys[] = {
        {"id", NULL, true},
        {"title", NULL, false},
        {"categories", read_categories, true},
    };

    (void)yaml_map_read(&document->yaml, document->yaml.root, keys, 3, facts);
}

/* The keys of a list that say how a table is read: delimiter, header, columns,
 * and, of category lists, category_map. */
#include "rules/read/documents.h"
#include "rules/read/csv.h"

void list_read_delimiter(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    reader->has_table_keys = true;
    if (text.n == 1 && strchr(",;|:\t", text.p[0]) != NULL) {
        reader->list->csv.delimiter = text.p[0];
    } else if (cop_slice_eq(text, COP_LIT("tab"))) {
        reader->list->csv.delimiter = '\t';
    } else {
        yaml_error(yaml, value, "value",
            "write \",\", \";\", \"|\", \":\" or tab", "\"%s\" is no delimiter",
            text.p);
    }
}

void list_read_header(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;

    reader->has_table_keys = true;
    reader->has_header = yaml_bool(yaml, value, &reader->list->csv.has_header);
}

static bool is_number(struct cop_slice text)
{
    return text.n > 0 && text.p[0] >= '0' && text.p[0] <= '9';
}

/* A column: a number from 1, or a name of the header. */
static void read_column(struct yaml *yaml, const struct yaml_node *value,
    struct fact_column *column)
{
    struct cop_slice text;
    int64_t number = 0;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    if (!is_number(text)) {
        column->header = text;
    } else if (yaml_int(yaml, value, 1, CSV_COLUMNS_MAX, &number)) {
        column->number = (uint32_t)number;
    }
}

static void read_name_column(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    read_column(yaml, value, &((struct list_reader *)into)->list->csv.name);
}

static void read_category_column(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    read_column(yaml, value, &((struct list_reader *)into)->list->csv.category);
}

void list_read_columns(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"name", read_name_column, true},
        {"category", read_category_column, false},
    };
    struct list_reader *reader = into;

    reader->has_table_keys = true;
    (void)yaml_map_read(yaml, value, keys, 2, into);
}

static bool is_named(const struct fact_column *column)
{
    return column->number != 0 || column->header.p != NULL;
}

void list_settle_table(
    struct yaml *yaml, const struct yaml_node *node, struct list_reader *reader)
{
    struct fact_csv *csv = &reader->list->csv;

    if (reader->list->format != LIST_CSV) {
        if (reader->has_table_keys) {
            yaml_error(yaml, node, "key", "write format: csv, or remove them",
                "delimiter, header and columns are for format: csv");
        }
        return;
    }
    if (csv->delimiter == '\0') {
        csv->delimiter = ',';
    }
    if (!is_named(&csv->name)) {
        yaml_error(yaml, node, "key",
            "write columns: {name: 1}, or the name that the header has",
            "nothing says which column has the names");
    }
    if (csv->name.header.p != NULL || csv->category.header.p != NULL) {
        if (reader->has_header && !csv->has_header) {
            yaml_error(yaml, node, "value", "write the columns' numbers",
                "columns are called by a header that is not there");
        }
        csv->has_header = true;
    }
}

bool list_has_category_column(const struct fact_list *list)
{
    return is_named(&list->csv.category);
}

/* ---- category_map ---- */

void list_read_map(struct yaml *yaml, const struct yaml_node *value,
    struct fact_category_list *fact)
{
    struct fact_list_part *parts;
    size_t n = 0;

    if (!yaml_is(yaml, value, YAML_MAP)) {
        return;
    }
    if (value->count == 0 || value->count > LIST_PARTS_MAX) {
        yaml_error(yaml, value, "value",
            "write {value of the column: [categories]}",
            "a category_map has 1 to %d values", LIST_PARTS_MAX);
        return;
    }
    parts = arena_array(yaml->arena, value->count, sizeof(*parts));
    if (parts == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        parts[n].value = c->key;
        if (fact_read_categories(yaml, c, &parts[n].categories) &&
            c->count == 0) {
            yaml_error(yaml, c, "value", "name at least one",
                "this value has no category");
        }
        n++;
    }
    fact->parts = parts;
    fact->parts_n = n;
}

bool list_settle_parts(struct fact_category_list *fact, struct arena *arena)
{
    struct fact_csv *csv = &fact->list.csv;
    struct cop_slice *known =
        arena_array(arena, fact->parts_n + 1, sizeof(*known));

    if (known == NULL) {
        return false;
    }
    for (size_t i = 0; i < fact->parts_n; i++) {
        known[i] = fact->parts[i].value;
    }
    csv->known = known;
    csv->known_n = fact->parts_n;
    for (size_t i = 0; i < fact->parts_n; i++) {
        fact->parts[i].list = fact->list;
        fact->parts[i].list.csv.only = fact->parts[i].value;
        /* Rows that nobody takes are told once. */
        fact->parts[i].list.csv.tells_unknown =
            i == 0 && cop_catset_empty(fact->categories.set);
    }
    return true;
}

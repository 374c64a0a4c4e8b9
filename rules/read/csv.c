#include "rules/read/csv.h"

#include <string.h>

#include "rules/read/entry_parts.h"

enum state {
    FIELD_START,
    IN_BARE,
    IN_QUOTES,
    QUOTE_IN_QUOTES /* its end, or the first of two */
};

void csv_init(struct csv *csv, const struct fact_csv *fact)
{
    csv->fact = fact;
    csv->name_at = fact->name.number;
    csv->category_at = fact->category.number;
    csv->columns = 0;
    csv->is_past_header = !fact->has_header;
    csv->is_dead = false;
    csv->state = FIELD_START;
    csv->column = 0;
    csv->lines = 0;
    csv->field_n = 0;
    csv->name_n = 0;
    csv->category_n = 0;
}

static bool flawed_at(struct entry_flaw *flaw, struct cop_slice line, size_t at,
    const char *todo, const char *what)
{
    const struct word word = {line, {line.p + at, 0}};

    return entry_flawed(flaw, &word, todo, "%s", what);
}

/* ---- columns ---- */

/* In the header a field is a column's name. */
static void note_header(struct csv *csv, struct cop_slice text)
{
    const struct fact_csv *fact = csv->fact;

    if (fact->name.header.p != NULL && cop_slice_eq(fact->name.header, text)) {
        csv->name_at = csv->column;
    }
    if (fact->category.header.p != NULL &&
        cop_slice_eq(fact->category.header, text)) {
        csv->category_at = csv->column;
    }
}

static bool end_field(
    struct csv *csv, struct cop_slice line, size_t at, struct entry_flaw *flaw)
{
    struct cop_slice text =
        entry_trimmed((struct cop_slice){csv->field, csv->field_n});

    csv->field_n = 0;
    csv->state = FIELD_START;
    if (!csv->is_past_header) {
        note_header(csv, text);
        return true;
    }
    if (csv->column == csv->name_at) {
        memcpy(csv->name, text.p, text.n);
        csv->name_n = text.n;
    }
    if (csv->column == csv->category_at) {
        if (text.n > sizeof(csv->category)) {
            return flawed_at(flaw, line, at, "is it the right column?",
                "a category has at most 255 bytes");
        }
        memcpy(csv->category, text.p, text.n);
        csv->category_n = text.n;
    }
    return true;
}

static bool add_char(struct csv *csv, char c)
{
    if (csv->field_n == sizeof(csv->field)) {
        return false;
    }
    csv->field[csv->field_n++] = c;
    return true;
}

/* ---- rows ---- */

static void begin_row(struct csv *csv)
{
    csv->column = 1;
    csv->lines = 0;
    csv->state = FIELD_START;
    csv->field_n = 0;
    csv->name_n = 0;
    csv->category_n = 0;
    csv->name_offset = 0;
}

static bool is_known(const struct fact_csv *fact, struct cop_slice category)
{
    for (size_t i = 0; i < fact->known_n; i++) {
        if (cop_slice_eq(fact->known[i], category)) {
            return true;
        }
    }
    return false;
}

/* Whether this list takes rows of a category. */
static bool is_ours(const struct fact_csv *fact, struct cop_slice category)
{
    return fact->only.p != NULL ? cop_slice_eq(fact->only, category)
                                : !is_known(fact, category);
}

static bool end_header(
    struct csv *csv, struct cop_slice line, struct entry_flaw *flaw)
{
    bool wants_category = csv->fact->category.header.p != NULL;

    csv->is_past_header = true;
    if (csv->name_at != 0 && (!wants_category || csv->category_at != 0)) {
        return true;
    }
    csv->is_dead = true;
    return entry_flawed(flaw, &(struct word){line, {line.p, 0}},
        "correct the name, or write the column's number",
        "the header has no column \"%s\"",
        csv->name_at == 0 ? csv->fact->name.header.p
                          : csv->fact->category.header.p);
}

static bool take_row(struct csv *csv, const struct entry_reader *reader,
    struct cop_slice line, struct entry_flaw *flaw)
{
    struct cop_slice category = {csv->category, csv->category_n};
    struct word word = {{csv->name, csv->name_n}, {csv->name, csv->name_n}};

    if (csv->fact->tells_unknown && !is_known(csv->fact, category)) {
        return entry_skip(flaw, "rows whose category is not in category_map");
    }
    if (!is_ours(csv->fact, category)) {
        return true;
    }
    if (csv->name_n == 0) {
        return entry_skip(flaw, "rows without a name");
    }
    if (!entry_check_characters(word.text, flaw) ||
        !entry_take_object(reader, &word, flaw)) {
        flaw->offset = csv->lines == 0 && csv->name_offset <= line.n
                           ? csv->name_offset
                           : 0;
        return false;
    }
    return true;
}

static bool end_row(struct csv *csv, const struct entry_reader *reader,
    struct cop_slice line, struct entry_flaw *flaw)
{
    uint32_t columns = csv->column;

    csv->column = 0;
    if (csv->columns == 0) {
        csv->columns = columns;
        if (csv->name_at > columns || csv->category_at > columns) {
            csv->is_dead = true;
            return entry_flawed(flaw, &(struct word){line, {line.p, 0}},
                "columns are counted from 1; is it the right delimiter?",
                "the table has %u columns", columns);
        }
    }
    if (columns != csv->columns) {
        return entry_flawed(flaw, &(struct word){line, {line.p, 0}},
            "put a field that holds the delimiter between quotes",
            "this row has %u columns and the first has %u", columns,
            csv->columns);
    }
    return csv->is_past_header ? take_row(csv, reader, line, flaw)
                               : end_header(csv, line, flaw);
}

/* ---- characters ---- */

static bool next_field(
    struct csv *csv, struct cop_slice line, size_t at, struct entry_flaw *flaw)
{
    if (!end_field(csv, line, at, flaw)) {
        return false;
    }
    if (++csv->column > CSV_COLUMNS_MAX) {
        return flawed_at(
            flaw, line, at, NULL, "a table has at most 256 columns");
    }
    if (csv->column == csv->name_at) {
        csv->name_offset = at + 1;
    }
    return true;
}

static bool take_char(
    struct csv *csv, struct cop_slice line, size_t at, struct entry_flaw *flaw)
{
    char c = line.p[at];
    bool is_room = true;

    if (csv->state == IN_QUOTES) {
        if (c == '"') {
            csv->state = QUOTE_IN_QUOTES;
        } else {
            is_room = add_char(csv, c);
        }
    } else if (csv->state == QUOTE_IN_QUOTES && c == '"') {
        csv->state = IN_QUOTES;
        is_room = add_char(csv, c);
    } else if (c == csv->fact->delimiter) {
        return next_field(csv, line, at, flaw);
    } else if (csv->state == QUOTE_IN_QUOTES) {
        return flawed_at(flaw, line, at, "double the quotes inside a field",
            "there is something behind the quotes that end a field");
    } else if (c == '"') {
        if (csv->state != FIELD_START) {
            return flawed_at(flaw, line, at,
                "put the whole field between quotes and double these",
                "there are quotes inside a field without quotes");
        }
        csv->state = IN_QUOTES;
    } else {
        csv->state = IN_BARE;
        is_room = add_char(csv, c);
    }
    return is_room || flawed_at(flaw, line, at, "is a quote missing before?",
                          "this field has more than 4,096 bytes");
}

static bool read_row(struct csv *csv, const struct entry_reader *reader,
    struct cop_slice line, struct entry_flaw *flaw)
{
    if (csv->column == 0) {
        begin_row(csv);
    }
    for (size_t i = 0; i < line.n; i++) {
        if (!take_char(csv, line, i, flaw)) {
            return false;
        }
    }
    if (csv->state != IN_QUOTES) {
        return end_field(csv, line, line.n, flaw) &&
               end_row(csv, reader, line, flaw);
    }
    if (++csv->lines == CSV_ROW_LINES_MAX || !add_char(csv, '\n')) {
        return flawed_at(flaw, line, line.n, "is a quote missing before?",
            "a field in quotes does not end");
    }
    return true;
}

bool csv_read(struct csv *csv, const struct entry_reader *reader,
    struct cop_slice line, struct entry_flaw *flaw, uint32_t *back)
{
    bool is_between = csv->column == 0;

    entry_flaw_clear(flaw);
    *back = is_between ? 0 : csv->lines;
    if (csv->is_dead || (is_between && (line.n == 0 || line.p[0] == '#'))) {
        return true;
    }
    if (!entry_check_characters(line, flaw) ||
        !read_row(csv, reader, line, flaw)) {
        csv->column = 0; /* the next line begins a row */
        return false;
    }
    return true;
}

bool csv_end(const struct csv *csv, struct entry_flaw *flaw)
{
    if (csv->column == 0) {
        return true;
    }
    entry_flaw_clear(flaw);
    return entry_flawed(flaw, &(struct word){COP_LIT(""), COP_LIT("")},
        "close the quotes", "the table ends within a field in quotes");
}

/* Tables of comma-separated values (RFC 4180), read as a list: one column has
 * the entries, and another may say of which category each is.
 *
 * A field may stand between quotes and then hold delimiters, line breaks and,
 * doubled, quotes. All rows have as many columns as the first. A line that
 * begins with # between rows is a comment. */
#ifndef RULES_READ_CSV_H
#define RULES_READ_CSV_H

#include "rules/read/entry.h"

enum {
    CSV_FIELD_MAX = 4096,
    CSV_LABEL_MAX = 255, /* of a value in the category column */
    CSV_COLUMNS_MAX = 256,
    CSV_ROW_LINES_MAX = 100
};

struct csv {
    const struct fact_csv *fact;
    uint32_t name_at; /* columns, from 1; 0: not known yet */
    uint32_t category_at;
    uint32_t columns; /* of the first row; 0 before it */
    bool is_past_header;
    bool is_dead;       /* the header is wrong, and so all else; told once */
    uint8_t state;      /* within a row: csv.c */
    uint32_t column;    /* that is being read, from 1; 0 between rows */
    uint32_t lines;     /* of the row, so far */
    size_t name_offset; /* in its line */
    size_t field_n;
    size_t name_n;
    size_t category_n;
    char field[CSV_FIELD_MAX];
    char name[CSV_FIELD_MAX];
    char category[CSV_LABEL_MAX];
};

/* fact   borrowed */
void csv_init(struct csv *csv, const struct fact_csv *fact);

/* Read the next line, without its line feed. As entry_read(); *back gets how
 * many lines before this one the row began. */
bool csv_read(struct csv *csv, const struct entry_reader *reader,
    struct cop_slice line, struct entry_flaw *flaw, uint32_t *back);

/* After the last line. False when a row has not ended. */
bool csv_end(const struct csv *csv, struct entry_flaw *flaw);

#endif

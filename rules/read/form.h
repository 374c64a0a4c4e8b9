/* The lines of one list in their order: formats that read a line by itself
 * (entry.h) and those whose lines hang together, with one face. */
#ifndef RULES_READ_FORM_H
#define RULES_READ_FORM_H

#include "rules/read/csv.h"
#include "rules/read/entry.h"
#include "rules/read/zone.h"

struct form {
    struct entry_reader reader;
    uint32_t back; /* lines before this one that the entry begins at */
    union {
        struct zone zone;
        struct csv csv;
    } of;
};

/* list    how its lines are written
 * format  the list's, or, of a folder, that of one of its files */
void form_init(
    struct form *form, const struct fact_list *list, enum list_format format);

/* As entry_read(). */
bool form_read(
    struct form *form, struct cop_slice line, struct entry_flaw *flaw);

/* After the last line. False when what it began has not ended. */
bool form_end(const struct form *form, struct entry_flaw *flaw);

#endif

/* Reading a whole list in Adblock syntax: part of list.h. */
#ifndef RULES_READ_ADBLOCK_LIST_H
#define RULES_READ_ADBLOCK_LIST_H

#include "rules/read/list.h"

/* As list_read(). Rules that are for browsers only are no errors: each reason
 * to leave rules out is told in one note, with how many there are and the
 * first of them. Rules that a badfilter of the list names are left out. */
COP_MUST_USE enum cop_status adblock_list_read(const struct fact_list *list,
    const struct list_sink *sink, struct cop_report *report,
    struct list_bytes *bytes);

#endif

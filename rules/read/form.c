#include "rules/read/form.h"

#include <string.h>

void form_init(
    struct form *form, const struct fact_list *list, enum list_format format)
{
    form->reader = (struct entry_reader){
        .format = format,
        .object = format == LIST_EXPRESSIONS ? ENTRY_PATTERN : list->object,
    };
    form->back = 0;
    if (format == LIST_RPZ) {
        form->reader.object = ENTRY_HOST; /* of a name without a star */
        memset(&form->of.zone, 0, sizeof(form->of.zone));
    } else if (format == LIST_CSV) {
        csv_init(&form->of.csv, &list->csv);
    }
}

bool form_read(
    struct form *form, struct cop_slice line, struct entry_flaw *flaw)
{
    if (form->reader.format == LIST_RPZ) {
        return zone_read(&form->of.zone, &form->reader, line, flaw);
    }
    if (form->reader.format == LIST_CSV) {
        return csv_read(&form->of.csv, &form->reader, line, flaw, &form->back);
    }
    return entry_read(&form->reader, line, flaw);
}

bool form_end(const struct form *form, struct entry_flaw *flaw)
{
    if (form->reader.format == LIST_RPZ) {
        return zone_end(&form->of.zone, flaw);
    }
    return form->reader.format != LIST_CSV || csv_end(&form->of.csv, flaw);
}

/* Any bytes as the lines of a list in one format: what is taken must be in
 * canonical form, and what is said must point into the line. */
#ifndef TESTS_FUZZ_LIST_LINES_H
#define TESTS_FUZZ_LIST_LINES_H

#include <stdlib.h>
#include <string.h>

#include "cop/host.h"
#include "rules/base/cidr.h"
#include "rules/read/form.h"

static inline void list_lines_check(
    enum entry_object object, struct cop_slice text)
{
    struct cop_host host;
    struct cidr cidr;

    if (object == ENTRY_CIDR && cidr_parse(text, &cidr) != CIDR_FINE) {
        abort();
    }
    if (object <= ENTRY_BELOW &&
        (cop_host_parse(text, &host) != COP_OK ||
            !cop_slice_eq(cop_host_slice(&host), text))) {
        abort();
    }
}

static inline bool list_lines_take(
    void *context, enum entry_object object, struct cop_slice text)
{
    (void)context;
    list_lines_check(object, text);
    return text.n > 0 || (abort(), false);
}

static inline void list_lines_read(
    const struct fact_list *list, const uint8_t *data, size_t n)
{
    static struct form form;
    struct cop_slice rest = {(const char *)data, n};
    struct entry_flaw flaw;

    form_init(&form, list, list->format);
    form.reader.take = list_lines_take;
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        struct cop_slice line = {
            rest.p, end != NULL ? (size_t)(end - rest.p) : rest.n};
        bool is_read = form_read(&form, line, &flaw);

        if ((!is_read || flaw.is_caution) && flaw.offset > line.n) {
            abort();
        }
        rest.p += line.n + (end != NULL);
        rest.n -= line.n + (end != NULL);
    }
    (void)form_end(&form, &flaw);
}

#endif

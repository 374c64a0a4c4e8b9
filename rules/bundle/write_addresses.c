#include <stdlib.h>

#include "rules/base/cidr.h"
#include "rules/bundle/addresses.h"
#include "rules/bundle/writer.h"

void writer_address(struct writer *w, struct cop_slice text, uint32_t rule)
{
    struct format_address row = {.rule = rule};
    struct cidr cidr;

    if (cidr_parse(text, &cidr) != CIDR_FINE) {
        writer_fail(w, COP_E_BUG);
        return;
    }
    row.family = cidr.is_ip6 ? 6 : 4;
    row.bits = cidr.bits;
    memcpy(row.address, cidr.addr, sizeof(row.address));
    row.text = writer_text(w, SECTION_RULE_TEXTS, text);
    writer_add(w, SECTION_ADDRESSES, &row, sizeof(row));
}

static int row_order(const void *a, const void *b)
{
    const struct format_address *x = a;
    const struct format_address *y = b;
    int order = addresses_order(x, y);

    return order != 0 ? order : (x->rule > y->rule) - (x->rule < y->rule);
}

void writer_addresses(struct writer *w)
{
    struct format_address *rows = (void *)w->sections[SECTION_ADDRESSES].p;
    struct format_rule *rules = (void *)w->sections[SECTION_RULES].p;
    uint32_t n = writer_count(w, SECTION_ADDRESSES);

    if (!writer_ok(w) || n == 0) {
        return;
    }
    qsort(rows, n, sizeof(*rows), row_order);
    for (uint32_t i = 0; i < n; i++) {
        rules[rows[i].rule].detail = i;
    }
}

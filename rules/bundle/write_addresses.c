#include <endian.h>
#include <stdlib.h>

#include "rules/base/cidr.h"
#include "rules/base/origin.h"
#include "rules/bundle/addresses.h"
#include "rules/bundle/writer.h"

static bool cidr_fill(struct cop_slice text, struct format_address *row)
{
    struct cidr cidr;

    if (cidr_parse(text, &cidr) != CIDR_FINE) {
        return false;
    }
    row->family = cidr.is_ip6 ? FORMAT_IP6 : FORMAT_IP4;
    row->bits = cidr.bits;
    memcpy(row->address, cidr.addr, sizeof(row->address));
    return true;
}

static bool country_fill(struct cop_slice text, struct format_address *row)
{
    char code[ORIGIN_COUNTRY_BYTES];

    if (!origin_read_country(text, code)) {
        return false;
    }
    row->family = FORMAT_COUNTRY;
    row->bits = 8 * ORIGIN_COUNTRY_BYTES;
    memcpy(row->address, code, sizeof(code));
    return true;
}

static bool as_fill(struct cop_slice text, struct format_address *row)
{
    uint32_t number;

    if (!origin_read_as(text, &number)) {
        return false;
    }
    row->family = FORMAT_AS;
    row->bits = 32;
    number = htobe32(number);
    memcpy(row->address, &number, sizeof(number));
    return true;
}

void writer_address(
    struct writer *w, const struct tables_entry *entry, uint32_t rule)
{
    struct format_address row = {.rule = rule};
    bool is_good = entry->object == ENTRY_COUNTRY
                       ? country_fill(entry->text, &row)
                   : entry->object == ENTRY_AS ? as_fill(entry->text, &row)
                                               : cidr_fill(entry->text, &row);

    if (!is_good) {
        writer_fail(w, COP_E_BUG);
        return;
    }
    row.text = writer_text(w, SECTION_RULE_TEXTS, entry->text);
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

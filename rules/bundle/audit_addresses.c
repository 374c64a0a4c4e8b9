#include <string.h>

#include "rules/base/cidr.h"
#include "rules/base/origin.h"
#include "rules/bundle/addresses.h"
#include "rules/bundle/audit.h"
#include "rules/bundle/tables.h"

static bool is_country(const struct format_address *row)
{
    return row->bits == 8 * ORIGIN_COUNTRY_BYTES && row->address[0] >= 'A' &&
           row->address[0] <= 'Z' && row->address[1] >= 'A' &&
           row->address[1] <= 'Z';
}

static bool is_as(const struct format_address *row)
{
    static const uint8_t zeros[4];

    return row->bits == 32 && memcmp(row->address, zeros, sizeof(zeros)) != 0;
}

static bool family_holds(const struct format_address *row)
{
    switch ((enum format_family)row->family) {
    case FORMAT_COUNTRY:
        return is_country(row);
    case FORMAT_AS:
        return is_as(row);
    case FORMAT_IP4:
        return row->bits <= CIDR_IP4_BITS;
    case FORMAT_IP6:
        return row->bits <= CIDR_IP6_BITS;
    }
    return false;
}

/* Whether the prefix is one of its family and the address has nothing behind
 * it. */
static bool network_holds(const struct format_address *row)
{
    uint8_t address[sizeof(row->address)];

    if (!family_holds(row)) {
        return false;
    }
    memcpy(address, row->address, sizeof(address));
    return !cidr_mask(address, sizeof(address), row->bits);
}

static bool object_holds(
    const struct format_address *row, const struct format_rule *rule)
{
    if (row->family == FORMAT_COUNTRY) {
        return rule->object == ENTRY_COUNTRY;
    }
    return rule->object == (row->family == FORMAT_AS ? ENTRY_AS : ENTRY_CIDR);
}

static bool is_behind(
    const struct format_address *a, const struct format_address *b)
{
    int order = addresses_order(a, b);

    return order != 0 ? order < 0 : a->rule < b->rule;
}

const char *audit_address(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_address *row = bundle_address(bundle, index);
    const struct format_rule *rule = bundle_rule(bundle, row->rule);

    if (!section_holds(bundle, SECTION_RULE_TEXTS, row->text)) {
        return "has a text that leaves its section";
    }
    if (row->rule >= section_count(bundle, SECTION_RULES) ||
        rule->detail != index || !object_holds(row, rule)) {
        return "leads to a rule that does not lead back";
    }
    if (!network_holds(row)) {
        return "is no network of addresses";
    }
    if (row->zero != 0) {
        return "has something where the format has zeros";
    }
    if (index > 0 && !is_behind(bundle_address(bundle, index - 1), row)) {
        return "is not behind the one before it";
    }
    return NULL;
}

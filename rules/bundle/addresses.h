/* Networks of addresses, by prefix, by number and by country: the section
 * ADDRESSES.
 *
 * Records are sorted by family, length of prefix and address, so that those of
 * one length are a table of their own. An address is looked up once in each
 * length that occurs: lists of networks have a dozen, and only hosts that are
 * addresses, and servers' addresses where a policy has such rules, come here at
 * all. */
#ifndef RULES_BUNDLE_ADDRESSES_H
#define RULES_BUNDLE_ADDRESSES_H

#include "cop/host.h"
#include "rules/bundle/view.h"

/* Records that have one network: those of several lists. */
struct addresses_run {
    uint32_t at;
    uint32_t n;
};

static inline const struct format_address *bundle_address(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_ADDRESSES, index);
}

/* The order of two records' networks, rules apart. */
int addresses_order(
    const struct format_address *a, const struct format_address *b);

/* What is looked up: bytes in network order, of a family; zeros behind. */
struct addresses_key {
    enum format_family family;
    uint8_t bytes[16];
};

/* The key of a host that is an address; false for a name. */
bool addresses_key_of(const struct cop_host *host, struct addresses_key *out);

/* The next network that has the key in it, shorter prefixes first.
 * *from   0 at first; where to go on
 * Returns false when there is none left. */
bool addresses_next(const struct cop_bundle *bundle,
    const struct addresses_key *key, uint32_t *from, struct addresses_run *out);

/* Whether there are records of a family. */
bool addresses_have(const struct cop_bundle *bundle, enum format_family family);

#endif

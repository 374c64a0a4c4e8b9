/* Networks of addresses: the section ADDRESSES.
 *
 * Records are sorted by family, length of prefix and address, so that those of
 * one length are a table of their own. An address is looked up once in each
 * length that occurs: lists of networks have a dozen, and only hosts that are
 * addresses come here at all. */
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

/* The next network that has the host's address, shorter prefixes first.
 * host    of any kind; a name is in no network
 * *from   0 at first; where to go on
 * Returns false when there is none left. */
bool addresses_next(const struct cop_bundle *bundle,
    const struct cop_host *host, uint32_t *from, struct addresses_run *out);

#endif

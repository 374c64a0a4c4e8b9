/* The patterns of a policy, compiled as they are first needed. */
#ifndef RULES_DECIDE_MATCHER_H
#define RULES_DECIDE_MATCHER_H

#include <stdint.h>

#include "cop/decide.h"
#include "rules/decide/pattern.h"

/* Make the matcher's patterns those of this policy: those of another are
 * forgotten. */
void matcher_enter(
    struct cop_matcher *matcher, const struct cop_policy *policy);

/* Which patterns of a bundle of the policy that was entered may match a text;
 * all others do not.
 * Returns a bit for each pattern, in words of 64, the lowest first, valid until
 * the next call; NULL when nothing is known, for want of memory. */
const uint64_t *matcher_wanted(struct cop_matcher *matcher,
    const struct cop_policy *policy, uint32_t bundle, struct cop_slice text);

/* Run pattern `index` of a bundle of the policy that was entered. A pattern
 * that cannot be compiled is limited for good. */
enum pattern_outcome matcher_run(struct cop_matcher *matcher,
    const struct cop_policy *policy, uint32_t bundle, uint32_t index,
    struct cop_slice text);

/* Run the regular expression of a bundle's URL rule `index`, in the same
 * manner. */
enum pattern_outcome matcher_run_regex(struct cop_matcher *matcher,
    const struct cop_policy *policy, uint32_t bundle, uint32_t index,
    struct cop_slice text);

/* Where a host's public suffix begins; 0 when nothing is before it. */
size_t matcher_suffix(struct cop_matcher *matcher, const struct cop_host *host);

/* Whether a request from `source` stays with its site. */
bool matcher_is_first_party(struct cop_matcher *matcher,
    const struct cop_host *source, const struct cop_host *host);

#endif

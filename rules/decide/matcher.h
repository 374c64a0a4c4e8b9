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

/* Whether a request from `source` stays with its site. */
bool matcher_is_first_party(struct cop_matcher *matcher,
    const struct cop_host *source, const struct cop_host *host);

#endif

#include "rules/decide/policy.h"

static void grants_fill(struct cop_policy *policy, uint32_t b)
{
    const struct policy_bundle *at = &policy->bundles[b];

    for (uint32_t i = at->grants; i < at[1].grants; i++) {
        const struct format_grant *grant =
            bundle_grant(at->bundle, i - at->grants);

        policy->grants[i] = (struct policy_grant){
            .until_unix = grant->until_unix,
            .profile = grant->profile == FORMAT_NONE
                           ? COP_NONE
                           : at->profiles + grant->profile,
            .bundle = b,
        };
    }
}

static void appeals_fill(
    struct cop_policy *policy, uint32_t b, const struct names *authorities)
{
    const struct policy_bundle *at = &policy->bundles[b];

    for (uint32_t i = at->appeals; i < at[1].appeals; i++) {
        const struct format_appeal *appeal =
            bundle_appeal(at->bundle, i - at->appeals);
        struct cop_slice of = bundle_string(at->bundle, appeal->of);
        uint32_t requirement = names_find(&policy->requirement_names, of);

        policy->appeals[i] = (struct policy_appeal){
            .from_unix = appeal->from_unix,
            .until_unix = appeal->until_unix,
            .authority = names_find(
                authorities, bundle_string(at->bundle, appeal->authority)),
            .of = of.n != 0 ? requirement : COP_NONE,
            .bundle = b,
            .is_of_other = of.n != 0 && requirement == COP_NONE,
        };
    }
}

enum cop_status policy_pleas(struct cop_policy *policy,
    const struct names *authorities, struct cop_report *report)
{
    const struct policy_bundle *end = &policy->bundles[policy->bundles_n];

    policy->grants =
        arena_array(&policy->arena, end->grants, sizeof(policy->grants[0]));
    policy->appeals =
        arena_array(&policy->arena, end->appeals, sizeof(policy->appeals[0]));
    if (arena_failed(&policy->arena)) {
        return policy_refuse(report, COP_E_NOMEM, NULL,
            "out of memory for the policy's grants and appeals");
    }
    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        grants_fill(policy, b);
        appeals_fill(policy, b, authorities);
    }
    return COP_OK;
}

#include "rules/decide/speak.h"

static int order_of(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* How many years a statement is for; fewer speak more to the point. */
static unsigned age_width(
    const struct cop_policy *policy, const struct statement *statement)
{
    return statement->requirement == COP_NONE
               ? POLICY_WIDTH_ANY
               : policy->requirements[statement->requirement].age_width;
}

static uint32_t requirement_rank(
    const struct cop_policy *policy, const struct statement *statement)
{
    return statement->requirement == COP_NONE
               ? COP_NONE
               : policy->requirements[statement->requirement].rank;
}

static uint32_t bundle_rank(
    const struct cop_policy *policy, const struct statement *statement)
{
    return statement->hit.specificity == 0
               ? COP_NONE
               : policy->bundles[policy->lists[statement->hit.list].bundle]
                     .rank;
}

/* What is left to tell apart says the same; it only has to be total. */
static int statement_order_rest(const struct cop_policy *policy,
    const struct statement *a, const struct statement *b)
{
    int order = order_of(a->hit.rule, b->hit.rule);

    if (order == 0) {
        order = order_of(bundle_rank(policy, a), bundle_rank(policy, b));
    }
    if (order == 0) {
        order = order_of(a->hit.list, b->hit.list);
    }
    return order != 0 ? order : order_of(a->category, b->category);
}

int statement_order(const struct cop_policy *policy, const struct statement *a,
    const struct statement *b)
{
    int order =
        order_of(a->aside != COP_ASIDE_NOTHING, b->aside != COP_ASIDE_NOTHING);

    if (order == 0) {
        order = order_of(a->level, b->level);
    }
    if (order == 0) {
        order = order_of(b->hit.specificity, a->hit.specificity);
    }
    if (order == 0) {
        order = order_of(age_width(policy, a), age_width(policy, b));
    }
    if (order == 0) { /* deny before allow */
        order = order_of(a->action == COP_ALLOW, b->action == COP_ALLOW);
    }
    if (order == 0) {
        order =
            order_of(requirement_rank(policy, a), requirement_rank(policy, b));
    }
    if (order == 0) { /* of one requirement, the earlier part */
        order = order_of(a->requirement, b->requirement);
    }
    return order != 0 ? order : statement_order_rest(policy, a, b);
}

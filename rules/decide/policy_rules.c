#include "rules/decide/policy.h"

#include <string.h>

static enum cop_status out_of_memory(struct cop_report *report)
{
    return policy_refuse(
        report, COP_E_NOMEM, NULL, "out of memory for the policy's tables");
}

static enum cop_status limits_check(
    const struct cop_policy *policy, struct cop_report *report)
{
    if (policy_lists(policy) > COP_LISTS_MAX) {
        return policy_refuse(report, COP_E_LIMIT,
            "Join lists that belong "
            "together, or leave a bundle out.",
            "the bundles have %u lists; one policy can hold %d",
            policy_lists(policy), COP_LISTS_MAX);
    }
    if (policy_requirements(policy) > POLICY_REQUIREMENTS_MAX) {
        return policy_refuse(report, COP_E_LIMIT, "Leave a bundle out.",
            "the bundles have %u requirements; one policy can hold %d",
            policy_requirements(policy), POLICY_REQUIREMENTS_MAX);
    }
    return COP_OK;
}

static uint16_t specificity_of(enum cop_grain grain)
{
    switch (grain) {
    case COP_GRAIN_ANY:
        break;
    case COP_GRAIN_DOMAIN:
        return COP_SPECIFICITY(COP_MATCH_DOMAIN, 0);
    case COP_GRAIN_HOST:
        return COP_SPECIFICITY(COP_MATCH_HOST, 0);
    case COP_GRAIN_URL:
        return COP_SPECIFICITY(COP_MATCH_URL, 0);
    }
    return 0;
}

static void requirement_fill(
    struct cop_policy *policy, uint16_t bundle, uint32_t index)
{
    const struct policy_bundle *at = &policy->bundles[bundle];
    const struct format_requirement *q = bundle_requirement(at->bundle, index);

    policy->requirements[at->requirements + index] =
        (struct policy_requirement){
            .from_unix = q->from_unix,
            .until_unix = q->until_unix,
            .subscribers = q->subscribers,
            .spares = bundle_set(at->bundle, q->spares),
            .hours = q->hours,
            .grain = specificity_of((enum cop_grain)q->grain),
            .first = at->requirements + index - q->part,
            .lists_of = at->requirements + q->lists_of,
            .authority = COP_NONE,
            .index = index,
            .bundle = bundle,
            .age_min = q->age_min,
            .age_end = q->age_max < POLICY_AGE_OPEN ? q->age_max : UINT16_MAX,
            .age_width = (uint16_t)(q->age_max - q->age_min),
            .is_usable = (q->flags & FORMAT_REQUIREMENT_IN_FORCE) != 0 &&
                         (q->flags & FORMAT_REQUIREMENT_INERT) == 0,
            .is_offer = (q->flags & FORMAT_REQUIREMENT_OFFER) != 0,
        };
}

static const struct format_requirement *requirement_record(
    const struct cop_policy *policy, uint32_t requirement)
{
    const struct policy_requirement *q = &policy->requirements[requirement];

    return bundle_requirement(policy->bundles[q->bundle].bundle, q->index);
}

static struct cop_slice requirement_string(const struct cop_policy *policy,
    uint32_t requirement, struct format_span span)
{
    const struct policy_requirement *q = &policy->requirements[requirement];

    return bundle_string(policy->bundles[q->bundle].bundle, span);
}

/* Number equal authorities equally, so that an appeal compares numbers. */
static void authorities_number(struct cop_policy *policy, struct names *names)
{
    names->n = 0;
    for (uint32_t i = 0; i < policy_requirements(policy); i++) {
        struct cop_slice authority = requirement_string(
            policy, i, requirement_record(policy, i)->authority);

        if (authority.n != 0) {
            names->rows[names->n++] = (struct names_row){authority, i};
        }
    }
    names_sort(names);
    for (uint32_t i = 0; i < names->n; i++) {
        policy->requirements[names->rows[i].value].authority =
            names_find(names, names->rows[i].text);
    }
}

/* Number the requirements and rank them by id. */
static enum cop_status requirements_join(struct cop_policy *policy,
    struct names *authorities, struct cop_report *report)
{
    struct names *names = &policy->requirement_names;
    uint32_t n = policy_requirements(policy);

    policy->requirements =
        arena_array(&policy->arena, n, sizeof(policy->requirements[0]));
    names->rows = arena_array(&policy->arena, n, sizeof(names->rows[0]));
    authorities->rows = arena_array(&policy->arena, n, sizeof(names->rows[0]));
    if (arena_failed(&policy->arena)) {
        return out_of_memory(report);
    }
    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        const struct policy_bundle *at = &policy->bundles[b];

        for (uint32_t i = at->requirements; i < at[1].requirements; i++) {
            requirement_fill(policy, (uint16_t)b, i - at->requirements);
            if (policy->requirements[i].first == i) {
                names->rows[names->n++] =
                    (struct names_row){requirement_string(policy, i,
                                           requirement_record(policy, i)->id),
                        i};
            }
        }
    }
    names_sort(names);
    const struct names_row *twice = names_twice(names);

    if (twice != NULL) {
        return policy_refuse(report, COP_E_CONFLICT,
            "Leave one of the bundles out.",
            "the requirement %.*s is in two bundles", (int)twice->text.n,
            twice->text.p);
    }
    for (uint32_t i = 0; i < names->n; i++) {
        policy->requirements[names->rows[i].value].rank = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct policy_requirement *q = &policy->requirements[i];

        q->rank = policy->requirements[q->first].rank;
    }
    authorities_number(policy, authorities);
    return COP_OK;
}

/* A list's owner as it is numbered over all bundles. */
static uint32_t list_owner(
    const struct policy_bundle *at, const struct format_list *list)
{
    switch ((enum list_role)list->role) {
    case LIST_DENY:
    case LIST_ALLOW:
    case LIST_ALLOW_ONLY:
        return at->requirements + list->owner;
    case LIST_PROFILE_ALLOW:
    case LIST_PROFILE_DENY:
        return at->profiles + list->owner;
    case LIST_GRANT:
        return at->grants + list->owner;
    case LIST_APPEAL:
        return at->appeals + list->owner;
    case LIST_CATEGORY:
    case LIST_NEVER_INSPECT:
        break;
    }
    return COP_NONE;
}

static enum cop_status lists_join(
    struct cop_policy *policy, struct cop_report *report)
{
    policy->lists = arena_array(
        &policy->arena, policy_lists(policy), sizeof(policy->lists[0]));
    if (arena_failed(&policy->arena)) {
        return out_of_memory(report);
    }
    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        const struct policy_bundle *at = &policy->bundles[b];

        for (uint32_t i = at->lists; i < at[1].lists; i++) {
            const struct format_list *list =
                bundle_list(at->bundle, i - at->lists);
            struct policy_list *out = &policy->lists[i];

            out->role = list->role;
            out->bundle = (uint16_t)b;
            out->owner = list_owner(at, list);
            out->limit_matches = (list->flags & FORMAT_LIST_LIMIT_MATCHES) != 0;
            out->needs_url = (list->flags & FORMAT_LIST_NEEDS_URL) != 0;
            if (list->role == LIST_CATEGORY) {
                out->categories = bundle_set(at->bundle, list->categories);
            }
            out->protects = policy_lowest(
                cop_catset_and(out->categories, cop_category_protected()));
            if (list->role == LIST_ALLOW_ONLY) {
                policy->requirements[out->owner].is_allow_only = true;
            }
            if (list->role == LIST_ALLOW) {
                policy->requirements[out->owner].has_exceptions = true;
            }
        }
    }
    for (uint32_t i = 0; i < policy_requirements(policy); i++) {
        struct policy_requirement *q = &policy->requirements[i];
        const struct policy_requirement *of =
            &policy->requirements[q->lists_of];

        q->is_allow_only = of->is_allow_only;
        q->has_exceptions = of->has_exceptions;
    }
    return COP_OK;
}

static enum cop_level deny_level(
    const struct format_requirement *q, bool is_own_list)
{
    if (q->lock == COP_LOCK_NATIONAL) {
        return is_own_list ? COP_LEVEL_LOCKED_ENTRY : COP_LEVEL_LOCKED;
    }
    if (q->strength == COP_STRENGTH_MANDATORY) {
        return COP_LEVEL_MANDATORY;
    }
    return (q->flags & FORMAT_REQUIREMENT_OFFER) != 0 ? COP_LEVEL_TEMPLATE
                                                      : COP_LEVEL_DEFAULT_ON;
}

static enum cop_level allow_level(
    const struct format_requirement *q, uint16_t category)
{
    if (cop_catset_has(cop_category_protected(), category)) {
        return COP_LEVEL_PROTECTED;
    }
    return q->strength == COP_STRENGTH_MANDATORY ? COP_LEVEL_MANDATORY
                                                 : COP_LEVEL_DEFAULT_ON;
}

static struct policy_act act_make(const struct cop_policy *policy,
    uint32_t requirement, bool is_allow, uint16_t category)
{
    const struct format_requirement *q =
        requirement_record(policy, requirement);
    enum cop_level level = is_allow
                               ? allow_level(q, category)
                               : deny_level(q, category == POLICY_NO_CATEGORY);

    return (struct policy_act){
        .requirement = requirement,
        .category = category,
        .level = (uint8_t)level,
        .action = (uint8_t)(is_allow ? COP_ALLOW : COP_BLOCK),
    };
}

/* What a requirement says about a list through a category of both; false when
 * they have none. An allow takes a protected category where there is one. */
static bool act_by_category(const struct cop_policy *policy,
    const struct policy_list *list, uint32_t requirement,
    struct policy_act *out)
{
    const struct policy_requirement *q = &policy->requirements[requirement];
    const struct format_requirement *record =
        requirement_record(policy, requirement);
    bool is_allow = (record->flags & FORMAT_REQUIREMENT_ALLOW) != 0;
    struct cop_catset common = cop_catset_and(list->categories,
        bundle_set(policy->bundles[q->bundle].bundle, record->categories));
    struct cop_catset protects =
        cop_catset_and(common, cop_category_protected());

    if (!q->is_usable || cop_catset_empty(common)) {
        return false;
    }
    if (is_allow && !cop_catset_empty(protects)) {
        common = protects;
    }
    *out = act_make(policy, requirement, is_allow, policy_lowest(common));
    return true;
}

/* What a requirement says about a list of its own; false when nothing. */
static bool act_by_list(const struct cop_policy *policy,
    const struct policy_list *list, uint32_t requirement,
    struct policy_act *out)
{
    const struct policy_requirement *q = &policy->requirements[requirement];
    bool is_allow = list->role == LIST_ALLOW ||
                    (requirement_record(policy, requirement)->flags &
                        FORMAT_REQUIREMENT_ALLOW) != 0;

    if (q->lists_of != list->owner || !q->is_usable) {
        return false;
    }
    *out = act_make(policy, requirement, is_allow, POLICY_NO_CATEGORY);
    return true;
}

/* What one requirement says about a list; false when nothing. */
static bool act_of(const struct cop_policy *policy,
    const struct policy_list *list, uint32_t requirement,
    struct policy_act *out)
{
    return list->role == LIST_CATEGORY
               ? act_by_category(policy, list, requirement, out)
               : act_by_list(policy, list, requirement, out);
}

/* Fill in, or with NULL only count, the acts of a list. */
static uint32_t list_acts(const struct cop_policy *policy,
    const struct policy_list *list, struct policy_act *out)
{
    struct policy_act act;
    uint32_t n = 0;

    if (list->role != LIST_CATEGORY && list->role != LIST_DENY &&
        list->role != LIST_ALLOW) {
        return 0;
    }
    for (uint32_t i = 0; i < policy_requirements(policy); i++) {
        if (!act_of(policy, list, i, &act)) {
            continue;
        }
        if (out != NULL) {
            out[n] = act;
        }
        n++;
    }
    return n;
}

static enum cop_status acts_join(
    struct cop_policy *policy, struct cop_report *report)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < policy_lists(policy); i++) {
        struct policy_list *list = &policy->lists[i];

        list->acts = total;
        list->acts_n = list_acts(policy, list, NULL);
        total += list->acts_n; /* at most lists x requirements: 2^21 */
    }
    policy->acts = arena_array(&policy->arena, total, sizeof(policy->acts[0]));
    policy->allow_only = arena_array(
        &policy->arena, policy_requirements(policy), sizeof(uint32_t));
    if (arena_failed(&policy->arena)) {
        return out_of_memory(report);
    }
    for (uint32_t i = 0; i < policy_lists(policy); i++) {
        const struct policy_list *list = &policy->lists[i];

        if (list->acts_n != 0) {
            list_acts(policy, list, &policy->acts[list->acts]);
        }
    }
    for (uint32_t i = 0; i < policy_requirements(policy); i++) {
        const struct policy_requirement *q = &policy->requirements[i];

        if (q->is_usable && q->is_allow_only) {
            policy->allow_only[policy->allow_only_n++] = i;
        }
    }
    return COP_OK;
}

enum cop_status policy_join(
    struct cop_policy *policy, struct cop_report *report)
{
    struct names authorities = {NULL, 0};
    enum cop_status status = limits_check(policy, report);

    if (status == COP_OK) {
        status = requirements_join(policy, &authorities, report);
    }
    if (status == COP_OK) {
        status = lists_join(policy, report);
    }
    if (status == COP_OK) {
        status = acts_join(policy, report);
    }
    if (status == COP_OK) {
        status = policy_pleas(policy, &authorities, report);
    }
    return status;
}

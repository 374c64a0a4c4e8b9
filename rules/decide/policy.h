/* A policy as the decision reads it: private to decide/.
 *
 * cop_policy_new() does once what does not depend on the request: numbers all
 * lists, requirements and profiles of all bundles in one row each, works out
 * what each list makes each requirement say, and which requirements speak to
 * which profile. What is left for a request is a loop over its hits.
 *
 * Invariants:
 *  1. Nothing changes after cop_policy_new(), but for profiles added before
 *     the policy is shared.
 *  2. A number of a list, requirement, profile, grant or appeal counts over
 *     all bundles in the order they were given; policy_bundle says where a
 *     bundle's begin.
 *  3. No answer depends on the order of the bundles: ties end in ranks of
 *     names and digests, never in these numbers. */
#ifndef RULES_DECIDE_POLICY_H
#define RULES_DECIDE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/decide.h"
#include "rules/base/arena.h"
#include "rules/bundle/tables.h"
#include "rules/bundle/view.h"
#include "rules/decide/names.h"

enum {
    POLICY_REQUIREMENTS_MAX = 4096, /* of all bundles of one policy */
    POLICY_NO_CATEGORY = UINT16_MAX,
    POLICY_AGE_OPEN = 120, /* an interval that reaches it has no end: it is
                              also the age of an adult of unknown age */
    POLICY_WIDTH_ANY = 256 /* of what has no interval of age */
};

/* What a requirement says about whatever a list matches. */
struct policy_act {
    uint32_t requirement;
    uint16_t category; /* that joined them; POLICY_NO_CATEGORY: own list */
    uint8_t level;
    uint8_t action;
};

struct policy_list {
    struct cop_catset categories; /* empty but for category lists */
    uint32_t owner;               /* by role, as numbered here */
    uint32_t acts;                /* the first in policy->acts */
    uint32_t acts_n;
    uint16_t bundle;
    uint16_t protects; /* its lowest class P category, or none */
    uint8_t role;
    bool limit_matches;
    bool needs_url;
};

struct policy_requirement {
    int64_t from_unix;
    int64_t until_unix;
    struct cop_catset spares; /* it blocks nothing that is in one of these */
    struct format_span hours; /* WINDOWS of its bundle; none: always */
    uint32_t subscribers;
    uint32_t rank;      /* of its id among all ids; parts have the same */
    uint32_t authority; /* equal for equal names; COP_NONE without one */
    uint32_t index;     /* in its bundle */
    uint32_t first;     /* the number of its id's part 0 */
    uint32_t lists_of;  /* whose lists are its own: of the same id */
    uint16_t bundle;
    uint16_t age_min;
    uint16_t age_end;   /* exclusive */
    uint16_t age_width; /* as written */
    uint16_t grain;     /* the least COP_SPECIFICITY that it blocks by */
    bool is_usable;     /* in force and lowered to rules */
    bool is_offer;
    bool is_allow_only;  /* has a list that says so */
    bool has_exceptions; /* has a list of what it allows */
};

struct policy_template {
    struct cop_catset block, allow_only;
    uint32_t bundle;
    bool is_allow_only;
};

struct policy_profile {
    struct cop_slice name;
    struct cop_catset block, permit;
    struct policy_template template; /* empty for none */
    const uint64_t *active;          /* a bit a requirement, dates apart */
    struct format_span closed;       /* WINDOWS of its bundle */
    uint32_t subscribers;
    uint32_t bundle; /* COP_NONE for an added subject */
    uint16_t age;
    bool is_allow_only; /* its own or its template's */
};

struct policy_grant {
    int64_t until_unix;
    uint32_t profile; /* COP_NONE: all */
    uint32_t bundle;
};

struct policy_appeal {
    int64_t from_unix;
    int64_t until_unix;
    uint32_t authority; /* COP_NONE when no requirement has it */
    uint32_t of;        /* requirement's part 0; COP_NONE: any */
    uint32_t bundle;
    bool is_of_other; /* `of` names no requirement of this policy */
};

/* A run of WINDOWS of a bundle. */
struct policy_hours {
    const struct cop_bundle *bundle;
    struct format_span windows;
};

/* Where a bundle's numbers begin. */
struct policy_bundle {
    struct cop_bundle *bundle; /* one reference */
    uint32_t lists, requirements, templates, profiles, grants, appeals;
    uint32_t patterns;
    uint32_t rank;                /* of its digest */
    bool has_urlrules_everywhere; /* some may match on any host */
    bool has_urlrules_entities;   /* some speak of name.* */
};

struct cop_policy {
    struct arena arena;
    uint64_t generation;
    uint32_t bundles_n;
    bool needs_facts; /* some rule asks for more than the URL */
    struct cop_address_wants wants_address;
    struct policy_bundle bundles[COP_BUNDLES_MAX + 1]; /* the last ends all */
    struct policy_list *lists;
    struct policy_requirement *requirements;
    struct policy_act *acts;
    struct policy_grant *grants;
    struct policy_appeal *appeals;
    struct policy_template *templates;
    struct policy_profile *profiles; /* on the heap: it may grow */
    uint32_t profiles_n;
    uint32_t profiles_cap;
    uint32_t *allow_only; /* requirements that let only lists through */
    uint32_t allow_only_n;
    struct cop_catset never_inspect; /* of all bundles */
    struct names requirement_names, profile_names, template_names;
};

/* The lowest category of a set, or POLICY_NO_CATEGORY. */
static inline uint16_t policy_lowest(struct cop_catset set)
{
    if (set.w[0] != 0) {
        return (uint16_t)__builtin_ctzll(set.w[0]);
    }
    return set.w[1] != 0 ? (uint16_t)(64 + __builtin_ctzll(set.w[1]))
                         : (uint16_t)POLICY_NO_CATEGORY;
}

static inline uint32_t policy_lists(const struct cop_policy *policy)
{
    return policy->bundles[policy->bundles_n].lists;
}

static inline uint32_t policy_requirements(const struct cop_policy *policy)
{
    return policy->bundles[policy->bundles_n].requirements;
}

/* Whether a requirement speaks to a profile, dates apart. */
static inline bool policy_is_active(
    const struct policy_profile *profile, uint32_t requirement)
{
    return ((profile->active[requirement / 64] >> (requirement % 64)) & 1) != 0;
}

/* policy_hours.c: whether a minute of the week is in one of the hours; how many
 * minutes, 1 .. 10,080, lie between it and where one of them next begins or
 * ends, 0 when there are none; and how many until none of them holds, 0 when
 * that is never, or now. */
bool policy_hours_hold(struct policy_hours hours, uint16_t minute);
uint32_t policy_hours_next(struct policy_hours hours, uint16_t minute);
uint32_t policy_hours_end(struct policy_hours hours, uint16_t minute);

static inline struct policy_hours policy_requirement_hours(
    const struct cop_policy *policy, const struct policy_requirement *q)
{
    return (struct policy_hours){policy->bundles[q->bundle].bundle, q->hours};
}

/* policy_rules.c: number and join lists, requirements, grants, appeals.
 * Returns COP_OK, COP_E_CONFLICT, COP_E_LIMIT or COP_E_NOMEM, reported. */
COP_MUST_USE enum cop_status policy_join(
    struct cop_policy *policy, struct cop_report *report);

/* policy_pleas.c: number grants and appeals; part of policy_join().
 * authorities  each value is that of policy_requirement.authority
 * Returns COP_OK or COP_E_NOMEM, reported. */
COP_MUST_USE enum cop_status policy_pleas(struct cop_policy *policy,
    const struct names *authorities, struct cop_report *report);

/* policy_profiles.c: resolve the profiles of all bundles.
 * Returns COP_OK, COP_E_CONFLICT, COP_E_NOTFOUND, COP_E_LIMIT or COP_E_NOMEM,
 * reported. */
COP_MUST_USE enum cop_status policy_resolve(
    struct cop_policy *policy, struct cop_report *report);

/* Report why bundles do not make a policy. Returns `status`. */
enum cop_status policy_refuse(struct cop_report *report, enum cop_status status,
    const char *todo, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif

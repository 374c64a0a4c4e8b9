/* How long a verdict stands: what was decided is decided again at the first
 * moment at which anything that could have a say begins or ends. That may be
 * sooner than the decision changes, never later. */
#include "rules/decide/speak.h"

struct until {
    const struct cop_policy *policy;
    const struct cop_moment *moment;
    int64_t at;
};

static void until_note(struct until *u, int64_t at)
{
    if (at > u->moment->unix_time && at < u->at) {
        u->at = at;
    }
}

/* From the start of this minute: all zones have whole ones. */
static void until_minutes(struct until *u, uint32_t minutes)
{
    int64_t now = u->moment->unix_time;

    if (minutes != 0) {
        until_note(u, now - ((now % 60) + 60) % 60 + (int64_t)minutes * 60);
    }
}

static void until_hours(struct until *u, struct policy_hours hours)
{
    until_minutes(u, policy_hours_next(hours, u->moment->week_minute));
}

static void until_requirement(struct until *u, uint32_t requirement)
{
    const struct policy_requirement *q = &u->policy->requirements[requirement];

    until_note(u, q->from_unix);
    until_note(u, q->until_unix);
    if (q->hours.n != 0) {
        until_hours(u, policy_requirement_hours(u->policy, q));
    }
}

static void until_hit(struct until *u, const struct policy_profile *profile,
    const struct policy_list *list)
{
    const struct policy_act *acts = &u->policy->acts[list->acts];

    if (list->role == LIST_GRANT) {
        until_note(u, u->policy->grants[list->owner].until_unix);
    } else if (list->role == LIST_APPEAL) {
        until_note(u, u->policy->appeals[list->owner].from_unix);
        until_note(u, u->policy->appeals[list->owner].until_unix);
    }
    for (uint32_t i = 0; i < list->acts_n; i++) {
        if (policy_is_active(profile, acts[i].requirement)) {
            until_requirement(u, acts[i].requirement);
        }
    }
}

int64_t until_ends(const struct cop_policy *policy, uint32_t profile,
    const struct cop_moment *moment, const struct statement *statement)
{
    const struct policy_profile *p = &policy->profiles[profile];
    struct until u = {.policy = policy, .moment = moment, .at = INT64_MAX};
    struct policy_hours hours = {.windows = {0, 0}};

    if (statement->is_scheduled) {
        hours =
            (struct policy_hours){policy->bundles[p->bundle].bundle, p->closed};
    } else if (statement->requirement != COP_NONE) {
        const struct policy_requirement *q =
            &policy->requirements[statement->requirement];

        until_note(&u, q->until_unix);
        hours = policy_requirement_hours(policy, q);
    } else if (statement->hit.specificity != 0) {
        const struct policy_list *list = &policy->lists[statement->hit.list];

        if (statement->level == COP_LEVEL_GRANT) {
            until_note(&u, policy->grants[list->owner].until_unix);
        } else if (list->role == LIST_APPEAL) {
            until_note(&u, policy->appeals[list->owner].until_unix);
        }
    }
    until_minutes(&u, policy_hours_end(hours, moment->week_minute));
    return u.at;
}

int64_t until_holds(const struct cop_policy *policy,
    const struct cop_class *class, uint32_t profile,
    const struct cop_moment *moment)
{
    const struct policy_profile *p = &policy->profiles[profile];
    struct until u = {.policy = policy, .moment = moment, .at = INT64_MAX};

    for (unsigned i = 0; i < class->n; i++) {
        until_hit(&u, p, &policy->lists[class->hits[i].list]);
    }
    for (uint32_t i = 0; i < policy->allow_only_n; i++) {
        if (policy_is_active(p, policy->allow_only[i])) {
            until_requirement(&u, policy->allow_only[i]);
        }
    }
    if (p->closed.n != 0) {
        until_hours(&u, (struct policy_hours){
                            policy->bundles[p->bundle].bundle, p->closed});
    }
    return u.at;
}

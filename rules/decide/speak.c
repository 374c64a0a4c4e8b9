#include "rules/decide/speak.h"

/* What a call of speak() is about. */
struct speech {
    const struct cop_policy *policy;
    const struct cop_class *class;
    const struct policy_profile *profile;
    const struct cop_moment *moment;
    statement_fn *say;
    void *context;
    uint32_t number; /* of the profile */
    bool has_appeal; /* an upheld appeal was hit */
    bool has_lock;   /* a lock was hit that no appeal sets aside; only known
                        where has_appeal */
};

static const struct cop_hit no_hit = {.rule = COP_NONE};

static bool requirement_speaks(const struct speech *s, uint32_t requirement)
{
    const struct policy_requirement *q = &s->policy->requirements[requirement];

    return policy_is_active(s->profile, requirement) &&
           s->moment->unix_time >= q->from_unix &&
           s->moment->unix_time < q->until_unix &&
           (q->hours.n == 0 ||
               policy_hours_hold(policy_requirement_hours(s->policy, q),
                   s->moment->week_minute));
}

static const struct policy_list *hit_list(
    const struct speech *s, const struct cop_hit *hit)
{
    return &s->policy->lists[hit->list];
}

/* The appeal whose list was hit, if it holds now; else NULL. */
static const struct policy_appeal *hit_appeal(
    const struct speech *s, const struct cop_hit *hit)
{
    const struct policy_list *list = hit_list(s, hit);

    if (list->role != LIST_APPEAL) {
        return NULL;
    }
    const struct policy_appeal *appeal = &s->policy->appeals[list->owner];

    return s->moment->unix_time >= appeal->from_unix &&
                   s->moment->unix_time < appeal->until_unix
               ? appeal
               : NULL;
}

/* Whether an appeal was upheld by the authority of a requirement, about it. */
static bool appeal_binds(const struct speech *s,
    const struct policy_appeal *appeal, uint32_t requirement)
{
    const struct policy_requirement *q = &s->policy->requirements[requirement];

    return appeal->authority != COP_NONE && appeal->authority == q->authority &&
           !appeal->is_of_other &&
           (appeal->of == COP_NONE || appeal->of == q->first);
}

/* The hit of an appeal that takes back what a requirement locks, or NULL. */
static const struct cop_hit *find_appeal(
    const struct speech *s, uint32_t requirement)
{
    for (unsigned i = 0; s->has_appeal && i < s->class->n; i++) {
        const struct policy_appeal *appeal = hit_appeal(s, &s->class->hits[i]);

        if (appeal != NULL && appeal_binds(s, appeal, requirement)) {
            return &s->class->hits[i];
        }
    }
    return NULL;
}

/* The hit by which a requirement takes back itself what it says about another:
 * of a list of exceptions that names the same, or something inside it. NULL
 * where it does not. */
static const struct cop_hit *find_exception(const struct speech *s,
    const struct policy_act *act, const struct cop_hit *hit)
{
    const struct policy_requirement *q =
        &s->policy->requirements[act->requirement];

    if (act->action == COP_ALLOW || !q->has_exceptions) {
        return NULL;
    }
    for (unsigned i = 0; i < s->class->n; i++) {
        const struct cop_hit *other = &s->class->hits[i];
        const struct policy_list *list = hit_list(s, other);

        if (list->role == LIST_ALLOW && list->owner == q->lists_of &&
            other->specificity >= hit->specificity) {
            return other;
        }
    }
    return NULL;
}

/* How a requirement takes back itself what it says about a hit: because the
 * rule is coarser than it may block by, what it would block is in a category
 * that it spares, or it lists an exception. */
static enum cop_aside act_aside(const struct speech *s,
    const struct policy_act *act, const struct cop_hit *hit,
    const struct cop_hit **by)
{
    const struct policy_requirement *q =
        &s->policy->requirements[act->requirement];

    *by = NULL;
    if (act->action != COP_ALLOW && hit->specificity < q->grain) {
        return COP_ASIDE_COARSE;
    }
    if (act->action != COP_ALLOW &&
        !cop_catset_empty(cop_catset_and(q->spares, s->class->categories))) {
        return COP_ASIDE_SPARED;
    }
    *by = find_exception(s, act, hit);
    return *by != NULL ? COP_ASIDE_EXCEPTION : COP_ASIDE_NOTHING;
}

static bool act_is_lock(const struct speech *s, const struct policy_act *act,
    const struct cop_hit *hit)
{
    const struct cop_hit *by;

    return (act->level == COP_LEVEL_LOCKED_ENTRY ||
               act->level == COP_LEVEL_LOCKED) &&
           requirement_speaks(s, act->requirement) &&
           act_aside(s, act, hit, &by) == COP_ASIDE_NOTHING;
}

/* Whether there is a lock that an appeal sets aside or, without an appeal,
 * one that none sets aside. */
static bool lock_exists(
    const struct speech *s, const struct policy_appeal *appeal)
{
    for (unsigned i = 0; i < s->class->n; i++) {
        const struct cop_hit *hit = &s->class->hits[i];
        const struct policy_list *list = hit_list(s, hit);
        const struct policy_act *acts = &s->policy->acts[list->acts];

        for (uint32_t j = 0; j < list->acts_n; j++) {
            uint32_t requirement = acts[j].requirement;

            if (act_is_lock(s, &acts[j], hit) &&
                (appeal != NULL ? appeal_binds(s, appeal, requirement)
                                : find_appeal(s, requirement) == NULL)) {
                return true;
            }
        }
    }
    return false;
}

/* Note in a statement of an act what takes it back. */
static void set_aside(const struct speech *s, const struct policy_act *act,
    struct statement *statement)
{
    const struct cop_hit *by;

    statement->aside = act_aside(s, act, &statement->hit, &by);
    if (statement->aside == COP_ASIDE_NOTHING &&
        act_is_lock(s, act, &statement->hit)) {
        by = find_appeal(s, act->requirement);
        statement->aside = by != NULL ? COP_ASIDE_APPEAL : COP_ASIDE_NOTHING;
    }
    if (by != NULL) {
        statement->aside_hit = *by;
    }
}

static void say_acts(const struct speech *s, const struct cop_hit *hit)
{
    const struct policy_list *list = hit_list(s, hit);
    const struct policy_act *acts = &s->policy->acts[list->acts];

    for (uint32_t i = 0; i < list->acts_n; i++) {
        const struct policy_act *act = &acts[i];

        if (!requirement_speaks(s, act->requirement)) {
            continue;
        }
        struct statement statement = {
            .hit = *hit,
            .requirement = act->requirement,
            .bundle = s->policy->requirements[act->requirement].bundle,
            .category =
                act->category == POLICY_NO_CATEGORY ? COP_NONE : act->category,
            .level = (enum cop_level)act->level,
            .action = (enum cop_action)act->action,
        };

        set_aside(s, act, &statement);
        s->say(s->context, &statement);
    }
}

/* Something that no requirement says, about a hit. */
static void say_local(const struct speech *s, const struct cop_hit *hit,
    enum cop_level level, enum cop_action action, uint32_t bundle,
    uint16_t category)
{
    struct statement statement = {
        .hit = *hit,
        .requirement = COP_NONE,
        .bundle = bundle,
        .category = category == POLICY_NO_CATEGORY ? COP_NONE : category,
        .level = level,
        .action = action,
    };

    s->say(s->context, &statement);
}

/* The same, through a category that a set and a category list share. */
static void say_by_category(const struct speech *s, const struct cop_hit *hit,
    struct cop_catset set, enum cop_level level, enum cop_action action,
    uint32_t bundle)
{
    uint16_t category =
        policy_lowest(cop_catset_and(set, hit_list(s, hit)->categories));

    if (category != POLICY_NO_CATEGORY) {
        say_local(s, hit, level, action, bundle, category);
    }
}

static void say_categories(const struct speech *s, const struct cop_hit *hit)
{
    const struct policy_profile *p = s->profile;
    const struct policy_list *list = hit_list(s, hit);

    if (list->protects != POLICY_NO_CATEGORY) {
        say_local(
            s, hit, COP_LEVEL_PROTECTED, COP_ALLOW, COP_NONE, list->protects);
    }
    say_by_category(
        s, hit, p->permit, COP_LEVEL_LOCAL_ALLOW, COP_ALLOW, p->bundle);
    say_by_category(
        s, hit, p->block, COP_LEVEL_LOCAL_DENY, COP_BLOCK, p->bundle);
    say_by_category(s, hit, p->template.block, COP_LEVEL_TEMPLATE, COP_BLOCK,
        p->template.bundle);
}

static bool grant_holds(
    const struct speech *s, const struct policy_grant *grant)
{
    return (grant->profile == COP_NONE || grant->profile == s->number) &&
           s->moment->unix_time < grant->until_unix;
}

static void say_grant(const struct speech *s, const struct cop_hit *hit)
{
    const struct policy_grant *grant =
        &s->policy->grants[hit_list(s, hit)->owner];
    struct statement statement = {
        .hit = *hit,
        .requirement = COP_NONE,
        .bundle = grant->bundle,
        .category = COP_NONE,
        .level = COP_LEVEL_GRANT,
        .action = COP_ALLOW,
    };

    if (grant_holds(s, grant)) {
        s->say(s->context, &statement);
    }
}

static void say_appeal(const struct speech *s, const struct cop_hit *hit)
{
    const struct policy_appeal *appeal = hit_appeal(s, hit);

    if (appeal == NULL) {
        return;
    }
    bool is_above = !s->has_lock && lock_exists(s, appeal);
    struct statement statement = {
        .hit = *hit,
        .requirement = COP_NONE,
        .bundle = appeal->bundle,
        .category = COP_NONE,
        .level = is_above ? COP_LEVEL_APPEAL_LOCKED : COP_LEVEL_APPEAL,
        .action = COP_ALLOW,
    };

    s->say(s->context, &statement);
}

static void say_hit(const struct speech *s, const struct cop_hit *hit)
{
    const struct policy_list *list = hit_list(s, hit);

    switch ((enum list_role)list->role) {
    case LIST_CATEGORY:
        say_categories(s, hit);
        say_acts(s, hit);
        break;
    case LIST_DENY:
    case LIST_ALLOW:
        say_acts(s, hit);
        break;
    case LIST_PROFILE_ALLOW:
        if (list->owner == s->number) {
            say_local(s, hit, COP_LEVEL_LOCAL_ALLOW, COP_ALLOW,
                s->profile->bundle, POLICY_NO_CATEGORY);
        }
        break;
    case LIST_PROFILE_DENY:
        if (list->owner == s->number) {
            say_local(s, hit, COP_LEVEL_LOCAL_DENY, COP_BLOCK,
                s->profile->bundle, POLICY_NO_CATEGORY);
        }
        break;
    case LIST_GRANT:
        say_grant(s, hit);
        break;
    case LIST_APPEAL:
        say_appeal(s, hit);
        break;
    case LIST_ALLOW_ONLY:    /* speaks by not being hit */
    case LIST_NEVER_INSPECT: /* is no verdict */
        break;
    }
}

/* Whether a hit is one of those that a profile which allows only what is
 * listed lets through. */
static bool hit_is_let_through(
    const struct speech *s, const struct cop_hit *hit)
{
    const struct policy_profile *p = s->profile;
    const struct policy_list *list = hit_list(s, hit);
    struct cop_catset through =
        cop_catset_or(p->permit, p->template.allow_only);

    if (list->role == LIST_PROFILE_ALLOW) {
        return list->owner == s->number;
    }
    if (list->role == LIST_GRANT) {
        return grant_holds(s, &s->policy->grants[list->owner]);
    }
    return !cop_catset_empty(cop_catset_and(through, list->categories));
}

static void say_profile_allow_only(const struct speech *s)
{
    if (!s->profile->is_allow_only) {
        return;
    }
    for (unsigned i = 0; i < s->class->n; i++) {
        if (hit_is_let_through(s, &s->class->hits[i])) {
            return;
        }
    }
    say_local(s, &no_hit, COP_LEVEL_ALLOW_ONLY, COP_BLOCK,
        s->profile->template.is_allow_only ? s->profile->template.bundle
                                           : s->profile->bundle,
        POLICY_NO_CATEGORY);
}

static bool is_in_allow_only(const struct speech *s, uint32_t requirement)
{
    for (unsigned i = 0; i < s->class->n; i++) {
        const struct policy_list *list = hit_list(s, &s->class->hits[i]);

        if (list->role == LIST_ALLOW_ONLY &&
            list->owner == s->policy->requirements[requirement].lists_of) {
            return true;
        }
    }
    return false;
}

static void say_required_allow_only(const struct speech *s)
{
    for (uint32_t i = 0; i < s->policy->allow_only_n; i++) {
        uint32_t requirement = s->policy->allow_only[i];
        struct statement statement = {
            .hit = no_hit,
            .requirement = requirement,
            .bundle = s->policy->requirements[requirement].bundle,
            .category = COP_NONE,
            .level = COP_LEVEL_ALLOW_ONLY,
            .action = COP_BLOCK,
        };

        if (requirement_speaks(s, requirement) &&
            !is_in_allow_only(s, requirement)) {
            s->say(s->context, &statement);
        }
    }
}

static void say_schedule(const struct speech *s)
{
    const struct policy_profile *p = s->profile;
    struct statement statement = {
        .hit = no_hit,
        .requirement = COP_NONE,
        .bundle = p->bundle,
        .category = COP_NONE,
        .level = COP_LEVEL_CLOSED,
        .action = COP_BLOCK,
        .is_scheduled = true,
    };

    if (p->closed.n != 0 &&
        policy_hours_hold(
            (struct policy_hours){
                s->policy->bundles[p->bundle].bundle, p->closed},
            s->moment->week_minute)) {
        s->say(s->context, &statement);
    }
}

void speak(const struct cop_policy *policy, const struct cop_class *class,
    uint32_t profile, const struct cop_moment *moment, statement_fn *say,
    void *context)
{
    struct speech s = {
        .policy = policy,
        .class = class,
        .profile = &policy->profiles[profile],
        .moment = moment,
        .say = say,
        .context = context,
        .number = profile,
    };

    for (unsigned i = 0; i < class->n; i++) {
        s.has_appeal |= hit_appeal(&s, &class->hits[i]) != NULL;
    }
    s.has_lock = s.has_appeal && lock_exists(&s, NULL);
    for (unsigned i = 0; i < class->n; i++) {
        say_hit(&s, &class->hits[i]);
    }
    say_required_allow_only(&s);
    say_profile_allow_only(&s);
    say_schedule(&s);
}

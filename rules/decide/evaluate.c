/* From a class to a verdict: what wins.
 *
 * Every rule that was hit, requirement that is in force, and setting of the
 * profile makes statements (speak.c); the first of them in one total order
 * decides. The order does not depend on the order of lines, lists or bundles,
 * so two gateways with the same bundles always agree.
 *
 * WHO SPEAKS
 *  A requirement speaks when it is in force, has been lowered to rules, its
 *  dates hold (from <= now < until), the profile's age is in [min, max), where
 *  a max of 120 or more is no end (120 stands for an adult of unknown age and
 *  must not slip out of what is for everybody), the classes of subscriber meet
 *  (none on either side meets any) and, where it is an offer, the profile
 *  accepts it, and the local time is in its hours where it has any. It speaks
 *  about hits of its own lists, and about hits of category lists that carry one
 *  of its categories, with the specificity of the hit.
 *  A requirement that changes at a date, or is stronger for one class than for
 *  another, is several records of one id, its parts: each speaks for itself, as
 *  a requirement does, and what is said of the id (an offer that is accepted,
 *  an appeal against it) is said of all. Parts may have their lists in common.
 *
 * AT WHICH LEVEL (include/cop/level.tbl, best first)
 *  LOCKED_ENTRY     deny of a nationally locked requirement, by its own list
 *  PROTECTED        allow of any hit on a category of class P, with or without
 *                   a requirement that allows it
 *  APPEAL_LOCKED    an appeal that sets a lock aside, see below
 *  LOCKED           deny of a nationally locked requirement, by category
 *  APPEAL           any other upheld appeal
 *  MANDATORY        deny or allow of a mandatory requirement
 *  ALLOW_ONLY       deny of all that is not listed: by a requirement, unless
 *                   one of its allow-only lists was hit; by a profile or its
 *                   template, unless a local allow entry, a permitted
 *                   category, a grant, or a category that the template lets
 *                   through was hit
 *  GRANT            an unblock for this profile or all, until it ends
 *  CLOSED           deny in the profile's closed hours
 *  LOCAL_ALLOW      the profile's allow entries and permitted categories
 *  LOCAL_DENY       the profile's deny entries and blocked categories
 *  TEMPLATE         deny by the template's categories, or of an offer that the
 *                   profile accepts
 *  DEFAULT_ON       deny or allow of any other requirement
 *  NONE             nobody spoke: allow
 *
 * INSIDE A LEVEL
 *  the more specific hit; then the narrower interval of age, where what has no
 *  interval is widest; then deny over allow; then the lowest requirement id by
 *  bytes; then the lowest rule. What is still equal says the same.
 *
 * EXCEPTIONS
 *  What a requirement denies is set aside where the hit is coarser than the
 *  requirement may block by (its grain), and where the class has a category
 *  that the requirement spares. Both bind that requirement alone.
 *  A list of what a requirement allows is an exception from that requirement:
 *  what it denies is set aside where the exception names as much or less. So an
 *  exception holds at every level, also from a lock or an offer; and as it
 *  speaks only at the level of an allow, it opens nothing that another
 *  requirement of that level or above, or for an offer a template, closes.
 *
 * APPEALS AGAINST LOCKS
 *  An appeal sets aside the locks, LOCKED and LOCKED_ENTRY, of requirements
 *  whose authority is its own and, where it names a requirement, of that one
 *  alone. No comparison of levels can say this, because LOCKED_ENTRY stands
 *  above and other authorities' locks must hold. So such locks are taken out
 *  of the order (they are explained last, as set aside), and the appeal speaks
 *  at APPEAL_LOCKED if no other lock stands, else at APPEAL, below that lock.
 *
 * CONSEQUENCES WORTH NAMING
 *  1. Protected places stay reachable in closed hours and in profiles that
 *     allow only what is listed; only a locked entry ends that.
 *  2. What a household allows for the day is closed at night with the rest; a
 *     grant, given on purpose and for a time, holds at night too.
 *  3. Nothing local weakens a lock or a mandatory requirement.
 *  4. An unknown profile is blocked, never treated as some other.
 *
 * Tried and left: comparing packed 64-bit keys; the order then hid in shifts,
 * and a class has a handful of hits. */
#include "cop/decide.h"

#include "rules/decide/speak.h"

struct first {
    const struct cop_policy *policy;
    struct statement statement;
    bool is_found;
};

static void first_note(void *context, const struct statement *statement)
{
    struct first *first = context;

    if (statement->aside == COP_ASIDE_NOTHING &&
        (!first->is_found ||
            statement_order(first->policy, statement, &first->statement) < 0)) {
        first->statement = *statement;
        first->is_found = true;
    }
}

static void verdict_write(const struct cop_policy *policy,
    const struct statement *s, struct cop_verdict *out)
{
    *out = (struct cop_verdict){
        .action = s->action,
        .level = s->level,
        .bundle = s->bundle,
        .requirement = s->requirement == COP_NONE
                           ? COP_NONE
                           : policy->requirements[s->requirement].index,
        .category = s->category,
        .hit = s->hit,
        .until_unix = INT64_MAX,
        .holds_until_unix = INT64_MAX,
        .is_scheduled = s->is_scheduled,
    };
}

void cop_evaluate(const struct cop_policy *policy,
    const struct cop_class *class, uint32_t profile,
    const struct cop_moment *moment, struct cop_verdict *out)
{
    struct first first = {
        .policy = policy,
        .statement =
            {
                .hit = {.rule = COP_NONE},
                .requirement = COP_NONE,
                .bundle = COP_NONE,
                .category = COP_NONE,
                .level = COP_LEVEL_NONE,
                .action = COP_ALLOW,
            },
    };

    if (profile < policy->profiles_n) {
        speak(policy, class, profile, moment, first_note, &first);
    } else {
        first.statement.level = COP_LEVEL_LOCKED;
        first.statement.action = COP_BLOCK;
    }
    verdict_write(policy, &first.statement, out);
    if (profile < policy->profiles_n) {
        out->until_unix = until_ends(policy, profile, moment, &first.statement);
        out->holds_until_unix = until_holds(policy, class, profile, moment);
    }
}

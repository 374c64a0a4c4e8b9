#include "cop/decide.h"

#include "rules/decide/speak.h"

/* The first statement behind another in the total order. */
struct next {
    const struct cop_policy *policy;
    const struct statement *behind; /* NULL: the very first */
    struct statement statement;
    bool is_found;
};

static void next_note(void *context, const struct statement *statement)
{
    struct next *next = context;

    if (next->behind != NULL &&
        statement_order(next->policy, statement, next->behind) <= 0) {
        return;
    }
    if (!next->is_found ||
        statement_order(next->policy, statement, &next->statement) < 0) {
        next->statement = *statement;
        next->is_found = true;
    }
}

static struct cop_step step_make(
    const struct cop_policy *policy, const struct statement *s)
{
    return (struct cop_step){
        .level = s->level,
        .action = s->action,
        .hit = s->hit,
        .bundle = s->bundle,
        .requirement = s->requirement == COP_NONE
                           ? COP_NONE
                           : policy->requirements[s->requirement].index,
        .category = s->category,
        .aside = s->aside,
        .aside_hit = s->aside_hit,
    };
}

/* The one step where no statement was made: that of the verdict itself. */
static void explain_verdict(const struct cop_policy *policy,
    const struct cop_class *class, uint32_t profile,
    const struct cop_moment *moment, struct cop_step *out)
{
    struct cop_verdict verdict;

    cop_evaluate(policy, class, profile, moment, &verdict);
    *out = (struct cop_step){
        .level = verdict.level,
        .action = verdict.action,
        .hit = verdict.hit,
        .bundle = verdict.bundle,
        .requirement = verdict.requirement,
        .category = verdict.category,
        .is_deciding = true,
    };
}

/* Statements are few and memory may not be had: so they are made anew for each
 * step and the next one picked, rather than kept and sorted. */
void cop_explain(const struct cop_policy *policy, const struct cop_class *class,
    uint32_t profile, const struct cop_moment *moment, cop_step_fn *emit,
    void *context)
{
    struct next next = {.policy = policy};
    struct statement last;
    struct cop_step step;

    explain_verdict(policy, class, profile, moment, &step);
    if (profile < policy->profiles_n) {
        speak(policy, class, profile, moment, next_note, &next);
    }
    /* Nobody spoke, or only to take it back: then nobody decides. */
    bool is_first = next.is_found && next.statement.aside == COP_ASIDE_NOTHING;

    if (!is_first) {
        emit(context, &step);
    }
    for (; next.is_found; is_first = false) {
        step = step_make(policy, &next.statement);
        step.is_deciding = is_first;
        emit(context, &step);
        last = next.statement;
        next.behind = &last;
        next.is_found = false;
        speak(policy, class, profile, moment, next_note, &next);
    }
}

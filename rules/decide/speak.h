/* Statements: what each rule, requirement and setting says about one class,
 * for one profile, at one moment. evaluate.c has the essay. */
#ifndef RULES_DECIDE_SPEAK_H
#define RULES_DECIDE_SPEAK_H

#include "rules/decide/policy.h"

struct statement {
    struct cop_hit hit;   /* specificity 0: none */
    uint32_t requirement; /* number in the policy, or COP_NONE */
    uint32_t bundle;      /* or COP_NONE */
    uint32_t category;    /* or COP_NONE */
    enum cop_level level;
    enum cop_action action;
    bool is_scheduled;
    enum cop_aside aside;     /* what took it back */
    struct cop_hit aside_hit; /* specificity 0: no rule did */
};

typedef void statement_fn(void *context, const struct statement *statement);

/* Hand over every statement, in no order, each once.
 * profile  below policy->profiles_n */
void speak(const struct cop_policy *policy, const struct cop_class *class,
    uint32_t profile, const struct cop_moment *moment, statement_fn *say,
    void *context);

/* until.c: when what a statement comes from ends by itself, INT64_MAX: never;
 * and the first moment after this one at which time alone may make another
 * verdict of the same class for the same profile, INT64_MAX: none. */
int64_t until_ends(const struct cop_policy *policy, uint32_t profile,
    const struct cop_moment *moment, const struct statement *statement);
int64_t until_holds(const struct cop_policy *policy,
    const struct cop_class *class, uint32_t profile,
    const struct cop_moment *moment);

/* statement.c: the total order: below zero when a goes before b; zero only for
 * a and a. */
int statement_order(const struct cop_policy *policy, const struct statement *a,
    const struct statement *b);

#endif

/* Which grams a rule in Adblock syntax is found by: part of urlrules_write.c.
 *
 * Whatever a rule matches has one of its texts: a pattern has one, with its
 * wildcards, an expression those that rxliteral.h finds. Of each text the gram
 * that the fewest rules and URLs share is chosen, so first the grams of all
 * rules are counted. */
#ifndef RULES_BUNDLE_URLCHOICE_H
#define RULES_BUNDLE_URLCHOICE_H

#include "rules/base/arena.h"
#include "rules/base/rxliteral.h"
#include "rules/bundle/urlrules.h"

struct gram_cost;

struct urlchoice {
    struct gram_cost *p; /* an open table */
    uint32_t mask;
    uint32_t n;
    bool is_full;       /* there was no memory to grow */
    struct arena arena; /* of one expression's texts */
    uint32_t grams[RXLITERAL_MAX];
};

/* Returns COP_OK or COP_E_NOMEM; urlchoice_fini() in either case. */
COP_MUST_USE enum cop_status urlchoice_init(struct urlchoice *choice);
void urlchoice_fini(struct urlchoice *choice);

/* Count the grams of a rule. Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status urlchoice_count(
    struct urlchoice *choice, const struct urlrule *rule);

struct urlchoice_grams {
    const uint32_t *p; /* until the next call */
    size_t n;          /* 0: the rule has none that it cannot match without */
    bool are_good;     /* worth more than the hosts that it speaks of */
};

/* Choose the grams of a rule that was counted.
 * Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status urlchoice_make(struct urlchoice *choice,
    const struct urlrule *rule, struct urlchoice_grams *out);

#endif

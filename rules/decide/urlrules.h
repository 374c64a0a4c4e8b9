/* Rules in Adblock syntax against a request: part of classify.c.
 *
 * A list matches when a rule of it that blocks matches and no exception of it
 * does; rules marked important stand whatever excepts them. Exceptions lift
 * the list's host rules too. */
#ifndef RULES_DECIDE_URLRULES_H
#define RULES_DECIDE_URLRULES_H

#include "rules/bundle/hostindex.h"
#include "rules/decide/matcher.h"
#include "rules/decide/policy.h"
#include "rules/decide/urlmatch.h"

/* Who asks what of which bundle. */
struct urlrules_ask {
    const struct cop_policy *policy;
    struct cop_matcher *matcher;
    uint32_t bundle;
    struct urlmatch *match;
    const struct hostindex_names *names; /* of the URL's host */
};

/* Whether a bundle has such rules. */
static inline bool urlrules_are_in(const struct cop_bundle *bundle)
{
    return section_count(bundle, SECTION_URLRULES) != 0;
}

/* Put the lists of the bundle that match into the class, and take out those
 * whose host rules are excepted. The bundle has such rules. */
void urlrules_classify(const struct urlrules_ask *ask, struct cop_class *class);

/* What they come to for a host alone. */
void urlrules_classify_host(const struct cop_policy *policy, uint32_t bundle,
    const struct hostindex_names *names, struct cop_class *class);

/* Whether some rule could match on any host; slow: for policies being made. */
bool urlrules_are_everywhere(const struct cop_bundle *bundle);

/* Whether some rule speaks of name.*; as slow. */
bool urlrules_have_entities(const struct cop_bundle *bundle);

#endif

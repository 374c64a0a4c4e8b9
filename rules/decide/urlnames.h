/* A host in all forms that a rule in Adblock syntax may name it by, and what a
 * rule's names say of it: part of urlrules.c. */
#ifndef RULES_DECIDE_URLNAMES_H
#define RULES_DECIDE_URLNAMES_H

#include "rules/decide/urlrules.h"

/* Both forms are made when they are first asked for. */
struct urlnames {
    const struct cop_bundle *bundle;
    struct cop_matcher *matcher;
    const struct cop_host *host;
    const struct hostindex_names *full;     /* NULL: not made yet */
    const struct hostindex_names *entities; /* NULL: not made yet */
    struct hostindex_names full_room;
    struct hostindex_names entities_room;
};

/* full  the host's names where somebody has them; NULL */
void urlnames_begin(struct urlnames *names, const struct urlrules_ask *ask,
    const struct cop_host *host, const struct hostindex_names *full);

/* The host and the names above it; the same with the suffix left open. */
const struct hostindex_names *urlnames_full(struct urlnames *names);
const struct hostindex_names *urlnames_entities(struct urlnames *names);

/* Names of a rule: from `at` of URLRULE_NAMES those that it speaks of, then
 * those that it does not. */
struct urlnames_said {
    uint32_t at;
    uint32_t in;
    uint32_t out;
};

/* What a rule says of the nearest name that it speaks of, else of any. A name
 * in full is nearer than the same one with its suffix left open.
 * has_entities  whether the rule has such names */
bool urlnames_allow(struct urlnames *names, const struct urlnames_said *said,
    bool has_entities);

#endif

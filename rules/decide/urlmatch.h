/* One request as rules in Adblock syntax see it, and one rule's text against
 * it. */
#ifndef RULES_DECIDE_URLMATCH_H
#define RULES_DECIDE_URLMATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/decide.h"

enum urlmatch_party { PARTY_UNKNOWN, PARTY_FIRST, PARTY_THIRD };

struct urlmatch {
    const struct cop_url *url;
    const struct cop_host *source; /* the URL's own host when it has none */
    struct cop_slice lower;        /* the URL's text in lower case */
    uint16_t host_at;              /* where the host begins in it */
    uint16_t type;                 /* bits: what it is for, how it is asked */
    uint16_t method;
    enum urlmatch_party party; /* found out when it is asked for */
    char store[COP_URL_MAX + 1];
};

/* facts  NULL: a document that somebody goes to
 * out    borrows from both */
void urlmatch_init(struct urlmatch *out, const struct cop_url *url,
    const struct cop_facts *facts);

enum { URLMATCH_ANYWHERE = -1 };

/* Whether a body (urlrule_body) with these flags, no regular expression,
 * matches.
 * start  with URLRULE_ANCHOR_HOST, the one place where it may begin;
 *        URLMATCH_ANYWHERE: at each label of the host */
bool urlmatch_text(const struct urlmatch *match, struct cop_slice body,
    uint16_t flags, int start);

#endif

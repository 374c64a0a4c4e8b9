/* Whether a request stays with its source's site. What the public suffix list
 * says of a host is remembered, because asking it takes microseconds. */
#ifndef RULES_DECIDE_PARTIES_H
#define RULES_DECIDE_PARTIES_H

#include <stdbool.h>

#include "cop/host.h"

enum { PARTIES_ENTRIES = 512, PARTIES_TEXT = 62 };

/* One host; longer ones are not remembered. */
struct party {
    uint8_t n; /* 0: free */
    uint8_t registrable;
    char text[PARTIES_TEXT];
};

struct parties {
    struct party entries[PARTIES_ENTRIES];
};

/* Where a name's public suffix begins; 0 for an address and for a name that is
 * itself one. */
size_t parties_suffix(struct parties *parties, const struct cop_host *host);

/* Whether two hosts have the same registrable domain; addresses only when they
 * are equal. One thread uses `parties` at a time. */
bool parties_are_one(struct parties *parties, const struct cop_host *a,
    const struct cop_host *b);

#endif

/* Asking the policy, and writing down what it said. */
#ifndef GATEWAY_FLOW_DECISION_H
#define GATEWAY_FLOW_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/decide.h"
#include "gateway/flow/world.h"

struct conn;
struct http_head;

/* On whose behalf a decision is taken, and by what. */
struct asker {
    struct world *world; /* held */
    uint32_t profile;
};

/* What is done with a tunnel. */
enum way {
    WAY_REFUSE,    /* blocked, and no page can be shown */
    WAY_SPLICE,    /* pass it through unread */
    WAY_INTERCEPT, /* verify the server, then read */
    WAY_SHOW       /* blocked: intercept without contacting anybody */
};

struct decision {
    struct cop_verdict verdict;
    char reference[17]; /* of a notice that will be shown; else empty */
    enum way way;       /* of a tunnel */
    bool may_inspect;   /* of a tunnel: a page could be shown in it */
};

/* Everything but "allow" is answered with a notice: this version has no other
 * way to warn, redirect or limit, and in doubt shows the child a page. */
static inline bool decision_is_block(const struct decision *decision)
{
    return decision->verdict.action != COP_ALLOW;
}

/* Decide on a request by its head, and log it. url: in the flow's scratch. */
void decision_of_url(struct conn *conn, const struct asker *asker,
    const struct http_head *head, const struct cop_url *url,
    struct decision *out);

/* Decide on a tunnel to conn->site by its host alone, and log it. */
void decision_of_site(
    struct conn *conn, const struct asker *asker, struct decision *out);

/* Evaluate what is in the flow's scratch, and nothing else. */
void decision_of_class(
    struct conn *conn, const struct asker *asker, struct decision *out);

/* Write down that an address of conn->site is blocked: out->verdict, about
 * what is in the flow's scratch.
 * is_told  a notice will be shown: out->reference is made */
void decision_of_address(struct conn *conn, const struct asker *asker,
    const struct sockaddr_storage *address, bool is_told, struct decision *out);

#endif

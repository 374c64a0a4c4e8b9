/* From a name to its addresses: what the configuration fixes, what is
 * remembered, else what a name server says, asked without blocking. */
#ifndef GATEWAY_NET_RESOLVER_H
#define GATEWAY_NET_RESOLVER_H

#include <stdint.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/loop/loop.h"
#include "gateway/net/answers.h"

struct config;
struct resolver;
struct query; /* what is being asked of name servers; shared by lookups */

/* One question, embedded in whoever asks it. */
struct lookup;
/* Called once, at the end of a turn, never from within resolver_ask().
 * lookup->reason is COP_REASON_NONE with lookup->answer, else
 * COP_REASON_RESOLVE (no such name, no address, refused),
 * COP_REASON_RESOLVE_TIMEOUT, COP_REASON_LIMIT or COP_REASON_MEMORY. The lookup
 * may be freed or used again from within. */
typedef void lookup_fn(struct lookup *lookup);
struct lookup {
    lookup_fn *fn;
    enum cop_reason reason;
    struct answer answer;
    /* What follows is the resolver's own. */
    struct resolver *resolver; /* NULL when nothing is under way */
    struct query *query;       /* NULL when the answer is there */
    struct lookup *next;       /* of those that share the query */
    struct timer timer;
    struct task task;
};

/* The loop must outlive the resolver; of the configuration what is needed is
 * copied. The system's name servers are read here, once, for configurations
 * that name none: call before the process loses sight of /etc.
 * Returns COP_OK, COP_E_NOMEM, or COP_E_IO (no resolver could be set up). */
COP_MUST_USE enum cop_status resolver_new(
    struct loop *loop, const struct config *config, struct resolver **out);
/* Use other fixed names, servers and patience from now on; what was learnt is
 * forgotten. What is being asked is asked again when servers change. On
 * failure nothing has changed. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status resolver_reconfigure(
    struct resolver *resolver, const struct config *config);
/* No lookup may be under way. */
void resolver_free(struct resolver **resolver);

void lookup_init(struct lookup *lookup, lookup_fn *fn);
/* Ask for the addresses of a host that is a name. */
void resolver_ask(struct resolver *resolver, const struct cop_host *host,
    struct lookup *lookup);
/* No callback comes after. Nothing happens to one that is not under way. */
void lookup_cancel(struct lookup *lookup);

#endif

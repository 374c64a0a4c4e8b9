/* The conductor as its own files see it. */
#ifndef GATEWAY_FLOW_INNER_H
#define GATEWAY_FLOW_INNER_H

#include "cop/decide.h"
#include "gateway/flow/clock.h"
#include "gateway/flow/conn.h"
#include "gateway/flow/crowd.h"
#include "gateway/flow/exempt.h"
#include "gateway/flow/flow.h"
#include "gateway/flow/room.h"
#include "gateway/net/dial.h"
#include "gateway/upstream/upstream.h"

enum {
    FLOW_SCRATCH_BYTES = 16384,
    FLOW_SPARES_MAX = 64,      /* exchanges kept for the next request */
    FLOW_DRAIN_GRACE_MS = 1000 /* for a request that is on its way */
};

/* Room for what lives within one step and would be large on a stack. */
struct scratch {
    struct cop_url url;
    struct cop_class class;
    char bytes[FLOW_SCRATCH_BYTES];
};

struct drain {
    bool is_on;
    struct timer timer;
    struct task task; /* calls done */
    flow_drained_fn *done;
    void *context;
};

struct flow {
    struct flow_parts parts; /* parts.world: a reference of ours */
    struct dialer *dialer;
    struct upstreams *upstreams;
    struct cop_matcher *matcher;
    struct cop_cache *cache;
    struct clock clock;
    struct conn *conns;   /* every open connection */
    struct conn *closing; /* those to be freed at the end of the turn */
    struct task reaper;
    struct exchange *spares;
    uint32_t spares_n;
    struct rooms rooms;
    struct drain drain;
    struct crowd crowd;
    struct exempt exempt;
    struct flow_counts counts;
    struct scratch *scratch;
};

static inline const struct config_limits *flow_limits(const struct flow *flow)
{
    return &flow->parts.world->config->limits;
}

void drain_init(struct flow *flow);
void drain_fini(struct flow *flow);
/* A connection was freed: the last one ends a drain. */
void drain_check(struct flow *flow);

#endif

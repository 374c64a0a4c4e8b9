#include "gateway/flow/flow.h"

#include <stdlib.h>
#include <unistd.h>

#include "gateway/flow/exchange.h"
#include "gateway/flow/forward.h"
#include "gateway/flow/inner.h"

static void flow_reap(struct task *task)
{
    struct flow *flow = LOOP_OWNER(task, struct flow, reaper);

    while (flow->closing != NULL) {
        struct conn *conn = flow->closing;

        conn_free(&conn);
    }
    drain_check(flow);
}

static enum cop_status flow_fill(struct flow *flow)
{
    const struct world *world = flow->parts.world;
    enum cop_status status;

    flow->scratch = malloc(sizeof(*flow->scratch));
    if (flow->scratch == NULL) {
        return COP_E_NOMEM;
    }
    status = cop_matcher_new(&flow->matcher);
    if (status == COP_OK) {
        status = cop_cache_new(world->config->limits.cache_slots, &flow->cache);
    }
    if (status == COP_OK) {
        status = dialer_new(flow->parts.loop, world->config, &flow->dialer);
    }
    if (status == COP_OK) {
        status = upstreams_new(flow->parts.loop, flow->dialer, world->config,
            world->client, &flow->upstreams);
    }
    if (status == COP_OK) {
        upstreams_on_stream(flow->upstreams, forward_on_stream);
    }
    return status;
}

enum cop_status flow_new(const struct flow_parts *parts, struct flow **out)
{
    struct flow *flow = calloc(1, sizeof(*flow));
    enum cop_status status;

    if (flow == NULL) {
        return COP_E_NOMEM;
    }
    flow->parts = *parts;
    flow->parts.world = world_hold(parts->world);
    task_init(&flow->reaper, flow_reap);
    clock_reset(&flow->clock);
    drain_init(flow);
    rooms_init(&flow->rooms);
    crowd_init(&flow->crowd);
    status = exempt_init(&flow->exempt);
    if (status == COP_OK) {
        status = flow_fill(flow);
    }
    if (status != COP_OK) {
        flow_free(&flow);
        return status;
    }
    *out = flow;
    return COP_OK;
}

void flow_free(struct flow **flow)
{
    struct flow *it = *flow;

    *flow = NULL;
    if (it == NULL) {
        return;
    }
    while (it->conns != NULL) {
        conn_end(it->conns, COP_REASON_DRAINED, NULL);
    }
    flow_reap(&it->reaper);
    drain_fini(it);
    loop_cancel_task(it->parts.loop, &it->reaper);
    exempt_fini(&it->exempt);
    exchange_free_spares(it);
    rooms_fini(&it->rooms);
    upstreams_free(&it->upstreams);
    dialer_free(&it->dialer);
    cop_cache_free(&it->cache);
    cop_matcher_free(&it->matcher);
    world_drop(&it->parts.world);
    free(it->scratch);
    free(it);
}

/* Turned away at the door; still a connection with an end in the log. */
static void flow_turn_away(struct flow *flow, int fd, enum cop_reason reason)
{
    const struct record_end end = {.connection = ++flow->counts.connections,
        .mode = conn_mode_word(CONN_PLAIN),
        .reason = reason};

    close(fd);
    flow->counts.ended[reason]++;
    record_end(flow->parts.record, &end);
}

/* The kernel gives out the lowest free number, so a high one says that most
 * descriptors are in use. Those that are left are for the servers of clients
 * who are inside already. */
static bool flow_is_short(const struct flow *flow, int fd)
{
    return flow->parts.shed_from > 0 && fd >= flow->parts.shed_from;
}

void flow_accept(struct flow *flow, int fd,
    const struct sockaddr_storage *client, uint32_t door)
{
    const struct config_limits *limits = flow_limits(flow);
    struct crowd_member *crowd = NULL;
    struct conn *conn;

    if (flow->drain.is_on) {
        flow_turn_away(flow, fd, COP_REASON_DRAINED);
    } else if (flow->counts.open >= limits->connections ||
               flow_is_short(flow, fd)) {
        flow_turn_away(flow, fd, COP_REASON_LIMIT);
    } else if (crowd_enter(&flow->crowd, client, limits->connections_per_client,
                   &crowd) != COP_OK) {
        flow_turn_away(flow, fd, COP_REASON_CLIENT_LIMIT);
    } else if (conn_open(flow, fd, client, door, &conn) != COP_OK) {
        crowd_leave(&crowd);
        flow_turn_away(flow, fd, COP_REASON_MEMORY);
    } else {
        conn->crowd = crowd;
        if (conn->state == CONN_ARRIVE) {
            conn_run(conn, NULL, 0);
        }
    }
}

/* No entry is lost by it that a reload does not make useless anyway: every
 * policy has its own. */
static void flow_resize_cache(struct flow *flow, uint32_t slots)
{
    struct cop_cache *cache;

    if (cop_cache_new(slots, &cache) == COP_OK) {
        cop_cache_free(&flow->cache);
        flow->cache = cache;
    }
}

void flow_reload(struct flow *flow, struct world *world)
{
    const struct config *config = world->config;
    struct world *old = flow->parts.world;
    enum cop_status status;

    flow->parts.world = world_hold(world);
    clock_reset(&flow->clock);
    upstreams_reconfigure(flow->upstreams, config, world->client);
    /* Without memory for it, names are looked up and reached as before. */
    status = dialer_reconfigure(flow->dialer, config);
    if (status == COP_OK &&
        config->limits.cache_slots != old->config->limits.cache_slots) {
        flow_resize_cache(flow, config->limits.cache_slots);
    }
    world_drop(&old);
}

void flow_each_exempt(struct flow *flow, exempt_fn *fn, void *context)
{
    exempt_each(&flow->exempt, fn, context);
}

void flow_count(const struct flow *flow, struct flow_counts *out)
{
    *out = flow->counts;
    cop_cache_counts(flow->cache, &out->cache);
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        out->built_unix[i] =
            cop_locator_built(flow->parts.world->locator, (enum cop_database)i);
    }
}

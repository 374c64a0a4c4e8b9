/* Connections to servers, one at a time:
 *
 *   upstreams_get --idle one--> COP_OK
 *       |
 *       v
 *   dialling --failed--> told why
 *       | connected
 *       v
 *   handshake (TLS only, within handshake_ms) --failed, late--> told why
 *       |
 *       v
 *   told; the caller's --upstream_put--> idle in the pool --closed, late-->
 * gone
 *
 * Invariants:
 *  1. A wait has a dial or an upstream under its hands, never both.
 *  2. What was begun under one trust keeps it: the epoch of its beginning is
 *     compared when it is given back. */
#include "gateway/upstream/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "gateway/upstream/pool.h"

struct upstreams {
    struct loop *loop;
    struct dialer *dialer;
    const struct config *config;
    struct tls_client *client;
    struct pool idle;
    uint64_t epoch;
};

struct upstream_wait {
    struct upstreams *pool;
    upstream_fn *fn;
    void *context;
    struct dial *dial;
    struct upstream *upstream; /* in its handshake */
    struct tls_client *client; /* of the beginning, held */
    uint64_t epoch;
    struct watch watch;
    struct timer timer;
    struct cop_host host;
    struct cop_host mapped; /* n is 0: none */
    uint16_t port;
    bool is_tls;
};

/* Stop whatever goes on and free the wait; tells nobody. */
static void wait_free(struct upstream_wait *wait)
{
    if (wait->dial != NULL) {
        dial_cancel(&wait->dial);
    }
    loop_unwatch(wait->pool->loop, &wait->watch);
    loop_clear_timer(wait->pool->loop, &wait->timer);
    upstream_close(&wait->upstream);
    tls_client_drop(&wait->client);
    free(wait);
}

static void wait_fail(
    struct upstream_wait *wait, enum cop_reason reason, const char *detail)
{
    upstream_fn *fn = wait->fn;
    void *context = wait->context;
    char words[sizeof(wait->upstream->wire.detail)];

    /* The words may be the wire's, which ends with the wait. */
    (void)snprintf(words, sizeof(words), "%s", detail);
    wait_free(wait);
    fn(context, NULL, reason, words);
}

static void wait_succeed(struct upstream_wait *wait)
{
    upstream_fn *fn = wait->fn;
    void *context = wait->context;
    struct upstream *upstream = wait->upstream;

    wait->upstream = NULL;
    wait_free(wait);
    fn(context, upstream, COP_REASON_NONE, "");
}

static void wait_handshake(struct upstream_wait *wait)
{
    struct wire *wire = &wait->upstream->wire;

    switch (wire_handshake(wire)) {
    case IO_DONE:
        wait_succeed(wait);
        return;
    case IO_AGAIN:
        loop_want(wait->pool->loop, &wait->watch, wire->needs);
        return;
    case IO_CLOSED:
    case IO_FAILED:
        wait_fail(wait, wire->reason, wire->detail);
        return;
    }
}

static void wait_ready(struct watch *watch, unsigned events)
{
    (void)events;
    wait_handshake(LOOP_OWNER(watch, struct upstream_wait, watch));
}

static void wait_late(struct timer *timer)
{
    wait_fail(LOOP_OWNER(timer, struct upstream_wait, timer),
        COP_REASON_CONNECT_TIMEOUT, "the TLS handshake did not end in time");
}

static struct upstream *upstream_new(const struct upstream_wait *wait, int fd,
    const struct sockaddr_storage *address)
{
    struct upstream *upstream = calloc(1, sizeof(*upstream));

    if (upstream == NULL) {
        return NULL;
    }
    wire_init(&upstream->wire, fd);
    upstream->wire.abort = COP_REASON_ORIGIN_ABORT;
    upstream->host = wait->host;
    upstream->address = *address;
    upstream->mapped = wait->mapped;
    upstream->port = wait->port;
    upstream->is_tls = wait->is_tls;
    upstream->pool = wait->pool;
    upstream->epoch = wait->epoch;
    watch_init(&upstream->watch, NULL);
    timer_init(&upstream->idle_timer, NULL);
    return upstream;
}

static void wait_start_tls(struct upstream_wait *wait)
{
    struct upstreams *pool = wait->pool;
    struct wire *wire = &wait->upstream->wire;
    enum cop_status status =
        wire_start_client(wire, wait->client, &wait->host, wait->port);

    if (status == COP_OK) {
        status = loop_set_timer(
            pool->loop, &wait->timer, pool->config->limits.handshake_ms);
    }
    if (status == COP_OK) {
        status = loop_watch(pool->loop, &wait->watch, wire->fd, LOOP_WRITE);
    }
    if (status != COP_OK) {
        wait_fail(wait, COP_REASON_MEMORY, "");
        return;
    }
    wait_handshake(wait);
}

static void wait_dialled(void *context, int fd, enum cop_reason reason,
    const struct sockaddr_storage *address)
{
    struct upstream_wait *wait = context;

    wait->dial = NULL;
    if (fd < 0) {
        wait_fail(wait, reason, "");
        return;
    }
    wait->upstream = upstream_new(wait, fd, address);
    if (wait->upstream == NULL) {
        (void)close(fd);
        wait_fail(wait, COP_REASON_MEMORY, "");
        return;
    }
    if (wait->is_tls) {
        wait_start_tls(wait);
    } else {
        wait_succeed(wait);
    }
}

static struct upstream_wait *wait_new(struct upstreams *upstreams,
    const struct place *place, upstream_fn *fn, void *context)
{
    struct upstream_wait *wait = calloc(1, sizeof(*wait));

    if (wait == NULL) {
        return NULL;
    }
    wait->pool = upstreams;
    wait->fn = fn;
    wait->context = context;
    wait->client = tls_client_hold(upstreams->client);
    wait->epoch = upstreams->epoch;
    wait->host = *place->host;
    wait->port = place->port;
    wait->is_tls = place->is_tls;
    if (place->mapped != NULL) {
        wait->mapped = *place->mapped;
    }
    watch_init(&wait->watch, wait_ready);
    timer_init(&wait->timer, wait_late);
    return wait;
}

enum cop_status upstreams_get(struct upstreams *upstreams,
    const struct upstream_to *to, upstream_fn *fn, void *context,
    struct upstream **upstream, struct upstream_wait **wait)
{
    const struct place place = {
        to->is_tls, to->dial.host, to->dial.port, to->mapped};
    struct dial_to dial = to->dial;
    struct upstream *idle =
        to->is_fresh ? NULL
                     : pool_take(&upstreams->idle, &place, &to->dial.bar);
    struct upstream_wait *made;
    enum cop_status status;

    if (idle != NULL) {
        idle->is_reused = true;
        *upstream = idle;
        return COP_OK;
    }
    made = wait_new(upstreams, &place, fn, context);
    if (made == NULL) {
        return COP_E_NOMEM;
    }
    if (to->mapped != NULL) {
        dial.host = to->mapped;
    }
    status =
        dial_start(upstreams->dialer, &dial, wait_dialled, made, &made->dial);
    if (status != COP_OK) {
        made->dial = NULL;
        wait_free(made);
        return status;
    }
    *wait = made;
    return COP_AGAIN;
}

void upstreams_cancel(struct upstream_wait **wait)
{
    struct upstream_wait *it = *wait;

    *wait = NULL;
    if (it != NULL) {
        wait_free(it);
    }
}

void upstream_put(struct upstream **upstream)
{
    struct upstream *it = *upstream;
    struct upstreams *upstreams;
    const struct config_limits *limits;

    *upstream = NULL;
    if (it == NULL) {
        return;
    }
    upstreams = it->pool;
    limits = &upstreams->config->limits;
    if (it->epoch != upstreams->epoch ||
        !pool_put(&upstreams->idle, it, limits->pool_per_origin,
            limits->pool_idle_ms)) {
        upstream_close(&it);
    }
}

void upstream_close(struct upstream **upstream)
{
    struct upstream *it = *upstream;

    *upstream = NULL;
    if (it == NULL) {
        return;
    }
    loop_unwatch(it->pool->loop, &it->watch);
    wire_finish(&it->wire);
    wire_close(&it->wire);
    free(it);
}

enum cop_status upstreams_new(struct loop *loop, struct dialer *dialer,
    const struct config *config, struct tls_client *client,
    struct upstreams **out)
{
    struct upstreams *upstreams = calloc(1, sizeof(*upstreams));

    if (upstreams == NULL) {
        return COP_E_NOMEM;
    }
    if (pool_init(&upstreams->idle, loop) != COP_OK) {
        free(upstreams);
        return COP_E_NOMEM;
    }
    upstreams->loop = loop;
    upstreams->dialer = dialer;
    upstreams->config = config;
    upstreams->client = tls_client_hold(client);
    *out = upstreams;
    return COP_OK;
}

void upstreams_reconfigure(struct upstreams *upstreams,
    const struct config *config, struct tls_client *client)
{
    upstreams->config = config;
    if (client == upstreams->client) {
        return;
    }
    tls_client_drop(&upstreams->client);
    upstreams->client = tls_client_hold(client);
    upstreams->epoch++;
    pool_clear(&upstreams->idle);
}

void upstreams_free(struct upstreams **upstreams)
{
    struct upstreams *it = *upstreams;

    *upstreams = NULL;
    if (it == NULL) {
        return;
    }
    pool_clear(&it->idle);
    tls_client_drop(&it->client);
    free(it);
}

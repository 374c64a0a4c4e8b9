/* Connections to servers:
 *
 *   upstreams_get --idle or shared--> COP_OK
 *       |                 \
 *       |                  '--another leads there--> following
 *       v                                              | told, or leads itself
 *   dialling --failed--> told why  <-------------------'
 *       | connected
 *       v
 *   handshake (TLS only, within handshake_ms) --failed, late--> told why
 *       |
 *       +--HTTP/2 was agreed on--> shared, told with all who follow
 *       v
 *   told; the caller's --upstream_put--> idle in the pool --closed, late-->
 * gone
 *
 * Many requests at once to a new server would make a connection each, of which
 * HTTP/2 needs one. So who comes while another is on the way there follows it.
 * If it turns out that the server speaks HTTP/1, all who followed set out at
 * once, and that server is remembered, so that nobody waits for it again.
 *
 * Invariants:
 *  1. A wait has a dial or an upstream under its hands, or follows; never two
 *     of the three.
 *  2. What was begun under one trust keeps it: the epoch of its beginning is
 *     compared when it is given back, and before it is followed.
 *  3. A leader that is cancelled in its handshake goes on, telling nobody, if
 *     others follow it; before that, one of them leads. */
#include "gateway/upstream/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "gateway/upstream/pool.h"
#include "gateway/upstream/shared.h"

enum { KNOWN_PLACES = 256 };

struct upstreams {
    struct loop *loop;
    struct dialer *dialer;
    const struct config *config;
    struct tls_client *client;
    struct pool idle;
    struct shared shared;
    struct upstream_wait *leaders;
    /* Hashes of places that spoke HTTP/1 when last asked, each where it
     * falls. */
    uint64_t known_http1[KNOWN_PLACES];
    uint64_t epoch;
};

struct upstream_wait {
    struct upstreams *pool;
    upstream_fn *fn; /* NULL: cancelled, and others follow */
    void *context;
    struct upstream_wait *next;  /* of the leaders, or of who follows one */
    struct upstream_wait **link; /* NULL: in no list */
    struct upstream_wait *followers;
    struct dial *dial;
    struct upstream *upstream; /* in its handshake */
    struct tls_client *client; /* of the beginning, held */
    uint64_t epoch;
    struct watch watch;
    struct timer timer;
    struct cop_host host;
    struct cop_host mapped; /* n is 0: none */
    uint16_t port;
    struct aim aim;
    struct dial_bar bar; /* of who waits, and gone with it */
    bool is_tls;
    unsigned how;
    bool is_http1; /* HTTP/2 is not offered */
};

static void wait_link(struct upstream_wait *wait, struct upstream_wait **list)
{
    wait->next = *list;
    wait->link = list;
    if (*list != NULL) {
        (*list)->link = &wait->next;
    }
    *list = wait;
}

static void wait_unlink(struct upstream_wait *wait)
{
    if (wait->link == NULL) {
        return;
    }
    *wait->link = wait->next;
    if (wait->next != NULL) {
        wait->next->link = wait->link;
    }
    wait->link = NULL;
}

/* Stop whatever goes on and free the wait; tells nobody. Nobody follows it. */
static void wait_free(struct upstream_wait *wait)
{
    wait_unlink(wait);
    if (wait->dial != NULL) {
        dial_cancel(&wait->dial);
    }
    loop_unwatch(wait->pool->loop, &wait->watch);
    loop_clear_timer(wait->pool->loop, &wait->timer);
    upstream_close(&wait->upstream);
    tls_client_drop(&wait->client);
    free(wait);
}

/* The wait is over: free it and tell. */
static void wait_tell(struct upstream_wait *wait, struct upstream *upstream,
    enum cop_reason reason, const char *detail)
{
    upstream_fn *fn = wait->fn;
    void *context = wait->context;

    wait_free(wait);
    if (fn != NULL) {
        fn(context, upstream, reason, detail);
    }
}

/* Take the followers over into a list of the caller's: what they do when told
 * may make new leaders, or cancel one another. */
static void wait_take_followers(
    struct upstream_wait *wait, struct upstream_wait **list)
{
    *list = wait->followers;
    wait->followers = NULL;
    if (*list != NULL) {
        (*list)->link = list;
    }
}

static void wait_set_out(struct upstream_wait *followers);

static void wait_fail(
    struct upstream_wait *wait, enum cop_reason reason, const char *detail)
{
    struct upstream_wait *followers;
    char words[sizeof(wait->upstream->wire.detail)];

    /* The words may be the wire's, which ends with the wait. */
    (void)snprintf(words, sizeof(words), "%s", detail);
    wait_take_followers(wait, &followers);
    wait_tell(wait, NULL, reason, words);
    if (reason == COP_REASON_REFUSED) {
        /* What is barred to one may be open to another. */
        wait_set_out(followers);
        return;
    }
    while (followers != NULL) {
        wait_tell(followers, NULL, reason, words);
    }
}

static const struct cop_host *wait_mapped(const struct upstream_wait *wait)
{
    return wait->mapped.n != 0 ? &wait->mapped : NULL;
}

static struct place wait_place(const struct upstream_wait *wait)
{
    return (struct place){
        wait->is_tls, &wait->host, wait->port, wait_mapped(wait), wait->aim};
}

static struct upstream_to wait_to(const struct upstream_wait *wait)
{
    return (struct upstream_to){
        .dial = {&wait->host, wait->port, wait->bar, wait->aim},
        .mapped = wait_mapped(wait),
        .is_tls = wait->is_tls,
        .how = wait->how};
}

/* Remember what a place speaks. */
static void place_learn(
    struct upstreams *pool, const struct place *place, bool is_http1)
{
    uint64_t hash = place_hash(pool->shared.secret, place);
    uint64_t *known = &pool->known_http1[hash % KNOWN_PLACES];

    if (is_http1) {
        *known = hash;
    } else if (*known == hash) {
        *known = 0;
    }
}

static bool place_is_http1(
    const struct upstreams *pool, const struct place *place)
{
    uint64_t hash = place_hash(pool->shared.secret, place);

    return pool->known_http1[hash % KNOWN_PLACES] == hash;
}

/* A connection of HTTP/1 is for one alone: who led, or whoever takes it. */
static void wait_give(struct upstream_wait *wait, struct upstream *upstream)
{
    struct upstream_wait *followers;

    wait_take_followers(wait, &followers);
    if (wait->fn == NULL) {
        upstream_put(&upstream);
    }
    wait_tell(wait, upstream, COP_REASON_NONE, "");
    wait_set_out(followers);
}

static void wait_succeed(struct upstream_wait *wait)
{
    struct upstreams *pool = wait->pool;
    struct upstream *upstream = wait->upstream;
    const struct place place = wait_place(wait);
    struct upstream_wait *followers;
    bool is_h2 = wire_is_h2(&upstream->wire);

    wait_unlink(wait);
    loop_unwatch(pool->loop, &wait->watch);
    if (wait->is_tls && !wait->is_http1) {
        place_learn(pool, &place, !is_h2);
    }
    if (!is_h2) {
        wait->upstream = NULL;
        wait_give(wait, upstream);
        return;
    }
    if (shared_start(&pool->shared, upstream, &pool->config->limits,
            upstream->epoch == pool->epoch &&
                !wire_was_asked(&upstream->wire)) != COP_OK) {
        wait_fail(wait, COP_REASON_MEMORY, "");
        return;
    }
    wait->upstream = NULL;
    wait_take_followers(wait, &followers);
    wait_tell(wait, upstream, COP_REASON_NONE, "");
    wait_set_out(followers);
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
    upstream->aim = wait->aim;
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

    if (status == COP_OK && !wait->is_http1) {
        status = wire_offer_h2(wire);
    }
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

static enum cop_status wait_try(struct upstream_wait *wait)
{
    const struct cop_host *mapped = wait_mapped(wait);
    const struct dial_to to = {.host = mapped != NULL ? mapped : &wait->host,
        .port = wait->port,
        .bar = wait->bar,
        .aim = mapped != NULL ? (struct aim){.kind = AIM_NONE} : wait->aim};
    enum cop_status status =
        dial_start(wait->pool->dialer, &to, wait_dialled, wait, &wait->dial);

    if (status != COP_OK) {
        wait->dial = NULL;
        return status;
    }
    /* Under the trust of now, whatever it was when it began to follow. */
    tls_client_drop(&wait->client);
    wait->client = tls_client_hold(wait->pool->client);
    wait->epoch = wait->pool->epoch;
    wait_link(wait, &wait->pool->leaders);
    return COP_OK;
}

/* Somebody who is on the way to a place, and may come to share it. */
static struct upstream_wait *find_leader(
    const struct upstreams *upstreams, const struct place *place)
{
    if (!place->is_tls || place_is_http1(upstreams, place)) {
        return NULL;
    }
    for (struct upstream_wait *it = upstreams->leaders; it != NULL;
         it = it->next) {
        const struct place to = wait_place(it);

        if (!it->is_http1 && it->epoch == upstreams->epoch &&
            place_eq(&to, place)) {
            return it;
        }
    }
    return NULL;
}

/* One that is there already, or NULL. */
static struct upstream *find_ready(
    struct upstreams *upstreams, const struct upstream_to *to)
{
    const struct place place = {
        to->is_tls, to->dial.host, to->dial.port, to->mapped, to->dial.aim};
    struct upstream *found = NULL;

    if ((to->how & UPSTREAM_FRESH) != 0) {
        return NULL;
    }
    if ((to->how & UPSTREAM_HTTP1) == 0) {
        found = shared_find(&upstreams->shared, to);
    }
    if (found == NULL) {
        found = pool_take(&upstreams->idle, &place, &to->dial.bar);
        if (found != NULL) {
            found->is_reused = true;
        }
    }
    return found;
}

/* What has been made meanwhile, or is being made, is used; else one leads. */
static void wait_set_out_one(struct upstream_wait *wait)
{
    struct upstreams *pool = wait->pool;
    const struct upstream_to to = wait_to(wait);
    const struct place place = wait_place(wait);
    struct upstream *found = find_ready(pool, &to);
    struct upstream_wait *leader = NULL;
    enum cop_status status;

    if (found != NULL) {
        wait_tell(wait, found, COP_REASON_NONE, "");
        return;
    }
    leader = find_leader(pool, &place);
    if (leader != NULL) {
        wait_link(wait, &leader->followers);
        return;
    }
    status = wait_try(wait);
    if (status != COP_OK) {
        wait_fail(wait,
            status == COP_E_LIMIT ? COP_REASON_LIMIT : COP_REASON_MEMORY, "");
    }
}

/* Whoever followed goes on without the one who led. Takes the list. */
static void wait_set_out(struct upstream_wait *followers)
{
    if (followers != NULL) {
        followers->link = &followers;
    }
    while (followers != NULL) {
        struct upstream_wait *wait = followers;

        wait_unlink(wait);
        wait_set_out_one(wait);
    }
}

static struct upstream_wait *wait_new(struct upstreams *upstreams,
    const struct upstream_to *to, upstream_fn *fn, void *context)
{
    struct upstream_wait *wait = calloc(1, sizeof(*wait));

    if (wait == NULL) {
        return NULL;
    }
    wait->pool = upstreams;
    wait->fn = fn;
    wait->context = context;
    wait->client = tls_client_hold(upstreams->client);
    wait->host = *to->dial.host;
    wait->port = to->dial.port;
    wait->bar = to->dial.bar;
    wait->aim = to->dial.aim;
    wait->is_tls = to->is_tls;
    if (to->mapped != NULL) {
        wait->mapped = *to->mapped;
    }
    /* What is made while it waits is fresh. */
    wait->how = to->how & ~(unsigned)UPSTREAM_FRESH;
    watch_init(&wait->watch, wait_ready);
    timer_init(&wait->timer, wait_late);
    return wait;
}

enum cop_status upstreams_get(struct upstreams *upstreams,
    const struct upstream_to *to, upstream_fn *fn, void *context,
    struct upstream **upstream, struct upstream_wait **wait)
{
    const struct place place = {
        to->is_tls, to->dial.host, to->dial.port, to->mapped, to->dial.aim};
    struct upstream *found = find_ready(upstreams, to);
    struct upstream_wait *leader = NULL;
    struct upstream_wait *made;
    enum cop_status status;

    if (found != NULL) {
        *upstream = found;
        return COP_OK;
    }
    made = wait_new(upstreams, to, fn, context);
    if (made == NULL) {
        return COP_E_NOMEM;
    }
    made->is_http1 = upstreams->config->http2 == CONFIG_HTTP2_NEVER ||
                     (to->how & (UPSTREAM_HTTP1 | UPSTREAM_WEBSOCKET)) != 0;
    if (!made->is_http1) {
        leader = find_leader(upstreams, &place);
    }
    if (leader != NULL) {
        wait_link(made, &leader->followers);
        *wait = made;
        return COP_AGAIN;
    }
    status = wait_try(made);
    if (status != COP_OK) {
        wait_free(made);
        return status;
    }
    *wait = made;
    return COP_AGAIN;
}

void upstreams_cancel(struct upstream_wait **wait)
{
    struct upstream_wait *it = *wait;
    struct upstream_wait *followers;

    *wait = NULL;
    if (it == NULL) {
        return;
    }
    if (it->followers != NULL && it->upstream != NULL) {
        it->fn = NULL;
        return;
    }
    /* What bars addresses is gone with who asked: another must dial. */
    wait_take_followers(it, &followers);
    wait_free(it);
    wait_set_out(followers);
}

void upstream_put(struct upstream **upstream)
{
    struct upstream *it = *upstream;
    struct upstreams *upstreams;
    const struct config_limits *limits;

    *upstream = NULL;
    if (it == NULL || it->session != NULL) {
        return;
    }
    upstreams = it->pool;
    limits = &upstreams->config->limits;
    if (it->epoch != upstreams->epoch || wire_was_asked(&it->wire) ||
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
    if (pool_init(&upstreams->idle, loop) != COP_OK ||
        shared_init(&upstreams->shared, loop) != COP_OK) {
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

void upstreams_on_stream(struct upstreams *upstreams, upstream_stream_fn *fn)
{
    upstreams->shared.on_stream = fn;
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
    shared_retire_all(&upstreams->shared);
}

void upstreams_free(struct upstreams **upstreams)
{
    struct upstreams *it = *upstreams;

    *upstreams = NULL;
    if (it == NULL) {
        return;
    }
    /* Those that were cancelled while others followed. */
    while (it->leaders != NULL) {
        wait_free(it->leaders);
    }
    pool_clear(&it->idle);
    shared_fini(&it->shared);
    tls_client_drop(&it->client);
    free(it);
}

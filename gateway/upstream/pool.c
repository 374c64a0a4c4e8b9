/* An idle connection is watched: a server that closes it, or says something
 * unasked, has it removed at once. What a live one may say is TLS's own (new
 * tickets), which reading it takes in. */
#include "gateway/upstream/pool.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "rules/base/hash.h"

enum cop_status pool_init(struct pool *pool, struct loop *loop)
{
    *pool = (struct pool){.loop = loop};
    return RAND_bytes((unsigned char *)pool->secret, sizeof(pool->secret)) == 1
               ? COP_OK
               : COP_E_NOMEM;
}

uint64_t place_hash(const uint64_t secret[2], const struct place *place)
{
    uint64_t hash = hash_keyed(secret, place->host->text, place->host->n);

    if (place->mapped != NULL) {
        hash ^= hash_keyed(secret, place->mapped->text, place->mapped->n);
    }
    return hash ^ ((uint64_t)place->port << 1 | (place->is_tls ? 1 : 0));
}

struct place place_of(const struct upstream *upstream)
{
    return (struct place){upstream->is_tls, &upstream->host, upstream->port,
        upstream->mapped.n != 0 ? &upstream->mapped : NULL, upstream->aim};
}

bool place_eq(const struct place *a, const struct place *b)
{
    return a->port == b->port && a->is_tls == b->is_tls &&
           cop_host_eq(a->host, b->host) && aim_eq(&a->aim, &b->aim) &&
           (a->mapped == NULL || b->mapped == NULL
                   ? a->mapped == b->mapped
                   : cop_host_eq(a->mapped, b->mapped));
}

static bool leads_to(const struct upstream *upstream, const struct place *place)
{
    const struct place to = place_of(upstream);

    return place_eq(&to, place);
}

static struct upstream **pool_bucket(
    struct pool *pool, const struct place *place)
{
    return &pool->buckets[place_hash(pool->secret, place) % POOL_BUCKETS];
}

static void pool_link(struct pool *pool, struct upstream *upstream)
{
    struct place place = place_of(upstream);
    struct upstream **bucket = pool_bucket(pool, &place);

    upstream->prev = NULL;
    upstream->next = *bucket;
    if (upstream->next != NULL) {
        upstream->next->prev = upstream;
    }
    *bucket = upstream;
    upstream->newer = NULL;
    upstream->older = pool->newest;
    *(pool->newest != NULL ? &pool->newest->newer : &pool->oldest) = upstream;
    pool->newest = upstream;
    pool->count++;
}

/* Out of the pool; now the caller's, as is its watch. */
static void pool_unlink(struct pool *pool, struct upstream *upstream)
{
    struct place place = place_of(upstream);

    *(upstream->prev != NULL ? &upstream->prev->next
                             : pool_bucket(pool, &place)) = upstream->next;
    if (upstream->next != NULL) {
        upstream->next->prev = upstream->prev;
    }
    *(upstream->newer != NULL ? &upstream->newer->older : &pool->newest) =
        upstream->older;
    *(upstream->older != NULL ? &upstream->older->newer : &pool->oldest) =
        upstream->newer;
    upstream->next = upstream->prev = NULL;
    upstream->newer = upstream->older = NULL;
    pool->count--;
    loop_clear_timer(pool->loop, &upstream->idle_timer);
}

static void pool_close(struct pool *pool, struct upstream *upstream)
{
    pool_unlink(pool, upstream);
    upstream_close(&upstream);
}

/* Nothing was asked, so nothing may come but an end. */
static bool is_alive(struct upstream *upstream)
{
    char unasked;
    size_t n;

    if (wire_is_quiet(&upstream->wire)) {
        return true;
    }
    return wire_read(&upstream->wire, &unasked, 1, &n) == IO_AGAIN &&
           !wire_has_pending(&upstream->wire);
}

static void idle_ready(struct watch *watch, unsigned events)
{
    struct upstream *upstream = LOOP_OWNER(watch, struct upstream, watch);

    if ((events & LOOP_HANGUP) != 0 || !is_alive(upstream)) {
        pool_close(upstream->home, upstream);
    }
}

static void idle_late(struct timer *timer)
{
    struct upstream *upstream = LOOP_OWNER(timer, struct upstream, idle_timer);

    pool_close(upstream->home, upstream);
}

/* Between the pool and its user, who has not said yet what to do. */
static void taken_ready(struct watch *watch, unsigned events)
{
    struct upstream *upstream = LOOP_OWNER(watch, struct upstream, watch);

    (void)events;
    loop_want(upstream->home->loop, watch, 0);
}

struct upstream *pool_take(
    struct pool *pool, const struct place *place, const struct dial_bar *bar)
{
    struct upstream *next;

    for (struct upstream *it = *pool_bucket(pool, place); it != NULL;
         it = next) {
        next = it->next;
        if (!leads_to(it, place) || dial_bars(bar, &it->address)) {
            continue;
        }
        if (is_alive(it)) {
            pool_unlink(pool, it);
            it->watch.fn = taken_ready;
            return it;
        }
        pool_close(pool, it);
    }
    return NULL;
}

static uint32_t pool_count(struct pool *pool, const struct place *place)
{
    uint32_t n = 0;

    for (const struct upstream *it = *pool_bucket(pool, place); it != NULL;
         it = it->next) {
        n += leads_to(it, place) ? 1 : 0;
    }
    return n;
}

static bool pool_watch(struct pool *pool, struct upstream *upstream)
{
    if (upstream->watch.fd < 0) {
        return loop_watch(pool->loop, &upstream->watch, upstream->wire.fd,
                   LOOP_READ) == COP_OK;
    }
    loop_want(pool->loop, &upstream->watch, LOOP_READ);
    return true;
}

bool pool_put(struct pool *pool, struct upstream *upstream, uint32_t per_place,
    uint32_t idle_ms)
{
    struct place place = place_of(upstream);

    /* Whether it is alive its watch will tell, and pool_take() looks. */
    if (pool_count(pool, &place) >= per_place) {
        return false;
    }
    upstream->home = pool;
    upstream->watch.fn = idle_ready;
    timer_init(&upstream->idle_timer, idle_late);
    if (loop_set_timer(pool->loop, &upstream->idle_timer, idle_ms) != COP_OK) {
        return false;
    }
    if (!pool_watch(pool, upstream)) {
        loop_clear_timer(pool->loop, &upstream->idle_timer);
        return false;
    }
    if (pool->count == POOL_IDLE_MAX) {
        pool_close(pool, pool->oldest);
    }
    pool_link(pool, upstream);
    return true;
}

void pool_clear(struct pool *pool)
{
    while (pool->oldest != NULL) {
        pool_close(pool, pool->oldest);
    }
}

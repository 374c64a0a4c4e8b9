/* The idle connections of a worker, found by where they lead. For
 * gateway/upstream/ alone. */
#ifndef GATEWAY_UPSTREAM_POOL_H
#define GATEWAY_UPSTREAM_POOL_H

#include "gateway/upstream/upstream.h"

enum {
    POOL_BUCKETS = 1024, /* a power of two */
    POOL_IDLE_MAX = 1024 /* over all places; the oldest goes first */
};

struct pool {
    struct loop *loop;
    struct upstream *buckets[POOL_BUCKETS];
    struct upstream *newest, *oldest;
    uint32_t count;
    uint64_t secret[2];
};

COP_MUST_USE enum cop_status pool_init(struct pool *pool, struct loop *loop);
/* Close all. */
void pool_clear(struct pool *pool);

/* Where a connection leads. */
struct place place_of(const struct upstream *upstream);
bool place_eq(const struct place *a, const struct place *b);
/* Spreads places over buckets; keyed, because names come from outside. */
uint64_t place_hash(const uint64_t secret[2], const struct place *place);

/* Take one out that is still alive and whose address is not barred, the one
 * used last, or NULL. */
struct upstream *pool_take(
    struct pool *pool, const struct place *place, const struct dial_bar *bar);
/* Keep one for at most idle_ms, at most per_place to one place. False: it was
 * not taken and is still the caller's. */
bool pool_put(struct pool *pool, struct upstream *upstream, uint32_t per_place,
    uint32_t idle_ms);

#endif

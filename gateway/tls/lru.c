#include "gateway/tls/lru.h"

#include <stdlib.h>

#include <openssl/rand.h>

#include "rules/base/hash.h"

enum { LRU_CAPACITY_MAX = 1 << 20 };

enum cop_status lru_init(struct lru *lru, uint32_t capacity)
{
    uint32_t buckets = 16;

    *lru = (struct lru){.capacity = capacity == 0 ? 1 : capacity};
    if (lru->capacity > LRU_CAPACITY_MAX) {
        lru->capacity = LRU_CAPACITY_MAX;
    }
    while (buckets < lru->capacity) {
        buckets *= 2;
    }
    if (RAND_bytes((unsigned char *)lru->secret, sizeof(lru->secret)) != 1) {
        return COP_E_NOMEM;
    }
    lru->mask = buckets - 1;
    lru->buckets = calloc(buckets, sizeof(struct lru_entry *));
    return lru->buckets == NULL ? COP_E_NOMEM : COP_OK;
}

void lru_fini(struct lru *lru)
{
    free(lru->buckets);
    lru->buckets = NULL;
}

static void lru_link_newest(struct lru *lru, struct lru_entry *entry)
{
    entry->newer = NULL;
    entry->older = lru->newest;
    if (lru->newest != NULL) {
        lru->newest->newer = entry;
    } else {
        lru->oldest = entry;
    }
    lru->newest = entry;
}

static void lru_unlink(struct lru *lru, struct lru_entry *entry)
{
    if (entry->newer != NULL) {
        entry->newer->older = entry->older;
    } else {
        lru->newest = entry->older;
    }
    if (entry->older != NULL) {
        entry->older->newer = entry->newer;
    } else {
        lru->oldest = entry->newer;
    }
}

struct lru_entry *lru_find(struct lru *lru, struct cop_slice key)
{
    uint64_t hash = hash_keyed(lru->secret, key.p, key.n);
    struct lru_entry *entry = lru->buckets[hash & lru->mask];

    while (entry != NULL &&
           (entry->hash != hash || !cop_slice_eq(entry->key, key))) {
        entry = entry->chain;
    }
    if (entry != NULL && entry != lru->newest) {
        lru_unlink(lru, entry);
        lru_link_newest(lru, entry);
    }
    return entry;
}

void lru_remove(struct lru *lru, struct lru_entry *entry)
{
    struct lru_entry **link = &lru->buckets[entry->hash & lru->mask];

    while (*link != entry) {
        link = &(*link)->chain;
    }
    *link = entry->chain;
    lru_unlink(lru, entry);
    lru->count--;
}

struct lru_entry *lru_put(struct lru *lru, struct lru_entry *entry)
{
    struct lru_entry *gone = NULL;
    struct lru_entry **bucket;

    if (lru->count == lru->capacity) {
        gone = lru->oldest;
        lru_remove(lru, gone);
    }
    entry->hash = hash_keyed(lru->secret, entry->key.p, entry->key.n);
    bucket = &lru->buckets[entry->hash & lru->mask];
    entry->chain = *bucket;
    *bucket = entry;
    lru_link_newest(lru, entry);
    lru->count++;
    return gone;
}

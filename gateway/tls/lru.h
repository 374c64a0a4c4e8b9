/* A bounded table of named things, the one longest unused going first. The
 * entries are embedded in their owners; the keys live in them too. Hashed with
 * a secret key, because clients choose the names. */
#ifndef GATEWAY_TLS_LRU_H
#define GATEWAY_TLS_LRU_H

#include <stdint.h>

#include "cop/slice.h"
#include "cop/status.h"

struct lru_entry {
    struct cop_slice key; /* of the owner; set before lru_put() */
    uint64_t hash;
    struct lru_entry *chain; /* the next one of the same bucket */
    struct lru_entry *newer, *older;
};

struct lru {
    struct lru_entry **buckets;
    uint32_t mask;
    uint32_t capacity;
    uint32_t count;
    uint64_t secret[2];
    struct lru_entry *newest, *oldest;
};

/* capacity   entries at most, at least 1
 * COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status lru_init(struct lru *lru, uint32_t capacity);
/* Entries must have been removed: they are not the table's to free. */
void lru_fini(struct lru *lru);

/* The entry with this key, now the newest, or NULL. */
struct lru_entry *lru_find(struct lru *lru, struct cop_slice key);
/* Add an entry whose key is not in it. Returns what had to go to make room, to
 * be freed by the caller, or NULL. */
struct lru_entry *lru_put(struct lru *lru, struct lru_entry *entry);
void lru_remove(struct lru *lru, struct lru_entry *entry);

#endif

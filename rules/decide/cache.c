/* The hot-path cache: from a URL to its class in one or two cache lines.
 *
 * SHAPE
 *  sets   of four entries, 64 bytes, the most recently used first. An entry is
 *         a tag and a value; a value says "no hit", holds the one hit, or
 *         names a block of the pool. Categories are not kept: they are the
 *         sum of the hits' lists, and those are at hand.
 *  pool   blocks of up to fifteen hits, used in turn. A block remembers the
 *         tag it was filled for, so an entry whose block has gone to another
 *         is seen to be a miss. A class of more hits is not kept.
 *
 * WHY IT CANNOT LIE
 *  A tag is 64 bits of SipHash over the whole canonical URL, under a key of 128
 *  bits that this cache drew at random, mixed with the policy's generation.
 *  Nobody outside knows the key, so nobody can look for two URLs that share a
 *  tag; by accident, a URL that is new meets the tag of another with a chance
 *  of entries / 2^64: with 65,536 entries and a thousand new URLs a second,
 *  once in 9,000 years. One URL under two policies has two tags. And a class
 *  depends on neither who asks nor when, so nothing else could be stale. What
 *  rules may ask of a request beside its URL is hashed in the same manner and
 *  made part of the key.
 *
 * Everything is allocated by cop_cache_new(); one thread uses a cache. */
#include "cop/decide.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rules/base/hash.h"
#include "rules/bundle/urlrules.h"
#include "rules/decide/class.h"
#include "rules/decide/policy.h"

enum {
    WAYS = 4,
    SLOTS_MIN = 64,
    POOL_HITS = 15,
    POOL_SHARE = 8, /* slots a block of the pool */
    LINE_BYTES = 64
};
static const uint32_t slots_max = 1U << 28;

enum value_kind { VALUE_FREE, VALUE_EMPTY, VALUE_HIT, VALUE_POOL };

/* What an entry keeps, in 8 bytes. */
struct value {
    uint32_t rule;        /* of the hit, or the number of the block */
    uint16_t specificity; /* of the hit */
    uint16_t packed;      /* list or count, kind, is_limited */
};

enum { /* of value.packed */
    LIST_MASK = 0x03ff,
    KIND_SHIFT = 12,
    KIND_MASK = 3,
    LIMITED_BIT = 0x8000
};

struct entry {
    uint64_t tag;
    struct value value;
};

struct set {
    struct entry entries[WAYS];
};

struct block {
    uint64_t tag;
    struct cop_hit hits[POOL_HITS];
};

static_assert(sizeof(struct set) == LINE_BYTES, "a set is a cache line");
static_assert(COP_LISTS_MAX <= LIST_MASK + 1, "a list fits its field");

struct cop_cache {
    struct set *sets;
    struct block *blocks;
    uint64_t key[2];
    uint32_t set_mask;
    uint32_t block_mask;
    uint32_t block_next;
    struct cop_cache_counts counts;
};

static uint32_t power_of_two(uint32_t n)
{
    uint32_t power = SLOTS_MIN;

    while (power < n) {
        power *= 2;
    }
    return power;
}

enum cop_status cop_cache_new(uint32_t slots, struct cop_cache **out)
{
    uint32_t n = power_of_two(slots < slots_max ? slots : slots_max);
    uint32_t blocks = n / POOL_SHARE;
    struct cop_cache *cache = calloc(1, sizeof(*cache));

    if (cache == NULL) {
        return COP_E_NOMEM;
    }
    size_t set_bytes = n / WAYS * sizeof(struct set);

    cache->set_mask = n / WAYS - 1;
    cache->block_mask = blocks - 1;
    cache->sets = aligned_alloc(LINE_BYTES, set_bytes);
    cache->blocks = calloc(blocks, sizeof(struct block));
    if (cache->sets == NULL || cache->blocks == NULL ||
        getrandom(cache->key, sizeof(cache->key), 0) !=
            (ssize_t)sizeof(cache->key)) {
        cop_cache_free(&cache);
        return COP_E_NOMEM;
    }
    memset(cache->sets, 0, set_bytes);
    *out = cache;
    return COP_OK;
}

void cop_cache_free(struct cop_cache **cache)
{
    if (*cache != NULL) {
        free((*cache)->sets);
        free((*cache)->blocks);
        free(*cache);
    }
    *cache = NULL;
}

void cop_cache_counts(
    const struct cop_cache *cache, struct cop_cache_counts *out)
{
    *out = cache->counts;
}

/* What of the facts tells classes apart; 0 where the policy asks for none, and
 * of a document that somebody goes to. A source counts when it is another host
 * than the URL's. */
static uint64_t facts_hash(const struct cop_cache *cache,
    const struct cop_policy *policy, const struct cop_host *host,
    const struct cop_facts *facts)
{
    const struct cop_host *source;
    uint64_t key[2] = {cache->key[0], ~cache->key[1]};

    if (facts == NULL || !policy->needs_facts) {
        return 0;
    }
    source = facts->source != NULL ? facts->source : host;
    key[0] ^= (uint64_t)facts->resource << 16;
    key[0] ^= facts->method.n != 0 ? urlrule_method(facts->method)
                                   : urlrule_method(COP_LIT("GET"));
    return hash_keyed(key, source->text, source->n);
}

static uint64_t tag_make(const struct cop_cache *cache,
    const struct cop_policy *policy, struct cop_slice text, uint64_t facts)
{
    uint64_t key[2] = {
        cache->key[0] ^ cop_policy_generation(policy), cache->key[1] ^ facts};

    return hash_keyed(key, text.p, text.n);
}

static struct value value_pack(
    enum value_kind kind, uint16_t list_or_n, bool is_limited)
{
    unsigned packed = (list_or_n & LIST_MASK) | (unsigned)kind << KIND_SHIFT |
                      (is_limited ? (unsigned)LIMITED_BIT : 0);

    return (struct value){.packed = (uint16_t)packed};
}

static enum value_kind value_kind(struct value value)
{
    return (enum value_kind)((value.packed >> KIND_SHIFT) & KIND_MASK);
}

static uint16_t value_list(struct value value)
{
    return value.packed & LIST_MASK;
}

static struct set *set_of(struct cop_cache *cache, uint64_t tag)
{
    return &cache->sets[tag & cache->set_mask];
}

/* Make an entry the first of its set. */
static void set_promote(struct set *set, unsigned way, struct entry entry)
{
    for (; way > 0; way--) {
        set->entries[way] = set->entries[way - 1];
    }
    set->entries[0] = entry;
}

/* The hits that a value keeps; false when they have gone. */
static bool value_read(const struct cop_cache *cache, const struct entry *entry,
    struct cop_class *out)
{
    struct value value = entry->value;

    class_begin(out);
    out->is_limited = (value.packed & LIMITED_BIT) != 0;
    if (value_kind(value) == VALUE_HIT) {
        out->n = 1;
        out->hits[0] = (struct cop_hit){
            .rule = value.rule,
            .list = value_list(value),
            .specificity = value.specificity,
        };
    }
    if (value_kind(value) != VALUE_POOL) {
        return true;
    }
    const struct block *block = &cache->blocks[value.rule];

    if (block->tag != entry->tag) {
        return false;
    }
    out->n = value_list(value);
    memcpy(out->hits, block->hits, out->n * sizeof(out->hits[0]));
    return true;
}

static bool cache_find(struct cop_cache *cache, const struct cop_policy *policy,
    uint64_t tag, struct cop_class *out)
{
    struct set *set = set_of(cache, tag);

    for (unsigned way = 0; way < WAYS; way++) {
        struct entry entry = set->entries[way];

        if (value_kind(entry.value) == VALUE_FREE || entry.tag != tag) {
            continue;
        }
        if (!value_read(cache, &entry, out)) {
            return false;
        }
        class_end(policy, out);
        if (way > 0) {
            set_promote(set, way, entry);
        }
        return true;
    }
    return false;
}

/* A value for a class of at most POOL_HITS hits. */
static struct value value_make(
    struct cop_cache *cache, uint64_t tag, const struct cop_class *class)
{
    if (class->n == 0) {
        return value_pack(VALUE_EMPTY, 0, class->is_limited);
    }
    if (class->n == 1) {
        struct value value =
            value_pack(VALUE_HIT, class->hits[0].list, class->is_limited);

        value.rule = class->hits[0].rule;
        value.specificity = class->hits[0].specificity;
        return value;
    }
    struct value value = value_pack(VALUE_POOL, class->n, class->is_limited);
    struct block *block = &cache->blocks[cache->block_next];

    value.rule = cache->block_next;
    cache->block_next = (cache->block_next + 1) & cache->block_mask;
    block->tag = tag;
    memcpy(block->hits, class->hits, class->n * sizeof(block->hits[0]));
    return value;
}

static void cache_keep(
    struct cop_cache *cache, uint64_t tag, const struct cop_class *class)
{
    struct set *set = set_of(cache, tag);
    unsigned way = 0;

    /* Its own old place, whose block has gone; else the last one's. */
    while (way < WAYS - 1 &&
           (set->entries[way].tag != tag ||
               value_kind(set->entries[way].value) == VALUE_FREE)) {
        way++;
    }
    set_promote(set, way,
        (struct entry){.tag = tag, .value = value_make(cache, tag, class)});
}

void cop_cache_classify_request(struct cop_cache *cache,
    const struct cop_policy *policy, struct cop_matcher *matcher,
    const struct cop_url *url, const struct cop_facts *facts,
    struct cop_class *out)
{
    uint64_t tag = tag_make(
        cache, policy, url->text, facts_hash(cache, policy, &url->host, facts));

    if (cache_find(cache, policy, tag, out)) {
        cache->counts.hits++;
        return;
    }
    cache->counts.misses++;
    cop_classify_request(policy, matcher, url, facts, out);
    if (out->n > POOL_HITS) {
        cache->counts.uncached++;
        return;
    }
    cache_keep(cache, tag, out);
}

void cop_cache_classify(struct cop_cache *cache,
    const struct cop_policy *policy, struct cop_matcher *matcher,
    const struct cop_url *url, struct cop_class *out)
{
    cop_cache_classify_request(cache, policy, matcher, url, NULL, out);
}

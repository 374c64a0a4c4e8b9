/* Building is peeling: a key that is alone in one of its places can be put
 * there last, whatever the others are; without it others are alone. Keys are
 * taken off in this order and their places filled in the reverse one. */
#include "rules/bundle/inside.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 3, TRIES_MAX = 40 };

/* The length of a segment, as a power of two. A longer one wastes the ends,
 * a shorter one is harder to peel; between 2^3 and 2^18. */
static unsigned segment_bits(uint32_t records)
{
    unsigned log = 31 - (unsigned)__builtin_clz(records | 1);
    unsigned bits = log * 37 / 64 + 2;

    return bits < 3 ? 3 : bits > 18 ? 18 : bits;
}

bool inside_is_size(uint32_t records)
{
    uint32_t length = UINT32_C(1) << segment_bits(records);

    return records == 0 || (records % length == 0 && records / length >= WAYS);
}

/* The place of a key in the first segment that it has one in... */
static inline uint32_t place_first(
    uint64_t key, uint32_t records, unsigned bits)
{
    return dense_scale(key, records - ((WAYS - 1U) << bits));
}

/* ...and in the segments behind, 0 to 2 of them. */
static inline uint32_t place_behind(
    uint64_t key, uint32_t first, unsigned bits, unsigned behind)
{
    uint32_t mask = (UINT32_C(1) << bits) - 1;
    uint32_t low = (uint32_t)(behind == 1 ? key >> 18 : key) & mask;

    return behind == 0 ? first : (first + (behind << bits)) ^ low;
}

/* The three places of a key, for a size that is one. */
static void places_of(uint64_t key, uint32_t records, uint32_t out[WAYS])
{
    unsigned bits = segment_bits(records);
    uint32_t first = place_first(key, records, bits);

    for (unsigned i = 0; i < WAYS; i++) {
        out[i] = place_behind(key, first, bits, i);
    }
}

static inline uint16_t print_of(uint64_t key)
{
    return (uint16_t)((key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

static inline unsigned record_at(const struct cop_bundle *bundle, uint32_t at)
{
    const uint16_t *record = section_at(bundle, SECTION_DENSE_INSIDE, at);

    return *record;
}

bool inside_has(const struct cop_bundle *bundle, uint64_t key)
{
    uint32_t records = section_count(bundle, SECTION_DENSE_INSIDE);

    if (records == 0) {
        return false;
    }
    unsigned bits = segment_bits(records);
    uint32_t first = place_first(key, records, bits);

    return (record_at(bundle, first) ^
               record_at(bundle, place_behind(key, first, bits, 1)) ^
               record_at(bundle, place_behind(key, first, bits, 2))) ==
           print_of(key);
}

/* What is left of the keys in each place. */
struct peel {
    const uint64_t *keys;
    size_t n;
    uint32_t records;
    uint64_t *sums;   /* of the keys of a place */
    uint32_t *counts; /* of them */
    uint64_t *order;  /* keys as they were taken off... */
    uint32_t *from;   /* ...and the place where each was alone */
    uint32_t *queue;  /* places with one key */
};

static void peel_free(struct peel *p)
{
    free(p->sums);
    free(p->counts);
    free(p->order);
    free(p->from);
    free(p->queue);
}

static bool peel_init(struct peel *p)
{
    p->sums = calloc(p->records, sizeof(*p->sums));
    p->counts = calloc(p->records, sizeof(*p->counts));
    p->queue = calloc(p->records, sizeof(*p->queue));
    p->order = calloc(p->n, sizeof(*p->order));
    p->from = calloc(p->n, sizeof(*p->from));
    return p->sums != NULL && p->counts != NULL && p->queue != NULL &&
           p->order != NULL && p->from != NULL;
}

static void peel_fill(struct peel *p)
{
    for (size_t i = 0; i < p->n; i++) {
        uint32_t places[WAYS];

        places_of(p->keys[i], p->records, places);
        for (unsigned j = 0; j < WAYS; j++) {
            p->sums[places[j]] ^= p->keys[i];
            p->counts[places[j]]++;
        }
    }
}

/* Take off every key that comes to be alone somewhere. Returns how many. */
static size_t peel_run(struct peel *p)
{
    size_t waiting = 0;
    size_t taken = 0;

    for (uint32_t i = 0; i < p->records; i++) {
        if (p->counts[i] == 1) {
            p->queue[waiting++] = i;
        }
    }
    while (waiting > 0) {
        uint32_t at = p->queue[--waiting];
        uint64_t key = p->sums[at];
        uint32_t places[WAYS];

        if (p->counts[at] != 1) {
            continue; /* taken off from another of its places */
        }
        p->order[taken] = key;
        p->from[taken++] = at;
        places_of(key, p->records, places);
        for (unsigned j = 0; j < WAYS; j++) {
            p->sums[places[j]] ^= key;
            if (--p->counts[places[j]] == 1) {
                p->queue[waiting++] = places[j];
            }
        }
    }
    return taken;
}

static enum cop_status peel_write(const struct peel *p, struct buf *out)
{
    size_t bytes = p->records * sizeof(uint16_t);
    void *room = buf_room(out, bytes);
    uint16_t *records = room;

    if (room == NULL) {
        return COP_E_NOMEM;
    }
    memset(records, 0, bytes);
    out->n += bytes;
    for (size_t i = p->n; i > 0; i--) {
        uint16_t sum = print_of(p->order[i - 1]);
        uint32_t places[WAYS];

        places_of(p->order[i - 1], p->records, places);
        for (unsigned j = 0; j < WAYS; j++) {
            sum ^= records[places[j]]; /* its own place is still zero */
        }
        records[p->from[i - 1]] = sum;
    }
    return COP_OK;
}

/* One attempt with so many records; COP_AGAIN when some keys cannot be told
 * apart with them. */
static enum cop_status inside_try(
    const uint64_t *keys, size_t n, uint32_t records, struct buf *out)
{
    struct peel p = {.keys = keys, .n = n, .records = records};
    enum cop_status status = COP_E_NOMEM;

    if (peel_init(&p)) {
        peel_fill(&p);
        status = peel_run(&p) == n ? peel_write(&p, out) : COP_AGAIN;
    }
    peel_free(&p);
    return status;
}

/* The least size from `records` on that a filter may have. Rounding up may
 * make it one of longer segments, so that it takes two steps. */
static size_t size_from(size_t records)
{
    while (!inside_is_size((uint32_t)records)) {
        size_t length = (size_t)1 << segment_bits((uint32_t)records);
        size_t size = (records + length - 1) / length * length;

        size = size < WAYS * length ? WAYS * length : size;
        records = size > records ? size : records + 1;
    }
    return records;
}

enum cop_status inside_build(const uint64_t *keys, size_t n, struct buf *out)
{
    size_t wanted = n + n / 8 + 1;

    if (n == 0) {
        return COP_OK;
    }
    for (unsigned i = 0; i < TRIES_MAX && wanted < FORMAT_NONE / 4; i++) {
        size_t records = size_from(wanted);
        enum cop_status status = inside_try(keys, n, (uint32_t)records, out);

        if (status != COP_AGAIN) {
            return status;
        }
        wanted = records + records / 64 + 1;
    }
    return COP_E_LIMIT;
}

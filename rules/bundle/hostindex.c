#include "rules/bundle/hostindex.h"

#include "rules/base/namehash.h"
#include "rules/bundle/dense.h"

/* Where a hash wants to be: its high bits scaled to any number of slots. */
static uint32_t slot_home(uint64_t hash, uint32_t slots)
{
    return (uint32_t)(((unsigned __int128)hash * slots) >> 64);
}

static uint32_t slot_next(uint32_t at, uint32_t slots)
{
    return at + 1 < slots ? at + 1 : 0;
}

uint64_t hostindex_hash(const uint64_t key[2], struct cop_slice host)
{
    return namehash(key, host);
}

static void slot_prefetch(
    const struct cop_bundle *bundle, enum section_id slots, uint64_t hash)
{
    uint32_t n = section_count(bundle, slots);

    if (n != 0) {
        __builtin_prefetch(section_at(bundle, slots, slot_home(hash, n)));
    }
}

/* Ask for the other places where names may be. */
static void slots_prefetch(
    const struct cop_bundle *bundle, const struct hostindex_names *names)
{
    if (section_count(bundle, SECTION_HOST_SLOTS) != 0) {
        for (uint32_t i = names->first; i < names->n; i++) {
            slot_prefetch(bundle, SECTION_HOST_SLOTS, names->hash[i]);
        }
    }
    if (section_count(bundle, SECTION_URL_SLOTS) != 0) {
        /* A prefix is under the host itself or under it without "www." */
        for (uint32_t i = names->first; i < names->n && i < 2; i++) {
            slot_prefetch(bundle, SECTION_URL_SLOTS, names->hash[i]);
        }
    }
}

/* From the right: what is behind a label is hashed before it is met. */
static void names_hash(const struct cop_bundle *bundle,
    const struct cop_host *host, struct hostindex_names *out)
{
    struct namehash state = namehash_begin(bundle_header(bundle)->key);
    uint64_t starts = namehash_starts(host->text, host->n);
    size_t end = host->n;

    for (uint32_t i = host->labels; i > out->first && starts != 0; i--) {
        unsigned start = (unsigned)__builtin_clzll(starts) ^ 63U;

        namehash_label(&state, host->text + start, end - start);
        if (i <= out->n) {
            out->hash[i - 1] = namehash_end(&state);
            dense_prefetch(bundle, out->hash[i - 1]);
        }
        starts ^= UINT64_C(1) << start;
        end = start - 1;
    }
}

/* The same of an address, or of a name that is longer than most. */
static __attribute__((noinline)) void names_hash_other(
    const struct cop_bundle *bundle, const struct cop_host *host,
    struct hostindex_names *out)
{
    uint64_t hash[NAMEHASH_LABELS_MAX]; /* the widest first */
    uint32_t n =
        namehash_all(bundle_header(bundle)->key, cop_host_slice(host), hash);

    for (uint32_t i = out->first; i < out->n && i < n; i++) {
        out->hash[i] = hash[n - 1 - i];
        dense_prefetch(bundle, out->hash[i]);
    }
}

void hostindex_names(const struct cop_bundle *bundle,
    const struct cop_host *host, struct hostindex_names *out)
{
    const struct format_manifest *m = bundle_manifest(bundle);
    uint32_t labels = host->labels;

    out->first = 0;
    out->n = 1; /* of an address */
    if (host->kind == COP_HOST_NAME) {
        out->first = labels > m->labels_max ? labels - m->labels_max : 0;
        out->n = m->labels_min != 0 && labels >= m->labels_min
                     ? labels - m->labels_min + 1
                     : 0;
    }
    if (host->kind == COP_HOST_NAME && host->n <= NAMEHASH_SHORT) {
        names_hash(bundle, host, out);
    } else {
        names_hash_other(bundle, host, out);
    }
    slots_prefetch(bundle, out);
}

struct hostindex_run hostindex_find(
    const struct cop_bundle *bundle, enum section_id slots, uint64_t hash)
{
    uint32_t n = section_count(bundle, slots);

    if (n == 0) {
        return (struct hostindex_run){0, 0};
    }
    uint32_t at = slot_home(hash, n);

    for (unsigned probe = 0; probe < FORMAT_PROBES_MAX; probe++) {
        const struct format_slot *slot = section_at(bundle, slots, at);

        if (slot->n == 0) {
            break;
        }
        if (slot->hash == hash) {
            return (struct hostindex_run){slot->at, slot->n};
        }
        at = slot_next(at, n);
    }
    return (struct hostindex_run){0, 0};
}

uint32_t hostindex_rule(const struct cop_bundle *bundle, uint32_t at)
{
    const uint32_t *rule = section_at(bundle, SECTION_HOST_ENTRIES, at);

    return *rule;
}

/* Put runs of equal hashes into free slots; false when one would be too far
 * from its place. */
static bool slots_fill(const struct hostindex_item *items, size_t n,
    struct format_slot *slots, uint32_t slots_n)
{
    size_t i = 0;

    while (i < n) {
        size_t end = i + 1;

        while (end < n && items[end].hash == items[i].hash) {
            end++;
        }
        uint32_t at = slot_home(items[i].hash, slots_n);
        unsigned probe = 0;

        while (probe < FORMAT_PROBES_MAX && slots[at].n != 0) {
            at = slot_next(at, slots_n);
            probe++;
        }
        if (probe == FORMAT_PROBES_MAX) {
            return false;
        }
        slots[at].hash = items[i].hash;
        slots[at].at = (uint32_t)i;
        slots[at].n = (uint32_t)(end - i);
        i = end;
    }
    return true;
}

static size_t items_distinct(const struct hostindex_item *items, size_t n)
{
    size_t distinct = n != 0;

    for (size_t i = 1; i < n; i++) {
        distinct += items[i].hash != items[i - 1].hash;
    }
    return distinct;
}

enum cop_status hostindex_build(
    const struct hostindex_item *items, size_t n, struct buf *slots)
{
    /* Two thirds full: a miss then ends in the first or second slot. */
    size_t slots_n = items_distinct(items, n) * 3 / 2 + 1;

    if (n == 0) {
        return COP_OK;
    }
    for (;;) {
        if (n >= FORMAT_NONE || slots_n >= FORMAT_NONE) {
            return COP_E_LIMIT;
        }
        size_t bytes = slots_n * sizeof(struct format_slot);

        buf_clear(slots);
        void *room = buf_room(slots, bytes);

        if (room == NULL) {
            return COP_E_NOMEM;
        }
        memset(room, 0, bytes);
        slots->n = bytes;
        if (slots_fill(items, n, room, (uint32_t)slots_n)) {
            return COP_OK;
        }
        slots_n += slots_n / 8 + 1;
    }
}

bool hostindex_slot_holds(const struct cop_bundle *bundle,
    enum section_id slots, uint32_t index, uint32_t runs_n)
{
    uint32_t n = section_count(bundle, slots);
    const struct format_slot *slot = section_at(bundle, slots, index);
    uint32_t home = slot_home(slot->hash, n);
    uint32_t distance = index >= home ? index - home : index + (n - home);

    if (slot->n == 0) {
        return slot->hash == 0 && slot->at == 0;
    }
    return distance < FORMAT_PROBES_MAX && slot->at <= runs_n &&
           slot->n <= runs_n - slot->at;
}

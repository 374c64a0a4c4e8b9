#include "rules/bundle/rxindex.h"

#include <string.h>

enum { FILTER_PLACES_EACH = 32 };

/* Two numbers that have nothing to do with each other, of a gram. */
static uint32_t gram_filter_hash(uint32_t gram)
{
    return gram * UINT32_C(0x9E3779B1);
}

static uint32_t gram_slot_hash(uint32_t gram)
{
    return (gram ^ gram >> 15) * UINT32_C(0x85EBCA6B);
}

/* A hash as a place among n. */
static uint32_t place_of(uint32_t hash, uint64_t n)
{
    return (uint32_t)(hash * n >> 32);
}

static bool filter_has(const uint64_t *filter, uint64_t places, uint32_t gram)
{
    uint32_t at = place_of(gram_filter_hash(gram), places);

    return (filter[at / RXINDEX_WORD_BITS] >> at % RXINDEX_WORD_BITS & 1) != 0;
}

static const struct format_literal_slot *slot_find(
    const struct cop_bundle *bundle, uint32_t gram)
{
    uint32_t n = section_count(bundle, SECTION_LITERAL_SLOTS);
    uint32_t at = place_of(gram_slot_hash(gram), n);

    for (unsigned probe = 0; probe < FORMAT_PROBES_MAX; probe++) {
        const struct format_literal_slot *slot =
            section_at(bundle, SECTION_LITERAL_SLOTS, at);

        if (slot->n == 0) {
            break;
        }
        if (slot->gram == gram) {
            return slot;
        }
        at = at + 1 < n ? at + 1 : 0;
    }
    return NULL;
}

static uint32_t entry_at(const struct cop_bundle *bundle, uint32_t index)
{
    const uint32_t *entry = section_at(bundle, SECTION_LITERAL_ENTRIES, index);

    return *entry;
}

/* What a text is asked for, and where the answer goes. */
struct search {
    const struct cop_bundle *bundle;
    struct cop_slice lower;
    uint64_t *wanted;
    uint32_t patterns;
};

/* Whether a literal whose gram is at a place of the text is there. */
static bool literal_is_at(const struct search *search,
    const struct format_literal *literal, size_t at)
{
    struct cop_slice text =
        section_text(search->bundle, SECTION_RULE_TEXTS, literal->text);

    return literal->gram <= at &&
           text.n <= search->lower.n - (at - literal->gram) &&
           memcmp(search->lower.p + (at - literal->gram), text.p, text.n) == 0;
}

/* A gram of the text that passed the filter. */
static void search_gram(const struct search *search, uint32_t gram, size_t at)
{
    const struct format_literal_slot *slot = slot_find(search->bundle, gram);

    for (uint32_t i = 0; slot != NULL && i < slot->n; i++) {
        const struct format_literal *literal = section_at(search->bundle,
            SECTION_LITERALS, entry_at(search->bundle, slot->at + i));
        uint32_t pattern = literal->pattern;

        if (pattern < search->patterns &&
            (search->wanted[pattern / RXINDEX_WORD_BITS] >>
                    pattern % RXINDEX_WORD_BITS &
                1) == 0 &&
            literal_is_at(search, literal, at)) {
            search->wanted[pattern / RXINDEX_WORD_BITS] |=
                UINT64_C(1) << pattern % RXINDEX_WORD_BITS;
        }
    }
}

static void search_text(const struct search *search)
{
    const uint64_t *filter =
        section_at(search->bundle, SECTION_LITERAL_FILTER, 0);
    uint64_t places =
        (uint64_t)section_count(search->bundle, SECTION_LITERAL_FILTER) *
        RXINDEX_WORD_BITS;
    const char *p = search->lower.p;
    size_t n = search->lower.n;

    if (places == 0) {
        return;
    }
    for (size_t i = 0; i + 3 <= n; i++) {
        size_t left = n - i;
        uint32_t gram = rxindex_gram(p + i,
            left < RXINDEX_GRAM_BYTES ? left : (size_t)RXINDEX_GRAM_BYTES);
        uint32_t start = gram & 0xFFFFFF;

        if (filter_has(filter, places, gram)) {
            search_gram(search, gram, i);
        }
        if (start != gram && filter_has(filter, places, start)) {
            search_gram(search, start, i);
        }
    }
}

void rxindex_find(
    const struct cop_bundle *bundle, struct cop_slice lower, uint64_t *wanted)
{
    struct search search = {
        .bundle = bundle,
        .lower = lower,
        .wanted = wanted,
        .patterns = section_count(bundle, SECTION_PATTERNS),
    };
    uint32_t words = rxindex_words(search.patterns);

    for (uint32_t i = 0; i < words; i++) {
        const uint64_t *word = section_at(bundle, SECTION_PATTERNS_ALWAYS, i);

        wanted[i] = *word;
    }
    search_text(&search);
}

struct format_span rxindex_literals(
    const struct cop_bundle *bundle, uint32_t pattern)
{
    const struct format_pattern *row = bundle_pattern(bundle, pattern);
    uint32_t end = pattern + 1 < section_count(bundle, SECTION_PATTERNS)
                       ? bundle_pattern(bundle, pattern + 1)->literals
                       : section_count(bundle, SECTION_LITERALS);

    return (struct format_span){
        row->literals, end >= row->literals ? end - row->literals : 0};
}

/* Whether a run of entries, which ascend, has this one. */
static bool run_has(const struct cop_bundle *bundle,
    const struct format_literal_slot *slot, uint32_t literal)
{
    uint32_t low = 0;
    uint32_t high = slot->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t found = entry_at(bundle, slot->at + middle);

        if (found == literal) {
            return true;
        }
        if (found < literal) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static bool literal_holds(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_literal *row =
        section_at(bundle, SECTION_LITERALS, index);
    struct cop_slice text = section_text(bundle, SECTION_RULE_TEXTS, row->text);
    uint32_t filter_n = section_count(bundle, SECTION_LITERAL_FILTER);

    if (text.n < 3 || row->gram > text.n - 3 ||
        (text.n >= RXINDEX_GRAM_BYTES &&
            row->gram > text.n - RXINDEX_GRAM_BYTES) ||
        memchr(text.p, '\0', text.n) != NULL || filter_n == 0) {
        return false;
    }
    uint32_t gram = rxindex_gram(text.p + row->gram, text.n - row->gram);
    const struct format_literal_slot *slot = slot_find(bundle, gram);

    return slot != NULL && run_has(bundle, slot, index) &&
           filter_has(section_at(bundle, SECTION_LITERAL_FILTER, 0),
               (uint64_t)filter_n * RXINDEX_WORD_BITS, gram);
}

bool rxindex_holds(const struct cop_bundle *bundle, uint32_t pattern)
{
    struct format_span run = rxindex_literals(bundle, pattern);
    const uint64_t *always = section_at(
        bundle, SECTION_PATTERNS_ALWAYS, pattern / RXINDEX_WORD_BITS);
    bool is_always = (*always >> pattern % RXINDEX_WORD_BITS & 1) != 0;

    if (!section_holds(bundle, SECTION_LITERALS, run) ||
        bundle_pattern(bundle, 0)->literals != 0 || is_always != (run.n == 0)) {
        return false;
    }
    for (uint32_t i = 0; i < run.n; i++) {
        const struct format_literal *row =
            section_at(bundle, SECTION_LITERALS, run.at + i);

        if (row->pattern != pattern || !literal_holds(bundle, run.at + i)) {
            return false;
        }
    }
    return true;
}

bool rxindex_slot_holds(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_literal_slot *slot =
        section_at(bundle, SECTION_LITERAL_SLOTS, index);

    if (slot->n == 0) {
        return slot->gram == 0 && slot->at == 0;
    }
    return slot_find(bundle, slot->gram) == slot &&
           section_holds(bundle, SECTION_LITERAL_ENTRIES,
               (struct format_span){slot->at, slot->n});
}

/* ---- writing ---- */

static bool slots_fill(const struct rxindex_item *items, size_t n,
    struct format_literal_slot *slots, uint32_t slots_n)
{
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        uint32_t at = place_of(gram_slot_hash(items[i].gram), slots_n);
        unsigned probe = 0;

        while (end < n && items[end].gram == items[i].gram) {
            end++;
        }
        while (probe < FORMAT_PROBES_MAX && slots[at].n != 0) {
            at = at + 1 < slots_n ? at + 1 : 0;
            probe++;
        }
        if (probe == FORMAT_PROBES_MAX) {
            return false;
        }
        slots[at] = (struct format_literal_slot){
            items[i].gram, (uint32_t)i, (uint32_t)(end - i)};
        i = end;
    }
    return true;
}

static void filter_fill(
    const struct rxindex_item *items, size_t n, uint64_t *filter, size_t words)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t at = place_of(gram_filter_hash(items[i].gram),
            (uint64_t)words * RXINDEX_WORD_BITS);

        filter[at / RXINDEX_WORD_BITS] |= UINT64_C(1) << at % RXINDEX_WORD_BITS;
    }
}

static void *zeros_add(struct buf *buf, size_t bytes)
{
    buf_clear(buf);
    void *room = buf_room(buf, bytes);

    if (room != NULL) {
        memset(room, 0, bytes);
        buf->n = bytes;
    }
    return room;
}

enum cop_status rxindex_build(const struct rxindex_item *items, size_t n,
    struct buf *slots, struct buf *filter)
{
    size_t grams = n != 0;

    for (size_t i = 1; i < n; i++) {
        grams += items[i].gram != items[i - 1].gram;
    }
    size_t words = grams * FILTER_PLACES_EACH / RXINDEX_WORD_BITS + 1;
    uint64_t *bits = n != 0 ? zeros_add(filter, words * sizeof(*bits)) : NULL;

    if (n == 0) {
        return COP_OK;
    }
    if (bits == NULL) {
        return COP_E_NOMEM;
    }
    filter_fill(items, n, bits, words);
    for (size_t slots_n = grams * 2 + 1; slots_n < UINT32_MAX / 2;
         slots_n += slots_n / 8 + 1) {
        void *room =
            zeros_add(slots, slots_n * sizeof(struct format_literal_slot));

        if (room == NULL) {
            return COP_E_NOMEM;
        }
        if (slots_fill(items, n, room, (uint32_t)slots_n)) {
            return COP_OK;
        }
    }
    return COP_E_LIMIT;
}

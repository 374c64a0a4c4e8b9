/* Filling a dense index to the brim.
 *
 * Keys in order of their hash come line by line. Where more call a line home
 * than it holds, the keys of whole classes go to their second lines, so that
 * few classes of a line are said to have spilt. If that is full too, one key
 * there moves to its own other line, and so on. Everything is in a fixed order
 * and by a fixed generator, so that the same keys give the same bytes. */
#include "rules/bundle/dense.h"

#include <stdlib.h>

#include "rules/bundle/dense_line.h"

enum {
    FULL_PERMILLE = 990, /* of the places are used */
    MOVES_MAX = 100000,  /* of one key before the table is made larger */
    EMPTY = 0            /* place of no key; keys count from 1 */
};

struct builder {
    const struct keyed *items;
    size_t n;
    uint32_t lines;
    uint32_t *places; /* FORMAT_DENSE_SLOTS a line: item + 1 */
    uint16_t *spilt;  /* a line's classes, a bit each */
    uint32_t *wait;   /* keys that their home line has no room for */
    size_t waiting;
    uint64_t state; /* of the generator */
};

static void builder_fini(struct builder *b)
{
    free(b->places);
    free(b->spilt);
    free(b->wait);
    b->places = NULL;
    b->spilt = NULL;
    b->wait = NULL;
}

static bool builder_init(struct builder *b)
{
    b->places = calloc((size_t)b->lines * FORMAT_DENSE_SLOTS, sizeof(uint32_t));
    b->spilt = calloc(b->lines, sizeof(*b->spilt));
    b->wait = calloc(b->n, sizeof(*b->wait));
    b->waiting = 0;
    return b->places != NULL && b->spilt != NULL && b->wait != NULL;
}

static uint64_t key_of(const struct builder *b, uint32_t key)
{
    return b->items[key - 1].key;
}

static uint32_t *line_places(const struct builder *b, uint32_t line)
{
    return b->places + (size_t)line * FORMAT_DENSE_SLOTS;
}

static uint32_t *builder_free_place(const struct builder *b, uint32_t line)
{
    uint32_t *place = line_places(b, line);

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        if (place[i] == EMPTY) {
            return &place[i];
        }
    }
    return NULL;
}

/* Which classes leave a line that `n` keys call home: the least one that is
 * enough; while none is, the largest. */
static unsigned classes_to_spill(size_t n, const unsigned counts[DENSE_SPILLS])
{
    unsigned spilt = 0;

    while (n > FORMAT_DENSE_SLOTS) {
        size_t excess = n - FORMAT_DENSE_SLOTS;
        unsigned best = DENSE_SPILLS;

        for (unsigned c = 0; c < DENSE_SPILLS; c++) {
            bool is_enough = counts[c] >= excess;
            bool is_left = (spilt >> c & 1) == 0;
            bool is_better =
                best == DENSE_SPILLS ||
                (counts[best] >= excess ? is_enough && counts[c] < counts[best]
                                        : counts[c] > counts[best]);

            best = is_left && is_better ? c : best;
        }
        spilt |= 1U << best;
        n -= counts[best];
    }
    return spilt;
}

/* Place the keys from `from` up to `end`, which call one line home. */
static void line_settle(
    struct builder *b, uint32_t line, size_t from, size_t end)
{
    unsigned counts[DENSE_SPILLS] = {0};
    uint32_t *place = line_places(b, line);

    for (size_t i = from; i < end; i++) {
        counts[dense_class(b->items[i].key)]++;
    }
    unsigned spilt = classes_to_spill(end - from, counts);

    b->spilt[line] = (uint16_t)spilt;
    for (size_t i = from; i < end; i++) {
        if ((spilt >> dense_class(b->items[i].key) & 1) != 0) {
            b->wait[b->waiting++] = (uint32_t)i + 1;
        } else {
            *place++ = (uint32_t)i + 1;
        }
    }
}

/* xorshift64: which key of a full line is tried first. */
static unsigned builder_pick(struct builder *b)
{
    b->state ^= b->state << 13;
    b->state ^= b->state >> 7;
    b->state ^= b->state << 17;
    return (unsigned)(b->state % FORMAT_DENSE_SLOTS);
}

static uint32_t other_line(const struct builder *b, uint32_t key, uint32_t line)
{
    uint32_t home = dense_home(key_of(b, key), b->lines);

    return line == home ? dense_second(key_of(b, key), b->lines) : home;
}

/* The place of a full line whose key has to move: one that need not be said
 * to have spilt anew, if there is any. */
static uint32_t *builder_victim(struct builder *b, uint32_t line)
{
    uint32_t *place = line_places(b, line);
    unsigned first = builder_pick(b);

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        uint32_t *at = &place[(first + i) % FORMAT_DENSE_SLOTS];
        uint64_t key = key_of(b, *at);

        if (dense_home(key, b->lines) == line &&
            (b->spilt[line] >> dense_class(key) & 1) != 0) {
            return at;
        }
    }
    return &place[first];
}

/* Find a place for a key whose home line is full. */
static bool builder_push(struct builder *b, uint32_t key)
{
    uint32_t line = dense_second(key_of(b, key), b->lines);

    for (int move = 0; move < MOVES_MAX; move++) {
        uint32_t *place = builder_free_place(b, line);

        if (place != NULL) {
            *place = key;
            return true;
        }
        place = builder_victim(b, line);
        uint32_t moved = *place;

        *place = key;
        key = moved;
        if (dense_home(key_of(b, key), b->lines) == line) {
            b->spilt[line] |= (uint16_t)(1U << dense_class(key_of(b, key)));
        }
        line = other_line(b, key, line);
    }
    return false;
}

static bool builder_fill(struct builder *b)
{
    for (size_t i = 0; i < b->n;) {
        uint32_t line = dense_home(b->items[i].key, b->lines);
        size_t end = i + 1;

        while (end < b->n && dense_home(b->items[end].key, b->lines) == line) {
            end++;
        }
        line_settle(b, line, i, end);
        i = end;
    }
    for (size_t i = 0; i < b->waiting; i++) {
        if (!builder_push(b, b->wait[i])) {
            return false;
        }
    }
    return true;
}

static enum cop_status side_add(struct buf *side, uint64_t hash, uint32_t set)
{
    struct format_dense_side row = {.hash = hash, .set = set};

    buf_add(side, &row, sizeof(row));
    return side->failed ? COP_E_NOMEM : COP_OK;
}

/* A key as a line has it, such that keys of a line ascend. */
struct packed {
    uint64_t order;
    uint16_t tag;
    uint32_t rest;
    uint32_t last;
};

/* The record of a hash in the side table, which has one. */
static uint32_t side_row(const struct buf *side, uint64_t hash)
{
    const struct format_dense_side *rows = (const void *)side->p;
    size_t low = 0;
    size_t high = side->n / sizeof(*rows);

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (rows[middle].hash <= hash) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

static struct packed pack(const struct keyed *item, const struct buf *side)
{
    struct packed p = {
        .tag = dense_tag(item->key),
        .rest = dense_rest(item->key) << 4 | (item->value + 1),
        .last = dense_last(item->key),
    };

    if (item->value >= DENSE_INLINE_SETS) {
        p.rest = side_row(side, item->key) << 4 | DENSE_SIDE_CODE;
    }
    p.order = (uint64_t)p.tag << 34 | (uint64_t)p.rest << 2 | p.last;
    return p;
}

/* The keys of a line; the order of moves must not show. Returns how many. */
static unsigned line_pack(const struct builder *b, uint32_t line,
    const struct buf *side, struct packed sorted[FORMAT_DENSE_SLOTS])
{
    const uint32_t *place = line_places(b, line);
    unsigned n = 0;

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        unsigned at = n;

        if (place[i] == EMPTY) {
            continue;
        }
        struct packed packed = pack(&b->items[place[i] - 1], side);

        for (; at > 0 && sorted[at - 1].order > packed.order; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = packed;
        n++;
    }
    return n;
}

static void line_write(const struct builder *b, uint32_t index,
    const struct buf *side, struct format_dense_line *line)
{
    struct packed sorted[FORMAT_DENSE_SLOTS];
    unsigned n = line_pack(b, index, side, sorted);

    for (unsigned i = 0; i < n; i++) {
        line->tag[i] = sorted[i].tag;
        line->rest[i] = sorted[i].rest;
        line->more |= sorted[i].last << (2 * i);
    }
    line->more |= (uint32_t)b->spilt[index] << DENSE_SPILL_SHIFT;
}

static enum cop_status builder_write(
    struct builder *b, struct buf *lines, struct buf *side)
{
    size_t bytes = (size_t)b->lines * sizeof(struct format_dense_line);
    void *room = buf_room(lines, bytes);
    struct format_dense_line *line = room;
    enum cop_status status = room != NULL ? COP_OK : COP_E_NOMEM;

    for (size_t i = 0; status == COP_OK && i < b->n; i++) {
        if (b->items[i].value >= DENSE_INLINE_SETS) {
            status = side_add(side, b->items[i].key, b->items[i].value);
        }
    }
    if (status == COP_OK &&
        side->n / sizeof(struct format_dense_side) > DENSE_SIDE_MAX) {
        status = COP_E_LIMIT;
    }
    if (status == COP_OK) {
        memset(room, 0, bytes);
        lines->n += bytes;
        for (uint32_t i = 0; i < b->lines; i++) {
            line_write(b, i, side, &line[i]);
        }
    }
    return status;
}

enum cop_status dense_build(
    const struct keyed *items, size_t n, struct buf *lines, struct buf *side)
{
    struct builder b = {.items = items, .n = n, .state = 0x9e3779b97f4a7c15};
    size_t wanted = n * 1000 / (FORMAT_DENSE_SLOTS * FULL_PERMILLE) + 2;
    enum cop_status status = COP_E_LIMIT;
    bool is_done = n == 0;

    while (!is_done && wanted < FORMAT_NONE / FORMAT_DENSE_SLOTS) {
        b.lines = (uint32_t)wanted;
        is_done = !builder_init(&b);
        status = is_done ? COP_E_NOMEM : COP_E_LIMIT;
        if (!is_done && builder_fill(&b)) {
            status = builder_write(&b, lines, side);
            is_done = true;
        }
        builder_fini(&b);
        wanted += wanted / 50 + 1;
    }
    return n == 0 ? COP_OK : status;
}

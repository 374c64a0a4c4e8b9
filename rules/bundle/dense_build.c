/* Filling a dense index to the brim.
 *
 * Keys in order of their hash go to their home line; those that find it full
 * go to their second line, and if that is full too, one key there moves to
 * its own other line, and so on. Everything is in a fixed order and by a fixed
 * generator, so that the same keys give the same bytes. */
#include "rules/bundle/dense.h"

#include <stdlib.h>

#include "rules/bundle/dense_line.h"

enum {
    FULL_PERCENT = 98,  /* of the places are used */
    MOVES_MAX = 100000, /* of one key before the table is made larger */
    EMPTY = 0           /* place of no key; keys count from 1 */
};

struct builder {
    const struct keyed *items;
    size_t n;
    uint32_t lines;
    uint32_t *places; /* FORMAT_DENSE_SLOTS a line: item + 1 */
    uint64_t state;   /* of the generator */
};

static uint32_t *builder_free_place(struct builder *b, uint32_t line)
{
    uint32_t *place = b->places + (size_t)line * FORMAT_DENSE_SLOTS;

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        if (place[i] == EMPTY) {
            return &place[i];
        }
    }
    return NULL;
}

/* xorshift64: which key of a full line has to move. */
static unsigned builder_pick(struct builder *b)
{
    b->state ^= b->state << 13;
    b->state ^= b->state >> 7;
    b->state ^= b->state << 17;
    return (unsigned)(b->state % FORMAT_DENSE_SLOTS);
}

static uint32_t other_line(
    const struct builder *b, uint64_t hash, uint32_t line)
{
    uint32_t home = dense_home(hash, b->lines);

    return line == home ? dense_second(hash, b->lines) : home;
}

/* Find a place for a key whose home line is full. */
static bool builder_push(struct builder *b, uint32_t key)
{
    uint32_t line = dense_second(b->items[key - 1].key, b->lines);

    for (int move = 0; move < MOVES_MAX; move++) {
        uint32_t *place = builder_free_place(b, line);

        if (place != NULL) {
            *place = key;
            return true;
        }
        place = b->places + (size_t)line * FORMAT_DENSE_SLOTS + builder_pick(b);
        uint32_t moved = *place;

        *place = key;
        key = moved;
        line = other_line(b, b->items[key - 1].key, line);
    }
    return false;
}

static bool builder_fill(struct builder *b)
{
    size_t waiting = 0;
    uint32_t *wait = calloc(b->n + 1, sizeof(*wait));
    bool is_placed = wait != NULL;

    for (size_t i = 0; is_placed && i < b->n; i++) {
        uint32_t *place =
            builder_free_place(b, dense_home(b->items[i].key, b->lines));

        if (place != NULL) {
            *place = (uint32_t)i + 1;
        } else {
            wait[waiting++] = (uint32_t)i + 1;
        }
    }
    for (size_t i = 0; is_placed && i < waiting; i++) {
        is_placed = builder_push(b, wait[i]);
    }
    free(wait);
    return is_placed;
}

static int place_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static enum cop_status side_add(struct buf *side, uint64_t hash, uint32_t set)
{
    struct format_dense_side row = {.hash = hash, .set = set};

    buf_add(side, &row, sizeof(row));
    return side->failed ? COP_E_NOMEM : COP_OK;
}

static void line_write(
    struct builder *b, uint32_t index, struct format_dense_line *lines)
{
    uint32_t *place = b->places + (size_t)index * FORMAT_DENSE_SLOTS;

    /* The order of moves must not show: keys of a line ascend. */
    qsort(place, FORMAT_DENSE_SLOTS, sizeof(*place), place_order);
    for (unsigned i = 0, at = 0; i < FORMAT_DENSE_SLOTS; i++) {
        if (place[i] == EMPTY) {
            continue;
        }
        const struct keyed *item = &b->items[place[i] - 1];
        uint32_t home = dense_home(item->key, b->lines);
        uint32_t code =
            item->value < DENSE_INLINE_SETS ? item->value + 1 : DENSE_SIDE_CODE;

        lines[index].tag[at] = dense_tag(item->key);
        lines[index].rest[at] = dense_rest(item->key) << 4 | code;
        at++;
        if (home != index) {
            lines[home].spill |= dense_spill_bit(item->key);
        }
    }
}

static enum cop_status builder_write(
    struct builder *b, struct buf *lines, struct buf *side)
{
    size_t bytes = (size_t)b->lines * sizeof(struct format_dense_line);
    void *room = buf_room(lines, bytes);
    enum cop_status status = room != NULL ? COP_OK : COP_E_NOMEM;

    if (status == COP_OK) {
        memset(room, 0, bytes);
        lines->n += bytes;
        for (uint32_t i = 0; i < b->lines; i++) {
            line_write(b, i, room);
        }
    }
    for (size_t i = 0; status == COP_OK && i < b->n; i++) {
        if (b->items[i].value >= DENSE_INLINE_SETS) {
            status = side_add(side, b->items[i].key, b->items[i].value);
        }
    }
    return status;
}

enum cop_status dense_build(
    const struct keyed *items, size_t n, struct buf *lines, struct buf *side)
{
    struct builder b = {.items = items, .n = n, .state = 0x9e3779b97f4a7c15};
    size_t wanted = n * 100 / (FORMAT_DENSE_SLOTS * FULL_PERCENT) + 2;
    enum cop_status status = COP_E_LIMIT;

    if (n == 0) {
        return COP_OK;
    }
    while (wanted < FORMAT_NONE / FORMAT_DENSE_SLOTS) {
        b.lines = (uint32_t)wanted;
        b.places =
            calloc((size_t)b.lines * FORMAT_DENSE_SLOTS, sizeof(*b.places));
        if (b.places == NULL) {
            return COP_E_NOMEM;
        }
        if (builder_fill(&b)) {
            status = builder_write(&b, lines, side);
            free(b.places);
            return status;
        }
        free(b.places);
        wanted += wanted / 50 + 1;
    }
    return status;
}

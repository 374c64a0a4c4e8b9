/* Values of the data section (MaxMind DB 2.0, "Output Data Section").
 *
 *   control byte  TTT SSSSS   type, or 0 and the type less 7 in the next byte;
 *                             size, or 29 to 31 and 1 to 3 more bytes
 *   pointer       001 SSVVV   1 to 4 more bytes, by SS
 *
 * Nothing recurses: how many members are left at each level is a row of
 * numbers, and where pointers lead is put on a list. A pointer's target is
 * walked once, however many lead to it, so that a file cannot make the walk
 * longer than it is itself; values that overlap, which no writer makes, could,
 * and have a budget. */
#include "rules/locate/mmdb.h"

#include <stdlib.h>
#include <string.h>

const char mmdb_no_memory[] = "out of memory";

static const char cut[] = "a value leaves its section";

/* A number of n bytes, most significant first. False when they are not all
 * there. */
static bool take(
    struct cop_slice section, uint32_t *at, unsigned n, uint32_t *out)
{
    uint32_t number = 0;

    if (section.n - *at < n) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        number = number << 8 | (unsigned char)section.p[*at + i];
    }
    *at += n;
    *out = number;
    return true;
}

static const char *pointer_read(struct cop_slice section, uint32_t control,
    uint32_t at, struct mmdb_value *out)
{
    static const uint32_t from[] = {0, 2048, 526336, 0};
    unsigned more = (control >> 3 & 3) + 1;
    uint32_t high = more == 4 ? 0 : (control & 7) << 8 * more;
    uint32_t low;

    if (!take(section, &at, more, &low)) {
        return cut;
    }
    *out = (struct mmdb_value){
        MMDB_POINTER, (high | low) + from[more - 1], at, at};
    return NULL;
}

/* Bytes that a type may have; members of maps and arrays are not bytes. */
static bool size_holds(enum mmdb_type type, uint32_t size)
{
    switch (type) {
    case MMDB_STRING:
    case MMDB_BYTES:
    case MMDB_MAP:
    case MMDB_ARRAY:
        return true;
    case MMDB_DOUBLE:
        return size == 8;
    case MMDB_FLOAT:
        return size == 4;
    case MMDB_UINT16:
        return size <= 2;
    case MMDB_UINT32:
    case MMDB_INT32:
        return size <= 4;
    case MMDB_UINT64:
        return size <= 8;
    case MMDB_UINT128:
        return size <= 16;
    case MMDB_BOOLEAN:
        return size <= 1;
    case MMDB_POINTER:
        break;
    }
    return false; /* containers and markers are not in a finished file */
}

static bool has_payload(enum mmdb_type type)
{
    return type != MMDB_MAP && type != MMDB_ARRAY && type != MMDB_BOOLEAN;
}

const char *mmdb_value(
    struct cop_slice section, uint32_t at, struct mmdb_value *out)
{
    static const uint32_t from[] = {29, 285, 65821};
    uint32_t control;
    uint32_t type;
    uint32_t size;

    if (at >= section.n || !take(section, &at, 1, &control)) {
        return cut;
    }
    type = control >> 5;
    size = control & 31;
    if (type == MMDB_POINTER) {
        return pointer_read(section, control, at, out);
    }
    if (type == 0) {
        if (!take(section, &at, 1, &type)) {
            return cut;
        }
        type += 7;
    }
    if (size >= 29) {
        unsigned more = size - 28;

        if (!take(section, &at, more, &size)) {
            return cut;
        }
        size += from[more - 1];
    }
    *out = (struct mmdb_value){(enum mmdb_type)type, size, at, at};
    if (!size_holds(out->type, size)) {
        return "a value has a type or a size that it cannot have";
    }
    if (!has_payload(out->type)) {
        return NULL;
    }
    if (size > section.n - at) {
        return cut;
    }
    out->next = at + size;
    return NULL;
}

bool mmdb_walk_init(struct mmdb_walk *walk, struct cop_slice section)
{
    *walk = (struct mmdb_walk){
        .section = section, .budget = 4 * (uint64_t)section.n + 1024};
    walk->seen = calloc(section.n / 8 + 1, 1);
    return walk->seen != NULL;
}

void mmdb_walk_fini(struct mmdb_walk *walk)
{
    free(walk->seen);
    free(walk->pending);
    *walk = (struct mmdb_walk){.budget = 0};
}

/* Have a value walked, if it was not yet. */
static const char *lead(struct mmdb_walk *walk, uint32_t at)
{
    uint8_t bit = (uint8_t)(1u << at % 8);

    if (at >= walk->section.n) {
        return "something leads outside of the data";
    }
    if ((walk->seen[at / 8] & bit) != 0) {
        return NULL;
    }
    walk->seen[at / 8] |= bit;
    if (walk->pending_n == walk->pending_cap) {
        uint32_t cap = walk->pending_cap == 0 ? 256 : 2 * walk->pending_cap;
        uint32_t *p = realloc(walk->pending, cap * sizeof(*p));

        if (p == NULL) {
            return mmdb_no_memory;
        }
        walk->pending = p;
        walk->pending_cap = cap;
    }
    walk->pending[walk->pending_n++] = at;
    return NULL;
}

/* A pointer leads to a value that is none (the format allows no chains). */
static const char *follow(struct mmdb_walk *walk,
    const struct mmdb_value *pointer, struct mmdb_value *target)
{
    const char *flaw = mmdb_value(walk->section, pointer->size, target);

    if (flaw == NULL && target->type == MMDB_POINTER) {
        flaw = "a pointer leads to a pointer";
    }
    return flaw != NULL ? flaw : lead(walk, pointer->size);
}

/* What is left of the maps and arrays that a value is in. */
struct level {
    uint32_t left; /* keys and values of a map both count */
    bool is_map;
};

static const char *walk_value(
    struct mmdb_walk *walk, uint32_t *at, bool is_key, struct mmdb_value *out)
{
    struct mmdb_value target;
    const char *flaw = mmdb_value(walk->section, *at, out);

    if (flaw != NULL) {
        return flaw;
    }
    *at = out->next;
    target = *out;
    if (out->type == MMDB_POINTER) {
        flaw = follow(walk, out, &target);
    }
    if (flaw == NULL && is_key && target.type != MMDB_STRING) {
        flaw = "a key of a map is no text";
    }
    return flaw;
}

/* Walk one value without what its pointers lead to. */
static const char *walk_one(struct mmdb_walk *walk, uint32_t at)
{
    struct level levels[MMDB_DEPTH_MAX] = {{1, false}};
    unsigned depth = 1;
    uint32_t values = 0;

    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        struct mmdb_value value;
        const char *flaw;

        if (level->left == 0) {
            depth--;
            continue;
        }
        if (++values > MMDB_VALUES_MAX || walk->budget-- == 0) {
            return "a record has more in it than any writer makes";
        }
        flaw = walk_value(
            walk, &at, level->is_map && level->left % 2 == 0, &value);
        if (flaw != NULL) {
            return flaw;
        }
        level->left--;
        if (value.type != MMDB_MAP && value.type != MMDB_ARRAY) {
            continue;
        }
        if (depth == MMDB_DEPTH_MAX || value.size > MMDB_VALUES_MAX) {
            return "a record is deeper or wider than any writer makes";
        }
        levels[depth++] =
            (struct level){value.type == MMDB_MAP ? 2 * value.size : value.size,
                value.type == MMDB_MAP};
    }
    return NULL;
}

const char *mmdb_walk(struct mmdb_walk *walk, uint32_t at)
{
    const char *flaw = lead(walk, at);

    while (flaw == NULL && walk->pending_n > 0) {
        flaw = walk_one(walk, walk->pending[--walk->pending_n]);
    }
    return flaw;
}

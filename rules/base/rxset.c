#include "rules/base/rxset.h"

/* What so many URLs have that it counts for little in a literal. What is a part
 * of the first, all have. */
static const char *const common[] = {
    "https://",
    "//www.",
    ".com/",
    ".net/",
    ".org/",
    ".html",
    ".php",
    "www.",
    ".js",
    ".co",
};

enum {
    COMMONS = sizeof(common) / sizeof(common[0]),
    COMMON_BITS = 3,
    PART_BITS = 1 /* of a literal that is all common */
};

static bool is_part(struct cop_slice part, struct cop_slice whole)
{
    return part.n <= whole.n &&
           memmem(whole.p, whole.n, part.p, part.n) != NULL;
}

struct rxset rxset_of(struct arena *arena, struct cop_slice text)
{
    struct rxset set = {NULL, 0, 0};

    (void)rxset_add(arena, &set, text);
    return set;
}

static bool set_grow(struct arena *arena, struct rxset *set)
{
    size_t room = set->room == 0 ? 1 : set->room * 2;
    struct cop_slice *p = arena_array(arena, room, sizeof(*p));

    if (p == NULL) {
        return false;
    }
    if (set->n != 0) {
        memcpy(p, set->p, set->n * sizeof(*p));
    }
    set->p = p;
    set->room = room;
    return true;
}

bool rxset_add(struct arena *arena, struct rxset *set, struct cop_slice text)
{
    for (size_t i = 0; i < set->n; i++) {
        if (cop_slice_eq(set->p[i], text)) {
            return true;
        }
    }
    if (set->n == RXSET_MAX || (set->n == set->room && !set_grow(arena, set))) {
        return false;
    }
    set->p[set->n++] = text;
    return true;
}

bool rxset_union(struct arena *arena, const struct rxset *a,
    const struct rxset *b, struct rxset *out)
{
    *out = *a; /* what is added to it lands behind what `a` looks at */
    for (size_t i = 0; i < b->n; i++) {
        if (!rxset_add(arena, out, b->p[i])) {
            return false;
        }
    }
    return true;
}

static bool join_add(struct arena *arena, struct rxset *set, struct cop_slice a,
    struct cop_slice b)
{
    size_t n = a.n + b.n;

    if (n > RXSET_TEXT_MAX) {
        return false;
    }
    if (b.n == 0) {
        return rxset_add(arena, set, a);
    }
    char *p = arena_alloc(arena, n);

    if (p == NULL) {
        return false;
    }
    if (a.n != 0) {
        memcpy(p, a.p, a.n);
    }
    memcpy(p + a.n, b.p, b.n);
    return rxset_add(arena, set, (struct cop_slice){p, n});
}

bool rxset_product(struct arena *arena, const struct rxset *a,
    const struct rxset *b, struct rxset *out)
{
    struct rxset set = {NULL, 0, 0};

    if (a->n * b->n > RXSET_PRODUCT_MAX) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        for (size_t j = 0; j < b->n; j++) {
            if (!join_add(arena, &set, a->p[i], b->p[j])) {
                return false;
            }
        }
    }
    *out = set;
    return true;
}

/* Whether another text of the set is a part of text i. Equal ones there are
 * none. */
static bool is_implied(const struct rxset *set, size_t i)
{
    for (size_t j = 0; j < set->n; j++) {
        if (j != i && is_part(set->p[j], set->p[i])) {
            return true;
        }
    }
    return false;
}

void rxset_reduce(struct rxset *set)
{
    for (size_t i = set->n; i-- > 0;) {
        if (is_implied(set, i)) {
            set->p[i] = set->p[--set->n];
        }
    }
}

static unsigned char_bits(char c)
{
    if (c >= 'a' && c <= 'z') {
        return strchr("eaotsinr", c) != NULL ? 3 : 4;
    }
    return c == '/' || c == '.' || c == '-' ? 3 : 4;
}

/* How many bytes of a text, from the front, are commonplace. */
static size_t common_at(struct cop_slice text)
{
    for (size_t i = 0; i < COMMONS; i++) {
        struct cop_slice c = cop_slice_of(common[i]);

        if (text.n >= c.n && memcmp(text.p, c.p, c.n) == 0) {
            return c.n;
        }
    }
    return 0;
}

static unsigned text_bits(struct cop_slice text)
{
    unsigned bits = 0;

    if (text.n < RXSET_TELLING_MIN || is_part(text, cop_slice_of(common[0]))) {
        return 0;
    }
    for (size_t i = 1; i < COMMONS; i++) {
        if (is_part(text, cop_slice_of(common[i]))) {
            return PART_BITS;
        }
    }
    for (size_t i = 0; i < text.n;) {
        size_t skip = common_at((struct cop_slice){text.p + i, text.n - i});

        bits += skip != 0 ? COMMON_BITS : char_bits(text.p[i]);
        i += skip != 0 ? skip : 1;
    }
    return bits < RXSET_COST_BITS ? bits : RXSET_COST_BITS;
}

uint64_t rxset_cost(const struct rxset *set)
{
    uint64_t cost = 0;

    for (size_t i = 0; i < set->n; i++) {
        cost += UINT64_C(1) << (RXSET_COST_BITS - text_bits(set->p[i]));
    }
    return cost;
}

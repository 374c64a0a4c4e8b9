#include "rules/bundle/urlchoice.h"

#include <stdlib.h>

enum {
    TABLE_MIN = 1 << 13,
    REGEX_ARENA_MAX = 64 << 20,
    COMMON_WEIGHT =
        64,          /* a place among the commonest, in rules that share it */
    COMMON_TOO = 256 /* such a gram is hardly better than none */
};

/* How good a gram is: the fewer share it, the better. */
struct gram_cost {
    uint32_t gram;
    uint32_t cost; /* 0: the place is free */
};

/* The best gram so far of a text whose grams are being told. */
struct best {
    const struct urlchoice *choice;
    uint32_t gram;
    uint32_t cost; /* 0: none yet */
};

static struct gram_cost *place_of(const struct urlchoice *choice, uint32_t gram)
{
    uint32_t at = urlgram_bit(gram, 32) & choice->mask;

    while (choice->p[at].cost != 0 && choice->p[at].gram != gram) {
        at = (at + 1) & choice->mask;
    }
    return &choice->p[at];
}

static bool grow(struct urlchoice *choice)
{
    struct urlchoice grown = {.mask = choice->mask * 2 + 1};

    grown.p = calloc((size_t)grown.mask + 1, sizeof(grown.p[0]));
    if (grown.p == NULL) {
        return false;
    }
    for (size_t i = 0; i <= choice->mask; i++) {
        if (choice->p[i].cost != 0) {
            *place_of(&grown, choice->p[i].gram) = choice->p[i];
        }
    }
    free(choice->p);
    choice->p = grown.p;
    choice->mask = grown.mask;
    return true;
}

static void count(struct urlchoice *choice, uint32_t gram, uint32_t cost)
{
    if (choice->n > choice->mask / 2 && !grow(choice)) {
        choice->is_full = true;
        return;
    }
    struct gram_cost *place = place_of(choice, gram);

    choice->n += place->cost == 0;
    place->gram = gram;
    place->cost += cost;
}

static void take_count(void *context, uint32_t gram)
{
    count(context, gram, 1);
}

static void take_best(void *context, uint32_t gram)
{
    struct best *best = context;
    uint32_t cost = place_of(best->choice, gram)->cost;

    if (cost != 0 && (best->cost == 0 || cost < best->cost)) {
        best->gram = gram;
        best->cost = cost;
    }
}

/* ---- rules ---- */

/* The texts of a rule.
 * body  room for a pattern's, which `out` points to */
static enum cop_status texts_find(struct urlchoice *choice,
    const struct urlrule *rule, struct cop_slice *body, struct rxliteral *out)
{
    *body = urlrule_body(rule->text, rule->flags);
    *out = (struct rxliteral){body, 1};
    if ((rule->flags & URLRULE_REGEX) == 0) {
        return COP_OK;
    }
    arena_reset(&choice->arena);
    return rxliteral_find(*body, &choice->arena, out);
}

enum cop_status urlchoice_count(
    struct urlchoice *choice, const struct urlrule *rule)
{
    struct rxliteral texts;
    struct cop_slice body;
    enum cop_status status = texts_find(choice, rule, &body, &texts);

    for (size_t i = 0; status == COP_OK && i < texts.n; i++) {
        urlgram_of_pattern(texts.p[i], take_count, choice);
    }
    return choice->is_full ? COP_E_NOMEM : status;
}

enum cop_status urlchoice_make(struct urlchoice *choice,
    const struct urlrule *rule, struct urlchoice_grams *out)
{
    struct rxliteral texts;
    struct cop_slice body;
    enum cop_status status = texts_find(choice, rule, &body, &texts);
    uint64_t cost = 0;

    *out = (struct urlchoice_grams){.p = choice->grams};
    for (size_t i = 0; status == COP_OK && i < texts.n; i++) {
        struct best best = {.choice = choice};

        urlgram_of_pattern(texts.p[i], take_best, &best);
        if (best.cost == 0) { /* a match may have this text alone */
            out->n = 0;
            return COP_OK;
        }
        choice->grams[out->n++] = best.gram;
        cost += best.cost;
    }
    out->are_good = out->n != 0 && cost <= (uint64_t)COMMON_TOO * COMMON_WEIGHT;
    return status;
}

/* ---- the whole ---- */

enum cop_status urlchoice_init(struct urlchoice *choice)
{
    *choice = (struct urlchoice){.mask = TABLE_MIN - 1};
    arena_init(&choice->arena, REGEX_ARENA_MAX);
    choice->p = calloc(TABLE_MIN, sizeof(choice->p[0]));
    if (choice->p == NULL) {
        return COP_E_NOMEM;
    }
    for (unsigned i = 0; i < urlgram_commons(); i++) {
        count(
            choice, urlgram_common(i), (urlgram_commons() - i) * COMMON_WEIGHT);
    }
    return choice->is_full ? COP_E_NOMEM : COP_OK;
}

void urlchoice_fini(struct urlchoice *choice)
{
    free(choice->p);
    arena_fini(&choice->arena);
}

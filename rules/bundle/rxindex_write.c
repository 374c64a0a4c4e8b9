/* Writing the index of patterns (rxindex.h).
 *
 * A literal is found by the gram of it that the fewest literals share; among
 * those, by one without the commonplace beginnings and endings of URLs. */
#include "rules/bundle/rxindex.h"

#include <stdlib.h>

#include "rules/base/rxliteral.h"
#include "rules/bundle/writer.h"

enum { PATTERN_ARENA_MAX = 64 << 20, SHARED_BITS = 16, COMMON_PENALTY = 1000 };

struct grams {
    uint32_t *shared; /* literals that have a gram of this hash */
    struct rxindex_item *items;
    size_t n;
};

static uint32_t shared_place(uint32_t gram)
{
    return gram * UINT32_C(0xC2B2AE35) >> (32 - SHARED_BITS);
}

/* Grams of a literal: four bytes, or all three of it. */
static size_t grams_of(struct cop_slice text)
{
    return text.n < RXINDEX_GRAM_BYTES ? 1 : text.n - RXINDEX_GRAM_BYTES + 1;
}

/* Many URLs have them, whatever the literals are. */
static bool is_common(struct cop_slice text, size_t at)
{
    static const char common[] =
        "https://www. http:// .com/ .net/ .org/ .html .json .php? index.";
    size_t n = text.n - at < RXINDEX_GRAM_BYTES ? text.n - at
                                                : (size_t)RXINDEX_GRAM_BYTES;

    return memmem(common, sizeof(common) - 1, text.p + at, n) != NULL;
}

static uint16_t gram_choose(const struct grams *grams, struct cop_slice text)
{
    uint32_t least = UINT32_MAX;
    size_t chosen = 0;

    for (size_t i = 0; i < grams_of(text); i++) {
        uint32_t gram = rxindex_gram(text.p + i, text.n - i);
        uint32_t cost = grams->shared[shared_place(gram)];

        cost += is_common(text, i) ? (uint32_t)COMMON_PENALTY : 0;
        if (cost < least) {
            least = cost;
            chosen = i;
        }
    }
    return (uint16_t)chosen;
}

static void literal_add(struct writer *w, struct grams *grams, uint32_t pattern,
    struct cop_slice text)
{
    struct format_literal row = {.pattern = pattern};

    for (size_t i = 0; i < grams_of(text); i++) {
        grams->shared[shared_place(rxindex_gram(text.p + i, text.n - i))]++;
    }
    row.text = writer_text(w, SECTION_RULE_TEXTS, text);
    writer_add(w, SECTION_LITERALS, &row, sizeof(row));
}

static struct cop_slice text_of(const struct writer *w, struct format_span span)
{
    return (struct cop_slice){
        w->sections[SECTION_RULE_TEXTS].p + span.at, span.n};
}

/* Find the literals of every pattern. */
static void literals_add(struct writer *w, struct grams *grams)
{
    uint32_t n = writer_count(w, SECTION_PATTERNS);
    struct format_pattern *patterns = (void *)w->sections[SECTION_PATTERNS].p;
    struct arena arena;
    uint64_t always = 0;

    arena_init(&arena, PATTERN_ARENA_MAX);
    for (uint32_t i = 0; i < n && writer_ok(w); i++) {
        struct rxliteral found;

        arena_reset(&arena);
        if (rxliteral_find(text_of(w, patterns[i].text), &arena, &found) !=
            COP_OK) {
            writer_fail(w, COP_E_NOMEM);
            break;
        }
        patterns[i].literals = writer_count(w, SECTION_LITERALS);
        for (size_t j = 0; j < found.n; j++) {
            literal_add(w, grams, i, found.p[j]);
        }
        always |= (uint64_t)(found.n == 0) << i % RXINDEX_WORD_BITS;
        if (i % RXINDEX_WORD_BITS == RXINDEX_WORD_BITS - 1 || i + 1 == n) {
            writer_add(w, SECTION_PATTERNS_ALWAYS, &always, sizeof(always));
            always = 0;
        }
    }
    arena_fini(&arena);
}

static int item_order(const void *a, const void *b)
{
    const struct rxindex_item *x = a;
    const struct rxindex_item *y = b;

    if (x->gram != y->gram) {
        return x->gram < y->gram ? -1 : 1;
    }
    return (x->literal > y->literal) - (x->literal < y->literal);
}

static void grams_add(struct writer *w, struct grams *grams)
{
    struct format_literal *rows = (void *)w->sections[SECTION_LITERALS].p;

    for (uint32_t i = 0; i < grams->n; i++) {
        struct cop_slice text = text_of(w, rows[i].text);

        rows[i].gram = gram_choose(grams, text);
        grams->items[i] = (struct rxindex_item){
            rxindex_gram(text.p + rows[i].gram, text.n - rows[i].gram), i};
    }
    qsort(grams->items, grams->n, sizeof(grams->items[0]), item_order);
    enum cop_status status = rxindex_build(grams->items, grams->n,
        &w->sections[SECTION_LITERAL_SLOTS],
        &w->sections[SECTION_LITERAL_FILTER]);

    if (status != COP_OK) {
        writer_fail(w, status);
    }
    for (size_t i = 0; i < grams->n && writer_ok(w); i++) {
        writer_add(w, SECTION_LITERAL_ENTRIES, &grams->items[i].literal,
            sizeof(grams->items[i].literal));
    }
}

void writer_literals(struct writer *w)
{
    struct grams grams = {NULL, NULL, 0};

    if (!writer_ok(w) || writer_count(w, SECTION_PATTERNS) == 0) {
        return;
    }
    grams.shared = calloc((size_t)1 << SHARED_BITS, sizeof(grams.shared[0]));
    if (grams.shared == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    literals_add(w, &grams);
    grams.n = writer_count(w, SECTION_LITERALS);
    grams.items = calloc(grams.n + 1, sizeof(grams.items[0]));
    if (grams.items == NULL) {
        writer_fail(w, COP_E_NOMEM);
    }
    if (writer_ok(w)) {
        grams_add(w, &grams);
    }
    free(grams.items);
    free(grams.shared);
}

/* The index of patterns: which of them a URL may match.
 *
 * A pattern that matches a text holds, in lower case, one of its literals
 * (base/rxliteral.h). Of each literal one gram is chosen, four bytes of it or
 * all three; the index finds the literals of every gram of a text, and a
 * pattern is a candidate when one of its literals is there as a whole.
 * Patterns without literals are candidates always.
 *
 * A pattern that is no candidate does not match, whatever limit its search
 * would have reached.
 *
 * A gram is a number, its first byte lowest; one of three bytes has a zero on
 * top, which no text of the index holds. Most grams of a text end at the
 * filter, a bit for each of some 32 times as many places as there are grams. */
#ifndef RULES_BUNDLE_RXINDEX_H
#define RULES_BUNDLE_RXINDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"
#include "rules/base/buf.h"
#include "rules/bundle/view.h"

enum { RXINDEX_GRAM_BYTES = 4, RXINDEX_WORD_BITS = 64 };

/* 64-bit words that hold one bit for each of n patterns. */
static inline uint32_t rxindex_words(uint32_t patterns)
{
    return patterns / RXINDEX_WORD_BITS + (patterns % RXINDEX_WORD_BITS != 0);
}

/* The gram at a place of a text that has n bytes from there, n at least 3. */
static inline uint32_t rxindex_gram(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;

    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (n >= RXINDEX_GRAM_BYTES ? (uint32_t)p[3] << 24 : 0);
}

/* Find the patterns of a bundle that may match a text.
 * lower   the text in lower case
 * wanted  rxindex_words() of the bundle's patterns; bit i is set when pattern i
 *         is a candidate */
void rxindex_find(
    const struct cop_bundle *bundle, struct cop_slice lower, uint64_t *wanted);

/* Whether a pattern is in the index in such a way that rxindex_find() gives it
 * for every text with one of its literals, or always: for the audit. */
bool rxindex_holds(const struct cop_bundle *bundle, uint32_t pattern);

/* The literals of a pattern, rows of LITERALS. */
struct format_span rxindex_literals(
    const struct cop_bundle *bundle, uint32_t pattern);

/* ---- for the writer ---- */

struct rxindex_item {
    uint32_t gram;
    uint32_t literal;
};

/* Lay out the slots and the filter over items sorted by gram, then literal.
 * slots, filter   empty, born with ceilings
 * Returns COP_OK, COP_E_LIMIT or COP_E_NOMEM. */
COP_MUST_USE enum cop_status rxindex_build(const struct rxindex_item *items,
    size_t n, struct buf *slots, struct buf *filter);

/* Whether slot `index` is where its gram is looked for and its run is there. */
bool rxindex_slot_holds(const struct cop_bundle *bundle, uint32_t index);

#endif

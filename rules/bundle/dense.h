/* The dense index: millions of listed domains at six bytes each.
 *
 * A list of a million domains can afford neither a rule for each (16 bytes and
 * more) nor a place in the host index (16 bytes). Here a domain is 48 bits in
 * a line of 64 bytes, one cache line, so that most look-ups end after one
 * miss:
 *
 *   tag[10]   16 bits of the hash each, compared all at once
 *   rest[10]  28 more bits, and a code of four that says which lists
 *   spill     which keys of this line are in their second line instead
 *
 * What holds
 * 1. A key is in its home line or in its second line, both found from its
 *    hash alone. If it is in the second, its bit of the home line's spill is
 *    set, so a miss rarely looks at the second.
 * 2. Home line, tag and rest together are 63 bits of the hash and more for
 *    five million domains: that one unlisted name in a million million is
 *    taken for a listed one is the price.
 * 3. A free place is all zeros; a code is never zero, so a key never is.
 * 4. Codes 1 to 14 are the first 14 sets of DENSE_SETS, the commonest; code 15
 *    says that the set is found by the whole hash in DENSE_SIDE.
 * 5. What stands here are whole domains (the name and all below) of category
 *    lists. Leaving out a domain whose parent is in the same lists would save a
 *    tenth; but how precisely a host is named may decide, so it stays.
 *
 * Tried and left: perfect hashing (slower, and built slower), a trie (exact,
 * but five times slower), a filter in front (costs more than it saves where a
 * probe is one cache line). */
#ifndef RULES_BUNDLE_DENSE_H
#define RULES_BUNDLE_DENSE_H

#include <stddef.h>
#include <stdint.h>

#include "cop/status.h"
#include "rules/base/buf.h"
#include "rules/bundle/dense_line.h"
#include "rules/bundle/format.h"
#include "rules/bundle/keyed.h"
#include "rules/bundle/view.h"

enum { DENSE_INLINE_SETS = 14, DENSE_SIDE_CODE = 15, DENSE_SETS_MAX = 65535 };

/* Start fetching the line of a hash. Nothing where there is no such index. */
static inline void dense_prefetch(
    const struct cop_bundle *bundle, uint64_t hash)
{
    uint32_t lines = section_count(bundle, SECTION_DENSE_LINES);

    if (lines != 0) {
        __builtin_prefetch(
            section_at(bundle, SECTION_DENSE_LINES, dense_home(hash, lines)));
    }
}

/* The set of lists that a hash is in: a row of DENSE_SETS, or FORMAT_NONE. */
uint32_t dense_find(const struct cop_bundle *bundle, uint64_t hash);

/* Lay out lines and the side table for items sorted by key, unique: the key is
 * the hash, the value the row of DENSE_SETS.
 * Returns COP_OK, COP_E_LIMIT or COP_E_NOMEM. */
COP_MUST_USE enum cop_status dense_build(
    const struct keyed *items, size_t n, struct buf *lines, struct buf *side);

#endif

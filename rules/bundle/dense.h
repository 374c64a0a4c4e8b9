/* The dense index: millions of listed domains at less than six bytes each.
 *
 * A list of a million domains can afford neither a rule for each (16 bytes and
 * more) nor a place in the host index (16 bytes). Here a domain is 50 bits in
 * a line of 64 bytes, one cache line, so that most look-ups end after one
 * miss:
 *
 *   tag[10]   16 bits of the hash each, compared all at once
 *   rest[10]  28 more bits, and a code of four that says which lists
 *   more      2 more bits of each; which keys of this line are in their second
 *             line instead
 *
 * What holds
 * 1. A key is in its home line or in its second line, both found from its
 *    hash alone. If it is in the second, the bit of its class is set in the
 *    home line, so a miss looks at the second one time in five.
 * 2. What is known of a key. Tag, rest and more are 46 bits; the line, of L,
 *    is log2 L more: together log2 L + 46, and never more than the 64 that the
 *    hash has. From 262,144 lines on, which is two and a half million domains,
 *    it is all 64; for a million domains 62.7. That two lines may be
 *    looked at takes a quarter of a bit away. What an unlisted name risks does
 *    not depend on the size: it is compared with ten keys of 46 bits, or one
 *    time in five with twenty, so that one look-up in 5.8 x 10^12 is mistaken; and the
 *    writer sees to it that no name that it knows of is (write_probe.c).
 * 3. A free place is all zeros; a code is never zero, so a key never is. Keys
 *    stand first, in order of tag, rest and more.
 * 4. Codes 1 to 14 are the first 14 sets of DENSE_SETS, the commonest; code 15
 *    says that rest is the row of DENSE_SIDE that has the whole hash and the
 *    set.
 * 5. What stands here are whole domains (the name and all below) of category
 *    lists.
 * 6. A domain inside another one that has its lists, or those and more, would
 *    say nothing new but for how precisely it is named, which may decide
 *    between two rules of one level, be they of one bundle or of two. A
 *    seventh of real lists is such. They are left out of the lines and put
 *    into DENSE_INSIDE (inside.h), a filter of 18 bits a domain that is asked
 *    for the names below a domain that was found. It knows all that was put
 *    in, and takes a name that was not for one in 65,536 times: then a name
 *    that is listed, with all of its lists, counts as if it were named itself.
 *    That is never less precise than the truth, so what blocks blocks still.
 *    Lists by whose category a requirement of the bundle allows leave nothing
 *    out, so that what allows is not taken for more precise either.
 *
 * Tried and left: perfect hashing (slower, and built slower), a trie (exact,
 * but five times slower), a filter in front (costs more than it saves where a
 * probe is one cache line), leaving inner domains out without a trace (a
 * verdict turned from block to allow when a list grew). */
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

enum {
    DENSE_INLINE_SETS = 14,
    DENSE_SIDE_CODE = 15,
    DENSE_SIDE_MAX = 1 << 28, /* records: a place names one of them */
    DENSE_SETS_MAX = 65535,
    DENSE_SET_LISTS_MAX = 512 /* as many as a policy may have */
};

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

/* Told a set of lists that the i-th name of a host is in: a row of
 * DENSE_SETS. */
typedef void dense_fn(void *context, uint32_t set, uint32_t i);

/* Tell all sets that names of a host are in, the widest name first. Those of
 * hash[first] to hash[n - 1] are looked up, each inside the next. */
void dense_walk(const struct cop_bundle *bundle, const uint64_t *hash,
    uint32_t first, uint32_t n, dense_fn *found, void *context);

/* What a row of DENSE_SETS must have in `below`, by what the sets hold. */
uint16_t dense_sets_below(const struct cop_bundle *bundle, uint32_t index);

/* Lay out lines and the side table for items sorted by key, unique: the key is
 * the hash, the value the row of DENSE_SETS.
 * Returns COP_OK, COP_E_LIMIT or COP_E_NOMEM. */
COP_MUST_USE enum cop_status dense_build(
    const struct keyed *items, size_t n, struct buf *lines, struct buf *side);

#endif

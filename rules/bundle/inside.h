/* Domains that stand inside others of the same lists: a filter that says for
 * which it was made (dense.h, 6).
 *
 * A binary fuse filter of 16 bits (Graf and Lemire, "Binary Fuse Filters: Fast
 * and Smaller Than Xor Filters", 2022). A key has three places, one in each of
 * three segments that follow each other, and was put in if the numbers there
 * add up, without carry, to 16 bits of it. A key that was put in is always
 * found; another one is found one time in 65,536. Its size is a ninth above 16
 * bits a key. The keys are hashes of names and the sets of lists they are in.
 *
 * How long a segment is follows from the number of records alone, so that
 * nothing about it must be stored or could be wrong; any content is sound. */
#ifndef RULES_BUNDLE_INSIDE_H
#define RULES_BUNDLE_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/status.h"
#include "rules/base/buf.h"
#include "rules/bundle/dense_line.h"
#include "rules/bundle/view.h"

/* The key of a name in a set of lists. */
static inline uint64_t inside_key(uint64_t hash, uint32_t set)
{
    return dense_stir(hash + (set + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* Whether a key is in DENSE_INSIDE. Nothing is where there is none. */
bool inside_has(const struct cop_bundle *bundle, uint64_t key);

/* Whether a filter may have so many records. */
bool inside_is_size(uint32_t records);

/* Make the filter of n keys, unique; none for none.
 * Returns COP_OK, COP_E_LIMIT or COP_E_NOMEM. */
COP_MUST_USE enum cop_status inside_build(
    const uint64_t *keys, size_t n, struct buf *out);

#endif

/* The host index: from a name to the rules that speak of it.
 *
 * A name is kept as a keyed 64-bit hash only, so that a bundle is no directory
 * of what it blocks. The key comes from a digest of the bundle's inputs:
 * builds repeat byte by byte, and nobody can prepare a name that collides with
 * another before the bundle that holds it exists.
 *
 * This version is a table of slots with linear probing. The place of a hash is
 * its high bits scaled to the table, slots are filled in ascending order of
 * hash, and a hash is at most FORMAT_PROBES_MAX slots from its place, so that
 * a look-up is bounded in any file. Nothing outside hostindex.c knows more
 * than this header says. */
#ifndef RULES_BUNDLE_HOSTINDEX_H
#define RULES_BUNDLE_HOSTINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/host.h"
#include "cop/slice.h"
#include "rules/base/buf.h"
#include "rules/bundle/view.h"

enum { HOSTINDEX_NAMES_MAX = 127 };

/* A host and the names above it, hashed for one bundle: hash[0] is the host
 * itself, each next one has a label less; an address has one. Those before
 * `first` have more labels than any name in the bundle and are not set; those
 * of fewer labels than any, mostly the bare top domain, are not there. */
struct hostindex_names {
    uint32_t first;
    uint32_t n;
    uint64_t hash[HOSTINDEX_NAMES_MAX];
};

/* A run of HOST_ENTRIES or URLS. */
struct hostindex_run {
    uint32_t at;
    uint32_t n;
};

/* The hash of a canonical name or address. */
uint64_t hostindex_hash(const uint64_t key[2], struct cop_slice host);

/* Hash a host and all names above it, and start fetching their slots. */
void hostindex_names(const struct cop_bundle *bundle,
    const struct cop_host *host, struct hostindex_names *out);

/* Find a hash in SECTION_HOST_SLOTS or SECTION_URL_SLOTS; n is 0 when it is
 * not there. */
struct hostindex_run hostindex_find(
    const struct cop_bundle *bundle, enum section_id slots, uint64_t hash);

/* The rule at a place of a run found in SECTION_HOST_SLOTS. */
uint32_t hostindex_rule(const struct cop_bundle *bundle, uint32_t at);

/* One thing to be found under a hash. */
struct hostindex_item {
    uint64_t hash;
    uint32_t rule;
};

/* Lay out slots for items sorted by hash; a slot's run counts items.
 * Returns COP_OK, COP_E_LIMIT or COP_E_NOMEM. */
COP_MUST_USE enum cop_status hostindex_build(
    const struct hostindex_item *items, size_t n, struct buf *slots);

/* Whether a slot is where it can be found and its run lies within the runs_n
 * records that the slots lead to. */
bool hostindex_slot_holds(const struct cop_bundle *bundle,
    enum section_id slots, uint32_t index, uint32_t runs_n);

#endif

/* Rules in Adblock syntax: how they travel from the reader to the file, and
 * how the file finds those that may match a URL.
 *
 * A rule that names a whole host and nothing else is a host rule like any
 * other and is not here. Of the rest, each is found under one key:
 *
 *   H  the host that its text begins with: ||host/path, ||host^$script
 *   G  the four bytes of its literal text that are rarest in URLs; of an
 *      expression, those of each text one of which it cannot match without
 *      (base/rxliteral.h)
 *   S  each source, host or entity, that it speaks of, where its text has no
 * good G A  none: it is tried for every URL
 *
 * Keys lead to a bucket (URLRULE_BUCKETS has where each one's run of
 * URLRULE_KEYS begins) and to those of its run that have the same check. A key
 * only ever suggests a rule: whoever looks it up then matches the rule whole,
 * so two things that share a key cost time and nothing else. Rules that block
 * and rules that except have keys of their own, because exceptions are looked
 * for only when something was blocked. Before G is looked up, a bitmap says
 * whether any rule has it. */
#ifndef RULES_BUNDLE_URLRULES_H
#define RULES_BUNDLE_URLRULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/host.h"
#include "cop/slice.h"
#include "rules/base/buf.h"
#include "rules/bundle/hostindex.h"
#include "rules/bundle/view.h"

enum {
    URLRULE_GRAM_BYTES = 4,
    URLRULE_METHODS_ALL = 0xffff,
    URLRULE_METHOD_OTHER = 15 /* the bit of methods that have no name here */
};

/* A rule as the reader found it. */
struct urlrule {
    uint16_t flags;
    uint16_t types;
    uint16_t methods;
    struct cop_slice text; /* with anchors, without @@ and options; lower case
                              unless it is a regex or match-case */
    struct cop_slice from; /* "a.example|~b.example|c.*", canonical, sorted */
    struct cop_slice to;   /* the same */
};

/* Write a rule as one run of bytes: equal rules, equal bytes.
 * out  is appended to
 * Returns COP_OK, COP_E_LIMIT (a part is too long), COP_E_NOMEM. */
COP_MUST_USE enum cop_status urlrule_pack(
    const struct urlrule *rule, struct buf *out);

/* The rule of such bytes, pointing into them. False when they are none. */
bool urlrule_unpack(struct cop_slice bytes, struct urlrule *out);

/* The part of a rule's text that is compared: without anchors or slashes. */
struct cop_slice urlrule_body(struct cop_slice text, uint16_t flags);

/* The host that a body with URLRULE_ANCHOR_HOST begins with, when it is named
 * whole: it is followed by one of ^ / : ?. Else empty. */
struct cop_slice urlrule_host(struct cop_slice body);

/* The bit of a request method; letters in any case. */
uint16_t urlrule_method(struct cop_slice method);

/* The next name of a list such as urlrule.from, cut off its front; false at
 * its end. is_not  gets whether it had a ~ */
bool urlrule_name_next(
    struct cop_slice *names, struct cop_slice *name, bool *is_not);

/* Whether a name is an entity, "name.*": that name in front of any public
 * suffix. */
bool urlrule_is_entity(struct cop_slice name);

/* Hash the entities that a host is or is below: hash[0] of www.a.co.uk is that
 * of www.a.*, hash[1] that of a.*; an address and a suffix have none.
 * suffix_at  where the host's public suffix begins */
void urlrule_entities(const struct cop_bundle *bundle,
    const struct cop_host *host, size_t suffix_at, struct hostindex_names *out);

enum urlkey_kind { URLKEY_HOST, URLKEY_GRAM, URLKEY_SOURCE, URLKEY_ALWAYS };

/* A run of URLRULE_KEYS. */
struct urlkey_run {
    uint32_t at;
    uint32_t n;
};

/* The key of a hash (hostindex_hash), of a gram, or 0. */
uint64_t urlkey_make(enum urlkey_kind kind, bool is_exception, uint64_t hash);

/* The bucket of a key among 2^bits. */
static inline uint32_t urlkey_bucket(uint64_t key, unsigned bits)
{
    return (uint32_t)(key >> 1 >> (63 - bits));
}

static inline uint32_t urlkey_check(uint64_t key)
{
    return (uint32_t)key;
}

/* The gram at p as a number. */
static inline uint32_t urlgram_at(const char *p)
{
    uint32_t gram;

    memcpy(&gram, p, sizeof(gram));
    return gram;
}

/* The bit of a gram in a bitmap of 2^bits. */
static inline uint32_t urlgram_bit(uint32_t gram, unsigned bits)
{
    return (gram * UINT32_C(0x9e3779b1)) >> (32 - bits);
}

/* The bitmap of grams for blocking rules or for exceptions. */
struct urlgram_map {
    const uint64_t *words; /* NULL: there are none */
    unsigned bits;
};
struct urlgram_map urlgram_map(
    const struct cop_bundle *bundle, bool is_exception);

static inline bool urlgram_may_be(const struct urlgram_map *map, uint32_t gram)
{
    uint32_t bit = urlgram_bit(gram, map->bits);

    return ((map->words[bit / 64] >> (bit % 64)) & 1) != 0;
}

/* The keys of a bundle that equal one; n is 0 when none do. */
struct urlkey_run urlkey_find(const struct cop_bundle *bundle, uint64_t key);

/* Records, never NULL. */
static inline const struct format_urlrule *bundle_urlrule(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_URLRULES, index);
}

static inline const struct format_urlkey *bundle_urlkey(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_URLRULE_KEYS, index);
}

/* Whether one of n names from `at` of URLRULE_NAMES, which ascend, has this
 * hash. */
bool urlrule_names_have(
    const struct cop_bundle *bundle, uint32_t at, uint32_t n, uint64_t hash);

/* The grams that are commonest in URLs, the commonest first. */
unsigned urlgram_commons(void);
uint32_t urlgram_common(unsigned i);

/* Told each gram that whatever matches a pattern's body must contain, in lower
 * case. A text without wildcards is such a body too. */
typedef void urlgram_fn(void *context, uint32_t gram);
void urlgram_of_pattern(struct cop_slice body, urlgram_fn *take, void *context);

#endif

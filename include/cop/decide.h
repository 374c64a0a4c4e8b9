/* Deciding: bundles side by side, a subject, a moment -> a verdict.
 *
 * Two steps, because they have different lifetimes. cop_classify() says which
 * lists and categories a URL is in; it does not depend on who asks, so its
 * result may be cached for everybody. cop_evaluate() turns that into a verdict
 * for one profile at one moment; it is a few comparisons and is never cached.
 */
#ifndef COP_DECIDE_H
#define COP_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/bundle.h"
#include "cop/category.h"
#include "cop/url.h"

enum {
    COP_BUNDLES_MAX = 8, /* side by side in one policy */
    COP_LISTS_MAX = 512, /* of all bundles of one policy */
    COP_PROFILES_MAX = 4096
};

#define COP_NONE UINT32_MAX

enum cop_action {
#define COP_ACTION(symbol, word) symbol,
#include "cop/action.tbl"
};

/* What a request is for. */
enum cop_resource {
#define COP_RESOURCE(symbol, word) symbol,
#include "cop/resource.tbl"
};

enum cop_level {
#define COP_LEVEL(symbol, word, text) symbol,
#include "cop/level.tbl"
};

COP_API const char *cop_action_word(enum cop_action action);
COP_API const char *cop_level_word(enum cop_level level);
COP_API const char *cop_level_text(enum cop_level level);

/* Who is asking, where no named profile says it (vectors, `copc explain`). */
struct cop_subject {
    uint8_t age;                    /* years; 120 for an adult of unknown age:
                                       intervals that reach 120 have no end */
    struct cop_slice subscriber;    /* "school_pupil", "residential"...; empty:
                                       any requirement's class matches */
    struct cop_slice template_name; /* empty for none */
    bool accepts_offers; /* requirements that must be offered are on */
};

/* An immutable set of bundles with every profile resolved against them. */
struct cop_policy;

/* Put bundles together. Takes a reference on each. Profiles of all bundles are
 * resolved: their template, categories, lists, accepted offers.
 * report  gets one finding on failure; NULL allowed
 * Returns COP_OK, COP_E_CONFLICT (a requirement or profile twice),
 * COP_E_NOTFOUND (a template or offer that no bundle has), COP_E_LIMIT,
 * COP_E_NOMEM, COP_E_IO (the system gives no random numbers). A template
 * twice is COP_E_CONFLICT too. */
COP_API COP_MUST_USE enum cop_status cop_policy_new(
    struct cop_bundle *const *bundles, size_t n, struct cop_report *report,
    struct cop_policy **out);
COP_API void cop_policy_free(struct cop_policy **policy);

/* A profile's index by name. Returns COP_OK or COP_E_PROFILE; the caller then
 * blocks, because an unknown profile is never permissive. */
COP_API COP_MUST_USE enum cop_status cop_policy_profile(
    const struct cop_policy *policy, struct cop_slice name, uint32_t *out);

/* Add a profile for a subject that no bundle names. Only before the policy is
 * shared. Returns COP_OK, COP_E_NOTFOUND (template, or a class of subscriber
 * that is none), COP_E_LIMIT, COP_E_NOMEM. */
COP_API COP_MUST_USE enum cop_status cop_policy_add_subject(
    struct cop_policy *policy, const struct cop_subject *subject,
    uint32_t *out);

COP_API uint32_t cop_policy_profiles(const struct cop_policy *policy);
COP_API struct cop_slice cop_policy_profile_name(
    const struct cop_policy *policy, uint32_t profile);
/* The bundle at an index below the count that was given, borrowed. */
COP_API const struct cop_bundle *cop_policy_bundle(
    const struct cop_policy *policy, uint32_t bundle);
COP_API uint32_t cop_policy_bundles(const struct cop_policy *policy);

/* A number that differs between any two policies of one process; part of every
 * cache key, so that no verdict outlives its policy. */
COP_API uint64_t cop_policy_generation(const struct cop_policy *policy);

/* How precisely a rule named what it matched; larger is more specific. The
 * class is in the high bits (country < network by number < address < domain,
 * with what is only below it < host < URL), then the number of labels or, of a
 * URL prefix, bytes of path and query; of an address or a network of
 * addresses, bits of its prefix; of a country, a numbered network and a
 * pattern 0. */
#define COP_SPECIFICITY(class, detail)                                         \
    ((uint16_t)(((class) << 12) | ((detail) > 4095 ? 4095 : (detail))))
enum {
    COP_MATCH_NONE = 0,
    COP_MATCH_COUNTRY = 1, /* where the server's address is */
    COP_MATCH_AS = 2,      /* whose network it is in */
    COP_MATCH_ADDRESS = 3,
    COP_MATCH_DOMAIN = 4, /* the name or one above it, whole subtree */
    COP_MATCH_HOST = 5,   /* exactly this name */
    COP_MATCH_URL = 6     /* a URL prefix or a pattern */
};

/* A list that matched, with its most specific rule. */
struct cop_hit {
    uint32_t rule;        /* index in the bundle's rule table; COP_NONE for a
                             domain of a large list, which has none */
    uint16_t list;        /* index over all bundles of the policy */
    uint16_t specificity; /* COP_SPECIFICITY */
};

/* What a URL is, whoever asks. Hits are ordered by list. */
struct cop_class {
    struct cop_catset categories;
    uint16_t n;
    bool is_limited; /* a pattern hit its match limit: the list counts as hit */
    bool needs_url;  /* of a host classification: URL rules may still apply */
    bool may_spare;  /* of a host classification: an exception of its list
                        lifts a hit for some URLs of this host */
    struct cop_hit hits[COP_LISTS_MAX];
};

/* What matching needs and must not share between threads: compiled patterns,
 * match data, JIT stack. One a worker. */
struct cop_matcher;
COP_API COP_MUST_USE enum cop_status cop_matcher_new(struct cop_matcher **out);
COP_API void cop_matcher_free(struct cop_matcher **matcher);

/* Classify a URL against every list of every bundle.
 * matcher  used for this call; patterns are compiled on first use and kept for
 *          the policy's generation
 * Returns nothing: there is no failure. A pattern that exceeds its limits
 * counts as matched if its list denies, as not matched if it allows. */
COP_API void cop_classify(const struct cop_policy *policy,
    struct cop_matcher *matcher, const struct cop_url *url,
    struct cop_class *out);

/* What is known of a request beside its URL. Rules in Adblock syntax ask for
 * it; nothing else does. */
struct cop_facts {
    const struct cop_host *source; /* of the page that asks; NULL: the URL's own
                                      host, as where somebody goes there */
    enum cop_resource resource;
    struct cop_slice method; /* empty: GET */
};

/* The same for a request; facts NULL is what cop_classify() takes: a document
 * that somebody goes to, with GET. */
COP_API void cop_classify_request(const struct cop_policy *policy,
    struct cop_matcher *matcher, const struct cop_url *url,
    const struct cop_facts *facts, struct cop_class *out);

/* A word of cop/resource.tbl, static, never NULL. */
COP_API const char *cop_resource_word(enum cop_resource resource);

/* Classify a host alone, before any URL is known (CONNECT, SNI). Only host
 * rules count; out->needs_url says whether some rule could tell URLs of this
 * host apart. */
COP_API void cop_classify_host(const struct cop_policy *policy,
    const struct cop_host *host, struct cop_class *out);

/* Take out of a host's classification what may_spare speaks of: what is left
 * holds for every URL of the host. */
COP_API void cop_class_spare(const struct cop_policy *policy,
    const struct cop_host *host, struct cop_class *class);

/* A server's address, and what a database says of it (cop/locate.h). */
struct cop_address {
    uint8_t bytes[16];  /* in network order; IPv4 as IPv4-mapped IPv6 */
    char country[2];    /* ISO 3166-1, capital letters; zeros: not known */
    uint32_t as_number; /* of its network; 0: not known */
};

/* Take the address of a host that is one. False, with nothing written, for a
 * name. Country and number become zeros. */
COP_API bool cop_address_of_host(
    const struct cop_host *host, struct cop_address *out);

/* What rules of a policy ask about the address of a server, so that nobody
 * looks up what no rule wants to know. */
struct cop_address_wants {
    bool address; /* some rule names addresses, a country or a network */
    bool country;
    bool as_number;
};
COP_API struct cop_address_wants cop_policy_wants_address(
    const struct cop_policy *policy);

/* Add to a classification what rules for addresses say of the address that is
 * about to be connected to. What was found by the URL stays; of each list the
 * most specific rule counts, as ever.
 * class   of a URL, or of a host alone
 * Cost: a search in each length of prefix that the policy's networks have; no
 * allocation. Threads: any. */
COP_API void cop_classify_address(const struct cop_policy *policy,
    const struct cop_address *address, struct cop_class *class);

/* The hot-path cache in front of cop_classify(): fixed size, no allocation
 * after cop_cache_new(), one a worker. */
struct cop_cache;
struct cop_cache_counts {
    uint64_t hits;
    uint64_t misses;
    uint64_t uncached; /* classifications too large to keep */
};
/* slots   rounded up to a power of two, at least 64
 * Returns COP_OK or COP_E_NOMEM. */
COP_API COP_MUST_USE enum cop_status cop_cache_new(
    uint32_t slots, struct cop_cache **out);
COP_API void cop_cache_free(struct cop_cache **cache);
COP_API void cop_cache_counts(
    const struct cop_cache *cache, struct cop_cache_counts *out);
/* cop_classify() through the cache; same answer, always. */
COP_API void cop_cache_classify(struct cop_cache *cache,
    const struct cop_policy *policy, struct cop_matcher *matcher,
    const struct cop_url *url, struct cop_class *out);

/* cop_classify_request() through the cache: what differs in facts that the
 * policy asks for is kept apart. */
COP_API void cop_cache_classify_request(struct cop_cache *cache,
    const struct cop_policy *policy, struct cop_matcher *matcher,
    const struct cop_url *url, const struct cop_facts *facts,
    struct cop_class *out);

/* A moment: the library has no clock and no time zone. */
struct cop_moment {
    int64_t unix_time;
    uint16_t week_minute; /* local minute of the week, Monday 00:00 = 0 */
};

struct cop_verdict {
    enum cop_action action;
    enum cop_level level;
    uint32_t bundle;      /* of the requirement or local rule; COP_NONE */
    uint32_t requirement; /* index in that bundle; COP_NONE when no
                             requirement decided */
    uint32_t category;    /* the category that decided; COP_NONE if a list or
                             the profile itself did */
    struct cop_hit hit;   /* hit.specificity 0: no rule (schedule, allow-only
                             or nothing decided) */
    int64_t until_unix;   /* when what decided ends by itself: a grant, an
                             appeal, hours, a requirement; INT64_MAX: never */
    int64_t holds_until_unix; /* the first moment at which time alone may decide
                                 otherwise, because that ends or anything else
                                 begins or ends; INT64_MAX: none. In both, hours
                                 are counted as if no clock changed to or from
                                 summer time until then */
    bool is_scheduled;        /* the profile's hours decided */
};

/* Decide for a profile at a moment.
 * profile  an index from cop_policy_profile() or _add_subject(); any other
 *          value gives a block at COP_LEVEL_LOCKED with no requirement
 * Cost: O(hits x rules that name their list or category). Threads: any. */
COP_API void cop_evaluate(const struct cop_policy *policy,
    const struct cop_class *class, uint32_t profile,
    const struct cop_moment *moment, struct cop_verdict *out);

/* Whether the policy forbids looking inside connections to what was classified
 * (never-inspect categories and hosts). */
COP_API bool cop_policy_never_inspects(
    const struct cop_policy *policy, const struct cop_class *class);

/* A rule in words: its kind, text, list, and where it was written. */
struct cop_rule {
    const char *kind;      /* "domain", "host", "below", "url", "pattern",
                              "address", "network", "adblock", "country",
                              "as" */
    struct cop_slice text; /* into the bundle; of hashed host rules into
                              `host`, whose suffix it is */
    struct cop_slice list; /* list name */
    struct cop_slice file; /* as the author named it */
    uint32_t line;         /* 0 when it is not kept: domains of large lists */
    uint32_t bundle;
};
/* host   the host that was classified */
COP_API void cop_rule_describe(const struct cop_policy *policy,
    const struct cop_hit *hit, const struct cop_host *host,
    struct cop_rule *out);

/* What takes back what was said, so that it does not count. */
enum cop_aside {
    COP_ASIDE_NOTHING,
    COP_ASIDE_EXCEPTION, /* the requirement itself lists an exception */
    COP_ASIDE_APPEAL,    /* its own authority upheld an appeal against it */
    COP_ASIDE_COARSE, /* the rule is coarser than its requirement blocks by */
    COP_ASIDE_SPARED  /* its requirement spares a category of the class */
};

/* Every rule that spoke, in order of precedence, the deciding one first and
 * those that were set aside last: what `copc explain` prints. `step` strings
 * live for the call. */
struct cop_step {
    enum cop_level level;
    enum cop_action action;
    struct cop_hit hit;
    uint32_t bundle;
    uint32_t requirement;
    uint32_t category;
    bool is_deciding;
    enum cop_aside aside;
    struct cop_hit aside_hit; /* of the exception or appeal; specificity 0:
                                 no rule set it aside */
};
typedef void cop_step_fn(void *context, const struct cop_step *step);
COP_API void cop_explain(const struct cop_policy *policy,
    const struct cop_class *class, uint32_t profile,
    const struct cop_moment *moment, cop_step_fn *emit, void *context);

#endif

/* From a URL to the lists that it is in.
 *
 * What matches what:
 *  1. ENTRY_HOST matches exactly its name or address; ENTRY_DOMAIN its name
 *     and all below; ENTRY_BELOW only what is below. Addresses only equal
 *     themselves. ENTRY_CIDR matches a host that is an address in its network;
 *     what servers' addresses match is address.c's.
 *  2. ENTRY_URL is a prefix "host[:port]/path?query" of any scheme. The host
 *     matches when it equals the URL's, or equals it after one leading "www."
 *     of the URL's host is dropped. Without a port it matches the default
 *     ports, 80 and 443; with one, exactly that. The rest must begin the URL's
 *     path and query and end at a boundary: where the URL ends, before one of
 *     / ? ; & =, or behind one of them.
 *  3. ENTRY_PATTERN is a PCRE2 pattern anywhere in the whole canonical URL,
 *     scheme included, caseless. One that reaches a limit matches if its list
 *     says so, and the class is marked. One whose literals the URL lacks does
 *     not match and is not run (bundle/rxindex.h).
 *  4. Of each list one rule counts: the most specific, then the lowest. So a
 *     pattern is not run where its list already has a URL prefix, nor behind
 *     another pattern of its list that matched.
 *  5. ENTRY_ADBLOCK is a rule in Adblock syntax (urlrules.h), which may ask for
 *     more than the URL. It makes a list match, as precisely as a pattern, or
 *     lifts what other rules of its list have matched.
 *  6. Categories are those of all category lists that were hit: a name below
 *     another keeps what that one has.
 *
 * A cop_class is 4 KB of which a few bytes are used: nothing here touches more
 * of it than it fills. */
#include "cop/decide.h"

#include "rules/bundle/addresses.h"
#include "rules/bundle/dense.h"
#include "rules/bundle/hostindex.h"
#include "rules/decide/class.h"
#include "rules/decide/matcher.h"
#include "rules/decide/policy.h"
#include "rules/decide/urlrules.h"

void class_hit(struct cop_class *class, struct cop_hit hit)
{
    unsigned at = class->n;

    while (at > 0 && class->hits[at - 1].list > hit.list) {
        at--;
    }
    if (at > 0 && class->hits[at - 1].list == hit.list) {
        struct cop_hit *old = &class->hits[at - 1];

        if (hit.specificity > old->specificity ||
            (hit.specificity == old->specificity && hit.rule < old->rule)) {
            *old = hit;
        }
        return;
    }
    for (unsigned i = class->n; i > at; i--) {
        class->hits[i] = class->hits[i - 1];
    }
    class->hits[at] = hit;
    class->n++;
}

bool class_has(const struct cop_class *class, uint16_t list)
{
    for (unsigned i = 0; i < class->n; i++) {
        if (class->hits[i].list == list) {
            return true;
        }
    }
    return false;
}

void class_drop(struct cop_class *class, uint16_t list)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < class->n; i++) {
        if (class->hits[i].list != list) {
            class->hits[kept++] = class->hits[i];
        }
    }
    class->n = (uint16_t)kept;
}

/* The specificity of a host rule found under the host's i-th name; 0 when the
 * rule does not reach from there. */
static uint16_t name_specificity(
    enum entry_object object, const struct cop_host *host, uint32_t i)
{
    bool is_address = host->kind != COP_HOST_NAME;
    unsigned labels = host->labels - i;
    unsigned bits = host->kind == COP_HOST_IPV4 ? 32 : 128;

    switch (object) {
    case ENTRY_HOST:
        if (i > 0) {
            return 0;
        }
        return is_address ? COP_SPECIFICITY(COP_MATCH_ADDRESS, bits)
                          : COP_SPECIFICITY(COP_MATCH_HOST, labels);
    case ENTRY_DOMAIN:
        return is_address ? COP_SPECIFICITY(COP_MATCH_ADDRESS, bits)
                          : COP_SPECIFICITY(COP_MATCH_DOMAIN, labels);
    case ENTRY_BELOW:
        return i > 0 ? COP_SPECIFICITY(COP_MATCH_DOMAIN, labels) : 0;
    case ENTRY_URL:
    case ENTRY_PATTERN:
    case ENTRY_CIDR:
    case ENTRY_ADBLOCK:
    case ENTRY_COUNTRY:
    case ENTRY_AS:
        break;
    }
    return 0;
}

static void classify_names(const struct policy_bundle *at,
    const struct cop_host *host, const struct hostindex_names *names,
    struct cop_class *class)
{
    for (uint32_t i = names->first; i < names->n; i++) {
        struct hostindex_run run =
            hostindex_find(at->bundle, SECTION_HOST_SLOTS, names->hash[i]);

        for (uint32_t j = 0; j < run.n; j++) {
            uint32_t index = hostindex_rule(at->bundle, run.at + j);
            const struct format_rule *rule = bundle_rule(at->bundle, index);
            struct cop_hit hit = {
                .rule = index,
                .list = (uint16_t)(at->lists + rule->list),
                .specificity =
                    name_specificity((enum entry_object)rule->object, host, i),
            };

            if (hit.specificity != 0) {
                class_hit(class, hit);
            }
        }
    }
}

/* Networks that a host is in which is an address itself. */
static void classify_literal(const struct policy_bundle *at,
    const struct cop_host *host, struct cop_class *class)
{
    struct addresses_key key;

    if (addresses_key_of(host, &key)) {
        class_add_address(at, &key, NULL, class);
    }
}

/* What a walk through the dense index adds to. */
struct dense_hits {
    const struct policy_bundle *at;
    const struct cop_host *host;
    struct cop_class *class;
};

static void dense_hit(void *context, uint32_t row, uint32_t i)
{
    const struct dense_hits *hits = context;
    const struct policy_bundle *at = hits->at;
    const struct format_dense_set *set =
        section_at(at->bundle, SECTION_DENSE_SETS, row);

    for (uint32_t j = 0; j < set->n; j++) {
        const struct format_dense_list *list =
            section_at(at->bundle, SECTION_DENSE_LISTS, set->at + j);

        class_hit(hits->class,
            (struct cop_hit){
                .rule = COP_NONE,
                .list = (uint16_t)(at->lists + list->list),
                .specificity = name_specificity(ENTRY_DOMAIN, hits->host, i),
            });
    }
}

/* The same in the dense index, which knows sets of lists but no rules. */
static void classify_dense(const struct policy_bundle *at,
    const struct cop_host *host, const struct hostindex_names *names,
    struct cop_class *class)
{
    struct dense_hits hits = {at, host, class};

    if (section_count(at->bundle, SECTION_DENSE_LINES) != 0 &&
        host->kind == COP_HOST_NAME) {
        dense_walk(
            at->bundle, names->hash, names->first, names->n, dense_hit, &hits);
    }
}

static bool is_boundary(char c)
{
    return c == '/' || c == '?' || c == ';' || c == '&' || c == '=';
}

/* Whether a prefix begins a target and ends at a boundary of it. */
static bool prefix_begins(struct cop_slice prefix, struct cop_slice target)
{
    if (prefix.n > target.n ||
        (prefix.n != 0 && memcmp(prefix.p, target.p, prefix.n) != 0)) {
        return false;
    }
    return prefix.n == target.n || is_boundary(target.p[prefix.n]) ||
           (prefix.n != 0 && is_boundary(prefix.p[prefix.n - 1]));
}

static bool prefix_matches(const struct cop_bundle *bundle,
    const struct format_url *record, const struct cop_url *url,
    uint16_t *specificity)
{
    struct cop_slice text =
        section_text(bundle, SECTION_RULE_TEXTS, record->text);

    if (record->port != 0 ? record->port != url->port
                          : url->port != 80 && url->port != 443) {
        return false;
    }
    if (record->path > text.n) {
        return false;
    }
    struct cop_slice path = {text.p + record->path, text.n - record->path};

    *specificity = COP_SPECIFICITY(COP_MATCH_URL, path.n);
    return prefix_begins(path, cop_url_target(url));
}

/* How many of a host's names, from the first, URL prefixes may be under: the
 * host itself and what is left of it without "www.". */
static uint32_t prefix_names(const struct cop_host *host)
{
    return host->kind == COP_HOST_NAME && host->n > 4 &&
                   memcmp(host->text, "www.", 4) == 0
               ? 2
               : 1;
}

/* The URL prefixes under one of a host's names. */
static struct hostindex_run prefixes_find(const struct policy_bundle *at,
    const struct hostindex_names *names, uint32_t i)
{
    if (i < names->first || i >= names->n) {
        return (struct hostindex_run){0, 0};
    }
    return hostindex_find(at->bundle, SECTION_URL_SLOTS, names->hash[i]);
}

static void classify_prefixes(const struct policy_bundle *at,
    const struct cop_url *url, const struct hostindex_names *names,
    struct cop_class *class)
{
    uint32_t n = prefix_names(&url->host);

    for (uint32_t i = 0; i < n; i++) {
        struct hostindex_run run = prefixes_find(at, names, i);

        for (uint32_t j = 0; j < run.n; j++) {
            const struct format_url *record =
                bundle_url(at->bundle, run.at + j);
            const struct format_rule *rule =
                bundle_rule(at->bundle, record->rule);
            struct cop_hit hit = {
                .rule = record->rule,
                .list = (uint16_t)(at->lists + rule->list),
            };

            if (prefix_matches(at->bundle, record, url, &hit.specificity)) {
                class_hit(class, hit);
            }
        }
    }
}

/* Whether a list has a hit that no pattern could better. */
static bool class_has_url(const struct cop_class *class, uint16_t list)
{
    for (unsigned i = 0; i < class->n; i++) {
        if (class->hits[i].list == list) {
            return class->hits[i].specificity >=
                   COP_SPECIFICITY(COP_MATCH_URL, 0);
        }
    }
    return false;
}

/* What a search in one bundle's patterns has at hand. */
struct patterns_ask {
    const struct cop_policy *policy;
    struct cop_matcher *matcher;
    uint32_t bundle;
    struct cop_slice text;
};

static void classify_pattern(
    const struct patterns_ask *ask, uint32_t index, struct cop_class *class)
{
    const struct policy_bundle *at = &ask->policy->bundles[ask->bundle];
    const struct format_pattern *record = bundle_pattern(at->bundle, index);
    const struct format_rule *rule = bundle_rule(at->bundle, record->rule);
    struct cop_hit hit = {
        .rule = record->rule,
        .list = (uint16_t)(at->lists + rule->list),
        .specificity = COP_SPECIFICITY(COP_MATCH_URL, 0),
    };

    if (class_has_url(class, hit.list)) {
        return;
    }
    enum pattern_outcome outcome =
        matcher_run(ask->matcher, ask->policy, ask->bundle, index, ask->text);

    class->is_limited |= outcome == PATTERN_LIMITED;
    if (outcome == PATTERN_YES ||
        (outcome == PATTERN_LIMITED &&
            ask->policy->lists[hit.list].limit_matches)) {
        class_hit(class, hit);
    }
}

/* In their order, so that of a list the first that matches is the one. */
static void classify_patterns(
    const struct patterns_ask *ask, struct cop_class *class)
{
    const struct policy_bundle *at = &ask->policy->bundles[ask->bundle];
    uint32_t n = section_count(at->bundle, SECTION_PATTERNS);
    const uint64_t *wanted = n != 0 ? matcher_wanted(ask->matcher, ask->policy,
                                          ask->bundle, ask->text)
                                    : NULL;

    for (uint32_t i = 0; i < n;) {
        uint64_t word = wanted != NULL ? wanted[i / 64] >> i % 64 : 1;

        if (word == 0) {
            i += 64 - i % 64;
            continue;
        }
        i += (uint32_t)__builtin_ctzll(word);
        if (i < n) {
            classify_pattern(ask, i, class);
        }
        i++;
    }
}

void class_begin(struct cop_class *class)
{
    class->categories = (struct cop_catset){{0, 0}};
    class->n = 0;
    class->is_limited = false;
    class->needs_url = false;
    class->may_spare = false;
}

/* Whether a bundle has anything to find by a host's name. */
static bool has_names(const struct cop_bundle *bundle)
{
    return section_count(bundle, SECTION_HOST_SLOTS) != 0 ||
           section_count(bundle, SECTION_DENSE_LINES) != 0 ||
           section_count(bundle, SECTION_URL_SLOTS) != 0 ||
           urlrules_are_in(bundle);
}

void class_end(const struct cop_policy *policy, struct cop_class *class)
{
    for (unsigned i = 0; i < class->n; i++) {
        class->categories = cop_catset_or(
            class->categories, policy->lists[class->hits[i].list].categories);
    }
}

/* Everything that does not depend on more than the URL, and its names. */
static void classify_bundle(const struct urlrules_ask *ask,
    const struct cop_url *url, struct hostindex_names *names,
    struct cop_class *out)
{
    const struct policy_bundle *at = &ask->policy->bundles[ask->bundle];

    if (has_names(at->bundle)) {
        hostindex_names(at->bundle, &url->host, names);
        classify_names(at, &url->host, names, out);
        classify_dense(at, &url->host, names, out);
        classify_prefixes(at, url, names, out);
    }
    classify_literal(at, &url->host, out);
    classify_patterns(&(struct patterns_ask){ask->policy, ask->matcher,
                          ask->bundle, url->text},
        out);
}

void cop_classify_request(const struct cop_policy *policy,
    struct cop_matcher *matcher, const struct cop_url *url,
    const struct cop_facts *facts, struct cop_class *out)
{
    struct hostindex_names names;
    struct urlmatch match;
    struct urlrules_ask ask = {policy, matcher, 0, &match, &names};

    class_begin(out);
    matcher_enter(matcher, policy);
    if (policy->needs_facts) {
        urlmatch_init(&match, url, facts);
    }
    for (; ask.bundle < policy->bundles_n; ask.bundle++) {
        classify_bundle(&ask, url, &names, out);
        if (urlrules_are_in(policy->bundles[ask.bundle].bundle)) {
            urlrules_classify(&ask, out);
        }
    }
    class_end(policy, out);
}

void cop_classify(const struct cop_policy *policy, struct cop_matcher *matcher,
    const struct cop_url *url, struct cop_class *out)
{
    cop_classify_request(policy, matcher, url, NULL, out);
}

static bool host_needs_url(const struct policy_bundle *at,
    const struct cop_host *host, const struct hostindex_names *names)
{
    uint32_t n = prefix_names(host);

    for (uint32_t i = 0; i < n; i++) {
        if (prefixes_find(at, names, i).n != 0) {
            return true;
        }
    }
    return false;
}

void cop_classify_host(const struct cop_policy *policy,
    const struct cop_host *host, struct cop_class *out)
{
    struct hostindex_names names;

    class_begin(out);
    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        const struct policy_bundle *at = &policy->bundles[b];

        out->needs_url |= section_count(at->bundle, SECTION_PATTERNS) != 0;
        if (has_names(at->bundle)) {
            hostindex_names(at->bundle, host, &names);
            classify_names(at, host, &names, out);
            classify_dense(at, host, &names, out);
            out->needs_url |= host_needs_url(at, host, &names);
        }
        if (urlrules_are_in(at->bundle)) {
            urlrules_classify_host(policy, b, &names, out);
        }
        classify_literal(at, host, out);
    }
    class_end(policy, out);
}

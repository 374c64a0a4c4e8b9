#include "rules/decide/urlrules.h"

#include "rules/bundle/urlrules.h"
#include "rules/decide/class.h"
#include "rules/decide/urlnames.h"

/* A list that something was found of. */
struct found {
    uint32_t rule;      /* the lowest that blocks; COP_NONE: host rules only */
    uint32_t important; /* the lowest that is important too; COP_NONE */
    uint16_t list;      /* of the bundle */
    bool is_excepted;
};

struct search {
    const struct urlrules_ask *ask;
    const struct cop_bundle *bundle;
    struct cop_class *class;
    bool is_exception; /* what is being looked for */
    struct urlnames source;
    struct urlnames host; /* that is asked */
    unsigned found_n;
    struct found found[COP_LISTS_MAX];
};

static struct found *found_of(struct search *search, uint16_t list)
{
    for (unsigned i = 0; i < search->found_n; i++) {
        if (search->found[i].list == list) {
            return &search->found[i];
        }
    }
    return NULL;
}

static struct found *found_add(struct search *search, uint16_t list)
{
    struct found *found = &search->found[search->found_n];

    if (search->found_n == COP_LISTS_MAX) {
        return NULL;
    }
    search->found_n++;
    *found =
        (struct found){.rule = COP_NONE, .important = COP_NONE, .list = list};
    return found;
}

/* ---- does a rule apply ---- */

static bool party_fits(struct search *search, uint16_t flags)
{
    const uint16_t both = URLRULE_FIRST_PARTY | URLRULE_THIRD_PARTY;
    struct urlmatch *match = search->ask->match;

    if ((flags & (URLRULE_SAME_HOST | URLRULE_OTHER_HOST)) != 0 &&
        (flags & (cop_host_eq(match->source, &match->url->host)
                         ? URLRULE_OTHER_HOST
                         : URLRULE_SAME_HOST)) != 0) {
        return false;
    }
    if ((flags & both) == both) {
        return true;
    }
    if (match->party == PARTY_UNKNOWN) {
        match->party = matcher_is_first_party(search->ask->matcher,
                           match->source, &match->url->host)
                           ? PARTY_FIRST
                           : PARTY_THIRD;
    }
    return (flags & (match->party == PARTY_FIRST ? URLRULE_FIRST_PARTY
                                                 : URLRULE_THIRD_PARTY)) != 0;
}

static bool hosts_fit(struct search *search, const struct format_urlrule *row)
{
    bool has_entities = (row->flags & URLRULE_ENTITIES) != 0;
    struct urlnames_said from = {row->names, row->from, row->not_from};
    struct urlnames_said to = {
        from.at + from.in + from.out, row->to, row->not_to};

    return (from.in + from.out == 0 ||
               urlnames_allow(&search->source, &from, has_entities)) &&
           (to.in + to.out == 0 ||
               urlnames_allow(&search->host, &to, has_entities));
}

/* A regular expression that reaches a limit keeps its list on the side that
 * the list's author chose: blocked or not. */
static bool regex_fits(
    struct search *search, const struct format_urlrule *row, uint32_t index)
{
    const struct urlrules_ask *ask = search->ask;
    uint32_t list = ask->policy->bundles[ask->bundle].lists + row->list;
    enum pattern_outcome outcome = matcher_run_regex(
        ask->matcher, ask->policy, ask->bundle, index, ask->match->url->text);

    if (outcome == PATTERN_LIMITED) {
        search->class->is_limited = true;
        return ask->policy->lists[list].limit_matches !=
               ((row->flags & URLRULE_EXCEPTION) != 0);
    }
    return outcome == PATTERN_YES;
}

static bool rule_fits(struct search *search, const struct format_urlrule *row,
    uint32_t index, int start)
{
    struct cop_slice text = section_text(search->bundle, SECTION_RULE_TEXTS,
        (struct format_span){row->text_at, row->text_n});

    if (!party_fits(search, row->flags) || !hosts_fit(search, row)) {
        return false;
    }
    return (row->flags & URLRULE_REGEX) != 0
               ? regex_fits(search, row, index)
               : urlmatch_text(search->ask->match,
                     urlrule_body(text, row->flags), row->flags, start);
}

/* ---- candidates ---- */

/* Whether a rule that blocks would change what was found of its list. */
static bool block_is_news(
    const struct found *found, const struct format_urlrule *row)
{
    return found == NULL || row->rule < found->rule ||
           ((row->flags & URLRULE_IMPORTANT) != 0 &&
               row->rule < found->important);
}

static void block_note(struct search *search, struct found *found,
    const struct format_urlrule *row)
{
    if (found == NULL) {
        found = found_add(search, row->list);
    }
    if (found == NULL) {
        return;
    }
    if (row->rule < found->rule) {
        found->rule = row->rule;
    }
    if ((row->flags & URLRULE_IMPORTANT) != 0 && row->rule < found->important) {
        found->important = row->rule;
    }
}

/* Try a rule that a key suggested. */
static void rule_try(struct search *search, uint32_t index, int start)
{
    const struct format_urlrule *row = bundle_urlrule(search->bundle, index);
    const struct urlmatch *match = search->ask->match;

    if ((row->types & match->type) == 0 ||
        (row->methods & match->method) == 0 ||
        ((row->flags & URLRULE_EXCEPTION) != 0) != search->is_exception) {
        return;
    }
    struct found *found = found_of(search, row->list);

    if (search->is_exception) {
        if (found != NULL && !found->is_excepted) {
            found->is_excepted = rule_fits(search, row, index, start);
        }
    } else if (block_is_news(found, row) &&
               rule_fits(search, row, index, start)) {
        block_note(search, found, row);
    }
}

static void key_try(
    struct search *search, enum urlkey_kind kind, uint64_t hash, int start)
{
    struct urlkey_run run = urlkey_find(
        search->bundle, urlkey_make(kind, search->is_exception, hash));

    for (uint32_t i = 0; i < run.n; i++) {
        rule_try(
            search, bundle_urlkey(search->bundle, run.at + i)->urlrule, start);
    }
}

/* ---- the four kinds of keys ---- */

static void try_hosts(struct search *search)
{
    const struct hostindex_names *names = search->ask->names;
    const struct cop_host *host = &search->ask->match->url->host;
    size_t at = 0;

    for (uint32_t i = 0; i < names->n; i++) {
        if (i >= names->first) {
            key_try(search, URLKEY_HOST, names->hash[i],
                (int)(search->ask->match->host_at + at));
        }
        const char *dot = memchr(host->text + at, '.', host->n - at);

        at = dot != NULL ? (size_t)(dot - host->text) + 1 : at;
    }
}

static void try_grams(struct search *search)
{
    struct urlgram_map map = urlgram_map(search->bundle, search->is_exception);
    struct cop_slice text = search->ask->match->lower;

    if (map.words == NULL || text.n < URLRULE_GRAM_BYTES) {
        return;
    }
    for (size_t i = 0; i <= text.n - URLRULE_GRAM_BYTES; i++) {
        uint32_t gram = urlgram_at(text.p + i);

        if (urlgram_may_be(&map, gram)) {
            key_try(search, URLKEY_GRAM, gram, URLMATCH_ANYWHERE);
        }
    }
}

static void try_names(
    struct search *search, const struct hostindex_names *names)
{
    for (uint32_t i = names->first; i < names->n; i++) {
        key_try(search, URLKEY_SOURCE, names->hash[i], URLMATCH_ANYWHERE);
    }
}

static void try_sources(struct search *search)
{
    const struct urlrules_ask *ask = search->ask;

    try_names(search, urlnames_full(&search->source));
    if (ask->policy->bundles[ask->bundle].has_urlrules_entities) {
        try_names(search, urlnames_entities(&search->source));
    }
}

static void try_all(struct search *search, bool is_exception)
{
    search->is_exception = is_exception;
    try_hosts(search);
    try_grams(search);
    try_sources(search);
    key_try(search, URLKEY_ALWAYS, 0, URLMATCH_ANYWHERE);
}

/* ---- what it comes to ---- */

/* Lists whose host rules matched: an exception may lift them. */
static void find_hits(struct search *search)
{
    const struct urlrules_ask *ask = search->ask;
    const struct policy_bundle *at = &ask->policy->bundles[ask->bundle];

    for (unsigned i = 0; i < search->class->n; i++) {
        uint32_t list = search->class->hits[i].list;

        if (list >= at[0].lists && list < at[1].lists &&
            found_of(search, (uint16_t)(list - at->lists)) == NULL) {
            (void)found_add(search, (uint16_t)(list - at->lists));
        }
    }
}

static void settle(struct search *search)
{
    const struct urlrules_ask *ask = search->ask;
    uint32_t lists = ask->policy->bundles[ask->bundle].lists;

    for (unsigned i = 0; i < search->found_n; i++) {
        const struct found *found = &search->found[i];
        struct cop_hit hit = {
            .rule = found->is_excepted ? found->important : found->rule,
            .list = (uint16_t)(lists + found->list),
            .specificity = COP_SPECIFICITY(COP_MATCH_URL, 0),
        };

        if (found->is_excepted) {
            class_drop(search->class, hit.list);
        }
        if (hit.rule != COP_NONE) {
            class_hit(search->class, hit);
        }
    }
}

void urlrules_classify(const struct urlrules_ask *ask, struct cop_class *class)
{
    struct search search;

    search.ask = ask;
    search.bundle = ask->policy->bundles[ask->bundle].bundle;
    search.class = class;
    urlnames_begin(&search.host, ask, &ask->match->url->host, ask->names);
    urlnames_begin(&search.source, ask, ask->match->source,
        ask->match->source == &ask->match->url->host ? ask->names : NULL);
    search.found_n = 0;
    try_all(&search, false);
    find_hits(&search);
    if (search.found_n != 0) {
        try_all(&search, true);
    }
    settle(&search);
}

/* ---- hosts alone ---- */

/* Whether an exception lifts whatever its host was found for. */
static bool is_whole(const struct format_urlrule *row)
{
    const uint16_t both = URLRULE_FIRST_PARTY | URLRULE_THIRD_PARTY;
    const uint16_t strict = URLRULE_SAME_HOST | URLRULE_OTHER_HOST;

    return (row->flags & URLRULE_HOST_ONLY) != 0 &&
           (row->flags & both) == both && (row->flags & strict) == 0 &&
           row->types == URLRULE_TYPES_ALL &&
           row->methods == URLRULE_METHODS_ALL &&
           row->from + row->not_from + row->to + row->not_to == 0;
}

/* Exceptions under one name of the host: those that speak of all its URLs lift
 * its hits; those that speak of some do when `spares`, else are noted. */
static void host_except(const struct policy_bundle *at, uint64_t hash,
    bool spares, struct cop_class *class)
{
    struct urlkey_run run =
        urlkey_find(at->bundle, urlkey_make(URLKEY_HOST, true, hash));

    class->needs_url |= run.n != 0;
    for (uint32_t i = 0; i < run.n; i++) {
        const struct format_urlrule *row = bundle_urlrule(
            at->bundle, bundle_urlkey(at->bundle, run.at + i)->urlrule);
        uint16_t list = (uint16_t)(at->lists + row->list);

        if ((row->flags & URLRULE_EXCEPTION) == 0) {
            continue;
        }
        if (spares || is_whole(row)) {
            class_drop(class, list);
        } else if (class_has(class, list)) {
            class->may_spare = true;
        }
    }
}

void urlrules_classify_host(const struct cop_policy *policy, uint32_t bundle,
    const struct hostindex_names *names, struct cop_class *class)
{
    const struct policy_bundle *at = &policy->bundles[bundle];

    class->needs_url |= at->has_urlrules_everywhere;
    for (uint32_t i = names->first; i < names->n; i++) {
        uint64_t key = urlkey_make(URLKEY_HOST, false, names->hash[i]);

        class->needs_url |= urlkey_find(at->bundle, key).n != 0;
        host_except(at, names->hash[i], false, class);
    }
}

void cop_class_spare(const struct cop_policy *policy,
    const struct cop_host *host, struct cop_class *class)
{
    struct hostindex_names names;

    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        const struct policy_bundle *at = &policy->bundles[b];

        if (!urlrules_are_in(at->bundle)) {
            continue;
        }
        hostindex_names(at->bundle, host, &names);
        for (uint32_t i = names.first; i < names.n; i++) {
            host_except(at, names.hash[i], true, class);
        }
    }
    class->may_spare = false;
    class->categories = (struct cop_catset){{0, 0}};
    class_end(policy, class);
}

bool urlrules_are_everywhere(const struct cop_bundle *bundle)
{
    uint32_t n = section_count(bundle, SECTION_URLRULES);

    for (uint32_t i = 0; i < n; i++) {
        const struct format_urlrule *row = bundle_urlrule(bundle, i);
        struct cop_slice body =
            urlrule_body(section_text(bundle, SECTION_RULE_TEXTS,
                             (struct format_span){row->text_at, row->text_n}),
                row->flags);

        if ((row->flags & URLRULE_ANCHOR_HOST) == 0 || body.n == 0 ||
            urlrule_host(body).n == 0) {
            return true;
        }
    }
    return false;
}

bool urlrules_have_entities(const struct cop_bundle *bundle)
{
    uint32_t n = section_count(bundle, SECTION_URLRULES);

    for (uint32_t i = 0; i < n; i++) {
        if ((bundle_urlrule(bundle, i)->flags & URLRULE_ENTITIES) != 0) {
            return true;
        }
    }
    return false;
}

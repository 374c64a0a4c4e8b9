#include "rules/decide/matcher.h"

#include <stdlib.h>

#include "rules/bundle/rxindex.h"
#include "rules/bundle/urlrules.h"
#include "rules/decide/parties.h"
#include "rules/decide/policy.h"

enum { CODE_BYTES_MAX = 32 << 20 }; /* some 20,000 common patterns with JIT */

struct matcher_pattern {
    pcre2_code *code;
    bool is_broken; /* did not compile: not tried again */
};

/* Expressions of URL rules: those of each bundle come first among its rules.
 * A place of the row below is made when the first one is run. */
struct matcher_regexes {
    struct matcher_pattern *p; /* NULL: none was needed, or no memory */
    uint32_t n;
};

struct cop_matcher {
    struct parties parties;
    struct matcher_regexes regexes[COP_BUNDLES_MAX];
    struct pattern_room room;
    bool has_policy;
    uint64_t generation;
    struct matcher_pattern *patterns; /* NULL without memory for them */
    uint32_t n;
    size_t code_bytes; /* of what is compiled of them */
    uint64_t *wanted;  /* a bit for each pattern of a bundle */
    char lower[COP_URL_MAX];
};

enum cop_status cop_matcher_new(struct cop_matcher **out)
{
    struct cop_matcher *matcher = calloc(1, sizeof(*matcher));

    if (matcher == NULL) {
        return COP_E_NOMEM;
    }
    if (pattern_room_init(&matcher->room) != COP_OK) {
        cop_matcher_free(&matcher);
        return COP_E_NOMEM;
    }
    *out = matcher;
    return COP_OK;
}

/* Forget what is compiled of the patterns. */
static void codes_free(struct cop_matcher *matcher)
{
    for (uint32_t i = 0; i < matcher->n; i++) {
        pcre2_code_free(matcher->patterns[i].code);
        matcher->patterns[i].code = NULL;
    }
    matcher->code_bytes = 0;
}

static void patterns_free(struct cop_matcher *matcher)
{
    codes_free(matcher);
    free(matcher->patterns);
    free(matcher->wanted);
    matcher->patterns = NULL;
    matcher->wanted = NULL;
    matcher->n = 0;
    for (uint32_t b = 0; b < COP_BUNDLES_MAX; b++) {
        struct matcher_regexes *regexes = &matcher->regexes[b];

        for (uint32_t i = 0; i < regexes->n; i++) {
            pcre2_code_free(regexes->p[i].code);
        }
        free(regexes->p);
        *regexes = (struct matcher_regexes){NULL, 0};
    }
}

void cop_matcher_free(struct cop_matcher **matcher)
{
    struct cop_matcher *m = *matcher;

    *matcher = NULL;
    if (m == NULL) {
        return;
    }
    patterns_free(m);
    pattern_room_fini(&m->room);
    free(m);
}

void matcher_enter(struct cop_matcher *matcher, const struct cop_policy *policy)
{
    uint32_t n = policy->bundles[policy->bundles_n].patterns;

    if (matcher->has_policy && matcher->generation == policy->generation) {
        return;
    }
    patterns_free(matcher);
    matcher->has_policy = true;
    matcher->generation = policy->generation;
    matcher->patterns = n != 0 ? calloc(n, sizeof(matcher->patterns[0])) : NULL;
    matcher->n = matcher->patterns != NULL ? n : 0;
    matcher->wanted =
        n != 0 ? calloc(rxindex_words(n), sizeof(matcher->wanted[0])) : NULL;
}

const uint64_t *matcher_wanted(struct cop_matcher *matcher,
    const struct cop_policy *policy, uint32_t bundle, struct cop_slice text)
{
    const struct cop_bundle *b = policy->bundles[bundle].bundle;

    if (matcher->wanted == NULL || text.n > sizeof(matcher->lower)) {
        return NULL;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        matcher->lower[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    rxindex_find(
        b, (struct cop_slice){matcher->lower, text.n}, matcher->wanted);
    return matcher->wanted;
}

/* The compiled pattern, NULL when it cannot be had. When all that is compiled
 * takes too much, it is forgotten: those in use are compiled again. */
static const pcre2_code *pattern_get(struct cop_matcher *matcher,
    struct matcher_pattern *pattern, struct cop_slice text)
{
    if (pattern->code != NULL || pattern->is_broken) {
        return pattern->code;
    }
    if (matcher->code_bytes > CODE_BYTES_MAX) {
        codes_free(matcher);
    }
    pattern->is_broken = pattern_compile(text, NULL, &pattern->code) != COP_OK;
    matcher->code_bytes += pattern_bytes(pattern->code);
    return pattern->code;
}

enum pattern_outcome matcher_run(struct cop_matcher *matcher,
    const struct cop_policy *policy, uint32_t bundle, uint32_t index,
    struct cop_slice text)
{
    const struct policy_bundle *at = &policy->bundles[bundle];
    uint32_t number = at->patterns + index;

    if (number >= matcher->n) {
        return PATTERN_LIMITED;
    }
    const struct format_pattern *record = bundle_pattern(at->bundle, index);
    const pcre2_code *code = pattern_get(matcher, &matcher->patterns[number],
        section_text(at->bundle, SECTION_RULE_TEXTS, record->text));

    return code != NULL ? pattern_run(&matcher->room, code, text)
                        : PATTERN_LIMITED;
}

/* How many of a bundle's URL rules have an expression. */
static uint32_t regexes_count(const struct cop_bundle *bundle)
{
    uint32_t from = 0;
    uint32_t to = section_count(bundle, SECTION_URLRULES);

    while (from < to) {
        uint32_t half = from + (to - from) / 2;

        if ((bundle_urlrule(bundle, half)->flags & URLRULE_REGEX) != 0) {
            from = half + 1;
        } else {
            to = half;
        }
    }
    return from;
}

static struct matcher_pattern *regex_place(struct cop_matcher *matcher,
    const struct cop_bundle *bundle, uint32_t b, uint32_t index)
{
    struct matcher_regexes *regexes = &matcher->regexes[b];

    if (regexes->p == NULL) {
        regexes->n = regexes_count(bundle);
        regexes->p = calloc(regexes->n + (size_t)1, sizeof(regexes->p[0]));
        regexes->n = regexes->p != NULL ? regexes->n : 0;
    }
    return index < regexes->n ? &regexes->p[index] : NULL;
}

static void regex_compile(struct matcher_pattern *place,
    const struct cop_bundle *bundle, const struct format_urlrule *row)
{
    static const char with_case[] = "(?-i)";
    struct cop_slice body =
        urlrule_body(section_text(bundle, SECTION_RULE_TEXTS,
                         (struct format_span){row->text_at, row->text_n}),
            row->flags);
    char text[PATTERN_TEXT_MAX];
    size_t n = 0;

    if ((row->flags & URLRULE_MATCH_CASE) != 0) {
        n = sizeof(with_case) - 1;
        memcpy(text, with_case, n);
    }
    place->is_broken = body.n > sizeof(text) - n;
    if (!place->is_broken) {
        memcpy(text + n, body.p, body.n);
        place->is_broken = pattern_compile((struct cop_slice){text, n + body.n},
                               NULL, &place->code) != COP_OK;
    }
}

enum pattern_outcome matcher_run_regex(struct cop_matcher *matcher,
    const struct cop_policy *policy, uint32_t bundle, uint32_t index,
    struct cop_slice text)
{
    const struct cop_bundle *b = policy->bundles[bundle].bundle;
    struct matcher_pattern *place = regex_place(matcher, b, bundle, index);

    if (place == NULL) {
        return PATTERN_LIMITED;
    }
    if (place->code == NULL && !place->is_broken) {
        regex_compile(place, b, bundle_urlrule(b, index));
    }
    return place->code != NULL ? pattern_run(&matcher->room, place->code, text)
                               : PATTERN_LIMITED;
}

bool matcher_is_first_party(struct cop_matcher *matcher,
    const struct cop_host *source, const struct cop_host *host)
{
    return parties_are_one(&matcher->parties, source, host);
}

size_t matcher_suffix(struct cop_matcher *matcher, const struct cop_host *host)
{
    return parties_suffix(&matcher->parties, host);
}

#include "rules/decide/matcher.h"

#include <stdlib.h>

#include "rules/decide/policy.h"

struct matcher_pattern {
    pcre2_code *code;
    bool is_broken; /* did not compile: not tried again */
};

struct cop_matcher {
    struct pattern_room room;
    bool has_policy;
    uint64_t generation;
    struct matcher_pattern *patterns; /* NULL without memory for them */
    uint32_t n;
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

static void patterns_free(struct cop_matcher *matcher)
{
    for (uint32_t i = 0; i < matcher->n; i++) {
        pcre2_code_free(matcher->patterns[i].code);
    }
    free(matcher->patterns);
    matcher->patterns = NULL;
    matcher->n = 0;
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
}

/* The compiled pattern, NULL when it cannot be had. */
static const pcre2_code *pattern_get(
    struct matcher_pattern *pattern, struct cop_slice text)
{
    if (pattern->code == NULL && !pattern->is_broken) {
        pattern->is_broken =
            pattern_compile(text, NULL, &pattern->code) != COP_OK;
    }
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
    const pcre2_code *code = pattern_get(&matcher->patterns[number],
        section_text(at->bundle, SECTION_RULE_TEXTS, record->text));

    return code != NULL ? pattern_run(&matcher->room, code, text)
                        : PATTERN_LIMITED;
}

#include "rules/decide/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rules/bundle/addresses.h"
#include "rules/decide/urlrules.h"

/* What the numbers of a policy take: a few words a list, requirement and
 * profile. A bundle that needs more than this is no policy. */
static const size_t policy_arena_max = (size_t)256 << 20;

enum { POLICY_WORDS_MAX = 512 };

enum cop_status policy_refuse(struct cop_report *report, enum cop_status status,
    const char *todo, const char *format, ...)
{
    char what[POLICY_WORDS_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    struct cop_finding finding = {
        .severity = COP_ERROR,
        .code = "policy",
        .what = what,
        .todo = todo,
    };

    cop_report_emit(report, &finding);
    return status;
}

/* Where each bundle's numbers begin; the row behind the last ends them. */
static void policy_count(struct cop_policy *policy)
{
    for (uint32_t i = 0; i < policy->bundles_n; i++) {
        const struct policy_bundle *at = &policy->bundles[i];
        struct policy_bundle *next = &policy->bundles[i + 1];
        const struct cop_bundle *b = at->bundle;

        next->lists = at->lists + section_count(b, SECTION_LISTS);
        next->requirements =
            at->requirements + section_count(b, SECTION_REQUIREMENTS);
        next->templates = at->templates + section_count(b, SECTION_TEMPLATES);
        next->profiles = at->profiles + section_count(b, SECTION_PROFILES);
        next->grants = at->grants + section_count(b, SECTION_GRANTS);
        next->appeals = at->appeals + section_count(b, SECTION_APPEALS);
        next->patterns = at->patterns + section_count(b, SECTION_PATTERNS);
    }
}

/* Sums stay far from overflow: each addend is below 2^32 and what is summed
 * is a count of records of at least 16 bytes of mapped files, checked here. */
static bool policy_fits(struct cop_bundle *const *bundles, size_t n)
{
    uint64_t total = 0;

    for (size_t i = 0; i < n; i++) {
        for (unsigned id = SECTION_LISTS; id <= SECTION_PATTERNS; id++) {
            total += section_count(bundles[i], (enum section_id)id);
        }
    }
    return total < COP_NONE;
}

static void look_at_addresses(
    const struct cop_bundle *bundle, struct cop_address_wants *wants)
{
    wants->address |= section_count(bundle, SECTION_ADDRESSES) != 0;
    wants->country |= addresses_have(bundle, FORMAT_COUNTRY);
    wants->as_number |= addresses_have(bundle, FORMAT_AS);
}

/* What the rules ask of every request, and of every server. */
static void policy_look(struct cop_policy *policy)
{
    for (uint32_t i = 0; i < policy->bundles_n; i++) {
        struct policy_bundle *at = &policy->bundles[i];

        policy->needs_facts |= urlrules_are_in(at->bundle);
        at->has_urlrules_everywhere = urlrules_are_everywhere(at->bundle);
        look_at_addresses(at->bundle, &policy->wants_address);
        at->has_urlrules_entities = urlrules_have_entities(at->bundle);
    }
}

/* Rank the bundles by digest, so that a tie between two of them does not
 * depend on the order in which they were named. */
static void policy_rank(struct cop_policy *policy)
{
    for (uint32_t i = 0; i < policy->bundles_n; i++) {
        policy->bundles[i].rank = 0;
        for (uint32_t j = 0; j < policy->bundles_n; j++) {
            int order = memcmp(bundle_header(policy->bundles[j].bundle)->digest,
                bundle_header(policy->bundles[i].bundle)->digest,
                FORMAT_DIGEST_BYTES);

            policy->bundles[i].rank += order < 0;
        }
    }
}

static enum cop_status policy_fill(struct cop_policy *policy,
    struct cop_bundle *const *bundles, struct cop_report *report)
{
    for (uint32_t i = 0; i < policy->bundles_n; i++) {
        policy->bundles[i].bundle = cop_bundle_hold(bundles[i]);
        policy->never_inspect = cop_catset_or(policy->never_inspect,
            bundle_set(bundles[i], bundle_manifest(bundles[i])->never_inspect));
    }
    /* Random rather than counted: the library keeps no state of its own. */
    if (getrandom(&policy->generation, sizeof(policy->generation), 0) !=
        (ssize_t)sizeof(policy->generation)) {
        return policy_refuse(
            report, COP_E_IO, NULL, "the system gives no random numbers");
    }
    policy_count(policy);
    policy_look(policy);
    policy_rank(policy);
    enum cop_status status = policy_join(policy, report);

    return status == COP_OK ? policy_resolve(policy, report) : status;
}

enum cop_status cop_policy_new(struct cop_bundle *const *bundles, size_t n,
    struct cop_report *report, struct cop_policy **out)
{
    if (n > COP_BUNDLES_MAX) {
        return policy_refuse(report, COP_E_LIMIT,
            "Join some bundles with copc.",
            "%zu bundles are more than the %d that one policy can hold", n,
            COP_BUNDLES_MAX);
    }
    if (!policy_fits(bundles, n)) {
        return policy_refuse(report, COP_E_LIMIT, NULL,
            "the bundles hold more than one policy can count");
    }
    struct cop_policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL) {
        return policy_refuse(report, COP_E_NOMEM, NULL, "out of memory");
    }
    arena_init(&policy->arena, policy_arena_max);
    policy->bundles_n = (uint32_t)n;
    enum cop_status status = policy_fill(policy, bundles, report);

    if (status != COP_OK) {
        cop_policy_free(&policy);
        return status;
    }
    *out = policy;
    return COP_OK;
}

void cop_policy_free(struct cop_policy **policy)
{
    struct cop_policy *p = *policy;

    *policy = NULL;
    if (p == NULL) {
        return;
    }
    for (uint32_t i = 0; i < p->bundles_n; i++) {
        cop_bundle_drop(&p->bundles[i].bundle);
    }
    free(p->profiles);
    arena_fini(&p->arena);
    free(p);
}

enum cop_status cop_policy_profile(
    const struct cop_policy *policy, struct cop_slice name, uint32_t *out)
{
    uint32_t found = names_find(&policy->profile_names, name);

    if (found == COP_NONE) {
        return COP_E_PROFILE;
    }
    *out = found;
    return COP_OK;
}

uint32_t cop_policy_profiles(const struct cop_policy *policy)
{
    return policy->profiles_n;
}

struct cop_slice cop_policy_profile_name(
    const struct cop_policy *policy, uint32_t profile)
{
    return profile < policy->profiles_n ? policy->profiles[profile].name
                                        : (struct cop_slice){NULL, 0};
}

const struct cop_bundle *cop_policy_bundle(
    const struct cop_policy *policy, uint32_t bundle)
{
    return bundle < policy->bundles_n ? policy->bundles[bundle].bundle : NULL;
}

uint32_t cop_policy_bundles(const struct cop_policy *policy)
{
    return policy->bundles_n;
}

struct cop_address_wants cop_policy_wants_address(
    const struct cop_policy *policy)
{
    return policy->wants_address;
}

uint64_t cop_policy_generation(const struct cop_policy *policy)
{
    return policy->generation;
}

bool cop_policy_never_inspects(
    const struct cop_policy *policy, const struct cop_class *class)
{
    if (!cop_catset_empty(
            cop_catset_and(class->categories, policy->never_inspect))) {
        return true;
    }
    for (unsigned i = 0; i < class->n; i++) {
        if (policy->lists[class->hits[i].list].role == LIST_NEVER_INSPECT) {
            return true;
        }
    }
    return false;
}

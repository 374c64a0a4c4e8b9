#include "rules/decide/policy.h"

#include <stdlib.h>

#include "rules/base/subscriber.h"

/* Who a profile is for, before requirements are applied to it. */
struct person {
    uint16_t age;
    uint32_t subscribers;
    const uint32_t *offers; /* requirements accepted, by part 0's number */
    uint32_t offers_n;
    bool accepts_all;
};

static bool person_accepts(const struct person *person, uint32_t requirement)
{
    if (person->accepts_all) {
        return true;
    }
    for (uint32_t i = 0; i < person->offers_n; i++) {
        if (person->offers[i] == requirement) {
            return true;
        }
    }
    return false;
}

/* Whether a requirement speaks to a person, times apart. Who is of no known
 * class is spoken to by the parts for every class. */
static bool requirement_reaches(
    const struct policy_requirement *q, const struct person *person)
{
    return q->is_usable && person->age >= q->age_min &&
           person->age < q->age_end &&
           (q->subscribers == 0 || person->subscribers == 0 ||
               (q->subscribers & person->subscribers) != 0) &&
           (!q->is_offer || person_accepts(person, q->first));
}

/* The requirements that speak to a person as bits; NULL without memory. */
static const uint64_t *active_make(
    struct cop_policy *policy, const struct person *person)
{
    uint32_t n = policy_requirements(policy);
    uint64_t *bits = arena_array(&policy->arena, n / 64 + 1, sizeof(uint64_t));

    for (uint32_t i = 0; bits != NULL && i < n; i++) {
        if (requirement_reaches(&policy->requirements[i], person)) {
            bits[i / 64] |= (uint64_t)1 << (i % 64);
        }
    }
    return bits;
}

static enum cop_status templates_join(
    struct cop_policy *policy, struct cop_report *report)
{
    struct names *names = &policy->template_names;
    uint32_t n = policy->bundles[policy->bundles_n].templates;

    policy->templates =
        arena_array(&policy->arena, n, sizeof(policy->templates[0]));
    names->rows = arena_array(&policy->arena, n, sizeof(names->rows[0]));
    if (arena_failed(&policy->arena)) {
        return policy_refuse(report, COP_E_NOMEM, NULL,
            "out of memory for the policy's templates");
    }
    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        const struct policy_bundle *at = &policy->bundles[b];

        for (uint32_t i = at->templates; i < at[1].templates; i++) {
            const struct format_template *template =
                bundle_template(at->bundle, i - at->templates);

            policy->templates[i] = (struct policy_template){
                .block = bundle_set(at->bundle, template->block),
                .allow_only = bundle_set(at->bundle, template->allow_only),
                .bundle = b,
                .is_allow_only =
                    (template->flags & FORMAT_TEMPLATE_ALLOW_ONLY) != 0,
            };
            names->rows[names->n++] = (struct names_row){
                bundle_string(at->bundle, template->name), i};
        }
    }
    names_sort(names);
    const struct names_row *twice = names_twice(names);

    if (twice != NULL) {
        return policy_refuse(report, COP_E_CONFLICT,
            "Leave one of the bundles out.",
            "the template %.*s is in two bundles", (int)twice->text.n,
            twice->text.p);
    }
    return COP_OK;
}

/* A template by name; the empty name is the empty template. */
static bool template_find(const struct cop_policy *policy,
    struct cop_slice name, struct policy_template *out)
{
    *out = (struct policy_template){.bundle = COP_NONE};
    if (name.n == 0) {
        return true;
    }
    uint32_t found = names_find(&policy->template_names, name);

    if (found == COP_NONE) {
        return false;
    }
    *out = policy->templates[found];
    return true;
}

/* The numbers of the offers that a profile accepts. */
static enum cop_status offers_find(struct cop_policy *policy,
    const struct cop_bundle *bundle, const struct format_profile *record,
    struct person *person, struct cop_report *report)
{
    uint32_t *offers =
        arena_array(&policy->arena, record->accepts.n, sizeof(offers[0]));

    if (arena_failed(&policy->arena)) {
        return policy_refuse(report, COP_E_NOMEM, NULL,
            "out of memory for the policy's profiles");
    }
    for (uint32_t i = 0; i < record->accepts.n; i++) {
        const struct format_span *span =
            section_at(bundle, SECTION_ACCEPTS, record->accepts.at + i);
        struct cop_slice id = bundle_string(bundle, *span);
        struct cop_slice name = bundle_string(bundle, record->name);

        offers[i] = names_find(&policy->requirement_names, id);
        if (offers[i] == COP_NONE) {
            return policy_refuse(report, COP_E_NOTFOUND,
                "Add the bundle that has it, or correct its id.",
                "the profile %.*s accepts %.*s, which no bundle has",
                (int)name.n, name.p, (int)id.n, id.p);
        }
    }
    person->offers = offers;
    person->offers_n = record->accepts.n;
    return COP_OK;
}

static enum cop_status profile_resolve(struct cop_policy *policy, uint32_t b,
    const struct format_profile *record, struct cop_report *report)
{
    const struct cop_bundle *bundle = policy->bundles[b].bundle;
    struct policy_profile *out = &policy->profiles[policy->profiles_n];
    struct cop_slice name = bundle_string(bundle, record->name);
    struct cop_slice wanted = bundle_string(bundle, record->template_name);
    struct person person = {
        .age = record->age, .subscribers = record->subscribers};

    *out = (struct policy_profile){
        .name = name,
        .block = bundle_set(bundle, record->block),
        .permit = bundle_set(bundle, record->permit),
        .closed = record->closed,
        .bundle = b,
    };
    if (!template_find(policy, wanted, &out->template)) {
        return policy_refuse(report, COP_E_NOTFOUND,
            "Add the bundle that has it, or correct its name.",
            "the profile %.*s uses the template %.*s, which no bundle has",
            (int)name.n, name.p, (int)wanted.n, wanted.p);
    }
    out->is_allow_only = (record->flags & FORMAT_PROFILE_ALLOW_ONLY) != 0 ||
                         out->template.is_allow_only;
    enum cop_status status =
        offers_find(policy, bundle, record, &person, report);

    if (status != COP_OK) {
        return status;
    }
    out->active = active_make(policy, &person);
    if (out->active == NULL) {
        return policy_refuse(report, COP_E_NOMEM, NULL,
            "out of memory for the policy's profiles");
    }
    policy->profiles_n++;
    return COP_OK;
}

static enum cop_status profiles_name(
    struct cop_policy *policy, struct cop_report *report)
{
    struct names *names = &policy->profile_names;

    names->rows =
        arena_array(&policy->arena, policy->profiles_n, sizeof(names->rows[0]));
    if (arena_failed(&policy->arena)) {
        return policy_refuse(report, COP_E_NOMEM, NULL,
            "out of memory for the policy's profiles");
    }
    for (uint32_t i = 0; i < policy->profiles_n; i++) {
        names->rows[names->n++] =
            (struct names_row){policy->profiles[i].name, i};
    }
    names_sort(names);
    const struct names_row *twice = names_twice(names);

    if (twice != NULL) {
        return policy_refuse(report, COP_E_CONFLICT, "Rename one of them.",
            "the profile %.*s is in two bundles", (int)twice->text.n,
            twice->text.p);
    }
    return COP_OK;
}

enum cop_status policy_resolve(
    struct cop_policy *policy, struct cop_report *report)
{
    uint32_t n = policy->bundles[policy->bundles_n].profiles;
    enum cop_status status = templates_join(policy, report);

    if (status != COP_OK) {
        return status;
    }
    if (n > COP_PROFILES_MAX) {
        return policy_refuse(report, COP_E_LIMIT, NULL,
            "the bundles have %u profiles; one policy can hold %d", n,
            COP_PROFILES_MAX);
    }
    policy->profiles_cap = n + 1; /* room for the usual one subject */
    policy->profiles =
        calloc(policy->profiles_cap, sizeof(policy->profiles[0]));
    if (policy->profiles == NULL) {
        return policy_refuse(report, COP_E_NOMEM, NULL,
            "out of memory for the policy's profiles");
    }
    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        const struct cop_bundle *bundle = policy->bundles[b].bundle;
        uint32_t count = section_count(bundle, SECTION_PROFILES);

        for (uint32_t i = 0; i < count && status == COP_OK; i++) {
            status =
                profile_resolve(policy, b, bundle_profile(bundle, i), report);
        }
    }
    return status == COP_OK ? profiles_name(policy, report) : status;
}

/* Room for one more profile. */
static enum cop_status profiles_grow(struct cop_policy *policy)
{
    if (policy->profiles_n >= COP_PROFILES_MAX) {
        return COP_E_LIMIT;
    }
    if (policy->profiles_n < policy->profiles_cap) {
        return COP_OK;
    }
    uint32_t cap = policy->profiles_cap * 2 < COP_PROFILES_MAX
                       ? policy->profiles_cap * 2
                       : COP_PROFILES_MAX;
    struct policy_profile *grown =
        realloc(policy->profiles, cap * sizeof(grown[0]));

    if (grown == NULL) {
        return COP_E_NOMEM;
    }
    policy->profiles = grown;
    policy->profiles_cap = cap;
    return COP_OK;
}

enum cop_status cop_policy_add_subject(
    struct cop_policy *policy, const struct cop_subject *subject, uint32_t *out)
{
    struct person person = {
        .age = subject->age, .accepts_all = subject->accepts_offers};
    struct policy_profile profile = {.bundle = COP_NONE};
    enum cop_status status = profiles_grow(policy);

    if (status != COP_OK) {
        return status;
    }
    person.subscribers = subscriber_bit(subject->subscriber);
    if (person.subscribers == 0 && subject->subscriber.n != 0) {
        return COP_E_NOTFOUND;
    }
    if (!template_find(policy, subject->template_name, &profile.template)) {
        return COP_E_NOTFOUND;
    }
    profile.is_allow_only = profile.template.is_allow_only;
    profile.active = active_make(policy, &person);
    if (profile.active == NULL) {
        return COP_E_NOMEM;
    }
    policy->profiles[policy->profiles_n] = profile;
    *out = policy->profiles_n++;
    return COP_OK;
}

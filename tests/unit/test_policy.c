/* Bundles put together: what makes a policy, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bundle_fixture.h"
#include "tests/unit/findings.h"

/* A policy of two fixtures' bundles, or why there is none. */
static enum cop_status join(struct fixture *one, struct fixture *two,
    struct cop_policy **policy, struct findings *found)
{
    struct cop_bundle *bundles[] = {fixture_open(one), fixture_open(two)};
    enum cop_status status;

    findings_init(found);
    *policy = NULL;
    status = cop_policy_new(bundles, 2, &found->report, policy);
    cop_bundle_drop(&bundles[0]);
    cop_bundle_drop(&bundles[1]);
    assert_int_equal(status == COP_OK, *policy != NULL);
    assert_int_equal(found->report.errors, status != COP_OK);
    return status;
}

static void assert_refused(struct fixture *one, struct fixture *two,
    enum cop_status expected, const char *words)
{
    struct findings found;
    struct cop_policy *policy;

    assert_int_equal(join(one, two, &policy, &found), expected);
    assert_true(findings_have(&found, words));
    fixture_free(&one);
    fixture_free(&two);
}

static void test_profiles(void **state)
{
    struct fixture *one = fixture_new("one");
    struct fixture *two = fixture_new("two");
    struct cop_policy *policy;
    struct findings found;
    uint32_t index = 99;

    (void)state;
    fixture_profile(one, "zoe", 7);
    fixture_profile(one, "adam", 40);
    fixture_profile(two, "mia", 9);
    assert_int_equal(join(one, two, &policy, &found), COP_OK);
    assert_int_equal(cop_policy_bundles(policy), 2);
    assert_non_null(cop_policy_bundle(policy, 1));
    assert_null(cop_policy_bundle(policy, 2));
    assert_int_equal(cop_policy_profiles(policy), 3);
    assert_int_equal(
        cop_policy_profile(policy, COP_LIT("mia"), &index), COP_OK);
    assert_true(
        cop_slice_eq(cop_policy_profile_name(policy, index), COP_LIT("mia")));
    assert_int_equal(
        cop_policy_profile(policy, COP_LIT("zoe"), &index), COP_OK);
    assert_true(
        cop_slice_eq(cop_policy_profile_name(policy, index), COP_LIT("zoe")));
    index = 99;
    assert_int_equal(
        cop_policy_profile(policy, COP_LIT("Mia"), &index), COP_E_PROFILE);
    assert_int_equal(
        cop_policy_profile(policy, COP_LIT(""), &index), COP_E_PROFILE);
    assert_int_equal(index, 99);
    assert_int_equal(cop_policy_profile_name(policy, 3).n, 0);
    cop_policy_free(&policy);
    assert_null(policy);
    cop_policy_free(&policy); /* of nothing */
    fixture_free(&one);
    fixture_free(&two);
}

static void test_twice(void **state)
{
    struct fixture *one = fixture_new("one");
    struct fixture *two = fixture_new("two");

    (void)state;
    fixture_profile(one, "mia", 9);
    fixture_profile(two, "mia", 9);
    assert_refused(one, two, COP_E_CONFLICT, "profile mia is in two");
    one = fixture_new("one");
    two = fixture_new("two");
    fixture_requirement(one, "cop:req:XX:law:a");
    fixture_requirement(one, "cop:req:XX:law:b");
    fixture_requirement(two, "cop:req:XX:law:b");
    assert_refused(one, two, COP_E_CONFLICT, "cop:req:XX:law:b is in two");
    one = fixture_new("one");
    two = fixture_new("two");
    one->templates[one->t.templates_n++].name = COP_LIT("child");
    two->templates[two->t.templates_n++].name = COP_LIT("child");
    assert_refused(one, two, COP_E_CONFLICT, "template child is in two");
}

static void test_not_found(void **state)
{
    static const struct cop_slice accepts[] = {
        COP_LIT("here"), COP_LIT("nowhere")};
    struct fixture *one = fixture_new("one");
    struct fixture *two = fixture_new("two");
    struct tables_profile *mia = fixture_profile(two, "mia", 9);
    struct cop_policy *policy;
    struct findings found;

    (void)state;
    mia->template_name = COP_LIT("child");
    one->templates[one->t.templates_n++].name = COP_LIT("child");
    fixture_requirement(one, "here")->is_offer = true;
    mia->accepts = accepts;
    mia->accepts_n = 1;
    assert_int_equal(join(one, two, &policy, &found), COP_OK);
    cop_policy_free(&policy);
    mia->accepts_n = 2;
    assert_int_equal(join(one, two, &policy, &found), COP_E_NOTFOUND);
    assert_true(findings_have(&found, "mia accepts nowhere"));
    mia->accepts_n = 0;
    mia->template_name = COP_LIT("adult");
    assert_refused(one, two, COP_E_NOTFOUND, "mia uses the template adult");
}

static void test_limits(void **state)
{
    static char names[2][300][8];
    struct fixture *both[] = {fixture_new("one"), fixture_new("two")};
    struct cop_bundle *bundle = fixture_open(both[0]);
    struct cop_bundle *many[COP_BUNDLES_MAX + 1];
    struct cop_policy *policy = NULL;

    (void)state;
    for (unsigned i = 0; i <= COP_BUNDLES_MAX; i++) {
        many[i] = bundle;
    }
    assert_int_equal(
        cop_policy_new(many, COP_BUNDLES_MAX + 1, NULL, &policy), COP_E_LIMIT);
    assert_int_equal(
        cop_policy_new(many, COP_BUNDLES_MAX, NULL, &policy), COP_OK);
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < 300; k++) {
            snprintf(names[i][k], sizeof(names[i][k]), "%u", k);
            fixture_category(both[i], names[i][k], COP_CAT_COMM_CHAT);
        }
    }
    assert_refused(both[0], both[1], COP_E_LIMIT, "600 lists");
}

/* A policy of n requirements. */
static enum cop_status many_requirements(struct fixture *f, size_t n)
{
    struct tables_requirement *rows = calloc(n, sizeof(*rows));
    char(*ids)[8] = calloc(n, sizeof(*ids));
    struct cop_policy *policy = NULL;
    struct cop_bundle *bundle;
    enum cop_status status;

    assert_non_null(rows);
    assert_non_null(ids);
    for (size_t i = 0; i < n; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%zu", i);
        rows[i].r.id = cop_slice_of(ids[i]);
    }
    f->t.requirements = rows;
    f->t.requirements_n = n;
    bundle = fixture_open(f);
    status = cop_policy_new(&bundle, 1, NULL, &policy);
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    free(rows);
    free(ids);
    return status;
}

static void test_many_requirements(void **state)
{
    struct fixture *f = fixture_new("many");

    (void)state;
    assert_int_equal(many_requirements(f, 4096), COP_OK);
    assert_int_equal(many_requirements(f, 4097), COP_E_LIMIT);
    fixture_free(&f);
}

/* The action for a subject, about x.example. */
static enum cop_level level_for(
    const struct cop_policy *policy, uint32_t profile)
{
    static struct cop_class class;
    struct cop_moment moment = {1000, 0};
    struct cop_verdict verdict;
    struct cop_host host;

    assert_int_equal(cop_host_parse(COP_LIT("x.example"), &host), COP_OK);
    cop_classify_host(policy, &host, &class);
    cop_evaluate(policy, &class, profile, &moment, &verdict);
    return verdict.level;
}

static struct fixture *subjects_fixture(void)
{
    struct fixture *f = fixture_new("subjects");
    struct tables_requirement *q = fixture_requirement(f, "pupils");
    uint32_t list = fixture_own_list(f, "pupils", LIST_DENY);

    fixture_add(f, list, ENTRY_HOST, "x.example");
    q->r.strength = COP_STRENGTH_MANDATORY;
    q->subscribers = 1U << 5; /* school_pupil */
    q->r.age_max = 16;
    fixture_requirement(f, "offer")->is_offer = true;
    fixture_add(
        f, fixture_own_list(f, "offer", LIST_ALLOW), ENTRY_HOST, "x.example");
    f->templates[f->t.templates_n++] = (struct tables_template){
        .name = COP_LIT("nothing"), .is_allow_only = true};
    return f;
}

static void test_subjects(void **state)
{
    struct fixture *f = subjects_fixture();
    struct cop_policy *policy = fixture_policy(f);
    struct cop_subject subject = {.age = 120};
    uint32_t index = 99;

    (void)state;
    assert_int_equal(cop_policy_add_subject(policy, &subject, &index), COP_OK);
    assert_int_equal(index, 0);
    assert_int_equal(level_for(policy, index), COP_LEVEL_NONE);
    assert_int_equal(cop_policy_profile_name(policy, index).n, 0);
    assert_int_equal(
        cop_policy_profile(policy, COP_LIT(""), &index), COP_E_PROFILE);
    subject.accepts_offers = true;
    assert_int_equal(cop_policy_add_subject(policy, &subject, &index), COP_OK);
    assert_int_equal(level_for(policy, index), COP_LEVEL_DEFAULT_ON);
    subject.age = 12;
    subject.subscriber = COP_LIT("school_pupil");
    assert_int_equal(cop_policy_add_subject(policy, &subject, &index), COP_OK);
    assert_int_equal(level_for(policy, index), COP_LEVEL_MANDATORY);
    subject.subscriber = COP_LIT("residential");
    assert_int_equal(cop_policy_add_subject(policy, &subject, &index), COP_OK);
    assert_int_equal(level_for(policy, index), COP_LEVEL_DEFAULT_ON);
    subject.template_name = COP_LIT("nothing");
    assert_int_equal(cop_policy_add_subject(policy, &subject, &index), COP_OK);
    assert_int_equal(level_for(policy, index), COP_LEVEL_ALLOW_ONLY);
    assert_int_equal(cop_policy_profiles(policy), 5);
    subject.template_name = COP_LIT("nowhere");
    assert_int_equal(
        cop_policy_add_subject(policy, &subject, &index), COP_E_NOTFOUND);
    subject.template_name = COP_LIT("");
    subject.subscriber = COP_LIT("pupil");
    assert_int_equal(
        cop_policy_add_subject(policy, &subject, &index), COP_E_NOTFOUND);
    assert_int_equal(cop_policy_profiles(policy), 5);
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void test_many_subjects(void **state)
{
    struct fixture *f = subjects_fixture();
    struct cop_policy *policy;
    struct cop_subject subject = {.age = 12};
    uint32_t index = 0;

    (void)state;
    fixture_profile(f, "mia", 9);
    policy = fixture_policy(f);
    for (uint32_t i = 1; i < COP_PROFILES_MAX; i++) {
        assert_int_equal(
            cop_policy_add_subject(policy, &subject, &index), COP_OK);
        assert_int_equal(index, i);
    }
    assert_int_equal(
        cop_policy_add_subject(policy, &subject, &index), COP_E_LIMIT);
    assert_int_equal(level_for(policy, 0), COP_LEVEL_MANDATORY);
    assert_int_equal(
        level_for(policy, COP_PROFILES_MAX - 1), COP_LEVEL_MANDATORY);
    assert_int_equal(level_for(policy, COP_PROFILES_MAX), COP_LEVEL_LOCKED);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* Generations differ, also between two policies of the same bundle. */
static void test_generations(void **state)
{
    struct fixture *f = subjects_fixture();
    struct cop_bundle *bundle = fixture_open(f);
    uint64_t seen[16];

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        struct cop_policy *policy = NULL;

        assert_int_equal(cop_policy_new(&bundle, 1, NULL, &policy), COP_OK);
        seen[i] = cop_policy_generation(policy);
        for (unsigned k = 0; k < i; k++) {
            assert_true(seen[i] != seen[k]);
        }
        cop_policy_free(&policy);
    }
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

/* A policy keeps its bundles when the caller lets go of them. */
static void test_references(void **state)
{
    struct fixture *f = subjects_fixture();
    struct cop_policy *policy = fixture_policy(f);
    struct cop_bundle_info info;

    (void)state;
    cop_bundle_info(cop_policy_bundle(policy, 0), &info);
    assert_true(cop_slice_eq(info.name, COP_LIT("subjects")));
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(cop_action_word(COP_ALLOW), "allow");
    assert_string_equal(cop_action_word(COP_LOG_ONLY), "log_only");
    assert_string_equal(cop_action_word((enum cop_action)99), "unknown");
    assert_string_equal(cop_level_word(COP_LEVEL_LOCKED_ENTRY), "locked-entry");
    assert_string_equal(cop_level_word(COP_LEVEL_NONE), "none");
    assert_string_equal(cop_level_text(COP_LEVEL_APPEAL), "an upheld appeal");
    assert_string_equal(cop_level_word((enum cop_level)99), "unknown");
    assert_string_equal(cop_level_text((enum cop_level)99), "an unknown level");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_many_requirements),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_many_subjects),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

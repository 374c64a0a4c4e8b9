/* The packs that ship: complete, silent, and deciding what their texts say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "cop/decide.h"
#include "tests/unit/findings.h"

/* 2026-11-24T10:00:00Z, a Tuesday. */
static const struct cop_moment noon = {1795514400, 24 * 60 + 10 * 60};

struct packs {
    struct findings findings;
    struct cop_image image;
    struct cop_bundle *bundle;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_url url;
    struct cop_class class;
};

static struct packs packs;

static void build(struct cop_image *out)
{
    static const char *const folder = TESTS_DIR "/../rules/packs";
    struct cop_compile_options options = {
        .now_unix = noon.unix_time, .warnings_fail = true};
    enum cop_status status;

    findings_init(&packs.findings);
    status = cop_compile(&folder, 1, &options, &packs.findings.report, out);
    if (packs.findings.used != 0) {
        fputs(packs.findings.text, stderr);
    }
    assert_int_equal(status, COP_OK);
}

static int set_up(void **state)
{
    (void)state;
    build(&packs.image);
    assert_int_equal(cop_bundle_open_memory(packs.image.bytes, packs.image.n,
                         "packs", NULL, &packs.bundle),
        COP_OK);
    assert_int_equal(
        cop_policy_new(&packs.bundle, 1, NULL, &packs.policy), COP_OK);
    assert_int_equal(cop_matcher_new(&packs.matcher), COP_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cop_matcher_free(&packs.matcher);
    cop_policy_free(&packs.policy);
    cop_bundle_drop(&packs.bundle);
    cop_image_free(&packs.image);
    return 0;
}

static void classify(const char *url)
{
    assert_int_equal(cop_url_parse(cop_slice_of(url), &packs.url), COP_OK);
    cop_classify(packs.policy, packs.matcher, &packs.url, &packs.class);
}

static uint32_t subject(unsigned age, const char *name)
{
    struct cop_subject subject = {
        .age = (uint8_t)age, .template_name = cop_slice_of(name)};
    uint32_t profile = COP_NONE;

    assert_int_equal(
        cop_policy_add_subject(packs.policy, &subject, &profile), COP_OK);
    return profile;
}

static enum cop_action decide(uint32_t profile, const char *url)
{
    struct cop_verdict verdict;

    classify(url);
    cop_evaluate(packs.policy, &packs.class, profile, &noon, &verdict);
    return verdict.action;
}

static void builds_in_silence_to_the_same_bytes(void **state)
{
    struct cop_image again = {NULL, 0};

    (void)state;
    assert_int_equal(packs.findings.used, 0);
    build(&again);
    assert_int_equal(again.n, packs.image.n);
    assert_memory_equal(again.bytes, packs.image.bytes, again.n);
    cop_image_free(&again);
}

/* gambling.real_money -> gambling-real-money.canary.test */
static void canary_name(unsigned category, char out[128])
{
    int n = snprintf(out, 128, "%s.canary.test", cop_category_id(category));

    for (int i = 0; i < n - (int)strlen(".canary.test"); i++) {
        if (out[i] == '.' || out[i] == '_') {
            out[i] = '-';
        }
    }
}

static void each_category_has_its_canary_and_no_other(void **state)
{
    char name[128];

    (void)state;
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        struct cop_catset only = {{0, 0}};

        cop_catset_add(&only, i);
        canary_name(i, name);
        classify(name);
        assert_int_equal(packs.class.n, 1);
        assert_memory_equal(&packs.class.categories, &only, sizeof only);
    }
}

static void each_category_is_named_in_four_languages(void **state)
{
    static const char *const languages[] = {"en", "ar", "fr", "es"};

    (void)state;
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        for (size_t k = 0; k < 4; k++) {
            struct cop_slice asked = cop_slice_of(languages[k]);
            struct cop_slice found = {NULL, 0};
            struct cop_slice label =
                cop_bundle_category_label(packs.bundle, i, &asked, 1, &found);

            assert_true(label.n != 0);
            assert_true(cop_slice_eq(found, asked));
        }
    }
}

static void check_text(
    uint32_t requirement, enum cop_text text, const char *language)
{
    struct cop_slice asked = cop_slice_of(language);
    struct cop_slice found = {NULL, 0};
    struct cop_slice words =
        cop_bundle_text(packs.bundle, requirement, text, &asked, 1, &found);

    assert_true(words.n != 0);
    assert_true(cop_slice_eq(found, asked));
}

/* Whoever blocks must say so, in both languages that every pack has. */
static void each_requirement_speaks_to_children(void **state)
{
    struct cop_bundle_info info;

    (void)state;
    cop_bundle_info(packs.bundle, &info);
    assert_true(info.requirements >= 10);
    for (uint32_t i = 0; i < info.requirements; i++) {
        struct cop_requirement r;

        cop_bundle_requirement(packs.bundle, i, &r);
        check_text(i, COP_TEXT_TITLE, "en");
        check_text(i, COP_TEXT_TITLE, "ar");
        if (cop_bundle_text(packs.bundle, i, COP_TEXT_NOTICE, NULL, 0, NULL)
                .n == 0) {
            continue;
        }
        check_text(i, COP_TEXT_NOTICE, "en");
        check_text(i, COP_TEXT_NOTICE, "ar");
        check_text(i, COP_TEXT_APPEAL, "en");
        check_text(i, COP_TEXT_APPEAL, "ar");
    }
}

static void the_law_of_each_requirement_gives_its_status(void **state)
{
    struct cop_bundle_info info;
    unsigned of_451 = 0;

    (void)state;
    cop_bundle_info(packs.bundle, &info);
    for (uint32_t i = 0; i < info.requirements; i++) {
        struct cop_requirement r;

        cop_bundle_requirement(packs.bundle, i, &r);
        assert_true(r.http_status == 403 || r.http_status == 451);
        assert_true(r.authority.n != 0 && r.citation.n != 0);
        of_451 += r.http_status == 451;
    }
    assert_true(of_451 >= 2 && of_451 < info.requirements);
}

/* A template of an older child never blocks what a younger child's allows. */
static void templates_open_with_age(void **state)
{
    static const char *const names[] = {"cop:template:household-early",
        "cop:template:household-child", "cop:template:household-preteen",
        "cop:template:household-teen", "cop:template:household-adult"};
    static const unsigned ages[] = {5, 9, 12, 16, 30};
    uint32_t profiles[5];
    char name[128];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        profiles[i] = subject(ages[i], names[i]);
    }
    for (unsigned category = 0; category < COP_CATEGORIES; category++) {
        bool was_open = false;

        canary_name(category, name);
        for (size_t i = 0; i < 5; i++) {
            bool is_open = decide(profiles[i], name) == COP_ALLOW;

            assert_true(is_open || !was_open);
            was_open = is_open;
        }
    }
}

static void every_template_lets_the_protected_through(void **state)
{
    static const char *const names[] = {"cop:template:household-early",
        "cop:template:household-child", "cop:template:household-preteen",
        "cop:template:household-teen", "cop:template:household-adult",
        "cop:template:school-primary", "cop:template:school-secondary",
        "cop:template:school-staff"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t profile = subject(i < 5 ? 6 : 10, names[i]);

        assert_int_equal(decide(profile, "helpline.example"), COP_ALLOW);
        assert_int_equal(decide(profile, "clinic.example"), COP_ALLOW);
        assert_int_equal(decide(profile, "emergency.example"), COP_ALLOW);
        assert_int_equal(decide(profile, "sex-education.example"), COP_ALLOW);
        assert_int_equal(decide(profile, "malware.example"), COP_BLOCK);
    }
}

static void what_is_private_is_never_inspected(void **state)
{
    static const char *const names[] = {"helpline.example", "clinic.example",
        "government.example", "sex-education.example", "bank.example"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        classify(names[i]);
        assert_true(cop_policy_never_inspects(packs.policy, &packs.class));
    }
    classify("casino.example");
    assert_false(cop_policy_never_inspects(packs.policy, &packs.class));
}

static void names_without_a_list_stay_so(void **state)
{
    uint32_t adult = subject(120, NULL);

    (void)state;
    assert_int_equal(decide(adult, "library.example"), COP_ALLOW);
    assert_int_equal(packs.class.n, 0);
    assert_int_equal(decide(adult, "school.example"), COP_ALLOW);
    assert_int_equal(packs.class.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_in_silence_to_the_same_bytes),
        cmocka_unit_test(each_category_has_its_canary_and_no_other),
        cmocka_unit_test(each_category_is_named_in_four_languages),
        cmocka_unit_test(each_requirement_speaks_to_children),
        cmocka_unit_test(the_law_of_each_requirement_gives_its_status),
        cmocka_unit_test(templates_open_with_age),
        cmocka_unit_test(every_template_lets_the_protected_through),
        cmocka_unit_test(what_is_private_is_never_inspected),
        cmocka_unit_test(names_without_a_list_stay_so),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

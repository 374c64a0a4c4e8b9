/* What wins: the whole order of precedence, level by level and inside one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/evaluate_fixture.h"

/* ---- every pair of levels ---- */

static const struct {
    void (*make)(struct fixture *f);
    enum cop_action action;
} levels[COP_LEVEL_NONE] = {
    [COP_LEVEL_LOCKED_ENTRY] = {make_locked_entry, COP_BLOCK},
    [COP_LEVEL_PROTECTED] = {make_protected, COP_ALLOW},
    [COP_LEVEL_APPEAL_LOCKED] = {make_appeal_locked, COP_ALLOW},
    [COP_LEVEL_LOCKED] = {make_locked, COP_BLOCK},
    [COP_LEVEL_APPEAL] = {make_appeal, COP_ALLOW},
    [COP_LEVEL_MANDATORY] = {make_mandatory, COP_BLOCK},
    [COP_LEVEL_ALLOW_ONLY] = {make_allow_only, COP_BLOCK},
    [COP_LEVEL_GRANT] = {make_grant, COP_ALLOW},
    [COP_LEVEL_CLOSED] = {make_closed, COP_BLOCK},
    [COP_LEVEL_LOCAL_ALLOW] = {make_local_allow, COP_ALLOW},
    [COP_LEVEL_LOCAL_DENY] = {make_local_deny, COP_BLOCK},
    [COP_LEVEL_TEMPLATE] = {make_template, COP_BLOCK},
    [COP_LEVEL_DEFAULT_ON] = {make_default_on, COP_BLOCK},
};

/* Which of two levels must win; not always the upper one. */
static unsigned winner(unsigned upper, unsigned lower)
{
    /* An appeal reaches no further than its own authority's lock. */
    if (upper == COP_LEVEL_APPEAL_LOCKED && lower == COP_LEVEL_LOCKED) {
        return lower;
    }
    /* What the household lists is what such a profile lets through. */
    if (upper == COP_LEVEL_ALLOW_ONLY &&
        (lower == COP_LEVEL_GRANT || lower == COP_LEVEL_LOCAL_ALLOW)) {
        return lower;
    }
    return upper;
}

static void test_pairs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COP_LEVEL_NONE; i++) {
        for (unsigned j = i; j < COP_LEVEL_NONE; j++) {
            struct fixture *f = begin();
            struct cop_verdict verdict;
            unsigned expected = winner(i, j);

            levels[i].make(f);
            if (j != i) {
                levels[j].make(f);
            }
            verdict = ask(f, usual);
            if (verdict.level != expected ||
                verdict.action != levels[expected].action) {
                fail_msg("%s against %s gave %s: %s", cop_level_word(i),
                    cop_level_word(j), cop_level_word(verdict.level),
                    cop_action_word(verdict.action));
            }
            fixture_free(&f);
        }
    }
}

/* All levels from one downwards, stacked: the first of them wins. */
static void test_stack(void **state)
{
    (void)state;
    for (unsigned top = 0; top < COP_LEVEL_NONE; top++) {
        struct fixture *f = begin();
        unsigned expected = top;

        for (unsigned i = top; i < COP_LEVEL_NONE; i++) {
            levels[i].make(f);
        }
        if (top == COP_LEVEL_APPEAL_LOCKED) {
            expected = COP_LEVEL_LOCKED;
        }
        if (top == COP_LEVEL_ALLOW_ONLY) {
            expected = COP_LEVEL_GRANT;
        }
        assert_int_equal(level(f), expected);
        fixture_free(&f);
    }
}

static void test_nobody(void **state)
{
    struct fixture *f = begin();
    struct cop_verdict v = ask(f, usual);

    (void)state;
    assert_int_equal(v.action, COP_ALLOW);
    assert_int_equal(v.level, COP_LEVEL_NONE);
    assert_int_equal(v.bundle, COP_NONE);
    assert_int_equal(v.requirement, COP_NONE);
    assert_int_equal(v.category, COP_NONE);
    assert_int_equal(v.hit.specificity, 0);
    assert_true(v.until_unix == INT64_MAX);
    assert_false(v.is_scheduled);
    fixture_free(&f);
}

static void test_unknown_profile(void **state)
{
    static const uint32_t unknown[] = {1, 77, COP_NONE};
    struct fixture *f = begin();

    (void)state;
    make_protected(f);
    for (unsigned i = 0; i < 3; i++) {
        struct question q = usual;
        struct cop_verdict v;

        q.profile = unknown[i];
        v = ask(f, q);
        assert_int_equal(v.action, COP_BLOCK);
        assert_int_equal(v.level, COP_LEVEL_LOCKED);
        assert_int_equal(v.requirement, COP_NONE);
        assert_int_equal(v.hit.specificity, 0);
    }
    fixture_free(&f);
}

/* ---- what a verdict tells ---- */

static void test_told(void **state)
{
    struct fixture *f = begin();
    struct cop_verdict v;

    (void)state;
    fixture_requirement(f, "a-first"); /* so that the other is row 1 */
    struct tables_requirement *q = fixture_requirement(f, "b");

    q->r.categories = catset_of(COP_CAT_MEDIA_VIDEO);
    cop_catset_add(&q->r.categories, COP_CAT_COMM_CHAT);
    uint32_t list = fixture_category(f, "list", COP_CAT_MEDIA_VIDEO);

    cop_catset_add(&f->lists[list].categories, COP_CAT_COMM_CHAT);
    cop_catset_add(&f->lists[list].categories, COP_CAT_VIOLENCE_GRAPHIC);
    fixture_add(f, list, ENTRY_DOMAIN, "example");
    v = ask(f, usual);
    assert_int_equal(v.level, COP_LEVEL_DEFAULT_ON);
    assert_int_equal(v.bundle, 0);
    assert_int_equal(v.requirement, 1);
    assert_int_equal(v.category, COP_CAT_COMM_CHAT); /* the lowest in common */
    assert_int_equal(v.hit.rule, 0);
    assert_int_equal(v.hit.specificity, COP_SPECIFICITY(COP_MATCH_DOMAIN, 1));
    make_protected(f);
    v = ask(f, usual);
    assert_int_equal(v.bundle, COP_NONE);
    assert_int_equal(v.requirement, COP_NONE);
    assert_int_equal(v.category, COP_CAT_SAFETY_HELPLINE);
    make_locked_entry(f);
    v = ask(f, usual);
    assert_int_equal(v.requirement, 2);
    assert_int_equal(v.category, COP_NONE);
    fixture_free(&f);
}

/* ---- inside a level ---- */

static void test_specific_first(void **state)
{
    struct fixture *f = begin();

    (void)state;
    fixture_requirement(f, "a");
    fixture_add(
        f, fixture_own_list(f, "a", LIST_DENY), ENTRY_DOMAIN, "example");
    allow(f, "b");
    assert_int_equal(ask(f, usual).action, COP_ALLOW);
    fixture_free(&f);
    f = begin();
    fixture_requirement(f, "a");
    fixture_add(
        f, fixture_own_list(f, "a", LIST_ALLOW), ENTRY_DOMAIN, "example");
    deny(f, "b");
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    fixture_free(&f);
}

/* ---- exceptions ---- */

static void test_exception(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = fixture_requirement(f, "a");

    (void)state;
    q->r.categories = catset_of(COP_CAT_MEDIA_VIDEO);
    in_category(f, "videos", COP_CAT_MEDIA_VIDEO);
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    /* The same name, as precisely: what is excepted is not denied. */
    fixture_add(
        f, fixture_own_list(f, "a", LIST_ALLOW), ENTRY_HOST, "x.example");
    assert_int_equal(ask(f, usual).action, COP_ALLOW);
    assert_int_equal(level(f), COP_LEVEL_DEFAULT_ON);
    /* From a lock, an offer and a mandatory requirement too... */
    q->r.strength = COP_STRENGTH_MANDATORY;
    q->r.lock = COP_LOCK_NATIONAL;
    assert_int_equal(ask(f, usual).action, COP_ALLOW);
    assert_int_equal(level(f), COP_LEVEL_MANDATORY);
    /* ... but only from its own. */
    make_locked(f);
    assert_int_equal(level(f), COP_LEVEL_LOCKED);
    fixture_free(&f);
}

static void test_exception_less_precise(void **state)
{
    struct fixture *f = begin();

    (void)state;
    deny(f, "a");
    fixture_add(
        f, fixture_own_list(f, "a#2", LIST_ALLOW), ENTRY_DOMAIN, "example");
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    fixture_free(&f);
}

/* An accepted offer's exception gives back what the offer took, and opens
 * nothing that the template closes. */
static void test_exception_from_an_offer(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = fixture_requirement(f, "offer");

    (void)state;
    q->is_offer = true;
    q->r.categories = catset_of(COP_CAT_MEDIA_VIDEO);
    f->profiles[0].accepts = (struct cop_slice[]){COP_LIT("offer")};
    f->profiles[0].accepts_n = 1;
    in_category(f, "films", COP_CAT_MEDIA_VIDEO);
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    fixture_add(
        f, fixture_own_list(f, "offer", LIST_ALLOW), ENTRY_HOST, "x.example");
    assert_int_equal(ask(f, usual).action, COP_ALLOW);
    make_template(f);
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    assert_int_equal(ask(f, usual).requirement, COP_NONE);
    fixture_free(&f);
}

static void test_narrower_age_first(void **state)
{
    struct fixture *f = begin();

    (void)state;
    deny(f, "a");
    allow(f, "b")->r.age_max = 18;
    assert_int_equal(ask(f, usual).action, COP_ALLOW);
    deny(f, "c")->r.age_min = 9; /* wider than b */
    assert_int_equal(ask(f, usual).requirement, 1);
    f->requirements[2].r.age_max = 12;
    assert_int_equal(ask(f, usual).requirement, 2);
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    fixture_free(&f);
}

/* With an interval, however wide, before without: the template has none. */
static void test_age_before_none(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q;

    (void)state;
    make_template(f);
    q = fixture_requirement(f, "offer");
    q->is_offer = true;
    q->r.categories = catset_of(COP_CAT_MEDIA_VIDEO);
    f->profiles[0].accepts = (struct cop_slice[]){COP_LIT("offer")};
    f->profiles[0].accepts_n = 1;
    assert_int_equal(level(f), COP_LEVEL_TEMPLATE);
    assert_int_equal(ask(f, usual).requirement, 0);
    fixture_free(&f);
}

static void test_deny_first(void **state)
{
    struct fixture *f = begin();

    (void)state;
    allow(f, "a");
    deny(f, "b");
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    assert_int_equal(ask(f, usual).requirement, 1);
    fixture_free(&f);
}

static void test_lowest_id_first(void **state)
{
    struct fixture *f = begin();

    (void)state;
    deny(f, "b");
    deny(f, "a");
    deny(f, "B");
    deny(f, "aa");
    struct cop_policy *policy = fixture_policy(f);
    struct cop_verdict v = ask_policy(policy, &usual);
    struct cop_requirement q;

    cop_bundle_requirement(
        cop_policy_bundle(policy, v.bundle), v.requirement, &q);
    assert_true(cop_slice_eq(q.id, COP_LIT("B")));
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void test_lowest_rule_first(void **state)
{
    struct fixture *f = begin();

    (void)state;
    deny(f, "a");
    fixture_add(
        f, fixture_own_list(f, "0", LIST_DENY), ENTRY_HOST, "y.example");
    fixture_add(f, 1, ENTRY_HOST, "x.example");
    assert_int_equal(ask(f, usual).hit.rule, 0);
    assert_int_equal(ask(f, usual).hit.list, 0);
    fixture_free(&f);
}

/* The same verdict whichever bundle is named first. */
static void test_bundle_order(void **state)
{
    struct fixture *one = begin();
    struct fixture *two = fixture_new("two");
    struct cop_bundle *bundles[2];

    (void)state;
    in_category(one, "one", COP_CAT_SAFETY_HELPLINE);
    in_category(two, "two", COP_CAT_SAFETY_GOVERNMENT);
    bundles[0] = fixture_open(one);
    bundles[1] = fixture_open(two);
    unsigned category[2];

    for (unsigned i = 0; i < 2; i++) {
        struct cop_policy *policy = NULL;
        struct cop_bundle *swap = bundles[0];

        assert_int_equal(cop_policy_new(bundles, 2, NULL, &policy), COP_OK);
        category[i] = ask_policy(policy, &usual).category;
        cop_policy_free(&policy);
        bundles[0] = bundles[1];
        bundles[1] = swap;
    }
    assert_int_equal(category[0], category[1]);
    cop_bundle_drop(&bundles[0]);
    cop_bundle_drop(&bundles[1]);
    fixture_free(&one);
    fixture_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_unknown_profile),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_specific_first),
        cmocka_unit_test(test_exception),
        cmocka_unit_test(test_exception_less_precise),
        cmocka_unit_test(test_exception_from_an_offer),
        cmocka_unit_test(test_narrower_age_first),
        cmocka_unit_test(test_age_before_none),
        cmocka_unit_test(test_deny_first),
        cmocka_unit_test(test_lowest_id_first),
        cmocka_unit_test(test_lowest_rule_first),
        cmocka_unit_test(test_bundle_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

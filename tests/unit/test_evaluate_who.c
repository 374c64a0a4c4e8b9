/* Who speaks: ages, classes, dates, offers, appeals, grants, hours, and
 * profiles that allow only what is listed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/evaluate_fixture.h"

/* ---- who speaks ---- */

static bool speaks_at_age(struct fixture *f, uint8_t age)
{
    f->profiles[0].age = age;
    return level(f) != COP_LEVEL_NONE;
}

static void test_ages(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = deny(f, "a");

    (void)state;
    q->r.age_min = 9;
    q->r.age_max = 13;
    assert_false(speaks_at_age(f, 8));
    assert_true(speaks_at_age(f, 9));
    assert_true(speaks_at_age(f, 12));
    assert_false(speaks_at_age(f, 13));
    assert_false(speaks_at_age(f, 120));
    q->r.age_max = 119;
    assert_false(speaks_at_age(f, 119));
    assert_false(speaks_at_age(f, 120));
    /* 120 is the adult of unknown age: nobody slips out of [0, 120). */
    q->r.age_max = 120;
    assert_true(speaks_at_age(f, 119));
    assert_true(speaks_at_age(f, 120));
    assert_true(speaks_at_age(f, 255));
    q->r.age_min = 120;
    assert_true(speaks_at_age(f, 120));
    assert_false(speaks_at_age(f, 119));
    q->r.age_min = q->r.age_max = 50;
    assert_false(speaks_at_age(f, 50));
    fixture_free(&f);
}

static void test_subscribers(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = deny(f, "a");

    (void)state;
    q->subscribers = 1U << 5 | 1U << 2;
    assert_int_equal(level(f), COP_LEVEL_DEFAULT_ON); /* nobody knows */
    f->profiles[0].subscribers = 1U << 2;
    assert_int_equal(level(f), COP_LEVEL_DEFAULT_ON);
    f->profiles[0].subscribers = 1U << 3;
    assert_int_equal(level(f), COP_LEVEL_NONE);
    q->subscribers = 0;
    assert_int_equal(level(f), COP_LEVEL_DEFAULT_ON);
    fixture_free(&f);
}

static enum cop_level level_at(struct fixture *f, int64_t now)
{
    struct question q = usual;

    q.now = now;
    return ask(f, q).level;
}

static void test_dates(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = deny(f, "a");

    (void)state;
    q->r.from_unix = NOW;
    q->r.until_unix = NOW + 10;
    assert_int_equal(level_at(f, NOW - 1), COP_LEVEL_NONE);
    assert_int_equal(level_at(f, NOW), COP_LEVEL_DEFAULT_ON);
    assert_int_equal(level_at(f, NOW + 9), COP_LEVEL_DEFAULT_ON);
    assert_int_equal(level_at(f, NOW + 10), COP_LEVEL_NONE);
    fixture_free(&f);
}

static void test_force(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = deny(f, "a");

    (void)state;
    q->r.is_in_force = false;
    assert_int_equal(level(f), COP_LEVEL_NONE);
    q->r.is_in_force = true;
    q->is_inert = true;
    assert_int_equal(level(f), COP_LEVEL_NONE);
    q->is_inert = false;
    assert_int_equal(level(f), COP_LEVEL_DEFAULT_ON);
    fixture_free(&f);
}

static void test_offers(void **state)
{
    static const struct cop_slice accepts[] = {COP_LIT("b"), COP_LIT("a")};
    struct fixture *f = begin();

    (void)state;
    deny(f, "a")->is_offer = true;
    deny(f, "c")->is_offer = true;
    fixture_requirement(f, "b")->is_offer = true;
    assert_int_equal(level(f), COP_LEVEL_NONE);
    f->profiles[0].accepts = accepts;
    f->profiles[0].accepts_n = 2;
    assert_int_equal(level(f), COP_LEVEL_TEMPLATE);
    assert_int_equal(ask(f, usual).requirement, 0);
    f->requirements[0].r.strength = COP_STRENGTH_MANDATORY;
    assert_int_equal(level(f), COP_LEVEL_MANDATORY);
    f->requirements[0].r.lock = COP_LOCK_LOCAL;
    assert_int_equal(level(f), COP_LEVEL_MANDATORY);
    f->requirements[0].r.lock = COP_LOCK_NATIONAL;
    assert_int_equal(level(f), COP_LEVEL_LOCKED_ENTRY);
    fixture_free(&f);
}

static void test_allowing_requirements(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = fixture_requirement(f, "a");
    struct cop_verdict v;

    (void)state;
    q->is_allow = true;
    q->r.categories = catset_of(COP_CAT_MEDIA_VIDEO);
    cop_catset_add(&q->r.categories, COP_CAT_SEXUAL_EDUCATION);
    in_category(f, "videos", COP_CAT_MEDIA_VIDEO);
    v = ask(f, usual);
    assert_int_equal(v.action, COP_ALLOW);
    assert_int_equal(v.level, COP_LEVEL_DEFAULT_ON);
    assert_int_equal(v.category, COP_CAT_MEDIA_VIDEO);
    q->r.strength = COP_STRENGTH_MANDATORY;
    assert_int_equal(level(f), COP_LEVEL_MANDATORY);
    q->r.lock = COP_LOCK_NATIONAL; /* locks lock denials */
    assert_int_equal(level(f), COP_LEVEL_MANDATORY);
    /* Through a protected category it protects, and says that it did. */
    cop_catset_add(&f->lists[0].categories, COP_CAT_SEXUAL_EDUCATION);
    v = ask(f, usual);
    assert_int_equal(v.level, COP_LEVEL_PROTECTED);
    assert_int_equal(v.requirement, 0);
    assert_int_equal(v.category, COP_CAT_SEXUAL_EDUCATION);
    fixture_free(&f);
}

/* A requirement that would block a protected category cannot. */
static void test_protected_stays(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q = fixture_requirement(f, "a");

    (void)state;
    q->r.lock = COP_LOCK_NATIONAL;
    q->r.categories = catset_of(COP_CAT_SAFETY_HELPLINE);
    f->profiles[0].block = catset_of(COP_CAT_SAFETY_HELPLINE);
    make_protected(f);
    assert_int_equal(level(f), COP_LEVEL_PROTECTED);
    assert_int_equal(ask(f, usual).action, COP_ALLOW);
    fixture_free(&f);
}

/* ---- appeals ---- */

static void test_appeal_dates(void **state)
{
    struct fixture *f = begin();
    struct tables_appeal *a = appeal(f, "appeal", "Some court");

    (void)state;
    make_mandatory(f);
    a->from_unix = NOW;
    a->until_unix = NOW + 10;
    assert_int_equal(level_at(f, NOW - 1), COP_LEVEL_MANDATORY);
    assert_int_equal(level_at(f, NOW), COP_LEVEL_APPEAL);
    assert_true(ask(f, usual).until_unix == NOW + 10);
    assert_int_equal(level_at(f, NOW + 9), COP_LEVEL_APPEAL);
    assert_int_equal(level_at(f, NOW + 10), COP_LEVEL_MANDATORY);
    fixture_free(&f);
}

/* Another host of the list stays denied: an appeal is for its object. */
static void test_appeal_object(void **state)
{
    struct fixture *f = begin();
    struct question q = usual;

    (void)state;
    make_locked_entry(f);
    fixture_add(f, 0, ENTRY_HOST, "y.example");
    appeal(f, "appeal", "Authority of entries");
    assert_int_equal(level(f), COP_LEVEL_APPEAL_LOCKED);
    q.host = "y.example";
    assert_int_equal(ask(f, q).level, COP_LEVEL_LOCKED_ENTRY);
    fixture_free(&f);
}

static void test_appeal_against_locks(void **state)
{
    struct fixture *f = begin();
    struct tables_appeal *a = appeal(f, "appeal", "Another authority");

    (void)state;
    make_locked_entry(f);
    assert_int_equal(level(f), COP_LEVEL_LOCKED_ENTRY);
    a->authority = COP_LIT("Authority of entries");
    assert_int_equal(level(f), COP_LEVEL_APPEAL_LOCKED);
    a->of = COP_LIT("locked-entry");
    assert_int_equal(level(f), COP_LEVEL_APPEAL_LOCKED);
    a->of = COP_LIT("no-such-requirement");
    assert_int_equal(level(f), COP_LEVEL_LOCKED_ENTRY);
    a->of = COP_LIT("");
    a->from_unix = NOW + 1;
    assert_int_equal(level(f), COP_LEVEL_LOCKED_ENTRY);
    a->from_unix = NOW;
    /* A second lock, of another authority, stands. */
    make_locked(f);
    assert_int_equal(level(f), COP_LEVEL_LOCKED);
    assert_int_equal(ask(f, usual).action, COP_BLOCK);
    /* Until its own authority takes it back too. */
    appeal(f, "appeal:2", "Authority of terror");
    assert_int_equal(level(f), COP_LEVEL_APPEAL_LOCKED);
    /* One of the same authority, but not the one that was appealed. */
    deny(f, "second")->r.lock = COP_LOCK_NATIONAL;
    f->requirements[2].r.authority = COP_LIT("Authority of entries");
    f->appeals[0].of = COP_LIT("locked-entry");
    assert_int_equal(level(f), COP_LEVEL_LOCKED_ENTRY);
    assert_int_equal(ask(f, usual).requirement, 2);
    fixture_free(&f);
}

/* No authority on either side is no agreement. */
static void test_appeal_of_nobody(void **state)
{
    struct fixture *f = begin();

    (void)state;
    make_locked_entry(f);
    f->requirements[0].r.authority = COP_LIT("");
    appeal(f, "appeal", "");
    assert_int_equal(level(f), COP_LEVEL_LOCKED_ENTRY);
    fixture_free(&f);
}

/* ---- grants and hours ---- */

static void test_grants(void **state)
{
    struct fixture *f = begin();
    struct question q = usual;

    (void)state;
    fixture_profile(f, "adam", 40);
    f->profiles[0].block = catset_of(COP_CAT_MEDIA_VIDEO);
    f->profiles[1].block = catset_of(COP_CAT_MEDIA_VIDEO);
    in_category(f, "videos", COP_CAT_MEDIA_VIDEO);
    grant(f, "grant", 0);
    /* In the bundle, profiles are in order of their names: adam is 0. */
    q.profile = 1;
    assert_int_equal(ask(f, q).level, COP_LEVEL_GRANT);
    assert_true(ask(f, q).until_unix == NOW + 60);
    q.now = NOW + 59;
    assert_int_equal(ask(f, q).level, COP_LEVEL_GRANT);
    q.now = NOW + 60;
    assert_int_equal(ask(f, q).level, COP_LEVEL_LOCAL_DENY);
    q = usual;
    assert_int_equal(ask(f, q).level, COP_LEVEL_LOCAL_DENY);
    f->grants[0].profile = COP_NONE;
    assert_int_equal(ask(f, q).level, COP_LEVEL_GRANT);
    fixture_free(&f);
}

static bool closed_at(struct fixture *f, uint16_t minute)
{
    struct question q = usual;
    struct cop_verdict v;

    q.minute = minute;
    v = ask(f, q);
    assert_int_equal(v.is_scheduled, v.level == COP_LEVEL_CLOSED);
    assert_int_equal(v.is_scheduled, v.action == COP_BLOCK);
    assert_int_equal(v.hit.specificity, 0);
    return v.is_scheduled;
}

static void test_hours(void **state)
{
    static const struct tables_window closed[] = {
        {1200, 1260}, {9900, 420}, {600, 600}, {5000, 10080}};
    struct fixture *f = begin();

    (void)state;
    f->profiles[0].closed = closed;
    f->profiles[0].closed_n = 3;
    assert_false(closed_at(f, 1199));
    assert_true(closed_at(f, 1200));
    assert_true(closed_at(f, 1259));
    assert_false(closed_at(f, 1260));
    assert_false(closed_at(f, 9899));
    assert_true(closed_at(f, 9900));
    assert_true(closed_at(f, 10079));
    assert_true(closed_at(f, 0));
    assert_true(closed_at(f, 419));
    assert_false(closed_at(f, 420));
    assert_false(closed_at(f, 600)); /* from 600 to 600 is no time */
    f->profiles[0].closed_n = 4;
    assert_true(closed_at(f, 10079));
    fixture_free(&f);
}

/* What a parent allows for the day does not stay open at night; a grant, made
 * for a time, and a protected place do. */
static void test_hours_among_others(void **state)
{
    struct fixture *f = begin();

    (void)state;
    make_closed(f);
    make_template(f);
    assert_true(ask(f, usual).is_scheduled);
    make_local_deny(f);
    make_local_allow(f);
    f->profiles[0].permit = catset_of(COP_CAT_MEDIA_VIDEO);
    assert_true(ask(f, usual).is_scheduled);
    assert_int_equal(level(f), COP_LEVEL_CLOSED);
    make_grant(f);
    assert_false(ask(f, usual).is_scheduled);
    assert_int_equal(level(f), COP_LEVEL_GRANT);
    make_protected(f);
    assert_int_equal(level(f), COP_LEVEL_PROTECTED);
    fixture_free(&f);
}

/* ---- only what is listed ---- */

static void test_allow_only_profile(void **state)
{
    struct fixture *f = begin();

    (void)state;
    make_allow_only(f);
    in_category(f, "videos", COP_CAT_MEDIA_VIDEO);
    assert_int_equal(level(f), COP_LEVEL_ALLOW_ONLY);
    assert_int_equal(ask(f, usual).hit.specificity, 0);
    assert_int_equal(ask(f, usual).bundle, 0);
    f->profiles[0].permit = catset_of(COP_CAT_MEDIA_VIDEO);
    assert_int_equal(level(f), COP_LEVEL_LOCAL_ALLOW);
    f->profiles[0].permit = catset_of(COP_CAT_MEDIA_GAMES);
    assert_int_equal(level(f), COP_LEVEL_ALLOW_ONLY);
    grant(f, "grant", 0)->until_unix = NOW;
    assert_int_equal(level(f), COP_LEVEL_ALLOW_ONLY);
    f->grants[0].until_unix = NOW + 1;
    assert_int_equal(level(f), COP_LEVEL_GRANT);
    fixture_free(&f);
}

static void test_allow_only_template(void **state)
{
    struct fixture *f = begin();

    (void)state;
    make_template(f);
    f->templates[0].block = (struct cop_catset){{0, 0}};
    f->templates[0].is_allow_only = true;
    assert_int_equal(level(f), COP_LEVEL_ALLOW_ONLY);
    f->templates[0].allow_only = catset_of(COP_CAT_MEDIA_VIDEO);
    assert_int_equal(level(f), COP_LEVEL_NONE);
    /* Let through, but no more than that. */
    make_default_on(f);
    assert_int_equal(level(f), COP_LEVEL_DEFAULT_ON);
    fixture_free(&f);
}

/* Another profile's list lets nothing through. */
static void test_allow_only_of_another(void **state)
{
    struct fixture *f = begin();
    struct question q = usual;

    (void)state;
    fixture_profile(f, "zoe", 7)->is_allow_only = true;
    make_local_allow(f); /* mia's */
    q.profile = 1;
    assert_int_equal(ask(f, q).level, COP_LEVEL_ALLOW_ONLY);
    assert_int_equal(level(f), COP_LEVEL_LOCAL_ALLOW);
    fixture_free(&f);
}

static void test_allow_only_requirement(void **state)
{
    struct fixture *f = begin();

    (void)state;
    fixture_requirement(f, "only");
    uint32_t first = fixture_own_list(f, "only:1", LIST_ALLOW_ONLY);
    uint32_t second = fixture_own_list(f, "only:2", LIST_ALLOW_ONLY);

    fixture_add(f, first, ENTRY_HOST, "y.example");
    assert_int_equal(level(f), COP_LEVEL_ALLOW_ONLY);
    assert_int_equal(ask(f, usual).requirement, 0);
    assert_int_equal(ask(f, usual).hit.specificity, 0);
    /* What the household allows is not on the nation's list. */
    make_local_allow(f);
    make_grant(f);
    assert_int_equal(level(f), COP_LEVEL_ALLOW_ONLY);
    make_protected(f);
    assert_int_equal(level(f), COP_LEVEL_PROTECTED);
    f->requirements[0].r.age_min = 10;
    assert_int_equal(level(f), COP_LEVEL_PROTECTED);
    f->requirements[0].r.age_min = 0;
    fixture_free(&f);
    f = begin();
    fixture_requirement(f, "only");
    first = fixture_own_list(f, "only:1", LIST_ALLOW_ONLY);
    second = fixture_own_list(f, "only:2", LIST_ALLOW_ONLY);
    fixture_add(f, first, ENTRY_HOST, "y.example");
    fixture_add(f, second, ENTRY_HOST, "x.example");
    assert_int_equal(level(f), COP_LEVEL_NONE);
    f->requirements[0].is_inert = true;
    f->entries[1].text = COP_LIT("z.example");
    assert_int_equal(level(f), COP_LEVEL_NONE);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_subscribers),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_force),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_allowing_requirements),
        cmocka_unit_test(test_protected_stays),
        cmocka_unit_test(test_appeal_dates),
        cmocka_unit_test(test_appeal_object),
        cmocka_unit_test(test_appeal_against_locks),
        cmocka_unit_test(test_appeal_of_nobody),
        cmocka_unit_test(test_grants),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_hours_among_others),
        cmocka_unit_test(test_allow_only_profile),
        cmocka_unit_test(test_allow_only_template),
        cmocka_unit_test(test_allow_only_of_another),
        cmocka_unit_test(test_allow_only_requirement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

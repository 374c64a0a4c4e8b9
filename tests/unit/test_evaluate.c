/* What wins: the whole order of precedence, level by level and inside one,
 * and who speaks at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bundle_fixture.h"

enum { NOW = 100000 };

/* What is asked about a fixture: by default x.example, profile 0, NOW. */
struct question {
    const char *host;
    uint32_t profile;
    int64_t now;
    uint16_t minute;
};

static const struct question usual = {"x.example", 0, NOW, 600};

static struct cop_verdict ask_policy(
    const struct cop_policy *policy, const struct question *q)
{
    static struct cop_class class;
    struct cop_moment moment = {q->now, q->minute};
    struct cop_verdict verdict;
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(q->host), &host), COP_OK);
    cop_classify_host(policy, &host, &class);
    memset(&verdict, 0xa5, sizeof(verdict));
    cop_evaluate(policy, &class, q->profile, &moment, &verdict);
    return verdict;
}

static struct cop_verdict ask(struct fixture *f, struct question q)
{
    struct cop_policy *policy = fixture_policy(f);
    struct cop_verdict verdict = ask_policy(policy, &q);

    cop_policy_free(&policy);
    return verdict;
}

static enum cop_level level(struct fixture *f)
{
    return ask(f, usual).level;
}

static struct fixture *begin(void)
{
    struct fixture *f = fixture_new("evaluate");

    fixture_profile(f, "mia", 9);
    return f;
}

/* A requirement that denies x.example by a list of its own. */
static struct tables_requirement *deny(struct fixture *f, const char *id)
{
    struct tables_requirement *q = fixture_requirement(f, id);

    fixture_add(f, fixture_own_list(f, id, LIST_DENY), ENTRY_HOST, "x.example");
    return q;
}

static struct tables_requirement *allow(struct fixture *f, const char *id)
{
    struct tables_requirement *q = fixture_requirement(f, id);

    fixture_add(
        f, fixture_own_list(f, id, LIST_ALLOW), ENTRY_HOST, "x.example");
    return q;
}

/* A list that puts x.example into a category, once. */
static void in_category(struct fixture *f, const char *list, unsigned category)
{
    fixture_add(
        f, fixture_category(f, list, category), ENTRY_HOST, "x.example");
}

static struct tables_appeal *appeal(
    struct fixture *f, const char *id, const char *authority)
{
    struct tables_appeal *a = &f->appeals[f->t.appeals_n];

    *a = (struct tables_appeal){
        .id = cop_slice_of(id),
        .authority = cop_slice_of(authority),
        .from_unix = INT64_MIN,
        .until_unix = INT64_MAX,
    };
    fixture_add(f, fixture_list(f, id, LIST_APPEAL, (uint32_t)f->t.appeals_n++),
        ENTRY_HOST, "x.example");
    return a;
}

static struct tables_grant *grant(
    struct fixture *f, const char *list, uint32_t profile)
{
    struct tables_grant *g = &f->grants[f->t.grants_n];

    *g = (struct tables_grant){.profile = profile, .until_unix = NOW + 60};
    fixture_add(f, fixture_list(f, list, LIST_GRANT, (uint32_t)f->t.grants_n++),
        ENTRY_HOST, "x.example");
    return g;
}

/* ---- every pair of levels ---- */

static void make_locked_entry(struct fixture *f)
{
    struct tables_requirement *q = deny(f, "locked-entry");

    q->r.lock = COP_LOCK_NATIONAL;
    q->r.authority = COP_LIT("Authority of entries");
}

static void make_protected(struct fixture *f)
{
    in_category(f, "helplines", COP_CAT_SAFETY_HELPLINE);
}

static void make_locked_by(
    struct fixture *f, const char *authority, unsigned category)
{
    struct tables_requirement *q = fixture_requirement(f, authority);

    q->r.lock = COP_LOCK_NATIONAL;
    q->r.authority = cop_slice_of(authority);
    q->r.categories = catset_of(category);
    in_category(f, authority, category);
}

static void make_appeal_locked(struct fixture *f)
{
    make_locked_by(f, "Authority of fraud", COP_CAT_ILLEGAL_FRAUD);
    appeal(f, "appeal:fraud", "Authority of fraud");
}

static void make_locked(struct fixture *f)
{
    make_locked_by(f, "Authority of terror", COP_CAT_ILLEGAL_TERRORISM);
}

static void make_appeal(struct fixture *f)
{
    appeal(f, "appeal:other", "Some court");
}

static void make_mandatory(struct fixture *f)
{
    deny(f, "mandatory")->r.strength = COP_STRENGTH_MANDATORY;
}

static void make_allow_only(struct fixture *f)
{
    f->profiles[0].is_allow_only = true;
}

static void make_grant(struct fixture *f)
{
    grant(f, "grant", 0);
}

static void make_local_allow(struct fixture *f)
{
    fixture_add(f, fixture_list(f, "mia:allow", LIST_PROFILE_ALLOW, 0),
        ENTRY_HOST, "x.example");
}

static void make_local_deny(struct fixture *f)
{
    fixture_add(f, fixture_list(f, "mia:deny", LIST_PROFILE_DENY, 0),
        ENTRY_HOST, "x.example");
}

static void make_template(struct fixture *f)
{
    f->templates[f->t.templates_n++] = (struct tables_template){
        .name = COP_LIT("child"),
        .block = catset_of(COP_CAT_MEDIA_VIDEO),
    };
    f->profiles[0].template_name = COP_LIT("child");
    in_category(f, "videos", COP_CAT_MEDIA_VIDEO);
}

static void make_default_on(struct fixture *f)
{
    deny(f, "default-on");
}

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
    assert_int_equal(v.is_scheduled, v.level == COP_LEVEL_LOCAL_DENY);
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

/* Closed hours are the least specific local deny, and only that. */
static void test_hours_among_others(void **state)
{
    static const struct tables_window always[] = {{0, 10080}};
    struct fixture *f = begin();

    (void)state;
    f->profiles[0].closed = always;
    f->profiles[0].closed_n = 1;
    make_template(f);
    assert_true(ask(f, usual).is_scheduled);
    make_local_deny(f);
    assert_false(ask(f, usual).is_scheduled);
    assert_int_equal(level(f), COP_LEVEL_LOCAL_DENY);
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
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_unknown_profile),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_specific_first),
        cmocka_unit_test(test_narrower_age_first),
        cmocka_unit_test(test_age_before_none),
        cmocka_unit_test(test_deny_first),
        cmocka_unit_test(test_lowest_id_first),
        cmocka_unit_test(test_lowest_rule_first),
        cmocka_unit_test(test_bundle_order),
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

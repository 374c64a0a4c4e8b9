/* The explanation: every statement, in order, the deciding one first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bundle_fixture.h"

enum { STEPS_MAX = 32 };

struct steps {
    unsigned n;
    struct cop_step steps[STEPS_MAX];
};

static void step_keep(void *context, const struct cop_step *step)
{
    struct steps *steps = context;

    assert_true(steps->n < STEPS_MAX);
    steps->steps[steps->n++] = *step;
}

/* Explain a host to a profile; the first step must be the verdict. */
static void explain(const struct cop_policy *policy, const char *text,
    uint32_t profile, struct steps *out)
{
    static struct cop_class class;
    struct cop_moment moment = {1000, 600};
    struct cop_verdict verdict;
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_OK);
    cop_classify_host(policy, &host, &class);
    out->n = 0;
    cop_explain(policy, &class, profile, &moment, step_keep, out);
    cop_evaluate(policy, &class, profile, &moment, &verdict);
    assert_true(out->n > 0);
    const struct cop_step *first = &out->steps[0];

    assert_int_equal(first->level, verdict.level);
    assert_int_equal(first->action, verdict.action);
    assert_int_equal(first->bundle, verdict.bundle);
    assert_int_equal(first->requirement, verdict.requirement);
    assert_int_equal(first->category, verdict.category);
    assert_int_equal(first->hit.rule, verdict.hit.rule);
    assert_int_equal(first->hit.list, verdict.hit.list);
    assert_int_equal(first->hit.specificity, verdict.hit.specificity);
    for (unsigned i = 0; i < out->n; i++) {
        assert_int_equal(out->steps[i].is_deciding, i == 0);
    }
}

static void test_nothing(void **state)
{
    struct fixture *f = fixture_new("nothing");
    struct cop_policy *policy;
    struct steps steps;

    (void)state;
    fixture_profile(f, "mia", 9);
    policy = fixture_policy(f);
    explain(policy, "x.example", 0, &steps);
    assert_int_equal(steps.n, 1);
    assert_int_equal(steps.steps[0].level, COP_LEVEL_NONE);
    explain(policy, "x.example", 1, &steps); /* no such profile */
    assert_int_equal(steps.n, 1);
    assert_int_equal(steps.steps[0].level, COP_LEVEL_LOCKED);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* A household against a nation; the steps in order. */
static void test_order(void **state)
{
    static const enum cop_level expected[] = {COP_LEVEL_MANDATORY,
        COP_LEVEL_CLOSED, COP_LEVEL_LOCAL_ALLOW, COP_LEVEL_LOCAL_DENY,
        COP_LEVEL_DEFAULT_ON, COP_LEVEL_DEFAULT_ON, COP_LEVEL_DEFAULT_ON};
    static const struct tables_window always[] = {{0, 10080}};
    struct fixture *f = fixture_new("order");
    struct tables_profile *mia = fixture_profile(f, "mia", 9);
    struct tables_requirement *q;
    struct cop_policy *policy;
    struct steps steps;
    uint32_t games = fixture_category(f, "games", COP_CAT_MEDIA_GAMES);

    (void)state;
    fixture_add(f, games, ENTRY_DOMAIN, "example");
    mia->block = catset_of(COP_CAT_MEDIA_GAMES);
    mia->closed = always;
    mia->closed_n = 1;
    fixture_add(f, fixture_list(f, "mia:allow", LIST_PROFILE_ALLOW, 0),
        ENTRY_HOST, "x.example");
    static const char *const ids[] = {"d", "c", "b", "a"};

    for (unsigned i = 0; i < 4; i++) {
        q = fixture_requirement(f, ids[i]);
        q->r.categories = catset_of(COP_CAT_MEDIA_GAMES);
    }
    f->requirements[1].r.strength = COP_STRENGTH_MANDATORY;
    policy = fixture_policy(f);
    explain(policy, "x.example", 0, &steps);
    assert_int_equal(steps.n, sizeof(expected) / sizeof(expected[0]));
    for (unsigned i = 0; i < steps.n; i++) {
        assert_int_equal(steps.steps[i].level, expected[i]);
    }
    assert_int_equal(steps.steps[0].requirement, 2);     /* "c" */
    assert_int_equal(steps.steps[1].hit.specificity, 0); /* the hours */
    assert_true(steps.steps[2].hit.specificity != 0);
    assert_int_equal(steps.steps[4].requirement, 0); /* "a", "b", "d" */
    assert_int_equal(steps.steps[5].requirement, 1);
    assert_int_equal(steps.steps[6].requirement, 3);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* A lock that was taken back is told, behind all that still counts. */
static void test_set_aside(void **state)
{
    struct fixture *f = fixture_new("appeal");
    struct tables_requirement *q = fixture_requirement(f, "lock");
    struct cop_policy *policy;
    struct steps steps;

    (void)state;
    q->r.lock = COP_LOCK_NATIONAL;
    fixture_profile(f, "mia", 9);
    fixture_add(
        f, fixture_own_list(f, "lock", LIST_DENY), ENTRY_HOST, "x.example");
    fixture_requirement(f, "weak");
    fixture_add(
        f, fixture_own_list(f, "weak", LIST_DENY), ENTRY_HOST, "x.example");
    f->appeals[f->t.appeals_n++] = (struct tables_appeal){
        .id = COP_LIT("appeal"),
        .authority = q->r.authority,
        .until_unix = INT64_MAX,
    };
    fixture_add(
        f, fixture_list(f, "appeal", LIST_APPEAL, 0), ENTRY_HOST, "x.example");
    policy = fixture_policy(f);
    explain(policy, "x.example", 0, &steps);
    assert_int_equal(steps.n, 3);
    assert_int_equal(steps.steps[0].level, COP_LEVEL_APPEAL_LOCKED);
    assert_int_equal(steps.steps[0].action, COP_ALLOW);
    assert_int_equal(steps.steps[1].level, COP_LEVEL_DEFAULT_ON);
    assert_int_equal(steps.steps[2].level, COP_LEVEL_LOCKED_ENTRY);
    assert_int_equal(steps.steps[2].action, COP_BLOCK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(steps.steps[i].aside, COP_ASIDE_NOTHING);
        assert_int_equal(steps.steps[i].aside_hit.specificity, 0);
    }
    assert_int_equal(steps.steps[2].aside, COP_ASIDE_APPEAL);
    assert_int_equal(steps.steps[2].aside_hit.list, steps.steps[0].hit.list);
    assert_int_equal(steps.steps[2].aside_hit.rule, steps.steps[0].hit.rule);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* An exception is told with what it takes back, and named by its own rule. */
static void test_excepted(void **state)
{
    struct fixture *f = fixture_new("exception");
    struct cop_policy *policy;
    struct steps steps;

    (void)state;
    fixture_requirement(f, "ban");
    fixture_profile(f, "mia", 9);
    fixture_add(
        f, fixture_own_list(f, "ban", LIST_DENY), ENTRY_DOMAIN, "x.example");
    fixture_add(
        f, fixture_own_list(f, "ban#2", LIST_ALLOW), ENTRY_HOST, "a.x.example");
    policy = fixture_policy(f);
    explain(policy, "a.x.example", 0, &steps);
    assert_int_equal(steps.n, 2);
    assert_int_equal(steps.steps[0].action, COP_ALLOW);
    assert_int_equal(steps.steps[0].aside, COP_ASIDE_NOTHING);
    assert_int_equal(steps.steps[1].action, COP_BLOCK);
    assert_int_equal(steps.steps[1].aside, COP_ASIDE_EXCEPTION);
    assert_int_equal(steps.steps[1].aside_hit.list, steps.steps[0].hit.list);
    explain(policy, "b.x.example", 0, &steps);
    assert_int_equal(steps.n, 1);
    assert_int_equal(steps.steps[0].aside, COP_ASIDE_NOTHING);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* ---- rules in words ---- */

static void assert_described(const struct cop_policy *policy, const char *text,
    const char *kind, const char *rule_text)
{
    static struct cop_class class;
    struct cop_host host;
    struct cop_rule rule;

    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_OK);
    cop_classify_host(policy, &host, &class);
    assert_int_equal(class.n, 1);
    cop_rule_describe(policy, &class.hits[0], &host, &rule);
    assert_string_equal(rule.kind, kind);
    assert_true(cop_slice_eq(rule.text, cop_slice_of(rule_text)));
    assert_true(cop_slice_eq(rule.list, COP_LIT("games")));
    assert_true(cop_slice_eq(rule.file, COP_LIT("lists/main.txt")));
    assert_int_equal(rule.bundle, 0);
}

static void test_rules(void **state)
{
    struct fixture *f = fixture_new("rules");
    uint32_t list = fixture_category(f, "games", COP_CAT_MEDIA_GAMES);
    struct cop_policy *policy;
    struct cop_rule rule;
    struct cop_host host;

    (void)state;
    fixture_add(f, list, ENTRY_DOMAIN, "casino.example");
    fixture_add(f, list, ENTRY_BELOW, "bets.test");
    fixture_add(f, list, ENTRY_HOST, "a.b.invalid");
    fixture_add(f, list, ENTRY_HOST, "192.0.2.190");
    fixture_add(f, list, ENTRY_HOST, "2001:db8::1");
    policy = fixture_policy(f);
    assert_described(policy, "casino.example", "domain", "casino.example");
    assert_described(policy, "a.casino.example", "domain", "casino.example");
    assert_described(policy, "a.b.bets.test", "below", "bets.test");
    assert_described(policy, "a.b.invalid", "host", "a.b.invalid");
    assert_described(policy, "192.0.2.190", "address", "192.0.2.190");
    assert_described(policy, "2001:db8::1", "address", "2001:db8::1");
    /* What is no hit is described as nothing. */
    static const struct cop_hit bad[] = {
        {COP_NONE, 0, 0}, {0, 1, COP_SPECIFICITY(COP_MATCH_HOST, 1)}};

    assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
    for (unsigned i = 0; i < 2; i++) {
        cop_rule_describe(policy, &bad[i], &host, &rule);
        assert_string_equal(rule.kind, "none");
        assert_int_equal(rule.text.n, 0);
        assert_int_equal(rule.bundle, COP_NONE);
    }
    cop_policy_free(&policy);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_set_aside),
        cmocka_unit_test(test_excepted),
        cmocka_unit_test(test_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Actions beside allow and block: what a warning or redirection wins against,
 * and what holds whoever decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/bundle/changes.h"
#include "tests/unit/evaluate_fixture.h"

static struct tables_requirement *act(
    struct fixture *f, const char *id, enum cop_action instead)
{
    struct tables_requirement *q = deny(f, id);

    q->instead = instead;
    return q;
}

/* A requirement that changes requests for x.example. */
static struct tables_requirement *modify(
    struct fixture *f, const char *id, const char *value)
{
    struct tables_requirement *q = act(f, id, COP_MODIFY);

    f->changes[f->t.changes_n++] = (struct tables_change){
        .list = (uint32_t)f->t.lists_n - 1,
        .kind = COP_CHANGE_QUERY,
        .name = COP_LIT("safe"),
        .value = cop_slice_of(value),
    };
    return q;
}

static void expect(struct fixture *f, enum cop_action action,
    enum cop_level expected, unsigned beside)
{
    struct cop_verdict verdict = ask(f, usual);

    assert_int_equal(verdict.action, action);
    assert_int_equal(verdict.level, expected);
    assert_int_equal(verdict.beside_n, beside);
    fixture_free(&f);
}

static void warnings_and_redirections_decide(void **state)
{
    struct fixture *f = begin();

    (void)state;
    act(f, "a", COP_WARN);
    expect(f, COP_WARN, COP_LEVEL_DEFAULT_ON, 0);
    f = begin();
    act(f, "a", COP_REDIRECT)->r.strength = COP_STRENGTH_MANDATORY;
    expect(f, COP_REDIRECT, COP_LEVEL_MANDATORY, 0);
    f = begin();
    act(f, "a", COP_REDIRECT)->r.lock = COP_LOCK_NATIONAL;
    make_local_allow(f);
    expect(f, COP_REDIRECT, COP_LEVEL_LOCKED_ENTRY, 0);
}

/* A warning gives way to whatever opens above it, and never opens what would
 * be closed without it. */
static void a_warning_never_opens(void **state)
{
    struct fixture *f = begin();

    (void)state;
    act(f, "a", COP_WARN);
    make_local_allow(f);
    expect(f, COP_ALLOW, COP_LEVEL_LOCAL_ALLOW, 0);
    f = begin();
    act(f, "a", COP_WARN)->r.strength = COP_STRENGTH_MANDATORY;
    make_local_allow(f);
    expect(f, COP_WARN, COP_LEVEL_MANDATORY, 0);
    f = begin();
    act(f, "a", COP_WARN)->r.strength = COP_STRENGTH_MANDATORY;
    make_template(f);
    expect(f, COP_BLOCK, COP_LEVEL_TEMPLATE, 0);
    f = begin();
    act(f, "a", COP_WARN)->r.strength = COP_STRENGTH_MANDATORY;
    act(f, "b", COP_REDIRECT);
    expect(f, COP_REDIRECT, COP_LEVEL_DEFAULT_ON, 0);
    f = begin();
    act(f, "a", COP_WARN);
    make_protected(f);
    expect(f, COP_ALLOW, COP_LEVEL_PROTECTED, 0);
}

static void the_stricter_first_inside_a_level(void **state)
{
    static const enum cop_action order[] = {
        COP_BLOCK, COP_REDIRECT, COP_WARN, COP_ALLOW};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = i + 1; k < 4; k++) {
            struct fixture *f = begin();

            if (order[k] == COP_ALLOW) {
                allow(f, "a");
            } else {
                act(f, "a", order[k]);
            }
            act(f, "b", order[i] == COP_BLOCK ? COP_ALLOW : order[i]);
            expect(f, order[i], COP_LEVEL_DEFAULT_ON, 0);
        }
    }
}

/* Every level decides as it does, with a change beside it. */
static void changes_hold_whoever_decides(void **state)
{
    struct fixture *f = begin();

    (void)state;
    modify(f, "safe", "on");
    expect(f, COP_ALLOW, COP_LEVEL_NONE, 1);
    f = begin();
    modify(f, "safe", "on");
    make_local_allow(f);
    expect(f, COP_ALLOW, COP_LEVEL_LOCAL_ALLOW, 1);
    f = begin();
    modify(f, "safe", "on");
    make_protected(f);
    expect(f, COP_ALLOW, COP_LEVEL_PROTECTED, 1);
    f = begin();
    modify(f, "safe", "on");
    make_grant(f);
    expect(f, COP_ALLOW, COP_LEVEL_GRANT, 1);
    f = begin();
    modify(f, "safe", "on");
    make_default_on(f);
    expect(f, COP_BLOCK, COP_LEVEL_DEFAULT_ON, 1);
    f = begin();
    modify(f, "safe", "on");
    act(f, "w", COP_WARN);
    expect(f, COP_WARN, COP_LEVEL_DEFAULT_ON, 1);
}

/* An exception takes the change back, and opens nothing. */
static void an_exception_of_a_change_opens_nothing(void **state)
{
    struct fixture *f = begin();

    (void)state;
    modify(f, "safe", "on")->r.strength = COP_STRENGTH_MANDATORY;
    fixture_add(
        f, fixture_own_list(f, "but", LIST_ALLOW), ENTRY_HOST, "x.example");
    make_local_deny(f);
    expect(f, COP_BLOCK, COP_LEVEL_LOCAL_DENY, 0);
}

static void the_stronger_change_comes_first(void **state)
{
    struct fixture *f = begin();
    struct cop_policy *policy;
    struct cop_verdict verdict;
    struct cop_change change;

    (void)state;
    modify(f, "a", "mild");
    modify(f, "b", "strict")->r.strength = COP_STRENGTH_MANDATORY;
    policy = fixture_policy(f);
    verdict = ask_policy(policy, &usual);
    assert_int_equal(verdict.beside_n, 2);
    assert_int_equal(cop_policy_changes(policy, verdict.beside[0].hit.list), 1);
    cop_policy_change(policy, verdict.beside[0].hit.list, 0, &change);
    assert_true(cop_slice_eq(change.value, COP_LIT("strict")));
    assert_int_equal(change.kind, COP_CHANGE_QUERY);
    cop_policy_change(policy, verdict.beside[1].hit.list, 0, &change);
    assert_true(cop_slice_eq(change.value, COP_LIT("mild")));
    assert_int_equal(cop_policy_changes(policy, 9999), 0);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* Once a requirement, changes first; never of who looks for help. */
static void alerts_and_marks(void **state)
{
    struct fixture *f = begin();
    struct tables_requirement *q;
    struct cop_verdict verdict;

    (void)state;
    act(f, "m", COP_LOG_ONLY)->r.strength = COP_STRENGTH_MANDATORY;
    q = act(f, "n", COP_ALERT);
    q->r.categories = catset_of(COP_CAT_MEDIA_GAMES);
    in_category(f, "games", COP_CAT_MEDIA_GAMES);
    modify(f, "o", "on");
    verdict = ask(f, usual);
    assert_int_equal(verdict.beside_n, 3);
    assert_int_equal(verdict.beside[0].action, COP_MODIFY);
    assert_int_equal(verdict.beside[1].action, COP_ALERT);
    assert_int_equal(verdict.beside[2].action, COP_LOG_ONLY);
    in_category(f, "help", COP_CAT_SAFETY_HELPLINE);
    verdict = ask(f, usual);
    assert_int_equal(verdict.beside_n, 1);
    assert_int_equal(verdict.beside[0].action, COP_MODIFY);
    fixture_free(&f);
}

/* Beyond the bound the weakest are left out, whatever their order. */
static void as_many_as_there_is_room_for(void **state)
{
    static const char *const ids[] = {
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    struct fixture *f = begin();
    struct cop_verdict verdict;

    (void)state;
    act(f, "0", COP_ALERT)->r.strength = COP_STRENGTH_MANDATORY;
    for (unsigned i = 0; i < 10; i++) {
        struct tables_requirement *q = modify(f, ids[i], "on");

        if (i >= 2) {
            q->r.strength = COP_STRENGTH_MANDATORY;
        }
    }
    verdict = ask(f, usual);
    assert_int_equal(verdict.beside_n, COP_BESIDE_MAX);
    for (unsigned i = 0; i < COP_BESIDE_MAX; i++) {
        assert_int_equal(verdict.beside[i].action, COP_MODIFY);
        assert_int_equal(verdict.beside[i].requirement, 3 + i);
    }
    fixture_free(&f);
}

static void who_it_is_not_about_is_left_alone(void **state)
{
    struct fixture *f = begin();

    (void)state;
    modify(f, "safe", "on")->r.age_min = 10;
    act(f, "w", COP_WARN)->r.until_unix = NOW;
    act(f, "l", COP_ALERT)->is_offer = true;
    act(f, "empty", COP_MODIFY);
    expect(f, COP_ALLOW, COP_LEVEL_NONE, 0);
}

/* ---- what may be set ---- */

static void only_what_is_harmless_is_set(void **state)
{
    static const struct {
        enum cop_change_kind kind;
        const char *name;
        const char *value;
        bool is_sound;
    } rows[] = {
        {COP_CHANGE_QUERY, "safe", "active", true},
        {COP_CHANGE_QUERY, "a.b-c_d~e", "1", true},
        {COP_CHANGE_QUERY, "a&b", "1", false},
        {COP_CHANGE_QUERY, "a", "1&b=2", false},
        {COP_CHANGE_QUERY, "a", "1 HTTP/1.1", false},
        {COP_CHANGE_QUERY, "a", "%41", false},
        {COP_CHANGE_QUERY, "", "1", false},
        {COP_CHANGE_QUERY, "a", "", false},
        {COP_CHANGE_HEADER, "YouTube-Restrict", "Strict", true},
        {COP_CHANGE_HEADER, "X-Tenants", "a.example, b.example", true},
        {COP_CHANGE_HEADER, "X-Tenants", "a\r\nHost: b", false},
        {COP_CHANGE_HEADER, "X-Tenants", " a", false},
        {COP_CHANGE_HEADER, "X-Tenants", "a ", false},
        {COP_CHANGE_HEADER, "X:Y", "a", false},
        {COP_CHANGE_HEADER, "hOST", "a", false},
        {COP_CHANGE_HEADER, "Content-Length", "0", false},
        {COP_CHANGE_HEADER, "transfer-encoding", "chunked", false},
        {COP_CHANGE_HEADER, "Cookie", "a=b", false},
        {COP_CHANGE_ADDRESS, "", "safe.example", true},
        {COP_CHANGE_ADDRESS, "", "Safe.example", false},
        {COP_CHANGE_ADDRESS, "", "127.0.0.1", false},
        {COP_CHANGE_ADDRESS, "a", "safe.example", false},
        {(enum cop_change_kind)7, "a", "b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *flaw = change_flaw(rows[i].kind, cop_slice_of(rows[i].name),
            cop_slice_of(rows[i].value));

        if ((flaw == NULL) != rows[i].is_sound) {
            fail_msg("row %zu: %s", i, flaw != NULL ? flaw : "sound");
        }
    }
    assert_string_equal(cop_change_word(COP_CHANGE_HEADER), "header");
    assert_string_equal(cop_change_word((enum cop_change_kind)7), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings_and_redirections_decide),
        cmocka_unit_test(a_warning_never_opens),
        cmocka_unit_test(the_stricter_first_inside_a_level),
        cmocka_unit_test(changes_hold_whoever_decides),
        cmocka_unit_test(an_exception_of_a_change_opens_nothing),
        cmocka_unit_test(the_stronger_change_comes_first),
        cmocka_unit_test(alerts_and_marks),
        cmocka_unit_test(as_many_as_there_is_room_for),
        cmocka_unit_test(who_it_is_not_about_is_left_alone),
        cmocka_unit_test(only_what_is_harmless_is_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

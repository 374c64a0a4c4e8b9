/* Changing requests: parameters, fields, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/filter/modify.h"
#include "tests/unit/evaluate_fixture.h"

struct change {
    enum cop_change_kind kind;
    const char *name;
    const char *value;
    enum cop_strength strength;
};

/* A policy that changes requests for x.example as told. */
struct bench {
    struct fixture *f;
    struct cop_policy *policy;
    struct cop_verdict verdict;
};

static void bench_init(
    struct bench *bench, const struct change *changes, size_t n)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e"};

    assert_true(n <= sizeof(ids) / sizeof(ids[0]));
    bench->f = begin();
    for (size_t i = 0; i < n; i++) {
        struct tables_requirement *q = deny(bench->f, ids[i]);

        q->instead = COP_MODIFY;
        q->r.strength = changes[i].strength;
        bench->f->changes[bench->f->t.changes_n++] = (struct tables_change){
            .list = (uint32_t)bench->f->t.lists_n - 1,
            .kind = changes[i].kind,
            .name = cop_slice_of(changes[i].name),
            .value = cop_slice_of(changes[i].value),
        };
    }
    bench->policy = fixture_policy(bench->f);
    bench->verdict = ask_policy(bench->policy, &usual);
}

static void bench_fini(struct bench *bench)
{
    cop_policy_free(&bench->policy);
    fixture_free(&bench->f);
}

static void expect_url(
    const struct bench *bench, const char *asked, const char *sent)
{
    struct cop_url url;

    assert_int_equal(cop_url_parse(cop_slice_of(asked), &url), COP_OK);
    assert_int_equal(
        modify_query(bench->policy, &bench->verdict, &url), COP_OK);
    if (!cop_slice_eq(url.text, cop_slice_of(sent))) {
        fail_msg("%s became %.*s", asked, (int)url.text.n, url.text.p);
    }
}

static void parameters_are_set(void **state)
{
    static const struct change changes[] = {
        {COP_CHANGE_QUERY, "safe", "active", COP_STRENGTH_MANDATORY},
        {COP_CHANGE_QUERY, "kp", "1", COP_STRENGTH_DEFAULT_ON},
        {COP_CHANGE_QUERY, "SAFE", "off", COP_STRENGTH_DEFAULT_ON},
    };
    struct bench bench;

    (void)state;
    bench_init(&bench, changes, 3);
    expect_url(
        &bench, "https://x.example/", "https://x.example/?safe=active&kp=1");
    expect_url(
        &bench, "https://x.example/?", "https://x.example/?safe=active&kp=1");
    expect_url(&bench, "https://x.example:8443/a?q=1&kp=-2&safe=off#f",
        "https://x.example:8443/a?q=1&safe=active&kp=1");
    expect_url(&bench, "http://x.example/a?sa%66e=off&%53AFE&q=%26safe=1",
        "http://x.example/a?q=%26safe=1&safe=active&kp=1");
    expect_url(&bench, "http://x.example/a?q=1;safe=off&&z=;",
        "http://x.example/a?&z=;&safe=active&kp=1");
    expect_url(&bench, "http://x.example/a?safety=1&unsafe&safe%20=2",
        "http://x.example/a?safety=1&unsafe&safe%20=2&safe=active&kp=1");
    assert_true(modify_needs_request(bench.policy, &bench.verdict));
    bench_fini(&bench);
}

static void too_long_is_not_sent(void **state)
{
    static const struct change change = {
        COP_CHANGE_QUERY, "safe", "active", COP_STRENGTH_MANDATORY};
    static char text[COP_URL_MAX + 1];
    struct bench bench;
    struct cop_url url;

    (void)state;
    bench_init(&bench, &change, 1);
    memset(text, 'a', sizeof(text) - 2);
    memcpy(text, "https://x.example/", 18);
    assert_int_equal(cop_url_parse(cop_slice_of(text), &url), COP_OK);
    assert_int_equal(
        modify_query(bench.policy, &bench.verdict, &url), COP_E_LIMIT);
    bench_fini(&bench);
}

static void fields_are_ours_alone(void **state)
{
    static const struct change changes[] = {
        {COP_CHANGE_HEADER, "x-restrict", "None", COP_STRENGTH_DEFAULT_ON},
        {COP_CHANGE_HEADER, "X-Restrict", "Strict", COP_STRENGTH_MANDATORY},
    };
    struct http_head head = {.fields_n = 3};
    struct bench bench;
    struct buf extra;

    (void)state;
    bench_init(&bench, changes, 2);
    buf_init(&extra, 256);
    head.fields[0].name = COP_LIT("X-RESTRICT");
    head.fields[1].name = COP_LIT("X-Restricted");
    head.fields[2].name = COP_LIT("x-restrict");
    modify_fields(bench.policy, &bench.verdict, &head, &extra);
    assert_true(
        cop_slice_eq(buf_slice(&extra), COP_LIT("X-Restrict: Strict\r\n")));
    assert_true(head.fields[0].dropped);
    assert_false(head.fields[1].dropped);
    assert_true(head.fields[2].dropped);
    buf_fini(&extra);
    bench_fini(&bench);
}

static void the_stronger_address_is_dialled(void **state)
{
    static const struct change changes[] = {
        {COP_CHANGE_ADDRESS, "", "mild.example", COP_STRENGTH_DEFAULT_ON},
        {COP_CHANGE_ADDRESS, "", "strict.example", COP_STRENGTH_MANDATORY},
    };
    struct bench bench;
    struct cop_host host;

    (void)state;
    bench_init(&bench, changes, 2);
    assert_true(modify_address(bench.policy, &bench.verdict, &host));
    assert_true(cop_slice_eq(cop_host_slice(&host), COP_LIT("strict.example")));
    assert_false(modify_needs_request(bench.policy, &bench.verdict));
    expect_url(&bench, "https://x.example/?a", "https://x.example/?a");
    bench_fini(&bench);
}

static void without_changes_all_stays(void **state)
{
    struct http_head head = {.fields_n = 1};
    struct bench bench;
    struct cop_host host;
    struct buf extra;

    (void)state;
    bench_init(&bench, NULL, 0);
    buf_init(&extra, 256);
    modify_fields(bench.policy, &bench.verdict, &head, &extra);
    assert_int_equal(extra.n, 0);
    assert_false(modify_address(bench.policy, &bench.verdict, &host));
    expect_url(&bench, "https://x.example/?a=b", "https://x.example/?a=b");
    buf_fini(&extra);
    bench_fini(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_set),
        cmocka_unit_test(too_long_is_not_sent),
        cmocka_unit_test(fields_are_ours_alone),
        cmocka_unit_test(the_stronger_address_is_dialled),
        cmocka_unit_test(without_changes_all_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

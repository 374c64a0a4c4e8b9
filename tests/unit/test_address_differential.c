/* The engine against the naive evaluator on rules for servers' addresses: no
 * difference on any mixture of name, address, country and network. */
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
#include "tests/support/naive.h"

enum { ASKED = 60000, AGES = 4 };

static const char folder[] = TESTS_DIR "/support/addresses";
static const struct cop_moment moment = {1795514400, 24 * 60 + 10 * 60};
static const uint8_t ages[AGES] = {3, 9, 17, 120};

static struct {
    struct naive naive;
    struct cop_image image;
    struct cop_bundle *bundle;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    uint32_t engine[AGES], slow[AGES];
} sides;

static void report_print(void *context, const struct cop_finding *finding)
{
    (void)context;
    fprintf(stderr, "%s:%u: %s\n", finding->file != NULL ? finding->file : "-",
        finding->line, finding->what);
}

static int set_up(void **state)
{
    static const char *const sources = folder;
    struct cop_report report = {.emit = report_print};
    struct cop_compile_options options = {.now_unix = moment.unix_time};

    (void)state;
    naive_init(&sides.naive, folder);
    assert_int_equal(
        cop_compile(&sources, 1, &options, &report, &sides.image), COP_OK);
    assert_int_equal(cop_bundle_open_memory(sides.image.bytes, sides.image.n,
                         "addresses", &report, &sides.bundle),
        COP_OK);
    assert_int_equal(
        cop_policy_new(&sides.bundle, 1, &report, &sides.policy), COP_OK);
    assert_int_equal(cop_matcher_new(&sides.matcher), COP_OK);
    for (size_t i = 0; i < AGES; i++) {
        struct cop_subject subject = {.age = ages[i]};
        struct naive_profile profile = {.age = ages[i]};

        assert_int_equal(
            cop_policy_add_subject(sides.policy, &subject, &sides.engine[i]),
            COP_OK);
        sides.slow[i] = naive_add(&sides.naive, &profile);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cop_matcher_free(&sides.matcher);
    cop_policy_free(&sides.policy);
    cop_bundle_drop(&sides.bundle);
    cop_image_free(&sides.image);
    naive_fini(&sides.naive);
    return 0;
}

/* ---- questions ---- */

static uint32_t chance_state = 20261125;

static uint32_t below(uint32_t n)
{
    chance_state = chance_state * 1664525u + 1013904223u;
    return (chance_state >> 8) % n;
}

static const char *const hosts[] = {"a.example", "bad.example",
    "good.bad.example", "x.bad.example", "both.example", "never.example",
    "192.0.2.65", "192.0.2.130", "203.0.113.10", "198.51.100.7",
    "[2001:db8:7::1]", "[2001:db8:9::1]", "10.0.0.1"};

static const char *const networks[] = {"192.0.2.0", "198.51.100.0",
    "203.0.113.0", "[2001:db8:7::]", "[2001:db8:8::]", "[2001:db8:9::]",
    "[2001:db9::]", "10.1.2.0"};

static const char *const countries[] = {"\0", "XA", "XB", "XC", "XD", "XE"};
static const uint32_t numbers[] = {
    0, 64496, 64497, 64498, 4200000000u, 4199999999u};

#define ONE_OF(table) ((table)[below(sizeof(table) / sizeof((table)[0]))])

static struct cop_address any_address(void)
{
    struct cop_address address;
    struct cop_host host;

    assert_int_equal(
        cop_host_parse(cop_slice_of(ONE_OF(networks)), &host), COP_OK);
    assert_true(cop_address_of_host(&host, &address));
    address.bytes[15] = (uint8_t)below(256);
    memcpy(address.country, ONE_OF(countries), 2);
    address.as_number = ONE_OF(numbers);
    return address;
}

/* ---- both answers ---- */

static struct cop_slice requirement_id(const struct cop_verdict *verdict)
{
    struct cop_requirement r;

    if (verdict->requirement == COP_NONE) {
        return COP_LIT("");
    }
    cop_bundle_requirement(cop_policy_bundle(sides.policy, verdict->bundle),
        verdict->requirement, &r);
    return r.id;
}

static void complain(const struct cop_url *url,
    const struct cop_address *address, const struct naive_answer *want,
    const struct cop_verdict *got)
{
    struct cop_slice id = requirement_id(got);

    fprintf(stderr,
        "%s at ...%u, %.2s, %u\n  naive:  %s %s %.*s %s:%.*s\n"
        "  engine: %s %s %.*s\n",
        url->text.p, address->bytes[15], address->country,
        (unsigned)address->as_number, cop_action_word(want->action),
        cop_level_word(want->level), (int)want->requirement.n,
        want->requirement.p, want->rule_kind != NULL ? want->rule_kind : "none",
        (int)want->rule.n, want->rule.p, cop_action_word(got->action),
        cop_level_word(got->level), (int)id.n, id.p);
}

static bool compare(const struct cop_url *url,
    const struct cop_address *address, size_t who, enum cop_level *level)
{
    static struct cop_class class;
    struct naive_answer want;
    struct cop_verdict got;
    struct cop_rule rule = {.kind = "none"};
    bool is_same;

    cop_classify(sides.policy, sides.matcher, url, &class);
    cop_classify_address(sides.policy, address, &class);
    cop_evaluate(sides.policy, &class, sides.engine[who], &moment, &got);
    naive_decide(&sides.naive, url, address, sides.slow[who], &moment, &want);
    *level = got.level;
    is_same = got.action == want.action && got.level == want.level &&
              class.categories.w[0] == want.categories.w[0] &&
              class.categories.w[1] == want.categories.w[1] &&
              cop_slice_eq(requirement_id(&got), want.requirement) &&
              (got.hit.specificity != 0) == (want.rule_kind != NULL);
    if (is_same && want.rule_kind != NULL) {
        cop_rule_describe(sides.policy, &got.hit, &url->host, &rule);
        is_same = strcmp(rule.kind, want.rule_kind) == 0 &&
                  cop_slice_eq(rule.text, want.rule);
    }
    if (!is_same) {
        complain(url, address, &want, &got);
    }
    return is_same;
}

static struct cop_url url;

static void no_difference_on_any_address(void **state)
{
    unsigned levels[COP_LEVEL_NONE + 1] = {0};
    unsigned differences = 0;

    (void)state;
    for (unsigned i = 0; i < ASKED; i++) {
        struct cop_address address = any_address();
        enum cop_level level;
        char text[64];

        snprintf(text, sizeof(text), "http://%s/", ONE_OF(hosts));
        assert_int_equal(cop_url_parse(cop_slice_of(text), &url), COP_OK);
        differences += !compare(&url, &address, below(AGES), &level);
        levels[level]++;
        assert_true(differences < 10);
    }
    assert_int_equal(differences, 0);
    /* The questions must have been worth asking. */
    assert_true(levels[COP_LEVEL_LOCKED_ENTRY] > 100);
    assert_true(levels[COP_LEVEL_PROTECTED] > 100);
    assert_true(levels[COP_LEVEL_MANDATORY] > 100);
    assert_true(levels[COP_LEVEL_ALLOW_ONLY] > 100);
    assert_true(levels[COP_LEVEL_DEFAULT_ON] > 100);
    assert_true(levels[COP_LEVEL_NONE] > 100);
}

/* A test that cannot fail shows nothing: a wrong rule must be noticed. */
static void a_changed_rule_is_noticed(void **state)
{
    struct cop_address address = {
        .bytes = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 1},
        .country = {'X', 'C'}};
    enum cop_level level;
    unsigned changed = 0;

    (void)state;
    assert_int_equal(cop_url_parse(COP_LIT("http://a.example/"), &url), COP_OK);
    assert_true(compare(&url, &address, 1, &level));
    for (size_t i = 0; i < sides.naive.lists_n; i++) {
        struct naive_list *list = &sides.naive.lists[i];

        for (size_t k = 0; k < list->n; k++) {
            struct cop_slice kept = list->rules[k].text;

            if (cop_slice_eq(kept, COP_LIT("XC"))) {
                list->rules[k].text = COP_LIT("XD");
                fputs("the next difference is made on purpose:\n", stderr);
                assert_false(compare(&url, &address, 1, &level));
                list->rules[k].text = kept;
                changed++;
            }
        }
    }
    assert_int_equal(changed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_rule_is_noticed),
        cmocka_unit_test(no_difference_on_any_address),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Policy files: what a place adds of its own, beside a bundle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "cop/decide.h"
#include "tests/unit/findings.h"
#include "tests/unit/sources.h"

enum { NOW = 1795514400 }; /* 2026-11-24T10:00:00Z, a Tuesday */

static const struct cop_compile_options options = {.now_unix = NOW};

/* ---- what is refused ---- */

#define HEAD "policy: 1\nplace: household\n"
#define CHILD "profiles:\n  - {name: child, age: 9}\n"

static void mistakes_have_places(void **state)
{
    static const struct {
        const char *text;
        const char *finding;
    } rows[] = {
        {"place: household\n" CHILD, "p.yaml:1:1 key the key policy"},
        {"policy: 2\nplace: household\n" CHILD, "p.yaml:1:9 value policy"},
        {"policy: 1\n" CHILD, "p.yaml:1:1 key the key place"},
        {"policy: 1\nplace: scool\n" CHILD,
            "p.yaml:2:8 value place cannot be \"scool\"; did you mean school"},
        {HEAD, "p.yaml:1:1 key the key profiles"},
        {HEAD "profile:\n", "p.yaml:3:1 key there is no key profile here; "
                            "did you mean profiles?"},
        {HEAD "profiles: {}\n", "p.yaml:3:11 value profiles should be a list"},
        {HEAD "profiles:\n  - {name: child}\n", "p.yaml:4:5 key the key age"},
        {HEAD "profiles:\n  - {age: 9}\n", "p.yaml:4:5 key the key name"},
        {HEAD "profiles:\n  - {name: child, age: 121}\n", "p.yaml:4:24 value"},
        {HEAD "profiles:\n  - {name: child, age: 9, subscriber: pupil}\n",
            "p.yaml:4:39 value"},
        {HEAD "profiles:\n  - {name: child, age: 9, block: [gamblign]}\n",
            "p.yaml:4:35 L21"},
        {HEAD CHILD "  - {name: child, age: 10}\n",
            "p.yaml:5:5 id there is a profile child already, on line 4"},
        {HEAD "profiles:\n  - {name: child, age: 9, deny: [\"no domain\"]}\n",
            "p.yaml:4:34 list \"no domain\" is no domain"},
        {HEAD "profiles:\n  - {name: child, age: 9, deny_lists: [none.txt]}\n",
            "p.yaml:4:40 io cannot read the list"},
        {HEAD CHILD "grants:\n  - {profile: chidl, object: a.test, by: me, "
                    "until: 2027-01-01}\n",
            "p.yaml:6:15 ref there is no profile chidl"},
        {HEAD CHILD "grants:\n  - {object: a.test, by: me, until: soon}\n",
            "p.yaml:6:37 value until should be a date"},
        {HEAD CHILD "grants:\n  - {object: a.test, by: me}\n",
            "p.yaml:6:5 key the key until"},
        {HEAD "profiles:\n  - {name: child, age: 9, closed: [{from: \"7\", "
              "to: \"8:00\"}]}\n",
            "p.yaml:4:43 value from should be a time of day"},
        {HEAD "profiles:\n  - {name: child, age: 9, closed: [{from: "
              "\"07:00\", to: \"07:00\"}]}\n",
            "p.yaml:4:36 value these hours are empty"},
        {HEAD "profiles:\n  - {name: child, age: 9, closed: [{days: [monday], "
              "from: \"07:00\", to: \"08:00\"}]}\n",
            "p.yaml:4:44 value"},
        {HEAD "profiles:\n  - {name: child, age: 9, closed: [{days: [], "
              "from: \"07:00\", to: \"08:00\"}]}\n",
            "p.yaml:4:43 value these hours are of no day"},
        {HEAD "profiles: []\n", "p.yaml:3:11 value there is no profile"},
        {HEAD "timezone: \"Etc UTC\"\n" CHILD, "p.yaml:3:11 value Etc UTC"},
        {HEAD "place: school\n" CHILD, "p.yaml:3:1 yaml the key place"},
        {"- x\n", "p.yaml:1:1 value"},
        {"", "p.yaml:1:1 value"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct findings findings;
        struct cop_image image = {NULL, 0};

        findings_init(&findings);
        assert_int_equal(
            cop_compile_policy(cop_slice_of(rows[i].text), "/nowhere/p.yaml",
                &options, &findings.report, &image),
            COP_E_CHECK);
        assert_null(image.bytes);
        if (!findings_have(&findings, rows[i].finding)) {
            print_error("row %zu\n%s", i, rows[i].text);
        }
        assert_true(findings_have(&findings, rows[i].finding));
    }
}

static void a_grant_that_is_over_is_a_warning(void **state)
{
    struct findings findings;

    (void)state;
    findings_init(&findings);
    assert_int_equal(
        cop_compile_policy(
            COP_LIT(HEAD CHILD "grants:\n  - {object: a.test, by: me, until: "
                               "2026-11-23}\n"),
            "p.yaml", &options, &findings.report, NULL),
        COP_OK);
    assert_true(findings_have(&findings, "warning p.yaml:6:5 L05"));
    findings_init(&findings);
    assert_int_equal(
        cop_compile_policy(
            COP_LIT(HEAD CHILD "grants:\n  - {object: a.test, by: me, until: "
                               "2026-11-24}\n"),
            "p.yaml", &options, &findings.report, NULL),
        COP_OK);
    assert_string_equal(findings.text, "");
}

static void what_is_blocked_in_vain_is_a_warning(void **state)
{
    struct findings findings;

    (void)state;
    findings_init(&findings);
    assert_int_equal(
        cop_compile_policy(
            COP_LIT(HEAD "profiles:\n  - {name: child, age: 9, block: "
                         "[comm.chat, media.games, safety.helpline], permit: "
                         "[media.games]}\n"),
            "p.yaml", &options, &findings.report, NULL),
        COP_OK);
    assert_true(
        findings_have(&findings, "warning p.yaml:4:34 form media.games"));
    assert_true(
        findings_have(&findings, "warning p.yaml:4:34 form safety.helpline"));
    assert_int_equal(findings.report.warnings, 2);
}

/* ---- what is decided ---- */

#define SOURCES TESTS_DIR "/bad/sources/good"

/* The good sources and a policy file beside them. */
struct place {
    struct findings findings;
    struct cop_image images[2];
    struct cop_bundle *bundles[2];
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_url url;
    struct cop_class class;
    struct cop_verdict verdict;
};

static void place_open(struct place *place, const char *text, const char *file)
{
    static const char *const sources = SOURCES;

    *place = (struct place){.policy = NULL};
    findings_init(&place->findings);
    assert_int_equal(cop_compile(&sources, 1, &options, &place->findings.report,
                         &place->images[0]),
        COP_OK);
    assert_int_equal(cop_compile_policy(cop_slice_of(text), file, &options,
                         &place->findings.report, &place->images[1]),
        COP_OK);
    assert_string_equal(place->findings.text, "");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cop_bundle_open_memory(place->images[i].bytes,
                             place->images[i].n, "b", NULL, &place->bundles[i]),
            COP_OK);
    }
    assert_int_equal(cop_policy_new(place->bundles, 2, &place->findings.report,
                         &place->policy),
        COP_OK);
    assert_int_equal(cop_matcher_new(&place->matcher), COP_OK);
}

static void place_close(struct place *place)
{
    cop_matcher_free(&place->matcher);
    cop_policy_free(&place->policy);
    for (size_t i = 0; i < 2; i++) {
        cop_bundle_drop(&place->bundles[i]);
        cop_image_free(&place->images[i]);
    }
}

/* "block local-deny": what is decided for a profile, a URL and a minute. */
static const char *decide_at(
    struct place *place, const char *profile, const char *url, unsigned minute)
{
    static char words[64];
    const struct cop_moment moment = {NOW, (uint16_t)minute};
    uint32_t index = COP_NONE;

    assert_int_equal(
        cop_policy_profile(place->policy, cop_slice_of(profile), &index),
        COP_OK);
    assert_int_equal(cop_url_parse(cop_slice_of(url), &place->url), COP_OK);
    cop_classify(place->policy, place->matcher, &place->url, &place->class);
    cop_evaluate(place->policy, &place->class, index, &moment, &place->verdict);
    (void)snprintf(words, sizeof(words), "%s %s",
        cop_action_word(place->verdict.action),
        cop_level_word(place->verdict.level));
    return words;
}

static const char *decide(
    struct place *place, const char *profile, const char *url)
{
    return decide_at(place, profile, url, 24 * 60 + 10 * 60);
}

static void profiles_decide_as_written(void **state)
{
    static const char text[] =
        "policy: 1\nplace: household\ntimezone: Etc/UTC\nprofiles:\n"
        "  - name: child\n    age: 9\n    template: child\n"
        "    block: [comm.webmail]\n    permit: [safety.helpline]\n"
        "    allow: [\"https://ok.gambling.test/\"]\n"
        "    deny: [\"*.deny.test\", deny.example/path]\n"
        "  - {name: tiny, age: 4, allow_only: true, allow: [open.test]}\n"
        "  - {name: adult, age: 40}\n"
        "grants:\n"
        "  - {profile: child, object: betting.example, until: "
        "\"2026-11-25T00:00:00Z\", by: parent, reason: homework}\n"
        "never_inspect: {categories: [safety.helpline], hosts: [bank.test]}\n";
    struct place place;

    (void)state;
    place_open(&place, text, "p.yaml");
    assert_string_equal(
        decide(&place, "child", "gambling.test"), "block template");
    assert_string_equal(
        decide(&place, "child", "ok.gambling.test/x"), "allow local-allow");
    assert_string_equal(
        decide(&place, "child", "a.deny.test"), "block local-deny");
    assert_string_equal(decide(&place, "child", "deny.test"), "allow none");
    assert_string_equal(
        decide(&place, "child", "deny.example/path/x"), "block local-deny");
    assert_string_equal(
        decide(&place, "child", "betting.example"), "allow grant");
    assert_string_equal(
        decide(&place, "adult", "betting.example"), "allow none");
    assert_string_equal(
        decide(&place, "tiny", "x.open.test"), "allow local-allow");
    assert_string_equal(
        decide(&place, "tiny", "other.test"), "block allow-only");
    assert_string_equal(
        decide(&place, "tiny", "helpline.example"), "allow protected");
    (void)decide(&place, "adult", "www.bank.test");
    assert_true(cop_policy_never_inspects(place.policy, &place.class));
    (void)decide(&place, "adult", "helpline.example");
    assert_true(cop_policy_never_inspects(place.policy, &place.class));
    (void)decide(&place, "adult", "other.test");
    assert_false(cop_policy_never_inspects(place.policy, &place.class));
    place_close(&place);
}

/* Over midnight, over the end of the week, and every day. */
static void hours_go_over_midnight_and_sunday(void **state)
{
    static const char text[] =
        "policy: 1\nplace: school\nprofiles:\n"
        "  - name: weekend\n    age: 9\n    closed:\n"
        "      - {days: [tue, sun], from: \"20:30\", to: \"07:00\"}\n"
        "  - name: daily\n    age: 9\n    closed:\n"
        "      - {from: \"00:00\", to: \"24:00\"}\n";
    enum { DAY = 24 * 60 };
    static const struct {
        unsigned minute;
        bool is_closed;
    } rows[] = {
        {DAY + 20 * 60 + 29, false},
        {DAY + 20 * 60 + 30, true},
        {2 * DAY, true},
        {2 * DAY + 6 * 60 + 59, true},
        {2 * DAY + 7 * 60, false},
        {6 * DAY + 20 * 60 + 30, true},
        {7 * DAY - 1, true},
        {0, true},
        {6 * 60 + 59, true},
        {7 * 60, false},
    };
    struct place place;

    (void)state;
    place_open(&place, text, "p.yaml");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)decide_at(&place, "weekend", "a.test", rows[i].minute);
        assert_int_equal(place.verdict.is_scheduled, rows[i].is_closed);
        assert_int_equal(
            place.verdict.action, rows[i].is_closed ? COP_BLOCK : COP_ALLOW);
        (void)decide_at(&place, "daily", "a.test", rows[i].minute);
        assert_true(place.verdict.is_scheduled);
    }
    place_close(&place);
}

/* Lists are found beside the policy file. */
static void lists_lie_beside_the_file(void **state)
{
    static const char text[] =
        "policy: 1\nplace: household\nprofiles:\n"
        "  - {name: child, age: 9, deny_lists: [lists/no.txt], "
        "allow_lists: [yes.txt]}\n";
    struct sources_dir dir;
    struct place place;
    char file[128];

    (void)state;
    assert_true(sources_dir_make(&dir));
    assert_true(sources_dir_put(&dir, "lists/no.txt", "no.test\n"));
    assert_true(sources_dir_put(&dir, "yes.txt", "yes.no.test\n"));
    (void)snprintf(file, sizeof(file), "%s/policy.yaml", dir.path);
    place_open(&place, text, file);
    assert_string_equal(
        decide(&place, "child", "a.no.test"), "block local-deny");
    assert_string_equal(
        decide(&place, "child", "yes.no.test"), "allow local-allow");
    place_close(&place);
    sources_dir_remove(&dir);
}

/* A list line that is wrong is told in the list's file. */
static void a_wrong_line_is_told_in_its_list(void **state)
{
    static const char text[] =
        "policy: 1\nplace: household\nprofiles:\n"
        "  - {name: child, age: 9, deny_lists: [no.txt]}\n";
    struct findings findings;
    struct sources_dir dir;
    char file[128];

    (void)state;
    findings_init(&findings);
    assert_true(sources_dir_make(&dir));
    assert_true(sources_dir_put(&dir, "no.txt", "no.test\nno/no\n"));
    (void)snprintf(file, sizeof(file), "%s/policy.yaml", dir.path);
    assert_int_equal(cop_compile_policy(
                         COP_LIT(text), file, &options, &findings.report, NULL),
        COP_E_CHECK);
    assert_true(findings_have(&findings, "error no.txt:2:1 list"));
    sources_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_have_places),
        cmocka_unit_test(a_grant_that_is_over_is_a_warning),
        cmocka_unit_test(what_is_blocked_in_vain_is_a_warning),
        cmocka_unit_test(profiles_decide_as_written),
        cmocka_unit_test(hours_go_over_midnight_and_sunday),
        cmocka_unit_test(lists_lie_beside_the_file),
        cmocka_unit_test(a_wrong_line_is_told_in_its_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

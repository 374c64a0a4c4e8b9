/* The engine against the naive evaluator, over the packs that ship and a
 * household beside them: no difference on more than 100,000 URLs. */
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
#include "tests/support/urls.h"

enum { URLS = 120000, ASKED_EACH = 2, SUBJECTS_MAX = 64 };

static const char packs_folder[] = TESTS_DIR "/../rules/packs";

/* ---- both sides ---- */

static const struct {
    unsigned age;
    const char *subscriber;
    const char *template_name;
    bool accepts;
} subjects[] = {
    {120, "", "", false},
    {120, "", "", true},
    {4, "minor_dedicated_offer", "", true},
    {7, "minor_dedicated_offer", "household-early", true},
    {8, "minor_dedicated_offer", "household-child", true},
    {5, "residential", "household-early", false},
    {9, "residential", "household-child", false},
    {9, "residential", "household-child", true},
    {12, "", "household-preteen", false},
    {15, "mobile_minor_line", "", false},
    {15, "school_pupil", "school-secondary", false},
    {16, "school_pupil", "school-secondary", false},
    {17, "mobile_minor_line", "household-teen", true},
    {18, "mobile_minor_line", "household-teen", true},
    {40, "school_staff", "school-staff", false},
    {0, "library_minor", "school-primary", true},
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

/* A household with everything that one can write down. */
static const char policy_text[] =
    "policy: 1\n"
    "place: household\n"
    "timezone: Etc/UTC\n"
    "profiles:\n"
    "  - name: ada\n"
    "    age: 9\n"
    "    template: household-child\n"
    "    permit: [media.genai, comm.chat]\n"
    "    block: [media.games]\n"
    "    allow: [casino.example, \"https://social.example/a\",\n"
    "      \"*.strangers.example\", over-18.examplia.test,\n"
    "      canary-csam.examplia.test, 192.0.2.1]\n"
    "    deny: [library.example, \"learning.example/a/b\",\n"
    "      childline.examplia.example, .games.example, \"[2001:db8::1]\"]\n"
    "    accepts: [\"cop:req:XX:licence-condition-12:family-filter\"]\n"
    "    closed:\n"
    "      - {days: [mon, tue], from: \"20:30\", to: \"07:00\"}\n"
    "      - {days: [sun], from: \"22:00\", to: \"24:00\"}\n"
    "  - name: ben\n"
    "    age: 5\n"
    "    allow_only: true\n"
    "    permit: [media.video]\n"
    "    allow: [library.example, casino.example]\n"
    "  - name: cai\n"
    "    age: 16\n"
    "    subscriber: school_pupil\n"
    "    template: school-secondary\n"
    "    block: [sexual.education, comm.social]\n"
    "    permit: [comm.social]\n"
    "    deny: [\"meet.examplia.test/x\"]\n"
    "    closed:\n"
    "      - {from: \"00:00\", to: \"01:00\"}\n"
    "grants:\n"
    "  - {profile: ada, object: gambling.test, until: 2026-12-31, by: pa}\n"
    "  - {object: \"social.test/a\", until: \"2026-11-24T12:00:00Z\",\n"
    "     by: ma}\n"
    "  - {profile: ben, object: school.example, until: 2030-01-01, by: pa}\n"
    "never_inspect:\n"
    "  categories: [comm.webmail]\n"
    "  hosts: [library.example]\n";

static const char *const policy_profiles[] = {"ada", "ben", "cai"};

/* Before and after dates of the packs, within and without closed hours. */
static const struct cop_moment moments[] = {
    {1795514400, 24 * 60 + 10 * 60},     /* 2026-11-24 10:00, a Tuesday */
    {1795561200, 24 * 60 + 23 * 60},     /* 2026-11-24 23:00 */
    {1736928000, 2 * 24 * 60 + 8 * 60},  /* 2025-01-15 08:00 */
    {1717200000, 5 * 24 * 60},           /* 2024-06-01, a Saturday */
    {1777852800, 0},                     /* 2026-05-04, the order's first */
    {1777852799, 7 * 24 * 60 - 1},       /* and the second before */
    {2062540799, 5 * 24 * 60 + 23 * 60}, /* 2035-05-11, the order is over */
    {1781481600, 60},                    /* 2026-06-15, the appeal's first */
    {1781481599, 59},
};
enum { MOMENTS = sizeof moments / sizeof moments[0] };

struct sides {
    struct naive naive;
    struct cop_image image;
    struct cop_image policy_image;
    struct cop_bundle *bundles[2];
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_cache *cache;
    struct {
        uint32_t engine, naive;
    } profiles[SUBJECTS_MAX];
    size_t profiles_n;
    unsigned appealed; /* sentences that an appeal set aside, over all */
};

static struct sides sides;

static void add_subject(size_t i)
{
    char name[128] = "";
    struct cop_subject subject = {.age = (uint8_t)subjects[i].age,
        .subscriber = cop_slice_of(subjects[i].subscriber),
        .accepts_offers = subjects[i].accepts};
    struct naive_profile profile = {.age = subject.age,
        .subscriber = subject.subscriber,
        .accepts_all = subject.accepts_offers};

    if (subjects[i].template_name[0] != '\0') {
        snprintf(
            name, sizeof name, "cop:template:%s", subjects[i].template_name);
    }
    subject.template_name = cop_slice_of(name);
    profile.template_name =
        arena_copy(&sides.naive.arena, subject.template_name);
    assert_int_equal(cop_policy_add_subject(sides.policy, &subject,
                         &sides.profiles[sides.profiles_n].engine),
        COP_OK);
    sides.profiles[sides.profiles_n].naive = naive_add(&sides.naive, &profile);
    sides.profiles_n++;
}

static void report_print(void *context, const struct cop_finding *finding)
{
    (void)context;
    fprintf(stderr, "%s:%u: %s\n", finding->file != NULL ? finding->file : "-",
        finding->line, finding->what);
}

static void compile_both(struct cop_report *report)
{
    static const char *const folder = packs_folder;
    struct cop_compile_options options = {.now_unix = moments[0].unix_time};

    assert_int_equal(
        cop_compile(&folder, 1, &options, report, &sides.image), COP_OK);
    assert_int_equal(cop_bundle_open_memory(sides.image.bytes, sides.image.n,
                         "packs", report, &sides.bundles[0]),
        COP_OK);
    assert_int_equal(cop_compile_policy(cop_slice_of(policy_text), "policy",
                         &options, report, &sides.policy_image),
        COP_OK);
    assert_int_equal(
        cop_bundle_open_memory(sides.policy_image.bytes, sides.policy_image.n,
            "policy", report, &sides.bundles[1]),
        COP_OK);
    assert_int_equal(
        cop_policy_new(sides.bundles, 2, report, &sides.policy), COP_OK);
}

/* The naive side reads the profiles in the order in which they are named. */
static void add_policy_profiles(void)
{
    naive_policy(&sides.naive, policy_text);
    for (uint32_t i = 0; i < sizeof policy_profiles / sizeof(char *); i++) {
        assert_int_equal(
            cop_policy_profile(sides.policy, cop_slice_of(policy_profiles[i]),
                &sides.profiles[sides.profiles_n].engine),
            COP_OK);
        sides.profiles[sides.profiles_n++].naive = i;
    }
}

static int set_up(void **state)
{
    struct cop_report report = {.emit = report_print};

    (void)state;
    naive_init(&sides.naive, packs_folder);
    compile_both(&report);
    assert_int_equal(cop_matcher_new(&sides.matcher), COP_OK);
    assert_int_equal(cop_cache_new(4096, &sides.cache), COP_OK);
    add_policy_profiles();
    for (size_t i = 0; i < SUBJECTS; i++) {
        add_subject(i);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cop_cache_free(&sides.cache);
    cop_matcher_free(&sides.matcher);
    cop_policy_free(&sides.policy);
    cop_bundle_drop(&sides.bundles[0]);
    cop_bundle_drop(&sides.bundles[1]);
    cop_image_free(&sides.image);
    cop_image_free(&sides.policy_image);
    naive_fini(&sides.naive);
    return 0;
}

/* ---- one question to both ---- */

struct asked {
    const struct cop_url *url;
    const struct cop_class *class;
    size_t profile;
    size_t moment;
};

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

static void complain(const struct asked *asked, const struct naive_answer *want,
    const struct cop_verdict *got, const struct cop_rule *rule)
{
    struct cop_slice id = requirement_id(got);

    fprintf(stderr,
        "%.*s\n  profile %zu, moment %zu\n"
        "  naive:  %s %s %.*s %s:%.*s\n"
        "  engine: %s %s %.*s %s:%.*s\n",
        (int)asked->url->text.n, asked->url->text.p, asked->profile,
        asked->moment, cop_action_word(want->action),
        cop_level_word(want->level), (int)want->requirement.n,
        want->requirement.p, want->rule_kind != NULL ? want->rule_kind : "none",
        (int)want->rule.n, want->rule.p, cop_action_word(got->action),
        cop_level_word(got->level), (int)id.n, id.p,
        got->hit.specificity != 0 ? rule->kind : "none", (int)rule->text.n,
        rule->text.p);
}

static bool same_sets(struct cop_catset a, struct cop_catset b)
{
    return a.w[0] == b.w[0] && a.w[1] == b.w[1];
}

/* How many sentences of an explanation were set aside, and by what. */
struct asides {
    unsigned n[COP_ASIDE_APPEAL + 1];
};

static void note_aside(void *context, const struct cop_step *step)
{
    struct asides *asides = context;

    assert_int_equal(
        step->aside == COP_ASIDE_NOTHING, step->aside_hit.specificity == 0);
    assert_false(step->is_deciding && step->aside != COP_ASIDE_NOTHING);
    asides->n[step->aside]++;
}

/* Whether as much was set aside as the naive side has it. */
static bool same_asides(
    const struct asked *asked, const struct naive_answer *want)
{
    struct asides got = {{0}};

    cop_explain(sides.policy, asked->class,
        sides.profiles[asked->profile].engine, &moments[asked->moment],
        note_aside, &got);
    sides.appealed += got.n[COP_ASIDE_APPEAL];
    return got.n[COP_ASIDE_EXCEPTION] == want->excepted &&
           got.n[COP_ASIDE_APPEAL] == want->appealed;
}

/* Returns whether both say the same in every respect. */
static bool compare(const struct asked *asked)
{
    struct naive_answer want;
    struct cop_verdict got;
    struct cop_rule rule = {.kind = "none"};
    bool has_rule;
    bool is_same;

    naive_decide(&sides.naive, asked->url, NULL,
        sides.profiles[asked->profile].naive, &moments[asked->moment], &want);
    cop_evaluate(sides.policy, asked->class,
        sides.profiles[asked->profile].engine, &moments[asked->moment], &got);
    has_rule = got.hit.specificity != 0;
    if (has_rule) {
        cop_rule_describe(sides.policy, &got.hit, &asked->url->host, &rule);
    }
    is_same = got.action == want.action && got.level == want.level &&
              same_sets(asked->class->categories, want.categories) &&
              cop_slice_eq(requirement_id(&got), want.requirement) &&
              has_rule == (want.rule_kind != NULL) &&
              cop_policy_never_inspects(sides.policy, asked->class) ==
                  want.never_inspects;
    if (is_same && has_rule) {
        is_same = strcmp(rule.kind, want.rule_kind) == 0 &&
                  cop_slice_eq(rule.text, want.rule);
    }
    is_same = is_same && same_asides(asked, &want);
    if (!is_same) {
        complain(asked, &want, &got, &rule);
    }
    return is_same;
}

static struct cop_url url;

static void no_difference_on_any_url(void **state)
{
    static struct cop_class class;
    static char text[URLS_TEXT_BYTES];
    struct urls urls = {.state = 20261124, .naive = &sides.naive};
    unsigned levels[COP_LEVEL_NONE + 1] = {0};
    unsigned asked_n = 0;
    unsigned refused = 0;
    unsigned differences = 0;

    (void)state;
    while (asked_n < URLS) {
        urls_make(&urls, text);
        if (cop_url_parse(cop_slice_of(text), &url) != COP_OK) {
            refused++;
            continue;
        }
        asked_n++;
        if (asked_n % 2 == 0) {
            cop_classify(sides.policy, sides.matcher, &url, &class);
        } else {
            cop_cache_classify(
                sides.cache, sides.policy, sides.matcher, &url, &class);
        }
        for (unsigned i = 0; i < ASKED_EACH; i++) {
            struct asked asked = {&url, &class,
                urls_below(&urls, sides.profiles_n),
                urls_below(&urls, MOMENTS)};
            struct cop_verdict verdict;

            differences += !compare(&asked);
            cop_evaluate(sides.policy, &class,
                sides.profiles[asked.profile].engine, &moments[asked.moment],
                &verdict);
            levels[verdict.level]++;
        }
        assert_true(differences < 10);
    }
    assert_int_equal(differences, 0);
    /* The URLs must have been worth asking about. */
    assert_true(refused < URLS);
    assert_true(sides.appealed != 0);
    for (unsigned i = 0; i <= COP_LEVEL_NONE; i++) {
        printf("%8u %s\n", levels[i], cop_level_word((enum cop_level)i));
        assert_true(levels[i] != 0);
    }
}

/* A test that cannot fail shows nothing: a wrong rule must be noticed. */
static void a_changed_rule_is_noticed(void **state)
{
    static struct cop_class class;
    struct naive_list *list = NULL;
    struct asked asked = {&url, &class, 9, 0};
    enum naive_kind kept;

    (void)state;
    for (size_t i = 0; i < sides.naive.lists_n; i++) {
        if (cop_slice_eq(sides.naive.lists[i].name,
                COP_LIT("cop:list:canary-gambling-real-money"))) {
            list = &sides.naive.lists[i];
        }
    }
    assert_non_null(list);
    assert_int_equal(
        cop_url_parse(COP_LIT("https://a.casino.example/"), &url), COP_OK);
    cop_classify(sides.policy, sides.matcher, &url, &class);
    assert_true(compare(&asked));
    for (size_t i = 0; i < list->n; i++) {
        if (cop_slice_eq(list->rules[i].text, COP_LIT("casino.example"))) {
            kept = list->rules[i].kind;
            list->rules[i].kind = NAIVE_HOST;
            fputs("the next difference is made on purpose:\n", stderr);
            assert_false(compare(&asked));
            list->rules[i].kind = kept;
        }
    }
    assert_true(compare(&asked));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_rule_is_noticed),
        cmocka_unit_test(no_difference_on_any_url),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* The engine against the naive evaluator, over the packs that ship and a
 * household beside them: no difference on more than 100,000 URLs.
 *
 * The URLs are made from the listed names and bent in every way that has ever
 * fooled a filter: below and beside a name, spelled otherwise, with ports,
 * userinfo, dot segments, percent-encoding, numbers for addresses, and names in
 * other scripts. The seed is fixed, so a difference can be found again. */
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

enum { URLS = 120000, ASKED_EACH = 3, TEXT_BYTES = 1024, SUBJECTS_MAX = 64 };

static const char packs_folder[] = TESTS_DIR "/../rules/packs";

/* ---- chance ---- */

struct chance {
    uint64_t state;
};

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014). */
static uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned chance_below(struct chance *chance, size_t n)
{
    return (unsigned)(chance_next(chance) % n);
}

static bool chance_of(struct chance *chance, unsigned percent)
{
    return chance_below(chance, 100) < percent;
}

static const char *chance_word(
    struct chance *chance, const char *const *words, size_t n)
{
    return words[chance_below(chance, n)];
}

#define CHANCE_WORD(chance, words)                                             \
    chance_word(chance, words, sizeof words / sizeof words[0])

/* ---- URLs ---- */

struct maker {
    struct chance chance;
    const struct naive *naive;
    char host[TEXT_BYTES];
    char path[TEXT_BYTES];
};

static const struct naive_rule *any_rule(struct maker *maker)
{
    for (;;) {
        const struct naive_list *list =
            &maker->naive
                 ->lists[chance_below(&maker->chance, maker->naive->lists_n)];

        if (list->n != 0) {
            return &list->rules[chance_below(&maker->chance, list->n)];
        }
    }
}

/* A listed name, and of a URL rule its path too. */
static void take_listed(struct maker *maker)
{
    const struct naive_rule *rule = any_rule(maker);
    size_t host = 0;

    if (rule->kind == NAIVE_PATTERN) {
        snprintf(maker->host, TEXT_BYTES, "mirror-%u.examplia.test",
            chance_below(&maker->chance, 20000));
        return;
    }
    while (host < rule->text.n && rule->text.p[host] != '/') {
        host++;
    }
    snprintf(maker->host, TEXT_BYTES, "%.*s", (int)host, rule->text.p);
    snprintf(maker->path, TEXT_BYTES, "%.*s", (int)(rule->text.n - host),
        rule->text.p + host);
}

static void take_other(struct maker *maker)
{
    static const char *const hosts[] = {"library.example", "school.example",
        "bank.example", "example.com", "www.example.org", "unlisted.test",
        "examplia.test", "examplia.example", "shared-host.example",
        "www.shared-host.example", "canary.test", "test", "example",
        "b\303\274cher.example", "xn--bcher-kva.example",
        "\331\205\330\253\330\247\331\204.example",
        "\345\233\276\344\271\246\351\246\206.test", "a_b.example", "-.example",
        "localhost", "mirror-.examplia.test", "mirror-12a.examplia.test",
        "xmirror-1.examplia.test"};
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.10",
        "0300.0.2.1", "0xc0.0.02.0x1", "3221225985", "0xC0000201", "192.0.513",
        "192.0.2.1.", "[2001:db8::1]", "[2001:DB8:0:0:0:0:0:1]",
        "[::ffff:192.0.2.1]", "[::1]", "198.51.100.7", "256.0.0.1",
        "1.2.3.4.5"};

    if (chance_of(&maker->chance, 40)) {
        snprintf(maker->host, TEXT_BYTES, "%s",
            CHANCE_WORD(&maker->chance, addresses));
    } else {
        snprintf(
            maker->host, TEXT_BYTES, "%s", CHANCE_WORD(&maker->chance, hosts));
    }
}

/* Below, beside, above the name. */
static void move_host(struct maker *maker)
{
    static const char *const before[] = {"www.", "a.", "a.b.c.", "www.www.",
        "museum.", "not", "x-", "xn--", "help."};
    static const char *const behind[] = {
        ".", "x", ".test", ".example", "-", ".example.com"};
    char bent[TEXT_BYTES];
    char *dot;

    switch (chance_below(&maker->chance, 6)) {
    case 0:
    case 1:
    case 2:
        snprintf(bent, sizeof bent, "%s%.900s",
            CHANCE_WORD(&maker->chance, before), maker->host);
        snprintf(maker->host, TEXT_BYTES, "%s", bent);
        break;
    case 3:
        snprintf(bent, sizeof bent, "%.900s%s", maker->host,
            CHANCE_WORD(&maker->chance, behind));
        snprintf(maker->host, TEXT_BYTES, "%s", bent);
        break;
    case 4:
        dot = strchr(maker->host, '.');
        if (dot != NULL) {
            memmove(maker->host, dot + 1, strlen(dot));
        }
        break;
    default:
        break;
    }
}

/* The same name in other letters: capitals, percent-encoding, full width. */
static void spell_host(struct maker *maker)
{
    char bent[TEXT_BYTES];
    size_t n = 0;

    for (const char *c = maker->host; *c != '\0' && n < 900; c++) {
        unsigned how = chance_below(&maker->chance, 12);
        unsigned char byte = (unsigned char)*c;

        if (how == 0) {
            n += (size_t)snprintf(bent + n, sizeof bent - n, "%%%02X", byte);
        } else if (how == 1 && byte >= 'a' && byte <= 'z') {
            bent[n++] = (char)(byte - 'a' + 'A');
        } else if (how == 2 && byte >= 'a' && byte <= 'z') {
            n += (size_t)snprintf(bent + n, sizeof bent - n, "\357\275%c",
                byte - 'a' + 0x81); /* U+FF41 is "a" in full width */
        } else if (how == 3 && byte == '.') {
            n += (size_t)snprintf(bent + n, sizeof bent - n, "\343\200\202");
        } else {
            bent[n++] = *c;
        }
    }
    snprintf(maker->host, TEXT_BYTES, "%.*s", (int)n, bent);
}

static void make_path(struct maker *maker)
{
    static const char *const paths[] = {"", "/", "/index.html", "/a/b/c",
        "/albums/2026-118", "/albums/2026-11", "/share?id=2026-118",
        "/share?id=2026-1180", "/a/../b", "/%61", "/%2e%2e/x", "//", "/?",
        "/;x", "/\303\274", "/a b", "/%", "/%zz", "/.", "/..",
        "?q=https://casino.example/", "/x#fragment", "#fragment"};
    static const char *const behind[] = {"", "/", "/p/3", "?x", "&x=1", ";v",
        "=", "0", "x", "#f", "/../y", "/.", "%2F", "%3f"};
    static const char *const before[] = {"/x/..", "/.", "/%2e", "/%2E%2E", ""};
    char bent[TEXT_BYTES];

    if (maker->path[0] == '\0' || chance_of(&maker->chance, 15)) {
        snprintf(
            maker->path, TEXT_BYTES, "%s", CHANCE_WORD(&maker->chance, paths));
        return;
    }
    snprintf(bent, sizeof bent, "%s%.800s%s",
        CHANCE_WORD(&maker->chance, before), maker->path,
        CHANCE_WORD(&maker->chance, behind));
    snprintf(maker->path, TEXT_BYTES, "%s", bent);
}

static void make_url(struct maker *maker, char out[TEXT_BYTES * 3])
{
    static const char *const schemes[] = {"https://", "https://", "http://", "",
        "ws://", "wss://", "HTTPS://", "hTTp://", "ftp://"};
    static const char *const users[] = {
        "", "", "", "", "", "", "u@", "casino.example@", "u:p@"};
    static const char *const ports[] = {"", "", "", "", "", "", ":443", ":80",
        ":8443", ":", ":0443", ":65535", ":65536"};

    maker->path[0] = '\0';
    if (chance_of(&maker->chance, 80)) {
        take_listed(maker);
    } else {
        take_other(maker);
    }
    if (chance_of(&maker->chance, 45)) {
        move_host(maker);
    }
    if (chance_of(&maker->chance, 15)) {
        spell_host(maker);
    }
    make_path(maker);
    snprintf(out, TEXT_BYTES * 3, "%s%s%s%s%s",
        CHANCE_WORD(&maker->chance, schemes),
        CHANCE_WORD(&maker->chance, users), maker->host,
        CHANCE_WORD(&maker->chance, ports), maker->path);
}

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

static int set_up(void **state)
{
    static const char *const folder = packs_folder;
    struct cop_compile_options options = {.now_unix = moments[0].unix_time};
    struct cop_report report = {.emit = report_print};

    (void)state;
    naive_init(&sides.naive, packs_folder);
    assert_int_equal(
        cop_compile(&folder, 1, &options, &report, &sides.image), COP_OK);
    assert_int_equal(cop_bundle_open_memory(sides.image.bytes, sides.image.n,
                         "packs", &report, &sides.bundles[0]),
        COP_OK);
    assert_int_equal(
        cop_policy_new(sides.bundles, 1, &report, &sides.policy), COP_OK);
    assert_int_equal(cop_matcher_new(&sides.matcher), COP_OK);
    assert_int_equal(cop_cache_new(4096, &sides.cache), COP_OK);
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

/* Returns whether both say the same in every respect. */
static bool compare(const struct asked *asked)
{
    struct naive_answer want;
    struct cop_verdict got;
    struct cop_rule rule = {.kind = "none"};
    bool has_rule;
    bool is_same;

    naive_decide(&sides.naive, asked->url, sides.profiles[asked->profile].naive,
        &moments[asked->moment], &want);
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
    if (!is_same) {
        complain(asked, &want, &got, &rule);
    }
    return is_same;
}

static struct cop_url url;

static void no_difference_on_any_url(void **state)
{
    static struct cop_class class;
    static char text[TEXT_BYTES * 3];
    struct maker maker = {.chance = {20261124}, .naive = &sides.naive};
    unsigned levels[COP_LEVEL_NONE + 1] = {0};
    unsigned asked_n = 0;
    unsigned refused = 0;
    unsigned differences = 0;

    (void)state;
    while (asked_n < URLS) {
        make_url(&maker, text);
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
                chance_below(&maker.chance, sides.profiles_n),
                chance_below(&maker.chance, MOMENTS)};
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
    for (unsigned i = 0; i <= COP_LEVEL_NONE; i++) {
        printf("%8u %s\n", levels[i], cop_level_word((enum cop_level)i));
    }
}

/* A test that cannot fail shows nothing: a wrong rule must be noticed. */
static void a_changed_rule_is_noticed(void **state)
{
    static struct cop_class class;
    struct naive_list *list = NULL;
    struct asked asked = {&url, &class, 6, 0};
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

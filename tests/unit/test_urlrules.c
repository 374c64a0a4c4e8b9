/* Rules in Adblock syntax in a bundle: the cache keeps requests apart, and
 * what an audit must refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/bundle/urlchoice.h"
#include "tests/unit/adblock_fixture.h"

static struct fixture *some_rules(void)
{
    static const char *const rules[] = {
        "||ads.example/x$script,domain=a.example|b.example|~c.a.example",
        "/banner/*$third-party",
        "/track[0-9]+/$image",
        "@@||ads.example/x/ok$method=get",
    };
    struct fixture *f = fixture_new("adblock");

    fixture_category(f, "ads", COP_CAT_COMMERCE_ADS_TRACKING);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        fixture_adblock(f, 0, rules[i]);
    }
    return f;
}

/* ---- facts and the cache ---- */

enum { RESOURCES = COP_RESOURCE_OTHER + 1 };

static void the_cache_keeps_facts_apart(void **state)
{
    static const char *const sources[] = {
        "a.example", "c.a.example", "ads.example", "other.example"};
    static const char *const methods[] = {"GET", "POST", "get", ""};
    static const char *const urls[] = {"https://ads.example/x",
        "https://ads.example/x/ok", "https://z.example/banner/1"};
    static struct cop_url url;
    static struct cop_class cached;
    static struct cop_class plain;
    struct fixture *f = some_rules();
    struct cop_bundle *bundle = fixture_open(f);
    struct cop_policy *policy = NULL;
    struct cop_matcher *matcher = NULL;
    struct cop_cache *cache = NULL;
    unsigned hits = 0;

    (void)state;
    assert_int_equal(cop_policy_new(&bundle, 1, NULL, &policy), COP_OK);
    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    assert_int_equal(cop_cache_new(4096, &cache), COP_OK);
    for (unsigned i = 0; i < 2 * 3 * 4 * 4 * RESOURCES; i++) { /* twice round */
        unsigned n = i % (3 * 4 * 4 * RESOURCES);
        struct cop_host source;
        struct cop_facts facts = {.source = &source,
            .resource = (enum cop_resource)(n / 48),
            .method = cop_slice_of(methods[n / 12 % 4])};

        assert_int_equal(
            cop_host_parse(cop_slice_of(sources[n / 3 % 4]), &source), COP_OK);
        assert_int_equal(
            cop_url_parse(cop_slice_of(urls[n % 3]), &url), COP_OK);
        cop_cache_classify_request(
            cache, policy, matcher, &url, &facts, &cached);
        cop_classify_request(policy, matcher, &url, &facts, &plain);
        assert_int_equal(cached.n, plain.n);
        hits += plain.n;
    }
    assert_true(hits > 100);
    cop_cache_free(&cache);
    cop_matcher_free(&matcher);
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

/* ---- one flaw each ---- */

enum { FAR = 0x7fffff00 };

#define FIELD(field)                                                           \
    offsetof(struct format_urlrule, field),                                    \
        sizeof(((struct format_urlrule *)NULL)->field)

static const struct {
    enum section_id section;
    uint32_t row;
    size_t at;
    size_t bytes;
    uint32_t value;
    const char *words; /* that the finding has */
} flaws[] = {
    {SECTION_URLRULES, 0, FIELD(text_at), FAR, "text that leaves"},
    {SECTION_URLRULES, 1, FIELD(text_n), 60000, "text that leaves"},
    {SECTION_URLRULES, 0, FIELD(rule), FAR, "lead back"},
    {SECTION_URLRULES, 0, FIELD(rule), 0, "lead back"},
    {SECTION_URLRULES, 0, FIELD(list), 1, "lead back"},
    {SECTION_URLRULES, 0, FIELD(zero), 1, "zeros"},
    {SECTION_URLRULES, 0, FIELD(flags), URLRULE_BADFILTER, "zeros"},
    {SECTION_URLRULES, 2, FIELD(flags), URLRULE_REGEX, "do not fit"},
    {SECTION_URLRULES, 1, FIELD(flags), URLRULE_ANCHOR_HOST, "do not fit"},
    {SECTION_URLRULES, 1, FIELD(flags),
        URLRULE_ANCHOR_HOST | URLRULE_ANCHOR_START, "do not fit"},
    {SECTION_URLRULES, 1, FIELD(flags), URLRULE_ANCHOR_END, "do not fit"},
    {SECTION_URLRULES, 0, FIELD(names), FAR, "names that leave"},
    {SECTION_URLRULES, 0, FIELD(from), 60000, "names that leave"},
    {SECTION_URLRULES, 0, FIELD(not_to), 4, "names that leave"},
    {SECTION_URLRULE_NAMES, 1, 0, 8, 0, "names that leave"},
    {SECTION_URLRULE_KEYS, 0, 4, 4, FAR, "not there"},
    {SECTION_URLRULE_KEYS, 3, 4, 4, 4, "not there"},
    {SECTION_URLRULE_BUCKETS, 0, 0, 4, 1, "first key"},
    {SECTION_URLRULE_BUCKETS, 64, 0, 4, FAR, "last key"},
    {SECTION_URLRULE_BUCKETS, 1, 0, 4, FAR, "ends before"},
};

static void hear(void *context, const struct cop_finding *finding)
{
    snprintf(context, 512, "%s", finding->what);
}

static void every_flaw_is_refused(void **state)
{
    struct fixture *f = some_rules();
    struct cop_bundle *bundle = fixture_open(f);
    unsigned char *bytes = aligned_alloc(64, (f->image.n + 63) / 64 * 64);

    (void)state;
    assert_non_null(bytes);
    cop_bundle_drop(&bundle);
    for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
        char said[512] = "";
        struct cop_report report = {.emit = hear, .context = said};
        const struct format_section *table =
            (const void *)(bytes + sizeof(struct format_header));
        uint64_t value = flaws[i].value;

        memcpy(bytes, f->image.bytes, f->image.n);
        table += flaws[i].section - 1;
        assert_true(flaws[i].row < table->count);
        memcpy(bytes + table->offset + flaws[i].row * table->record_bytes +
                   flaws[i].at,
            &value, flaws[i].bytes);
        assert_int_equal(bundle_digest(bytes, f->image.n,
                             bytes + offsetof(struct format_header, digest)),
            COP_OK);
        if (cop_bundle_open_memory(bytes, f->image.n, "b", &report, &bundle) !=
            COP_E_SYNTAX) {
            fail_msg("flaw %zu is not refused", i);
        }
        if (strstr(said, flaws[i].words) == NULL) {
            fail_msg("flaw %zu: %s", i, said);
        }
    }
    free(bytes);
    fixture_free(&f);
}

/* ---- what rules are found by ---- */

static struct urlrule rule_of(const char *text, uint16_t flags)
{
    return (struct urlrule){.flags = flags, .text = cop_slice_of(text)};
}

static void say_grams(
    struct urlchoice *choice, const struct urlrule *rule, char all[128])
{
    struct urlchoice_grams grams;

    assert_int_equal(urlchoice_count(choice, rule), COP_OK);
    assert_int_equal(urlchoice_make(choice, rule, &grams), COP_OK);
    for (size_t i = 0; i < grams.n; i++) {
        snprintf(all + 5 * i, 6, "%.4s ", (const char *)&grams.p[i]);
    }
}

static void grams_of_rules(void **state)
{
    static const struct {
        const char *text;
        uint16_t flags;
        const char *grams;
    } rows[] = {
        {"zqzq", 0, "zqzq "},
        {"ZQzq", URLRULE_MATCH_CASE, "zqzq "},
        {"zqz*zqy^zq", 0, ""},
        {".com*xyxy", 0, "xyxy "},
        {"/zqzq/", URLRULE_REGEX, "zqzq "},
        {"/(zqzq|xqxq)/", URLRULE_REGEX, "xqxq zqzq "},
        {"/(zqzq|xq)/", URLRULE_REGEX, ""},
        {"/zqzq?/", URLRULE_REGEX, ""},
        {"/zq[zy]q/", URLRULE_REGEX, "zqyq zqzq "},
        {"/zqzq|/", URLRULE_REGEX, ""},
        {"/\\d+/", URLRULE_REGEX, ""},
        {"/(?!zqzq)/", URLRULE_REGEX, ""},
    };
    static struct urlchoice choice;

    (void)state;
    assert_int_equal(urlchoice_init(&choice), COP_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct urlrule rule = rule_of(rows[i].text, rows[i].flags);
        char all[128] = "";

        say_grams(&choice, &rule, all);
        if (strcmp(all, rows[i].grams) != 0) {
            fail_msg("%s: %s", rows[i].text, all);
        }
    }
    urlchoice_fini(&choice);
}

/* Grams of more rules than the table was born with room for. */
static void a_rare_gram_is_preferred(void **state)
{
    static struct urlchoice choice;
    struct urlrule rule = rule_of("0a0ab1b1", 0);
    char all[128] = "";
    char text[32];

    (void)state;
    assert_int_equal(urlchoice_init(&choice), COP_OK);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(text, sizeof(text), "a0ab*%x", i * 2654435761U);
        struct urlrule other = rule_of(text, 0);

        assert_int_equal(urlchoice_count(&choice, &other), COP_OK);
    }
    say_grams(&choice, &rule, all);
    assert_null(strstr(all, "a0ab"));
    assert_int_equal(strlen(all), 5);
    urlchoice_fini(&choice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cache_keeps_facts_apart),
        cmocka_unit_test(every_flaw_is_refused),
        cmocka_unit_test(grams_of_rules),
        cmocka_unit_test(a_rare_gram_is_preferred),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

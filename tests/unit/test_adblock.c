/* Lines in Adblock syntax: what they are read as, what is left out and why,
 * and what hosts alone come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/read/adblock_list.h"
#include "tests/unit/adblock_fixture.h"

static struct adblock line;

static int set_up(void **state)
{
    (void)state;
    adblock_init(&line);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    adblock_fini(&line);
    return 0;
}

static enum adblock_kind kind_of(const char *text)
{
    enum adblock_kind kind;

    assert_int_equal(adblock_read(&line, cop_slice_of(text), &kind), COP_OK);
    return kind;
}

static void hosts_and_nothings(void **state)
{
    static const char *const nothings[] = {"", "  ", "! a comment", "!",
        "!####", "[Adblock Plus 2.0]", "# a comment", "#", "!+ NOT_OPTIMIZED"};
    static const char *const hosts[][2] = {{"||a.example^", "a.example"},
        {"  ||A.Example^ ", "a.example"}, {"||192.0.2.1^", "192.0.2.1"},
        {"||a.example^*", "a.example"}, {"||a.example^$all", "a.example"},
        {"||b\xC3\xBC.example^", "xn--b-eha.example"},
        {"||a.example^$_,__", "a.example"}};

    (void)state;
    for (size_t i = 0; i < sizeof(nothings) / sizeof(nothings[0]); i++) {
        assert_int_equal(kind_of(nothings[i]), ADBLOCK_NOTHING);
    }
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (kind_of(hosts[i][0]) != ADBLOCK_HOST) {
            fail_msg("%s is no host", hosts[i][0]);
        }
        assert_string_equal(line.host.text, hosts[i][1]);
    }
}

struct row {
    const char *text;
    const char *pattern;
    const char *from;
    const char *to;
    unsigned flags; /* parties apart: both, unless one is named */
};

enum {
    HOST = URLRULE_ANCHOR_HOST,
    START = URLRULE_ANCHOR_START,
    END = URLRULE_ANCHOR_END,
    BOTH = URLRULE_FIRST_PARTY | URLRULE_THIRD_PARTY
};

static const struct row rules[] = {
    {"/ads/*", "/ads/", "", "", BOTH},
    {"*/ADS/**x*", "/ads/*x", "", "", BOTH},
    {"/Ads$match-case", "/Ads", "", "", BOTH | URLRULE_MATCH_CASE},
    {"||A.example/Ads$match-case", "||a.example/Ads", "", "",
        BOTH | HOST | URLRULE_MATCH_CASE},
    {"||a.example^$script", "||a.example^", "", "",
        BOTH | HOST | URLRULE_HOST_ONLY},
    {"@@||a.example^", "||a.example^", "", "",
        BOTH | HOST | URLRULE_HOST_ONLY | URLRULE_EXCEPTION},
    {"||a.example^|", "||a.example^|", "", "", BOTH | HOST | END},
    {"|https://x|", "|https://x|", "", "", BOTH | START | END},
    {"||*x", "x", "", "", BOTH},
    {"x*|", "x", "", "", BOTH},
    {"x$third-party", "x", "", "", URLRULE_THIRD_PARTY},
    {"x$~3p", "x", "", "", URLRULE_FIRST_PARTY},
    {"x$important,1p", "x", "", "", URLRULE_FIRST_PARTY | URLRULE_IMPORTANT},
    {"x$domain=B.example|~c.b.example|a.example|a.example", "x",
        "a.example|b.example|~c.b.example", "", BOTH},
    {"x$denyallow=b.example,to=a.example", "x", "", "a.example|~b.example",
        BOTH},
    {"x$domain=B.*|~c.b.*|a.example", "x", "a.example|b.*|~c.b.*", "",
        BOTH | URLRULE_ENTITIES},
    {"x$denyallow=b.*", "x", "", "~b.*", BOTH | URLRULE_ENTITIES},
    {"x$domain=~127.0.0.1|~[::1]", "x", "~127.0.0.1|~::1", "", BOTH},
    {"x$strict1p", "x", "", "", BOTH | URLRULE_SAME_HOST},
    {"x$~strict1p", "x", "", "", BOTH | URLRULE_OTHER_HOST},
    {"*$strict3p", "", "", "", BOTH | URLRULE_OTHER_HOST},
    {"x$script,redirect=noop.js:10", "x", "", "", BOTH},
    {"x$popup,image", "x", "", "", BOTH},
    {"x$~popup", "x", "", "", BOTH},
    {"x$reason=spam", "x", "", "", BOTH},
    {"*$from=a.example", "", "a.example", "", BOTH},
    {"/a[db]s\\/x$/", "/a[db]s\\/x$/", "", "", BOTH | URLRULE_REGEX},
    {"/ads/$image", "/ads/", "", "", BOTH | URLRULE_REGEX},
    {"/ads$", "/ads$", "", "", BOTH},
    {"/price=$5.00/x", "/price=$5.00/x", "", "", BOTH},
    {"/caf\xC3\xA9/", "/caf\xC3\xA9/", "", "", BOTH | URLRULE_REGEX},
    {"caf\xC3\xA9/x", "caf%c3%a9/x", "", "", BOTH},
    {"||b\xC3\xBC.example/X", "||xn--b-eha.example/x", "", "", BOTH | HOST},
};

static void rules_in_canonical_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct row *row = &rules[i];
        struct urlrule rule;

        if (kind_of(row->text) != ADBLOCK_RULE ||
            !urlrule_unpack(buf_slice(&line.packed), &rule)) {
            fail_msg("%s is no rule", row->text);
        }
        if (!cop_slice_eq(rule.text, cop_slice_of(row->pattern)) ||
            !cop_slice_eq(rule.from, cop_slice_of(row->from)) ||
            !cop_slice_eq(rule.to, cop_slice_of(row->to)) ||
            rule.flags != row->flags) {
            fail_msg("%s: \"%.*s\" from \"%.*s\" to \"%.*s\" flags %x",
                row->text, (int)rule.text.n, rule.text.p, (int)rule.from.n,
                rule.from.p, (int)rule.to.n, rule.to.p, rule.flags);
        }
    }
}

static void what_is_too_long(void **state)
{
    char text[1026];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(kind_of(text), ADBLOCK_LEFT_OUT);
    assert_int_equal(line.reason, ADBLOCK_LONG);
    text[1024] = '\0';
    assert_int_equal(kind_of(text), ADBLOCK_RULE);
}

static void what_is_left_out(void **state)
{
    static const struct {
        const char *text;
        enum adblock_reason reason;
    } rows[] = {
        {"##.banner", ADBLOCK_COSMETIC},
        {"a.example#@#.banner", ADBLOCK_COSMETIC},
        {"a.example#?#div:has(p)", ADBLOCK_COSMETIC},
        {"a.example#$?#body { padding: 0 }", ADBLOCK_COSMETIC},
        {"a.example$$script[tag-content=\"x\"]", ADBLOCK_COSMETIC},
        {"a.example##+js(x, y)", ADBLOCK_SCRIPTLET},
        {"a.example#%#window.x = 1;", ADBLOCK_SCRIPTLET},
        {"!#if env_mobile", ADBLOCK_DIRECTIVE},
        {"@@||a.example^$generichide", ADBLOCK_PAGE},
        {"||a.example^$removeparam=utm", ADBLOCK_REWRITE},
        {"||a.example^$csp=script-src 'none'", ADBLOCK_REWRITE},
        {"||a.example/x$redirect-rule=noop.js", ADBLOCK_REWRITE},
        {"@@||a.example/x$redirect=noop.js", ADBLOCK_REWRITE},
        {"||a.example^$popup,third-party", ADBLOCK_POPUP},
        {"||a.example^$inline-script", ADBLOCK_REWRITE},
        {"||a.example^$~redirect", ADBLOCK_OPTION},
        {"||a.example^$app=browser", ADBLOCK_CONDITION},
        {"||a.example^$nobody-knows", ADBLOCK_OPTION},
        {"||a.example^$method=brew", ADBLOCK_OPTION},
        {"||a.example^$~important", ADBLOCK_OPTION},
        {"x$domain=.*", ADBLOCK_NAMES},
        {"x$domain=*", ADBLOCK_NAMES},
        {"x$domain=*.a.example", ADBLOCK_NAMES},
        {"x$domain=a*.example", ADBLOCK_NAMES},
        {"x$domain=192.0.2.*", ADBLOCK_NAMES},
        {"x$domain=/a\\.example/", ADBLOCK_NAMES},
        {"x$domain=", ADBLOCK_NAMES},
        {"/(unclosed/", ADBLOCK_REGEX},
        {"/x*/", ADBLOCK_REGEX},
        {"*", ADBLOCK_EMPTY},
        {"||", ADBLOCK_EMPTY},
        {"@@*", ADBLOCK_EMPTY},
        {"0.0.0.0 a.example", ADBLOCK_TEXT},
        {"/ads\x01", ADBLOCK_TEXT},
        {"/ads\xFF", ADBLOCK_TEXT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (kind_of(rows[i].text) != ADBLOCK_LEFT_OUT) {
            fail_msg("%s is not left out", rows[i].text);
        }
        if (line.reason != rows[i].reason) {
            fail_msg("%s is left out because such rules %s", rows[i].text,
                adblock_reason_words(line.reason));
        }
    }
}

/* ---- whole lists ---- */

struct heard {
    unsigned taken;
    unsigned notes;
    bool is_full;
    char last[512];
};

static bool take(void *context, enum entry_object object, struct cop_slice text,
    uint32_t number)
{
    struct heard *heard = context;

    (void)object;
    (void)text;
    (void)number;
    heard->taken++;
    return !heard->is_full;
}

static void hear(void *context, const struct cop_finding *finding)
{
    struct heard *heard = context;

    assert_int_equal(finding->severity, COP_NOTE);
    heard->notes++;
    snprintf(heard->last, sizeof(heard->last), "%s", finding->what);
}

static enum cop_status read_list(
    const char *const *texts, size_t n, struct heard *heard)
{
    struct fact_entry entries[16] = {{.text = {NULL, 0}}};
    struct fact_list list = {
        .format = LIST_ADBLOCK, .entries = entries, .entries_n = n};
    struct list_sink sink = {.take = take, .context = heard};
    struct cop_report report = {.emit = hear, .context = heard};
    struct list_bytes bytes;

    for (size_t i = 0; i < n; i++) {
        entries[i].text = cop_slice_of(texts[i]);
        entries[i].place.line = (uint32_t)i + 1;
    }
    return adblock_list_read(&list, &sink, &report, &bytes);
}

static void nothing_is_dropped_unsaid(void **state)
{
    static const char *const texts[] = {"! x", "||a.example^", "##.one",
        "##.two\x7F", "x$app=y", "||a.example/x"};
    struct heard heard = {0};

    (void)state;
    assert_int_equal(read_list(texts, 6, &heard), COP_OK);
    assert_int_equal(heard.taken, 2);
    assert_int_equal(heard.notes, 3);
}

static void a_badfilter_removes_its_twins(void **state)
{
    static const char *const texts[] = {"||a.example^", "||b.example^",
        "||a.example^$badfilter", "/x^$script,domain=b.example|a.example",
        "/x^$script", "/x^$badfilter,domain=a.example|b.example,script",
        "@@/x^$script,badfilter"};
    struct heard heard = {0};

    (void)state;
    assert_int_equal(read_list(texts, 7, &heard), COP_OK);
    assert_int_equal(heard.taken, 2);
    assert_int_equal(heard.notes, 1);
    assert_string_equal(
        heard.last, "2 rules are left out because a badfilter names them");
}

static void a_full_sink_ends_reading(void **state)
{
    static const char *const texts[] = {"||a.example^", "||b.example^"};
    struct heard heard = {.is_full = true};

    (void)state;
    assert_int_equal(read_list(texts, 2, &heard), COP_E_NOMEM);
    assert_int_equal(heard.taken, 1);
}

/* ---- hosts alone ---- */

struct asked {
    bool is_hit, needs_url, may_spare, is_spared;
};

static struct asked ask_host(const char *const *texts, const char *name)
{
    static struct cop_class class;
    struct fixture *f = fixture_new("adblock");
    struct cop_bundle *bundle;
    struct cop_policy *policy = NULL;
    struct cop_host host;
    struct asked asked;

    fixture_category(f, "ads", COP_CAT_COMMERCE_ADS_TRACKING);
    for (; *texts != NULL; texts++) {
        fixture_adblock(f, 0, *texts);
    }
    bundle = fixture_open(f);
    assert_int_equal(cop_policy_new(&bundle, 1, NULL, &policy), COP_OK);
    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    cop_classify_host(policy, &host, &class);
    asked.is_hit = class.n != 0;
    asked.needs_url = class.needs_url;
    asked.may_spare = class.may_spare;
    if (asked.is_hit) {
        assert_int_equal(
            class.hits[0].specificity, COP_SPECIFICITY(COP_MATCH_DOMAIN, 2));
    }
    cop_class_spare(policy, &host, &class);
    asked.is_spared = class.n == 0 && cop_catset_empty(class.categories);
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
    return asked;
}

static void hosts_alone(void **state)
{
    static const char *const plain[] = {"||ads.example^", NULL};
    static const char *const lifted[] = {
        "||ads.example^", "@@||ok.ads.example^", NULL};
    static const char *const spared[] = {
        "||ads.example^", "@@||ads.example/ok$script", NULL};
    static const char *const typed[] = {"||ads.example^$script", NULL};
    static const char *const anywhere[] = {"||ads.example^", "/x/*", NULL};
    struct asked asked = ask_host(plain, "a.ads.example");

    (void)state;
    assert_true(asked.is_hit && !asked.needs_url && !asked.may_spare);
    assert_false(asked.is_spared);
    asked = ask_host(plain, "sads.example");
    assert_true(!asked.is_hit && !asked.needs_url);
    asked = ask_host(lifted, "x.ok.ads.example");
    assert_true(!asked.is_hit && asked.needs_url && !asked.may_spare);
    asked = ask_host(lifted, "ads.example");
    assert_true(asked.is_hit && !asked.needs_url);
    asked = ask_host(spared, "ads.example");
    assert_true(asked.is_hit && asked.needs_url && asked.may_spare);
    assert_true(asked.is_spared);
    asked = ask_host(typed, "ads.example");
    assert_true(!asked.is_hit && asked.needs_url);
    asked = ask_host(anywhere, "other.example");
    assert_true(!asked.is_hit && asked.needs_url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_nothings),
        cmocka_unit_test(rules_in_canonical_form),
        cmocka_unit_test(what_is_left_out),
        cmocka_unit_test(what_is_too_long),
        cmocka_unit_test(nothing_is_dropped_unsaid),
        cmocka_unit_test(a_badfilter_removes_its_twins),
        cmocka_unit_test(a_full_sink_ends_reading),
        cmocka_unit_test(hosts_alone),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Which rules match which URLs, and what a class says about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/decide/pattern.h"
#include "tests/unit/bundle_fixture.h"

/* One policy, its matcher, and the last class made with them. */
struct bench {
    struct fixture *f;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_class class;
};

static void bench_open(struct bench *b, struct fixture *f)
{
    b->f = f;
    b->policy = fixture_policy(f);
    b->matcher = NULL;
    assert_int_equal(cop_matcher_new(&b->matcher), COP_OK);
}

static void bench_close(struct bench *b)
{
    cop_matcher_free(&b->matcher);
    cop_policy_free(&b->policy);
    fixture_free(&b->f);
}

static void parse(const char *text, struct cop_url *url)
{
    if (cop_url_parse(cop_slice_of(text), url) != COP_OK) {
        fail_msg("not a URL: %s", text);
    }
}

static const struct cop_class *classify(struct bench *b, const char *text)
{
    static struct cop_url url;

    parse(text, &url);
    memset(&b->class, 0xa5, sizeof(b->class));
    cop_classify(b->policy, b->matcher, &url, &b->class);
    assert_false(b->class.needs_url);
    return &b->class;
}

/* Whether a rule of this kind and text is all that matches a URL. */
static bool matches(enum entry_object object, const char *rule, const char *url)
{
    struct bench b;
    struct fixture *f = fixture_new("one");
    bool is_hit;

    fixture_add(
        f, fixture_category(f, "list", COP_CAT_MEDIA_GAMES), object, rule);
    bench_open(&b, f);
    is_hit = classify(&b, url)->n != 0;
    assert_int_equal(
        cop_catset_has(b.class.categories, COP_CAT_MEDIA_GAMES), is_hit);
    bench_close(&b);
    return is_hit;
}

struct match_case {
    enum entry_object object;
    const char *rule;
    const char *url;
    bool is_hit;
};

static const struct match_case cases[] = {
    /* names */
    {ENTRY_HOST, "casino.example", "https://casino.example/", true},
    {ENTRY_HOST, "casino.example", "http://CASINO.example.:8080/x", true},
    {ENTRY_HOST, "casino.example", "https://www.casino.example/", false},
    {ENTRY_HOST, "casino.example", "https://xcasino.example/", false},
    {ENTRY_HOST, "casino.example", "https://example/", false},
    {ENTRY_DOMAIN, "casino.example", "https://casino.example/", true},
    {ENTRY_DOMAIN, "casino.example", "https://a.b.casino.example/", true},
    {ENTRY_DOMAIN, "casino.example", "https://notcasino.example/", false},
    {ENTRY_DOMAIN, "casino.example", "https://casino.example.test/", false},
    {ENTRY_DOMAIN, "casino.example", "https://example/", false},
    {ENTRY_DOMAIN, "example", "https://casino.example/", true},
    {ENTRY_DOMAIN, "a.b.c.d.e.example", "https://b.c.d.e.example/", false},
    {ENTRY_BELOW, "casino.example", "https://casino.example/", false},
    {ENTRY_BELOW, "casino.example", "https://www.casino.example/", true},
    {ENTRY_BELOW, "casino.example", "https://a.b.casino.example/", true},
    /* addresses */
    {ENTRY_HOST, "192.0.2.1", "http://192.0.2.1/", true},
    {ENTRY_HOST, "192.0.2.1", "http://0300.0.0x2.1/", true},
    {ENTRY_HOST, "192.0.2.1", "http://[::ffff:192.0.2.1]/", true},
    {ENTRY_HOST, "192.0.2.1", "http://2.192.0.2.1.example/", false},
    {ENTRY_HOST, "192.0.2.1", "http://192.0.2.11/", false},
    {ENTRY_DOMAIN, "192.0.2.1", "http://192.0.2.1/", true},
    {ENTRY_BELOW, "192.0.2.1", "http://192.0.2.1/", false},
    {ENTRY_DOMAIN, "2.1", "http://192.0.2.1/", false},
    {ENTRY_HOST, "2001:db8::1", "http://[2001:DB8:0::1]/", true},
    {ENTRY_HOST, "2001:db8::1", "http://[2001:db8::2]/", false},
    /* URL prefixes: where they end */
    {ENTRY_URL, "s.example/a", "https://s.example/a", true},
    {ENTRY_URL, "s.example/a", "https://s.example/a/b", true},
    {ENTRY_URL, "s.example/a", "https://s.example/a?b", true},
    {ENTRY_URL, "s.example/a", "https://s.example/a;v=1", true},
    {ENTRY_URL, "s.example/a", "https://s.example/a&b", true},
    {ENTRY_URL, "s.example/a", "https://s.example/a=b", true},
    {ENTRY_URL, "s.example/a", "https://s.example/ab", false},
    {ENTRY_URL, "s.example/a", "https://s.example/a.html", false},
    {ENTRY_URL, "s.example/a", "https://s.example/A", false},
    {ENTRY_URL, "s.example/a", "https://s.example/", false},
    {ENTRY_URL, "s.example/a", "https://s.example/x/../a#part", true},
    {ENTRY_URL, "s.example/a/", "https://s.example/a/b", true},
    {ENTRY_URL, "s.example/a/", "https://s.example/a", false},
    {ENTRY_URL, "s.example/a?", "https://s.example/a?q", true},
    {ENTRY_URL, "s.example/a?q=", "https://s.example/a?q=1", true},
    {ENTRY_URL, "s.example/a?q=1", "https://s.example/a?q=12", false},
    {ENTRY_URL, "s.example/a?q=1", "https://s.example/a?q=1&r", true},
    {ENTRY_URL, "s.example/a;", "https://s.example/a;v", true},
    {ENTRY_URL, "s.example/a&", "https://s.example/a&v", true},
    {ENTRY_URL, "s.example/", "https://s.example/a", true},
    {ENTRY_URL, "s.example", "https://s.example/a", true},
    /* URL prefixes: hosts */
    {ENTRY_URL, "s.example/a", "https://www.s.example/a", true},
    {ENTRY_URL, "s.example/a", "https://www.www.s.example/a", false},
    {ENTRY_URL, "s.example/a", "https://ww.s.example/a", false},
    {ENTRY_URL, "s.example/a", "https://wwws.example/a", false},
    {ENTRY_URL, "s.example/a", "https://t.s.example/a", false},
    {ENTRY_URL, "www.s.example/a", "https://www.s.example/a", true},
    {ENTRY_URL, "www.s.example/a", "https://s.example/a", false},
    {ENTRY_URL, "www.s.example/a", "https://www.www.s.example/a", true},
    {ENTRY_URL, "192.0.2.1/a", "http://192.0.2.1/a", true},
    {ENTRY_URL, "[2001:db8::1]/a", "http://[2001:db8::1]/a", true},
    {ENTRY_URL, "[2001:db8::1]:81/a", "http://[2001:db8::1]:81/a", true},
    {ENTRY_URL, "[2001:db8::1]/a", "http://[2001:db8::1]:81/a", false},
    {ENTRY_URL, "example/a", "https://www.example/a", true},
    /* URL prefixes: schemes and ports */
    {ENTRY_URL, "s.example/a", "http://s.example/a", true},
    {ENTRY_URL, "s.example/a", "wss://s.example/a", true},
    {ENTRY_URL, "s.example/a", "http://s.example:443/a", true},
    {ENTRY_URL, "s.example/a", "https://s.example:8443/a", false},
    {ENTRY_URL, "s.example:8443/a", "https://s.example:8443/a", true},
    {ENTRY_URL, "s.example:8443/a", "http://www.s.example:8443/a", true},
    {ENTRY_URL, "s.example:8443/a", "https://s.example/a", false},
    {ENTRY_URL, "s.example:9080/a", "https://s.example:9080/a", true},
    {ENTRY_URL, "s.example:65535/a", "https://s.example:65535/a", true},
    {ENTRY_URL, "s9.example/a", "https://s9.example/a", true},
    {ENTRY_URL, "x0/a", "https://x0/a", true},
    {ENTRY_URL, "s.example:443/a", "https://s.example/a", true},
    {ENTRY_URL, "s.example:443/a", "http://s.example/a", false},
    /* patterns */
    {ENTRY_PATTERN, "mirror-\\d+\\.", "https://mirror-12.example/", true},
    {ENTRY_PATTERN, "mirror-\\d+\\.", "https://mirror-x.example/", false},
    {ENTRY_PATTERN, "MIRROR", "https://mirror-1.example/", true},
    {ENTRY_PATTERN, "^https://", "http://mirror-1.example/", false},
    {ENTRY_PATTERN, "\\?id=7$", "https://a.example/x?id=7#f", true},
    {ENTRY_PATTERN, ":8443/", "https://a.example:8443/", true},
    {ENTRY_PATTERN, "/a$", "https://192.0.2.1/a", true},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct match_case *c = &cases[i];

        if (matches(c->object, c->rule, c->url) != c->is_hit) {
            fail_msg("%s against %s should %smatch", c->rule, c->url,
                c->is_hit ? "" : "not ");
        }
    }
}

/* ---- hits ---- */

static void assert_hit(const struct bench *b, unsigned at, uint16_t list,
    unsigned class, unsigned detail)
{
    const struct cop_hit *hit = &b->class.hits[at];

    assert_true(at < b->class.n);
    assert_int_equal(hit->list, list);
    assert_int_equal(hit->specificity, COP_SPECIFICITY(class, detail));
}

/* The text of the rule behind a hit. */
static void assert_rule(const struct bench *b, unsigned at, const char *url,
    const char *kind, const char *text)
{
    static struct cop_url parsed;
    struct cop_rule rule;

    parse(url, &parsed);
    cop_rule_describe(b->policy, &b->class.hits[at], &parsed.host, &rule);
    assert_string_equal(rule.kind, kind);
    assert_int_equal(rule.text.n, strlen(text));
    assert_memory_equal(rule.text.p, text, rule.text.n);
    assert_true(cop_slice_eq(rule.file, COP_LIT("lists/main.txt")));
    assert_true(rule.line > 0);
}

static void test_most_specific(void **state)
{
    static const char *const url = "https://a.b.casino.example/x/y";
    struct fixture *f = fixture_new("specific");
    struct bench b;

    (void)state;
    uint32_t list = fixture_category(f, "one", COP_CAT_MEDIA_GAMES);

    fixture_add(f, list, ENTRY_DOMAIN, "example");
    fixture_add(f, list, ENTRY_DOMAIN, "b.casino.example");
    fixture_add(f, list, ENTRY_BELOW, "casino.example");
    bench_open(&b, f);
    classify(&b, url);
    assert_int_equal(b.class.n, 1);
    assert_hit(&b, 0, 0, COP_MATCH_DOMAIN, 3);
    assert_rule(&b, 0, url, "domain", "b.casino.example");
    classify(&b, "https://c.casino.example/");
    assert_hit(&b, 0, 0, COP_MATCH_DOMAIN, 2);
    assert_rule(&b, 0, "https://c.casino.example/", "below", "casino.example");
    classify(&b, "https://casino.example/");
    assert_hit(&b, 0, 0, COP_MATCH_DOMAIN, 1);
    cop_policy_free(&b.policy);
    fixture_add(f, list, ENTRY_HOST, "a.b.casino.example");
    b.policy = fixture_policy(f);
    classify(&b, url);
    assert_hit(&b, 0, 0, COP_MATCH_HOST, 4);
    assert_rule(&b, 0, url, "host", "a.b.casino.example");
    cop_policy_free(&b.policy);
    fixture_add(f, list, ENTRY_PATTERN, "y$");
    b.policy = fixture_policy(f);
    classify(&b, url);
    assert_hit(&b, 0, 0, COP_MATCH_URL, 0);
    assert_rule(&b, 0, url, "pattern", "y$");
    cop_policy_free(&b.policy);
    fixture_add(f, list, ENTRY_URL, "a.b.casino.example/");
    fixture_add(f, list, ENTRY_URL, "a.b.casino.example/x");
    b.policy = fixture_policy(f);
    classify(&b, url);
    assert_int_equal(b.class.n, 1);
    assert_hit(&b, 0, 0, COP_MATCH_URL, 2);
    assert_rule(&b, 0, url, "url", "a.b.casino.example/x");
    bench_close(&b);
}

/* The lowest of equally specific rules; a long path counts up to a limit. */
static void test_ties(void **state)
{
    struct fixture *f = fixture_new("ties");
    uint32_t list = fixture_category(f, "one", COP_CAT_MEDIA_GAMES);
    static char path[COP_URL_MAX];
    struct bench b;

    (void)state;
    fixture_add(f, list, ENTRY_PATTERN, "z");
    fixture_add(f, list, ENTRY_PATTERN, "y");
    fixture_add(f, list, ENTRY_HOST, "192.0.2.1");
    fixture_add(f, list, ENTRY_BELOW, "twice.example");
    fixture_add(f, list, ENTRY_DOMAIN, "twice.example");
    fixture_add(f, list, ENTRY_URL, "www.s.example/a");
    fixture_add(f, list, ENTRY_URL, "s.example/a");
    memset(path, 'p', 6000);
    memcpy(path, "long.example/", 13);
    fixture_add(f, list, ENTRY_URL, path);
    bench_open(&b, f);
    classify(&b, "https://zy.example/");
    assert_int_equal(b.class.n, 1);
    assert_rule(&b, 0, "https://zy.example/", "pattern", "y");
    classify(&b, "https://a.twice.example/");
    assert_int_equal(b.class.n, 1);
    assert_rule(&b, 0, "https://a.twice.example/", "domain", "twice.example");
    classify(&b, "https://www.s.example/a");
    assert_int_equal(b.class.n, 1);
    assert_rule(&b, 0, "https://www.s.example/a", "url", "s.example/a");
    classify(&b, "http://192.0.2.1/");
    assert_hit(&b, 0, 0, COP_MATCH_ADDRESS, 32);
    assert_rule(&b, 0, "http://192.0.2.1/", "address", "192.0.2.1");
    classify(&b, path);
    assert_hit(&b, 0, 0, COP_MATCH_URL, 4095);
    bench_close(&b);
}

static void test_many_lists(void **state)
{
    struct fixture *f = fixture_new("lists");
    struct bench b;

    (void)state;
    /* In the file they are sorted by name: d, c, b, a become 3 to 0. */
    uint32_t d = fixture_category(f, "d", COP_CAT_MEDIA_GAMES);
    uint32_t c = fixture_category(f, "c", COP_CAT_MEDIA_VIDEO);
    uint32_t n = fixture_list(f, "b", LIST_NEVER_INSPECT, COP_NONE);
    uint32_t a = fixture_category(f, "a", COP_CAT_COMM_CHAT);

    cop_catset_add(&f->lists[d].categories, COP_CAT_COMM_SOCIAL);
    fixture_add(f, d, ENTRY_DOMAIN, "example");
    fixture_add(f, c, ENTRY_PATTERN, "x");
    fixture_add(f, c, ENTRY_URL, "x.example/");
    fixture_add(f, n, ENTRY_HOST, "x.example");
    fixture_add(f, a, ENTRY_HOST, "other.example");
    bench_open(&b, f);
    classify(&b, "https://x.example/");
    assert_int_equal(b.class.n, 3);
    assert_hit(&b, 0, 1, COP_MATCH_HOST, 2);
    assert_hit(&b, 1, 2, COP_MATCH_URL, 1);
    assert_hit(&b, 2, 3, COP_MATCH_DOMAIN, 1);
    assert_true(cop_catset_has(b.class.categories, COP_CAT_MEDIA_GAMES));
    assert_true(cop_catset_has(b.class.categories, COP_CAT_COMM_SOCIAL));
    assert_true(cop_catset_has(b.class.categories, COP_CAT_MEDIA_VIDEO));
    assert_false(cop_catset_has(b.class.categories, COP_CAT_COMM_CHAT));
    assert_true(cop_policy_never_inspects(b.policy, &b.class));
    classify(&b, "https://example/");
    assert_int_equal(b.class.n, 2); /* d, and c by its pattern */
    assert_false(cop_policy_never_inspects(b.policy, &b.class));
    bench_close(&b);
}

/* A prefix spares only its own list the patterns. */
static void test_pattern_beside_prefix(void **state)
{
    struct fixture *f = fixture_new("beside");
    struct bench b;

    (void)state;
    uint32_t a = fixture_category(f, "a", COP_CAT_MEDIA_GAMES);
    uint32_t c = fixture_category(f, "c", COP_CAT_MEDIA_VIDEO);

    fixture_add(f, a, ENTRY_URL, "x.example/");
    fixture_add(f, a, ENTRY_PATTERN, "(a+)+\\d"); /* never to be run */
    fixture_add(f, c, ENTRY_DOMAIN, "x.example");
    fixture_add(f, c, ENTRY_PATTERN, "aaaa");
    bench_open(&b, f);
    classify(&b, "https://x.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(b.class.n, 2);
    assert_hit(&b, 0, 0, COP_MATCH_URL, 1);
    assert_hit(&b, 1, 1, COP_MATCH_URL, 0);
    assert_false(b.class.is_limited);
    bench_close(&b);
}

/* As many lists as a policy may have, all hit. */
static void test_all_lists(void **state)
{
    static char names[COP_LISTS_MAX][8];
    struct fixture *f = fixture_new("all");
    struct bench b;

    (void)state;
    for (unsigned i = 0; i < COP_LISTS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "l%u", i);
        fixture_add(f, fixture_category(f, names[i], i % COP_CATEGORIES),
            ENTRY_DOMAIN, "example");
    }
    bench_open(&b, f);
    classify(&b, "https://x.example/");
    assert_int_equal(b.class.n, COP_LISTS_MAX);
    for (unsigned i = 0; i < COP_LISTS_MAX; i++) {
        assert_int_equal(b.class.hits[i].list, i);
    }
    bench_close(&b);
}

static void test_bundles_side_by_side(void **state)
{
    struct fixture *one = fixture_new("one");
    struct fixture *two = fixture_new("two");
    struct cop_bundle *bundles[2];
    struct bench b;

    (void)state;
    fixture_add(one, fixture_category(one, "games", COP_CAT_MEDIA_GAMES),
        ENTRY_DOMAIN, "play.example");
    fixture_add(two, fixture_category(two, "other", COP_CAT_MEDIA_VIDEO),
        ENTRY_DOMAIN, "film.example");
    fixture_add(two, fixture_category(two, "social", COP_CAT_COMM_SOCIAL),
        ENTRY_URL, "play.example/friends");
    fixture_add(two, 1, ENTRY_PATTERN, "/friends-");
    two->t.never_inspect = catset_of(COP_CAT_MEDIA_GAMES);
    bench_open(&b, one);
    cop_policy_free(&b.policy);
    bundles[0] = fixture_open(one);
    bundles[1] = fixture_open(two);
    assert_int_equal(cop_policy_new(bundles, 2, NULL, &b.policy), COP_OK);
    classify(&b, "https://play.example/friends/7");
    assert_int_equal(b.class.n, 2);
    assert_hit(&b, 0, 0, COP_MATCH_DOMAIN, 2);
    assert_hit(&b, 1, 2, COP_MATCH_URL, 8);
    assert_true(cop_policy_never_inspects(b.policy, &b.class));
    classify(&b, "https://film.example/friends-7");
    assert_int_equal(b.class.n, 2);
    assert_hit(&b, 0, 1, COP_MATCH_DOMAIN, 2);
    assert_hit(&b, 1, 2, COP_MATCH_URL, 0);
    assert_false(cop_policy_never_inspects(b.policy, &b.class));
    cop_bundle_drop(&bundles[0]);
    cop_bundle_drop(&bundles[1]);
    bench_close(&b);
    fixture_free(&two);
}

static void test_no_bundles(void **state)
{
    struct cop_policy *policy = NULL;
    struct cop_matcher *matcher = NULL;
    static struct cop_class class;
    static struct cop_url url;

    (void)state;
    parse("https://any.example/", &url);
    assert_int_equal(cop_policy_new(NULL, 0, NULL, &policy), COP_OK);
    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    cop_classify(policy, matcher, &url, &class);
    assert_int_equal(class.n, 0);
    cop_classify_host(policy, &url.host, &class);
    assert_false(class.needs_url);
    cop_matcher_free(&matcher);
    cop_policy_free(&policy);
}

/* ---- a host alone ---- */

static bool host_needs_url(struct bench *b, const char *text)
{
    static struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_OK);
    memset(&b->class, 0xa5, sizeof(b->class));
    cop_classify_host(b->policy, &host, &b->class);
    assert_false(b->class.is_limited);
    return b->class.needs_url;
}

static void test_host(void **state)
{
    struct fixture *f = fixture_new("host");
    uint32_t list = fixture_category(f, "one", COP_CAT_MEDIA_GAMES);
    struct bench b;

    (void)state;
    fixture_add(f, list, ENTRY_DOMAIN, "casino.example");
    fixture_add(f, list, ENTRY_URL, "shared.example/a");
    fixture_add(f, list, ENTRY_URL, "192.0.2.1/a");
    bench_open(&b, f);
    assert_false(host_needs_url(&b, "a.casino.example"));
    assert_int_equal(b.class.n, 1);
    assert_hit(&b, 0, 0, COP_MATCH_DOMAIN, 2);
    assert_true(cop_catset_has(b.class.categories, COP_CAT_MEDIA_GAMES));
    assert_true(host_needs_url(&b, "shared.example"));
    assert_int_equal(b.class.n, 0);
    assert_true(host_needs_url(&b, "www.shared.example"));
    assert_false(host_needs_url(&b, "a.shared.example"));
    assert_false(host_needs_url(&b, "example"));
    assert_true(host_needs_url(&b, "192.0.2.1"));
    cop_policy_free(&b.policy);
    fixture_add(f, list, ENTRY_PATTERN, "x");
    b.policy = fixture_policy(f);
    assert_true(host_needs_url(&b, "a.casino.example"));
    assert_true(host_needs_url(&b, "unlisted.example"));
    bench_close(&b);
}

/* A name of as many labels as fit, against rules of few and of as many. */
static void test_deep_host(void **state)
{
    char name[COP_HOST_MAX + 1];
    char url[COP_HOST_MAX + 16];
    struct fixture *f = fixture_new("deep");
    uint32_t list = fixture_category(f, "one", COP_CAT_MEDIA_GAMES);
    struct bench b;

    (void)state;
    for (unsigned i = 0; i < COP_HOST_MAX; i++) {
        name[i] = i % 2 == 0 ? 'a' : '.';
    }
    name[COP_HOST_MAX] = '\0';
    snprintf(url, sizeof(url), "https://%s/", name);
    fixture_add(f, list, ENTRY_DOMAIN, "a.a");
    bench_open(&b, f);
    classify(&b, url);
    assert_hit(&b, 0, 0, COP_MATCH_DOMAIN, 2);
    cop_policy_free(&b.policy);
    fixture_add(f, list, ENTRY_HOST, name);
    b.policy = fixture_policy(f);
    classify(&b, url);
    assert_hit(&b, 0, 0, COP_MATCH_HOST, 127);
    bench_close(&b);
}

/* ---- patterns at their limits ---- */

static void limits_case(const char *pattern, bool limit_matches)
{
    struct fixture *f = fixture_new("limits");
    uint32_t list = fixture_category(f, "one", COP_CAT_MEDIA_GAMES);
    struct bench b;

    f->lists[list].limit_matches = limit_matches;
    fixture_add(f, list, ENTRY_PATTERN, pattern);
    bench_open(&b, f);
    for (unsigned i = 0; i < 2; i++) {
        classify(&b, "https://a.example/"
                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert_true(b.class.is_limited);
        assert_int_equal(b.class.n, limit_matches);
    }
    bench_close(&b);
}

static void test_limits(void **state)
{
    (void)state;
    limits_case("(a+)+\\d", true);
    limits_case("(a+)+\\d", false);
    limits_case("(a|aa)+\\d", true);
    /* Ones that do not compile, should they ever be in a bundle. */
    limits_case("(", true);
    limits_case("(", false);
    limits_case("(*UTF)a", true);
    limits_case("(?C)a(?<n>b)\\g{no}", true);
}

/* A URL of full length is no reason for a sound pattern to give up, with JIT
 * and without. */
static void test_long_url(void **state)
{
    static const char *const patterns[] = {
        "^(?:[^?]|\\?)*ad$", "(*NO_JIT)^(?:[^?]|\\?)*ad$"};
    static char url[COP_URL_MAX + 1];

    (void)state;
    memset(url, 'a', COP_URL_MAX);
    memcpy(url, "https://long.example/", 21);
    memcpy(url + COP_URL_MAX - 2, "ad", 3);
    for (unsigned i = 0; i < 2; i++) {
        struct fixture *f = fixture_new("long");
        struct bench b;

        fixture_add(f, fixture_category(f, "one", COP_CAT_MEDIA_GAMES),
            ENTRY_PATTERN, patterns[i]);
        bench_open(&b, f);
        assert_int_equal(classify(&b, url)->n, 1);
        assert_false(b.class.is_limited);
        bench_close(&b);
    }
}

static void test_pattern_check(void **state)
{
    static char text[PATTERN_TEXT_MAX + 2];
    struct pattern_flaw flaw = {0, ""};

    (void)state;
    assert_int_equal(pattern_check(COP_LIT("a(b|c)d"), NULL), COP_OK);
    assert_int_equal(pattern_check(COP_LIT("ab(c"), &flaw), COP_E_SYNTAX);
    assert_int_equal(flaw.at, 4);
    assert_non_null(strstr(flaw.words, "parenthes"));
    assert_int_equal(pattern_check(COP_LIT("a\\Cb"), NULL), COP_E_SYNTAX);
    memset(text, 'a', PATTERN_TEXT_MAX + 1);
    assert_int_equal(pattern_check(cop_slice_of(text), NULL), COP_E_LIMIT);
    text[PATTERN_TEXT_MAX] = '\0';
    assert_int_equal(pattern_check(cop_slice_of(text), NULL), COP_OK);
}

/* One matcher between two policies: each gets its own patterns. */
static void test_matcher_moves(void **state)
{
    struct fixture *one = fixture_new("one");
    struct fixture *two = fixture_new("two");
    struct cop_policy *first;
    struct cop_policy *second;
    struct bench b;

    (void)state;
    fixture_add(one, fixture_category(one, "a", COP_CAT_MEDIA_GAMES),
        ENTRY_PATTERN, "one");
    fixture_add(two, fixture_category(two, "a", COP_CAT_MEDIA_GAMES),
        ENTRY_PATTERN, "two");
    bench_open(&b, one);
    first = b.policy;
    second = fixture_policy(two);
    assert_true(cop_policy_generation(first) != cop_policy_generation(second));
    for (unsigned i = 0; i < 3; i++) {
        b.policy = first;
        assert_int_equal(classify(&b, "https://one.example/")->n, 1);
        assert_int_equal(classify(&b, "https://two.example/")->n, 0);
        b.policy = second;
        assert_int_equal(classify(&b, "https://one.example/")->n, 0);
        assert_int_equal(classify(&b, "https://two.example/")->n, 1);
    }
    cop_policy_free(&second);
    b.policy = first;
    bench_close(&b);
    fixture_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_most_specific),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_many_lists),
        cmocka_unit_test(test_pattern_beside_prefix),
        cmocka_unit_test(test_all_lists),
        cmocka_unit_test(test_bundles_side_by_side),
        cmocka_unit_test(test_no_bundles),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_deep_host),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long_url),
        cmocka_unit_test(test_pattern_check),
        cmocka_unit_test(test_matcher_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The engine against the naive evaluator on lists and requests made at random
 * out of few parts, so that rules meet, and meet their exceptions, often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/read/adblock_list.h"
#include "tests/support/naive_adblock.h"
#include "tests/unit/bundle_fixture.h"

enum { LISTS = 60, RULES = 120, REQUESTS = 400, TEXT_MAX = 1 << 16 };

struct dice {
    uint64_t state;
};

static unsigned below(struct dice *dice, unsigned n)
{
    dice->state = dice->state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((dice->state >> 33) % n);
}

#define PICK(dice, words)                                                      \
    ((words)[below((dice), (unsigned)(sizeof(words) / sizeof((words)[0])))])

static const char *const hosts[] = {"example.com", "ads.example.com",
    "a.ads.example.com", "shop.test", "www.shop.test", "cdn.test",
    "static.cdn.test", "192.0.2.7", "co.test", "x-y_z.example.org",
    "[2001:db8::7]", "ample.com"};
static const char *const paths[] = {"/ads/banner.js", "/ads/", "/Banner/x.gif",
    "/img/ad-300x250.png", "/?q=ads&ad=1", "/a/b/c?utm=banner", "/track%20x",
    "/collect?ads.example.com/", "/", "/ads/banner.jsx", "/pixel.gif;s=1"};
static const char *const parts[] = {"/ads/", "banner", "/ad-", "ads", "300x250",
    ".js", "pixel.gif", "utm=", "Banner", "?q=", "/a/b", "example", "track%20",
    "://", "https", "com/", "a", "-", "shop.test/i"};
static const char *const glue[] = {"*", "^", "", "*^", "^*", "**"};
static const char *const expressions[] = {"/ads\\/[a-z]+\\.js/",
    "/^https?:\\/\\/(shop|cdn)\\./", "/ad-\\d+x\\d+/", "/(banner|pixel)/",
    "/utm=.?anner$/", "/\\/Banner\\//", "/ads?\\/b/", "/[?&]ad=1/",
    "/x{3}|collect/", "/a+ds\\/(?!banner)/"};
static const char *const types[] = {"script", "image", "~script", "document",
    "subdocument", "xmlhttprequest", "popup", "all", "~image", "font,media",
    "other", "websocket", "ping", "object", "stylesheet", "~document",
    "popup,script", "ghide", "redirect=noop.js", "mp4", "strict1p", "~strict1p",
    "strict3p"};
static const char *const entities[] = {"example.*", "ads.example.*", "shop.*",
    "cdn.*", "static.cdn.*", "co.*", "com.*", "ample.*"};
static const char *const methods[] = {
    "method=get", "method=post|put", "method=~get", "method=~post|~put"};

struct text {
    char p[TEXT_MAX];
    size_t n;
};

static void say(struct text *text, const char *what)
{
    size_t n = strlen(what);

    assert_true(n < sizeof(text->p) - text->n);
    memcpy(text->p + text->n, what, n + 1);
    text->n += n;
}

/* ---- making a list ---- */

static void make_pattern(struct dice *dice, struct text *out)
{
    unsigned n = 1 + below(dice, 3);

    switch (below(dice, 6)) {
    case 0:
        say(out, "||");
        say(out, PICK(dice, hosts));
        say(out, "^");
        return;
    case 1:
        say(out, "||");
        say(out, PICK(dice, hosts));
        say(out, below(dice, 2) ? PICK(dice, paths) : PICK(dice, parts));
        return;
    case 2:
        say(out, PICK(dice, expressions));
        return;
    case 3:
        say(out, below(dice, 4) ? "*" : "");
        return;
    default:
        break;
    }
    say(out, below(dice, 6) == 0 ? "|" : below(dice, 6) == 0 ? "||" : "");
    for (unsigned i = 0; i < n; i++) {
        say(out, PICK(dice, parts));
        say(out, PICK(dice, glue));
    }
    say(out, below(dice, 6) == 0 ? "|" : "");
}

static void make_names(struct dice *dice, const char *word, struct text *out)
{
    unsigned n = 1 + below(dice, 3);

    say(out, word);
    for (unsigned i = 0; i < n; i++) {
        const char *host =
            below(dice, 4) == 0 ? PICK(dice, entities) : PICK(dice, hosts);

        say(out, i != 0 ? "|" : "");
        say(out, below(dice, 3) == 0 ? "~" : "");
        say(out, host[0] == '[' ? "example.com" : host);
    }
}

static void make_option(struct dice *dice, struct text *out)
{
    switch (below(dice, 9)) {
    case 0:
        say(out, below(dice, 2) ? "third-party" : "~third-party");
        break;
    case 1:
        say(out, below(dice, 2) ? "1p" : "~1p");
        break;
    case 2:
        make_names(dice, "domain=", out);
        break;
    case 3:
        make_names(dice, "to=", out);
        break;
    case 4:
        make_names(dice, "denyallow=", out);
        break;
    case 5:
        say(out, PICK(dice, methods));
        break;
    case 6:
        say(out, below(dice, 2) ? "important" : "match-case");
        break;
    default:
        say(out, PICK(dice, types));
        break;
    }
}

static void make_rule(struct dice *dice, struct text *out)
{
    size_t start = out->n;
    unsigned n = below(dice, 3);

    say(out, below(dice, 4) == 0 ? "@@" : "");
    make_pattern(dice, out);
    for (unsigned i = 0; i < n; i++) {
        say(out, i == 0 ? "$" : ",");
        make_option(dice, out);
    }
    say(out, "\n");
    if (below(dice, 12) == 0) { /* and take it back */
        struct text line = {.n = 0};

        memcpy(line.p, out->p + start, out->n - start - 1);
        line.p[out->n - start - 1] = '\0';
        say(out, line.p);
        say(out, n == 0 ? "$badfilter\n" : ",badfilter\n");
    }
}

/* ---- both sides ---- */

struct sides {
    struct naive_adblock naive;
    struct fixture *f;
    struct cop_bundle *bundle;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_cache *cache;
    char *pool;
    size_t pool_n;
};

static bool take(void *context, enum entry_object object, struct cop_slice text,
    uint32_t line)
{
    struct sides *sides = context;
    struct fixture *f = sides->f;

    assert_true(text.n < TEXT_MAX * 8 - sides->pool_n);
    memcpy(sides->pool + sides->pool_n, text.p, text.n);
    fixture_add(f, 0, object, "");
    f->entries[f->t.entries_n - 1].text =
        (struct cop_slice){sides->pool + sides->pool_n, text.n};
    f->entries[f->t.entries_n - 1].line = line;
    sides->pool_n += text.n;
    return true;
}

/* Lines of a text as the entries of an inline list. */
static struct fact_entry *entries_of(char *text, size_t *n)
{
    struct fact_entry *entries = calloc(RULES * 2 + 2, sizeof(entries[0]));
    char *line;

    assert_non_null(entries);
    *n = 0;
    while ((line = strsep(&text, "\n")) != NULL) {
        entries[*n].text = cop_slice_of(line);
        entries[*n].place.line = (uint32_t)*n + 1;
        (*n)++;
    }
    return entries;
}

static void sides_init(struct sides *sides, struct text *text)
{
    struct list_sink sink = {.take = take, .context = sides};
    struct cop_report report = {.emit = NULL};
    struct fact_list list = {.format = LIST_ADBLOCK};
    struct list_bytes bytes;

    memset(sides, 0, sizeof(*sides));
    naive_adblock_read(&sides->naive, text->p);
    sides->f = fixture_new("adblock");
    sides->pool = malloc(TEXT_MAX * 8);
    assert_non_null(sides->pool);
    fixture_category(sides->f, "ads", COP_CAT_COMMERCE_ADS_TRACKING);
    struct fact_entry *entries = entries_of(text->p, &list.entries_n);

    list.entries = entries;
    assert_int_equal(adblock_list_read(&list, &sink, &report, &bytes), COP_OK);
    free(entries);
    sides->bundle = fixture_open(sides->f);
    assert_int_equal(
        cop_policy_new(&sides->bundle, 1, NULL, &sides->policy), COP_OK);
    assert_int_equal(cop_matcher_new(&sides->matcher), COP_OK);
    assert_int_equal(cop_cache_new(256, &sides->cache), COP_OK);
}

static void sides_fini(struct sides *sides)
{
    naive_adblock_fini(&sides->naive);
    cop_cache_free(&sides->cache);
    cop_matcher_free(&sides->matcher);
    cop_policy_free(&sides->policy);
    cop_bundle_drop(&sides->bundle);
    fixture_free(&sides->f);
    free(sides->pool);
}

/* ---- asking ---- */

struct asked {
    struct cop_url url;
    struct cop_host source;
    struct cop_facts facts;
};

static void make_request(struct dice *dice, struct asked *out)
{
    static const char *const verbs[] = {"GET", "POST", "PUT", "BREW", ""};
    struct text text = {.n = 0};
    const char *source = PICK(dice, hosts);

    say(&text, below(dice, 4) ? "https://" : "http://");
    say(&text, PICK(dice, hosts));
    say(&text, below(dice, 5) == 0 ? ":8080" : "");
    say(&text, PICK(dice, paths));
    say(&text, below(dice, 3) == 0 ? PICK(dice, paths) : "");
    assert_int_equal(cop_url_parse(cop_slice_of(text.p), &out->url), COP_OK);
    assert_int_equal(
        cop_host_parse(cop_slice_of(source), &out->source), COP_OK);
    out->facts = (struct cop_facts){
        .source = below(dice, 3) ? &out->source : NULL,
        .resource = (enum cop_resource)below(dice, COP_RESOURCE_OTHER + 1),
        .method = cop_slice_of(PICK(dice, verbs)),
    };
}

static bool has_line(const struct naive_adblock_answer *answer, uint32_t line)
{
    for (size_t i = 0; i < answer->lines_n; i++) {
        if (answer->lines[i] == line) {
            return true;
        }
    }
    return answer->lines_n == sizeof(answer->lines) / sizeof(answer->lines[0]);
}

static bool agree(struct sides *sides, const struct asked *asked, bool cached)
{
    static struct cop_class class;
    struct naive_adblock_answer want;
    struct cop_rule rule = {.line = 0};

    naive_adblock_ask(&sides->naive, &asked->url, &asked->facts, &want);
    if (cached) {
        cop_cache_classify_request(sides->cache, sides->policy, sides->matcher,
            &asked->url, &asked->facts, &class);
    } else {
        cop_classify_request(
            sides->policy, sides->matcher, &asked->url, &asked->facts, &class);
    }
    if (class.n != 0) {
        cop_rule_describe(
            sides->policy, &class.hits[0], &asked->url.host, &rule);
    }
    if ((class.n != 0) == want.is_matched &&
        (class.n == 0 || has_line(&want, rule.line))) {
        return true;
    }
    fprintf(stderr, "%s for %s from %s: naive %d, engine %d by line %u %.*s\n",
        asked->url.text.p, cop_resource_word(asked->facts.resource),
        asked->facts.source != NULL ? asked->source.text : "itself",
        want.is_matched, class.n, rule.line, (int)rule.text.n, rule.text.p);
    return false;
}

static void no_difference_on_made_lists(void **state)
{
    static struct text text;
    static struct asked asked;
    struct dice dice = {20261124};
    struct sides sides;
    unsigned differences = 0;
    unsigned matched = 0;

    (void)state;
    for (unsigned list = 0; list < LISTS; list++) {
        text.n = 0;
        /* Few rules at first, so that what is left unblocked is asked too. */
        for (unsigned i = 0; i < 2 + list * (RULES - 2) / LISTS; i++) {
            make_rule(&dice, &text);
        }
        sides_init(&sides, &text);
        for (unsigned i = 0; i < REQUESTS; i++) {
            struct naive_adblock_answer want;

            make_request(&dice, &asked);
            differences += !agree(&sides, &asked, i % 2 == 0);
            naive_adblock_ask(&sides.naive, &asked.url, &asked.facts, &want);
            matched += want.is_matched;
        }
        sides_fini(&sides);
        assert_true(differences < 10);
    }
    assert_int_equal(differences, 0);
    /* The lists must have been worth asking. */
    printf("%u of %u matched\n", matched, LISTS * REQUESTS);
    assert_true(matched > LISTS * REQUESTS / 10);
    assert_true(matched < LISTS * REQUESTS * 9 / 10);
}

/* A test that cannot fail shows nothing: other rules must be noticed. */
static void another_list_is_noticed(void **state)
{
    static struct text text;
    static struct asked asked;
    struct sides sides;

    (void)state;
    text.n = 0;
    say(&text, "||shop.test^\n@@/img/*\n");
    sides_init(&sides, &text);
    assert_int_equal(
        cop_url_parse(COP_LIT("https://shop.test/img/x"), &asked.url), COP_OK);
    asked.facts = (struct cop_facts){.resource = COP_RESOURCE_IMAGE};
    assert_true(agree(&sides, &asked, false));
    naive_adblock_fini(&sides.naive);
    sides.naive = (struct naive_adblock){NULL, NULL, 0, 0};
    naive_adblock_read(&sides.naive, "||shop.test^\n@@/img/*$script\n");
    fputs("the next difference is made on purpose:\n", stderr);
    assert_false(agree(&sides, &asked, false));
    sides_fini(&sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_list_is_noticed),
        cmocka_unit_test(no_difference_on_made_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

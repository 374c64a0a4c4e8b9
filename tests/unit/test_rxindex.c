/* The index of patterns against all patterns one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/bundle/rxindex.h"
#include "rules/bundle/tables.h"
#include "rules/bundle/view.h"
#include "rules/decide/pattern.h"
#include "tests/unit/bundle_fixture.h"
#include "tests/unit/patterns.h"

enum { PATTERNS = 3000, URLS = 400, LISTS = 12 };

struct many {
    struct fixture *fixture; /* for its files and lists */
    struct tables_entry *entries;
    struct cop_image image;
    struct cop_bundle *bundle;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    pcre2_code *codes[PATTERNS]; /* by row of the bundle */
    uint32_t n;
};

/* A list takes no pattern that matches all. */
static bool is_fit(struct pattern_room *room, struct cop_slice text)
{
    pcre2_code *code = NULL;
    bool fits = text.n != 0 && pattern_compile(text, NULL, &code) == COP_OK &&
                pattern_run(room, code, COP_LIT("")) == PATTERN_NO;

    pcre2_code_free(code);
    return fits;
}

static void many_fill(struct many *many, struct pattern_room *room)
{
    static struct patterns_text pattern;
    static char names[LISTS][8];
    struct fixture *f = many->fixture;

    for (uint32_t i = 0; i < LISTS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "list%u", i);
        fixture_category(f, names[i], i);
    }
    many->entries = calloc(PATTERNS, sizeof(many->entries[0]));
    assert_non_null(many->entries);
    f->t.entries = many->entries;
    for (uint64_t seed = 0; seed < PATTERNS; seed++) {
        struct cop_slice text = patterns_write(&pattern, seed);

        if (is_fit(room, text)) {
            many->entries[f->t.entries_n++] = (struct tables_entry){
                .text = cop_slice_of(strdup(pattern.p)),
                .list = (uint32_t)(seed % LISTS),
                .line = (uint32_t)seed + 1,
                .object = ENTRY_PATTERN,
            };
        }
    }
}

static int setup(void **state)
{
    struct many *many = calloc(1, sizeof(*many));
    struct pattern_room room = {NULL, NULL, NULL};

    assert_non_null(many);
    many->fixture = fixture_new("many");
    assert_int_equal(pattern_room_init(&room), COP_OK);
    many_fill(many, &room);
    pattern_room_fini(&room);
    many->bundle = fixture_open(many->fixture);
    many->n = section_count(many->bundle, SECTION_PATTERNS);
    assert_true(many->n > PATTERNS / 2);
    for (uint32_t i = 0; i < many->n; i++) {
        struct cop_slice text = section_text(many->bundle, SECTION_RULE_TEXTS,
            bundle_pattern(many->bundle, i)->text);

        assert_int_equal(pattern_compile(text, NULL, &many->codes[i]), COP_OK);
    }
    assert_int_equal(
        cop_policy_new(&many->bundle, 1, NULL, &many->policy), COP_OK);
    assert_int_equal(cop_matcher_new(&many->matcher), COP_OK);
    *state = many;
    return 0;
}

static int teardown(void **state)
{
    struct many *many = *state;

    for (uint32_t i = 0; i < many->n; i++) {
        pcre2_code_free(many->codes[i]);
    }
    for (size_t i = 0; i < many->fixture->t.entries_n; i++) {
        free((void *)(uintptr_t)many->entries[i].text.p);
    }
    free(many->entries);
    cop_matcher_free(&many->matcher);
    cop_policy_free(&many->policy);
    cop_bundle_drop(&many->bundle);
    fixture_free(&many->fixture);
    free(many);
    return 0;
}

/* Some patterns have literals, and some have none; both are audited. */
static void test_both_kinds(void **state)
{
    struct many *many = *state;
    uint32_t without = 0;

    for (uint32_t i = 0; i < many->n; i++) {
        without += rxindex_literals(many->bundle, i).n == 0;
        assert_true(rxindex_holds(many->bundle, i));
    }
    assert_true(without > many->n / 50);
    assert_true(without < many->n / 2);
}

/* What each list comes to: the first of its patterns that matches. One that
 * gives up does not, as these lists have it. */
static void brute_force(const struct many *many, struct pattern_room *room,
    struct cop_slice text, uint32_t rules[LISTS])
{
    for (uint32_t i = 0; i < LISTS; i++) {
        rules[i] = COP_NONE;
    }
    for (uint32_t i = 0; i < many->n; i++) {
        uint32_t rule = bundle_pattern(many->bundle, i)->rule;
        uint16_t list = bundle_rule(many->bundle, rule)->list;

        if (rules[list] == COP_NONE &&
            pattern_run(room, many->codes[i], text) == PATTERN_YES) {
            rules[list] = rule;
        }
    }
}

static bool url_make(uint64_t i, struct cop_url *url)
{
    static struct patterns_text sample;
    char text[PATTERNS_TEXT + 32];

    (void)patterns_sample(
        &sample, patterns_mix(i) % PATTERNS, patterns_mix(i + 1));
    (void)snprintf(text, sizeof(text), "https://a.example/%s", sample.p);
    return cop_url_parse(cop_slice_of(text), url) == COP_OK;
}

static void test_same_as_all_in_turn(void **state)
{
    static struct cop_class class;
    static struct cop_url url;
    struct many *many = *state;
    struct pattern_room room = {NULL, NULL, NULL};
    unsigned tried = 0;
    unsigned hits = 0;

    assert_int_equal(pattern_room_init(&room), COP_OK);
    for (uint64_t i = 0; i < URLS; i++) {
        uint32_t rules[LISTS];
        unsigned n = 0;

        if (!url_make(i, &url)) {
            continue;
        }
        tried++;
        brute_force(many, &room, url.text, rules);
        cop_classify(many->policy, many->matcher, &url, &class);
        for (uint16_t list = 0; list < LISTS; list++) {
            if (rules[list] != COP_NONE) {
                assert_true(n < class.n);
                assert_int_equal(class.hits[n].list, list);
                assert_int_equal(class.hits[n].rule, rules[list]);
                n++;
            }
        }
        assert_int_equal(class.n, n);
        hits += n;
    }
    pattern_room_fini(&room);
    assert_true(tried > URLS / 2);
    assert_true(hits > tried);
}

/* The index spares work: most patterns are no candidates. */
static void test_spares(void **state)
{
    static struct cop_url url;
    struct many *many = *state;
    uint64_t wanted[PATTERNS / RXINDEX_WORD_BITS + 1];
    uint32_t without = 0;
    uint32_t n = 0;

    assert_int_equal(
        cop_url_parse(COP_LIT("https://plain.example/text"), &url), COP_OK);
    rxindex_find(many->bundle, url.text, wanted);
    for (uint32_t i = 0; i < many->n; i++) {
        without += rxindex_literals(many->bundle, i).n == 0;
        n += wanted[i / RXINDEX_WORD_BITS] >> i % RXINDEX_WORD_BITS & 1;
    }
    assert_true(n >= without);
    assert_true(n < without + many->n / 20);
}

/* A literal at either end of a text, of three bytes and of four. */
static void test_ends(void **state)
{
    static const struct {
        const char *pattern, *yes, *no;
    } rows[] = {
        {"xyz$", "https://a.example/xyz", "https://a.example/xy"},
        {"xyzw$", "https://a.example/xyzw", "https://a.example/xyz"},
        {"\\?Q9Z", "https://a.example/?q9z", "https://a.example/?q9"},
        {"^https://xyz", "https://xyz.example/", "https://xy.z.example/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct cop_class class;
        static struct cop_url url;
        struct fixture *f = fixture_new("ends");
        struct cop_matcher *matcher = NULL;

        fixture_add(f, fixture_category(f, "one", COP_CAT_MEDIA_GAMES),
            ENTRY_PATTERN, rows[i].pattern);
        struct cop_policy *policy = fixture_policy(f);

        assert_int_equal(cop_matcher_new(&matcher), COP_OK);
        assert_int_equal(
            cop_url_parse(cop_slice_of(rows[i].yes), &url), COP_OK);
        cop_classify(policy, matcher, &url, &class);
        assert_int_equal(class.n, 1);
        assert_int_equal(cop_url_parse(cop_slice_of(rows[i].no), &url), COP_OK);
        cop_classify(policy, matcher, &url, &class);
        assert_int_equal(class.n, 0);
        cop_matcher_free(&matcher);
        cop_policy_free(&policy);
        fixture_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_kinds),
        cmocka_unit_test(test_same_as_all_in_turn),
        cmocka_unit_test(test_spares),
        cmocka_unit_test(test_ends),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

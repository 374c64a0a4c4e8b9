/* The hot-path cache: the same answer as without it, always. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bundle_fixture.h"

enum { LISTS = 24, URLS = 3000, ROUNDS = 3 };

/* Twenty-four lists: "n.depth.test" is in the first n of them; and a pattern
 * that hits its limit. */
static struct fixture *depths(void)
{
    static char names[LISTS][LISTS][24];
    struct fixture *f = fixture_new("depths");

    for (unsigned i = 0; i < LISTS; i++) {
        static char lists[LISTS][8];

        snprintf(lists[i], sizeof(lists[i]), "l%02u", i);
        uint32_t list = fixture_category(f, lists[i], i);

        for (unsigned n = i + 1; n <= LISTS; n++) {
            snprintf(names[i][n - 1], sizeof(names[i][0]), "%u.depth.test", n);
            fixture_add(f, list, ENTRY_DOMAIN, names[i][n - 1]);
        }
    }
    fixture_add(f, 0, ENTRY_URL, "depth.test/u");
    fixture_add(f, 1, ENTRY_PATTERN, "slow=(a+)+\\d");
    f->lists[1].limit_matches = true;
    return f;
}

static void url_make(unsigned i, struct cop_url *url)
{
    static const char slow[] = "slow=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char text[256];

    switch (i % 4) {
    case 0:
        snprintf(text, sizeof(text), "https://%u.depth.test/%u",
            i / 4 % (LISTS + 1), i);
        break;
    case 1:
        snprintf(text, sizeof(text), "http://depth.test/u?%u", i);
        break;
    case 2:
        snprintf(text, sizeof(text), "https://unlisted.test/%u", i);
        break;
    default:
        snprintf(
            text, sizeof(text), "https://unlisted.test/%u?%s", i / 400, slow);
        break;
    }
    assert_int_equal(cop_url_parse(cop_slice_of(text), url), COP_OK);
}

static void assert_same(const struct cop_class *a, const struct cop_class *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(&a->categories, &b->categories, sizeof(a->categories));
    assert_int_equal(a->is_limited, b->is_limited);
    assert_int_equal(a->needs_url, b->needs_url);
    if (a->n != 0) {
        assert_memory_equal(a->hits, b->hits, a->n * sizeof(a->hits[0]));
    }
}

/* Ask with and without a cache, and compare. */
static void ask_both(struct cop_cache *cache, const struct cop_policy *policy,
    struct cop_matcher *matcher, const struct cop_url *url)
{
    static struct cop_class plain;
    static struct cop_class cached;

    memset(&cached, 0xa5, sizeof(cached));
    cop_cache_classify(cache, policy, matcher, url, &cached);
    cop_classify(policy, matcher, url, &plain);
    assert_same(&plain, &cached);
}

/* A cache that is far too small, and one that is large enough. */
static void same_answers(uint32_t slots, bool is_large)
{
    struct fixture *f = depths();
    struct cop_policy *policy = fixture_policy(f);
    struct cop_matcher *matcher = NULL;
    struct cop_cache *cache = NULL;
    struct cop_cache_counts counts;
    static struct cop_url url;

    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    assert_int_equal(cop_cache_new(slots, &cache), COP_OK);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < URLS; i++) {
            /* Now and then one again, at once and from a while ago. */
            url_make(i % 7 == 0 ? i / 2 : i, &url);
            ask_both(cache, policy, matcher, &url);
            if (i % 3 == 0) {
                ask_both(cache, policy, matcher, &url);
            }
        }
    }
    cop_cache_counts(cache, &counts);
    assert_int_equal(counts.hits + counts.misses, ROUNDS * (URLS + URLS / 3));
    assert_true(counts.hits > 0);
    assert_true(counts.uncached > 0);
    if (is_large) {
        /* After the first round only what is too large is missed. */
        assert_true(counts.misses - counts.uncached < URLS);
    } else {
        assert_true(counts.misses > URLS);
    }
    cop_cache_free(&cache);
    assert_null(cache);
    cop_cache_free(&cache); /* of nothing */
    cop_matcher_free(&matcher);
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void test_small(void **state)
{
    (void)state;
    same_answers(0, false);
    same_answers(65, false);
}

static void test_large(void **state)
{
    (void)state;
    same_answers(1 << 15, true);
}

static void test_counts(void **state)
{
    struct fixture *f = depths();
    struct cop_policy *policy = fixture_policy(f);
    struct cop_matcher *matcher = NULL;
    struct cop_cache *cache = NULL;
    struct cop_cache_counts counts;
    static struct cop_url url;

    (void)state;
    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    assert_int_equal(cop_cache_new(64, &cache), COP_OK);
    cop_cache_counts(cache, &counts);
    assert_int_equal(counts.hits + counts.misses + counts.uncached, 0);
    /* 15 hits are kept, 16 are not. */
    for (unsigned n = 15; n <= 16; n++) {
        url_make(n * 4, &url);
        for (unsigned i = 0; i < 3; i++) {
            ask_both(cache, policy, matcher, &url);
        }
    }
    cop_cache_counts(cache, &counts);
    assert_int_equal(counts.hits, 2);
    assert_int_equal(counts.misses, 4);
    assert_int_equal(counts.uncached, 3);
    cop_cache_free(&cache);
    cop_matcher_free(&matcher);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* How many of n different URLs, asked once before, are still known. Each is in
 * `hits` lists. */
static uint64_t remembered(uint32_t slots, unsigned n, unsigned hits)
{
    struct fixture *f = depths();
    struct cop_policy *policy = fixture_policy(f);
    struct cop_matcher *matcher = NULL;
    struct cop_cache *cache = NULL;
    struct cop_cache_counts counts;
    static struct cop_url url;

    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    assert_int_equal(cop_cache_new(slots, &cache), COP_OK);
    for (unsigned i = 0; i < 2 * n; i++) {
        url_make((i % n * (LISTS + 1) + hits) * 4, &url);
        ask_both(cache, policy, matcher, &url);
    }
    cop_cache_counts(cache, &counts);
    cop_cache_free(&cache);
    cop_matcher_free(&matcher);
    cop_policy_free(&policy);
    fixture_free(&f);
    return counts.hits;
}

static void test_remembered(void **state)
{
    (void)state;
    /* Sets of eight, by a key drawn at random: half full, few overflow, and
     * seven in eight are known on average. Many sets, so that chance never
     * comes near the bound; with one place a set it would be one in eight. */
    assert_true(remembered(1024, 512, 0) > 320);
    assert_true(remembered(1024, 512, 1) > 320);
    /* Eight fit whatever set they are in; a class of fifteen hits needs five
     * of the pool's 32 blocks. */
    assert_int_equal(remembered(64, 8, 2), 8);
    assert_int_equal(remembered(64, 8, 3), 8);
    assert_int_equal(remembered(64, 8, 4), 8);
    assert_int_equal(remembered(64, 6, 15), 6);
    /* Of sixteen such, the blocks keep the last six; asked in the same order
     * again, each has just gone. */
    assert_int_equal(remembered(64, 16, 15), 0);
}

/* What is asked for again and again stays, whatever else comes by. */
static void test_hot_stays(void **state)
{
    enum { TIMES = 4000 };
    struct fixture *f = depths();
    struct cop_policy *policy = fixture_policy(f);
    struct cop_matcher *matcher = NULL;
    struct cop_cache *cache = NULL;
    struct cop_cache_counts counts;
    static struct cop_url hot;
    static struct cop_url cold;

    (void)state;
    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    assert_int_equal(cop_cache_new(64, &cache), COP_OK);
    url_make(2, &hot);
    for (unsigned i = 1; i <= TIMES; i++) {
        url_make(4 * i + 2, &cold);
        ask_both(cache, policy, matcher, &hot);
        ask_both(cache, policy, matcher, &cold);
    }
    cop_cache_counts(cache, &counts);
    assert_int_equal(counts.hits, TIMES - 1);
    cop_cache_free(&cache);
    cop_matcher_free(&matcher);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* Two policies and one cache: never the other's answer. */
static void test_policies(void **state)
{
    struct fixture *f = depths();
    struct fixture *none = fixture_new("none");
    struct cop_policy *policies[] = {fixture_policy(f), fixture_policy(none)};
    struct cop_matcher *matcher = NULL;
    struct cop_cache *cache = NULL;
    static struct cop_class class;
    static struct cop_url url;

    (void)state;
    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    assert_int_equal(cop_cache_new(1024, &cache), COP_OK);
    url_make(5 * 4, &url);
    for (unsigned i = 0; i < 6; i++) {
        cop_cache_classify(cache, policies[i % 2], matcher, &url, &class);
        assert_int_equal(class.n, i % 2 == 0 ? 5 : 0);
    }
    cop_cache_free(&cache);
    cop_matcher_free(&matcher);
    cop_policy_free(&policies[0]);
    cop_policy_free(&policies[1]);
    fixture_free(&f);
    fixture_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_hot_stays),
        cmocka_unit_test(test_policies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

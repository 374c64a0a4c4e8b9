/* Another key when a name is found by accident: with hashes so short that it
 * happens often, which whole ones never do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/base/hash.h"
#include "rules/bundle/dense.h"
#include "rules/bundle/keyed.h"
#include "rules/bundle/reseed.h"

enum { ITEMS = 4000, PROBES = 40 };

/* An index of the numbers below ITEMS by hashes of few bits. */
struct small {
    struct keyed items[ITEMS];
    struct buf lines;
    struct buf side;
    uint32_t builds;
    uint64_t mask;
    enum cop_status status;
};

static uint64_t hash_of(const struct small *small, uint32_t i)
{
    const uint64_t key[2] = {small->builds, 99};

    return hash_keyed(key, &i, sizeof(i)) & small->mask;
}

static enum cop_status build(void *context, uint32_t tries)
{
    struct small *small = context;
    size_t n = 1;

    assert_int_equal(tries, small->builds);
    small->builds++;
    for (uint32_t i = 0; i < ITEMS; i++) {
        small->items[i] = (struct keyed){.key = hash_of(small, i)};
    }
    keyed_sort(small->items, ITEMS);
    for (size_t i = 1; i < ITEMS; i++) {
        if (small->items[i].key != small->items[n - 1].key) {
            small->items[n++] = small->items[i];
        }
    }
    buf_clear(&small->lines);
    assert_int_equal(
        dense_build(small->items, n, &small->lines, &small->side), COP_OK);
    return small->status;
}

/* Whether one of the numbers from ITEMS on, which are not there, is found. */
static bool has_accident(void *context)
{
    struct small *small = context;
    struct cop_bundle bundle = {.n = 0};
    bool is_found = false;

    bundle.sections[SECTION_DENSE_LINES].p = (unsigned char *)small->lines.p;
    bundle.sections[SECTION_DENSE_LINES].n =
        (uint32_t)(small->lines.n / sizeof(struct format_dense_line));
    for (uint32_t i = 0; i < ITEMS; i++) { /* those that are, always are */
        assert_int_not_equal(
            dense_find(&bundle, hash_of(small, i)), FORMAT_NONE);
    }
    for (uint32_t i = ITEMS; i < ITEMS + PROBES; i++) {
        is_found |= dense_find(&bundle, hash_of(small, i)) != FORMAT_NONE;
    }
    return is_found;
}

/* Run with hashes of so many bits; the tries that it took. */
static enum cop_status run(struct small *small, uint64_t mask, uint32_t *tries)
{
    const struct reseed steps = {small, build, has_accident};

    small->builds = 0;
    small->mask = mask;
    buf_init(&small->lines, (size_t)1 << 22);
    buf_init(&small->side, (size_t)1 << 22);
    enum cop_status status = reseed_run(&steps, tries);

    buf_fini(&small->lines);
    buf_fini(&small->side);
    return status;
}

/* Twelve of the line, eight of the tag. */
static const uint64_t few_bits = UINT64_C(0xfff00003fc000000);

static void test_another_key_until_there_is_no_accident(void **state)
{
    static struct small small;
    uint32_t tries = 77;
    uint32_t again = 78;

    (void)state;
    assert_int_equal(run(&small, few_bits, &tries), COP_OK);
    assert_true(tries > 0); /* by chance, but always the same chance */
    assert_int_equal(small.builds, tries + 1);
    assert_int_equal(run(&small, few_bits, &again), COP_OK);
    assert_int_equal(tries, again);
}

static void test_whole_hashes_need_one_try(void **state)
{
    static struct small small;
    uint32_t tries = 77;

    (void)state;
    assert_int_equal(run(&small, UINT64_MAX, &tries), COP_OK);
    assert_int_equal(tries, 0);
    assert_int_equal(small.builds, 1);
}

static void test_hopeless_hashes_are_given_up(void **state)
{
    static struct small small;
    uint32_t tries = 77;

    (void)state;
    assert_int_equal(run(&small, UINT64_C(0xff) << 56, &tries), COP_E_LIMIT);
    assert_int_equal(small.builds, RESEED_MAX + 1);
    assert_int_equal(tries, 77);
}

static void test_a_build_that_fails_ends_it(void **state)
{
    static struct small small = {.status = COP_E_NOMEM};
    uint32_t tries = 77;

    (void)state;
    assert_int_equal(run(&small, UINT64_MAX, &tries), COP_E_NOMEM);
    assert_int_equal(small.builds, 1);
    assert_int_equal(tries, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_key_until_there_is_no_accident),
        cmocka_unit_test(test_whole_hashes_need_one_try),
        cmocka_unit_test(test_hopeless_hashes_are_given_up),
        cmocka_unit_test(test_a_build_that_fails_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

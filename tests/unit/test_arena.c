/* Arenas: alignment, ceilings, sticky failure, reuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "rules/base/arena.h"

static void test_allocations_are_zeroed_aligned_and_apart(void **state)
{
    struct arena arena;
    unsigned char *p[200];

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 200; i++) {
        p[i] = arena_alloc(&arena, i * 3);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 16, 0);
        for (size_t k = 0; k < i * 3; k++) {
            assert_int_equal(p[i][k], 0);
        }
        memset(p[i], 0xAA, i * 3);
        assert_true(i == 0 || p[i] != p[i - 1]);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t k = 0; k < i * 3; k++) {
            assert_int_equal(p[i][k], 0xAA);
        }
    }
    assert_false(arena_failed(&arena));
    arena_fini(&arena);
}

static void test_ceiling_is_exact_and_failure_sticks(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 64);
    assert_non_null(arena_alloc(&arena, 48));
    assert_int_equal(arena.used_bytes, 48);
    assert_non_null(arena_alloc(&arena, 1));
    assert_int_equal(arena.used_bytes, 64);
    assert_false(arena_failed(&arena));
    assert_null(arena_alloc(&arena, 1));
    assert_true(arena_failed(&arena));
    arena_reset(&arena);
    assert_false(arena_failed(&arena));
    assert_null(arena_alloc(&arena, 65));
    assert_null(arena_alloc(&arena, 1)); /* though there is room */
    assert_null(arena_copy(&arena, COP_LIT("a")).p);
    assert_null(arena_print(&arena, "%d", 1).p);
    arena_fini(&arena);
}

static void test_nothing_fits_in_an_arena_of_zero(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, 0));
    arena_fini(&arena);
}

static void test_sizes_that_overflow_fail(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, SIZE_MAX);
    assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
    assert_true(arena_failed(&arena));
    arena_reset(&arena);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    arena_reset(&arena);
    assert_null(arena_copy(&arena, (struct cop_slice){"", SIZE_MAX}).p);
    arena_reset(&arena);
    assert_non_null(arena_array(&arena, 10, 10));
    assert_int_equal(arena.used_bytes, 112);
    arena_fini(&arena);
}

static void test_more_than_a_block_at_once(void **state)
{
    struct arena arena;
    const size_t large = 3 << 20;

    (void)state;
    arena_init(&arena, 8 << 20);
    char *before = arena_alloc(&arena, 100);
    char *p = arena_alloc(&arena, large);
    char *after = arena_alloc(&arena, 100);

    assert_non_null(before);
    assert_non_null(p);
    assert_non_null(after);
    memset(before, 1, 100);
    memset(p, 2, large);
    memset(after, 3, 100);
    assert_int_equal(before[99], 1);
    assert_int_equal(p[large - 1], 2);
    arena_fini(&arena);
}

static void test_reset_forgets_the_bytes(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    for (int round = 0; round < 3; round++) {
        unsigned char *p = arena_alloc(&arena, 1000);

        assert_non_null(p);
        for (size_t i = 0; i < 1000; i++) {
            assert_int_equal(p[i], 0); /* nothing of the round before */
        }
        memset(p, 0x55, 1000);
        assert_non_null(arena_alloc(&arena, 20000));
        arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    arena_fini(&arena);
    arena_fini(&arena); /* harmless twice */
}

static void test_text(void **state)
{
    struct arena arena;
    char source[] = "some\0text";

    (void)state;
    arena_init(&arena, 1 << 16);
    struct cop_slice copy = arena_copy(&arena, (struct cop_slice){source, 9});
    struct cop_slice empty = arena_copy(&arena, (struct cop_slice){NULL, 0});
    struct cop_slice text = arena_print(&arena, "%s:%d", "line", 7);

    source[0] = 'X';
    assert_int_equal(copy.n, 9);
    assert_memory_equal(copy.p, "some\0text", 10);
    assert_int_equal(empty.n, 0);
    assert_string_equal(empty.p, "");
    assert_int_equal(text.n, 6);
    assert_string_equal(text.p, "line:7");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_ceiling_is_exact_and_failure_sticks),
        cmocka_unit_test(test_nothing_fits_in_an_arena_of_zero),
        cmocka_unit_test(test_sizes_that_overflow_fail),
        cmocka_unit_test(test_more_than_a_block_at_once),
        cmocka_unit_test(test_reset_forgets_the_bytes),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Buffers: growth, ceilings, sticky failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "rules/base/buf.h"

static void assert_content(const struct buf *buf, const char *expected)
{
    assert_int_equal(buf->n, strlen(expected));
    assert_memory_equal(buf->p, expected, buf->n);
}

static void test_grows_and_keeps_what_it_has(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1 << 20);
    for (unsigned i = 0; i < 20000; i++) {
        buf_add_char(&buf, (char)(i % 251));
    }
    assert_false(buf.failed);
    assert_int_equal(buf.n, 20000);
    for (unsigned i = 0; i < 20000; i++) {
        assert_int_equal(buf.p[i], (char)(i % 251));
    }
    assert_true(buf.cap <= buf.max);
    buf_fini(&buf);
}

static void test_ceiling_is_exact_and_failure_sticks(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 5);
    buf_add(&buf, "abc", 3);
    buf_add(&buf, "defg", 4); /* does not fit: nothing of it is added */
    assert_true(buf.failed);
    assert_content(&buf, "abc");
    buf_add_char(&buf, 'd'); /* though there is room */
    buf_print(&buf, "%d", 1);
    assert_null(buf_room(&buf, 1));
    assert_content(&buf, "abc");
    buf_clear(&buf);
    assert_false(buf.failed);
    buf_add(&buf, "abcde", 5);
    assert_false(buf.failed);
    assert_content(&buf, "abcde");
    buf_fini(&buf);
}

static void test_print_fills_to_the_last_byte(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 5);
    buf_print(&buf, "%s", "abcde");
    assert_false(buf.failed);
    assert_content(&buf, "abcde");
    buf_print(&buf, "%s", "");
    assert_false(buf.failed);
    buf_print(&buf, "%c", 'f');
    assert_true(buf.failed);
    assert_content(&buf, "abcde");
    buf_fini(&buf);
}

static void test_room_is_for_the_caller_to_fill(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 4096);
    char *place = buf_room(&buf, 3000);

    assert_non_null(place);
    memset(place, 'x', 3000);
    assert_int_equal(buf.n, 0);
    buf.n += 3000;
    assert_null(buf_room(&buf, 1097));
    assert_true(buf.failed);
    buf_release(&buf);
    assert_null(buf.p);
    assert_false(buf.failed);
    assert_int_equal(buf.max, 4096);
    assert_non_null(buf_room(&buf, 0));
    assert_null(buf_room(&buf, SIZE_MAX));
    buf_fini(&buf);
}

static void test_nothing_is_never_too_much(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 0);
    buf_add(&buf, NULL, 0);
    buf_add_slice(&buf, (struct cop_slice){NULL, 0});
    assert_false(buf.failed);
    assert_int_equal(buf_slice(&buf).n, 0);
    buf_add_char(&buf, 'a');
    assert_true(buf.failed);
    buf_fini(&buf);
}

static void test_drop_front(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    buf_drop_front(&buf, 10); /* of an empty one */
    buf_add_slice(&buf, COP_LIT("hello world"));
    buf_drop_front(&buf, 0);
    assert_content(&buf, "hello world");
    buf_drop_front(&buf, 6);
    assert_content(&buf, "world");
    buf_add_char(&buf, '!');
    assert_content(&buf, "world!");
    buf_drop_front(&buf, 7);
    assert_int_equal(buf.n, 0);
    buf_fini(&buf);
}

static void test_a_ceiling_beyond_memory(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, SIZE_MAX);
    buf_add_slice(&buf, COP_LIT("abc"));
    assert_null(buf_room(&buf, SIZE_MAX - 1));
    assert_true(buf.failed);
    assert_content(&buf, "abc");
    buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_keeps_what_it_has),
        cmocka_unit_test(test_ceiling_is_exact_and_failure_sticks),
        cmocka_unit_test(test_print_fills_to_the_last_byte),
        cmocka_unit_test(test_room_is_for_the_caller_to_fill),
        cmocka_unit_test(test_nothing_is_never_too_much),
        cmocka_unit_test(test_drop_front),
        cmocka_unit_test(test_a_ceiling_beyond_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

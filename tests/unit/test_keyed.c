/* Sorting in place: against qsort(), for keys of every shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/base/hash.h"
#include "rules/bundle/keyed.h"

enum { ITEMS = 20000 };

static int order(const void *a, const void *b)
{
    const struct keyed *x = a;
    const struct keyed *y = b;

    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->from > y->from) - (x->from < y->from);
}

static uint64_t number(uint32_t i)
{
    static const uint64_t key[2] = {7, 8};

    return hash_keyed(key, &i, sizeof(i));
}

/* Sort n keys whose bits outside `mask` are zero, and compare. */
static void sorts(size_t n, uint64_t mask)
{
    struct keyed *items = calloc(n + 1, sizeof(*items));
    struct keyed *wanted = calloc(n + 1, sizeof(*wanted));

    assert_non_null(items);
    assert_non_null(wanted);
    for (uint32_t i = 0; i < n; i++) {
        items[i] =
            (struct keyed){.key = number(i) & mask, .value = ~i, .from = i};
    }
    memcpy(wanted, items, n * sizeof(*items));
    keyed_sort(items, n);
    for (size_t i = 1; i < n; i++) {
        assert_true(items[i - 1].key <= items[i].key);
    }
    qsort(items, n, sizeof(*items), order); /* of equal keys, any order */
    qsort(wanted, n, sizeof(*wanted), order);
    assert_memory_equal(items, wanted, n * sizeof(*items));
    free(items);
    free(wanted);
}

static void test_any_number_of_hashes(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 31, 32, 33, 34, 1000, ITEMS};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        sorts(sizes[i], UINT64_MAX);
    }
}

static void test_keys_that_differ_in_some_bytes_only(void **state)
{
    static const uint64_t masks[] = {0, 1, 0xff, UINT64_C(0xff) << 56,
        UINT64_C(0x00ff00ff00ff00ff), UINT64_C(0x0300000000000001)};

    (void)state;
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        sorts(ITEMS, masks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number_of_hashes),
        cmocka_unit_test(test_keys_that_differ_in_some_bytes_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

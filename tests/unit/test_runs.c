/* Texts kept in packed runs: sorted, each once, all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/copc/runs.h"

static void assert_read(
    const struct runs *runs, const char *const *texts, size_t n)
{
    struct runs_reader *reader = runs_reader_new(runs);

    assert_non_null(reader);
    for (size_t i = 0; i < n; i++) {
        const char *text = runs_next(reader);

        assert_non_null(text);
        assert_string_equal(text, texts[i]);
    }
    assert_null(runs_next(reader));
    assert_null(runs_next(reader));
    assert_false(runs_failed(reader));
    runs_reader_free(&reader);
    runs_reader_free(&reader); /* of nothing */
}

static void test_few(void **state)
{
    static const char *const sorted[] = {"", "a", "aa", "b", "\xff"};
    const char *first[] = {"b", "a", "a", ""};
    const char *second[] = {"\xff", "aa", "a", "b"};
    struct runs runs = {NULL, 0};

    (void)state;
    assert_read(&runs, NULL, 0);
    assert_true(runs_add(&runs, first, 0));
    assert_read(&runs, NULL, 0);
    assert_true(runs_add(&runs, first, 4));
    assert_true(runs_add(&runs, second, 4));
    assert_read(&runs, sorted, 5);
    assert_read(&runs, sorted, 5); /* as often as one likes */
    runs_fini(&runs);
}

/* Over many blocks, and one text that is larger than a block. */
static void test_many(void **state)
{
    enum { N = 30000, EACH = N / 3, LARGE = 200000 };
    static char room[N][16];
    static const char *texts[N + 1];
    static const char *sorted[N + 1];
    char *large = malloc(LARGE);
    struct runs runs = {NULL, 0};

    (void)state;
    assert_non_null(large);
    memset(large, 'z', LARGE - 1);
    large[LARGE - 1] = '\0';
    for (size_t i = 0; i < N; i++) {
        snprintf(room[i], sizeof room[i], "t%05zu", i);
        sorted[i] = room[i];
        texts[i * 7919 % N] = room[i]; /* a prime: another order, all of them */
    }
    sorted[N] = texts[N] = large;
    for (size_t i = 0; i < 3; i++) {
        assert_true(runs_add(&runs, texts + i * EACH, EACH + (i == 2)));
    }
    assert_true(runs_add(&runs, texts + 500, EACH)); /* again */
    assert_read(&runs, sorted, N + 1);
    runs_fini(&runs);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

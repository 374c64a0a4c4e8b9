/* The table of answers of names: time to live, its bound, and fixed answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/net/answers.h"

static int setup(void **state)
{
    struct answers *answers = NULL;

    assert_int_equal(answers_new(&answers), COP_OK);
    *state = answers;
    return 0;
}

static int teardown(void **state)
{
    struct answers *answers = *state;

    answers_free(&answers);
    answers_free(&answers);
    return 0;
}

static struct answer answer_of(uint8_t last)
{
    struct answer answer = {0};
    uint8_t address[16] = {[15] = last};

    answer_add(&answer, address);
    return answer;
}

static void test_learnt_until_it_expires(void **state)
{
    struct answers *answers = *state;
    struct answer answer = answer_of(1);
    const struct answer *found;

    assert_null(answers_find(answers, COP_LIT("a.test"), 0));
    assert_int_equal(
        answers_learn(answers, COP_LIT("a.test"), &answer, 1000, 500), COP_OK);
    found = answers_find(answers, COP_LIT("a.test"), 1499);
    assert_non_null(found);
    assert_int_equal(found->n, 1);
    assert_int_equal(found->addresses[0][15], 1);
    assert_null(answers_find(answers, COP_LIT("b.test"), 1000));
    assert_null(answers_find(answers, COP_LIT("a.tes"), 1000));
    assert_null(answers_find(answers, COP_LIT("a.test"), 1500));
    assert_int_equal(answers_count(answers), 0);
}

static void test_learnt_anew(void **state)
{
    struct answers *answers = *state;
    struct answer answer = answer_of(1);

    assert_int_equal(
        answers_learn(answers, COP_LIT("a.test"), &answer, 0, 100), COP_OK);
    answer = answer_of(2);
    assert_int_equal(
        answers_learn(answers, COP_LIT("a.test"), &answer, 50, 100), COP_OK);
    assert_int_equal(answers_count(answers), 1);
    assert_int_equal(
        answers_find(answers, COP_LIT("a.test"), 120)->addresses[0][15], 2);
}

static void test_no_time_to_live_is_not_kept(void **state)
{
    struct answers *answers = *state;
    struct answer answer = answer_of(1);

    assert_int_equal(
        answers_learn(answers, COP_LIT("a.test"), &answer, 10, 0), COP_OK);
    assert_null(answers_find(answers, COP_LIT("a.test"), 10));
}

static void test_that_there_is_none_is_kept(void **state)
{
    struct answers *answers = *state;
    struct answer none = {0};
    const struct answer *found;

    assert_int_equal(
        answers_learn(answers, COP_LIT("no.test"), &none, 0, 100), COP_OK);
    found = answers_find(answers, COP_LIT("no.test"), 1);
    assert_non_null(found);
    assert_int_equal(found->n, 0);
}

static void test_fixed_is_for_ever(void **state)
{
    struct answers *answers = *state;
    struct answer one = answer_of(1);
    struct answer two = answer_of(2);
    const struct answer *found;

    assert_int_equal(
        answers_learn(answers, COP_LIT("a.test"), &two, 0, 100), COP_OK);
    assert_int_equal(answers_fix(answers, COP_LIT("a.test"), &one), COP_OK);
    assert_int_equal(
        answers_learn(answers, COP_LIT("a.test"), &two, 0, 100), COP_OK);
    found = answers_find(answers, COP_LIT("a.test"), INT64_MAX);
    assert_non_null(found);
    assert_int_equal(found->n, 1);
    assert_int_equal(found->addresses[0][15], 1);
    assert_int_equal(answers_fix(answers, COP_LIT("a.test"), &two), COP_OK);
    assert_int_equal(answers_fix(answers, COP_LIT("a.test"), &two), COP_OK);
    found = answers_find(answers, COP_LIT("a.test"), INT64_MAX);
    assert_int_equal(found->n, 2);
}

static struct cop_slice numbered(char out[32], int i)
{
    int n = snprintf(out, 32, "n%d.test", i);

    return (struct cop_slice){out, (size_t)n};
}

/* The least recently used goes first; what is used and what is fixed stays. */
static void test_bound(void **state)
{
    struct answers *answers = *state;
    struct answer answer = answer_of(1);
    char text[32];

    assert_int_equal(
        answers_fix(answers, COP_LIT("fixed.test"), &answer), COP_OK);
    for (int i = 0; i < 3 * ANSWERS_MAX; i++) {
        assert_int_equal(
            answers_learn(answers, numbered(text, i), &answer, 0, 1000),
            COP_OK);
        assert_non_null(answers_find(answers, numbered(text, 0), 1));
    }
    assert_int_equal(answers_count(answers), ANSWERS_MAX);
    assert_null(answers_find(answers, numbered(text, 1), 1));
    assert_null(answers_find(answers, numbered(text, 2 * ANSWERS_MAX), 1));
    assert_non_null(
        answers_find(answers, numbered(text, 2 * ANSWERS_MAX + 1), 1));
    assert_non_null(
        answers_find(answers, numbered(text, 3 * ANSWERS_MAX - 1), 1));
    assert_non_null(answers_find(answers, COP_LIT("fixed.test"), 1));
}

static void test_answers_are_bounded(void **state)
{
    struct answer answer = {0};

    (void)state;
    for (uint8_t i = 0; i < 2 * ANSWERS_ADDRESSES; i++) {
        uint8_t address[16] = {[15] = i};

        answer_add(&answer, address);
        answer_add(&answer, address);
    }
    assert_int_equal(answer.n, ANSWERS_ADDRESSES);
    assert_int_equal(
        answer.addresses[ANSWERS_ADDRESSES - 1][15], ANSWERS_ADDRESSES - 1);
}

static void test_too_long_is_refused(void **state)
{
    struct answers *answers = *state;
    struct answer answer = answer_of(1);
    char text[300];

    memset(text, 'a', sizeof(text));
    assert_int_equal(
        answers_learn(answers, (struct cop_slice){text, 300}, &answer, 0, 1),
        COP_E_NOMEM);
    assert_int_equal(
        answers_learn(answers, (struct cop_slice){text, 253}, &answer, 0, 1),
        COP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_learnt_until_it_expires, setup, teardown),
        cmocka_unit_test_setup_teardown(test_learnt_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_no_time_to_live_is_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_that_there_is_none_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_fixed_is_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test(test_answers_are_bounded),
        cmocka_unit_test_setup_teardown(
            test_too_long_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The taxonomy and the classes of subscriber: words, codes, bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "cop/category.h"
#include "rules/base/subscriber.h"

static void test_every_category_is_found_by_id_and_code(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        enum cop_category found = COP_CAT_ILLEGAL_CSAM;

        assert_int_equal(
            cop_category_find(cop_slice_of(cop_category_id(i)), &found),
            COP_OK);
        assert_int_equal(found, i);
        assert_int_equal(
            cop_category_from_code(cop_category_code(i), &found), COP_OK);
        assert_int_equal(found, i);
    }
}

/* Codes are stored in bundles: these may never change. */
static void test_codes_are_stable(void **state)
{
    (void)state;
    assert_int_equal(cop_category_code(COP_CAT_ILLEGAL_CSAM), 101);
    assert_int_equal(cop_category_code(COP_CAT_SEXUAL_PORNOGRAPHY), 201);
    assert_int_equal(cop_category_code(COP_CAT_GAMBLING_LICENSED), 502);
    assert_int_equal(cop_category_code(COP_CAT_SAFETY_CHILD_EDUCATION), 904);
    for (unsigned i = 1; i < COP_CATEGORIES; i++) {
        assert_true(cop_category_code(i - 1) < cop_category_code(i));
    }
}

static void test_what_is_not_a_category(void **state)
{
    static const char *const ids[] = {"", "gambling", "gambling.",
        "gambling.real_mone", "gambling.real_money ", "Gambling.real_money",
        "gambling.real-money"};
    enum cop_category found;

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_equal(
            cop_category_find(cop_slice_of(ids[i]), &found), COP_E_NOTFOUND);
    }
    assert_int_equal(cop_category_from_code(0, &found), COP_E_NOTFOUND);
    assert_int_equal(cop_category_from_code(100, &found), COP_E_NOTFOUND);
    assert_int_equal(cop_category_from_code(65535, &found), COP_E_NOTFOUND);
}

static void test_a_providers_own_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(cop_category_id(COP_CATEGORIES), "unknown");
    assert_int_equal(cop_category_code(127), 0);
    assert_int_equal(cop_category_class_of(127), COP_CLASS_C);
}

static void test_protected_are_those_of_class_p(void **state)
{
    struct cop_catset set = cop_category_protected();
    unsigned n = 0;

    (void)state;
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        assert_int_equal(
            cop_catset_has(set, i), cop_category_class_of(i) == COP_CLASS_P);
        n += cop_catset_has(set, i);
    }
    assert_int_equal(n, 5);
    assert_true(cop_catset_has(set, COP_CAT_SAFETY_HELPLINE));
    assert_true(cop_catset_has(set, COP_CAT_SEXUAL_EDUCATION));
    assert_int_equal(
        cop_category_class_of(COP_CAT_ILLEGAL_TERRORISM), COP_CLASS_L);
}

static void test_sets(void **state)
{
    struct cop_catset a = {{0, 0}};
    struct cop_catset b = {{0, 0}};

    (void)state;
    assert_true(cop_catset_empty(a));
    cop_catset_add(&a, 0);
    cop_catset_add(&a, 63);
    cop_catset_add(&a, 64);
    cop_catset_add(&a, 128); /* no such bit */
    cop_catset_add(&b, 64);
    cop_catset_add(&b, 127);
    assert_true(cop_catset_has(a, 63));
    assert_false(cop_catset_has(a, 62));
    assert_false(cop_catset_has(a, 128));
    assert_true(cop_catset_has(cop_catset_or(a, b), 127));
    assert_true(cop_catset_has(cop_catset_and(a, b), 64));
    assert_false(cop_catset_has(cop_catset_and(a, b), 0));
    assert_false(cop_catset_has(cop_catset_without(a, b), 64));
    assert_true(cop_catset_has(cop_catset_without(a, b), 0));
    assert_true(cop_catset_empty(cop_catset_without(b, b)));
}

static void test_subscribers(void **state)
{
    uint32_t all = 0;

    (void)state;
    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        const char *word = subscriber_word((enum subscriber)i);
        uint32_t bit = subscriber_bit(cop_slice_of(word));

        assert_int_equal(bit, (uint32_t)1 << i);
        all |= bit;
    }
    assert_int_equal(all, ((uint32_t)1 << SUBSCRIBERS) - 1);
    assert_int_equal(
        subscriber_bit(COP_LIT("school_pupil")), 1U << SUBSCRIBER_SCHOOL_PUPIL);
    assert_int_equal(subscriber_bit(COP_LIT("school")), 0);
    assert_int_equal(subscriber_bit(COP_LIT("")), 0);
    assert_string_equal(subscriber_word(SUBSCRIBERS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_category_is_found_by_id_and_code),
        cmocka_unit_test(test_codes_are_stable),
        cmocka_unit_test(test_what_is_not_a_category),
        cmocka_unit_test(test_a_providers_own_has_no_name),
        cmocka_unit_test(test_protected_are_those_of_class_p),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_subscribers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

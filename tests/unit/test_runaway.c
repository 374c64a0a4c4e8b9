/* Patterns that run away: what is said to do so does, and what agencies write
 * does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/check/runaway.h"

static struct pattern_room room;

static int set_up(void **state)
{
    (void)state;
    return pattern_room_init(&room) == COP_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    pattern_room_fini(&room);
    return 0;
}

static void test_found(void **state)
{
    static const char *const texts[] = {"(a+)+$", "^(a|aa)+$", "(x*)*y$",
        "^https://x\\.example/(?:[a-z]+)*$",
        "(\\d+){2,}:", "(([a-z])+.)+[A-Z]([a-z])+$",
        "^https?://([^/]+)*\\.test/$", "casino(\\w+\\w*)+!"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char out[RUNAWAY_MAX];

        if (!runaway_find(&room, cop_slice_of(texts[i]), out)) {
            fail_msg("not found: %s", texts[i]);
        }
        assert_in_range(strlen(out), 1, RUNAWAY_MAX - 1);
    }
}

/* The text that is told is one that the pattern runs away on. */
static void test_proof(void **state)
{
    char out[RUNAWAY_MAX + 1];
    pcre2_code *code = NULL;
    size_t n;

    (void)state;
    assert_true(runaway_find(&room, COP_LIT("casino/(a+)+$"), out));
    n = strlen(out);
    assert_memory_equal(out, "casino/aaaaaa", 13);
    assert_int_equal(
        pattern_compile(COP_LIT("casino/(a+)+$"), NULL, &code), COP_OK);
    assert_int_equal(
        pattern_run(&room, code, (struct cop_slice){out, n}), PATTERN_YES);
    out[n] = '!';
    assert_int_equal(pattern_run(&room, code, (struct cop_slice){out, n + 1}),
        PATTERN_LIMITED);
    pcre2_code_free(code);
}

static void test_not_found(void **state)
{
    static const char *const texts[] = {"casino", "(^|\\.)casino\\.example/",
        "^https?://([a-z0-9-]+\\.)*casino\\.example/", "[0-9]{4,}-slots",
        "(a|b|c)+x", "/(ads?|banner)s?/([0-9]+/)*[a-z]+\\.gif$", "(?:abc)+",
        "(?i:x)(?:\\.y){1,3}", "()+x", "[]a]+(b)*", "(?#+)a", "(?<n>a)+b",
        "(((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))"
        ")"
        "))))))))+"};
    char out[RUNAWAY_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (runaway_find(&room, cop_slice_of(texts[i]), out)) {
            fail_msg("found: %s by %s", texts[i], out);
        }
    }
}

/* What is cut anywhere is walked through without leaving it. */
static void test_cut(void **state)
{
    static const char text[] = "(a[^]b\\w]+(?<x>.\\d){2,}|(?i)[\\]c]*){3,9}\\";
    char out[RUNAWAY_MAX];

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        (void)runaway_find(&room, (struct cop_slice){text, n}, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_proof),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

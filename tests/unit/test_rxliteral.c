/* The literals of patterns: which are found, and that no match lacks them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/base/rxliteral.h"
#include "rules/decide/pattern.h"
#include "tests/unit/patterns.h"

enum { ARENA_MAX = 64 << 20, PATTERNS = 6000, SAMPLES = 24 };

static const struct {
    const char *pattern;
    const char *literals; /* with spaces between, none is "" */
} rows[] = {
    {"casino", "casino"},
    {"CaSiNo\\.Example", "casino.example"},
    {"casino|poker", "casino poker"},
    {"(?:casino|poker)s?\\.example",
        "casino.example casinos.example poker.example pokers.example"},
    {"(?:casino|poker)/q", "casino/q poker/q"},
    {"casino|", ""},
    {"(casino|)x", ""},
    {"casino|[a-z]+", ""},
    {"(?i:eq.xyz|abcd)", "abcd xyz"},
    {"cas[io]no", "casino casono"},
    {"cas[^i]no", "cas"},
    {"cas.nostra", "nostra"},
    {"poker?", "poke"},
    {"poker*", "poke"},
    {"poker+s", "poker"},
    {"(?:poker)+s", "pokers"},
    {"(?:poker){0}abc", "abc"},
    {"(?:poker){2}", "pokerpoker"},
    {"(?:poker){2,}s", "pokerpoker"},
    {"a{12}", "aaaaaaaa"},
    {"^poker$", "poker"},
    {"po\\bker", "poker"},
    {"po(?=k)ker", "poker"},
    {"po(?!casino)ker", "poker"},
    {"(?<=casino)\\d+", ""},
    {"po(?i)ker", "poker"},
    {"po(?<name>ke)r", "poker"},
    {"po(?P<name>ke)r", "poker"},
    {"po(?'name'ke)r", "poker"},
    {"po(?|ke|ki)r", "poker pokir"},
    {"po(?>ke)r", "poker"},
    {"\\x70oker", "poker"},
    {"po{ker", "po{ker"},
    {"[[:alpha:]]poker", "poker"},
    {"[]p]oker", "]oker poker"},
    {"[\\]p]oker", "]oker poker"},
    {"[a-c]oker", "aoker boker coker"},
    {"[a-z]oker", "oker"},
    {"po\\nker", "po\nker"},
    {"ab", ""},
    {"https?://", ""},
    {"poker|pokers", "poker"},
    {"\xC3\xA9poker", "poker"},
    /* not understood */
    {"poker(*ACCEPT)casino", ""},
    {"(*NO_JIT)poker", ""},
    {"(?x) po ker", ""},
    {"poker(?#note)*", ""},
    {"(poker)\\1", ""},
    {"(?R)poker|x", ""},
    {"(?(1)poker|casino)", ""},
    {"\\Qpoker\\E", ""},
    {"poker\\Kcasino", ""},
    {"poker{,3}", ""},
    {"poker{2}{3}", ""},
    {"[[.a.]]poker", ""},
    {"[\\c]]poker", ""},
    {"poker\\", ""},
    {"[poker", ""},
    {"(poker", ""},
    {"poker)", ""},
    {"+poker", ""},
    {"", ""},
};

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void find(struct cop_slice pattern, struct rxliteral *out)
{
    arena_reset(&arena);
    assert_int_equal(rxliteral_find(pattern, &arena, out), COP_OK);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rxliteral found;
        char text[256] = "";
        size_t n = 0;

        find(cop_slice_of(rows[i].pattern), &found);
        for (size_t j = 0; j < found.n; j++) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
                j != 0 ? " " : "", (int)found.p[j].n, found.p[j].p);
        }
        if (strcmp(text, rows[i].literals) != 0) {
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].pattern, text,
                rows[i].literals);
        }
    }
}

static bool holds_one(struct cop_slice text, const struct rxliteral *literals)
{
    char lower[PATTERNS_TEXT];
    bool holds = false;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    for (size_t i = 0; i < literals->n; i++) {
        holds |=
            memmem(lower, text.n, literals->p[i].p, literals->p[i].n) != NULL;
    }
    return holds;
}

/* Texts made from the patterns themselves, PCRE2 as the judge. */
static void test_no_match_lacks_them(void **state)
{
    static struct patterns_text pattern;
    static struct patterns_text sample;
    struct pattern_room room = {NULL, NULL, NULL};
    unsigned found_n = 0;
    unsigned matches = 0;

    (void)state;
    assert_int_equal(pattern_room_init(&room), COP_OK);
    for (uint64_t seed = 0; seed < PATTERNS; seed++) {
        struct cop_slice text = patterns_write(&pattern, seed);
        struct rxliteral found;
        pcre2_code *code = NULL;

        find(text, &found);
        if (found.n == 0 || pattern_compile(text, NULL, &code) != COP_OK) {
            continue;
        }
        found_n++;
        for (uint64_t i = 0; i < SAMPLES; i++) {
            struct cop_slice subject = patterns_sample(&sample, seed, i);

            if (pattern_run(&room, code, subject) != PATTERN_YES) {
                continue;
            }
            matches++;
            if (!holds_one(subject, &found)) {
                fail_msg(
                    "%s matches %s without its literals", pattern.p, sample.p);
            }
        }
        pcre2_code_free(code);
    }
    pattern_room_fini(&room);
    assert_true(found_n > PATTERNS / 3);
    assert_true(matches > found_n * SAMPLES / 2);
}

/* Sizes that only hostile patterns have: an answer, and in bounds. */
static void test_large(void **state)
{
    static char text[PATTERN_TEXT_MAX + 1];
    static const char *const units[] = {
        "(", "(a|b)", "[ab]", "a|b", "(?:ab?){1,8}", "\\", "[", "(?:", "ab|"};
    struct rxliteral found;

    (void)state;
    for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
        size_t n = strlen(units[u]);

        for (size_t i = 0; i < PATTERN_TEXT_MAX; i++) {
            text[i] = units[u][i % n];
        }
        find(cop_slice_of(text), &found);
        assert_true(found.n <= RXLITERAL_MAX);
        for (size_t i = 0; i < found.n; i++) {
            assert_true(found.p[i].n >= RXLITERAL_BYTES_MIN);
            assert_true(found.p[i].n <= RXLITERAL_BYTES_MAX);
        }
    }
}

static void test_no_memory(void **state)
{
    struct arena small;
    struct rxliteral found;

    (void)state;
    for (size_t max = 0; max < 4096; max += 16) {
        arena_init(&small, max);
        enum cop_status status =
            rxliteral_find(COP_LIT("(casino|poker)s?[ab]cd"), &small, &found);

        assert_true(status == COP_OK || found.n == 0);
        assert_true(status == COP_OK || status == COP_E_NOMEM);
        arena_fini(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_no_match_lacks_them),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

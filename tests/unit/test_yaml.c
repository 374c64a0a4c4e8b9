/* The strict YAML reader: what it refuses, where it says it is, and the typed
 * getters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/read/date.h"
#include "rules/read/utf8.h"
#include "rules/read/words.h"
#include "rules/read/yaml.h"
#include "tests/unit/findings.h"

struct bench {
    struct arena arena;
    struct findings findings;
    struct yaml yaml;
};

static enum cop_status parse(struct bench *bench, const char *text)
{
    arena_init(&bench->arena, 256u << 20);
    findings_init(&bench->findings);
    yaml_init(&bench->yaml, "t.yaml", &bench->arena, &bench->findings.report);
    return yaml_parse(&bench->yaml, cop_slice_of(text));
}

static void done(struct bench *bench)
{
    arena_fini(&bench->arena);
}

/* Every way to be refused, with the place it is found at. */
static void refuses_with_place(void **state)
{
    static const struct {
        const char *text;
        const char *finding;
    } rows[] = {
        {"a: 1\nb: 2\na: 3\n", "error t.yaml:3:1 yaml the key a is here a "
                               "second time; the first is on line 1"},
        {"a: {b: 1, b: 2}\n", "error t.yaml:1:11 yaml"},
        {"a: &x 1\n", "error t.yaml:1:4 yaml anchors"},
        {"a: &x [1]\n", "yaml anchors"},
        {"a: *x\n", "error t.yaml:1:4 yaml aliases"},
        {"a: !!str 1\n", "error t.yaml:1:4 yaml tags"},
        {"a: !x {b: 1}\n", "error t.yaml:1:4 yaml tags"},
        {"a:\n  <<: {b: 1}\n", "error t.yaml:2:3 yaml merge keys"},
        {"a: 1\n---\nb: 1\n", "yaml a second document"},
        {"%YAML 1.2\n---\na: 1\n", "yaml directives"},
        {"a:\tb\n", "error t.yaml:1:3 yaml there is a tab"},
        {"a: 1 #\t\n", "error t.yaml:1:7 yaml there is a tab"},
        {"a: \xff\n", "error t.yaml:1:4 yaml this byte is not UTF-8"},
        {"a: \xc0\xaf\n", "yaml this byte is not UTF-8"},
        {"a: \xed\xa0\x80\n", "yaml this byte is not UTF-8"},
        {"a: \xf4\x90\x80\x80\n", "yaml this byte is not UTF-8"},
        {"a: \x01\n", "error t.yaml:1:4 yaml there is a control"},
        {"a: \xc2\x85\n", "yaml there is a control"},
        {"a: \"x\\0y\"\n", "error t.yaml:1:4 yaml an escape"},
        {"a: \"x\\ty\"\n", "yaml an escape"},
        {"a: [1, 2\n", "yaml this is not YAML"},
        {"a: 1\n  b: 2\n", "yaml this is not YAML"},
        {"a: 'x\n", "yaml this is not YAML"},
        {"{a: 1}: 2\n", "yaml"},
        {"? [a]\n: 2\n", "yaml a key must be a word"},
        {": 2\n", "yaml a key is missing"},
        {"a: 'x''''y'\n", "error t.yaml:1:4 yaml there are several quotes"},
        {"'''''': 1\n", "error t.yaml:1:1 yaml there are several quotes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;
        enum cop_status status = parse(&bench, rows[i].text);

        if (status != COP_E_SYNTAX) {
            print_error("row %zu: %s", i, rows[i].text);
        }
        assert_int_equal(status, COP_E_SYNTAX);
        assert_true(findings_have(&bench.findings, rows[i].finding));
        assert_true(bench.findings.report.errors > 0);
        done(&bench);
    }
}

/* Two mistakes of the kind that can be read past are both told. */
static void reports_every_duplicate(void **state)
{
    struct bench bench;

    (void)state;
    assert_int_equal(parse(&bench, "a: 1\na: 2\nb: 1\nb: 2\n"), COP_E_SYNTAX);
    assert_int_equal(bench.findings.report.errors, 2);
    done(&bench);
}

static void repeated(char *out, const char *part, size_t times)
{
    size_t n = strlen(part);

    for (size_t i = 0; i < times; i++) {
        memcpy(out + i * n, part, n);
    }
    out[times * n] = '\0';
}

static void bounds_depth(void **state)
{
    struct bench bench;
    char text[3 * (YAML_DEPTH_MAX + 1) + 1];

    (void)state;
    repeated(text, "[", YAML_DEPTH_MAX);
    repeated(text + YAML_DEPTH_MAX, "]", YAML_DEPTH_MAX);
    assert_int_equal(parse(&bench, text), COP_OK);
    done(&bench);
    repeated(text, "[", YAML_DEPTH_MAX + 1);
    repeated(text + YAML_DEPTH_MAX + 1, "]", YAML_DEPTH_MAX + 1);
    assert_int_equal(parse(&bench, text), COP_E_LIMIT);
    assert_true(findings_have(&bench.findings, "error t.yaml:1:33 limit"));
    done(&bench);
}

static void bounds_size_nodes_and_keys(void **state)
{
    char *text = malloc(YAML_BYTES_MAX + 2);
    struct bench bench;
    size_t used = 0;

    (void)state;
    assert_non_null(text);
    memset(text, '#', YAML_BYTES_MAX);
    text[YAML_BYTES_MAX] = '\0';
    assert_int_equal(parse(&bench, text), COP_OK);
    done(&bench);
    text[YAML_BYTES_MAX] = '#';
    text[YAML_BYTES_MAX + 1] = '\0';
    assert_int_equal(parse(&bench, text), COP_E_LIMIT);
    done(&bench);

    repeated(text, "- 1\n", YAML_NODES_MAX);
    assert_int_equal(parse(&bench, text), COP_E_LIMIT);
    done(&bench);
    text[4 * (YAML_NODES_MAX - 1)] = '\0';
    assert_int_equal(parse(&bench, text), COP_OK);
    assert_int_equal(bench.yaml.root->count, YAML_NODES_MAX - 1);
    done(&bench);

    for (unsigned i = 0; i <= YAML_KEYS_MAX; i++) {
        used += (size_t)snprintf(text + used, 16, "k%u: 1\n", i);
    }
    assert_int_equal(parse(&bench, text), COP_E_LIMIT);
    assert_true(findings_have(&bench.findings, "error t.yaml:513:1 limit"));
    done(&bench);
    free(text);
}

static void reports_when_memory_ends(void **state)
{
    struct bench bench;

    (void)state;
    arena_init(&bench.arena, 64);
    findings_init(&bench.findings);
    yaml_init(&bench.yaml, "t.yaml", &bench.arena, &bench.findings.report);
    assert_int_equal(
        yaml_parse(&bench.yaml, COP_LIT("a: [1, 2, 3]\n")), COP_E_NOMEM);
    assert_int_equal(bench.findings.report.errors, 1);
    done(&bench);
}

static void builds_a_tree_with_places(void **state)
{
    struct bench bench;
    const struct yaml_node *a;
    const struct yaml_node *item;

    (void)state;
    assert_int_equal(parse(&bench, "\xEF\xBB\xBF# note\r\n"
                                   "a:\r\n"
                                   "  - one\r\n"
                                   "  - {\xC3\xA9: \"two\", n: ~}\r\n"
                                   "no: yes\r\n"
                                   "e:\r\n"),
        COP_OK);
    a = yaml_get(bench.yaml.root, "a");
    assert_non_null(a);
    assert_int_equal(a->kind, YAML_LIST);
    assert_int_equal(a->count, 2);
    assert_int_equal(a->key_line, 2);
    assert_int_equal(a->key_column, 1);
    assert_int_equal(a->first->line, 3);
    assert_int_equal(a->first->column, 5);
    assert_string_equal(a->first->text.p, "one");
    item = a->first->next;
    assert_int_equal(item->kind, YAML_MAP);
    assert_string_equal(item->first->key.p, "\xC3\xA9");
    assert_int_equal(item->first->column, 10); /* in bytes */
    assert_false(item->first->is_plain);
    assert_int_equal(item->first->next->kind, YAML_NULL);
    assert_int_equal(yaml_get(bench.yaml.root, "no")->kind, YAML_TEXT);
    assert_int_equal(yaml_get(bench.yaml.root, "e")->kind, YAML_NULL);
    assert_null(yaml_get(bench.yaml.root, "nope"));
    assert_null(yaml_get(item->first, "x"));
    done(&bench);
}

/* What a text becomes, however it is written. */
static void styles_of_text(void **state)
{
    static const struct {
        const char *yaml;
        const char *text;
    } rows[] = {
        {"a: plain words\n", "plain words"},
        {"a: 'it''s'\n", "it's"},
        {"a: 'one '' and ''two'' or'\n", "one ' and 'two' or"},
        {"a: \"x\\x41\\u00e9\\\"\"\n", "xA\xC3\xA9\""},
        {"a: |\n  one\n  two\n", "one\ntwo\n"},
        {"a: >-\n  one\n  two\n", "one two"},
        {"a: 'one\n  two'\n", "one two"},
        {"a: ''\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;

        assert_int_equal(parse(&bench, rows[i].yaml), COP_OK);
        assert_int_equal(bench.yaml.root->first->kind, YAML_TEXT);
        assert_string_equal(bench.yaml.root->first->text.p, rows[i].text);
        done(&bench);
    }
}

static void reads_nothing_as_null(void **state)
{
    static const char *const empty[] = {"", "\n", "# only a note\n", "---\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        struct bench bench;

        assert_int_equal(parse(&bench, empty[i]), COP_OK);
        assert_non_null(bench.yaml.root);
        assert_int_equal(bench.yaml.root->kind, YAML_NULL);
        done(&bench);
    }
}

/* ---- getters ---- */

static void types_are_asked_for(void **state)
{
    struct bench bench;
    const struct yaml_node *root;
    struct cop_slice text;
    int64_t number = 0;
    bool flag = false;

    (void)state;
    assert_int_equal(
        parse(&bench, "n: 42\nneg: -7\nq: \"42\"\nbig: 99999999999999999999\n"
                      "z: 007\nt: true\ny: yes\nqt: 'true'\nempty: \"\"\n"
                      "none:\nmap: {}\n"),
        COP_OK);
    root = bench.yaml.root;
    assert_true(yaml_int(&bench.yaml, yaml_get(root, "n"), 0, 42, &number));
    assert_int_equal(number, 42);
    assert_true(yaml_int(&bench.yaml, yaml_get(root, "neg"), -7, 0, &number));
    assert_int_equal(number, -7);
    assert_true(yaml_text(&bench.yaml, yaml_get(root, "n"), &text));
    assert_true(yaml_bool(&bench.yaml, yaml_get(root, "t"), &flag));
    assert_true(flag);
    assert_int_equal(bench.yaml.errors, 0);

    assert_false(yaml_int(&bench.yaml, yaml_get(root, "n"), 0, 41, &number));
    assert_true(findings_have(&bench.findings,
        "error t.yaml:1:4 value n is 42, which is not between 0 and 41"));
    assert_false(yaml_int(&bench.yaml, yaml_get(root, "q"), 0, 99, &number));
    assert_false(
        yaml_int(&bench.yaml, yaml_get(root, "big"), 0, INT64_MAX, &number));
    assert_false(yaml_int(&bench.yaml, yaml_get(root, "z"), 0, 99, &number));
    assert_false(yaml_bool(&bench.yaml, yaml_get(root, "y"), &flag));
    assert_false(yaml_bool(&bench.yaml, yaml_get(root, "qt"), &flag));
    assert_false(yaml_text(&bench.yaml, yaml_get(root, "empty"), &text));
    assert_false(yaml_text(&bench.yaml, yaml_get(root, "none"), &text));
    assert_false(yaml_text(&bench.yaml, yaml_get(root, "map"), &text));
    assert_int_equal(bench.yaml.errors, 9);
    done(&bench);
}

static void words_are_suggested(void **state)
{
    static const char *const words[] = {"mandatory", "default_on"};
    struct bench bench;
    unsigned which = 9;

    (void)state;
    assert_int_equal(
        parse(&bench, "- default_on\n- manadtory\n- nonsense\n"), COP_OK);
    assert_true(
        yaml_word(&bench.yaml, bench.yaml.root->first, words, 2, &which));
    assert_int_equal(which, 1);
    assert_false(
        yaml_word(&bench.yaml, bench.yaml.root->first->next, words, 2, &which));
    assert_true(findings_have(&bench.findings, "did you mean mandatory?"));
    assert_false(yaml_word(
        &bench.yaml, bench.yaml.root->first->next->next, words, 2, &which));
    assert_true(findings_have(
        &bench.findings, "it is one of: mandatory or default_on"));
    done(&bench);
}

static void dates_are_of_the_calendar(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_time; /* -1: no date */
    } rows[] = {
        {"1970-01-01", 0},
        {"2000-02-29", 951782400},
        {"2024-02-29", 1709164800},
        {"2026-11-24", 1795478400},
        {"9999-12-31", 253402214400},
        {"1900-02-28", -1},
        {"2100-02-29", -1},
        {"2023-02-29", -1},
        {"2026-13-01", -1},
        {"2026-00-10", -1},
        {"2026-04-31", -1},
        {"2026-4-3", -1},
        {"2026-04-03 ", -1},
        {"24.11.2026", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = -1;
        bool ok = date_parse(cop_slice_of(rows[i].text), &got);

        assert_int_equal(ok, rows[i].unix_time >= 0);
        assert_int_equal(got, rows[i].unix_time);
        if (ok) {
            char back[11];

            date_print(got, back);
            assert_string_equal(back, rows[i].text);
        }
    }
}

static void moments_carry_their_offset(void **state)
{
    int64_t at = 0;
    uint16_t minute = 0;

    (void)state;
    assert_true(
        date_parse_moment(COP_LIT("2026-03-02T10:00:00+00:00"), &at, &minute));
    assert_int_equal(at, 1772445600);
    assert_int_equal(minute, 600); /* a Monday */
    assert_true(
        date_parse_moment(COP_LIT("2026-03-02T00:30+03:00"), &at, &minute));
    assert_int_equal(at, 1772400600);
    assert_int_equal(minute, 30);
    assert_int_equal(date_week_minute(at), DATE_WEEK_MINUTES - 150);
    assert_true(date_parse_moment(COP_LIT("1970-01-01T00:00Z"), &at, &minute));
    assert_int_equal(minute, 3 * 1440);
    assert_false(
        date_parse_moment(COP_LIT("2026-03-02T10:00:00"), &at, &minute));
    assert_false(date_parse_moment(COP_LIT("2026-03-02"), &at, &minute));
    assert_false(date_parse_moment(COP_LIT("2026-03-02T24:00Z"), &at, &minute));
    assert_false(
        date_parse_moment(COP_LIT("2026-03-02T10:00Zx"), &at, &minute));
}

static void clocks_and_durations(void **state)
{
    uint16_t minute = 0;

    (void)state;
    assert_true(date_parse_clock(COP_LIT("20:30"), &minute));
    assert_int_equal(minute, 1230);
    assert_true(date_parse_clock(COP_LIT("24:00"), &minute));
    assert_int_equal(minute, 1440);
    assert_false(date_parse_clock(COP_LIT("24:01"), &minute));
    assert_false(date_parse_clock(COP_LIT("7:30"), &minute));
    assert_true(date_is_duration(COP_LIT("P1Y")));
    assert_true(date_is_duration(COP_LIT("PT12H")));
    assert_true(date_is_duration(COP_LIT("P1DT2H30M")));
    assert_true(date_is_duration(COP_LIT("P45D")));
    assert_false(date_is_duration(COP_LIT("P")));
    assert_false(date_is_duration(COP_LIT("PT")));
    assert_false(date_is_duration(COP_LIT("P1H")));
    assert_false(date_is_duration(COP_LIT("1Y")));
    assert_false(date_is_duration(COP_LIT("P1D2Y")));
}

static void lists_of_texts(void **state)
{
    const struct cop_slice *texts = NULL;
    struct bench bench;
    size_t n = 0;

    (void)state;
    assert_int_equal(parse(&bench, "a: [x, y]\nb: z\nc: [x, {}]\n"), COP_OK);
    assert_true(
        yaml_texts(&bench.yaml, yaml_get(bench.yaml.root, "a"), &texts, &n));
    assert_int_equal(n, 2);
    assert_string_equal(texts[1].p, "y");
    assert_true(
        yaml_texts(&bench.yaml, yaml_get(bench.yaml.root, "b"), &texts, &n));
    assert_int_equal(n, 1);
    assert_false(
        yaml_texts(&bench.yaml, yaml_get(bench.yaml.root, "c"), &texts, &n));
    assert_true(findings_have(&bench.findings, "error t.yaml:3:8 value"));
    done(&bench);
}

/* ---- mappings ---- */

static void read_number(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_int(yaml, value, 0, 100, into);
}

static void mappings_dispatch(void **state)
{
    static const struct yaml_key keys[] = {
        {"age", read_number, true},
        {"comment", NULL, false},
        {"title", NULL, true},
    };
    struct bench bench;
    int64_t age = 0;

    (void)state;
    assert_int_equal(
        parse(&bench,
            "age: 7\ncomment: {any: [{x-crit-deep: 1}], x-a: 2}\ntilte: x\n"
            "x-mine: 1\nx-crit-new: 2\nzzz: 3\n"),
        COP_OK);
    assert_true(yaml_map_read(&bench.yaml, bench.yaml.root, keys, 3, &age));
    assert_int_equal(age, 7);
    assert_true(findings_have(&bench.findings,
        "error t.yaml:3:1 key there is no key tilte here; did you mean "
        "title?"));
    assert_true(findings_have(&bench.findings,
        "error t.yaml:5:1 unsupported the key x-crit-new is marked critical"));
    assert_true(findings_have(
        &bench.findings, "error t.yaml:6:1 key there is no key zzz here"));
    assert_true(findings_have(
        &bench.findings, "error t.yaml:1:1 key the key title is missing here"));
    assert_true(findings_have(&bench.findings,
        "error t.yaml:2:18 unsupported the key x-crit-deep is marked"));
    assert_int_equal(bench.yaml.errors, 5);
    assert_false(
        yaml_map_read(&bench.yaml, bench.yaml.root->first, keys, 3, &age));
    done(&bench);
}

static void distances(void **state)
{
    char word[65];

    (void)state;
    memset(word, 'a', sizeof(word));
    assert_int_equal(words_distance(COP_LIT(""), COP_LIT("abc")), 3);
    assert_int_equal(words_distance(COP_LIT("abc"), COP_LIT("ABC")), 0);
    assert_int_equal(words_distance(COP_LIT("abcd"), COP_LIT("acbd")), 1);
    assert_int_equal(words_distance(COP_LIT("kitten"), COP_LIT("sitting")), 3);
    assert_int_equal(words_distance((struct cop_slice){word, 63},
                         (struct cop_slice){word, 62}),
        1);
    assert_true(
        words_distance((struct cop_slice){word, 64}, COP_LIT("a")) == SIZE_MAX);
}

static void utf8_lengths(void **state)
{
    size_t at = 0;

    (void)state;
    assert_int_equal(utf8_length(COP_LIT("a\xC3\xA9\xE2\x82\xAC")), 3);
    assert_int_equal(utf8_flaw_next(COP_LIT("ok\xE2\x82"), &at), UTF8_INVALID);
    assert_int_equal(at, 2);
    at = 0;
    assert_int_equal(
        utf8_flaw_next(COP_LIT("\xF0\x9F\x98\x80\r\n"), &at), UTF8_FINE);
    assert_int_equal(at, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_place),
        cmocka_unit_test(reports_every_duplicate),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(bounds_size_nodes_and_keys),
        cmocka_unit_test(reports_when_memory_ends),
        cmocka_unit_test(builds_a_tree_with_places),
        cmocka_unit_test(styles_of_text),
        cmocka_unit_test(reads_nothing_as_null),
        cmocka_unit_test(types_are_asked_for),
        cmocka_unit_test(words_are_suggested),
        cmocka_unit_test(dates_are_of_the_calendar),
        cmocka_unit_test(moments_carry_their_offset),
        cmocka_unit_test(clocks_and_durations),
        cmocka_unit_test(lists_of_texts),
        cmocka_unit_test(mappings_dispatch),
        cmocka_unit_test(distances),
        cmocka_unit_test(utf8_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

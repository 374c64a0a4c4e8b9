/* JSON lines: valid whatever goes in, and never too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "gateway/record/line.h"

/* The line as JSON sees it; the caller drops it. */
static json_t *parsed(const struct line *line)
{
    json_error_t error;
    json_t *root;

    assert_true(line->n <= LINE_MAX_BYTES);
    assert_int_equal(line->p[line->n - 1], '\n');
    assert_null(memchr(line->p, '\n', line->n - 1));
    root = json_loadb(
        line->p, line->n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (root == NULL) {
        fail_msg("%s: %.*s", error.text, (int)line->n, line->p);
    }
    return root;
}

static void assert_text(json_t *root, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(root, name));

    assert_non_null(text);
    assert_string_equal(text, wanted);
}

static void test_members(void **state)
{
    struct line line;
    json_t *root;

    (void)state;
    line_open(&line);
    line_word(&line, "a", "one");
    line_number(&line, "b", 12345678901234567ULL);
    assert_true(line_begin(&line, "c", '['));
    line_item(&line, "x");
    line_item(&line, "y\"z");
    line_end(&line, '[');
    assert_true(line_begin(&line, "d", '{'));
    line_word(&line, "e", "");
    line_end(&line, '{');
    line_time(&line, "t", 1767225599, 7);
    line_time(&line, "u", 0, -1);
    line_close(&line);
    assert_int_equal(line.n,
        strlen(
            "{\"a\":\"one\",\"b\":12345678901234567,\"c\":[\"x\",\"y\\\"z\"],"
            "\"d\":{\"e\":\"\"},\"t\":\"2025-12-31T23:59:59.007Z\","
            "\"u\":\"1970-01-01T00:00:00Z\"}\n"));
    root = parsed(&line);
    assert_text(root, "a", "one");
    assert_int_equal(
        json_integer_value(json_object_get(root, "b")), 12345678901234567LL);
    assert_int_equal(json_array_size(json_object_get(root, "c")), 2);
    assert_text(json_object_get(root, "d"), "e", "");
    assert_text(root, "t", "2025-12-31T23:59:59.007Z");
    assert_text(root, "u", "1970-01-01T00:00:00Z");
    json_decref(root);
}

static void test_empty_line(void **state)
{
    struct line line;

    (void)state;
    line_open(&line);
    line_close(&line);
    assert_memory_equal(line.p, "{}\n", 3);
    assert_int_equal(line.n, 3);
}

static void test_escapes(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"plain", "plain"},
        {"\"\\/", "\"\\/"},
        {"\x01\x1f\t\r\n\x7f", "\x01\x1f\t\r\n\x7f"},
        {"caf\xc3\xa9 \xd8\xb9 \xe2\x82\xac \xf0\x9f\x98\x80",
            "caf\xc3\xa9 \xd8\xb9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\x80", "\xef\xbf\xbd"},
        {"a\xc3", "a\xef\xbf\xbd"},
        {"\xc3(", "\xef\xbf\xbd("},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe0\x9f\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf0\x8f\xbf\xbf",
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80",
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf5", "\xef\xbf\xbd"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x82\x41", "\xef\xbf\xbd\xef\xbf\xbd"
                         "A"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct line line;
        json_t *root;

        line_open(&line);
        line_word(&line, "v", rows[i].in);
        line_close(&line);
        root = parsed(&line);
        assert_text(root, "v", rows[i].out);
        json_decref(root);
    }
}

/* Cut at a limit, never inside a character or an escape. */
static void test_cut_between_characters(void **state)
{
    static const char text[] = "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x01z";
    static const char *const cuts[] = {"", "", "\"", "\"", "\"\xc3\xa9",
        "\"\xc3\xa9", "\"\xc3\xa9", "\"\xc3\xa9\xe2\x82\xac"};

    (void)state;
    for (size_t max = 0; max < 25; max++) {
        struct line line;
        json_t *root;

        line_open(&line);
        line_text(&line, "v", cop_slice_of(text), max);
        line_close(&line);
        root = parsed(&line);
        if (max < sizeof(cuts) / sizeof(cuts[0])) {
            assert_text(root, "v", cuts[max]);
        }
        json_decref(root);
    }
}

static void test_bytes_of_any_kind(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        char bytes[64];
        struct line line;

        for (size_t i = 0; i < sizeof(bytes); i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (char)(seed >> 24);
        }
        line_open(&line);
        line_text(&line, "v", (struct cop_slice){bytes, sizeof(bytes)},
            seed >> 8 & 127);
        line_close(&line);
        json_decref(parsed(&line));
    }
}

/* However much is put in, in whatever order, the line ends whole. */
static void test_full_line_is_valid(void **state)
{
    char text[LINE_MAX_BYTES];

    (void)state;
    memset(text, '"', sizeof(text));
    for (size_t n = 0; n < LINE_MAX_BYTES; n += 7) {
        struct line line;
        bool is_open;
        json_t *root;

        line_open(&line);
        line_text(&line, "text", (struct cop_slice){text, n}, SIZE_MAX);
        is_open = line_begin(&line, "list", '[');
        for (int i = 0; is_open && i < 200; i++) {
            line_item(&line, "an item of a list");
        }
        if (is_open) {
            line_end(&line, '[');
        }
        if (line_begin(&line, "object", '{')) {
            bool is_deeper = line_begin(&line, "in", '{');

            if (is_deeper && line_begin(&line, "in", '{')) {
                assert_false(line_begin(&line, "in", '{'));
                line_word(&line, "v", "w");
                line_end(&line, '{');
            }
            if (is_deeper) {
                line_end(&line, '{');
            }
            line_end(&line, '{');
        }
        for (int i = 0; i < 3; i++) {
            char name[8];

            (void)snprintf(name, sizeof(name), "n%d", i);
            line_number(&line, name, UINT64_MAX / 2);
        }
        line_time(&line, "time", 0, 0);
        line_close(&line);
        root = parsed(&line);
        json_decref(root);
    }
}

static void test_times_outside_the_calendar(void **state)
{
    static const int64_t times[] = {INT64_MIN, INT64_MAX, 253402300800};
    struct line line;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        line_open(&line);
        line_time(&line, "t", times[i], -1);
        line_close(&line);
        assert_int_equal(line.n, 3);
    }
    line_open(&line);
    line_time(&line, "t", 253402300799, -1);
    line_close(&line);
    assert_non_null(strstr(line.p, "9999-12-31T23:59:59Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_empty_line),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_bytes_of_any_kind),
        cmocka_unit_test(test_full_line_is_valid),
        cmocka_unit_test(test_times_outside_the_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

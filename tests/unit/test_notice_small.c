/* Notices for what is not a person in front of a window, and what all have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <regex.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/unit/notice_fixture.h"

static void check_member(json_t *object, const char *name, const char *value)
{
    assert_string_equal(
        json_string_value(json_object_get(object, name)), value);
}

static void test_json(void **state)
{
    struct asked asked;
    struct answer answer;
    json_t *object;

    ask(&asked, *state, LAW, "en");
    set_destination(&asked.request, "empty");
    block(&answer, &asked);
    check_field(&answer, "Content-Type", "application/problem+json");
    object = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    check_member(object, "type", "cop:problem:blocked");
    check_member(object, "title", "This page is not open here");
    check_member(object, "detail", "Gambling \"pages\" are <off>.");
    check_member(object, "requirement", "cop:req:XX:act-1:gambling");
    check_member(object, "authority", "Examplia <Media> Office");
    check_member(
        object, "appeal", "Write to https://appeal.example/?a=1&b=2, please.");
    check_member(object, "reference", "2345CDFGHJ");
    assert_int_equal(
        json_integer_value(json_object_get(object, "status")), 403);
    json_decref(object);
    answer_free(&answer);
    err(&answer, &asked);
    object = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    check_member(object, "type", "cop:problem:cert_expired");
    assert_int_equal(
        json_integer_value(json_object_get(object, "status")), 502);
    json_decref(object);
    answer_free(&answer);
}

static void test_small_forms(void **state)
{
    static const struct {
        const char *destination;
        const char *type;
        const char *has;
    } rows[] = {
        {"image", "image/svg+xml", "<svg "},
        {"script", "text/javascript; charset=utf-8",
            "/* Not open here. 2345CDFGHJ */\n"},
        {"style", "text/css; charset=utf-8",
            "/* Not open here. 2345CDFGHJ */\n"},
        {"iframe", "text/plain; charset=utf-8",
            "This page is not open here\nYou did nothing wrong.\n"},
        {"font", "", ""},
    };
    struct asked asked;
    struct answer answer;

    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        ask(&asked, *state, LAW, "en");
        set_destination(&asked.request, rows[i].destination);
        block(&answer, &asked);
        assert_int_equal(answer.head->status, 403);
        check_field(&answer, "Content-Type", rows[i].type);
        check_field(&answer, "Cache-Control", "no-store");
        check_field(
            &answer, "Content-Security-Policy", "default-src 'none'; sandbox");
        check_has(&answer, rows[i].has);
        check_lacks(&answer, "<html");
        answer_free(&answer);
    }
}

static void test_head_request(void **state)
{
    struct asked asked;
    struct answer whole;
    struct answer bare;
    char length[24];

    ask(&asked, *state, LAW, "en");
    block(&whole, &asked);
    asked.request.method = COP_LIT("HEAD");
    block(&bare, &asked);
    snprintf(length, sizeof(length), "%zu", strlen(whole.body));
    check_field(&bare, "Content-Length", length);
    assert_int_equal(bare.body[0], '\0');
    answer_free(&whole);
    answer_free(&bare);
}

static void test_connection(void **state)
{
    regex_t date;
    struct asked asked;
    struct answer answer;
    struct cop_slice field;
    char text[30] = "";

    ask(&asked, *state, LAW, "en");
    asked.request.minor = 0;
    block(&answer, &asked);
    check_field(&answer, "Connection", "keep-alive");
    field = field_of(&answer, "Date");
    assert_int_equal(field.n, sizeof(text) - 1);
    memcpy(text, field.p, field.n);
    assert_int_equal(
        regcomp(&date,
            "^[SMTWF][a-z][a-z], [0-3][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] "
            "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT$",
            REG_NOSUB),
        0);
    assert_int_equal(regexec(&date, text, 0, NULL, 0), 0);
    regfree(&date);
    answer_free(&answer);
}

static void test_no_room(void **state)
{
    struct asked asked;
    struct buf out;

    ask(&asked, *state, LAW, "en");
    buf_init(&out, 500);
    notice_block(&out, &asked.facts);
    assert_true(out.failed);
    buf_fini(&out);
}

static void test_reference(void **state)
{
    char first[17];
    char second[17];

    (void)state;
    for (int i = 0; i < 200; i++) {
        notice_reference(first);
        assert_int_equal(strlen(first), 10);
        assert_int_equal(strspn(first, "23456789CDFHJKMNPQRTVWXY"), 10);
    }
    notice_reference(second);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_small_forms),
        cmocka_unit_test(test_head_request),
        cmocka_unit_test(test_connection),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_reference),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

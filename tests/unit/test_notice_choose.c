/* What a notice is chosen by, and how texts are made safe for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "gateway/notice/choose.h"
#include "gateway/notice/markup.h"
#include "gateway/notice/notice.h"
#include "gateway/notice/phrases.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(*(array)))

static void add_field(
    struct http_head *request, enum field_id id, const char *value)
{
    if (value != NULL) {
        request->fields[request->fields_n++] =
            (struct http_field){.value = cop_slice_of(value), .id = id};
    }
}

static void test_phrases(void **state)
{
    struct buf clean;

    (void)state;
    for (size_t i = 0; phrases_at(i) != NULL; i++) {
        const struct phrases *phrases = phrases_at(i);

        for (int j = 0; j < PHRASES; j++) {
            const char *text = phrases_say(phrases, (enum phrase)j);

            if (text == NULL || text[0] == '\0') {
                fail_msg("%s lacks phrase %d", phrases_tag(phrases), j);
            }
            buf_init(&clean, 1000);
            markup_plain(&clean, cop_slice_of(text));
            assert_true(cop_slice_eq(buf_slice(&clean), cop_slice_of(text)));
            buf_fini(&clean);
        }
        assert_ptr_equal(
            phrases_find(cop_slice_of(phrases_tag(phrases))), phrases);
        assert_int_equal(choose_is_rtl(cop_slice_of(phrases_tag(phrases))),
            strcmp(phrases_direction(phrases), "rtl") == 0);
    }
    assert_string_equal(phrases_tag(phrases_find(COP_LIT("PT-br"))), "pt");
    assert_string_equal(
        phrases_tag(phrases_find(COP_LIT("ar-a-ext-EG"))), "ar");
    assert_null(phrases_find(COP_LIT("arq")));
    assert_null(phrases_find(COP_LIT("")));
    assert_null(phrases_at(1000));
}

static void check_languages(const char *accept, const char *expected)
{
    static const struct cop_slice site[] = {
        {"sw", 2}, {"fr-CH", 5}, {"<x>", 3}};
    struct http_head request = {.minor = 1};
    struct choice choice;
    struct buf told;

    add_field(&request, FIELD_ACCEPT_LANGUAGE, accept);
    choose_languages(&request, site, LENGTH_OF(site), &choice);
    buf_init(&told, 4096);
    for (size_t i = 0; i < choice.n; i++) {
        buf_print(&told, "%s%.*s", i == 0 ? "" : " ", (int)choice.tags[i].n,
            choice.tags[i].p);
    }
    buf_add_char(&told, '\0');
    assert_string_equal(told.p, expected);
    buf_fini(&told);
}

static void test_languages(void **state)
{
    struct choice choice;

    (void)state;
    check_languages(NULL, "sw fr-CH en");
    check_languages("ar", "ar sw fr-CH en");
    check_languages("en;q=0.5, ar;q=0.8, fr", "fr ar en sw fr-CH");
    check_languages("de;q=0, *;q=1, es;q=0.001", "es sw fr-CH en");
    check_languages("a, a;q=1, A ,,;q=1,b ; q=0.3", "a b sw fr-CH en");
    check_languages("en;q=1.1, fr;q=x, es;q=0.5000, pt;q=", "sw fr-CH en");
    check_languages("<script>, \"en\", e\xc3\xb6, toolongtag", "sw fr-CH en");
    check_languages("a1,b1,aa,ab,ac,ad,ae,af,ag,ah,ai,aj,ak,al,am,an,ao,ap,aq",
        "aa ab ac ad ae af ag ah ai aj ak al am an ao ap sw fr-CH en");
    choose_languages(NULL, NULL, 0, &choice);
    assert_int_equal(choice.n, 1);
}

static void test_tags(void **state)
{
    (void)state;
    assert_true(choose_is_tag(COP_LIT("zh-Hant-TW")));
    assert_true(choose_is_tag(COP_LIT("es-419")));
    assert_false(choose_is_tag(COP_LIT("")));
    assert_false(choose_is_tag(COP_LIT("-en")));
    assert_false(choose_is_tag(COP_LIT("en-")));
    assert_false(choose_is_tag(COP_LIT("en--gb")));
    assert_false(choose_is_tag(COP_LIT("en\" x=\"")));
    assert_false(choose_is_tag(COP_LIT("abcdefghi")));
    assert_true(choose_is_rtl(COP_LIT("FA-ir")));
    assert_false(choose_is_rtl(COP_LIT("en")));
}

static enum notice_form form_of(
    const char *destination, const char *accept, bool requested_with)
{
    struct http_head request = {.minor = 1};

    add_field(&request, FIELD_SEC_FETCH_DEST, destination);
    add_field(&request, FIELD_ACCEPT, accept);
    add_field(&request, FIELD_X_REQUESTED_WITH,
        requested_with ? "XMLHttpRequest" : NULL);
    return notice_form_of(&request);
}

static void test_forms(void **state)
{
    static const char navigation[] =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
        "image/webp,*/*;q=0.8";

    (void)state;
    assert_int_equal(notice_form_of(NULL), NOTICE_HTML);
    assert_int_equal(form_of("document", "*/*", true), NOTICE_HTML);
    assert_int_equal(form_of("iframe", navigation, false), NOTICE_TEXT);
    assert_int_equal(form_of("image", navigation, false), NOTICE_IMAGE);
    assert_int_equal(form_of("script", "*/*", false), NOTICE_SCRIPT);
    assert_int_equal(form_of("style", "text/css", false), NOTICE_STYLE);
    assert_int_equal(form_of("empty", "text/html", false), NOTICE_JSON);
    assert_int_equal(form_of("font", "*/*", false), NOTICE_EMPTY);
    assert_int_equal(form_of("unheard-of", "text/html", false), NOTICE_HTML);
    assert_int_equal(form_of(NULL, navigation, true), NOTICE_HTML);
    assert_int_equal(
        form_of(NULL, "image/avif,image/webp,*/*;q=0.8", false), NOTICE_IMAGE);
    assert_int_equal(form_of(NULL, "text/css,*/*;q=0.1", false), NOTICE_STYLE);
    assert_int_equal(
        form_of(NULL, "application/json, text/plain, */*", false), NOTICE_JSON);
    assert_int_equal(
        form_of(NULL, "text/html;q=0, text/plain;q=0.1", false), NOTICE_TEXT);
    assert_int_equal(form_of(NULL, "*/*", true), NOTICE_JSON);
    assert_int_equal(form_of(NULL, "*/*", false), NOTICE_TEXT);
    assert_int_equal(form_of(NULL, NULL, false), NOTICE_TEXT);
}

static void check_markup(void (*write)(struct buf *, struct cop_slice),
    struct cop_slice in, const char *expected)
{
    struct buf out;

    buf_init(&out, 4096);
    write(&out, in);
    buf_add_char(&out, '\0');
    assert_string_equal(out.p, expected);
    buf_fini(&out);
}

static void test_markup(void **state)
{
#define BAD "\xef\xbf\xbd"
    (void)state;
    check_markup(markup_text, COP_LIT("<a b='c' d=\"e\">&amp;"),
        "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;amp;");
    check_markup(markup_plain, COP_LIT("a\r\nb\tc\0d\x1b\x7f"),
        "a  b c" BAD "d" BAD BAD);
    check_markup(markup_plain, COP_LIT("\xc2\x85x\xc2\xa0"), BAD "x\xc2\xa0");
    check_markup(markup_plain, COP_LIT("\xc3"), BAD);
    check_markup(
        markup_plain, COP_LIT("\xc0\xaf\xed\xa0\x80"), BAD BAD BAD BAD BAD);
    check_markup(
        markup_plain, COP_LIT("\xf4\x90\x80\x80\xff"), BAD BAD BAD BAD BAD);
    check_markup(
        markup_plain, COP_LIT("\xf0\x9f\x99\x82 ل"), "\xf0\x9f\x99\x82 ل");
    check_markup(markup_links,
        COP_LIT("See https://a.example/x?y=1&z, or "
                "javascript:x http://"),
        "See <a rel=\"noreferrer\" dir=\"ltr\" "
        "href=\"https://a.example/x?y=1&amp;z\">https://a.example/x?y=1&amp;z"
        "</a>, or javascript:x http://");
    check_markup(markup_links, COP_LIT("http://a.example/\"onclick=x"),
        "<a rel=\"noreferrer\" dir=\"ltr\" href=\"http://a.example/\">"
        "http://a.example/</a>&quot;onclick=x");
    check_markup(markup_links, (struct cop_slice){NULL, 0}, "");
    assert_true(markup_is_url(COP_LIT("https://a.example/x")));
    assert_false(markup_is_url(COP_LIT("https://a.example/x>; y")));
    assert_false(markup_is_url(COP_LIT("ftp://a.example/x")));
    assert_false(markup_is_url(COP_LIT("")));
#undef BAD
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_markup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

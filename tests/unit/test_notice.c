/* The pages. They are also written beside this program, in notice-pages/, for
 * tests that look at them with a browser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "gateway/notice/phrases.h"
#include "tests/unit/notice_fixture.h"

static void test_block_page(void **state)
{
    struct asked asked;
    struct answer answer;

    ask(&asked, *state, LAW, "en-GB");
    block(&answer, &asked);
    check_page(&answer);
    assert_int_equal(answer.head->status, 403);
    assert_true(cop_slice_eq(answer.head->reason, COP_LIT("Forbidden")));
    check_field(&answer, "Content-Language", "en");
    assert_null(field_of(&answer, "Link").p);
    assert_null(field_of(&answer, "Connection").p);
    check_has(&answer, "<html lang=\"en\" dir=\"ltr\">");
    check_has(&answer, "casino.example");
    check_has(&answer, "You did nothing wrong.");
    check_has(&answer, "Gambling &quot;pages&quot; are &lt;off&gt;.");
    check_has(&answer, "Examplia &lt;Media&gt; Office");
    check_has(&answer, "Act 1 &amp; its decree");
    check_has(&answer, "§ 7");
    check_has(&answer, "cop:req:XX:act-1:gambling");
    check_has(&answer, "Gambling for money");
    check_has(&answer, "href=\"https://appeal.example/?a=1&amp;b=2\"");
    check_has(&answer, "href=\"https://help.example/\"");
    check_has(&answer, "href=\"https://office.example/\"");
    check_has(&answer, "2345CDFGHJ");
    answer_free(&answer);
}

static void test_arabic_page(void **state)
{
    struct asked asked;
    struct answer answer;

    ask(&asked, *state, LAW, "ar-EG, en;q=0.3");
    block(&answer, &asked);
    check_page(&answer);
    check_field(&answer, "Content-Language", "ar");
    check_has(&answer, "<html lang=\"ar\" dir=\"rtl\">");
    check_has(&answer, "<p>صفحات المقامرة متوقفة.</p>");
    check_has(&answer, "القمار بالمال");
    /* The appeal is in English only, and says so. */
    check_has(&answer, "<dd lang=\"en\" dir=\"ltr\">Write to ");
    answer_free(&answer);
}

/* The requirement speaks only French, the page English. */
static void test_legal_page(void **state)
{
    struct asked asked;
    struct answer answer;

    ask(&asked, *state, ORDER, "en");
    asked.facts.keep_alive = false;
    block(&answer, &asked);
    check_page(&answer);
    assert_int_equal(answer.head->status, 451);
    check_field(&answer, "Link",
        "<https://courts.example/orders/2>; rel=\"blocked-by\"");
    check_field(&answer, "Connection", "close");
    check_has(&answer, "<p lang=\"fr\" dir=\"ltr\">Un tribunal l’a ordonné.");
    /* Nobody to call in this one: that of another is better than none. */
    check_has(&answer, "https://help.example/");
    answer_free(&answer);
    ask(&asked, *state, BARE, "en");
    block(&answer, &asked);
    assert_int_equal(answer.head->status, 451);
    assert_null(field_of(&answer, "Link").p);
    check_says(&answer, phrases_say(phrases_fallback(), PHRASE_WHY_RULE));
    answer_free(&answer);
}

static void test_sensitive_page(void **state)
{
    struct asked asked;
    struct answer answer;
    const char *help;
    const char *back;

    ask(&asked, *state, SENSITIVE, "en");
    asked.verdict.category = COP_CAT_SELF_SUICIDE_SELFHARM;
    block(&answer, &asked);
    check_lacks(&answer, "Label to be hidden");
    help = strstr(answer.body, "https://help.example/");
    back = strstr(answer.body, "Go back");
    assert_true(help != NULL && back != NULL && help < back);
    answer_free(&answer);
    asked.verdict.category = COP_CAT_ILLEGAL_CSAM;
    block(&answer, &asked);
    check_lacks(&answer, "Label to be hidden");
    answer_free(&answer);
    asked.verdict.category = COP_NONE;
    block(&answer, &asked);
    check_lacks(&answer, "Kind of page");
    answer_free(&answer);
}

/* In every language: why, a way back, and one button to go on. */
static void test_warning_page(void **state)
{
    static const char go_on[] = "/.well-known/copgate/continue?a=1&to=%2F";
    const struct phrases *phrases;
    struct asked asked;
    struct answer answer;

    for (size_t i = 0; (phrases = phrases_at(i)) != NULL; i++) {
        ask(&asked, *state, SENSITIVE, phrases_tag(phrases));
        asked.verdict.action = COP_WARN;
        asked.verdict.category = COP_NONE;
        asked.facts.go_on = cop_slice_of(go_on);
        block(&answer, &asked);
        assert_int_equal(answer.head->status, 403);
        check_field(&answer, "Content-Language", phrases_tag(phrases));
        check_field(&answer, "Referrer-Policy", "same-origin");
        check_says(&answer, phrases_say(phrases, PHRASE_WARN_TITLE));
        check_says(&answer, phrases_say(phrases, PHRASE_WHY_WARN));
        check_says(&answer, phrases_say(phrases, PHRASE_GO_ON_NOTE));
        check_says(&answer, phrases_say(phrases, PHRASE_GO_BACK));
        check_has(&answer, "<form method=\"post\" "
                           "action=\"/.well-known/copgate/continue"
                           "?a=1&amp;to=%2F\">");
        assert_non_null(memmem(field_of(&answer, "Content-Security-Policy").p,
            field_of(&answer, "Content-Security-Policy").n,
            "form-action 'self'", 18));
        answer_free(&answer);
    }
    asked.facts.go_on = COP_LIT("");
    block(&answer, &asked);
    check_page(&answer);
    check_lacks(&answer, "<form");
    check_lacks(&answer, "<button");
    answer_free(&answer);
}

static void test_local_pages(void **state)
{
    static const struct {
        enum cop_level level;
        enum phrase why;
    } rows[] = {
        {COP_LEVEL_LOCKED, PHRASE_WHY_DEVICE},
        {COP_LEVEL_ALLOW_ONLY, PHRASE_WHY_CHOSEN},
        {COP_LEVEL_TEMPLATE, PHRASE_WHY_AGE},
        {COP_LEVEL_LOCAL_DENY, PHRASE_WHY_LOCAL},
    };
    struct asked asked;
    struct answer answer;

    ask(&asked, *state, COP_NONE, "en");
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        asked.verdict.level = rows[i].level;
        block(&answer, &asked);
        check_page(&answer);
        assert_int_equal(answer.head->status, 403);
        check_says(&answer, phrases_say(phrases_fallback(), rows[i].why));
        check_has(&answer, "Tell the people who look after this network.");
        answer_free(&answer);
    }
    asked.verdict.is_scheduled = true;
    block(&answer, &asked);
    check_has(&answer, "It is rest time.");
    answer_free(&answer);
    asked.facts.policy = NULL;
    asked.facts.verdict = NULL;
    asked.facts.host = NULL;
    asked.facts.reference = NULL;
    asked.facts.contact = (struct cop_slice){NULL, 0};
    asked.facts.request = NULL;
    block(&answer, &asked);
    check_page(&answer);
    answer_free(&answer);
}

/* The hash in the policy is that of the bytes between the style tags. */
static void test_style_hash(void **state)
{
    struct asked asked;
    struct answer answer;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char hash[EVP_MAX_MD_SIZE * 2];
    char policy[300];
    const char *style;
    const char *end;

    ask(&asked, *state, LAW, "en");
    block(&answer, &asked);
    style = strstr(answer.body, "<style>") + strlen("<style>");
    end = strstr(style, "</style>");
    assert_int_equal(EVP_Digest(style, (size_t)(end - style), digest, NULL,
                         EVP_sha256(), NULL),
        1);
    EVP_EncodeBlock(hash, digest, 32);
    snprintf(policy, sizeof(policy),
        "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        (const char *)hash);
    check_field(&answer, "Content-Security-Policy", policy);
    check_field(&answer, "Vary",
        "Accept, Accept-Language, Sec-Fetch-Dest, X-Requested-With");
    answer_free(&answer);
}

static void test_error_page(void **state)
{
    struct asked asked;
    struct answer answer;

    ask(&asked, *state, COP_NONE, "en");
    err(&answer, &asked);
    check_page(&answer);
    assert_int_equal(answer.head->status, 502);
    check_has(&answer, "You did nothing wrong.");
    check_has(&answer, "kind of ID card");
    check_has(&answer, "The card of this website is out of date.");
    check_has(&answer, "<code>cert_expired</code>: ");
    check_says(&answer, cop_reason_text(COP_REASON_CERT_EXPIRED));
    check_has(&answer, "certificate &lt;of&gt; &quot;casino.example&quot;"
                       "\xef\xbf\xbd\xef\xbf\xbd has expired");
    check_lacks(&answer, "href=\"https://help.example/\"");
    answer_free(&answer);
    asked.facts.detail = NULL;
    asked.facts.reason = COP_REASON_RESOLVE;
    err(&answer, &asked);
    check_lacks(&answer, "kind of ID card");
    check_has(&answer, "There is no website with this address.");
    answer_free(&answer);
}

static void test_every_reason(void **state)
{
    static const uint16_t allowed[] = {400, 403, 408, 431, 502, 503, 504};
    struct asked asked;
    struct answer answer;

    ask(&asked, *state, COP_NONE, "en");
    for (int i = 0; i <= COP_REASONS; i++) {
        bool is_allowed = false;

        asked.facts.reason = (enum cop_reason)i;
        for (size_t j = 0; j < LENGTH_OF(allowed); j++) {
            is_allowed |= notice_status_of(asked.facts.reason) == allowed[j];
        }
        assert_true(is_allowed);
        err(&answer, &asked);
        check_page(&answer);
        check_says(&answer, cop_reason_text(asked.facts.reason));
        assert_false(cop_slice_eq(answer.head->reason, COP_LIT("Not Open")));
        answer_free(&answer);
    }
    assert_int_equal(notice_status_of(COP_REASON_REACH), 403);
    assert_int_equal(notice_status_of(COP_REASON_CONNECT_TIMEOUT), 504);
    assert_int_equal(notice_status_of(COP_REASON_HEAD_TOO_LARGE), 431);
}

/* --- pages to look at --- */

static void write_page(
    const struct answer *answer, const char *name, const char *language)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof(path), "notice-pages/%s-%s.html", name, language);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_not_equal(fputs(answer->body, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void test_write_pages(void **state)
{
    struct asked asked;
    struct answer answer;

    (void)mkdir("notice-pages", 0777);
    for (size_t i = 0; phrases_at(i) != NULL; i++) {
        const char *language = phrases_tag(phrases_at(i));

        ask(&asked, *state, LAW, language);
        block(&answer, &asked);
        check_page(&answer);
        write_page(&answer, "block", language);
        answer_free(&answer);
        err(&answer, &asked);
        check_page(&answer);
        write_page(&answer, "error", language);
        answer_free(&answer);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_page),
        cmocka_unit_test(test_arabic_page),
        cmocka_unit_test(test_legal_page),
        cmocka_unit_test(test_sensitive_page),
        cmocka_unit_test(test_local_pages),
        cmocka_unit_test(test_warning_page),
        cmocka_unit_test(test_style_hash),
        cmocka_unit_test(test_error_page),
        cmocka_unit_test(test_every_reason),
        cmocka_unit_test(test_write_pages),
    };

    if (argc < 1 || chdir(dirname(argv[0])) != 0) {
        return 2;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Notices: each is read back by our own reader of responses, so that it is one
 * whole well-formed answer. The pages are also written beside this program, in
 * notice-pages/, for tests that look at them with a browser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <libgen.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "gateway/http/h1_read.h"
#include "gateway/notice/choose.h"
#include "gateway/notice/markup.h"
#include "gateway/notice/notice.h"
#include "gateway/notice/phrases.h"
#include "tests/unit/bundle_fixture.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(*(array)))

/* --- what notices are about --- */

/* Requirements of the policy, in the order of their ids. */
enum { LAW, ORDER, SENSITIVE, BARE };

struct world {
    struct fixture *fixture;
    struct cop_policy *policy;
    struct cop_host host;
};

static void add_text(struct fixture *f, uint32_t requirement,
    enum cop_text text, const char *language, const char *words)
{
    f->texts[f->t.texts_n++] = (struct tables_text){.requirement = requirement,
        .text = text,
        .language = cop_slice_of(language),
        .words = cop_slice_of(words)};
}

static void add_label(struct fixture *f, unsigned category,
    const char *language, const char *words)
{
    f->texts[f->t.texts_n++] =
        (struct tables_text){.requirement = cop_category_code(category),
            .of_category = true,
            .text = COP_TEXT_TITLE,
            .language = cop_slice_of(language),
            .words = cop_slice_of(words)};
}

static void add_requirements(struct fixture *f)
{
    struct tables_requirement *q =
        fixture_requirement(f, "cop:req:XX:act-1:gambling");

    q->r.authority = COP_LIT("Examplia <Media> Office");
    q->r.instrument = COP_LIT("Act 1 & its decree");
    q->r.citation = COP_LIT("§ 7");
    add_text(f, LAW, COP_TEXT_NOTICE, "en", "Gambling \"pages\" are <off>.");
    add_text(f, LAW, COP_TEXT_NOTICE, "ar", "صفحات المقامرة متوقفة.");
    add_text(f, LAW, COP_TEXT_APPEAL, "en",
        "Write to https://appeal.example/?a=1&b=2, please.");
    add_text(f, LAW, COP_TEXT_HELPLINE, "en", "https://help.example/");
    q = fixture_requirement(f, "cop:req:XX:act-2:order");
    q->r.http_status = 451;
    q->r.blocked_by = COP_LIT("https://courts.example/orders/2");
    add_text(f, ORDER, COP_TEXT_NOTICE, "fr", "Un tribunal l’a ordonné.");
    (void)fixture_requirement(f, "cop:req:XX:act-3:care");
    q = fixture_requirement(f, "cop:req:XX:act-4:bare");
    q->r.http_status = 451;
    q->r.blocked_by = COP_LIT("https://evil.example/>\r\nX: y");
    add_label(f, COP_CAT_GAMBLING_REAL_MONEY, "en", "Gambling for money");
    add_label(f, COP_CAT_GAMBLING_REAL_MONEY, "ar", "القمار بالمال");
    add_label(f, COP_CAT_SELF_SUICIDE_SELFHARM, "en", "Label to be hidden");
    add_label(f, COP_CAT_ILLEGAL_CSAM, "en", "Label to be hidden");
}

static int setup(void **state)
{
    static struct world world;
    struct cop_bundle *bundle = NULL;
    struct fixture *f = fixture_new("test");

    add_requirements(f);
    assert_int_equal(bundle_write(&f->t, &f->image), COP_OK);
    assert_int_equal(cop_bundle_open_memory(
                         f->image.bytes, f->image.n, "test", NULL, &bundle),
        COP_OK);
    assert_int_equal(cop_policy_new(&bundle, 1, NULL, &world.policy), COP_OK);
    cop_bundle_drop(&bundle);
    assert_int_equal(
        cop_host_parse(COP_LIT("casino.example"), &world.host), COP_OK);
    world.fixture = f;
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    cop_policy_free(&world->policy);
    fixture_free(&world->fixture);
    return 0;
}

static const struct cop_verdict *verdict_of(
    struct cop_verdict *verdict, uint32_t requirement, uint32_t category)
{
    *verdict = (struct cop_verdict){.action = COP_BLOCK,
        .level = COP_LEVEL_MANDATORY,
        .bundle = requirement != COP_NONE ? 0 : COP_NONE,
        .requirement = requirement,
        .category = category};
    return verdict;
}

static void request_of(
    struct http_head *head, const char *method, const char *accept_language)
{
    *head = (struct http_head){.method = cop_slice_of(method), .minor = 1};
    head->fields[head->fields_n++] = (struct http_field){
        .value = COP_LIT("text/html,*/*;q=0.8"), .id = FIELD_ACCEPT};
    if (accept_language != NULL) {
        head->fields[head->fields_n++] =
            (struct http_field){.value = cop_slice_of(accept_language),
                .id = FIELD_ACCEPT_LANGUAGE};
    }
}

static void set_destination(struct http_head *head, const char *destination)
{
    head->fields[head->fields_n++] = (struct http_field){
        .value = cop_slice_of(destination), .id = FIELD_SEC_FETCH_DEST};
}

/* Facts of a block by a requirement, and whom they borrow from. */
struct asked {
    struct notice_facts facts;
    struct cop_verdict verdict;
    struct http_head request;
};

static void ask(struct asked *asked, const struct world *world,
    uint32_t requirement, const char *accept_language)
{
    request_of(&asked->request, "GET", accept_language);
    asked->facts = (struct notice_facts){.request = &asked->request,
        .host = &world->host,
        .contact = COP_LIT("the office, https://office.example/"),
        .reference = "2345CDFGHJ",
        .keep_alive = true,
        .policy = world->policy,
        .verdict = verdict_of(
            &asked->verdict, requirement, COP_CAT_GAMBLING_REAL_MONEY),
        .reason = COP_REASON_CERT_EXPIRED,
        .detail = "certificate <of> \"casino.example\"\x01\xff has expired"};
}

/* --- reading them back --- */

struct answer {
    struct buf bytes;
    struct h1_reader *reader;
    struct http_head *head;
    char *body; /* ends in NUL, into bytes */
};

/* Read a notice back: one message, of exactly these bytes. */
static void answer_read(struct answer *answer, bool to_head)
{
    struct cop_slice rest;
    struct cop_slice body;
    size_t used;

    assert_false(answer->bytes.failed);
    buf_add_char(&answer->bytes, '\0');
    rest = (struct cop_slice){answer->bytes.p, answer->bytes.n - 1};
    assert_int_equal(
        h1_reader_new(H1_RESPONSE, 8192, 64, &answer->reader), COP_OK);
    h1_reader_next(answer->reader, to_head, false);
    assert_int_equal(h1_read(answer->reader, rest, &used, &body), H1_HEAD);
    answer->head = h1_reader_head(answer->reader);
    answer->body = answer->bytes.p + used;
    rest.p += used;
    rest.n -= used;
    assert_int_equal(
        answer->head->framing, to_head ? HTTP_NO_BODY : HTTP_LENGTH);
    if (rest.n != 0) {
        assert_int_equal(h1_read(answer->reader, rest, &used, &body), H1_BODY);
        assert_int_equal(used, rest.n);
    }
    assert_int_equal(
        h1_read(answer->reader, (struct cop_slice){NULL, 0}, &used, &body),
        H1_END);
}

static void block(struct answer *answer, const struct asked *asked)
{
    *answer = (struct answer){.head = NULL};
    buf_init(&answer->bytes, 1 << 20);
    notice_block(&answer->bytes, &asked->facts);
    answer_read(answer, cop_slice_eq(asked->request.method, COP_LIT("HEAD")));
}

static void err(struct answer *answer, const struct asked *asked)
{
    *answer = (struct answer){.head = NULL};
    buf_init(&answer->bytes, 1 << 20);
    notice_error(
        &answer->bytes, &asked->facts, notice_status_of(asked->facts.reason));
    answer_read(answer, false);
}

static void answer_free(struct answer *answer)
{
    h1_reader_free(&answer->reader);
    buf_fini(&answer->bytes);
}

static struct cop_slice field_of(const struct answer *answer, const char *name)
{
    struct cop_slice found = {NULL, 0};

    for (uint32_t i = 0; i < answer->head->fields_n; i++) {
        const struct http_field *field = &answer->head->fields[i];

        if (cop_slice_eq(field->name, cop_slice_of(name))) {
            assert_null(found.p);
            found = field->value;
        }
    }
    return found;
}

static void check_field(
    const struct answer *answer, const char *name, const char *value)
{
    struct cop_slice found = field_of(answer, name);

    if (!cop_slice_eq(found, cop_slice_of(value))) {
        fail_msg("%s is %.*s, not %s", name, (int)found.n,
            found.n != 0 ? found.p : "", value);
    }
}

static void check_has(const struct answer *answer, const char *text)
{
    if (strstr(answer->body, text) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", text, answer->body);
    }
}

/* As text of the page: escaped. */
static void check_says(const struct answer *answer, const char *text)
{
    struct buf escaped;

    buf_init(&escaped, 1000);
    markup_text(&escaped, cop_slice_of(text));
    buf_add_char(&escaped, '\0');
    check_has(answer, escaped.p);
    buf_fini(&escaped);
}

static void check_lacks(const struct answer *answer, const char *text)
{
    if (strstr(answer->body, text) != NULL) {
        fail_msg("\"%s\" is in:\n%s", text, answer->body);
    }
}

static unsigned count_of(const struct answer *answer, const char *text)
{
    unsigned n = 0;

    for (const char *p = answer->body; (p = strstr(p, text)) != NULL; p++) {
        n++;
    }
    return n;
}

/* What holds for every page, whatever it says. */
static void check_page(const struct answer *answer)
{
    check_field(answer, "Content-Type", "text/html; charset=utf-8");
    check_field(answer, "Cache-Control", "no-store");
    check_field(answer, "X-Content-Type-Options", "nosniff");
    check_field(answer, "Referrer-Policy", "no-referrer");
    assert_int_equal(count_of(answer, "<h1>"), 1);
    assert_int_equal(count_of(answer, "<main>"), 1);
    assert_int_equal(count_of(answer, "<header>"), 1);
    assert_int_equal(count_of(answer, "<footer>"), 1);
    assert_int_equal(count_of(answer, "<section "), count_of(answer, "<h2 "));
    assert_int_equal(
        count_of(answer, "<section "), count_of(answer, "</section>"));
    assert_int_equal(count_of(answer, "<bdi"), count_of(answer, "</bdi>"));
    assert_int_equal(count_of(answer, "<li>"), count_of(answer, "</li>"));
    check_lacks(answer, "<script");
    check_lacks(answer, " style=");
    check_lacks(answer, " src=");
    check_lacks(answer, "<link");
    check_lacks(answer, "<form");
    check_lacks(answer, "url(");
}

/* --- tests --- */

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
    struct http_head request;
    struct choice choice;
    struct buf told;

    request_of(&request, "GET", accept);
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

    if (destination != NULL) {
        set_destination(&request, destination);
    }
    if (accept != NULL) {
        request.fields[request.fields_n++] = (struct http_field){
            .value = cop_slice_of(accept), .id = FIELD_ACCEPT};
    }
    if (requested_with) {
        request.fields[request.fields_n++] = (struct http_field){
            .value = COP_LIT("XMLHttpRequest"), .id = FIELD_X_REQUESTED_WITH};
    }
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
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_markup),
        cmocka_unit_test(test_block_page),
        cmocka_unit_test(test_arabic_page),
        cmocka_unit_test(test_legal_page),
        cmocka_unit_test(test_sensitive_page),
        cmocka_unit_test(test_local_pages),
        cmocka_unit_test(test_style_hash),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_small_forms),
        cmocka_unit_test(test_head_request),
        cmocka_unit_test(test_connection),
        cmocka_unit_test(test_error_page),
        cmocka_unit_test(test_every_reason),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_write_pages),
    };

    if (argc < 1 || chdir(dirname(argv[0])) != 0) {
        return 2;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}

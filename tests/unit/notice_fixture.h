/* Notices about a small policy, read back by our own reader of responses, so
 * that each is one whole well-formed answer. Include once per program. */
#ifndef TESTS_UNIT_NOTICE_FIXTURE_H
#define TESTS_UNIT_NOTICE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "gateway/http/h1_read.h"
#include "gateway/notice/markup.h"
#include "gateway/notice/notice.h"
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

static inline void add_text(struct fixture *f, uint32_t requirement,
    enum cop_text text, const char *language, const char *words)
{
    f->texts[f->t.texts_n++] = (struct tables_text){.requirement = requirement,
        .text = text,
        .language = cop_slice_of(language),
        .words = cop_slice_of(words)};
}

static inline void add_label(struct fixture *f, unsigned category,
    const char *language, const char *words)
{
    f->texts[f->t.texts_n++] =
        (struct tables_text){.requirement = cop_category_code(category),
            .of_category = true,
            .text = COP_TEXT_TITLE,
            .language = cop_slice_of(language),
            .words = cop_slice_of(words)};
}

static inline void add_requirements(struct fixture *f)
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    struct world *world = *state;

    cop_policy_free(&world->policy);
    fixture_free(&world->fixture);
    return 0;
}

static inline const struct cop_verdict *verdict_of(
    struct cop_verdict *verdict, uint32_t requirement, uint32_t category)
{
    *verdict = (struct cop_verdict){.action = COP_BLOCK,
        .level = COP_LEVEL_MANDATORY,
        .bundle = requirement != COP_NONE ? 0 : COP_NONE,
        .requirement = requirement,
        .category = category};
    return verdict;
}

static inline void request_of(
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

static inline void set_destination(
    struct http_head *head, const char *destination)
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

static inline void ask(struct asked *asked, const struct world *world,
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
static inline void answer_read(struct answer *answer, bool to_head)
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

static inline void block(struct answer *answer, const struct asked *asked)
{
    *answer = (struct answer){.head = NULL};
    buf_init(&answer->bytes, 1 << 20);
    notice_block(&answer->bytes, &asked->facts);
    answer_read(answer, cop_slice_eq(asked->request.method, COP_LIT("HEAD")));
}

static inline void err(struct answer *answer, const struct asked *asked)
{
    *answer = (struct answer){.head = NULL};
    buf_init(&answer->bytes, 1 << 20);
    notice_error(
        &answer->bytes, &asked->facts, notice_status_of(asked->facts.reason));
    answer_read(answer, false);
}

static inline void answer_free(struct answer *answer)
{
    h1_reader_free(&answer->reader);
    buf_fini(&answer->bytes);
}

static inline struct cop_slice field_of(
    const struct answer *answer, const char *name)
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

static inline void check_field(
    const struct answer *answer, const char *name, const char *value)
{
    struct cop_slice found = field_of(answer, name);

    if (!cop_slice_eq(found, cop_slice_of(value))) {
        fail_msg("%s is %.*s, not %s", name, (int)found.n,
            found.n != 0 ? found.p : "", value);
    }
}

static inline void check_has(const struct answer *answer, const char *text)
{
    if (strstr(answer->body, text) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", text, answer->body);
    }
}

/* As text of the page: escaped. */
static inline void check_says(const struct answer *answer, const char *text)
{
    struct buf escaped;

    buf_init(&escaped, 1000);
    markup_text(&escaped, cop_slice_of(text));
    buf_add_char(&escaped, '\0');
    check_has(answer, escaped.p);
    buf_fini(&escaped);
}

static inline void check_lacks(const struct answer *answer, const char *text)
{
    if (strstr(answer->body, text) != NULL) {
        fail_msg("\"%s\" is in:\n%s", text, answer->body);
    }
}

static inline unsigned count_of(const struct answer *answer, const char *text)
{
    unsigned n = 0;

    for (const char *p = answer->body; (p = strstr(p, text)) != NULL; p++) {
        n++;
    }
    return n;
}

/* What holds for every page, whatever it says. */
static inline void check_page(const struct answer *answer)
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

#endif

/* HTTP/1 out: from the message model, never from the bytes that came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "gateway/http/h1_read.h"
#include "gateway/http/h1_write.h"

static void add_field(
    struct http_head *head, const char *name, const char *value, bool dropped)
{
    struct cop_slice slice = cop_slice_of(name);

    head->fields[head->fields_n++] = (struct http_field){
        slice, cop_slice_of(value), http_field_id(slice), dropped};
}

static void check(struct buf *out, const char *expected)
{
    assert_false(out->failed);
    buf_add_char(out, '\0');
    assert_string_equal(out->p, expected);
    buf_fini(out);
}

static void setup_request(struct http_head *head, struct buf *out)
{
    *head = (struct http_head){.method = COP_LIT("POST")};
    add_field(head, "X-First", "1", false);
    add_field(head, "HOST", "evil.example", false);
    add_field(head, "Connection", "close", true);
    buf_init(out, 4096);
}

static void test_request(void **state)
{
    struct http_head head;
    struct buf out;

    (void)state;
    setup_request(&head, &out);
    h1_write_request(&out, &head, COP_LIT("/p?q"), COP_LIT("a.example"),
        COP_LIT("Via: 1.1 us\r\n"));
    check(&out, "POST /p?q HTTP/1.1\r\nHost: a.example\r\nX-First: 1\r\n"
                "Via: 1.1 us\r\n\r\n");
}

/* A length is written from its number, a coding from the model, and what came
 * is never copied beside it. */
static void test_request_framing(void **state)
{
    struct http_head head;
    struct buf out;

    (void)state;
    setup_request(&head, &out);
    head.framing = HTTP_LENGTH;
    head.length = UINT64_C(9000000000000);
    add_field(&head, "content-length", "17", false);
    h1_write_request(
        &out, &head, COP_LIT("/"), COP_LIT("a.example"), COP_LIT(""));
    check(&out, "POST / HTTP/1.1\r\nHost: a.example\r\nX-First: 1\r\n"
                "Content-Length: 9000000000000\r\n\r\n");

    setup_request(&head, &out);
    head.framing = HTTP_CHUNKED;
    add_field(&head, "content-length", "17", false);
    add_field(&head, "Transfer-Encoding", "CHUNKED", false);
    h1_write_request(
        &out, &head, COP_LIT("/"), COP_LIT("a.example"), COP_LIT(""));
    check(&out, "POST / HTTP/1.1\r\nHost: a.example\r\nX-First: 1\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
}

static void test_response(void **state)
{
    struct http_head head = {
        .status = 200, .reason = COP_LIT("Fine"), .framing = HTTP_NO_BODY};
    struct buf out;

    (void)state;
    add_field(&head, "Content-Length", "99", false);
    add_field(&head, "Transfer-Encoding", "chunked", false);
    add_field(&head, "Host", "kept.example", false);
    buf_init(&out, 4096);
    h1_write_response(&out, &head, COP_LIT("Connection: close\r\n"));
    check(&out, "HTTP/1.1 200 Fine\r\nContent-Length: 99\r\n"
                "Host: kept.example\r\nConnection: close\r\n\r\n");

    head.framing = HTTP_UNTIL_CLOSE;
    head.reason = COP_LIT("");
    buf_init(&out, 4096);
    h1_write_response(&out, &head, COP_LIT(""));
    check(&out, "HTTP/1.1 200 \r\nHost: kept.example\r\n\r\n");
}

static void test_chunks(void **state)
{
    static const struct http_field trailers[] = {
        {COP_LIT("X-Sum"), COP_LIT("1"), FIELD_OTHER, false},
        {COP_LIT("Host"), COP_LIT("x"), FIELD_HOST, true},
    };
    char large[300] = {0};
    struct buf out;

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    buf_init(&out, 4096);
    h1_write_chunk(&out, COP_LIT("hello"));
    h1_write_chunk(&out, COP_LIT(""));
    h1_write_last_chunk(&out, trailers, 2);
    check(&out, "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");

    buf_init(&out, 4096);
    h1_write_chunk(&out, cop_slice_of(large));
    assert_memory_equal(out.p, "12b\r\nxx", 7);
    h1_write_last_chunk(&out, NULL, 0);
    assert_memory_equal(out.p + out.n - 7, "\r\n0\r\n\r\n", 7);
    buf_fini(&out);
}

/* What does not fit is a sticky failure, not half a message. */
static void test_overflow(void **state)
{
    struct http_head head;
    struct buf out;

    (void)state;
    setup_request(&head, &out);
    buf_fini(&out);
    buf_init(&out, 20);
    h1_write_request(
        &out, &head, COP_LIT("/"), COP_LIT("a.example"), COP_LIT(""));
    assert_true(out.failed);
    buf_fini(&out);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(
        http_field_id(COP_LIT("Content-LENGTH")), FIELD_CONTENT_LENGTH);
    assert_int_equal(http_field_id(COP_LIT("Content_Length")), FIELD_OTHER);
    assert_int_equal(http_field_id(COP_LIT("")), FIELD_OTHER);
    assert_int_equal(
        http_field_id(COP_LIT("x-requested-with")), FIELD_X_REQUESTED_WITH);
    assert_true(http_list_has(COP_LIT("a, Close ,b"), COP_LIT("close")));
    assert_true(http_list_has(COP_LIT("close"), COP_LIT("close")));
    assert_false(http_list_has(COP_LIT("closed, xclose"), COP_LIT("close")));
    assert_false(http_list_has(COP_LIT(""), COP_LIT("close")));
    assert_false(http_list_has(COP_LIT(",, ,"), COP_LIT("close")));
}

static void test_find(void **state)
{
    struct http_head head = {.status = 0};

    (void)state;
    add_field(&head, "Via", "one", true);
    add_field(&head, "Via", "two", false);
    assert_string_equal(http_field_find(&head, FIELD_VIA)->value.p, "two");
    assert_null(http_field_find(&head, FIELD_HOST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_request_framing),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

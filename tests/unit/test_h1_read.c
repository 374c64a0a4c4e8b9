/* HTTP/1 in: what is read, limits, and how it is pulled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/http/h1_chunk.h"
#include "tests/unit/h1_tell.h"

static void test_requests(void **state)
{
    static const struct sample samples[] = {
        {"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET / 1.1 none Host=a.example||end\n"},
        {"\r\nGET /x?y=%20|{} HTTP/1.1\r\nhOsT:\ta.example:8080 \t\r\n\r\n",
            "GET /x?y=%20|{} 1.1 none hOsT=a.example:8080||end\n"},
        {"GET http://a.example/ HTTP/1.0\r\n\r\n",
            "GET http://a.example/ 1.0 none !close||end\n"},
        {"GET http://A.example?q HTTP/1.1\r\nHost: a.example:80\r\n\r\n",
            "GET http://A.example?q 1.1 none Host=a.example:80||end\n"},
        {"OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "OPTIONS * 1.1 none Host=a.example||end\n"},
        {"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "CONNECT a.example:443 1.1 none Host=a.example||end\n"},
        {"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: "
         "[2001:db8::1]:443\r\n\r\n",
            "CONNECT [2001:db8::1]:443 1.1 none"
            " Host=[2001:db8::1]:443||end\n"},
        {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello"
         "GET /2 HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "POST / 1.1 length Host=a.example Content-Length=5|hello|end\n"
            "GET /2 1.1 none Host=a.example||end\n"},
        {"PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n",
            "PUT / 1.1 length Host=a.example Content-Length=0||end\n"},
        {"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: Chunked\r\n"
         "\r\n5\r\nhello\r\n00A;name=\"v;\" ; b\r\n, children\r\n0\r\n\r\n",
            "POST / 1.1 chunked Host=a.example Transfer-Encoding=Chunked|"
            "hello, children|end\n"},
        {"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n"
         "\r\n1\r\n\n\r\n0\r\nX-Sum: 1\r\nEmpty:\r\n\r\n",
            "POST / 1.1 chunked Host=a.example Transfer-Encoding=chunked|"
            "\n|trailers X-Sum=1 Empty=|end\n"},
        {"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Foo,  UPGRADE\r\n"
         "Upgrade: websocket\r\n\r\n",
            "GET / 1.1 none Host=a.example Connection=Foo,  UPGRADE"
            " Upgrade=websocket !upgrade||end\n"},
        {"GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive, upgrade"
         "\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n\r\n",
            "GET / 1.0 none Host=a.example Connection=keep-alive, upgrade"
            " Upgrade=websocket Expect=100-continue||end\n"},
        {"POST / HTTP/1.1\r\nHost: a.example\r\nConnection: x\r\n"
         "Connection: close\r\nExpect: 100-Continue\r\n"
         "Content-Length: 1\r\n\r\nx",
            "POST / 1.1 length Host=a.example Connection=x Connection=close"
            " Expect=100-Continue Content-Length=1 !close !continue|x|end\n"},
        {"GET / HTTP/1.1\r\nHost: a.example\r\nTransfer_Encoding: chunked\r\n"
         "X: caf\xc3\xa9\r\n\r\n",
            "GET / 1.1 none Host=a.example Transfer_Encoding=chunked"
            " X=caf\xc3\xa9||end\n"},
        {"", ""},
        {"\r\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(samples); i++) {
        check(H1_REQUEST, TO_GET, samples[i].in, samples[i].told);
    }
}

static void test_responses(void **state)
{
    static const struct sample samples[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "200 OK 1.1 length Content-Length=2|hi|end\n"},
        {"HTTP/1.1 200\r\n\r\nuntil the end",
            "200  1.1 close !close|until the end|end\n"},
        {"HTTP/1.0 200 All is caf\xc3\xa9\r\nConnection: keep-alive\r\n\r\n",
            "200 All is caf\xc3\xa9 1.0 close Connection=keep-alive"
            " !close||end\n"},
        {"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nhi\r\n0\r\nServer-Timing: x\r\n\r\n",
            "200  1.1 chunked Transfer-Encoding=chunked|hi"
            "|trailers Server-Timing=x|end\n"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n"
         "\r\nHTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
            "100 Continue 1.1 none||end\n"
            "103 Early Hints 1.1 none Link=x||end\n"
            "204 No Content 1.1 none Content-Length=0||end\n"},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
            "304 Not Modified 1.1 none Content-Length=99||end\n"},
        {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
         "Upgrade: websocket\r\n\r\n",
            "101 Switching Protocols 1.1 none Connection=upgrade"
            " Upgrade=websocket !upgrade||end\n"},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(samples); i++) {
        check(H1_RESPONSE, TO_GET, samples[i].in, samples[i].told);
    }
    check(H1_RESPONSE, TO_HEAD,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "200 OK 1.1 none Content-Length=2||end\n"
        "200 OK 1.1 none Transfer-Encoding=chunked||end\n");
    check(H1_RESPONSE, TO_CONNECT,
        "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno",
        "200 OK 1.1 none||end\n"
        "403 No 1.1 length Content-Length=2|no|end\n");
}

/* `n` times `piece` between two texts must be refused for this. */
static void check_flood(const char *before, const char *piece, size_t n,
    const char *after, enum http_fault fault)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_add_slice(&text, cop_slice_of(before));
    for (size_t i = 0; i < n; i++) {
        buf_add_slice(&text, cop_slice_of(piece));
    }
    buf_add_slice(&text, cop_slice_of(after));
    assert_false(text.failed);
    check_fault(H1_REQUEST, TO_GET, buf_slice(&text), fault);
    buf_fini(&text);
}

static void test_limits(void **state)
{
    static const char chunks[] = "POST / HTTP/1.1\r\nHost: a\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n";
    static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n";
    static const char rest[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
    char extended[512];

    (void)state;
    check_flood("GET /", "x", 8192, rest, HTTP_FAULT_TARGET_LONG);
    check_flood("GET /", "x", HEAD_BYTES, "", HTTP_FAULT_TARGET_LONG);
    check_flood(
        get, "X: 0123456789\r\n", FIELDS, "\r\n", HTTP_FAULT_FIELDS_MANY);
    check_flood("GET / HTTP/1.1\r\nX: ", "x", HEAD_BYTES, "\r\n\r\n",
        HTTP_FAULT_HEAD_LARGE);
    check_flood("GET / HTTP/1.1\r\nHost: a\r\nConnection: ", "a,", 1025,
        "\r\n\r\n", HTTP_FAULT_CONNECTION_LONG);
    snprintf(extended, sizeof(extended), "%s1;", chunks);
    check_flood(extended, "x", H1_CHUNK_EXTENSION_MAX + 1, "\r\n",
        HTTP_FAULT_CHUNK_EXTENSIONS);
    check_flood(chunks, "1;0123456789abcdef\r\n.\r\n", 1025, "0\r\n\r\n",
        HTTP_FAULT_CHUNK_EXTENSIONS);
    snprintf(extended, sizeof(extended), "%s0\r\n", chunks);
    check_flood(extended, "X: y\r\n", 33, "\r\n", HTTP_FAULT_TRAILERS_MANY);
    snprintf(extended, sizeof(extended), "%s0\r\nX: ", chunks);
    check_flood(extended, "y", 9000, "\r\n\r\n", HTTP_FAULT_TRAILERS_LARGE);
    assert_int_equal(http_fault_status(HTTP_FAULT_TARGET_LONG), 414);
    assert_int_equal(http_fault_status(HTTP_FAULT_HEAD_LARGE), 431);
    assert_int_equal(http_fault_status(HTTP_FAULT_FIELDS_MANY), 431);
    assert_int_equal(http_fault_status(HTTP_FAULT_METHOD_UNKNOWN), 501);
    assert_int_equal(http_fault_status(HTTP_FAULT_VERSION_UNKNOWN), 505);
}

/* Just within the limits. */
static void test_at_limits(void **state)
{
    struct buf text;
    char *told;

    (void)state;
    buf_init(&text, 1 << 16);
    buf_print(&text, "GET /%0*d HTTP/1.1\r\nHost: a\r\n", 8191, 0);
    for (int i = 0; i < FIELDS - 1; i++) {
        buf_print(&text, "X-%d: y\r\n", i);
    }
    buf_print(&text, "\r\n");
    told = tell(H1_REQUEST, TO_GET, buf_slice(&text), text.n);
    assert_non_null(strstr(told, " X-98=y||end\n"));
    free(told);
    buf_fini(&text);
}

/* What is behind a message stays with the caller, body bytes are not copied,
 * and a reader between messages says so. */
static void test_pulling(void **state)
{
    static const char in[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiXYZ";
    struct cop_slice rest = {in, sizeof(in) - 1};
    struct h1_reader *reader = NULL;
    struct cop_slice body;
    size_t used;

    (void)state;
    assert_int_equal(
        h1_reader_new(H1_RESPONSE, HEAD_BYTES, FIELDS, &reader), COP_OK);
    assert_false(h1_reader_is_begun(reader));
    assert_null(h1_reader_head(reader));
    assert_int_equal(
        h1_read(reader, (struct cop_slice){in, 3}, &used, &body), H1_NEED);
    assert_true(h1_reader_is_begun(reader));
    rest.p += used;
    rest.n -= used;
    assert_int_equal(h1_read(reader, rest, &used, &body), H1_HEAD);
    rest.p += used;
    rest.n -= used;
    assert_int_equal(h1_read(reader, rest, &used, &body), H1_BODY);
    assert_ptr_equal(body.p, rest.p);
    assert_int_equal(body.n, 2);
    assert_int_equal(used, 2);
    rest.p += used;
    rest.n -= used;
    assert_int_equal(h1_read(reader, rest, &used, &body), H1_END);
    assert_int_equal(used, 0);
    assert_int_equal(h1_read(reader, rest, &used, &body), H1_END);
    h1_reader_next(reader, false, false);
    assert_false(h1_reader_is_begun(reader));
    assert_int_equal(h1_read_eof(reader), H1_NEED);
    h1_reader_free(&reader);
}

/* A fault is final, even after h1_reader_next(). */
static void test_fault_is_final(void **state)
{
    struct h1_reader *reader = NULL;
    struct cop_slice body;
    size_t used;
    uint16_t status;

    (void)state;
    assert_int_equal(
        h1_reader_new(H1_REQUEST, HEAD_BYTES, FIELDS, &reader), COP_OK);
    assert_int_equal(
        h1_read(reader, COP_LIT("GET /\n"), &used, &body), H1_FAULT);
    h1_reader_next(reader, false, false);
    assert_int_equal(
        h1_read(
            reader, COP_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &used, &body),
        H1_FAULT);
    assert_int_equal(h1_read_eof(reader), H1_FAULT);
    assert_string_equal(
        h1_reader_fault(reader, &status), http_fault_text(HTTP_FAULT_BARE_LF));
    assert_int_equal(status, 400);
    h1_reader_free(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_at_limits),
        cmocka_unit_test(test_pulling),
        cmocka_unit_test(test_fault_is_final),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

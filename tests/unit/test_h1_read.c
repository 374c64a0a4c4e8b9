/* HTTP/1 in: every case is read whole and byte by byte, and must tell the same
 * both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/http/fault.h"
#include "gateway/http/h1_chunk.h"
#include "gateway/http/h1_read.h"

enum { HEAD_BYTES = 16384, FIELDS = 100 };

#define LENGTH_OF(array) (sizeof(array) / sizeof(*(array)))

struct sample {
    const char *in;
    const char *told; /* what is told of it, see tell_event() */
};

struct refused {
    enum http_fault fault;
    const char *in;
};

/* What an answer belongs to. */
enum { TO_GET, TO_HEAD, TO_CONNECT };

static void tell_fields(
    struct buf *out, const struct http_field *fields, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        buf_print(out, " %.*s=%.*s", (int)fields[i].name.n, fields[i].name.p,
            (int)fields[i].value.n, fields[i].value.p);
    }
}

static void tell_head(struct buf *out, const struct http_head *head)
{
    static const char *const framings[] = {
        [HTTP_NO_BODY] = "none",
        [HTTP_LENGTH] = "length",
        [HTTP_CHUNKED] = "chunked",
        [HTTP_UNTIL_CLOSE] = "close",
    };

    if (head->status == 0) {
        buf_print(out, "%.*s %.*s", (int)head->method.n, head->method.p,
            (int)head->target.n, head->target.p);
    } else {
        buf_print(out, "%u %.*s", (unsigned)head->status, (int)head->reason.n,
            head->reason.p);
    }
    buf_print(out, " 1.%u %s", (unsigned)head->minor, framings[head->framing]);
    tell_fields(out, head->fields, head->fields_n);
    buf_print(out, "%s%s%s|", head->wants_close ? " !close" : "",
        head->wants_upgrade ? " !upgrade" : "",
        head->expects_continue ? " !continue" : "");
}

static void tell_event(struct buf *out, struct h1_reader *reader,
    enum h1_event event, struct cop_slice body)
{
    const struct http_field *trailers;
    uint32_t n;
    uint16_t status;

    switch (event) {
    case H1_NEED:
        break;
    case H1_HEAD:
        tell_head(out, h1_reader_head(reader));
        break;
    case H1_BODY:
        buf_add_slice(out, body);
        break;
    case H1_TRAILERS:
        trailers = h1_reader_trailers(reader, &n);
        buf_print(out, "|trailers");
        tell_fields(out, trailers, n);
        break;
    case H1_END:
        buf_print(out, "|end\n");
        break;
    case H1_FAULT:
        buf_print(out, "fault: %s", h1_reader_fault(reader, &status));
        break;
    }
}

/* Read all messages of `in`, at most `step` bytes at a time, then the end of
 * the connection; tell everything. */
static char *tell(enum h1_kind kind, int to, struct cop_slice in, size_t step)
{
    struct h1_reader *reader = NULL;
    struct buf out;
    enum h1_event event = H1_NEED;
    size_t at = 0;

    buf_init(&out, 1 << 20);
    assert_int_equal(h1_reader_new(kind, HEAD_BYTES, FIELDS, &reader), COP_OK);
    h1_reader_next(reader, to == TO_HEAD, to == TO_CONNECT);
    while (event != H1_FAULT && (at < in.n || event != H1_NEED)) {
        size_t n = in.n - at < step ? in.n - at : step;
        struct cop_slice body;
        size_t used;

        event = h1_read(reader, (struct cop_slice){in.p + at, n}, &used, &body);
        assert_true(used <= n);
        if (event == H1_NEED) {
            assert_int_equal(used, n);
        }
        at += used;
        tell_event(&out, reader, event, body);
        if (event == H1_END) {
            h1_reader_next(reader, to == TO_HEAD, to == TO_CONNECT);
        }
    }
    if (event == H1_NEED) {
        event = h1_read_eof(reader);
        tell_event(&out, reader, event, (struct cop_slice){NULL, 0});
    }
    buf_add_char(&out, '\0');
    assert_false(out.failed);
    h1_reader_free(&reader);
    assert_null(reader);
    return out.p;
}

static void check_slice(
    enum h1_kind kind, int to, struct cop_slice in, const char *told)
{
    char *whole = tell(kind, to, in, in.n);
    char *bytewise = tell(kind, to, in, 1);

    assert_string_equal(whole, told);
    assert_string_equal(bytewise, told);
    free(whole);
    free(bytewise);
}

static void check(enum h1_kind kind, int to, const char *in, const char *told)
{
    check_slice(kind, to, cop_slice_of(in), told);
}

static void check_fault(
    enum h1_kind kind, int to, struct cop_slice in, enum http_fault fault)
{
    char told[200];
    char *whole = tell(kind, to, in, in.n);
    char *bytewise = tell(kind, to, in, 1);

    snprintf(told, sizeof(told), "fault: %s", http_fault_text(fault));
    if (strstr(whole, told) == NULL || strstr(bytewise, told) == NULL) {
        fail_msg("not \"%s\": %.*s", told, (int)in.n, in.p);
    }
    free(whole);
    free(bytewise);
}

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

static void test_refused_requests(void **state)
{
#define HOST "Host: a.example\r\n"
#define CHUNKS "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
    static const struct refused samples[] = {
        /* lines */
        {HTTP_FAULT_BARE_LF, "GET / HTTP/1.1\nHost: a.example\n\n"},
        {HTTP_FAULT_BARE_LF, "GET / HTTP/1.1\r\nHost: a.example\n\r\n"},
        {HTTP_FAULT_BARE_LF, "GET / HTTP/1.1\r\nHost: a.example\r\n\n"},
        {HTTP_FAULT_BARE_CR, "GET / HTTP/1.1\r\nHost: a.example\rX: y\r\n\r\n"},
        {HTTP_FAULT_BARE_CR, "GET / HTTP/1.1\r\n" HOST "\rX: y\r\n\r\n"},
        {HTTP_FAULT_BARE_CR, "GET / HTTP/1.1\r\n" HOST "X: y\r\r\n\r\n"},
        {HTTP_FAULT_BARE_CR, "\rGET / HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_CONTROL, "GET / HTTP/1.1\r\n" HOST "X: a\x01z\r\n\r\n"},
        {HTTP_FAULT_CONTROL, "GET / HTTP/1.1\r\n" HOST "X: a\x7fz\r\n\r\n"},
        {HTTP_FAULT_EMPTY_LINE, "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_METHOD, "\x16\x03\x01\x02"},
        {HTTP_FAULT_METHOD, " GET / HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_METHOD, "G=\"e / HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_METHOD_UNKNOWN, "get / HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_METHOD_UNKNOWN, "PLAY / HTTP/1.1\r\n" HOST "\r\n"},
        /* targets */
        {HTTP_FAULT_REQUEST_LINE, "GET  / HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION, "GET / x HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_METHOD, "GET\t/\tHTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_REQUEST_LINE, "GET /\r\n"},
        {HTTP_FAULT_REQUEST_LINE, "GET / \r\n"},
        {HTTP_FAULT_TARGET_BYTES, "GET /\tx HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_BYTES, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_BYTES, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_BYTES, "GET /a\\b HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_FORM, "GET * HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET, "GET a.example:80 HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_SCHEME,
            "GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET, "GET http:a.example HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_HOST, "GET http:///x HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_HOST,
            "GET http://a.example:99999/ HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_HOST,
            "GET http://a.example:0/ HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_USERINFO,
            "GET http://b.example@a.example/ HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_FORM, "CONNECT a.example HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_FORM, "CONNECT a.example: HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_FORM, "CONNECT /x:443 HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_TARGET_FORM,
            "CONNECT u@a.example:443 HTTP/1.1\r\n" HOST "\r\n"},
        /* versions */
        {HTTP_FAULT_VERSION, "GET / http/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION, "GET / HTTP/1.11\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION, "GET / HTTP/1\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION, "GET / HTTP/1.1 \r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION_UNKNOWN, "GET / HTTP/0.9\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION_UNKNOWN, "GET / HTTP/1.2\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION_UNKNOWN, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        /* fields */
        {HTTP_FAULT_FOLDED, "GET / HTTP/1.1\r\n" HOST " x\r\n\r\n"},
        {HTTP_FAULT_FOLDED, "GET / HTTP/1.1\r\n\t" HOST "\r\n"},
        {HTTP_FAULT_FOLDED, "GET / HTTP/1.1\r\nX:\r\n y\r\n" HOST "\r\n"},
        {HTTP_FAULT_NO_COLON, "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n"},
        {HTTP_FAULT_NAME_EMPTY, "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n"},
        {HTTP_FAULT_NAME_SPACE, "GET / HTTP/1.1\r\n" HOST "X : y\r\n\r\n"},
        {HTTP_FAULT_NAME_SPACE, "GET / HTTP/1.1\r\n" HOST "X\t: y\r\n\r\n"},
        {HTTP_FAULT_NAME, "GET / HTTP/1.1\r\n" HOST "X Y: z\r\n\r\n"},
        {HTTP_FAULT_NAME, "GET / HTTP/1.1\r\n" HOST "X(: z\r\n\r\n"},
        {HTTP_FAULT_NAME, "GET / HTTP/1.1\r\n" HOST "\xc3\xa9: z\r\n\r\n"},
        /* Host */
        {HTTP_FAULT_HOST_MISSING, "GET / HTTP/1.1\r\n\r\n"},
        {HTTP_FAULT_HOST_MISSING, "GET / HTTP/1.0\r\n\r\n"},
        {HTTP_FAULT_HOST_MISSING, "GET http://a.example/ HTTP/1.1\r\n\r\n"},
        {HTTP_FAULT_HOST_TWICE, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: [::1]80\r\n\r\n"},
        {HTTP_FAULT_HOST, "GET / HTTP/1.1\r\nHost: b\xc3\xbc.test\r\n\r\n"},
        {HTTP_FAULT_HOST_DIFFERS,
            "GET http://b.example/ HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_HOST_DIFFERS,
            "GET http://a.example:81/ HTTP/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_HOST_DIFFERS,
            "CONNECT b.example:443 HTTP/1.1\r\n" HOST "\r\n"},
        /* framing */
        {HTTP_FAULT_LENGTH_AND_CODING,
            "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_LENGTH_TWICE,
            "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
            "Content-Length: 4\r\n\r\n"},
        {HTTP_FAULT_LENGTH, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n"
                            "Content-Length: 4\r\n\r\n"},
        {HTTP_FAULT_CODING,
            "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_CODING_OLD,
            "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_BODY, "CONNECT a.example:443 HTTP/1.1\r\n" HOST
                          "Content-Length: 4\r\n\r\n"},
        {HTTP_FAULT_BODY,
            "TRACE / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_CUT, "GET / HTTP/1.1\r\n" HOST},
        {HTTP_FAULT_CUT,
            "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell"},
        /* chunks */
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "0x5\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "+5\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "-5\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS " 5\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "5 \r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "5_0\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "5\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "5\rhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS ";a=b\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_EXTENSION, CHUNKS "5;a\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_EXTENSION, CHUNKS "5;\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "5;a\r\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_EXTENSION, CHUNKS "5;\x01\r\nhello\r\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_OVERFLOW, CHUNKS "8000000000000000\r\n"},
        {HTTP_FAULT_CHUNK_OVERFLOW, CHUNKS "10000000000000005\r\nhello\r\n"},
        {HTTP_FAULT_CHUNK_OVERFLOW, CHUNKS "00000000000000005\r\nhello\r\n"},
        {HTTP_FAULT_CHUNK_END, CHUNKS "5\r\nhelloXX0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_END, CHUNKS "5\r\nhello\n0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_END, CHUNKS "5\r\nhello\rX\r\n\r\n"},
        {HTTP_FAULT_CHUNK_END, CHUNKS "5\r\nhello0\r\n\r\n"},
        {HTTP_FAULT_CHUNK_SIZE, CHUNKS "5\r\nhello\r\n\r\n0\r\n\r\n"},
        {HTTP_FAULT_CUT, CHUNKS "5\r\nhello\r\n0\r\n"},
        {HTTP_FAULT_CUT, CHUNKS},
        {HTTP_FAULT_BARE_LF, CHUNKS "0\r\n\n"},
        {HTTP_FAULT_FOLDED, CHUNKS "0\r\nX: a\r\n b\r\n\r\n"},
        {HTTP_FAULT_NAME_SPACE, CHUNKS "0\r\nX : a\r\n\r\n"},
        {HTTP_FAULT_TRAILER, CHUNKS "0\r\nHost: b.example\r\n\r\n"},
        {HTTP_FAULT_TRAILER, CHUNKS "0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_BARE_CR, CHUNKS "0\r\nX: a\rY: b\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(samples); i++) {
        check_fault(
            H1_REQUEST, TO_GET, cop_slice_of(samples[i].in), samples[i].fault);
    }
#undef HOST
#undef CHUNKS
}

/* Values of the two framing fields that somebody takes for something. */
static void test_framing_values(void **state)
{
    static const char *const lengths[] = {"", "+5", "-5", "0x5", "5_0", "5 0",
        "5,5", "5, 5", "05", "5.0", "5;a", "\"5\"", "5a", "0b1",
        "9223372036854775808", "18446744073709551621", "\xef\xbc\x95"};
    static const char *const codings[] = {"", "identity", "gzip, chunked",
        "chunked, chunked", "chunked, identity", "chunked;q=1", "xchunked",
        "chunkedx", "\"chunked\"", ",chunked", "chunked,", "'chunked'", "chunk",
        "x chunked", "chunked x"};
    char text[256];

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lengths); i++) {
        snprintf(text, sizeof(text),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\n",
            lengths[i]);
        check_fault(H1_REQUEST, TO_GET, cop_slice_of(text), HTTP_FAULT_LENGTH);
    }
    for (size_t i = 0; i < LENGTH_OF(codings); i++) {
        snprintf(text, sizeof(text),
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %s\r\n\r\n",
            codings[i]);
        check_fault(H1_REQUEST, TO_GET, cop_slice_of(text), HTTP_FAULT_CODING);
        snprintf(text, sizeof(text),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n", codings[i]);
        check_fault(H1_RESPONSE, TO_GET, cop_slice_of(text), HTTP_FAULT_CODING);
    }
}

/* What a C string cannot hold. */
static void test_nul(void **state)
{
    (void)state;
    check_fault(H1_REQUEST, TO_GET,
        COP_LIT("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_FAULT_CONTROL);
    check_fault(H1_REQUEST, TO_GET,
        COP_LIT("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), HTTP_FAULT_CONTROL);
    check_fault(H1_REQUEST, TO_GET,
        COP_LIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                "\r\n5\0\r\nhello"),
        HTTP_FAULT_CHUNK_SIZE);
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

static void test_refused_responses(void **state)
{
    static const struct refused samples[] = {
        {HTTP_FAULT_STATUS_LINE, "hello"},
        {HTTP_FAULT_STATUS_LINE, "ICY 200 OK\r\n\r\n"},
        {HTTP_FAULT_STATUS_LINE, "\r\nHTTP/1.1 200 OK\r\n\r\n"},
        {HTTP_FAULT_STATUS_LINE, "HTTP/1.1  200 OK\r\n\r\n"},
        {HTTP_FAULT_STATUS_LINE, "HTTP/1.1 20 OK\r\n\r\n"},
        {HTTP_FAULT_STATUS_LINE, "HTTP/1.1 2000 OK\r\n\r\n"},
        {HTTP_FAULT_STATUS_LINE, "HTTP/1.1 +20 OK\r\n\r\n"},
        {HTTP_FAULT_STATUS_RANGE, "HTTP/1.1 600 OK\r\n\r\n"},
        {HTTP_FAULT_STATUS_RANGE, "HTTP/1.1 000 OK\r\n\r\n"},
        {HTTP_FAULT_VERSION_UNKNOWN, "HTTP/2.0 200 OK\r\n\r\n"},
        {HTTP_FAULT_VERSION, "HTTP/1.1\t200 OK\r\n\r\n"},
        {HTTP_FAULT_BARE_LF, "HTTP/1.1 200 OK\n\n"},
        {HTTP_FAULT_BARE_CR, "HTTP/1.1 200 O\rK\r\n\r\n"},
        {HTTP_FAULT_CONTROL, "HTTP/1.1 200 O\x01K\r\n\r\n"},
        {HTTP_FAULT_FOLDED, "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"},
        {HTTP_FAULT_LENGTH_TWICE,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n"
            "\r\nhi"},
        {HTTP_FAULT_LENGTH_AND_CODING,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_CODING_OLD,
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_BODY, "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nhi"},
        {HTTP_FAULT_BODY,
            "HTTP/1.1 100 Go\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {HTTP_FAULT_SWITCH, "HTTP/1.1 101 Switching\r\n\r\n"},
        {HTTP_FAULT_CUT, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"},
        {HTTP_FAULT_CUT,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(samples); i++) {
        check_fault(
            H1_RESPONSE, TO_GET, cop_slice_of(samples[i].in), samples[i].fault);
    }
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
        cmocka_unit_test(test_refused_requests),
        cmocka_unit_test(test_framing_values),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_refused_responses),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_at_limits),
        cmocka_unit_test(test_pulling),
        cmocka_unit_test(test_fault_is_final),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

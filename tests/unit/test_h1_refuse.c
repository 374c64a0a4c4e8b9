/* HTTP/1 in: what is refused, and for which reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/h1_tell.h"

#define HOST "Host: a.example\r\n"
#define CHUNKS "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static void check_refused(const struct refused *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_fault(
            H1_REQUEST, TO_GET, cop_slice_of(samples[i].in), samples[i].fault);
    }
}

static void test_refused_lines(void **state)
{
    static const struct refused samples[] = {
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
    };

    (void)state;
    check_refused(samples, LENGTH_OF(samples));
}

static void test_refused_targets(void **state)
{
    static const struct refused samples[] = {
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
    };

    (void)state;
    check_refused(samples, LENGTH_OF(samples));
}

static void test_refused_versions(void **state)
{
    static const struct refused samples[] = {
        {HTTP_FAULT_VERSION, "GET / http/1.1\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION, "GET / HTTP/1.11\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION, "GET / HTTP/1\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION, "GET / HTTP/1.1 \r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION_UNKNOWN, "GET / HTTP/0.9\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION_UNKNOWN, "GET / HTTP/1.2\r\n" HOST "\r\n"},
        {HTTP_FAULT_VERSION_UNKNOWN, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    };

    (void)state;
    check_refused(samples, LENGTH_OF(samples));
}

static void test_refused_fields(void **state)
{
    static const struct refused samples[] = {
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
    };

    (void)state;
    check_refused(samples, LENGTH_OF(samples));
}

static void test_refused_hosts(void **state)
{
    static const struct refused samples[] = {
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
    };

    (void)state;
    check_refused(samples, LENGTH_OF(samples));
}

static void test_refused_framing(void **state)
{
    static const struct refused samples[] = {
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
    };

    (void)state;
    check_refused(samples, LENGTH_OF(samples));
}

static void test_refused_chunks(void **state)
{
    static const struct refused samples[] = {
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
    check_refused(samples, LENGTH_OF(samples));
}

#undef HOST
#undef CHUNKS

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_lines),
        cmocka_unit_test(test_refused_targets),
        cmocka_unit_test(test_refused_versions),
        cmocka_unit_test(test_refused_fields),
        cmocka_unit_test(test_refused_hosts),
        cmocka_unit_test(test_refused_framing),
        cmocka_unit_test(test_refused_chunks),
        cmocka_unit_test(test_framing_values),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_refused_responses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

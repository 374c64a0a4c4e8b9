/* Parts of the conductor that are functions of what they are given: the clock,
 * what a request's head asks for, the tables of states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/flow/clock.h"
#include "gateway/flow/request.h"
#include "gateway/http/h1_read.h"

struct instant {
    const char *zone;
    int64_t unix_time;
    uint16_t week_minute;
};

static void test_clock(void **state)
{
    static const struct instant rows[] = {
        {"UTC0", 0, 3 * 1440},                     /* a Thursday */
        {"UTC0", 4 * 86400, 0},                    /* Monday, 0:00 */
        {"UTC0", 4 * 86400 - 1, 7 * 1440 - 1},     /* Sunday, 23:59:59 */
        {"LMT-9", 4 * 86400 - 1, 8 * 60 + 59},     /* east of it */
        {"LMT5", 4 * 86400, 6 * 1440 + 19 * 60},   /* west of it */
        {"LMT-5:45", 4 * 86400 + 59, 5 * 60 + 45}, /* by a fraction */
        {"LMT-1LST,M3.5.0,M10.5.0/3", 1782907200, 2 * 1440 + 14 * 60},
    };
    struct clock clock;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cop_moment moment;

        assert_int_equal(setenv("TZ", rows[i].zone, 1), 0);
        tzset();
        clock_reset(&clock);
        moment = clock_moment(&clock, rows[i].unix_time);
        assert_int_equal(moment.unix_time, rows[i].unix_time);
        assert_int_equal(moment.week_minute, rows[i].week_minute);
        /* What is remembered is for this minute only. */
        moment = clock_moment(&clock, rows[i].unix_time + 60);
        assert_int_equal(
            moment.week_minute, (rows[i].week_minute + 1) % (7 * 1440));
    }
}

struct asked {
    const char *head;
    enum request_kind kind;
    uint16_t status;
    const char *to; /* the URL, or the host of CONNECT */
};

static struct http_head *head_of(struct h1_reader *reader, const char *text)
{
    struct cop_slice body;
    size_t used;

    if (h1_read(reader, cop_slice_of(text), &used, &body) != H1_HEAD) {
        fail_msg("malformed for the test: %s", text);
    }
    return h1_reader_head(reader);
}

static void check(const struct asked *row, const struct request *request,
    const struct cop_url *url)
{
    if (request->kind != row->kind) {
        fail_msg("kind %d of %s", request->kind, row->head);
    }
    switch (request->kind) {
    case REQUEST_FORWARD:
        assert_memory_equal(url->text.p, row->to, strlen(row->to) + 1);
        break;
    case REQUEST_CONNECT:
        assert_string_equal(request->host.text, row->to);
        assert_int_equal(request->port, 443);
        break;
    case REQUEST_BAD:
        assert_int_equal(request->status, row->status);
        assert_non_null(request->detail);
        break;
    }
}

static void test_proxy_requests(void **state)
{
    static const struct asked rows[] = {
        {"GET http://A.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
            REQUEST_FORWARD, 0, "http://a.test/x"},
        {"GET HTTP://a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
            REQUEST_FORWARD, 0, "http://a.test/"},
        {"GET http://a.test/%7e/../y?b=c HTTP/1.1\r\nHost: a.test\r\n\r\n",
            REQUEST_FORWARD, 0, "http://a.test/y?b=c"},
        {"GET http://a.test:8080/ HTTP/1.1\r\nHost: a.test:8080\r\n\r\n",
            REQUEST_BAD, 403, NULL},
        {"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_BAD, 400, NULL},
        {"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_BAD, 400, NULL},
        {"GET https://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_BAD,
            400, NULL},
        {"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
            REQUEST_CONNECT, 0, "a.test"},
        {"CONNECT A.TEST.:443 HTTP/1.0\r\n\r\n", REQUEST_CONNECT, 0, "a.test"},
        {"CONNECT [2001:DB8:0::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n",
            REQUEST_CONNECT, 0, "2001:db8::1"},
        {"CONNECT 3221225985:443 HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
            REQUEST_CONNECT, 0, "192.0.2.1"},
        {"CONNECT a.test:22 HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_BAD, 403,
            NULL},
        {"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nVia: 1.1 US\r\n\r\n",
            REQUEST_BAD, 508, NULL},
    };
    static const uint16_t connect_ports[] = {443};
    static const uint16_t http_ports[] = {81, 80};
    const struct config config = {.connect_ports = connect_ports,
        .connect_ports_n = 1,
        .http_ports = http_ports,
        .http_ports_n = 2};
    static struct cop_url url;
    struct h1_reader *reader;

    (void)state;
    assert_int_equal(h1_reader_new(H1_REQUEST, 4096, 32, &reader), COP_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request;

        request_read_proxy(head_of(reader, rows[i].head), &config,
            COP_LIT("us"), &url, &request);
        check(&rows[i], &request, &url);
        h1_reader_next(reader, false, false);
    }
    h1_reader_free(&reader);
}

static void test_inside_requests(void **state)
{
    static const struct asked rows[] = {
        {"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_FORWARD, 0,
            "https://a.test/x"},
        {"GET //x HTTP/1.1\r\nHost: A.test.:443\r\n\r\n", REQUEST_FORWARD, 0,
            "https://a.test//x"},
        {"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_FORWARD, 0,
            "https://a.test/"},
        {"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_BAD,
            400, NULL},
        {"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_BAD,
            400, NULL},
        {"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n", REQUEST_BAD, 421, NULL},
        {"GET / HTTP/1.1\r\nHost: a.test:444\r\n\r\n", REQUEST_BAD, 421, NULL},
    };
    static struct cop_url url;
    struct cop_host host;
    struct h1_reader *reader;

    (void)state;
    assert_int_equal(cop_host_parse(COP_LIT("a.test"), &host), COP_OK);
    assert_int_equal(h1_reader_new(H1_REQUEST, 4096, 32, &reader), COP_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request;

        request_read_inside(head_of(reader, rows[i].head), &host, 443,
            COP_LIT("us"), &url, &request);
        check(&rows[i], &request, &url);
        assert_int_equal(
            request.is_asterisk, request.kind == REQUEST_FORWARD &&
                                     strncmp(rows[i].head, "OPTIONS", 7) == 0);
        h1_reader_next(reader, false, false);
    }
    h1_reader_free(&reader);
}

static void test_brought_requests(void **state)
{
    static const struct asked rows[] = {
        {"GET /x HTTP/1.1\r\nHost: A.test\r\n\r\n", REQUEST_FORWARD, 0,
            "http://a.test/x"},
        {"GET //x HTTP/1.1\r\nHost: a.test:80\r\n\r\n", REQUEST_FORWARD, 0,
            "http://a.test//x"},
        {"GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
            REQUEST_FORWARD, 0, "http://a.test/x"},
        {"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_FORWARD, 0,
            "http://a.test/"},
        {"GET /x HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n", REQUEST_FORWARD, 0,
            "http://192.0.2.9/x"},
        {"GET / HTTP/1.1\r\nHost: a.test:81\r\n\r\n", REQUEST_BAD, 421, NULL},
        {"GET http://a.test:81/ HTTP/1.1\r\nHost: a.test:81\r\n\r\n",
            REQUEST_BAD, 421, NULL},
        {"GET https://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", REQUEST_BAD,
            400, NULL},
        {"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", REQUEST_BAD,
            400, NULL},
        {"GET / HTTP/1.1\r\nHost: a.test\r\nVia: 1.1 us\r\n\r\n", REQUEST_BAD,
            508, NULL},
    };
    static struct cop_url url;
    struct h1_reader *reader;
    struct request request;

    (void)state;
    assert_int_equal(h1_reader_new(H1_REQUEST, 4096, 32, &reader), COP_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        request_read_brought(head_of(reader, rows[i].head), 80, false,
            COP_LIT("us"), &url, &request);
        check(&rows[i], &request, &url);
        h1_reader_next(reader, false, false);
    }
    for (size_t i = 0; i < 5; i++) {
        request_read_brought(head_of(reader, rows[i].head), 80, true,
            COP_LIT("us"), &url, &request);
        assert_int_equal(request.kind, i < 4 ? REQUEST_FORWARD : REQUEST_BAD);
        assert_int_equal(
            request.reason, i < 4 ? COP_REASON_NONE : COP_REASON_NO_NAME);
        h1_reader_next(reader, false, false);
    }
    h1_reader_free(&reader);
}

/* Every state of a connection has a way to the end, and none leaves it. */
static void test_states(void **state)
{
#define TO(name) (1u << CONN_##name)
    enum {
#define CONN_STATE(symbol, word, next) CONN_##symbol,
#include "gateway/flow/conn.tbl"
        CONN_STATES
    };
    static const unsigned next[] = {
#define CONN_STATE(symbol, word, to) to,
#include "gateway/flow/conn.tbl"
    };
    unsigned reached = 1u << CONN_IDLE | 1u << CONN_ARRIVE;

    (void)state;
    for (int round = 0; round < CONN_STATES; round++) {
        for (int i = 0; i < CONN_STATES; i++) {
            reached |= (reached >> i & 1) != 0 ? next[i] : 0;
        }
    }
    assert_int_equal(reached, (1u << CONN_STATES) - 1);
    for (int i = 0; i < CONN_STATES; i++) {
        assert_int_equal((next[i] & TO(CLOSING)) != 0, i != CONN_CLOSING);
    }
    assert_int_equal(next[CONN_CLOSING], 0);
#undef TO
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_proxy_requests),
        cmocka_unit_test(test_inside_requests),
        cmocka_unit_test(test_brought_requests),
        cmocka_unit_test(test_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The conductor among bad peers: malformed and oversized requests, servers
 * that answer badly, late or never, clients that are unknown or too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "flow_stage.h"

struct bad_request {
    const char *text; /* %u: the origin's port */
    int status;
    const char *words; /* in the body */
    const char *reason;
};

static void test_bad_requests(void **state)
{
    static const struct bad_request rows[] = {
        {"GET / HTTP/1.1\r\nHost: plain.test\r\n\r\n", 400, "proxy",
            "bad_request"},
        {"GET https://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n", 400,
            "CONNECT", "bad_request"},
        {"GET ftp://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n", 400, "",
            "bad_request"},
        {"GET http://plain.test:22/ HTTP/1.1\r\nHost: plain.test:22\r\n\r\n",
            403, "", "port"},
        {"GET http://plain.test:%u/ HTTP/1.1\r\nHost: evil.test:%u\r\n\r\n",
            400, "", "bad_request"},
        {"GET http://plain.test:%u/ HTTP/1.1\r\nHost: plain.test:81\r\n\r\n",
            400, "", "bad_request"},
        {"GET http://a@plain.test:%u/ HTTP/1.1\r\nHost: plain.test:%u\r\n\r\n",
            400, "", "bad_request"},
        {"GET http://plain.test:%u/#x HTTP/1.1\r\nHost: plain.test:%u\r\n\r\n",
            400, "", "bad_request"},
        {"GET http://plain.test:%u/ HTTP/1.1\r\nHost: plain.test:%u\r\n"
         "Via: 1.0 x, 1.1 stage-gateway\r\n\r\n",
            508, "", "bad_request"},
        {"GET http://plain.test:%u/ HTTP/1.1\r\n\r\n", 400, "", "bad_request"},
        {"GET http://plain.test:%u/ HTTP/1.1\r\nHost: plain.test:%u\r\n"
         "A : b\r\n\r\n",
            400, "", "bad_request"},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "",
            "bad_request"},
        {"CONNECT plain.test HTTP/1.1\r\nHost: plain.test\r\n\r\n", 400, "",
            "bad_request"},
        {"CONNECT plain.test:22 HTTP/1.1\r\nHost: plain.test:22\r\n\r\n", 403,
            "", "port"},
        {"CONNECT plain.test:%u HTTP/1.1\r\nHost: b.test:%u\r\n\r\n", 400, "",
            "bad_request"},
        {"TRACE http://plain.test:%u/ HTTP/1.1\r\nHost: plain.test:%u\r\n"
         "Max-Forwards: 0\r\nCookie: secret\r\n\r\n",
            405, "", "bad_request"},
    };
    struct stage *stage = stage_open("");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *peer = stage_client(stage);
        static struct reply reply;
        char text[1024];
        char word[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), rows[i].text, stage->plain->port,
            stage->plain->port);
#pragma GCC diagnostic pop
        assert_true(peer_send(peer, text));
        if (!reply_read(peer, &reply, true) || reply.status != rows[i].status ||
            strstr(reply.body, rows[i].words) == NULL) {
            fail_msg("row %zu: %d %s", i, reply.status, reply.body);
        }
        assert_null(strstr(reply.body, "secret"));
        assert_true(peer_is_at_end(peer));
        peer_close(&peer);
        snprintf(word, sizeof(word),
            "\"connection\":%zu,\"mode\":\"plain\","
            "\"reason\":\"%s\"",
            i + 1, rows[i].reason);
        assert_true(stage_logged(stage, word));
    }
    assert_int_equal(atomic_load(&stage->plain->requests), 0);
    stage_close(&stage);
}

static void test_large_head(void **state)
{
    struct stage *stage = stage_open("limits: {head_bytes: 4096}\n");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    static char text[20000];

    (void)state;
    snprintf(text, sizeof(text),
        "GET http://plain.test:%u/ HTTP/1.1\r\nHost: plain.test:%u\r\nX: ",
        stage->plain->port, stage->plain->port);
    memset(text + strlen(text), 'x', 9000);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_int_equal(reply.status, 431);
    assert_true(peer_is_at_end(peer));
    assert_true(stage_logged(stage, "\"head_too_large\""));
    peer_close(&peer);
    stage_close(&stage);
}

struct bad_answer {
    const char *path;
    const char *reason; /* how it begins */
};

static void test_bad_servers(void **state)
{
    static const struct bad_answer rows[] = {
        {"/garbage", "bad_response"},
        {"/switch", "bad_response"},
        {"away.test/", "reach"},
        {"nowhere.invalid/", "resolve"},
    };
    struct stage *stage = stage_open("limits: {connect_ms: 200}\n");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *peer = stage_client(stage);
        static struct reply reply;
        char word[64];

        if (!stage_get(stage, peer, rows[i].path, &reply) ||
            reply.status < 400) {
            fail_msg("row %zu: %d", i, reply.status);
        }
        snprintf(word, sizeof(word), "\"%s", rows[i].reason);
        assert_true(stage_logged(stage, word));
        peer_close(&peer);
    }
    stage_close(&stage);
}

/* A cut answer must not look whole, and extra bytes are nobody's answer. */
static void test_cut_and_extra(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;

    (void)state;
    assert_true(stage_get(stage, peer, "/extra", &reply));
    assert_string_equal(reply.body, "ok");
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_string_equal(reply.body, "hello");
    assert_int_equal(atomic_load(&stage->plain->connections), 2);
    assert_false(stage_get(stage, peer, "/cut", &reply));
    assert_int_equal(reply.status, 200);
    assert_true(stage_logged(stage, "\"origin_abort\""));
    peer_close(&peer);
    stage_close(&stage);
}

static void test_timeouts(void **state)
{
    struct stage *stage = stage_open(
        "limits: {response_ms: 200, request_ms: 200, idle_ms: 400}\n");
    struct peer *peer = stage_client(stage);
    static struct reply reply;

    (void)state;
    assert_true(stage_get(stage, peer, "/hang", &reply));
    assert_int_equal(reply.status, 504);
    assert_true(stage_logged(stage, "\"response_timeout\""));
    peer_close(&peer);
    peer = stage_client(stage);
    assert_true(peer_send(peer, "GET http://plain.test/ HTT"));
    assert_true(reply_read(peer, &reply, true));
    assert_int_equal(reply.status, 408);
    assert_true(stage_logged(stage, "\"request_timeout\""));
    peer_close(&peer);
    peer = stage_client(stage);
    assert_true(peer_is_at_end(peer));
    assert_true(stage_logged(stage, "\"idle\""));
    peer_close(&peer);
    stage_close(&stage);
}

static void test_unknown_client(void **state)
{
    struct stage *stage =
        stage_open("clients: [{network: 192.0.2.0/24, profile: child}]\n");
    struct peer *peer = stage_client(stage);
    static struct reply reply;

    (void)state;
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_int_equal(reply.status, 403);
    assert_true(peer_is_at_end(peer));
    assert_true(stage_logged(stage, "\"client_unknown\""));
    assert_int_equal(atomic_load(&stage->plain->requests), 0);
    peer_close(&peer);
    stage_close(&stage);
}

static void test_limit(void **state)
{
    struct stage *stage = stage_open("limits: {connections: 1}\n");
    struct peer *first = stage_client(stage);
    static struct reply reply;
    struct peer *second;

    (void)state;
    assert_true(stage_get(stage, first, "/hello", &reply));
    second = stage_client(stage);
    assert_true(peer_is_at_end(second));
    assert_true(stage_logged(stage, "\"limit\""));
    assert_int_equal(stage_counts(stage)->ended[COP_REASON_LIMIT], 1);
    assert_true(stage_get(stage, first, "/hello", &reply));
    peer_close(&first);
    peer_close(&second);
    stage_close(&stage);
}

static void test_limit_of_a_client(void **state)
{
    struct stage *stage = stage_open("limits: {connections_per_client: 1}\n");
    struct peer *first = stage_client(stage);
    static struct reply reply;
    struct peer *second;

    (void)state;
    assert_true(stage_get(stage, first, "/hello", &reply));
    second = stage_client(stage);
    assert_true(peer_is_at_end(second));
    assert_true(stage_logged(stage, "\"client_limit\""));
    assert_true(stage_get(stage, first, "/hello", &reply));
    peer_close(&first);
    peer_close(&second);
    /* The place is free again. */
    assert_true(stage_logged(stage, "\"client_closed\""));
    first = stage_client(stage);
    assert_true(stage_get(stage, first, "/hello", &reply));
    peer_close(&first);
    stage_close(&stage);
}

enum { DEAF_CLIENTS = 24 };

/* A client with little room that asks for `pages` pages, then goes on with a
 * body after the answer to it has come, and reads nothing. */
static struct peer *deaf_client(const struct stage *stage, int pages)
{
    struct peer *peer = stage_client(stage);
    char text[512];
    int small = 1;

    assert_int_equal(
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    snprintf(text, sizeof(text),
        "GET http://blocked.test:%u/ HTTP/1.1\r\nHost: blocked.test:%u\r\n"
        "Accept: text/html\r\n\r\n",
        stage->plain->port, stage->plain->port);
    for (int i = 0; i < pages; i++) {
        assert_true(peer_send(peer, text));
    }
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/garbage HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Accept: text/html\r\nContent-Length: 100000\r\n\r\nbegin",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    usleep(20000);
    assert_true(peer_send(peer, "and go on"));
    return peer;
}

/* Where an answer fills the last room of such a client, it is waited for, and
 * not turned in circles about. */
static void test_deaf_clients(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peers[DEAF_CLIENTS];
    struct timespec before;
    struct timespec after;
    clockid_t clock;
    int small = 1;

    (void)state;
    assert_int_equal(
        setsockopt(stage->door, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
        0);
    for (int i = 0; i < DEAF_CLIENTS; i++) {
        peers[i] = deaf_client(stage, i);
    }
    usleep(100000);
    assert_int_equal(pthread_getcpuclockid(stage->worker, &clock), 0);
    assert_int_equal(clock_gettime(clock, &before), 0);
    usleep(500000);
    assert_int_equal(clock_gettime(clock, &after), 0);
    assert_in_range((after.tv_sec - before.tv_sec) * 1000 +
                        (after.tv_nsec - before.tv_nsec) / 1000000,
        0, 100);
    for (int i = 0; i < DEAF_CLIENTS; i++) {
        peer_close(&peers[i]);
    }
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_large_head),
        cmocka_unit_test(test_bad_servers),
        cmocka_unit_test(test_cut_and_extra),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_unknown_client),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_of_a_client),
        cmocka_unit_test(test_deaf_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

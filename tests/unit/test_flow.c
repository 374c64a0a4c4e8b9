/* The conductor over plain HTTP, and its operation: forwarding, blocking,
 * framing, upgrades, drain and reload. Bad peers are in test_flow_bad.c,
 * tunnels and interception in test_flow_tls.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "flow_stage.h"

static void test_forward(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;

    (void)state;
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "hello");
    assert_non_null(strstr(reply.head, "Via: 1.1 stage-gateway"));
    assert_null(field_of(reply.head, "Keep-Alive"));
    assert_true(origin_saw(stage->plain, "GET /hello HTTP/1.1\r\nHost: plain"));
    assert_true(origin_saw(stage->plain, "Via: 1.1 stage-gateway"));
    assert_false(origin_saw(stage->plain, "Proxy-Connection"));
    assert_true(stage_get(stage, peer, "/a/../hello", &reply));
    assert_true(origin_saw(stage->plain, "GET /hello HTTP/1.1"));
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_int_equal(atomic_load(&stage->plain->connections), 1);
    peer_close(&peer);
    assert_true(stage_logged(stage, "\"client_closed\""));
    assert_int_equal(stage_counts(stage)->requests, 3);
    assert_int_equal(stage->counts.open, 0);
    assert_int_equal(stage->counts.ended[COP_REASON_CLIENT_CLOSED], 1);
    stage_close(&stage);
}

static void test_head_and_no_content(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[256];

    (void)state;
    snprintf(text, sizeof(text),
        "HEAD http://plain.test:%u/hello HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, false));
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, "Content-Length: 5\r\n"));
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_string_equal(reply.body, "hello");
    peer_close(&peer);
    stage_close(&stage);
}

static void test_block(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[512];

    (void)state;
    assert_true(stage_get(stage, peer, "www.blocked.test/x", &reply));
    assert_int_equal(reply.status, 403);
    assert_non_null(strstr(reply.body, "<html"));
    assert_non_null(strstr(field_of(reply.head, "Cache-Control"), "no-store"));
    /* A body that is read to its end keeps the connection. */
    snprintf(text, sizeof(text),
        "POST http://blocked.test:%u/ HTTP/1.1\r\nHost: blocked.test:%u\r\n"
        "Content-Length: 10\r\n\r\n01234",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_int_equal(reply.status, 403);
    assert_true(peer_send(peer, "56789"));
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_int_equal(reply.status, 200);
    /* To HEAD, without a body. */
    snprintf(text, sizeof(text),
        "HEAD http://blocked.test:%u/ HTTP/1.1\r\nHost: blocked.test:%u\r\n"
        "\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, false));
    assert_int_equal(reply.status, 403);
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_int_equal(reply.status, 200);
    assert_int_equal(stage_counts(stage)->blocked, 3);
    assert_int_equal(atomic_load(&stage->plain->requests), 2);
    assert_true(stage_logged(stage, "\"block\""));
    peer_close(&peer);
    stage_close(&stage);
}

/* What a request is for tells requests for one URL apart. */
static void test_block_by_type(void **state)
{
    static const struct {
        const char *dest;
        int status;
    } rows[] = {{"image", 200}, {"script", 403}, {"image", 200}};
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text),
            "GET http://typed.test:%u/hello HTTP/1.1\r\n"
            "Host: typed.test:%u\r\nSec-Fetch-Dest: %s\r\n\r\n",
            stage->plain->port, stage->plain->port, rows[i].dest);
        assert_true(peer_send(peer, text));
        assert_true(reply_read(peer, &reply, true));
        assert_int_equal(reply.status, rows[i].status);
    }
    peer_close(&peer);
    stage_close(&stage);
}

/* A body that is not worth reading, or may never come: answered, closed. */
static void test_block_with_body(void **state)
{
    static const char *const fields[] = {"Content-Length: 1000000",
        "Transfer-Encoding: chunked",
        "Content-Length: 5\r\nExpect: 100-continue"};
    struct stage *stage = stage_open("");

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct peer *peer = stage_client(stage);
        static struct reply reply;
        char text[512];

        snprintf(text, sizeof(text),
            "POST http://blocked.test:%u/ HTTP/1.1\r\n"
            "Host: blocked.test:%u\r\n%s\r\n\r\n",
            stage->plain->port, stage->plain->port, fields[i]);
        assert_true(peer_send(peer, text));
        assert_true(reply_read(peer, &reply, true));
        assert_int_equal(reply.status, 403);
        assert_non_null(strstr(reply.head, "Connection: close"));
        assert_true(peer_is_at_end(peer));
        peer_close(&peer);
    }
    stage_close(&stage);
}

static void test_pipelined(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    static const char *const hosts[] = {
        "plain.test", "blocked.test", "plain.test"};
    static const int statuses[] = {200, 403, 200};
    char text[2048] = "";

    (void)state;
    for (int i = 0; i < 3; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
            "GET http://%s:%u/hello HTTP/1.1\r\nHost: %s:%u\r\n\r\n", hosts[i],
            stage->plain->port, hosts[i], stage->plain->port);
    }
    assert_true(peer_send(peer, text));
    for (int i = 0; i < 3; i++) {
        assert_true(reply_read(peer, &reply, true));
        assert_int_equal(reply.status, statuses[i]);
    }
    peer_close(&peer);
    stage_close(&stage);
}

static void test_framing(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[1024];

    (void)state;
    assert_true(stage_get(stage, peer, "/chunked", &reply));
    assert_string_equal(reply.body, "hello world|X-Sum: 1\r\n");
    assert_true(stage_get(stage, peer, "/close", &reply));
    assert_string_equal(reply.body, "until close");
    assert_non_null(field_of(reply.head, "Transfer-Encoding"));
    /* Chunks up, framed anew. */
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/echo HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n"
        "X-Trail: yes\r\nHost: evil.test\r\n\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_int_equal(reply.status, 400);
    peer_close(&peer);
    peer = stage_client(stage);
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/echo HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n"
        "X-Trail: yes\r\n\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_string_equal(reply.body, "abcde|X-Trail: yes\r\n");
    /* HTTP/1.0 knows no chunks. */
    snprintf(text, sizeof(text),
        "GET http://plain.test:%u/chunked HTTP/1.0\r\n\r\n",
        stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, false));
    assert_null(field_of(reply.head, "Transfer-Encoding"));
    while (peer_fill(peer)) {
    }
    assert_string_equal(peer->bytes, "hello world");
    peer_close(&peer);
    stage_close(&stage);
}

static void test_http10_keep_alive(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[256];

    (void)state;
    snprintf(text, sizeof(text),
        "GET http://plain.test:%u/hello HTTP/1.0\r\n"
        "Connection: keep-alive\r\n\r\n",
        stage->plain->port);
    for (int i = 0; i < 2; i++) {
        assert_true(peer_send(peer, text));
        assert_true(reply_read(peer, &reply, true));
        assert_string_equal(reply.body, "hello");
        assert_non_null(strstr(reply.head, "Connection: keep-alive"));
    }
    peer_close(&peer);
    stage_close(&stage);
}

static void test_interim(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[512];

    (void)state;
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/continue HTTP/1.1\r\n"
        "Host: plain.test:%u\r\nExpect: 100-continue\r\n"
        "Content-Length: 4\r\n\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, false));
    assert_int_equal(reply.status, 100);
    assert_true(peer_send(peer, "body"));
    assert_true(reply_read(peer, &reply, true));
    assert_string_equal(reply.body, "body");
    /* A server that never says 100: the client sends anyway. */
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/echo HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    usleep(100000);
    assert_true(peer_send(peer, "late"));
    assert_true(reply_read(peer, &reply, true));
    assert_string_equal(reply.body, "late");
    assert_true(stage_get(stage, peer, "/hints", &reply));
    assert_int_equal(reply.status, 103);
    assert_true(reply_read(peer, &reply, true));
    assert_string_equal(reply.body, "ok");
    /* Without end is too many. */
    assert_true(stage_get(stage, peer, "/flood", &reply));
    for (int i = 0; reply.status == 100 && i < 20; i++) {
        assert_true(reply_read(peer, &reply, true));
    }
    assert_int_equal(reply.status, 502);
    peer_close(&peer);
    assert_true(stage_logged(stage, "\"bad_response\""));
    stage_close(&stage);
}

/* The answer comes although the request never ends. */
static void test_early_response(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[512];

    (void)state;
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/early HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Content-Length: 100000\r\n\r\npart",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_int_equal(reply.status, 413);
    assert_string_equal(reply.body, "big");
    assert_non_null(strstr(reply.head, "Connection: close"));
    assert_true(peer_is_at_end(peer));
    peer_close(&peer);
    stage_close(&stage);
}

/* A reused connection that dies is no error of the child's. */
static void test_retry(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(stage_get(stage, peer, "/once", &reply));
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "once");
    }
    assert_int_equal(atomic_load(&stage->plain->connections), 3);
    peer_close(&peer);
    stage_close(&stage);
}

/* With the request's body gone, it is told instead of repeated. */
static void test_no_retry_of_post(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[512];

    (void)state;
    assert_true(stage_get(stage, peer, "/once", &reply));
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/echo HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Content-Length: 2\r\n\r\nhi",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_int_equal(reply.status, 502);
    assert_int_equal(atomic_load(&stage->plain->connections), 1);
    assert_true(stage_logged(stage, "\"origin_abort\""));
    peer_close(&peer);
    stage_close(&stage);
}

static void test_large(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static char piece[65536];
    char head[8192];
    char text[512];

    (void)state;
    snprintf(text, sizeof(text),
        "GET http://plain.test:%u/large HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(peer_until(peer, "\r\n\r\n", head, sizeof(head)));
    usleep(200000); /* a slow reader: everything backs up to the server */
    for (size_t at = 0; at < ORIGIN_LARGE; at += 32768) {
        assert_true(peer_exactly(peer, piece, 32768));
        for (size_t i = 0; i < 32768; i++) {
            assert_int_equal(piece[i], origin_byte(at + i));
        }
    }
    /* And up: more than any buffer holds. */
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/echo HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Content-Length: 600000\r\n\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    memset(piece, 'x', 60000);
    for (int i = 0; i < 10; i++) {
        assert_true(peer_send_n(peer, piece, 60000));
    }
    assert_true(peer_until(peer, "\r\n\r\n", head, sizeof(head)));
    for (int i = 0; i < 10; i++) {
        memset(piece, 0, sizeof(piece));
        assert_true(peer_exactly(peer, piece, 60000));
        assert_int_equal(piece[59999], 'x');
    }
    peer_close(&peer);
    stage_close(&stage);
}

static void test_upgrade(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    char head[8192];
    char got[64];
    char text[512];

    (void)state;
    snprintf(text, sizeof(text),
        "GET http://plain.test:%u/upgrade HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\neager",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(peer_until(peer, "\r\n\r\n", head, sizeof(head)));
    assert_non_null(strstr(head, " 101 "));
    assert_non_null(strstr(head, "Upgrade: websocket"));
    assert_true(peer_exactly(peer, got, 10));
    assert_string_equal(got, "earlyeager");
    assert_true(peer_send(peer, "ping"));
    assert_true(peer_exactly(peer, got, 4));
    assert_string_equal(got, "ping");
    shutdown(peer->fd, SHUT_WR);
    assert_true(peer_exactly(peer, got, 3));
    assert_string_equal(got, "bye");
    assert_true(peer_is_at_end(peer));
    peer_close(&peer);
    assert_true(stage_logged(stage, "\"client_closed\""));
    stage_close(&stage);
}

/* Any other protocol is not passed on, and the request is an ordinary one. */
static void test_upgrade_refused(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;
    char text[512];

    (void)state;
    snprintf(text, sizeof(text),
        "GET http://plain.test:%u/hello HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABk\r\n\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(peer, text));
    assert_true(reply_read(peer, &reply, true));
    assert_string_equal(reply.body, "hello");
    assert_false(origin_saw(stage->plain, "h2c"));
    assert_false(origin_saw(stage->plain, "HTTP2-Settings"));
    peer_close(&peer);
    stage_close(&stage);
}

static void test_drain(void **state)
{
    struct stage *stage = stage_open("limits: {drain_ms: 700}\n");
    struct peer *idle = stage_client(stage);
    struct peer *busy = stage_client(stage);
    struct peer *stuck = stage_client(stage);
    static struct reply reply;
    char text[512];

    (void)state;
    assert_true(stage_get(stage, idle, "/hello", &reply));
    snprintf(text, sizeof(text),
        "POST http://plain.test:%u/echo HTTP/1.1\r\nHost: plain.test:%u\r\n"
        "Content-Length: 4\r\n\r\nab",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(busy, text));
    snprintf(text, sizeof(text),
        "GET http://plain.test:%u/hang HTTP/1.1\r\nHost: plain.test:%u\r\n\r\n",
        stage->plain->port, stage->plain->port);
    assert_true(peer_send(stuck, text));
    while (stage_counts(stage)->requests < 3) {
        usleep(10000);
    }
    stage_order(stage, 'd');
    assert_true(stage_get(stage, idle, "/hello", &reply));
    assert_string_equal(reply.body, "hello");
    assert_non_null(strstr(reply.head, "Connection: close"));
    assert_true(peer_is_at_end(idle));
    assert_true(peer_send(busy, "cd"));
    assert_true(reply_read(busy, &reply, true));
    assert_string_equal(reply.body, "abcd");
    assert_non_null(strstr(reply.head, "Connection: close"));
    assert_true(peer_is_at_end(busy));
    assert_true(peer_is_at_end(stuck));
    stage_wait_drained(stage);
    assert_int_equal(stage_counts(stage)->ended[COP_REASON_DRAINED], 3);
    assert_int_equal(stage->counts.open, 0);
    peer_close(&idle);
    peer_close(&busy);
    peer_close(&stuck);
    stage_close(&stage);
}

static void test_drain_of_nothing(void **state)
{
    struct stage *stage = stage_open("");

    (void)state;
    stage_order(stage, 'd');
    stage_wait_drained(stage);
    stage_close(&stage);
}

static void test_reload(void **state)
{
    struct stage *stage = stage_open("");
    struct peer *peer = stage_client(stage);
    static struct reply reply;

    (void)state;
    assert_true(stage_get(stage, peer, "later.test/hello", &reply));
    assert_int_equal(reply.status, 200);
    stage_reload(stage, "limits: {head_bytes: 8192, cache_slots: 128}\n");
    assert_true(stage_get(stage, peer, "later.test/hello", &reply));
    assert_int_equal(reply.status, 403);
    assert_true(stage_get(stage, peer, "/hello", &reply));
    assert_int_equal(reply.status, 200);
    peer_close(&peer);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_head_and_no_content),
        cmocka_unit_test(test_block),
        cmocka_unit_test(test_block_by_type),
        cmocka_unit_test(test_block_with_body),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_http10_keep_alive),
        cmocka_unit_test(test_interim),
        cmocka_unit_test(test_early_response),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_no_retry_of_post),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_upgrade_refused),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_of_nothing),
        cmocka_unit_test(test_reload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

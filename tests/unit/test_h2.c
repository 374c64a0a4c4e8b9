/* HTTP/2 between a client's and a server's session: what one writes, the other
 * reads, however the bytes are cut. */
#include "tests/unit/h2_pair.h"

static const size_t steps[] = {SIZE_MAX, 1, 0};

static void check_get(struct pair *pair)
{
    struct http_head head = request_head("GET", HTTP_NO_BODY, 0);
    struct h2_stream *asked;
    struct h2_stream *got;
    struct cop_slice body;

    add_field(&head, "Host", "b.example");
    add_field(&head, "Accept-Language", "fr");
    add_field(&head, "Connection", "close, x");
    add_field(&head, "TE", "gzip, trailers");
    add_field(&head, "Cookie", "a=1");
    add_field(&head, "cookie", "b=2");
    add_field(&head, "X-Gone", "y");
    head.fields[head.fields_n - 1].dropped = true;
    asked = open_stream(pair, &head, "/a?b");
    shuttle(pair);
    got = due(pair->server, H2_NEW | H2_READABLE);
    expect(got, H2_HEAD);
    const struct http_head *seen = h2_head(got);

    assert_true(cop_slice_eq(seen->method, COP_LIT("GET")));
    assert_true(cop_slice_eq(seen->target, COP_LIT("/a?b")));
    assert_int_equal(seen->fields[0].id, FIELD_HOST);
    assert_string_equal(value_of(seen, "host"), "a.example");
    assert_string_equal(value_of(seen, "accept-language"), "fr");
    assert_string_equal(value_of(seen, "connection"), "none");
    assert_string_equal(value_of(seen, "te"), "trailers");
    assert_string_equal(value_of(seen, "cookie"), "a=1; b=2");
    assert_string_equal(value_of(seen, "via"), "1.1 test");
    assert_string_equal(value_of(seen, "x-gone"), "none");
    assert_int_equal(seen->framing, HTTP_NO_BODY);
    expect(got, H2_END);
    head = response_head(200, HTTP_LENGTH, 5);
    add_field(&head, "Content-Length", "99");
    add_field(&head, "Transfer-Encoding", "chunked");
    assert_int_equal(
        h2_write_response(got, &head, COP_LIT("X: y\r\n")), COP_OK);
    assert_int_equal(
        h2_write_response(got, &head, COP_LIT("")), COP_E_CONFLICT);
    assert_int_equal(h2_write_body(got, COP_LIT("hello"), false), 5);
    h2_release(&got, H2_CANCEL);
    shuttle(pair);
    assert_ptr_equal(due(pair->client, H2_READABLE | H2_ENDED), asked);
    expect(asked, H2_HEAD);
    assert_int_equal(h2_head(asked)->status, 200);
    assert_int_equal(h2_head(asked)->framing, HTTP_LENGTH);
    assert_int_equal(h2_head(asked)->length, 5);
    assert_string_equal(value_of(h2_head(asked), "content-length"), "5");
    assert_string_equal(value_of(h2_head(asked), "transfer-encoding"), "none");
    assert_string_equal(value_of(h2_head(asked), "x"), "y");
    assert_int_equal(h2_read(asked, &body), H2_BODY);
    assert_true(cop_slice_eq(body, COP_LIT("hello")));
    h2_consume(asked, 2);
    assert_int_equal(h2_read(asked, &body), H2_BODY);
    assert_true(cop_slice_eq(body, COP_LIT("llo")));
    h2_consume(asked, 3);
    expect(asked, H2_END);
    h2_release(&asked, H2_CANCEL);
    assert_int_equal(h2_streams(pair->client), 0);
    assert_int_equal(h2_streams(pair->server), 0);
}

static void test_get(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(steps); i++) {
        struct pair pair = open_pair(steps[i]);

        check_get(&pair);
        h2_relax(pair.client);
        h2_relax(pair.server);
        check_get(&pair);
        close_pair(&pair);
    }
}

enum { LARGE = 400000 };

static char pattern(size_t i)
{
    return (char)(i * 31 + i / 251);
}

/* Write what is accepted of a large body; how much is written so far. */
static size_t write_large(struct h2_stream *stream, size_t at)
{
    static char piece[20000];

    while (at < LARGE) {
        size_t n = LARGE - at < sizeof(piece) ? LARGE - at : sizeof(piece);
        size_t used;

        for (size_t i = 0; i < n; i++) {
            piece[i] = pattern(at + i);
        }
        used = h2_write_body(
            stream, (struct cop_slice){piece, n}, at + n == LARGE);
        at += used;
        if (used < n) {
            break;
        }
    }
    return at;
}

static size_t read_large(struct h2_stream *stream, size_t at, size_t most)
{
    struct cop_slice body;

    while (most != 0 && h2_read(stream, &body) == H2_BODY) {
        size_t n = body.n < most ? body.n : most;

        for (size_t i = 0; i < n; i++) {
            if (body.p[i] != pattern(at + i)) {
                fail_msg("byte %zu differs", at + i);
            }
        }
        h2_consume(stream, n);
        at += n;
        most -= n;
    }
    return at;
}

/* Nothing is held beyond the limits while nobody reads; and all arrives. */
static void check_large(size_t step, enum http_framing framing)
{
    struct http_head head = request_head("POST", framing, LARGE);
    struct pair pair = open_pair(step);
    struct h2_stream *from = open_stream(&pair, &head, "/");
    struct h2_stream *to;
    size_t out = write_large(from, 0);
    size_t in = 0;

    for (int i = 0; i < 5; i++) {
        shuttle(&pair);
        out = write_large(from, out);
    }
    assert_true(out <= 65535 + 2 * 32768);
    assert_true(h2_held(pair.client) <= 32768 && h2_held(pair.client) != 0);
    assert_false(h2_is_writable(from));
    drain(pair.client);
    to = due(pair.server, H2_NEW | H2_READABLE);
    expect(to, H2_HEAD);
    assert_int_equal(h2_head(to)->framing, framing);
    h2_forget_head(to);
    assert_null(h2_head(to));
    while (in < LARGE) {
        in = read_large(to, in, 10000);
        shuttle(&pair);
        if (h2_is_writable(from)) {
            out = write_large(from, out);
        }
        shuttle(&pair);
    }
    expect(to, H2_END);
    assert_int_equal(in, LARGE);
    h2_release(&to, H2_CANCEL);
    h2_release(&from, H2_CANCEL);
    close_pair(&pair);
}

static void test_large(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(steps); i++) {
        check_large(steps[i], HTTP_LENGTH);
        check_large(steps[i], HTTP_CHUNKED);
    }
}

static void test_trailers(void **state)
{
    struct http_head head = request_head("POST", HTTP_CHUNKED, 0);
    struct http_head trail = {.fields_n = 0};
    struct http_field *trailers;
    uint32_t n;

    (void)state;
    add_field(&trail, "Grpc-Status", "0");
    add_field(&trail, "Connection", "x");
    add_field(&trail, "X-Gone", "y");
    trail.fields[2].dropped = true;
    for (size_t i = 0; i < LENGTH_OF(steps); i++) {
        struct pair pair = open_pair(steps[i]);
        struct h2_stream *from = open_stream(&pair, &head, "/");
        struct h2_stream *to;
        struct cop_slice body;

        assert_int_equal(h2_write_body(from, COP_LIT("ab"), false), 2);
        h2_write_end(from, trail.fields, trail.fields_n);
        h2_write_end(from, NULL, 0);
        shuttle(&pair);
        to = due(pair.server, H2_NEW | H2_READABLE);
        expect(to, H2_HEAD);
        assert_int_equal(h2_read(to, &body), H2_BODY);
        h2_consume(to, body.n);
        expect(to, H2_TRAILERS);
        trailers = h2_trailers(to, &n);
        assert_int_equal(n, 1);
        assert_true(cop_slice_eq(trailers[0].name, COP_LIT("grpc-status")));
        expect(to, H2_END);
        expect(to, H2_END);
        /* Trailers alone, without a body. */
        struct http_head answer = response_head(200, HTTP_CHUNKED, 0);

        assert_int_equal(h2_write_response(to, &answer, COP_LIT("")), COP_OK);
        h2_write_end(to, trail.fields, trail.fields_n);
        shuttle(&pair);
        expect(from, H2_HEAD);
        expect(from, H2_TRAILERS);
        expect(from, H2_END);
        h2_release(&to, H2_CANCEL);
        h2_release(&from, H2_CANCEL);
        close_pair(&pair);
    }
}

static void test_interim(void **state)
{
    struct http_head head = request_head("HEAD", HTTP_NO_BODY, 0);
    struct pair pair = open_pair(1);
    struct h2_stream *from = open_stream(&pair, &head, "/");
    struct h2_stream *to;

    (void)state;
    shuttle(&pair);
    to = due(pair.server, H2_NEW);
    head = response_head(103, HTTP_NO_BODY, 0);
    add_field(&head, "Link", "</a>");
    assert_int_equal(h2_write_response(to, &head, COP_LIT("")), COP_OK);
    head = response_head(101, HTTP_NO_BODY, 0);
    assert_int_equal(h2_write_response(to, &head, COP_LIT("")), COP_E_CONFLICT);
    head = response_head(200, HTTP_NO_BODY, 0);
    add_field(&head, "Content-Length", "7");
    assert_int_equal(h2_write_response(to, &head, COP_LIT("")), COP_OK);
    shuttle(&pair);
    expect(from, H2_HEAD);
    assert_int_equal(h2_head(from)->status, 103);
    assert_string_equal(value_of(h2_head(from), "link"), "</a>");
    expect(from, H2_HEAD);
    assert_int_equal(h2_head(from)->status, 200);
    assert_int_equal(h2_head(from)->framing, HTTP_NO_BODY);
    assert_string_equal(value_of(h2_head(from), "content-length"), "7");
    expect(from, H2_END);
    close_pair(&pair);
}

static void test_websocket(void **state)
{
    struct http_head head = request_head("GET", HTTP_NO_BODY, 0);
    struct pair pair = open_pair(1);
    struct h2_stream *from;
    struct h2_stream *to;
    struct cop_slice body;

    (void)state;
    head.wants_upgrade = true;
    add_field(&head, "Upgrade", "websocket");
    add_field(&head, "Sec-WebSocket-Key", "abc");
    add_field(&head, "Sec-WebSocket-Version", "13");
    assert_int_equal(h2_open(pair.client, &head, COP_LIT("/"),
                         COP_LIT("a.example"), COP_LIT(""), &from),
        COP_AGAIN);
    shuttle(&pair);
    assert_true(h2_may_websocket(pair.client));
    from = open_stream(&pair, &head, "/chat");
    shuttle(&pair);
    to = due(pair.server, H2_NEW);
    expect(to, H2_HEAD);
    assert_true(cop_slice_eq(h2_head(to)->method, COP_LIT("GET")));
    assert_true(h2_head(to)->wants_upgrade);
    assert_string_equal(value_of(h2_head(to), "upgrade"), "websocket");
    assert_string_equal(value_of(h2_head(to), "sec-websocket-key"), "none");
    assert_string_equal(value_of(h2_head(to), "sec-websocket-version"), "13");
    head = response_head(101, HTTP_NO_BODY, 0);
    add_field(&head, "Upgrade", "websocket");
    add_field(&head, "Sec-WebSocket-Accept", "def");
    assert_int_equal(h2_write_response(to, &head, COP_LIT("")), COP_OK);
    assert_int_equal(h2_write_body(to, COP_LIT("down"), false), 4);
    assert_int_equal(h2_write_body(from, COP_LIT("up"), false), 2);
    shuttle(&pair);
    expect(from, H2_HEAD);
    assert_int_equal(h2_head(from)->status, 101);
    assert_true(h2_head(from)->wants_upgrade);
    assert_string_equal(value_of(h2_head(from), "upgrade"), "websocket");
    assert_int_equal(h2_read(from, &body), H2_BODY);
    assert_true(cop_slice_eq(body, COP_LIT("down")));
    assert_int_equal(h2_read(to, &body), H2_BODY);
    assert_true(cop_slice_eq(body, COP_LIT("up")));
    h2_write_end(from, NULL, 0);
    shuttle(&pair);
    h2_consume(to, 2);
    expect(to, H2_END);
    close_pair(&pair);
}

static void test_targets(void **state)
{
    struct h2_options options = server_options;
    struct h2_stream *stream;
    struct buf in;
    struct h2 *h2;

    (void)state;
    options.targets = H2_ABSOLUTE;
    h2 = open_session(&options);
    buf_init(&in, 1 << 20);
    put_opening(&in);
    put_request(&in, 1, F_WHOLE | F_END,
        COP_LIT(FIELD(":method", "GET") FIELD(":scheme", "http")
                FIELD(":authority", "a.example:81") FIELD(":path", "/x?y")));
    put_request(&in, 3, F_WHOLE,
        COP_LIT(
            FIELD(":method", "CONNECT") FIELD(":authority", "a.example:443")));
    feed(h2, buf_slice(&in), SIZE_MAX, 0);
    stream = due(h2, H2_NEW);
    expect(stream, H2_HEAD);
    assert_true(cop_slice_eq(
        h2_head(stream)->target, COP_LIT("http://a.example:81/x?y")));
    stream = due(h2, H2_NEW);
    expect(stream, H2_HEAD);
    assert_true(
        cop_slice_eq(h2_head(stream)->target, COP_LIT("a.example:443")));
    assert_string_equal(value_of(h2_head(stream), "host"), "a.example:443");
    buf_fini(&in);
    h2_free(&h2);
}

/* A message cut short never looks whole. */
static void test_cut(void **state)
{
    struct http_head head = request_head("GET", HTTP_NO_BODY, 0);
    bool by_peer;

    (void)state;
    for (int way = 0; way < 3; way++) {
        struct pair pair = open_pair(SIZE_MAX);
        struct h2_stream *from = open_stream(&pair, &head, "/");
        struct http_head answer = response_head(
            200, way == 0 ? HTTP_CHUNKED : HTTP_LENGTH, way == 0 ? 0 : 10);
        struct h2_stream *to;

        shuttle(&pair);
        to = due(pair.server, H2_NEW);
        assert_int_equal(h2_write_response(to, &answer, COP_LIT("")), COP_OK);
        assert_int_equal(h2_write_body(to, COP_LIT("hello"), false), 5);
        shuttle(&pair);
        if (way == 0) {
            h2_release(&to, H2_INTERNAL_ERROR);
        } else if (way == 1) {
            h2_write_end(to, NULL, 0);
        } else {
            (void)h2_write_body(to, COP_LIT("too much"), false);
        }
        shuttle(&pair);
        expect(from, H2_GONE);
        assert_int_equal(h2_ending(from, &by_peer), H2_INTERNAL_ERROR);
        assert_true(by_peer);
        assert_false(h2_is_unprocessed(from));
        close_pair(&pair);
    }
}

/* An answer before the request is whole: both learn what they need. */
static void test_early_answer(void **state)
{
    struct http_head head = request_head("POST", HTTP_CHUNKED, 0);
    struct pair pair = open_pair(SIZE_MAX);
    struct h2_stream *from = open_stream(&pair, &head, "/");
    struct h2_stream *to;

    (void)state;
    (void)h2_write_body(from, COP_LIT("part"), false);
    shuttle(&pair);
    to = due(pair.server, H2_NEW);
    head = response_head(403, HTTP_LENGTH, 0);
    assert_int_equal(h2_write_response(to, &head, COP_LIT("")), COP_OK);
    h2_release(&to, H2_CANCEL);
    shuttle(&pair);
    expect(from, H2_HEAD);
    assert_int_equal(h2_head(from)->status, 403);
    expect(from, H2_END);
    /* What is still written goes nowhere, and is no error. */
    assert_int_equal(h2_write_body(from, COP_LIT("more"), true), 4);
    h2_release(&from, H2_CANCEL);
    shuttle(&pair);
    assert_int_equal(h2_streams(pair.server), 0);
    assert_int_equal(h2_streams(pair.client), 0);
    assert_false(h2_is_over(pair.client));
    close_pair(&pair);
}

static void test_leaving(void **state)
{
    struct http_head head = request_head("GET", HTTP_NO_BODY, 0);
    struct http_head answer = response_head(204, HTTP_NO_BODY, 0);
    struct pair pair = open_pair(SIZE_MAX);
    struct h2_stream *first = open_stream(&pair, &head, "/1");
    struct h2_stream *second;
    struct h2_stream *late;
    struct h2_stream *to;

    (void)state;
    shuttle(&pair);
    h2_leave(pair.server);
    second = open_stream(&pair, &head, "/2");
    while (carry(&pair, pair.client, pair.server)) {
    }
    h2_leave_now(pair.server);
    late = open_stream(&pair, &head, "/3");
    shuttle(&pair);
    assert_true(h2_is_leaving(pair.client));
    assert_false(h2_may_open(pair.client));
    assert_int_equal(h2_open(pair.client, &head, COP_LIT("/"),
                         COP_LIT("a.example"), COP_LIT(""), &to),
        COP_E_LIMIT);
    expect(late, H2_GONE);
    assert_true(h2_is_unprocessed(late));
    assert_false(h2_is_unprocessed(first));
    assert_false(h2_is_over(pair.server));
    for (int i = 0; i < 2; i++) {
        to = due(pair.server, H2_NEW);
        assert_int_equal(h2_write_response(to, &answer, COP_LIT("")), COP_OK);
        h2_release(&to, H2_CANCEL);
    }
    shuttle(&pair);
    expect(first, H2_HEAD);
    expect(first, H2_END);
    expect(second, H2_HEAD);
    expect(second, H2_END);
    assert_true(h2_is_over(pair.server));
    close_pair(&pair);
}

static void test_ends(void **state)
{
    struct http_head head = request_head("POST", HTTP_CHUNKED, 0);
    struct pair pair = open_pair(SIZE_MAX);
    struct h2_stream *from = open_stream(&pair, &head, "/");
    struct h2_stream *to;
    const char *why;
    bool by_peer;

    (void)state;
    shuttle(&pair);
    to = due(pair.server, H2_NEW);
    h2_reset(from, H2_CANCEL);
    expect(from, H2_GONE);
    shuttle(&pair);
    assert_ptr_equal(due(pair.server, H2_ENDED), to);
    expect(to, H2_GONE);
    assert_int_equal(h2_ending(to, &by_peer), H2_CANCEL);
    assert_true(by_peer);
    head = response_head(200, HTTP_NO_BODY, 0);
    assert_int_equal(h2_write_response(to, &head, COP_LIT("")), COP_E_CONFLICT);
    h2_release(&to, H2_CANCEL);
    h2_release(&from, H2_CANCEL);
    h2_ping(pair.client);
    assert_false(h2_is_alive(pair.client));
    shuttle(&pair);
    assert_true(h2_is_alive(pair.client));
    head = request_head("POST", HTTP_CHUNKED, 0);
    from = open_stream(&pair, &head, "/");
    shuttle(&pair);
    to = due(pair.server, H2_NEW);
    h2_abort(pair.server, H2_INTERNAL_ERROR);
    expect(to, H2_GONE);
    shuttle(&pair);
    assert_true(h2_is_over(pair.server));
    h2_take_eof(pair.client);
    expect(from, H2_GONE);
    assert_int_equal(h2_fault(pair.client, &why, &by_peer), H2_INTERNAL_ERROR);
    assert_false(by_peer);
    close_pair(&pair);
}

static void test_eof(void **state)
{
    struct http_head head = request_head("POST", HTTP_CHUNKED, 0);
    struct http_head whole = request_head("GET", HTTP_NO_BODY, 0);
    struct pair pair = open_pair(SIZE_MAX);
    struct h2_stream *to;

    (void)state;
    (void)open_stream(&pair, &head, "/");
    (void)open_stream(&pair, &whole, "/");
    shuttle(&pair);
    h2_take_eof(pair.server);
    to = due(pair.server, H2_NEW | H2_ENDED);
    expect(to, H2_GONE);
    h2_release(&to, H2_CANCEL);
    to = due(pair.server, H2_NEW);
    expect(to, H2_HEAD);
    expect(to, H2_END);
    (void)answer_of(pair.server);
    assert_false(h2_is_over(pair.server));
    head = response_head(200, HTTP_LENGTH, 0);
    assert_int_equal(h2_write_response(to, &head, COP_LIT("")), COP_OK);
    h2_release(&to, H2_CANCEL);
    assert_int_equal(answer_of(pair.server).status, 1);
    assert_true(h2_is_over(pair.server));
    close_pair(&pair);
}

/* Streams at once, on both sides; a server's that wait are not lost. */
static void test_many(void **state)
{
    struct http_head head = request_head("GET", HTTP_NO_BODY, 0);
    struct pair pair = open_pair(0);
    struct h2_stream *stream = NULL;

    (void)state;
    for (int i = 0; i < 100; i++) {
        stream = open_stream(&pair, &head, "/");
    }
    assert_false(h2_may_open(pair.client));
    assert_int_equal(h2_open(pair.client, &head, COP_LIT("/"),
                         COP_LIT("a.example"), COP_LIT(""), &stream),
        COP_AGAIN);
    shuttle(&pair);
    assert_int_equal(h2_streams(pair.server), 100);
    for (int i = 0; i < 100; i++) {
        (void)due(pair.server, H2_NEW);
    }
    close_pair(&pair);
}

/* A peer that reads nothing: nothing more is read of it, and what it made us
 * ready has its bounds. */
static void test_full(void **state)
{
    struct http_head head = request_head("GET", HTTP_NO_BODY, 0);
    struct http_head answer = response_head(200, HTTP_CHUNKED, 0);
    struct pair pair = open_pair(SIZE_MAX);
    struct h2_stream *to;
    size_t out;

    (void)state;
    (void)open_stream(&pair, &head, "/");
    shuttle(&pair);
    to = due(pair.server, H2_NEW);
    assert_int_equal(h2_write_response(to, &answer, COP_LIT("")), COP_OK);
    out = write_large(to, 0);
    assert_true(out < 32768 + 16384 + 32768);
    assert_true(h2_is_full(pair.server));
    assert_int_equal(h2_take(pair.server, COP_LIT("\0\0\0\0\0\0\0\0\0"), 0), 0);
    assert_true(h2_give(pair.server).n < 32768 + 16384 + 100);
    close_pair(&pair);
}

enum { CROWD = 5 };

/* Write on whichever stream is told to be writable. */
static void write_due(
    struct h2 *h2, struct h2_stream *const *streams, size_t *out)
{
    struct h2_stream *stream;
    unsigned events;

    while ((stream = h2_next(h2, &events)) != NULL) {
        for (int i = 0; (events & H2_WRITABLE) != 0 && i < CROWD; i++) {
            if (streams[i] == stream) {
                out[i] = write_large(stream, out[i]);
            }
        }
    }
}

/* Many streams whose reader reads none of them: together they hold no more
 * than one may; and once they are read, each hears that it may go on. */
static void test_crowd(void **state)
{
    struct http_head head = request_head("POST", HTTP_LENGTH, LARGE);
    struct h2_options options = server_options;
    struct pair pair = {.step = SIZE_MAX, .seed = 1};
    struct h2_stream *from[CROWD];
    struct h2_stream *to[CROWD];
    size_t out[CROWD] = {0};
    size_t in[CROWD] = {0};
    size_t all = 0;

    (void)state;
    options.window_all = 65535;
    pair.server = open_session(&options);
    options.role = H2_CLIENT;
    pair.client = open_session(&options);
    for (int i = 0; i < CROWD; i++) {
        from[i] = open_stream(&pair, &head, "/");
    }
    shuttle(&pair);
    for (int i = 0; i < CROWD; i++) {
        to[i] = due(pair.server, H2_NEW);
        expect(to[i], H2_HEAD);
        out[i] = write_large(from[i], 0);
    }
    assert_true(h2_held(pair.client) <= 65535 + CROWD * 4096);
    while (all < (size_t)CROWD * LARGE) {
        size_t before = all;

        all = 0;
        for (int turn = 0; turn < 3; turn++) {
            shuttle(&pair);
            write_due(pair.client, from, out);
            assert_true(h2_held(pair.client) <= 65535 + CROWD * 4096);
        }
        for (int i = 0; i < CROWD; i++) {
            in[i] = read_large(to[i], in[i], SIZE_MAX);
            all += in[i];
        }
        assert_true(all > before);
    }
    for (int i = 0; i < CROWD; i++) {
        expect(to[i], H2_END);
    }
    close_pair(&pair);
}

static void test_options(void **state)
{
    struct h2_options options = server_options;
    struct h2 *h2 = NULL;

    (void)state;
    options.window = 1000;
    assert_int_equal(h2_new(&options, &h2), COP_E_RANGE);
    options = server_options;
    options.window_all = 65534;
    assert_int_equal(h2_new(&options, &h2), COP_E_RANGE);
    options = server_options;
    options.fields = HTTP_FIELDS_MAX + 1;
    assert_int_equal(h2_new(&options, &h2), COP_E_RANGE);
    assert_null(h2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_interim),
        cmocka_unit_test(test_websocket),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_early_answer),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_eof),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* HTTP/2 in: what a peer can do too much of. Each budget ends the connection
 * with ENHANCE_YOUR_CALM and its own words, no later than it says; in time it
 * fills again; and what a browser does does not spend it. */
#include "tests/unit/h2_wire.h"

#include "gateway/http/h2_budget.h"

enum { SLACK = 3, FOREVER = 20000 };

typedef void unit_fn(struct buf *out, uint32_t i);

struct flood {
    const char *text; /* why it ends */
    uint32_t most;    /* units that may pass */
    unit_fn *unit;
};

static uint32_t stream_of(uint32_t i)
{
    return 3 + 2 * i;
}

static void unit_rapid_reset(struct buf *out, uint32_t i)
{
    put_request(out, stream_of(i), F_WHOLE | F_END, COP_LIT(GET_FIELDS));
    put_frame(out, T_RST_STREAM, 0, stream_of(i), COP_LIT("\0\0\0\x08"));
}

/* The server is made to reset: by a malformed head, by a window that opens too
 * far, by a window of nothing, by a length that does not hold. */
static void unit_malformed(struct buf *out, uint32_t i)
{
    put_request(out, stream_of(i), F_WHOLE | F_END, COP_LIT(FIELD("x", "y")));
}

static void unit_window_overflow(struct buf *out, uint32_t i)
{
    put_request(out, stream_of(i), F_WHOLE | F_END, COP_LIT(GET_FIELDS));
    put_frame(
        out, T_WINDOW_UPDATE, 0, stream_of(i), COP_LIT("\x7f\xff\xff\xff"));
}

static void unit_wrong_length(struct buf *out, uint32_t i)
{
    put_request(out, stream_of(i), F_WHOLE,
        COP_LIT(GET_FIELDS FIELD("content-length", "1")));
    put_frame(out, T_DATA, F_END, stream_of(i), COP_LIT("ab"));
}

static void unit_large_head(struct buf *out, uint32_t i)
{
    char value[8192];
    struct buf block;

    memset(value, 'v', sizeof(value));
    buf_init(&block, 1 << 20);
    put_fields(&block, COP_LIT(GET_FIELDS));
    put_field(&block, COP_LIT("x"), (struct cop_slice){value, sizeof(value)});
    put_frame(out, T_HEADERS, F_WHOLE | F_END, stream_of(i), buf_slice(&block));
    buf_fini(&block);
}

static void unit_empty_data(struct buf *out, uint32_t i)
{
    (void)i;
    put_frame(out, T_DATA, 0, 1, COP_LIT(""));
}

static void unit_padding_only(struct buf *out, uint32_t i)
{
    (void)i;
    put_frame(out, T_DATA, F_PADDED, 1, COP_LIT("\x02zz"));
}

static void unit_ping(struct buf *out, uint32_t i)
{
    (void)i;
    put_frame(out, T_PING, 0, 0, COP_LIT("12345678"));
}

static void unit_settings(struct buf *out, uint32_t i)
{
    (void)i;
    put_frame(out, T_SETTINGS, 0, 0, COP_LIT("\0\x04\0\0\xff\xff"));
}

static void unit_priority(struct buf *out, uint32_t i)
{
    put_frame(out, T_PRIORITY, 0, stream_of(i), COP_LIT("\0\0\0\0\x10"));
}

static void unit_window(struct buf *out, uint32_t i)
{
    (void)i;
    put_frame(out, T_WINDOW_UPDATE, 0, 0, COP_LIT("\0\0\0\x01"));
}

static void unit_unknown(struct buf *out, uint32_t i)
{
    (void)i;
    put_frame(out, 0x42, 0, 0, COP_LIT("x"));
}

static void unit_ping_answer(struct buf *out, uint32_t i)
{
    (void)i;
    put_frame(out, T_PING, F_ACK, 0, COP_LIT("12345678"));
}

static struct h2 *begin(void)
{
    struct h2 *h2 = open_session(&server_options);
    struct buf in;

    buf_init(&in, 1 << 20);
    put_opening(&in);
    put_request(&in, 1, F_WHOLE, COP_LIT(GET_FIELDS));
    feed(h2, buf_slice(&in), SIZE_MAX, 0);
    buf_fini(&in);
    return h2;
}

static void release_all(struct h2 *h2)
{
    struct h2_stream *stream;
    unsigned events;

    while ((stream = h2_next(h2, &events)) != NULL) {
        if ((events & H2_ENDED) != 0) {
            h2_release(&stream, H2_CANCEL);
        }
    }
}

/* How many units pass until GOAWAY, one in each `gap_ms`. */
static uint32_t flood(struct h2 *h2, unit_fn *unit, uint32_t gap_ms)
{
    struct buf in;
    uint32_t i = 0;
    int goaway = -1;

    buf_init(&in, 1 << 20);
    while (i < FOREVER && goaway == -1) {
        buf_clear(&in);
        unit(&in, i);
        feed(h2, buf_slice(&in), SIZE_MAX, (uint64_t)(i + 1) * gap_ms);
        release_all(h2);
        goaway = answer_of(h2).goaway;
        release_all(h2);
        i++;
    }
    buf_fini(&in);
    if (i != FOREVER) {
        assert_int_equal(goaway, H2_ENHANCE_YOUR_CALM);
        assert_true(h2_is_over(h2));
    }
    return i;
}

static void test_floods(void **state)
{
    const struct flood floods[] = {
        {h2_budget_text(H2_BUDGET_RESETS), 200, unit_rapid_reset},
        {h2_budget_text(H2_BUDGET_PROVOKED), 100, unit_malformed},
        {h2_budget_text(H2_BUDGET_PROVOKED), 100, unit_window_overflow},
        {h2_budget_text(H2_BUDGET_PROVOKED), 100, unit_wrong_length},
        {h2_budget_text(H2_BUDGET_PROVOKED), 100, unit_large_head},
        {h2_budget_text(H2_BUDGET_EMPTY), 60, unit_empty_data},
        {h2_budget_text(H2_BUDGET_EMPTY), 60, unit_padding_only},
        {h2_budget_text(H2_BUDGET_PINGS), 100, unit_ping},
        {h2_budget_text(H2_BUDGET_SETTINGS), 20, unit_settings},
        {h2_budget_text(H2_BUDGET_PRIORITIES), 500, unit_priority},
        {h2_budget_text(H2_BUDGET_WINDOWS), 2000, unit_window},
        {h2_budget_text(H2_BUDGET_UNKNOWN), 100, unit_unknown},
        {h2_budget_text(H2_BUDGET_IDLE), 4000, unit_ping_answer},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(floods); i++) {
        struct h2 *h2 = begin();
        uint32_t n = flood(h2, floods[i].unit, 0);
        const char *why;
        bool by_us;

        assert_int_equal(h2_fault(h2, &why, &by_us), H2_ENHANCE_YOUR_CALM);
        assert_string_equal(why, floods[i].text);
        assert_true(by_us);
        if (n > floods[i].most + SLACK || n + SLACK < floods[i].most) {
            fail_msg("flood %zu passed %u units, not %u", i, n, floods[i].most);
        }
        h2_free(&h2);
    }
}

/* As much as fills again goes on for ever. */
static void test_slow_enough(void **state)
{
    struct h2 *h2 = begin();

    (void)state;
    assert_int_equal(flood(h2, unit_ping, 50), FOREVER);
    h2_free(&h2);
    h2 = begin();
    assert_int_equal(flood(h2, unit_rapid_reset, 50), FOREVER);
    h2_free(&h2);
}

static void check_end(struct h2 *h2, struct buf *in, const char *text)
{
    const char *why;
    bool by_us;

    feed(h2, buf_slice(in), SIZE_MAX, 0);
    assert_int_equal(answer_of(h2).goaway, H2_ENHANCE_YOUR_CALM);
    assert_int_equal(h2_fault(h2, &why, &by_us), H2_ENHANCE_YOUR_CALM);
    assert_string_equal(why, text);
    buf_fini(in);
    h2_free(&h2);
}

static void test_continuations(void **state)
{
    static const char zeros[16384];
    struct buf in;

    (void)state;
    buf_init(&in, 1 << 22);
    put_frame(&in, T_HEADERS, 0, 3, COP_LIT("\x82"));
    for (int i = 0; i < 40; i++) {
        put_frame(&in, T_CONTINUATION, 0, 3, COP_LIT("\x84"));
    }
    check_end(begin(), &in, "a head comes in too many frames");
    buf_init(&in, 1 << 22);
    put_frame(&in, T_HEADERS, 0, 3, (struct cop_slice){zeros, 16384});
    put_frame(&in, T_CONTINUATION, 0, 3, (struct cop_slice){zeros, 16384});
    check_end(begin(), &in, "a head is far larger than allowed");
    buf_init(&in, 1 << 22);
    for (int i = 0; i < 33; i++) {
        buf_add(&in, "\0\x03\0\0\0\x01", 6);
    }
    struct buf frame;

    buf_init(&frame, 1 << 20);
    put_frame(&frame, T_SETTINGS, 0, 0, buf_slice(&in));
    buf_fini(&in);
    check_end(begin(), &frame, "SETTINGS has too many entries");
}

/* One large field in the table, then named again and again for a byte each. */
static void test_bomb(void **state)
{
    char value[3000];
    struct buf block;
    struct buf in;

    (void)state;
    memset(value, 'v', sizeof(value));
    buf_init(&block, 1 << 20);
    put_fields(&block, COP_LIT(GET_FIELDS));
    buf_add_char(&block, 0x40);
    put_length(&block, 1);
    buf_add_char(&block, 'x');
    put_length(&block, sizeof(value));
    buf_add(&block, value, sizeof(value));
    for (int i = 0; i < 1000; i++) {
        buf_add_char(&block, (char)(0x80 | 62));
    }
    buf_init(&in, 1 << 20);
    put_frame(&in, T_HEADERS, F_WHOLE | F_END, 3, buf_slice(&block));
    buf_fini(&block);
    check_end(begin(), &in, "a head is far larger than allowed");
}

/* Too large or too many by a mistake: answered, and the connection goes on. */
static void test_large_head(void **state)
{
    struct h2 *h2 = begin();
    struct answer answer;
    uint16_t status = 0;
    struct buf block;
    struct buf in;

    (void)state;
    buf_init(&in, 1 << 20);
    buf_init(&block, 1 << 20);
    unit_large_head(&in, 0);
    put_fields(&block, COP_LIT(GET_FIELDS));
    for (int i = 0; i < 65; i++) {
        put_field(&block, COP_LIT("x"), COP_LIT("y"));
    }
    put_frame(&in, T_HEADERS, F_WHOLE | F_END, 5, buf_slice(&block));
    feed(h2, buf_slice(&in), SIZE_MAX, 0);
    answer = answer_of(h2);
    assert_int_equal(answer.status, 2);
    assert_int_equal(answer.goaway, -1);
    assert_int_equal(answer.reset, -1);
    buf_clear(&in);
    buf_clear(&block);
    put_fields(&block, COP_LIT(GET_FIELDS));
    for (int i = 0; i < 1200; i++) {
        put_field(&block, COP_LIT("cookie"), COP_LIT(""));
    }
    put_frame(&in, T_HEADERS, F_WHOLE, 7, buf_slice(&block));
    feed(h2, buf_slice(&in), SIZE_MAX, 0);
    assert_int_equal(answer_of(h2).goaway, H2_ENHANCE_YOUR_CALM);
    assert_string_equal(
        h2_next_refusal(h2, &status), "the head is larger than allowed");
    assert_int_equal(status, 431);
    assert_string_equal(
        h2_next_refusal(h2, &status), "there are more fields than allowed");
    assert_int_equal(status, 431);
    assert_null(h2_next_refusal(h2, &status));
    buf_fini(&block);
    buf_fini(&in);
    h2_free(&h2);
}

/* Who asks and does not read: answers wait to a number and no further. */
static void test_unread_answers(void **state)
{
    struct h2 *h2 = begin();
    const char *why = "";
    struct buf in;
    uint32_t n = 0;
    bool by_us;

    (void)state;
    buf_init(&in, 1 << 20);
    unit_ping(&in, 0);
    while (n < FOREVER && *why == '\0') {
        feed(h2, buf_slice(&in), SIZE_MAX, (uint64_t)++n * 1000);
        (void)h2_fault(h2, &why, &by_us);
    }
    assert_string_equal(why, "it does not read our answers");
    assert_true(n < 110);
    assert_int_equal(answer_of(h2).goaway, H2_ENHANCE_YOUR_CALM);
    buf_fini(&in);
    h2_free(&h2);
}

static void test_numbers(void **state)
{
    static const struct {
        uint32_t streams[4];
        int goaway;
    } rows[] = {
        {{3, 5, 9, 11}, -1},
        {{3, 9, 5, 0}, H2_PROTOCOL_ERROR},
        {{1001, 3, 0, 0}, H2_PROTOCOL_ERROR},
        {{1001, 2001, 999, 0}, H2_PROTOCOL_ERROR},
        {{3, 5, 3, 0}, H2_STREAM_CLOSED},
        {{3, 513, 3, 0}, H2_STREAM_CLOSED},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        struct h2 *h2 = begin();
        struct answer answer;
        struct buf in;

        buf_init(&in, 1 << 20);
        for (size_t k = 0; k < 4 && rows[i].streams[k] != 0; k++) {
            put_request(
                &in, rows[i].streams[k], F_WHOLE | F_END, COP_LIT(GET_FIELDS));
        }
        feed(h2, buf_slice(&in), 1, 0);
        answer = answer_of(h2);
        if (answer.goaway != rows[i].goaway) {
            fail_msg("numbers %zu: goaway %d", i, answer.goaway);
        }
        buf_fini(&in);
        h2_free(&h2);
    }
}

static void test_preface(void **state)
{
    struct h2 *h2 = open_session(&server_options);
    const char *why;
    bool by_us;

    (void)state;
    feed(h2, COP_LIT("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"), 1, 0);
    assert_int_equal(answer_of(h2).goaway, H2_PROTOCOL_ERROR);
    assert_int_equal(h2_fault(h2, &why, &by_us), H2_PROTOCOL_ERROR);
    assert_string_equal(why, "it does not begin as HTTP/2 does");
    assert_true(h2_is_over(h2));
    h2_free(&h2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_slow_enough),
        cmocka_unit_test(test_continuations),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_large_head),
        cmocka_unit_test(test_unread_answers),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_preface),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

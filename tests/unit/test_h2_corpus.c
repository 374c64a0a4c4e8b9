/* HTTP/2 in: the corpus of messages and frames, each with its outcome, whole
 * and byte by byte. After a stream error the connection goes on. */
#include "tests/unit/h2_wire.h"

enum outcome { ACCEPTED, RESET, CONNECTION, STREAM, NOTHING };
enum follow { LAST, BODY, OPEN };

struct message {
    enum outcome outcome;
    enum follow follow;
    struct cop_slice fields;
};

static const struct message requests[] = {
#define H2_CASE(outcome, follow, fields) {outcome, follow, COP_LIT(fields)},
#include "tests/corpora/http2/requests.tbl"
};

static const struct message responses[] = {
#define H2_CASE(outcome, follow, fields) {outcome, follow, COP_LIT(fields)},
#include "tests/corpora/http2/responses.tbl"
};

static const struct message trailers[] = {
#define H2_CASE(outcome, fields) {outcome, LAST, COP_LIT(fields)},
#include "tests/corpora/http2/trailers.tbl"
};

static const struct frame {
    enum outcome outcome;
    enum h2_code code;
    int type;
    int flags;
    uint32_t stream;
    struct cop_slice payload;
} frames[] = {
#define H2_CASE(outcome, code, type, flags, stream, payload)                   \
    {outcome, (enum h2_code)(code), type, flags, stream, COP_LIT(payload)},
#include "tests/corpora/http2/frames.tbl"
};

static void put_message(
    struct buf *in, uint32_t stream, const struct message *message)
{
    put_request(in, stream, F_WHOLE | (message->follow == LAST ? F_END : 0),
        message->fields);
    if (message->follow == BODY) {
        put_frame(in, T_DATA, F_END, stream, COP_LIT("ab"));
    }
}

/* The last event of reading a stream to where it stands. */
static enum h2_event read_all(struct h2_stream *stream)
{
    struct cop_slice body;
    enum h2_event event;

    while ((event = h2_read(stream, &body)) != H2_NEED && event != H2_GONE &&
           event != H2_END) {
        if (event == H2_BODY) {
            h2_consume(stream, body.n);
        }
    }
    return event;
}

/* Which streams came out as whole as they will get. */
static uint32_t count_good(struct h2 *h2)
{
    struct h2_stream *stream;
    unsigned events;
    uint32_t n = 0;

    while ((stream = h2_next(h2, &events)) != NULL) {
        enum h2_event event = read_all(stream);

        n += event != H2_GONE;
        h2_release(&stream, H2_CANCEL);
    }
    return n;
}

static void check_request(
    const struct message *message, size_t step, const char *what, size_t i)
{
    struct h2 *h2 = open_session(&server_options);
    const struct message good = {ACCEPTED, LAST, COP_LIT(GET_FIELDS)};
    struct answer answer;
    struct buf in;
    uint32_t n;

    buf_init(&in, 1 << 20);
    put_opening(&in);
    put_message(&in, 1, message);
    feed(h2, buf_slice(&in), step, 1);
    answer = answer_of(h2);
    n = count_good(h2);
    if (n != (message->outcome == ACCEPTED) || answer.goaway != -1 ||
        (message->outcome == RESET) != (answer.reset == H2_PROTOCOL_ERROR)) {
        fail_msg("%s %zu, step %zu: told %u, reset %d, goaway %d", what, i,
            step, n, answer.reset, answer.goaway);
    }
    buf_clear(&in);
    put_message(&in, 3, &good);
    feed(h2, buf_slice(&in), step, 1);
    assert_int_equal(count_good(h2), 1);
    buf_fini(&in);
    h2_free(&h2);
}

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(requests); i++) {
        check_request(&requests[i], SIZE_MAX, "request", i);
        check_request(&requests[i], 1, "request", i);
    }
}

static void check_trailers(const struct message *message, size_t i)
{
    struct h2 *h2 = open_session(&server_options);
    struct answer answer;
    struct buf in;
    uint32_t n;

    buf_init(&in, 1 << 20);
    put_opening(&in);
    put_request(&in, 1, F_WHOLE, COP_LIT(GET_FIELDS));
    put_frame(&in, T_DATA, 0, 1, COP_LIT("ab"));
    put_request(&in, 1, F_WHOLE | F_END, message->fields);
    feed(h2, buf_slice(&in), SIZE_MAX, 1);
    answer = answer_of(h2);
    n = count_good(h2);
    if (n != (message->outcome == ACCEPTED) || answer.goaway != -1) {
        fail_msg("trailers %zu: told %u, goaway %d", i, n, answer.goaway);
    }
    buf_fini(&in);
    h2_free(&h2);
}

#define POST_FIELDS                                                            \
    FIELD(":method", "POST")                                                   \
    FIELD(":scheme", "https")                                                  \
    FIELD(":authority", "a.example") FIELD(":path", "/")

/* A stream with this head, and how it is framed. */
static struct h2_stream *begin(
    struct h2 *h2, struct cop_slice fields, enum http_framing framing)
{
    struct h2_stream *stream;
    struct cop_slice body;
    unsigned events;
    struct buf in;

    buf_init(&in, 1 << 20);
    put_opening(&in);
    put_request(&in, 1, F_WHOLE, fields);
    feed(h2, buf_slice(&in), SIZE_MAX, 1);
    buf_fini(&in);
    stream = h2_next(h2, &events);
    assert_non_null(stream);
    assert_int_equal(h2_read(stream, &body), H2_HEAD);
    assert_int_equal(h2_head(stream)->framing, framing);
    return stream;
}

static void feed_frame(struct h2 *h2, int type, int flags, const char *payload)
{
    struct buf in;

    buf_init(&in, 1 << 20);
    put_frame(&in, type, flags, 1, cop_slice_of(payload));
    feed(h2, buf_slice(&in), SIZE_MAX, 1);
    buf_fini(&in);
}

/* Nobody is given a whole request before its last frame says that it is one. */
static void test_an_end_waits_for_its_frame(void **state)
{
    struct h2 *h2 = open_session(&server_options);
    struct h2_stream *stream = begin(
        h2, COP_LIT(POST_FIELDS FIELD("content-length", "3")), HTTP_LENGTH);
    struct cop_slice body;

    (void)state;
    feed_frame(h2, T_DATA, 0, "a");
    assert_int_equal(h2_read(stream, &body), H2_BODY);
    assert_int_equal(body.n, 1);
    h2_consume(stream, 1);
    feed_frame(h2, T_DATA, 0, "bc");
    assert_int_equal(h2_read(stream, &body), H2_BODY);
    assert_int_equal(body.n, 1);
    h2_consume(stream, 1);
    assert_int_equal(h2_read(stream, &body), H2_NEED);
    feed_frame(h2, T_DATA, F_END, "");
    assert_int_equal(h2_read(stream, &body), H2_BODY);
    assert_true(cop_slice_eq(body, COP_LIT("c")));
    h2_consume(stream, 1);
    assert_int_equal(h2_read(stream, &body), H2_END);
    h2_release(&stream, H2_CANCEL);
    h2_free(&h2);
}

static void test_more_than_its_length(void **state)
{
    struct h2 *h2 = open_session(&server_options);
    struct h2_stream *stream = begin(
        h2, COP_LIT(POST_FIELDS FIELD("content-length", "1")), HTTP_LENGTH);
    struct cop_slice body;

    (void)state;
    feed_frame(h2, T_DATA, 0, "a");
    assert_int_equal(h2_read(stream, &body), H2_NEED);
    feed_frame(h2, T_DATA, F_END, "b");
    assert_int_equal(h2_read(stream, &body), H2_NEED);
    assert_int_equal(answer_of(h2).reset, H2_PROTOCOL_ERROR);
    assert_int_equal(h2_read(stream, &body), H2_GONE);
    h2_release(&stream, H2_CANCEL);
    h2_free(&h2);
    /* A length of zero frames nothing while frames are to come. */
    h2 = open_session(&server_options);
    stream = begin(
        h2, COP_LIT(POST_FIELDS FIELD("content-length", "0")), HTTP_CHUNKED);
    assert_int_equal(h2_read(stream, &body), H2_NEED);
    feed_frame(h2, T_DATA, F_END, "");
    assert_int_equal(h2_read(stream, &body), H2_END);
    h2_release(&stream, H2_CANCEL);
    h2_free(&h2);
}

static void test_trailers(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(trailers); i++) {
        check_trailers(&trailers[i], i);
    }
}

static struct h2_stream *ask(struct h2 *h2)
{
    struct http_head head = {.method = COP_LIT("GET"), .minor = 1};
    struct h2_stream *stream = NULL;

    assert_int_equal(h2_open(h2, &head, COP_LIT("/"), COP_LIT("a.example"),
                         COP_LIT(""), &stream),
        COP_OK);
    return stream;
}

static void check_response(const struct message *message, size_t step, size_t i)
{
    struct h2_options options = server_options;
    struct h2_stream *stream;
    enum h2_event event;
    struct buf bytes;
    struct h2 *h2;

    options.role = H2_CLIENT;
    h2 = open_session(&options);
    stream = ask(h2);
    buf_init(&bytes, 1 << 20);
    collect(h2, &bytes);
    buf_clear(&bytes);
    put_frame(&bytes, T_SETTINGS, 0, 0, COP_LIT(""));
    put_message(&bytes, 1, message);
    feed(h2, buf_slice(&bytes), step, 1);
    assert_int_equal(answer_of(h2).goaway, -1);
    event = read_all(stream);
    if (event != (message->outcome == ACCEPTED ? H2_END : H2_GONE)) {
        fail_msg("response %zu, step %zu: event %d", i, step, (int)event);
    }
    h2_release(&stream, H2_CANCEL);
    buf_fini(&bytes);
    h2_free(&h2);
}

static void test_responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(responses); i++) {
        check_response(&responses[i], SIZE_MAX, i);
        check_response(&responses[i], 1, i);
    }
}

static void check_frame(const struct frame *frame, size_t step, size_t i)
{
    struct h2 *h2 = open_session(&server_options);
    struct answer answer;
    const char *why;
    struct buf in;
    bool by_us;

    buf_init(&in, 1 << 20);
    put_opening(&in);
    put_request(&in, 1, F_WHOLE, COP_LIT(GET_FIELDS));
    put_frame(&in, frame->type, frame->flags, frame->stream, frame->payload);
    feed(h2, buf_slice(&in), step, 1);
    answer = answer_of(h2);
    (void)h2_fault(h2, &why, &by_us);
    if (answer.goaway !=
            (frame->outcome == CONNECTION ? (int)frame->code : -1) ||
        answer.reset != (frame->outcome == STREAM ? (int)frame->code : -1) ||
        (*why != '\0') != (frame->outcome == CONNECTION)) {
        fail_msg("frame %zu, step %zu: goaway %d, reset %d, \"%s\"", i, step,
            answer.goaway, answer.reset, why);
    }
    assert_int_equal(h2_is_over(h2), frame->outcome == CONNECTION);
    buf_fini(&in);
    h2_free(&h2);
}

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(frames); i++) {
        check_frame(&frames[i], SIZE_MAX, i);
        check_frame(&frames[i], 1, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_an_end_waits_for_its_frame),
        cmocka_unit_test(test_more_than_its_length),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* HTTP/2 bytes for tests: frames made by hand, a session to feed them to, and
 * what it answers. */
#ifndef TESTS_UNIT_H2_WIRE_H
#define TESTS_UNIT_H2_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/http/h2.h"
#include "rules/base/buf.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum {
    T_DATA,
    T_HEADERS,
    T_PRIORITY,
    T_RST_STREAM,
    T_SETTINGS,
    T_PUSH_PROMISE,
    T_PING,
    T_GOAWAY,
    T_WINDOW_UPDATE,
    T_CONTINUATION
};

enum { F_END = 1, F_ACK = 1, F_WHOLE = 4, F_PADDED = 8 };

static const struct h2_options server_options = {
    .role = H2_SERVER,
    .targets = H2_ORIGIN,
    .is_tls = true,
    .has_websocket = true,
    .head_bytes = 8192,
    .fields = 64,
    .streams = 100,
    .window = 65535,
    .window_all = 1 << 20,
    .send_bytes = 32768,
    .out_bytes = 32768,
};

static inline struct h2 *open_session(const struct h2_options *options)
{
    struct h2 *h2 = NULL;

    assert_int_equal(h2_new(options, &h2), COP_OK);
    return h2;
}

static inline void put_frame(struct buf *out, int type, int flags,
    uint32_t stream, struct cop_slice payload)
{
    const char header[9] = {
        (char)(payload.n >> 16),
        (char)(payload.n >> 8),
        (char)payload.n,
        (char)type,
        (char)flags,
        (char)(stream >> 24),
        (char)(stream >> 16),
        (char)(stream >> 8),
        (char)stream,
    };

    buf_add(out, header, sizeof(header));
    buf_add_slice(out, payload);
}

/* An integer with a prefix of seven bits (RFC 7541 5.1). */
static inline void put_length(struct buf *out, size_t n)
{
    if (n < 127) {
        buf_add_char(out, (char)n);
        return;
    }
    buf_add_char(out, 127);
    for (n -= 127; n >= 128; n >>= 7) {
        buf_add_char(out, (char)(n % 128 | 128));
    }
    buf_add_char(out, (char)n);
}

/* A literal that is never indexed, without Huffman coding. */
static inline void put_field(
    struct buf *out, struct cop_slice name, struct cop_slice value)
{
    buf_add_char(out, 0);
    put_length(out, name.n);
    buf_add_slice(out, name);
    put_length(out, value.n);
    buf_add_slice(out, value);
}

/* Fields as in the corpus: name 0x1f value 0x1e. */
static inline void put_fields(struct buf *out, struct cop_slice fields)
{
    while (fields.n != 0) {
        const char *end = memchr(fields.p, 0x1e, fields.n);
        const char *middle = memchr(fields.p, 0x1f, fields.n);

        assert_non_null(end);
        assert_non_null(middle);
        put_field(out,
            (struct cop_slice){fields.p, (size_t)(middle - fields.p)},
            (struct cop_slice){middle + 1, (size_t)(end - middle - 1)});
        fields.n -= (size_t)(end + 1 - fields.p);
        fields.p = end + 1;
    }
}

#define FIELD(name, value) name "\x1f" value "\x1e"
#define GET_FIELDS                                                             \
    FIELD(":method", "GET")                                                    \
    FIELD(":scheme", "https")                                                  \
    FIELD(":authority", "a.example") FIELD(":path", "/")

static inline void put_request(
    struct buf *out, uint32_t stream, int flags, struct cop_slice fields)
{
    struct buf block;

    buf_init(&block, 1 << 20);
    put_fields(&block, fields);
    put_frame(out, T_HEADERS, flags, stream, buf_slice(&block));
    buf_fini(&block);
}

static inline void put_opening(struct buf *out)
{
    buf_add_slice(out, COP_LIT(PREFACE));
    put_frame(out, T_SETTINGS, 0, 0, COP_LIT(""));
}

/* Feed bytes, some at a time, at one moment. */
static inline void feed(
    struct h2 *h2, struct cop_slice bytes, size_t step, uint64_t now_ms)
{
    while (bytes.n != 0) {
        size_t n = bytes.n < step ? bytes.n : step;
        size_t used = h2_take(h2, (struct cop_slice){bytes.p, n}, now_ms);

        if (used < n) {
            return;
        }
        bytes.p += n;
        bytes.n -= n;
    }
}

static inline void collect(struct h2 *h2, struct buf *out)
{
    struct cop_slice bytes;

    while ((bytes = h2_give(h2)).n != 0) {
        buf_add_slice(out, bytes);
        h2_given(h2, bytes.n);
    }
    assert_false(out->failed);
}

/* What a session answered. */
struct answer {
    int goaway; /* its code; -1: none */
    int reset;  /* the last RST_STREAM's code; -1: none */
    int status; /* whether a HEADERS frame is there */
    uint32_t n; /* frames */
    uint32_t acks;
};

static inline uint32_t number_of(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 |
           u[3];
}

static inline struct answer read_answer(struct cop_slice bytes)
{
    struct answer answer = {.goaway = -1, .reset = -1};

    while (bytes.n != 0) {
        size_t length;

        assert_true(bytes.n >= 9);
        length = number_of(bytes.p) >> 8;
        assert_true(bytes.n >= 9 + length);
        switch (bytes.p[3]) {
        case T_HEADERS:
            answer.status++;
            break;
        case T_RST_STREAM:
            answer.reset = (int)number_of(bytes.p + 9);
            break;
        case T_GOAWAY:
            answer.goaway = (int)number_of(bytes.p + 13);
            break;
        case T_PING:
        case T_SETTINGS:
            answer.acks += (bytes.p[4] & F_ACK) != 0;
            break;
        default:
            break;
        }
        answer.n++;
        bytes.p += 9 + length;
        bytes.n -= 9 + length;
    }
    return answer;
}

static inline struct answer answer_of(struct h2 *h2)
{
    struct answer answer;
    struct buf out;

    buf_init(&out, 1 << 26);
    collect(h2, &out);
    answer = read_answer(buf_slice(&out));
    buf_fini(&out);
    return answer;
}

#endif

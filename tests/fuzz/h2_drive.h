/* What both fuzz targets of HTTP/2 do: read every stream that has something to
 * do, hold its head against HTTP/1's reader, and answer requests. */
#ifndef TESTS_FUZZ_H2_DRIVE_H
#define TESTS_FUZZ_H2_DRIVE_H

#include <stdint.h>
#include <stdlib.h>

#include "gateway/filter/hop.h"
#include "gateway/http/h1_read.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/h2.h"

#define REQUIRE(holds) ((holds) ? (void)0 : abort())

static const struct h2_options drive_options = {
    .is_tls = true,
    .has_websocket = true,
    .head_bytes = 4096,
    .fields = 64,
    .streams = 10,
    .window = 65535,
    .window_all = 65535,
    .send_bytes = 4096,
    .out_bytes = 16384,
};

/* Written as HTTP/1, a head that was accepted is accepted again. What HTTP/1
 * does not know or finds too long is refused there with its own status. */
static inline void drive_check(struct http_head *head)
{
    bool is_request = head->status == 0;
    struct cop_slice host = is_request ? head->fields[0].value : head->reason;
    struct h1_reader *reader = NULL;
    struct cop_slice body;
    enum h1_event event;
    uint16_t status;
    struct buf out;
    size_t used;

    hop_strip(head, true);
    buf_init(&out, 1 << 20);
    if (is_request) {
        h1_write_request(&out, head, head->target, host,
            head->wants_upgrade ? COP_LIT("Connection: upgrade\r\n")
                                : COP_LIT("V: w\r\n"));
    } else {
        h1_write_response(&out, head,
            head->wants_upgrade ? COP_LIT("Connection: upgrade\r\n")
                                : COP_LIT("V: w\r\n"));
    }
    REQUIRE(h1_reader_new(is_request ? H1_REQUEST : H1_RESPONSE, 1 << 20, 256,
                &reader) == COP_OK);
    event = h1_read(reader, buf_slice(&out), &used, &body);
    if (event != H1_HEAD) {
        (void)h1_reader_fault(reader, &status);
        REQUIRE(event == H1_FAULT && (status == 501 || status == 414));
    } else {
        REQUIRE(used == out.n);
        REQUIRE(h1_reader_head(reader)->framing == head->framing ||
                head->framing == HTTP_NO_BODY);
    }
    h1_reader_free(&reader);
    buf_fini(&out);
}

static inline void drive_answer(struct h2_stream *stream)
{
    struct http_head head = {.status = 200, .framing = HTTP_CHUNKED};

    if (h2_write_response(stream, &head, COP_LIT("a: b\r\n")) == COP_OK) {
        (void)h2_write_body(stream, COP_LIT("an answer"), false);
        h2_write_end(stream, NULL, 0);
    }
}

static inline void drive_streams(struct h2 *h2)
{
    struct h2_stream *stream;
    struct cop_slice body;
    enum h2_event event;
    unsigned events;

    while ((stream = h2_next(h2, &events)) != NULL) {
        while ((event = h2_read(stream, &body)) != H2_NEED) {
            if (event == H2_HEAD) {
                drive_check(h2_head(stream));
            } else if (event == H2_BODY) {
                REQUIRE(body.n != 0 && body.n <= drive_options.window);
                h2_consume(stream, 1 + body.n / 2);
            } else if (event != H2_TRAILERS) {
                drive_answer(stream);
                h2_release(&stream, H2_CANCEL);
                break;
            }
        }
    }
}

/* The first byte says how many bytes come at a time, and whether what is given
 * is written at once. */
static inline void drive(struct h2 *h2, const uint8_t *data, size_t n)
{
    for (size_t at = 1; at < n && !h2_is_over(h2);) {
        size_t step = n - at < data[0] + 1U ? n - at : data[0] + 1U;
        size_t used = h2_take(
            h2, (struct cop_slice){(const char *)data + at, step}, at / 16);

        REQUIRE(used <= step);
        at += used;
        drive_streams(h2);
        if (used < step || data[0] % 2 == 0) {
            struct cop_slice out = h2_give(h2);

            REQUIRE(out.n <= drive_options.out_bytes + 32768);
            h2_given(h2, out.n);
            drive_streams(h2);
            if (used < step && out.n == 0) {
                break;
            }
        }
    }
    h2_take_eof(h2);
    drive_streams(h2);
}

#endif

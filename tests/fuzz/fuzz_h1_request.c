/* Requests: what is written from an accepted head is accepted again and framed
 * the same. The first byte says how many bytes come at a time. */
#include <stdint.h>
#include <stdlib.h>

#include "gateway/filter/hop.h"
#include "gateway/http/h1_read.h"
#include "gateway/http/h1_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define REQUIRE(holds) ((holds) ? (void)0 : abort())

static void write_and_read_again(struct http_head *head)
{
    struct h1_reader *reader = NULL;
    struct cop_slice body;
    struct buf out;
    size_t used;

    hop_strip(head, true);
    buf_init(&out, 1 << 20);
    h1_write_request(
        &out, head, COP_LIT("/"), COP_LIT("a.example"), COP_LIT("V: w\r\n"));
    REQUIRE(h1_reader_new(H1_REQUEST, 1 << 20, 256, &reader) == COP_OK);
    REQUIRE(h1_read(reader, buf_slice(&out), &used, &body) == H1_HEAD);
    REQUIRE(used == out.n && h1_reader_head(reader)->length == head->length &&
            h1_reader_head(reader)->framing == head->framing);
    h1_reader_free(&reader);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct h1_reader *reader = NULL;
    enum h1_event event = H1_NEED;
    struct cop_slice body;

    if (n == 0 || h1_reader_new(H1_REQUEST, 8192, 64, &reader) != COP_OK) {
        return 0;
    }
    for (size_t at = 1; event != H1_FAULT && (at < n || event != H1_NEED);) {
        size_t step = n - at < data[0] + 1U ? n - at : data[0] + 1U;
        size_t used;

        body = (struct cop_slice){(const char *)data + at, step};
        event = h1_read(reader, body, &used, &body);
        REQUIRE(used <= step && (event != H1_NEED || used == step));
        at += used;
        if (event == H1_HEAD && h1_reader_head(reader)->method.p[0] != 'C') {
            write_and_read_again(h1_reader_head(reader));
        } else if (event == H1_END) {
            h1_reader_next(reader, false, false);
        }
    }
    (void)h1_read_eof(reader);
    h1_reader_free(&reader);
    return 0;
}

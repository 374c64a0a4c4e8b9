/* Responses: read whole or byte by byte they tell the same. The first byte says
 * what they answer. */
#include <stdint.h>
#include <stdlib.h>

#include "gateway/http/h1_read.h"
#include "gateway/http/h1_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define REQUIRE(holds) ((holds) ? (void)0 : abort())

/* Events as letters, body bytes as they are. */
static void tell(struct buf *out, const uint8_t *data, size_t n, size_t step)
{
    struct h1_reader *reader = NULL;
    enum h1_event event = H1_NEED;
    size_t at = 1;

    REQUIRE(h1_reader_new(H1_RESPONSE, 8192, 64, &reader) == COP_OK);
    h1_reader_next(reader, data[0] == 1, data[0] == 2);
    while (event != H1_FAULT && (at < n || event != H1_NEED)) {
        size_t have = n - at < step ? n - at : step;
        struct cop_slice body = {(const char *)data + at, have};
        size_t used;

        event = h1_read(reader, body, &used, &body);
        REQUIRE(used <= have && (event != H1_NEED || used == have));
        at += used;
        buf_add_slice(out, body);
        if (event == H1_HEAD) {
            h1_write_response(out, h1_reader_head(reader), COP_LIT(""));
        } else if (event == H1_END || event == H1_TRAILERS) {
            buf_add_char(out, event == H1_END ? 'E' : 'T');
        }
        if (event == H1_END) {
            h1_reader_next(reader, data[0] == 1, data[0] == 2);
        }
    }
    buf_add_char(out, (char)('0' + h1_read_eof(reader)));
    h1_reader_free(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf whole;
    struct buf bytewise;

    buf_init(&whole, 1 << 20);
    buf_init(&bytewise, 1 << 20);
    if (n != 0) {
        tell(&whole, data, n, n);
        tell(&bytewise, data, n, 1);
        REQUIRE(cop_slice_eq(buf_slice(&whole), buf_slice(&bytewise)));
    }
    buf_fini(&whole);
    buf_fini(&bytewise);
    return 0;
}

/* HTTP/2 from servers: three requests are under way, and what comes out as a
 * response can be written as HTTP/1 and is read there. */
#include "tests/fuzz/h2_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(struct h2 *h2, struct cop_slice method, bool has_body)
{
    struct http_head head = {.method = method, .minor = 1};
    struct h2_stream *stream = NULL;

    head.framing = has_body ? HTTP_CHUNKED : HTTP_NO_BODY;
    if (h2_open(h2, &head, COP_LIT("/"), COP_LIT("a.example"), COP_LIT(""),
            &stream) == COP_OK &&
        has_body) {
        (void)h2_write_body(stream, COP_LIT("a body that has no end"), false);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct h2_options options = drive_options;
    struct h2 *h2 = NULL;

    options.role = H2_CLIENT;
    if (n == 0 || h2_new(&options, &h2) != COP_OK) {
        return 0;
    }
    ask(h2, COP_LIT("GET"), false);
    ask(h2, COP_LIT("HEAD"), false);
    ask(h2, COP_LIT("POST"), true);
    h2_given(h2, h2_give(h2).n);
    drive(h2, data, n);
    h2_free(&h2);
    return 0;
}

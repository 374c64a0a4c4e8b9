/* What the codec of HTTP/2 costs a request beside that of HTTP/1: a browser's
 * GET read, its head looked at, and 1 KiB answered, without sockets or TLS.
 *
 *   bench-h2 [REQUESTS] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/http/h1_read.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/h2.h"

enum { ROUNDS = 5, STREAMS = 10, BODY_BYTES = 1024 };

static const struct h2_options options = {
    .role = H2_SERVER,
    .is_tls = true,
    .head_bytes = 65536,
    .fields = 128,
    .streams = 100,
    .window = 65536,
    .window_all = 1 << 20,
    .send_bytes = 65536,
    .out_bytes = 65536,
};

static const char *const fields[][2] = {
    {"sec-ch-ua-platform", "\"Linux\""},
    {"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"},
    {"accept", "text/html,application/xhtml+xml,image/avif,*/*;q=0.8"},
    {"sec-fetch-site", "same-origin"},
    {"sec-fetch-mode", "navigate"},
    {"sec-fetch-dest", "document"},
    {"referer", "https://a.example/somewhere/else"},
    {"accept-encoding", "gzip, deflate, br"},
    {"accept-language", "en-GB,en;q=0.9"},
    {"cookie", "session=0123456789abcdef0123456789abcdef"},
};

static const char body[BODY_BYTES];

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void fill(struct http_head *head)
{
    head->minor = 1;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct http_field *field = &head->fields[head->fields_n++];

        field->name = cop_slice_of(fields[i][0]);
        field->value = cop_slice_of(fields[i][1]);
        field->id = http_field_id(field->name);
        field->dropped = false;
    }
}

static struct http_head *request(void)
{
    struct http_head *head = calloc(1, sizeof(*head));

    must(head != NULL);
    head->method = COP_LIT("GET");
    fill(head);
    return head;
}

static struct http_head *response(void)
{
    struct http_head *head = request();

    head->status = 200;
    head->reason = COP_LIT("OK");
    head->framing = HTTP_LENGTH;
    head->length = BODY_BYTES;
    head->fields_n = 5;
    return head;
}

static double run_h1(uint32_t n)
{
    struct h1_reader *reader = NULL;
    struct http_head *asked = request();
    struct http_head *answer = response();
    struct cop_slice piece;
    struct buf in;
    struct buf out;
    double from;

    buf_init(&in, 1 << 20);
    buf_init(&out, 1 << 20);
    h1_write_request(&in, asked, COP_LIT("/a/page?of=some&length=1"),
        COP_LIT("a.example"), COP_LIT(""));
    must(h1_reader_new(H1_REQUEST, 65536, 128, &reader) == COP_OK);
    from = cpu_ns();
    for (uint32_t i = 0; i < n; i++) {
        size_t used;

        must(h1_read(reader, buf_slice(&in), &used, &piece) == H1_HEAD);
        must(h1_read(reader, COP_LIT(""), &used, &piece) == H1_END);
        buf_clear(&out);
        h1_write_response(&out, answer, COP_LIT(""));
        buf_add(&out, body, sizeof(body));
        h1_reader_next(reader, false, false);
    }
    from = cpu_ns() - from;
    h1_reader_free(&reader);
    buf_fini(&in);
    buf_fini(&out);
    free(asked);
    free(answer);
    return from / n;
}

static void serve(struct h2 *h2, const struct http_head *answer)
{
    struct h2_stream *stream;
    struct cop_slice piece;
    unsigned events;

    while ((stream = h2_next(h2, &events)) != NULL) {
        must(h2_read(stream, &piece) == H2_HEAD);
        must(h2_read(stream, &piece) == H2_END);
        must(h2_write_response(stream, answer, COP_LIT("")) == COP_OK);
        must(h2_write_body(stream, (struct cop_slice){body, sizeof(body)},
                 true) == sizeof(body));
        h2_release(&stream, H2_CANCEL);
    }
}

static void receive(struct h2 *h2)
{
    struct h2_stream *stream;
    struct cop_slice piece;
    unsigned events;

    while ((stream = h2_next(h2, &events)) != NULL) {
        enum h2_event event;

        while ((event = h2_read(stream, &piece)) != H2_END) {
            must(event == H2_HEAD || event == H2_BODY);
            if (event == H2_BODY) {
                h2_consume(stream, piece.n);
            }
        }
        h2_release(&stream, H2_CANCEL);
    }
}

/* Carry all that is there; the CPU time that `to` and what serves it took. */
static double carry(struct h2 *from, struct h2 *to, uint64_t now,
    const struct http_head *answer)
{
    struct cop_slice bytes = h2_give(from);
    double began = cpu_ns();

    while (bytes.n != 0) {
        size_t n = bytes.n < 16384 ? bytes.n : 16384;

        must(h2_take(to, (struct cop_slice){bytes.p, n}, now) == n);
        if (answer != NULL) {
            serve(to, answer);
        } else {
            receive(to);
        }
        h2_given(from, n);
        bytes.p += n;
        bytes.n -= n;
    }
    if (answer != NULL) {
        (void)h2_give(to);
    }
    return cpu_ns() - began;
}

/* The server's side alone is counted. */
static double run_h2(uint32_t n)
{
    struct h2_options asks = options;
    struct http_head *asked = request();
    struct http_head *answer = response();
    struct h2_stream *stream;
    struct h2 *server = NULL;
    struct h2 *client = NULL;
    double spent = 0;

    asks.role = H2_CLIENT;
    must(h2_new(&options, &server) == COP_OK);
    must(h2_new(&asks, &client) == COP_OK);
    for (uint32_t i = 0; i < n; i += STREAMS) {
        for (int k = 0; k < STREAMS; k++) {
            must(h2_open(client, asked, COP_LIT("/a/page?of=some&length=1"),
                     COP_LIT("a.example"), COP_LIT(""), &stream) == COP_OK);
        }
        spent += carry(client, server, i, answer);
        (void)carry(server, client, i, NULL);
    }
    h2_free(&client);
    h2_free(&server);
    free(asked);
    free(answer);
    return spent / n;
}

int main(int argc, char **argv)
{
    uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;

    for (int i = 0; i < ROUNDS; i++) {
        double h1 = run_h1(n);
        double h2 = run_h2(n);

        printf("HTTP/1 %.0f ns, HTTP/2 %.0f ns for each request\n", h1, h2);
    }
    return 0;
}

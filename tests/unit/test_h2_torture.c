/* HTTP/2 while memory runs out: the n-th allocation fails, for every n, ours
 * and libnghttp2's alike. Nothing crashes, nothing leaks, and what is told to
 * be whole is whole. The linker puts the functions below in malloc's place. */
#include <stdlib.h>

#include "tests/unit/h2_pair.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

/* Allocations until one fails; zero: none does. */
static uint32_t left;
static bool only_one; /* those after it succeed again */

static bool fails(void)
{
    if (left == 0) {
        return false;
    }
    if (left == 1) {
        left = only_one ? 0 : 1;
        return true;
    }
    left--;
    return false;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

/* Serve what is due: a body of some size, trailers, an answer to each. */
static void serve(struct h2 *h2)
{
    static const char bytes[6000];
    struct http_head answer = response_head(200, HTTP_CHUNKED, 0);
    struct h2_stream *stream;
    struct cop_slice body;
    enum h2_event event;
    unsigned events;

    add_field(&answer, "x", "y");
    while ((stream = h2_next(h2, &events)) != NULL) {
        while ((event = h2_read(stream, &body)) != H2_NEED && event != H2_END &&
               event != H2_GONE) {
            if (event == H2_BODY) {
                h2_consume(stream, body.n);
            }
        }
        if (event == H2_NEED) {
            continue;
        }
        if (event == H2_END &&
            h2_write_response(stream, &answer, COP_LIT("a: b\r\n")) == COP_OK) {
            (void)h2_write_body(
                stream, (struct cop_slice){bytes, sizeof(bytes)}, false);
            h2_write_end(stream, answer.fields, answer.fields_n);
        }
        h2_release(&stream, H2_CANCEL);
    }
}

static void receive(struct h2 *h2, uint32_t *whole)
{
    struct h2_stream *stream;
    struct cop_slice body;
    enum h2_event event;
    unsigned events;

    while ((stream = h2_next(h2, &events)) != NULL) {
        size_t *n = h2_user(stream);

        while ((event = h2_read(stream, &body)) != H2_NEED && event != H2_END &&
               event != H2_GONE) {
            if (event == H2_BODY) {
                *n += body.n;
                h2_consume(stream, body.n);
            }
        }
        if (event == H2_END) {
            assert_int_equal(*n, 6000);
            (*whole)++;
        }
        if (event != H2_NEED) {
            h2_release(&stream, H2_CANCEL);
        }
    }
}

/* One connection with three requests; how many were answered. */
static uint32_t play(struct pair *pair)
{
    struct http_head head = request_head("POST", HTTP_CHUNKED, 0);
    size_t counts[3] = {0};
    uint32_t whole = 0;

    add_field(&head, "cookie", "a=b");
    for (int i = 0; i < 3; i++) {
        struct h2_stream *stream = NULL;

        if (h2_open(pair->client, &head, COP_LIT("/"), COP_LIT("a.example"),
                COP_LIT(""), &stream) != COP_OK) {
            continue;
        }
        h2_set_user(stream, &counts[i]);
        (void)h2_write_body(stream, COP_LIT("some body"), false);
        h2_write_end(stream, head.fields, head.fields_n);
    }
    for (int i = 0; i < 200; i++) {
        (void)carry(pair, pair->client, pair->server);
        serve(pair->server);
        (void)carry(pair, pair->server, pair->client);
        receive(pair->client, &whole);
    }
    h2_leave(pair->server);
    h2_leave_now(pair->server);
    h2_ping(pair->client);
    shuttle(pair);
    h2_take_eof(pair->client);
    receive(pair->client, &whole);
    return whole;
}

/* Whether all went well with the n-th allocation failing. */
static bool run(uint32_t n)
{
    struct h2_options options = server_options;
    struct pair pair = {.step = 700};
    uint32_t whole = 0;

    left = n;
    if (h2_new(&options, &pair.server) == COP_OK) {
        options.role = H2_CLIENT;
        if (h2_new(&options, &pair.client) == COP_OK) {
            whole = play(&pair);
        }
    }
    left = 0;
    close_pair(&pair);
    return whole == 3;
}

static void test_every_allocation(void **state)
{
    uint32_t n = 1;

    (void)state;
    assert_true(run(0));
    while (n < 2000 && !run(n)) {
        n++;
    }
    assert_true(n > 50 && n < 2000);
    only_one = true;
    for (uint32_t i = 1; i < n; i++) {
        (void)run(i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

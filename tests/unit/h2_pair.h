/* A client's and a server's session, and what carries bytes between them. */
#ifndef TESTS_UNIT_H2_PAIR_H
#define TESTS_UNIT_H2_PAIR_H

#include "tests/unit/h2_wire.h"

struct pair {
    struct h2 *client;
    struct h2 *server;
    size_t step;   /* bytes at a time; 0: a different number each time */
    uint32_t seed; /* of those */
    uint64_t now_ms;
};

static inline size_t step_of(struct pair *pair)
{
    pair->seed = pair->seed * 1664525U + 1013904223U;
    return pair->step != 0 ? pair->step : 1 + pair->seed / 65536 % 1500;
}

/* Whether something went over. */
static inline bool carry(struct pair *pair, struct h2 *from, struct h2 *to)
{
    struct cop_slice bytes = h2_give(from);
    size_t n = step_of(pair);

    n = n < bytes.n ? n : bytes.n;
    if (n != 0) {
        n = h2_take(to, (struct cop_slice){bytes.p, n}, pair->now_ms);
        h2_given(from, n);
    }
    return n != 0;
}

static inline void shuttle(struct pair *pair)
{
    bool goes_on = true;

    while (goes_on) {
        goes_on = carry(pair, pair->client, pair->server);
        goes_on = carry(pair, pair->server, pair->client) || goes_on;
    }
}

static inline struct pair open_pair(size_t step)
{
    struct h2_options options = server_options;
    struct pair pair = {.step = step, .seed = 1};

    pair.server = open_session(&options);
    options.role = H2_CLIENT;
    pair.client = open_session(&options);
    return pair;
}

static inline void close_pair(struct pair *pair)
{
    h2_free(&pair->client);
    h2_free(&pair->server);
}

static inline void add_field(
    struct http_head *head, const char *name, const char *value)
{
    struct http_field *field = &head->fields[head->fields_n++];

    *field = (struct http_field){
        .name = cop_slice_of(name), .value = cop_slice_of(value)};
    field->id = http_field_id(field->name);
}

static inline struct http_head request_head(
    const char *method, enum http_framing framing, uint64_t length)
{
    return (struct http_head){.method = cop_slice_of(method),
        .minor = 1,
        .framing = framing,
        .length = length};
}

static inline struct http_head response_head(
    uint16_t status, enum http_framing framing, uint64_t length)
{
    return (struct http_head){
        .status = status, .minor = 1, .framing = framing, .length = length};
}

/* The stream that has something to do, which must be told of it. */
static inline struct h2_stream *due(struct h2 *h2, unsigned wanted)
{
    unsigned events = 0;
    struct h2_stream *stream = h2_next(h2, &events);

    if (stream == NULL || (events & wanted) != wanted) {
        fail_msg("events %u instead of %u", events, wanted);
    }
    return stream;
}

static inline void drain(struct h2 *h2)
{
    unsigned events;

    while (h2_next(h2, &events) != NULL) {
    }
}

static inline struct h2_stream *open_stream(
    struct pair *pair, const struct http_head *head, const char *target)
{
    struct h2_stream *stream = NULL;

    assert_int_equal(
        h2_open(pair->client, head, cop_slice_of(target), COP_LIT("a.example"),
            COP_LIT("Via: 1.1 test\r\n"), &stream),
        COP_OK);
    return stream;
}

static inline const char *value_of(
    const struct http_head *head, const char *name)
{
    static char text[4096];

    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (cop_slice_eq(head->fields[i].name, cop_slice_of(name)) &&
            !head->fields[i].dropped) {
            memcpy(text, head->fields[i].value.p, head->fields[i].value.n);
            text[head->fields[i].value.n] = '\0';
            return text;
        }
    }
    return "none";
}

static inline void expect(struct h2_stream *stream, enum h2_event wanted)
{
    struct cop_slice body;

    assert_int_equal(h2_read(stream, &body), wanted);
}

#endif

/* HTTP/1 read and told as text: every case is read whole and byte by byte, and
 * must tell the same both ways. Include once per program. */
#ifndef TESTS_UNIT_H1_TELL_H
#define TESTS_UNIT_H1_TELL_H

#include <stdio.h>
#include <stdlib.h>

#include "gateway/http/fault.h"
#include "gateway/http/h1_read.h"

enum { HEAD_BYTES = 16384, FIELDS = 100 };

#define LENGTH_OF(array) (sizeof(array) / sizeof(*(array)))

struct sample {
    const char *in;
    const char *told; /* what is told of it, see tell_event() */
};

struct refused {
    enum http_fault fault;
    const char *in;
};

/* What an answer belongs to. */
enum { TO_GET, TO_HEAD, TO_CONNECT };

static inline void tell_fields(
    struct buf *out, const struct http_field *fields, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        buf_print(out, " %.*s=%.*s", (int)fields[i].name.n, fields[i].name.p,
            (int)fields[i].value.n, fields[i].value.p);
    }
}

static inline void tell_head(struct buf *out, const struct http_head *head)
{
    static const char *const framings[] = {
        [HTTP_NO_BODY] = "none",
        [HTTP_LENGTH] = "length",
        [HTTP_CHUNKED] = "chunked",
        [HTTP_UNTIL_CLOSE] = "close",
    };

    if (head->status == 0) {
        buf_print(out, "%.*s %.*s", (int)head->method.n, head->method.p,
            (int)head->target.n, head->target.p);
    } else {
        buf_print(out, "%u %.*s", (unsigned)head->status, (int)head->reason.n,
            head->reason.p);
    }
    buf_print(out, " 1.%u %s", (unsigned)head->minor, framings[head->framing]);
    tell_fields(out, head->fields, head->fields_n);
    buf_print(out, "%s%s%s|", head->wants_close ? " !close" : "",
        head->wants_upgrade ? " !upgrade" : "",
        head->expects_continue ? " !continue" : "");
}

static inline void tell_event(struct buf *out, struct h1_reader *reader,
    enum h1_event event, struct cop_slice body)
{
    const struct http_field *trailers;
    uint32_t n;
    uint16_t status;

    switch (event) {
    case H1_NEED:
        break;
    case H1_HEAD:
        tell_head(out, h1_reader_head(reader));
        break;
    case H1_BODY:
        buf_add_slice(out, body);
        break;
    case H1_TRAILERS:
        trailers = h1_reader_trailers(reader, &n);
        buf_print(out, "|trailers");
        tell_fields(out, trailers, n);
        break;
    case H1_END:
        buf_print(out, "|end\n");
        break;
    case H1_FAULT:
        buf_print(out, "fault: %s", h1_reader_fault(reader, &status));
        break;
    }
}

/* Read all messages of `in`, at most `step` bytes at a time, then the end of
 * the connection; tell everything. */
static inline char *tell(
    enum h1_kind kind, int to, struct cop_slice in, size_t step)
{
    struct h1_reader *reader = NULL;
    struct buf out;
    enum h1_event event = H1_NEED;
    size_t at = 0;

    buf_init(&out, 1 << 20);
    assert_int_equal(h1_reader_new(kind, HEAD_BYTES, FIELDS, &reader), COP_OK);
    h1_reader_next(reader, to == TO_HEAD, to == TO_CONNECT);
    while (event != H1_FAULT && (at < in.n || event != H1_NEED)) {
        size_t n = in.n - at < step ? in.n - at : step;
        struct cop_slice body;
        size_t used;

        event = h1_read(reader, (struct cop_slice){in.p + at, n}, &used, &body);
        assert_true(used <= n);
        if (event == H1_NEED) {
            assert_int_equal(used, n);
        }
        at += used;
        tell_event(&out, reader, event, body);
        if (event == H1_END) {
            h1_reader_next(reader, to == TO_HEAD, to == TO_CONNECT);
        }
    }
    if (event == H1_NEED) {
        event = h1_read_eof(reader);
        tell_event(&out, reader, event, (struct cop_slice){NULL, 0});
    }
    buf_add_char(&out, '\0');
    assert_false(out.failed);
    h1_reader_free(&reader);
    assert_null(reader);
    return out.p;
}

static inline void check_slice(
    enum h1_kind kind, int to, struct cop_slice in, const char *told)
{
    char *whole = tell(kind, to, in, in.n);
    char *bytewise = tell(kind, to, in, 1);

    assert_string_equal(whole, told);
    assert_string_equal(bytewise, told);
    free(whole);
    free(bytewise);
}

static inline void check(
    enum h1_kind kind, int to, const char *in, const char *told)
{
    check_slice(kind, to, cop_slice_of(in), told);
}

static inline void check_fault(
    enum h1_kind kind, int to, struct cop_slice in, enum http_fault fault)
{
    char told[200];
    char *whole = tell(kind, to, in, in.n);
    char *bytewise = tell(kind, to, in, 1);

    snprintf(told, sizeof(told), "fault: %s", http_fault_text(fault));
    if (strstr(whole, told) == NULL || strstr(bytewise, told) == NULL) {
        fail_msg("not \"%s\": %.*s", told, (int)in.n, in.p);
    }
    free(whole);
    free(bytewise);
}

#endif

#include "gateway/http/h1_write.h"

#include <inttypes.h>

/* What the writer says itself, from head->framing. Content-Length stays as it
 * came only where it frames nothing: in answers to HEAD, in 304. */
static bool is_written_anew(
    const struct http_head *head, const struct http_field *field)
{
    if (field->id == FIELD_TRANSFER_ENCODING) {
        return true;
    }
    return field->id == FIELD_CONTENT_LENGTH && head->framing != HTTP_NO_BODY;
}

static void write_field(struct buf *out, const struct http_field *field)
{
    buf_add_slice(out, field->name);
    buf_add(out, ": ", 2);
    buf_add_slice(out, field->value);
    buf_add(out, "\r\n", 2);
}

static void write_framing(struct buf *out, const struct http_head *head)
{
    if (head->framing == HTTP_CHUNKED) {
        buf_add_slice(out, COP_LIT("Transfer-Encoding: chunked\r\n"));
    } else if (head->framing == HTTP_LENGTH) {
        buf_print(out, "Content-Length: %" PRIu64 "\r\n", head->length);
    }
}

/* Everything behind the first line and Host. */
static void write_rest(
    struct buf *out, const struct http_head *head, struct cop_slice extra)
{
    bool is_request = head->status == 0;

    for (uint32_t i = 0; i < head->fields_n; i++) {
        const struct http_field *field = &head->fields[i];

        if (field->dropped || is_written_anew(head, field) ||
            (is_request && field->id == FIELD_HOST)) {
            continue;
        }
        write_field(out, field);
    }
    write_framing(out, head);
    buf_add_slice(out, extra);
    buf_add(out, "\r\n", 2);
}

void h1_write_request(struct buf *out, const struct http_head *head,
    struct cop_slice target, struct cop_slice host, struct cop_slice extra)
{
    buf_add_slice(out, head->method);
    buf_add_char(out, ' ');
    buf_add_slice(out, target);
    buf_add_slice(out, COP_LIT(" HTTP/1.1\r\nHost: "));
    buf_add_slice(out, host);
    buf_add(out, "\r\n", 2);
    write_rest(out, head, extra);
}

void h1_write_response(
    struct buf *out, const struct http_head *head, struct cop_slice extra)
{
    buf_print(out, "HTTP/1.1 %u ", (unsigned)head->status);
    buf_add_slice(out, head->reason);
    buf_add(out, "\r\n", 2);
    write_rest(out, head, extra);
}

void h1_write_chunk(struct buf *out, struct cop_slice piece)
{
    /* A chunk of no bytes would be the last one. */
    if (piece.n == 0) {
        return;
    }
    buf_print(out, "%zx\r\n", piece.n);
    buf_add_slice(out, piece);
    buf_add(out, "\r\n", 2);
}

void h1_write_last_chunk(
    struct buf *out, const struct http_field *trailers, uint32_t n)
{
    buf_add_slice(out, COP_LIT("0\r\n"));
    for (uint32_t i = 0; i < n; i++) {
        if (!trailers[i].dropped) {
            write_field(out, &trailers[i]);
        }
    }
    buf_add(out, "\r\n", 2);
}

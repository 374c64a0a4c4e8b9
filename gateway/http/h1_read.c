/* HTTP/1.x in. A message is read twice, and both readings must agree:
 *
 *   bytes -> h1_lines  (every line strict)  -> llhttp -> fields
 *                                           -> h1_rules (what they mean)
 *         -> h1_chunk  (framing strict)     -> llhttp
 *
 * Our own checks come first, so llhttp only sees what has one reading; and
 * where it still frames a body differently than h1_rules and h1_chunk do, the
 * message is refused (HTTP_FAULT_DISAGREE) instead of one of them believed.
 *
 * Steps of a reader, and the function that leaves each:
 *
 *   HEAD --read_head--> LENGTH, CHUNKED, UNTIL_CLOSE or END
 *   LENGTH --read_length--> END
 *   CHUNKED --read_chunked--> TRAILERS --read_trailers--> END
 *   UNTIL_CLOSE --h1_read_eof--> END
 *   END --h1_reader_next--> HEAD
 *   any --fail--> FAULT, which is final
 *
 * Invariants: `message` is there from the first byte of a message until
 * h1_reader_next(), so an idle connection holds no buffers; no body byte is
 * copied or kept; nothing behind the message's last byte is consumed. */
#include "gateway/http/h1_read.h"

#include <stdlib.h>
#include <string.h>

#include "llhttp.h"

#include "gateway/http/fault.h"
#include "gateway/http/h1_chunk.h"
#include "gateway/http/h1_lines.h"
#include "gateway/http/h1_rules.h"
#include "gateway/http/syntax.h"

enum { TRAILERS_MAX = 32, TRAILER_BYTES_MAX = 8192 };

enum step {
    STEP_HEAD,
    STEP_LENGTH,
    STEP_CHUNKED,
    STEP_TRAILERS,
    STEP_UNTIL_CLOSE,
    STEP_END,
    STEP_FAULT
};

/* The places of fields are many and few are used, so they are cleared one by
 * one, when they are come to: `head` and `trailers` stay at the end. */
struct message {
    struct h1_lines lines;   /* of the head; what head's slices point into */
    struct h1_lines trailer; /* the same of the trailers */
    uint32_t trailers_n;
    struct http_head head;
    struct http_field trailers[TRAILERS_MAX];
};

struct h1_reader {
    enum h1_kind kind;
    enum step step;
    enum http_fault fault;
    uint32_t head_bytes_max;
    uint32_t fields_max;
    bool to_head;
    bool to_connect;
    bool is_trailing; /* llhttp reads trailers */
    bool is_complete; /* llhttp saw the message's end */
    uint64_t left;    /* of a body with a length */
    uint64_t body;    /* bytes of body that llhttp saw in one feed */
    struct h1_chunk chunk;
    struct message *message; /* NULL between messages */
    llhttp_t parser;
};

/* --- what llhttp tells --- */

static struct h1_reader *reader_of(llhttp_t *parser)
{
    return parser->data;
}

/* Spans come whole when their bytes are fed at once, but nothing promises it:
 * a span that goes on begins where the last one ended. */
static void extend(struct cop_slice *slice, const char *at, size_t n)
{
    if (slice->p == NULL) {
        slice->p = at;
    }
    slice->n = (size_t)(at - slice->p) + n;
}

static int on_method(llhttp_t *parser, const char *at, size_t n)
{
    extend(&reader_of(parser)->message->head.method, at, n);
    return HPE_OK;
}

static int on_url(llhttp_t *parser, const char *at, size_t n)
{
    extend(&reader_of(parser)->message->head.target, at, n);
    return HPE_OK;
}

static int on_status(llhttp_t *parser, const char *at, size_t n)
{
    extend(&reader_of(parser)->message->head.reason, at, n);
    return HPE_OK;
}

/* Where the next field goes is empty: a span may begin it. */
static void clear_next(struct message *message)
{
    if (message->head.fields_n < HTTP_FIELDS_MAX) {
        message->head.fields[message->head.fields_n] =
            (struct http_field){.id = FIELD_OTHER};
    }
    if (message->trailers_n < TRAILERS_MAX) {
        message->trailers[message->trailers_n] =
            (struct http_field){.id = FIELD_OTHER};
    }
}

/* The field that is being read; NULL when there is no room, which h1_lines
 * has ruled out. */
static struct http_field *current(struct h1_reader *reader)
{
    struct message *message = reader->message;

    if (reader->is_trailing) {
        return message->trailers_n < TRAILERS_MAX
                   ? &message->trailers[message->trailers_n]
                   : NULL;
    }
    return message->head.fields_n < HTTP_FIELDS_MAX
               ? &message->head.fields[message->head.fields_n]
               : NULL;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t n)
{
    struct http_field *field = current(reader_of(parser));

    if (field == NULL) {
        return HPE_USER;
    }
    extend(&field->name, at, n);
    return HPE_OK;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t n)
{
    struct http_field *field = current(reader_of(parser));

    if (field == NULL) {
        return HPE_USER;
    }
    extend(&field->value, at, n);
    return HPE_OK;
}

static int on_header_value_complete(llhttp_t *parser)
{
    struct h1_reader *reader = reader_of(parser);
    struct http_field *field = current(reader);

    if (field == NULL) {
        return HPE_USER;
    }
    field->value = http_trim(field->value);
    field->id = http_field_id(field->name);
    if (reader->is_trailing) {
        reader->message->trailers_n++;
    } else {
        reader->message->head.fields_n++;
    }
    clear_next(reader->message);
    return HPE_OK;
}

static int on_headers_complete(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    (void)at;
    reader_of(parser)->body += n;
    return HPE_OK;
}

static int on_message_complete(llhttp_t *parser)
{
    reader_of(parser)->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_method = on_method,
    .on_url = on_url,
    .on_status = on_status,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* --- life --- */

enum cop_status h1_reader_new(enum h1_kind kind, uint32_t head_bytes_max,
    uint32_t fields_max, struct h1_reader **out)
{
    struct h1_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        return COP_E_NOMEM;
    }
    reader->kind = kind;
    reader->head_bytes_max = head_bytes_max;
    reader->fields_max =
        fields_max < HTTP_FIELDS_MAX ? fields_max : HTTP_FIELDS_MAX;
    *out = reader;
    return COP_OK;
}

static void message_free(struct message **message)
{
    if (*message == NULL) {
        return;
    }
    h1_lines_fini(&(*message)->lines);
    h1_lines_fini(&(*message)->trailer);
    free(*message);
    *message = NULL;
}

void h1_reader_free(struct h1_reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    message_free(&(*reader)->message);
    free(*reader);
    *reader = NULL;
}

void h1_reader_next(struct h1_reader *reader, bool to_head, bool to_connect)
{
    message_free(&reader->message);
    reader->to_head = to_head;
    reader->to_connect = to_connect;
    if (reader->step != STEP_FAULT) {
        reader->step = STEP_HEAD;
    }
}

static bool begin(struct h1_reader *reader)
{
    struct message *message = malloc(sizeof(*message));
    bool is_request = reader->kind == H1_REQUEST;

    if (message == NULL) {
        return false;
    }
    memset(message, 0, offsetof(struct message, head.fields));
    clear_next(message);
    h1_lines_init(&message->lines,
        is_request ? H1_REQUEST_HEAD : H1_RESPONSE_HEAD, reader->head_bytes_max,
        reader->fields_max);
    h1_lines_init(&message->trailer, H1_TRAILER_SECTION, TRAILER_BYTES_MAX,
        reader->fields_max < TRAILERS_MAX ? reader->fields_max : TRAILERS_MAX);
    llhttp_init(
        &reader->parser, is_request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    reader->parser.data = reader;
    reader->is_trailing = reader->is_complete = false;
    reader->message = message;
    return true;
}

/* --- reading --- */

static enum h1_event fail(struct h1_reader *reader, enum http_fault fault)
{
    reader->step = STEP_FAULT;
    reader->fault = fault;
    return H1_FAULT;
}

/* What llhttp's refusal of lines that passed our checks means: it comes before
 * h1_rules could say the same. */
static const struct {
    llhttp_errno_t error;
    enum http_fault fault;
} meanings[] = {
    {HPE_INVALID_METHOD, HTTP_FAULT_METHOD_UNKNOWN},
    {HPE_INVALID_CONSTANT, HTTP_FAULT_METHOD_UNKNOWN},
    {HPE_INVALID_URL, HTTP_FAULT_TARGET},
    {HPE_INVALID_CONTENT_LENGTH, HTTP_FAULT_LENGTH},
    {HPE_INVALID_TRANSFER_ENCODING, HTTP_FAULT_CODING},
};

static enum http_fault fault_of(const llhttp_t *parser)
{
    llhttp_errno_t error = llhttp_get_errno(parser);

    if (error == HPE_UNEXPECTED_CONTENT_LENGTH) {
        return (parser->flags & F_TRANSFER_ENCODING) != 0
                   ? HTTP_FAULT_LENGTH_AND_CODING
                   : HTTP_FAULT_LENGTH_TWICE;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
        if (meanings[i].error == error) {
            return meanings[i].fault;
        }
    }
    return HTTP_FAULT_DISAGREE;
}

/* Whether llhttp would delimit the body as h1_rules does. Of an answer without
 * a body it does not know that it has none. */
static bool agrees(const struct h1_reader *reader)
{
    const struct http_head *head = &reader->message->head;
    bool is_chunked = (reader->parser.flags & F_CHUNKED) != 0;
    bool has_length = (reader->parser.flags & F_CONTENT_LENGTH) != 0;

    switch (head->framing) {
    case HTTP_CHUNKED:
        return is_chunked && !has_length;
    case HTTP_LENGTH:
        return !is_chunked && has_length &&
               reader->parser.content_length == head->length;
    case HTTP_UNTIL_CLOSE:
        return !is_chunked && !has_length;
    case HTTP_NO_BODY:
        break;
    }
    return reader->kind == H1_RESPONSE ||
           (!is_chunked && reader->parser.content_length == 0);
}

static enum http_fault parse_head(struct h1_reader *reader)
{
    struct http_head *head = &reader->message->head;
    struct cop_slice text = buf_slice(&reader->message->lines.text);
    llhttp_errno_t error = llhttp_execute(&reader->parser, text.p, text.n);
    enum http_fault fault;

    if (error != HPE_PAUSED) {
        return fault_of(&reader->parser);
    }
    if (llhttp_get_error_pos(&reader->parser) != text.p + text.n) {
        return HTTP_FAULT_DISAGREE;
    }
    head->minor = reader->parser.http_minor;
    head->status = reader->parser.status_code;
    fault = reader->kind == H1_REQUEST
                ? h1_rules_request(head)
                : h1_rules_response(head, reader->to_head, reader->to_connect);
    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    return agrees(reader) ? HTTP_FAULT_NONE : HTTP_FAULT_DISAGREE;
}

static enum h1_event begin_body(struct h1_reader *reader)
{
    const struct http_head *head = &reader->message->head;

    switch (head->framing) {
    case HTTP_NO_BODY:
        reader->step = STEP_END;
        break;
    case HTTP_LENGTH:
        reader->step = STEP_LENGTH;
        reader->left = head->length;
        break;
    case HTTP_CHUNKED:
        reader->step = STEP_CHUNKED;
        h1_chunk_init(&reader->chunk);
        llhttp_resume(&reader->parser);
        break;
    case HTTP_UNTIL_CLOSE:
        reader->step = STEP_UNTIL_CLOSE;
        break;
    }
    return H1_HEAD;
}

static enum h1_event read_head(
    struct h1_reader *reader, struct cop_slice bytes, size_t *used)
{
    bool is_whole;
    enum http_fault fault;

    if (bytes.n == 0) {
        return H1_NEED;
    }
    if (reader->message == NULL && !begin(reader)) {
        return fail(reader, HTTP_FAULT_MEMORY);
    }
    fault = h1_lines_take(&reader->message->lines, bytes, used, &is_whole);
    if (fault == HTTP_FAULT_NONE && is_whole) {
        fault = parse_head(reader);
    }
    if (fault != HTTP_FAULT_NONE) {
        return fail(reader, fault);
    }
    return is_whole ? begin_body(reader) : H1_NEED;
}

static enum h1_event read_length(struct h1_reader *reader,
    struct cop_slice bytes, size_t *used, struct cop_slice *body)
{
    if (reader->left == 0) {
        reader->step = STEP_END;
        return H1_END;
    }
    if (bytes.n == 0) {
        return H1_NEED;
    }
    *used = bytes.n < reader->left ? bytes.n : (size_t)reader->left;
    *body = (struct cop_slice){bytes.p, *used};
    reader->left -= *used;
    return H1_BODY;
}

/* Let llhttp read `bytes`, of which exactly `body` are body. */
static bool feed(struct h1_reader *reader, struct cop_slice bytes, size_t body)
{
    llhttp_errno_t error;

    reader->body = 0;
    error = llhttp_execute(&reader->parser, bytes.p, bytes.n);
    return error == HPE_OK && reader->body == body && !reader->is_complete;
}

static enum http_fault parse_trailers(struct h1_reader *reader)
{
    struct message *message = reader->message;
    struct cop_slice text = buf_slice(&message->trailer.text);
    llhttp_errno_t error;

    reader->is_trailing = true;
    error = llhttp_execute(&reader->parser, text.p, text.n);
    /* Lines are sound by now: llhttp only minds what they say. */
    if (error != HPE_PAUSED) {
        return HTTP_FAULT_TRAILER;
    }
    if (!reader->is_complete ||
        llhttp_get_error_pos(&reader->parser) != text.p + text.n) {
        return HTTP_FAULT_DISAGREE;
    }
    for (uint32_t i = 0; i < message->trailers_n; i++) {
        if (!h1_rules_may_trail(message->trailers[i].id)) {
            return HTTP_FAULT_TRAILER;
        }
    }
    return HTTP_FAULT_NONE;
}

static enum h1_event read_trailers(
    struct h1_reader *reader, struct cop_slice bytes, size_t *used)
{
    struct message *message = reader->message;
    bool is_whole;
    size_t taken;
    enum http_fault fault =
        h1_lines_take(&message->trailer, bytes, &taken, &is_whole);

    *used += taken;
    if (fault == HTTP_FAULT_NONE && is_whole) {
        fault = parse_trailers(reader);
    }
    if (fault != HTTP_FAULT_NONE) {
        return fail(reader, fault);
    }
    if (!is_whole) {
        return H1_NEED;
    }
    reader->step = STEP_END;
    return message->trailers_n != 0 ? H1_TRAILERS : H1_END;
}

static enum h1_event read_chunked(struct h1_reader *reader,
    struct cop_slice bytes, size_t *used, struct cop_slice *body)
{
    while (*used < bytes.n && reader->chunk.state != H1_CHUNK_LAST) {
        struct cop_slice run = {bytes.p + *used, bytes.n - *used};
        enum h1_chunk_kind kind;
        enum http_fault fault =
            h1_chunk_take(&reader->chunk, run, &run.n, &kind);

        if (fault != HTTP_FAULT_NONE) {
            return fail(reader, fault);
        }
        *used += run.n;
        if (kind == H1_CHUNK_SKIP) {
            continue;
        }
        if (!feed(reader, run, kind == H1_CHUNK_BODY ? run.n : 0)) {
            return fail(reader, HTTP_FAULT_DISAGREE);
        }
        if (kind == H1_CHUNK_BODY) {
            *body = run;
            return H1_BODY;
        }
    }
    if (reader->chunk.state != H1_CHUNK_LAST) {
        return H1_NEED;
    }
    reader->step = STEP_TRAILERS;
    bytes.p += *used;
    bytes.n -= *used;
    return read_trailers(reader, bytes, used);
}

static enum h1_event read_until_close(
    struct cop_slice bytes, size_t *used, struct cop_slice *body)
{
    *used = bytes.n;
    *body = bytes;
    return bytes.n != 0 ? H1_BODY : H1_NEED;
}

enum h1_event h1_read(struct h1_reader *reader, struct cop_slice bytes,
    size_t *used, struct cop_slice *body)
{
    *used = 0;
    *body = (struct cop_slice){NULL, 0};
    switch (reader->step) {
    case STEP_HEAD:
        return read_head(reader, bytes, used);
    case STEP_LENGTH:
        return read_length(reader, bytes, used, body);
    case STEP_CHUNKED:
        return read_chunked(reader, bytes, used, body);
    case STEP_TRAILERS:
        return read_trailers(reader, bytes, used);
    case STEP_UNTIL_CLOSE:
        return read_until_close(bytes, used, body);
    case STEP_END:
        return H1_END;
    case STEP_FAULT:
        break;
    }
    return H1_FAULT;
}

enum h1_event h1_read_eof(struct h1_reader *reader)
{
    switch (reader->step) {
    case STEP_HEAD:
        if (!h1_reader_is_begun(reader)) {
            return H1_NEED;
        }
        break;
    case STEP_LENGTH:
        if (reader->left == 0) {
            reader->step = STEP_END;
            return H1_END;
        }
        break;
    case STEP_UNTIL_CLOSE:
    case STEP_END:
        reader->step = STEP_END;
        return H1_END;
    case STEP_FAULT:
        return H1_FAULT;
    case STEP_CHUNKED:
    case STEP_TRAILERS:
        break;
    }
    return fail(reader, HTTP_FAULT_CUT);
}

/* --- what was read --- */

struct http_head *h1_reader_head(struct h1_reader *reader)
{
    return reader->message != NULL ? &reader->message->head : NULL;
}

const struct http_field *h1_reader_trailers(
    struct h1_reader *reader, uint32_t *n)
{
    *n = reader->message != NULL ? reader->message->trailers_n : 0;
    return reader->message != NULL ? reader->message->trailers : NULL;
}

const char *h1_reader_fault(const struct h1_reader *reader, uint16_t *status)
{
    *status = http_fault_status(reader->fault);
    return http_fault_text(reader->fault);
}

bool h1_reader_is_begun(const struct h1_reader *reader)
{
    return reader->message != NULL &&
           (reader->message->lines.text.n != 0 || reader->step != STEP_HEAD);
}

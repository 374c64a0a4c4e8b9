#include "gateway/http/h2_fields.h"

#include <inttypes.h>
#include <stdio.h>

#include "gateway/http/syntax.h"

void h2_fields_begin(struct h2_fields *fields)
{
    fields->n = 0;
    fields->is_full = false;
}

/* libnghttp2 only reads what it is given, and copies it. */
static uint8_t *bytes_of(struct cop_slice text)
{
    union {
        const char *from;
        uint8_t *to;
    } p = {.from = text.p};

    return p.to;
}

void h2_fields_add(
    struct h2_fields *fields, struct cop_slice name, struct cop_slice value)
{
    if (fields->n == HTTP_FIELDS_MAX + H2_OWN_FIELDS) {
        fields->is_full = true;
        return;
    }
    fields->list[fields->n++] = (nghttp2_nv){
        .name = bytes_of(name),
        .value = bytes_of(value),
        .namelen = name.n,
        .valuelen = value.n,
        .flags = NGHTTP2_NV_FLAG_NONE,
    };
}

void h2_fields_add_status(struct h2_fields *fields, uint16_t status)
{
    int n = snprintf(fields->status, sizeof(fields->status), "%03u",
        (unsigned)status % 1000);

    h2_fields_add(fields, COP_LIT(":status"),
        (struct cop_slice){fields->status, (size_t)n});
}

/* A field that is the connection's, or written by ourselves. */
static bool is_left_out(enum field_id id, struct cop_slice name)
{
    switch ((unsigned)id) {
    case FIELD_CONNECTION:
    case FIELD_CONTENT_LENGTH:
    case FIELD_HOST:
    case FIELD_KEEP_ALIVE:
    case FIELD_PROXY_CONNECTION:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_UPGRADE:
        return true;
    case FIELD_OTHER:
        return name.n == 14 && http_same(name, COP_LIT("http2-settings"));
    default:
        return false;
    }
}

/* RFC 8441 5: neither means anything here. */
static bool is_handshake(struct cop_slice name)
{
    return name.n >= 17 &&
           (http_same(name, COP_LIT("sec-websocket-key")) ||
               http_same(name, COP_LIT("sec-websocket-accept")));
}

static void add_one(struct h2_fields *fields, enum field_id id,
    struct cop_slice name, struct cop_slice value)
{
    if (is_left_out(id, name)) {
        return;
    }
    if (id == FIELD_TE) {
        /* RFC 9113 8.2.2 */
        if (!http_list_has(value, COP_LIT("trailers"))) {
            return;
        }
        value = COP_LIT("trailers");
    }
    h2_fields_add(fields, name, value);
}

static void add_length(struct h2_fields *fields, const struct http_head *head)
{
    const struct http_field *field =
        http_field_find(head, FIELD_CONTENT_LENGTH);
    int n;

    if (head->framing == HTTP_NO_BODY && field != NULL) {
        h2_fields_add(fields, COP_LIT("content-length"), field->value);
    } else if (head->framing == HTTP_LENGTH) {
        n = snprintf(
            fields->length, sizeof(fields->length), "%" PRIu64, head->length);
        h2_fields_add(fields, COP_LIT("content-length"),
            (struct cop_slice){fields->length, (size_t)n});
    }
}

static void add_extra(struct h2_fields *fields, struct cop_slice extra)
{
    while (extra.n != 0) {
        struct cop_slice value;
        struct cop_slice line = http_cut(extra, '\n', &extra);
        struct cop_slice name;

        if (line.n != 0 && line.p[line.n - 1] == '\r') {
            line.n--;
        }
        name = http_cut(line, ':', &value);
        if (name.n != 0) {
            add_one(fields, http_field_id(name), name, http_trim(value));
        }
    }
}

void h2_fields_add_head(struct h2_fields *fields, const struct http_head *head,
    struct cop_slice extra, bool is_websocket)
{
    add_length(fields, head);
    for (uint32_t i = 0; i < head->fields_n; i++) {
        const struct http_field *field = &head->fields[i];

        if (!field->dropped && !(is_websocket && is_handshake(field->name))) {
            add_one(fields, field->id, field->name, field->value);
        }
    }
    add_extra(fields, extra);
}

void h2_fields_add_trailers(
    struct h2_fields *fields, const struct http_field *trailers, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!trailers[i].dropped && trailers[i].id != FIELD_TE) {
            add_one(
                fields, trailers[i].id, trailers[i].name, trailers[i].value);
        }
    }
}

/* THE message model: the head of a request or response, whatever protocol it
 * came in. Values are slices into memory that its owner names. */
#ifndef GATEWAY_HTTP_HEAD_H
#define GATEWAY_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/slice.h"

/* Fields that the gateway itself looks at; the rest are FIELD_OTHER.
 * See field.tbl for the names. */
enum field_id {
    FIELD_OTHER,
#define HTTP_FIELD(symbol, name) FIELD_##symbol,
#include "gateway/http/field.tbl"
    FIELD_IDS
};

struct http_field {
    struct cop_slice name; /* as it was sent */
    struct cop_slice value; /* without surrounding white space */
    enum field_id id;
    bool dropped;          /* not forwarded (hop-by-hop) */
};

enum { HTTP_FIELDS_MAX = 256 };

/* How a message's body is delimited: decided once, from the whole head
 * (RFC 9112 6.3). */
enum http_framing {
    HTTP_NO_BODY,
    HTTP_LENGTH,
    HTTP_CHUNKED,
    HTTP_UNTIL_CLOSE /* responses only */
};

struct http_head {
    struct cop_slice method;  /* requests */
    struct cop_slice target;  /* requests: as sent */
    struct cop_slice reason;  /* responses */
    uint16_t status;          /* responses; 0 for a request */
    uint8_t minor;            /* HTTP/1.minor */
    bool wants_close;         /* "Connection: close", or 1.0 without keep-alive */
    bool expects_continue;
    bool wants_upgrade;       /* Connection: upgrade and an Upgrade field */
    enum http_framing framing;
    uint64_t length;          /* of HTTP_LENGTH */
    uint32_t fields_n;
    struct http_field fields[HTTP_FIELDS_MAX];
};

/* The first field with this id that is not dropped; NULL if none. */
const struct http_field *http_field_find(
    const struct http_head *head, enum field_id id);
/* The id of a field name, whatever its case. */
enum field_id http_field_id(struct cop_slice name);
/* Whether a comma-separated list holds a token, whatever its case. */
bool http_list_has(struct cop_slice list, struct cop_slice token);

#endif

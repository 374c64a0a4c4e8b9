#include "gateway/filter/hop.h"

#include <inttypes.h>

#include "gateway/http/syntax.h"

/* Fields that Connection can never take away from the next reader: framing,
 * routing, authentication, caching. Naming them there is an attack. */
static const char *const end_to_end[] = {
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "host",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "range",
    "set-cookie",
    "vary",
    "via",
    "www-authenticate",
};

/* Hop-by-hop by nature, beside those that have an id. */
static const char *const hop_by_hop[] = {
    "http2-settings",
    "proxy-authentication-info",
};

/* What would tell servers who asks. */
static const char *const origins_of_request[] = {
    "client-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-forwarded-for",
    "x-real-ip",
};

/* Fields that change how a message is framed, routed, authenticated, cached or
 * read: none may come after the body (RFC 9110 6.5.1). */
static const char *const never_trailers[] = {
    "age",
    "alt-svc",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "www-authenticate",
    "x-forwarded-for",
};

#define IS_AMONG(name, set)                                                    \
    is_among((name), (set), sizeof(set) / sizeof(*(set)))

static bool is_among(struct cop_slice name, const char *const *set, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (http_same(name, cop_slice_of(set[i]))) {
            return true;
        }
    }
    return false;
}

/* Drop the fields that one Connection field names. */
static void drop_named(struct http_head *head, struct cop_slice list)
{
    while (list.n != 0) {
        struct cop_slice name = http_trim(http_cut(list, ',', &list));

        if (name.n == 0 || IS_AMONG(name, end_to_end)) {
            continue;
        }
        for (uint32_t i = 0; i < head->fields_n; i++) {
            struct http_field *field = &head->fields[i];

            /* TE and Upgrade must be named; they have their own rules. */
            if (field->id != FIELD_TE && field->id != FIELD_UPGRADE &&
                http_same(field->name, name)) {
                field->dropped = true;
            }
        }
    }
}

/* "trailers" says something true of us; codings would be asked for on behalf
 * of a client that they do not reach. */
static bool keep_te(struct http_field *field)
{
    if (!http_list_has(field->value, COP_LIT("trailers"))) {
        return false;
    }
    field->value = COP_LIT("trailers");
    return true;
}

static bool is_kept(struct http_field *field, bool is_request, bool upgrade)
{
    switch (field->id) {
    case FIELD_CONNECTION:
    case FIELD_KEEP_ALIVE:
    case FIELD_PROXY_AUTHENTICATE:
    case FIELD_PROXY_AUTHORIZATION:
    case FIELD_PROXY_CONNECTION:
    case FIELD_TRANSFER_ENCODING:
        return false;
    case FIELD_TE:
        return is_request && keep_te(field);
    case FIELD_UPGRADE:
        return upgrade && http_same(field->value, COP_LIT("websocket"));
    case FIELD_ALT_SVC:
        return is_request;
    case FIELD_OTHER:
        return !IS_AMONG(field->name, hop_by_hop) &&
               !(is_request && IS_AMONG(field->name, origins_of_request));
    case FIELD_ACCEPT:
    case FIELD_ACCEPT_LANGUAGE:
    case FIELD_CONTENT_LENGTH:
    case FIELD_CONTENT_TYPE:
    case FIELD_EXPECT:
    case FIELD_HOST:
    case FIELD_MAX_FORWARDS:
    case FIELD_ORIGIN:
    case FIELD_REFERER:
    case FIELD_SEC_FETCH_DEST:
    case FIELD_TRAILER:
    case FIELD_VIA:
    case FIELD_X_REQUESTED_WITH:
    case FIELD_IDS:
        break;
    }
    return true;
}

/* What Connection names comes first, while Connection can still be read. The
 * reader bounds how much it names, so this cannot be made slow. */
void hop_strip(struct http_head *head, bool keep_upgrade)
{
    bool is_request = head->status == 0;

    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (head->fields[i].id == FIELD_CONNECTION) {
            drop_named(head, head->fields[i].value);
        }
    }
    for (uint32_t i = 0; i < head->fields_n; i++) {
        struct http_field *field = &head->fields[i];

        field->dropped =
            field->dropped || !is_kept(field, is_request, keep_upgrade);
    }
}

bool hop_may_forward(struct http_head *head, struct buf *extra)
{
    uint64_t value;

    if (!cop_slice_eq(head->method, COP_LIT("TRACE")) &&
        !cop_slice_eq(head->method, COP_LIT("OPTIONS"))) {
        return true;
    }
    for (uint32_t i = 0; i < head->fields_n; i++) {
        struct http_field *field = &head->fields[i];

        if (field->id != FIELD_MAX_FORWARDS || field->dropped) {
            continue;
        }
        if (!http_number(field->value, INT32_MAX, &value) || value == 0) {
            return false;
        }
        field->dropped = true;
        buf_print(extra, "Max-Forwards: %" PRIu64 "\r\n", value - 1);
    }
    return true;
}

/* received-by of one member: "[protocol/]version received-by [comment]". */
static struct cop_slice received_by(struct cop_slice member)
{
    struct cop_slice rest;
    struct cop_slice by;

    (void)http_cut(http_trim(member), ' ', &rest);
    rest = http_trim(rest);
    by = http_cut(rest, ' ', &rest);
    return http_trim(by);
}

bool hop_is_loop(const struct http_head *head, struct cop_slice pseudonym)
{
    for (uint32_t i = 0; i < head->fields_n; i++) {
        struct cop_slice list = head->fields[i].value;

        if (head->fields[i].id != FIELD_VIA) {
            continue;
        }
        while (list.n != 0) {
            struct cop_slice member = http_cut(list, ',', &list);

            if (http_same(received_by(member), pseudonym)) {
                return true;
            }
        }
    }
    return false;
}

void hop_strip_trailers(struct http_field *trailers, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (IS_AMONG(trailers[i].name, never_trailers)) {
            trailers[i].dropped = true;
        }
    }
}

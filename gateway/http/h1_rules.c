#include "gateway/http/h1_rules.h"

#include "gateway/http/syntax.h"

/* Bytes of all Connection fields together: every name in them is looked for
 * among all fields. */
enum { CONNECTION_BYTES_MAX = 2048 };

static uint32_t count(const struct http_head *head, enum field_id id)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < head->fields_n; i++) {
        n += head->fields[i].id == id;
    }
    return n;
}

/* Whether any field with this id lists a token. */
static bool lists(
    const struct http_head *head, enum field_id id, struct cop_slice token)
{
    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (head->fields[i].id == id &&
            http_list_has(head->fields[i].value, token)) {
            return true;
        }
    }
    return false;
}

static bool is_method(const struct http_head *head, struct cop_slice method)
{
    return cop_slice_eq(head->method, method);
}

/* Content-Length and Transfer-Encoding, whatever the message: at most one of
 * the two, once, and plain (RFC 9112 6.1, 6.2). RFC 9112 6.3 would let the
 * coding win over the length and equal lengths be merged. On success framing
 * is LENGTH, CHUNKED, or NO_BODY when neither is there. */
static enum http_fault read_framing(struct http_head *head)
{
    const struct http_field *length =
        http_field_find(head, FIELD_CONTENT_LENGTH);
    const struct http_field *coding =
        http_field_find(head, FIELD_TRANSFER_ENCODING);

    head->framing = HTTP_NO_BODY;
    if (length != NULL && coding != NULL) {
        return HTTP_FAULT_LENGTH_AND_CODING;
    }
    if (length != NULL) {
        if (count(head, FIELD_CONTENT_LENGTH) != 1) {
            return HTTP_FAULT_LENGTH_TWICE;
        }
        head->framing = HTTP_LENGTH;
        return http_number(length->value, INT64_MAX, &head->length)
                   ? HTTP_FAULT_NONE
                   : HTTP_FAULT_LENGTH;
    }
    if (coding == NULL) {
        return HTTP_FAULT_NONE;
    }
    /* RFC 9112 6.1: in HTTP/1.0 the framing is to be taken as faulty. */
    if (head->minor == 0) {
        return HTTP_FAULT_CODING_OLD;
    }
    head->framing = HTTP_CHUNKED;
    /* We never send TE, so no other coding was asked for. */
    return count(head, FIELD_TRANSFER_ENCODING) == 1 &&
                   http_same(coding->value, COP_LIT("chunked"))
               ? HTTP_FAULT_NONE
               : HTTP_FAULT_CODING;
}

static enum http_fault check_connection(const struct http_head *head)
{
    size_t n = 0;

    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (head->fields[i].id == FIELD_CONNECTION) {
            n += head->fields[i].value.n;
        }
    }
    return n <= CONNECTION_BYTES_MAX ? HTTP_FAULT_NONE
                                     : HTTP_FAULT_CONNECTION_LONG;
}

static void read_connection(struct http_head *head)
{
    bool is_close = lists(head, FIELD_CONNECTION, COP_LIT("close"));
    bool is_kept = lists(head, FIELD_CONNECTION, COP_LIT("keep-alive"));

    head->wants_close = is_close || (head->minor == 0 && !is_kept);
    /* RFC 9110 7.8, 10.1.1: neither exists in HTTP/1.0. */
    head->wants_upgrade = head->minor != 0 &&
                          lists(head, FIELD_CONNECTION, COP_LIT("upgrade")) &&
                          http_field_find(head, FIELD_UPGRADE) != NULL;
    head->expects_continue =
        head->minor != 0 && lists(head, FIELD_EXPECT, COP_LIT("100-continue"));
}

/* The authority of an absolute-form target, and the port it stands for when it
 * names none. */
static enum http_fault read_absolute(
    struct cop_slice target, struct http_authority *named, uint16_t *port)
{
    struct cop_slice rest;
    struct cop_slice scheme = http_cut(target, ':', &rest);
    bool is_http = http_same(scheme, COP_LIT("http"));
    size_t n = 2;

    if (!is_http && !http_same(scheme, COP_LIT("https"))) {
        return HTTP_FAULT_TARGET_SCHEME;
    }
    if (rest.n < 2 || rest.p[0] != '/' || rest.p[1] != '/') {
        return HTTP_FAULT_TARGET_FORM;
    }
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') {
        n++;
    }
    rest = (struct cop_slice){rest.p + 2, n - 2};
    /* RFC 9110 4.2.4: refuse, because it is used to mislead. */
    if (rest.n != 0 && memchr(rest.p, '@', rest.n) != NULL) {
        return HTTP_FAULT_TARGET_USERINFO;
    }
    *port = is_http ? 80 : 443;
    return http_authority_parse(rest, named) ? HTTP_FAULT_NONE
                                             : HTTP_FAULT_TARGET_HOST;
}

/* A backslash before the query: browsers turn it into a slash before they
 * send, others do not, so the path has two readings. */
static bool has_backslash(struct cop_slice target)
{
    struct cop_slice query;
    struct cop_slice path = http_cut(target, '?', &query);

    return memchr(path.p, '\\', path.n) != NULL;
}

/* What a target says of whom the request is for. */
struct named {
    bool is_named; /* the target names a host */
    bool has_port; /* comparing the port makes sense */
    uint16_t port; /* the scheme's */
    struct http_authority authority;
};

/* Origin, absolute, authority or asterisk form (RFC 9112 3.2). */
static enum http_fault read_target(
    const struct http_head *head, struct named *out)
{
    struct cop_slice target = head->target;

    *out = (struct named){.port = 80};
    if (has_backslash(target)) {
        return HTTP_FAULT_TARGET_BYTES;
    }
    if (is_method(head, COP_LIT("CONNECT"))) {
        out->is_named = true;
        return http_authority_parse(target, &out->authority) &&
                       out->authority.port != 0
                   ? HTTP_FAULT_NONE
                   : HTTP_FAULT_TARGET_FORM;
    }
    if (target.p[0] == '/') {
        return HTTP_FAULT_NONE;
    }
    if (cop_slice_eq(target, COP_LIT("*"))) {
        return is_method(head, COP_LIT("OPTIONS")) ? HTTP_FAULT_NONE
                                                   : HTTP_FAULT_TARGET_FORM;
    }
    out->is_named = out->has_port = true;
    return read_absolute(target, &out->authority, &out->port);
}

static uint16_t port_or(uint16_t port, uint16_t otherwise)
{
    return port != 0 ? port : otherwise;
}

/* Exactly one Host, valid, and of the same place as the target. RFC 9112
 * 3.2.2 would let the target win; but a client that says two things wants one
 * of two readers misled. In HTTP/1.0 it may be missing where the target names
 * the host. Ports are not compared at CONNECT: clients differ in whether they
 * repeat it there. */
static enum http_fault check_host(
    const struct http_head *head, const struct named *named)
{
    const struct http_field *field = http_field_find(head, FIELD_HOST);
    struct http_authority host;

    if (field == NULL) {
        return head->minor == 0 && named->is_named ? HTTP_FAULT_NONE
                                                   : HTTP_FAULT_HOST_MISSING;
    }
    if (count(head, FIELD_HOST) != 1) {
        return HTTP_FAULT_HOST_TWICE;
    }
    if (!http_authority_parse(field->value, &host)) {
        return HTTP_FAULT_HOST;
    }
    if (!named->is_named) {
        return HTTP_FAULT_NONE;
    }
    if (!cop_host_eq(&host.host, &named->authority.host)) {
        return HTTP_FAULT_HOST_DIFFERS;
    }
    return !named->has_port || port_or(host.port, named->port) ==
                                   port_or(named->authority.port, named->port)
               ? HTTP_FAULT_NONE
               : HTTP_FAULT_HOST_DIFFERS;
}

/* CONNECT has no content (RFC 9110 9.3.6) and TRACE must not (9.3.8). */
static bool may_have_body(const struct http_head *head)
{
    return !is_method(head, COP_LIT("CONNECT")) &&
           !is_method(head, COP_LIT("TRACE"));
}

static bool has_body(const struct http_head *head)
{
    return head->framing == HTTP_CHUNKED ||
           (head->framing == HTTP_LENGTH && head->length != 0);
}

enum http_fault h1_rules_request(struct http_head *head)
{
    struct named named;
    enum http_fault fault = read_target(head, &named);

    if (fault == HTTP_FAULT_NONE) {
        fault = check_host(head, &named);
    }
    if (fault == HTTP_FAULT_NONE) {
        fault = read_framing(head);
    }
    if (fault == HTTP_FAULT_NONE) {
        fault = check_connection(head);
    }
    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    read_connection(head);
    if (may_have_body(head)) {
        return HTTP_FAULT_NONE;
    }
    if (has_body(head)) {
        return HTTP_FAULT_BODY;
    }
    head->framing = HTTP_NO_BODY;
    return HTTP_FAULT_NONE;
}

enum http_fault h1_rules_response(
    struct http_head *head, bool to_head, bool to_connect)
{
    bool is_interim = head->status < 200;
    enum http_fault fault = read_framing(head);

    if (fault == HTTP_FAULT_NONE) {
        fault = check_connection(head);
    }
    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    read_connection(head);
    /* RFC 9110 15.2.2: it says in Upgrade to what. */
    if (head->status == 101 && !head->wants_upgrade) {
        return HTTP_FAULT_SWITCH;
    }
    /* RFC 9110 8.6, RFC 9112 6.1: neither field may be in these; a length of
     * zero has no other reading and is common. */
    if ((is_interim || head->status == 204) && has_body(head)) {
        return HTTP_FAULT_BODY;
    }
    if (is_interim || head->status == 204 || head->status == 304 || to_head ||
        (to_connect && head->status < 300)) {
        head->framing = HTTP_NO_BODY;
    } else if (head->framing == HTTP_NO_BODY) {
        head->framing = HTTP_UNTIL_CLOSE;
        head->wants_close = true;
    }
    return HTTP_FAULT_NONE;
}

bool h1_rules_may_trail(enum field_id id)
{
    return id != FIELD_CONTENT_LENGTH && id != FIELD_TRANSFER_ENCODING &&
           id != FIELD_HOST && id != FIELD_CONNECTION && id != FIELD_TRAILER &&
           id != FIELD_TE && id != FIELD_UPGRADE;
}

#include "gateway/http/h2_message.h"

#include <stdlib.h>

#include "gateway/http/h1_rules.h"
#include "gateway/http/syntax.h"

enum {
    FIELD_COSTS = 32, /* RFC 9113 6.5.2 */
    BOMB_TIMES = 4    /* so many times the limit is no mistake */
};

static const struct cop_slice pseudo_names[H2_PSEUDOS] = {
    [H2_PSEUDO_AUTHORITY] = {":authority", 10},
    [H2_PSEUDO_METHOD] = {":method", 7},
    [H2_PSEUDO_PATH] = {":path", 5},
    [H2_PSEUDO_PROTOCOL] = {":protocol", 9},
    [H2_PSEUDO_SCHEME] = {":scheme", 7},
    [H2_PSEUDO_STATUS] = {":status", 7},
};

struct h2_message *h2_message_new(const struct h2_options *options)
{
    struct h2_message *message = malloc(sizeof(*message));

    if (message != NULL) {
        message->options = options;
        /* A field is counted with more than what alignment costs; target and
         * cookies are put together once more. */
        arena_init(&message->arena, (size_t)options->head_bytes * 3 + 4096);
    }
    return message;
}

void h2_message_free(struct h2_message **message)
{
    if (*message != NULL) {
        arena_fini(&(*message)->arena);
        free(*message);
        *message = NULL;
    }
}

/* The fields of a head are many, so what is not used of them stays as it is. */
void h2_message_begin(struct h2_message *message, enum h2_section section)
{
    struct http_head *head = &message->head;

    arena_reset(&message->arena);
    message->next = NULL;
    message->section = section;
    message->fault = HTTP_FAULT_NONE;
    message->is_bomb = message->has_regular = message->is_tunnel = false;
    memset(message->pseudo, 0, sizeof(message->pseudo));
    message->host = (struct cop_slice){NULL, 0};
    message->crumbs = message->last_crumb = NULL;
    message->crumbs_n = 0;
    message->bytes = 0;
    head->method = head->target = head->reason = COP_LIT("");
    head->status = 0;
    head->minor = 1;
    head->wants_close = head->expects_continue = head->wants_upgrade = false;
    head->framing = HTTP_NO_BODY;
    head->length = 0;
    /* The first place is kept for Host. */
    head->fields_n = section == H2_REQUEST ? 1 : 0;
}

static void fail(struct h2_message *message, enum http_fault fault)
{
    if (message->fault == HTTP_FAULT_NONE) {
        message->fault = fault;
    }
}

static struct cop_slice keep(struct h2_message *message, struct cop_slice text)
{
    struct cop_slice kept = arena_copy(&message->arena, text);

    if (kept.p == NULL) {
        fail(message, HTTP_FAULT_MEMORY);
    }
    return kept;
}

/* Count it; false when it is not to be kept. */
static bool measure(
    struct h2_message *message, struct cop_slice name, struct cop_slice value)
{
    const struct h2_options *options = message->options;

    message->bytes += name.n + value.n + FIELD_COSTS;
    if (message->bytes > (size_t)options->head_bytes * BOMB_TIMES) {
        message->is_bomb = true;
    }
    if (message->bytes > options->head_bytes) {
        fail(message, HTTP_FAULT_HEAD_LARGE);
    }
    return message->fault == HTTP_FAULT_NONE;
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9113 8.2.1, and what no line of HTTP/1 may carry. */
static enum http_fault check_value(struct cop_slice value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (http_is_control(value.p[i])) {
            return HTTP_FAULT_CONTROL;
        }
    }
    return value.n != 0 &&
                   (is_white(value.p[0]) || is_white(value.p[value.n - 1]))
               ? HTTP_FAULT_VALUE_SPACE
               : HTTP_FAULT_NONE;
}

static enum http_fault check_name(struct cop_slice name)
{
    if (!http_is_token(name)) {
        return name.n == 0 ? HTTP_FAULT_NAME_EMPTY : HTTP_FAULT_NAME;
    }
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] >= 'A' && name.p[i] <= 'Z') {
            return HTTP_FAULT_NAME_UPPER;
        }
    }
    return HTTP_FAULT_NONE;
}

/* Those that RFC 9113 8.3 has for a section, each once, before all others. */
static bool is_pseudo_of(enum h2_pseudo pseudo, enum h2_section section)
{
    return section != H2_TRAILER &&
           (pseudo == H2_PSEUDO_STATUS) == (section == H2_RESPONSE);
}

static void add_pseudo(
    struct h2_message *message, struct cop_slice name, struct cop_slice value)
{
    int pseudo = 0;

    while (pseudo < H2_PSEUDOS && !cop_slice_eq(name, pseudo_names[pseudo])) {
        pseudo++;
    }
    if (pseudo == H2_PSEUDOS || message->has_regular ||
        message->pseudo[pseudo].p != NULL ||
        !is_pseudo_of((enum h2_pseudo)pseudo, message->section)) {
        fail(message, HTTP_FAULT_PSEUDO);
        return;
    }
    message->pseudo[pseudo] = keep(message, value);
}

/* RFC 9113 8.2.3: crumbs of Cookie are one field elsewhere. */
static void add_crumb(struct h2_message *message, struct cop_slice value)
{
    struct h2_crumb *crumb = arena_alloc(&message->arena, sizeof(*crumb));

    if (crumb == NULL) {
        fail(message, HTTP_FAULT_MEMORY);
        return;
    }
    crumb->text = keep(message, value);
    if (message->last_crumb != NULL) {
        message->last_crumb->next = crumb;
    } else {
        message->crumbs = crumb;
    }
    message->last_crumb = crumb;
    message->crumbs_n++;
}

/* Names that none but the connection may have (RFC 9113 8.2.2). */
static enum http_fault check_field(
    const struct h2_message *message, enum field_id id, struct cop_slice value)
{
    switch ((unsigned)id) {
    case FIELD_CONNECTION:
    case FIELD_KEEP_ALIVE:
    case FIELD_PROXY_CONNECTION:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_UPGRADE:
        return HTTP_FAULT_HOP_FIELD;
    case FIELD_TE:
        if (message->section == H2_REQUEST &&
            !http_same(value, COP_LIT("trailers"))) {
            return HTTP_FAULT_HOP_FIELD;
        }
        break;
    default:
        break;
    }
    return message->section != H2_TRAILER || h1_rules_may_trail(id)
               ? HTTP_FAULT_NONE
               : HTTP_FAULT_TRAILER;
}

static void add_field(struct h2_message *message, enum field_id id,
    struct cop_slice name, struct cop_slice value)
{
    struct http_head *head = &message->head;
    uint32_t most = message->options->fields;

    if (head->fields_n >= most || head->fields_n >= HTTP_FIELDS_MAX) {
        fail(message, HTTP_FAULT_FIELDS_MANY);
        return;
    }
    head->fields[head->fields_n++] = (struct http_field){
        .name = keep(message, name),
        .value = keep(message, value),
        .id = id,
    };
}

void h2_message_add(
    struct h2_message *message, struct cop_slice name, struct cop_slice value)
{
    enum http_fault fault = check_value(value);
    enum field_id id;

    if (!measure(message, name, value)) {
        return;
    }
    if (fault == HTTP_FAULT_NONE && name.n != 0 && name.p[0] == ':') {
        add_pseudo(message, name, value);
        return;
    }
    message->has_regular = true;
    id = http_field_id(name);
    if (fault == HTTP_FAULT_NONE) {
        fault = check_name(name);
    }
    if (fault == HTTP_FAULT_NONE) {
        fault = check_field(message, id, value);
    }
    if (fault != HTTP_FAULT_NONE) {
        fail(message, fault);
    } else if (id == FIELD_HOST && message->section == H2_REQUEST) {
        if (message->host.p != NULL) {
            fail(message, HTTP_FAULT_HOST_TWICE);
        }
        message->host = keep(message, value);
    } else if (cop_slice_eq(name, COP_LIT("cookie"))) {
        add_crumb(message, value);
    } else {
        add_field(message, id, name, value);
    }
}

/* "a=b; c=d", in one piece. */
static void join_crumbs(struct h2_message *message)
{
    struct http_head *head = &message->head;
    size_t n = 0;
    char *text;
    char *at;

    if (message->crumbs_n < 2) {
        if (message->crumbs_n == 1) {
            add_field(
                message, FIELD_OTHER, COP_LIT("cookie"), message->crumbs->text);
        }
        return;
    }
    for (struct h2_crumb *it = message->crumbs; it != NULL; it = it->next) {
        n += it->text.n + 2;
    }
    at = text = arena_alloc(&message->arena, n);
    if (text == NULL || head->fields_n >= message->options->fields ||
        head->fields_n >= HTTP_FIELDS_MAX) {
        fail(
            message, text == NULL ? HTTP_FAULT_MEMORY : HTTP_FAULT_FIELDS_MANY);
        return;
    }
    for (struct h2_crumb *it = message->crumbs; it != NULL; it = it->next) {
        at = mempcpy(at, it->text.p, it->text.n);
        if (it->next != NULL) {
            at = mempcpy(at, "; ", 2);
        }
    }
    head->fields[head->fields_n++] = (struct http_field){
        .name = COP_LIT("cookie"),
        .value = {text, (size_t)(at - text)},
    };
}

static bool has(const struct h2_message *message, enum h2_pseudo pseudo)
{
    return message->pseudo[pseudo].p != NULL;
}

/* Which pseudo-fields a request must have and may not (RFC 9113 8.3.1, 8.5,
 * RFC 8441 4). */
static enum http_fault check_presence(struct h2_message *message)
{
    bool is_connect =
        cop_slice_eq(message->pseudo[H2_PSEUDO_METHOD], COP_LIT("CONNECT"));
    bool is_extended = has(message, H2_PSEUDO_PROTOCOL);
    bool has_place =
        has(message, H2_PSEUDO_SCHEME) && has(message, H2_PSEUDO_PATH);

    if (!has(message, H2_PSEUDO_METHOD)) {
        return HTTP_FAULT_PSEUDO_MISSING;
    }
    message->is_tunnel = is_connect;
    if (is_connect && !is_extended) {
        return has(message, H2_PSEUDO_SCHEME) || has(message, H2_PSEUDO_PATH)
                   ? HTTP_FAULT_PSEUDO
               : has(message, H2_PSEUDO_AUTHORITY) ? HTTP_FAULT_NONE
                                                   : HTTP_FAULT_PSEUDO_MISSING;
    }
    if (is_extended && (!is_connect || !message->options->has_websocket)) {
        return HTTP_FAULT_PSEUDO;
    }
    if (!has_place || (is_extended && !has(message, H2_PSEUDO_AUTHORITY))) {
        return HTTP_FAULT_PSEUDO_MISSING;
    }
    return is_extended && !cop_slice_eq(message->pseudo[H2_PSEUDO_PROTOCOL],
                              COP_LIT("websocket"))
               ? HTTP_FAULT_PROTOCOL
               : HTTP_FAULT_NONE;
}

/* At a proxy both are asked for; elsewhere the connection says which. */
static enum http_fault check_scheme(const struct h2_message *message)
{
    struct cop_slice scheme = message->pseudo[H2_PSEUDO_SCHEME];
    bool is_https = cop_slice_eq(scheme, COP_LIT("https"));

    if (!has(message, H2_PSEUDO_SCHEME)) {
        return HTTP_FAULT_NONE;
    }
    if (!is_https && !cop_slice_eq(scheme, COP_LIT("http"))) {
        return HTTP_FAULT_TARGET_SCHEME;
    }
    return message->options->targets == H2_ABSOLUTE ||
                   is_https == message->options->is_tls
               ? HTTP_FAULT_NONE
               : HTTP_FAULT_SCHEME;
}

/* Origin-form, or the asterisk of OPTIONS: never absolute (RFC 9113 8.3.1). */
static enum http_fault check_path(const struct h2_message *message)
{
    struct cop_slice path = message->pseudo[H2_PSEUDO_PATH];
    bool is_options =
        cop_slice_eq(message->pseudo[H2_PSEUDO_METHOD], COP_LIT("OPTIONS"));

    if (!has(message, H2_PSEUDO_PATH)) {
        return HTTP_FAULT_NONE;
    }
    if (!http_is_target(path)) {
        return path.n == 0 ? HTTP_FAULT_PATH : HTTP_FAULT_TARGET_BYTES;
    }
    return path.p[0] == '/' || (is_options && cop_slice_eq(path, COP_LIT("*")))
               ? HTTP_FAULT_NONE
               : HTTP_FAULT_PATH;
}

static uint16_t port_of(
    const struct http_authority *authority, struct cop_slice scheme)
{
    if (authority->port != 0) {
        return authority->port;
    }
    return cop_slice_eq(scheme, COP_LIT("http")) ? 80 : 443;
}

/* Two names for one place agree, or a filter sees another than a server. */
static enum http_fault check_agreement(const struct h2_message *message)
{
    struct cop_slice scheme = message->pseudo[H2_PSEUDO_SCHEME];
    struct cop_slice named = message->pseudo[H2_PSEUDO_AUTHORITY];
    struct http_authority a;
    struct http_authority b;

    if (message->host.p == NULL || !has(message, H2_PSEUDO_AUTHORITY) ||
        cop_slice_eq(named, message->host)) {
        return HTTP_FAULT_NONE;
    }
    if (!http_authority_parse(named, &a)) {
        return HTTP_FAULT_TARGET_HOST;
    }
    if (!http_authority_parse(message->host, &b)) {
        return HTTP_FAULT_HOST;
    }
    return cop_host_eq(&a.host, &b.host) &&
                   port_of(&a, scheme) == port_of(&b, scheme)
               ? HTTP_FAULT_NONE
               : HTTP_FAULT_HOST_DIFFERS;
}

static enum http_fault check_request(struct h2_message *message)
{
    enum http_fault fault = check_presence(message);

    if (fault == HTTP_FAULT_NONE &&
        !http_is_token(message->pseudo[H2_PSEUDO_METHOD])) {
        fault = HTTP_FAULT_METHOD;
    }
    if (fault == HTTP_FAULT_NONE) {
        fault = check_scheme(message);
    }
    if (fault == HTTP_FAULT_NONE) {
        fault = check_path(message);
    }
    return fault == HTTP_FAULT_NONE ? check_agreement(message) : fault;
}

/* Method, target and Host as HTTP/1 has them. */
static void map_request(struct h2_message *message)
{
    struct http_head *head = &message->head;
    const struct cop_slice *pseudo = message->pseudo;
    struct cop_slice authority = has(message, H2_PSEUDO_AUTHORITY)
                                     ? pseudo[H2_PSEUDO_AUTHORITY]
                                     : message->host;

    head->method = pseudo[H2_PSEUDO_METHOD];
    head->target = pseudo[H2_PSEUDO_PATH];
    if (!has(message, H2_PSEUDO_PATH)) {
        head->target = authority;
    } else if (message->options->targets == H2_ABSOLUTE &&
               head->target.p[0] == '/') {
        head->target = arena_print(&message->arena, "%.*s://%.*s%.*s",
            (int)pseudo[H2_PSEUDO_SCHEME].n, pseudo[H2_PSEUDO_SCHEME].p,
            (int)authority.n, authority.p != NULL ? authority.p : "",
            (int)head->target.n, head->target.p);
    }
    if (head->target.p == NULL) {
        fail(message, has(message, H2_PSEUDO_PATH) ? HTTP_FAULT_MEMORY
                                                   : HTTP_FAULT_HOST_MISSING);
    }
    head->fields[0] = (struct http_field){
        .name = COP_LIT("host"), .value = authority, .id = FIELD_HOST};
    /* A request without any authority has no Host to be checked. */
    head->fields[0].dropped = authority.p == NULL;
    if (has(message, H2_PSEUDO_PROTOCOL)) {
        head->method = COP_LIT("GET");
    }
}

/* An Upgrade field says what HTTP/1 would. */
static void add_upgrade(struct h2_message *message)
{
    add_field(message, FIELD_UPGRADE, COP_LIT("upgrade"), COP_LIT("websocket"));
}

static enum http_fault end_request(
    struct h2_message *message, const struct h2_context *context)
{
    struct http_head *head = &message->head;
    enum http_fault fault = check_request(message);
    bool is_websocket = has(message, H2_PSEUDO_PROTOCOL);

    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    map_request(message);
    if (is_websocket) {
        add_upgrade(message);
    }
    if (message->fault != HTTP_FAULT_NONE) {
        return message->fault;
    }
    fault = h1_rules_request(head);
    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    head->wants_upgrade = is_websocket;
    if (message->is_tunnel) {
        /* A tunnel that is over at once is none. */
        return context->is_last ? HTTP_FAULT_CUT : HTTP_FAULT_NONE;
    }
    if (context->is_last) {
        /* RFC 9113 8.1.1 */
        return head->framing == HTTP_LENGTH && head->length != 0
                   ? HTTP_FAULT_CUT
                   : HTTP_FAULT_NONE;
    }
    if (cop_slice_eq(head->method, COP_LIT("TRACE"))) {
        return HTTP_FAULT_BODY;
    }
    /* A length of zero, and frames still to come: the server is not told of an
     * end before they say that it is one. */
    if (head->framing == HTTP_NO_BODY || head->length == 0) {
        head->framing = HTTP_CHUNKED;
    }
    return HTTP_FAULT_NONE;
}

static enum http_fault read_status(struct h2_message *message)
{
    struct cop_slice text = message->pseudo[H2_PSEUDO_STATUS];
    uint64_t status;

    if (!has(message, H2_PSEUDO_STATUS)) {
        return HTTP_FAULT_PSEUDO_MISSING;
    }
    /* 101 is HTTP/1's (RFC 9113 8.6). */
    if (text.n != 3 || !http_number(text, 599, &status) || status < 100 ||
        status == 101) {
        return HTTP_FAULT_STATUS_RANGE;
    }
    message->head.status = (uint16_t)status;
    return HTTP_FAULT_NONE;
}

static void frame_response(
    struct http_head *head, const struct h2_context *context)
{
    head->wants_close = false;
    if (head->framing == HTTP_UNTIL_CLOSE) {
        head->framing = context->is_last ? HTTP_LENGTH : HTTP_CHUNKED;
        head->length = 0;
    }
}

static enum http_fault end_response(
    struct h2_message *message, const struct h2_context *context)
{
    struct http_head *head = &message->head;
    enum http_fault fault = read_status(message);

    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    if (context->is_last && head->status < 200) {
        return HTTP_FAULT_CUT;
    }
    message->is_tunnel = context->to_connect && head->status / 100 == 2;
    if (message->is_tunnel && context->to_websocket) {
        head->status = 101;
        add_upgrade(message);
    }
    fault =
        message->fault != HTTP_FAULT_NONE
            ? message->fault
            : h1_rules_response(head, context->to_head, context->to_connect);
    /* RFC 8441 5: what switches protocols has no field that says so. */
    if (fault == HTTP_FAULT_SWITCH && message->is_tunnel) {
        head->wants_upgrade = true;
        fault = HTTP_FAULT_NONE;
        head->framing = HTTP_NO_BODY;
    }
    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    frame_response(head, context);
    return context->is_last && head->framing == HTTP_LENGTH && head->length != 0
               ? HTTP_FAULT_CUT
               : HTTP_FAULT_NONE;
}

enum http_fault h2_message_end(
    struct h2_message *message, const struct h2_context *context)
{
    if (message->fault == HTTP_FAULT_NONE && message->crumbs_n != 0) {
        join_crumbs(message);
    }
    if (message->fault == HTTP_FAULT_NONE) {
        if (message->section == H2_REQUEST) {
            message->fault = end_request(message, context);
        } else if (message->section == H2_RESPONSE) {
            message->fault = end_response(message, context);
        }
    }
    return message->fault;
}

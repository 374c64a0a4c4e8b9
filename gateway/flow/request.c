#include "gateway/flow/request.h"

#include <string.h>
#include <strings.h>

#include "gateway/filter/hop.h"

enum { PORT_DIGITS_MAX = 8 };

static void request_refuse(struct request *out, uint16_t status,
    enum cop_reason reason, const char *detail)
{
    out->kind = REQUEST_BAD;
    out->status = status;
    out->reason = reason;
    out->detail = detail;
}

bool request_is_method(const struct http_head *head, const char *method)
{
    return cop_slice_eq(head->method, cop_slice_of(method));
}

/* Only what a browser sends: visible ASCII, everything else escaped, no
 * fragment (RFC 9112 3.2 has no place for one). */
static bool text_is_plain(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\') {
            return false;
        }
    }
    return true;
}

static bool slice_has(struct cop_slice text, char c)
{
    return text.n > 0 && memchr(text.p, c, text.n) != NULL;
}

/* Decimal digits and nothing else. -1 when not. */
static int64_t number_read(struct cop_slice text, size_t digits_max)
{
    int64_t value = 0;

    if (text.n == 0 || text.n > digits_max) {
        return -1;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return -1;
        }
        value = value * 10 + (text.p[i] - '0');
    }
    return value;
}

/* Where the port's colon is; text.n when there is none. */
static size_t authority_colon(struct cop_slice text)
{
    const char *from = text.p;
    const char *colon;

    if (text.n > 0 && text.p[0] == '[') {
        from = memchr(text.p, ']', text.n);
        if (from == NULL) {
            return text.n;
        }
    }
    colon = memchr(from, ':', text.n - (size_t)(from - text.p));
    return colon != NULL ? (size_t)(colon - text.p) : text.n;
}

enum cop_status request_read_authority(struct cop_slice text,
    uint16_t default_port, struct cop_host *host, uint16_t *port)
{
    size_t colon;
    int64_t number = default_port;

    if (text.n == 0 || !text_is_plain(text) || slice_has(text, '@') ||
        slice_has(text, '/') || slice_has(text, '?') || slice_has(text, '%')) {
        return COP_E_SYNTAX;
    }
    colon = authority_colon(text);
    if (colon + 1 < text.n) {
        number = number_read(
            (struct cop_slice){text.p + colon + 1, text.n - colon - 1},
            PORT_DIGITS_MAX);
    }
    if (number <= 0 || number > UINT16_MAX) {
        return COP_E_SYNTAX;
    }
    if (cop_host_parse((struct cop_slice){text.p, colon}, host) != COP_OK) {
        return COP_E_SYNTAX;
    }
    *port = (uint16_t)number;
    return COP_OK;
}

static bool port_is_listed(uint16_t port, const uint16_t *ports, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (ports[i] == port) {
            return true;
        }
    }
    return false;
}

/* The Host field, where there is one, names the same place (RFC 9112 3.2). */
static bool request_agrees(const struct http_head *head,
    const struct cop_host *host, uint16_t port, uint16_t default_port)
{
    const struct http_field *field = http_field_find(head, FIELD_HOST);
    struct cop_host named;
    uint16_t named_port;

    if (field == NULL) {
        return head->minor == 0;
    }
    return request_read_authority(
               field->value, default_port, &named, &named_port) == COP_OK &&
           named_port == port && cop_host_eq(&named, host);
}

static void request_begin(const struct http_head *head,
    struct cop_slice pseudonym, struct request *out)
{
    *out = (struct request){.kind = REQUEST_FORWARD};
    if (hop_is_loop(head, pseudonym)) {
        request_refuse(out, 508, COP_REASON_BAD_REQUEST,
            "The request has been through this gateway before.");
    }
}

static void request_read_connect(const struct http_head *head,
    const struct config *config, struct request *out)
{
    out->kind = REQUEST_CONNECT;
    if (head->framing != HTTP_NO_BODY) {
        request_refuse(
            out, 400, COP_REASON_BAD_REQUEST, "A CONNECT request has no body.");
    } else if (request_read_authority(
                   head->target, 0, &out->host, &out->port) != COP_OK) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST,
            "CONNECT needs a host and a port.");
    } else if (!port_is_listed(
                   out->port, config->connect_ports, config->connect_ports_n)) {
        request_refuse(
            out, 403, COP_REASON_PORT, "This port may not be connected to.");
    } else if (!request_agrees(head, &out->host, out->port, out->port)) {
        request_refuse(out, 400, COP_REASON_NAME_MISMATCH,
            "The Host field and the target of CONNECT differ.");
    }
}

static bool target_has_scheme(struct cop_slice target, const char *scheme)
{
    size_t n = strlen(scheme);

    return target.n > n && strncasecmp(target.p, scheme, n) == 0;
}

/* What stands between "//" and the path, as it was sent. */
static struct cop_slice target_authority(struct cop_slice target)
{
    size_t from = strlen("http://");
    size_t to = from;

    while (to < target.n && target.p[to] != '/' && target.p[to] != '?') {
        to++;
    }
    return (struct cop_slice){target.p + from, to - from};
}

/* Tell the usual mistakes apart: people read this. */
static const char *target_mistake(struct cop_slice target)
{
    if (target.n > 0 && target.p[0] == '/') {
        return "This is a proxy, not a web site: set it as the browser's "
               "proxy, and ask for whole http:// addresses through it.";
    }
    if (target_has_scheme(target, "https://")) {
        return "https:// is reached through CONNECT.";
    }
    return "Only http:// addresses and CONNECT are served here.";
}

void request_read_proxy(const struct http_head *head,
    const struct config *config, struct cop_slice pseudonym,
    struct cop_url *url, struct request *out)
{
    struct cop_slice authority;

    request_begin(head, pseudonym, out);
    if (out->kind == REQUEST_BAD) {
        return;
    }
    if (request_is_method(head, "CONNECT")) {
        request_read_connect(head, config, out);
        return;
    }
    if (!target_has_scheme(head->target, "http://")) {
        request_refuse(
            out, 400, COP_REASON_BAD_REQUEST, target_mistake(head->target));
        return;
    }
    authority = target_authority(head->target);
    /* Userinfo and escapes in a host are how one place is dressed up as
     * another; browsers send neither (RFC 9110 4.2.4). */
    if (!text_is_plain(head->target) || slice_has(authority, '@') ||
        slice_has(authority, '%') ||
        cop_url_parse(head->target, url) != COP_OK) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST,
            "The address in the request is malformed.");
    } else if (!port_is_listed(
                   url->port, config->http_ports, config->http_ports_n)) {
        request_refuse(
            out, 403, COP_REASON_PORT, "This port may not be connected to.");
    } else if (!request_agrees(head, &url->host, url->port, 80)) {
        request_refuse(out, 400, COP_REASON_NAME_MISMATCH,
            "The Host field and the address in the request differ.");
    }
}

void request_read_inside(const struct http_head *head,
    const struct cop_host *host, uint16_t port, struct cop_slice pseudonym,
    struct cop_url *url, struct request *out)
{
    request_begin(head, pseudonym, out);
    if (out->kind == REQUEST_BAD) {
        return;
    }
    out->is_asterisk = request_is_method(head, "OPTIONS") &&
                       cop_slice_eq(head->target, COP_LIT("*"));
    if (request_is_method(head, "CONNECT") ||
        (!out->is_asterisk &&
            (head->target.n == 0 || head->target.p[0] != '/')) ||
        !text_is_plain(head->target) ||
        http_field_find(head, FIELD_HOST) == NULL) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST,
            "Only paths of this site can be asked for in this connection.");
    } else if (!request_agrees(head, host, port, 443)) {
        /* Another name on a verified connection is another site's request
         * (RFC 9110 7.4): what was decided and verified was not for it. */
        request_refuse(out, 421, COP_REASON_NAME_MISMATCH,
            "The Host field is not the site that the connection is to.");
    } else if (cop_url_compose(COP_HTTPS, host, port, head->target, url) !=
               COP_OK) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST,
            "The address in the request is malformed.");
    }
}

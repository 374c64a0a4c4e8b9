#include "gateway/flow/request.h"

#include <string.h>
#include <strings.h>

#include "gateway/filter/hop.h"
#include "gateway/http/syntax.h"

static const char malformed[] = "The address in the request is malformed.";

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

static bool port_is_listed(uint16_t port, const uint16_t *ports, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (ports[i] == port) {
            return true;
        }
    }
    return false;
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
    struct http_authority authority;

    out->kind = REQUEST_CONNECT;
    if (!http_authority_parse(head->target, &authority)) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST,
            "CONNECT needs a host and a port.");
        return;
    }
    out->host = authority.host;
    out->port = authority.port;
    if (!port_is_listed(
            out->port, config->connect_ports, config->connect_ports_n)) {
        request_refuse(
            out, 403, COP_REASON_PORT, "This port may not be connected to.");
    }
}

static bool target_has_scheme(struct cop_slice target, const char *scheme)
{
    size_t n = strlen(scheme);

    return target.n > n && strncasecmp(target.p, scheme, n) == 0;
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
    request_begin(head, pseudonym, out);
    if (out->kind == REQUEST_BAD) {
        return;
    }
    if (request_is_method(head, "CONNECT")) {
        request_read_connect(head, config, out);
    } else if (!target_has_scheme(head->target, "http://")) {
        request_refuse(
            out, 400, COP_REASON_BAD_REQUEST, target_mistake(head->target));
    } else if (cop_url_parse(head->target, url) != COP_OK) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST, malformed);
    } else if (!port_is_listed(
                   url->port, config->http_ports, config->http_ports_n)) {
        request_refuse(
            out, 403, COP_REASON_PORT, "This port may not be connected to.");
    }
}

/* Host names the very place that was decided on and verified. */
static bool request_is_for(
    const struct http_head *head, const struct cop_host *host, uint16_t port)
{
    const struct http_field *field = http_field_find(head, FIELD_HOST);
    struct http_authority named;

    return field != NULL && http_authority_parse(field->value, &named) &&
           (named.port != 0 ? named.port : 443) == port &&
           cop_host_eq(&named.host, host);
}

void request_read_inside(const struct http_head *head,
    const struct cop_host *host, uint16_t port, struct cop_slice pseudonym,
    struct cop_url *url, struct request *out)
{
    request_begin(head, pseudonym, out);
    if (out->kind == REQUEST_BAD) {
        return;
    }
    out->is_asterisk = cop_slice_eq(head->target, COP_LIT("*"));
    if (request_is_method(head, "CONNECT") ||
        (!out->is_asterisk && head->target.p[0] != '/')) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST,
            "Only paths of this site can be asked for in this connection.");
    } else if (!request_is_for(head, host, port)) {
        /* Another name on a verified connection is another site's request
         * (RFC 9110 7.4): what was decided and verified was not for it. */
        request_refuse(out, 421, COP_REASON_NAME_MISMATCH,
            "The Host field is not the site that the connection is to.");
    } else if (cop_url_compose(COP_HTTPS, host, port, head->target, url) !=
               COP_OK) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST, malformed);
    }
}

static void request_read_origin(const struct http_head *head, uint16_t port,
    struct cop_url *url, struct request *out)
{
    const struct http_field *field = http_field_find(head, FIELD_HOST);
    struct http_authority named;

    if (field == NULL || !http_authority_parse(field->value, &named)) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST, malformed);
    } else if ((named.port != 0 ? named.port : 80) != port) {
        request_refuse(out, 421, COP_REASON_NAME_MISMATCH,
            "The Host field names another port than the connection is to.");
    } else if (cop_url_compose(
                   COP_HTTP, &named.host, port, head->target, url) != COP_OK) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST, malformed);
    }
}

void request_read_brought(const struct http_head *head, uint16_t port,
    bool needs_name, struct cop_slice pseudonym, struct cop_url *url,
    struct request *out)
{
    request_begin(head, pseudonym, out);
    if (out->kind == REQUEST_BAD) {
        return;
    }
    out->is_asterisk = cop_slice_eq(head->target, COP_LIT("*"));
    if (target_has_scheme(head->target, "http://")) {
        if (cop_url_parse(head->target, url) != COP_OK) {
            request_refuse(out, 400, COP_REASON_BAD_REQUEST, malformed);
        } else if (url->port != port) {
            request_refuse(out, 421, COP_REASON_NAME_MISMATCH,
                "The address names another port than the connection is to.");
        }
    } else if (request_is_method(head, "CONNECT") ||
               (!out->is_asterisk && head->target.p[0] != '/')) {
        request_refuse(out, 400, COP_REASON_BAD_REQUEST,
            "Only paths of a site can be asked for in this connection.");
    } else {
        request_read_origin(head, port, url, out);
    }
    if (out->kind != REQUEST_BAD && needs_name &&
        url->host.kind != COP_HOST_NAME) {
        request_refuse(out, 403, COP_REASON_NO_NAME,
            "Sites are reached by their names here, not by addresses.");
    }
}

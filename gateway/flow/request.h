/* What a request's head asks of us, and whether it may: the form of its
 * target, the agreement of its names, ports, loops. Pure: a head in, a finding
 * out; no policy is asked here. */
#ifndef GATEWAY_FLOW_REQUEST_H
#define GATEWAY_FLOW_REQUEST_H

#include <stdint.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "cop/url.h"
#include "gateway/config/config.h"
#include "gateway/http/head.h"

enum request_kind {
    REQUEST_FORWARD, /* the URL is written */
    REQUEST_CONNECT, /* host and port are */
    REQUEST_BAD
};

struct request {
    enum request_kind kind;
    struct cop_host host; /* of REQUEST_CONNECT */
    uint16_t port;
    bool is_asterisk; /* "OPTIONS *": sent as such, decided as "/" */
    /* of REQUEST_BAD: */
    uint16_t status;
    enum cop_reason reason;
    const char *detail; /* a static sentence for people */
};

/* Read the head of a request to an explicit proxy: absolute-form of http, or
 * CONNECT (RFC 9112 3.2).
 * pseudonym  ours in Via
 * url        scratch; written with REQUEST_FORWARD */
void request_read_proxy(const struct http_head *head,
    const struct config *config, struct cop_slice pseudonym,
    struct cop_url *url, struct request *out);

/* Read the head of a request inside an interception of host:port: origin-form,
 * with a Host that is the tunnel's. */
void request_read_inside(const struct http_head *head,
    const struct cop_host *host, uint16_t port, struct cop_slice pseudonym,
    struct cop_url *url, struct request *out);

/* "host:port" as it is written on the wire (RFC 3986 3.2), without userinfo.
 * default_port  for a missing or empty port; 0: there must be one
 * COP_OK or COP_E_SYNTAX. */
COP_MUST_USE enum cop_status request_read_authority(struct cop_slice text,
    uint16_t default_port, struct cop_host *host, uint16_t *port);

bool request_is_method(const struct http_head *head, const char *method);

#endif

/* What a request's head asks of us, and whether it may: the form of its
 * target, ports, loops, and inside an interception the agreement of its names.
 * Pure: a head in, a finding out; no policy is asked here. What any HTTP reader
 * must refuse (two names in one head, userinfo, odd bytes) http/h1_read.h has
 * refused before. */
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

/* Read the head of a request in a connection that the firewall brought here on
 * its way to a port: origin-form, or absolute-form as to any server (RFC 9112
 * 3.2.2). Host names the site; its port is the connection's.
 * needs_name  an address is not enough */
void request_read_brought(const struct http_head *head, uint16_t port,
    bool needs_name, struct cop_slice pseudonym, struct cop_url *url,
    struct request *out);

bool request_is_method(const struct http_head *head, const char *method);

#endif

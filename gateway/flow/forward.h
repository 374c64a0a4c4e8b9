/* Sending an allowed request to its server. */
#ifndef GATEWAY_FLOW_FORWARD_H
#define GATEWAY_FLOW_FORWARD_H

#include "cop/url.h"
#include "gateway/flow/exchange.h"
#include "gateway/flow/request.h"

/* Compose the request anew and get a connection to its server.
 * url  in the flow's scratch; not kept */
enum step forward_begin(struct exchange *exchange, const struct cop_url *url,
    const struct request *request);

/* The server's end died without a byte of an answer: whether the request may be
 * sent again (RFC 9110 9.2.2, RFC 9113 8.7), and doing so. */
bool forward_may_retry(struct exchange *exchange);
enum step forward_retry(struct exchange *exchange);

/* Events of a server's stream. */
void forward_on_stream(struct h2_stream *stream, void *user, unsigned events);

/* Give the server's connection back for reuse if nothing is left on it. */
void forward_settle(struct exchange *exchange);
/* Close the server's end, if any, or stop asking for one. */
void forward_drop(struct exchange *exchange);

#endif

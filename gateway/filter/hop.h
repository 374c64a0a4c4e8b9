/* What a proxy must do to every head it forwards: hop-by-hop fields out
 * (RFC 9110 7.6.1), Via, loops and Max-Forwards (7.6.2, 7.6.3). */
#ifndef GATEWAY_FILTER_HOP_H
#define GATEWAY_FILTER_HOP_H

#include <stdbool.h>

#include "cop/slice.h"
#include "gateway/http/head.h"

/* Mark what must not be forwarded as dropped: Connection and what it names
 * (never Host, Content-Length, Authorization...), Keep-Alive,
 * Proxy-Connection, Proxy-Auth*, TE but trailers, Transfer-Encoding (the
 * writer frames anew), Upgrade unless `keep_upgrade`, Alt-Svc in responses. */
void hop_strip(struct http_head *head, bool keep_upgrade);
/* Whether our own pseudonym is already in Via: a loop. */
bool hop_is_loop(const struct http_head *head, struct cop_slice pseudonym);
/* Which trailers may be passed on (RFC 9110 6.5.1): framing, routing and
 * authentication fields are dropped. */
void hop_strip_trailers(struct http_field *trailers, uint32_t n);

#endif

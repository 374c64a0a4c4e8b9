/* What a proxy must do to every head it forwards: hop-by-hop fields out
 * (RFC 9110 7.6.1), Via, loops and Max-Forwards (7.6.2, 7.6.3). */
#ifndef GATEWAY_FILTER_HOP_H
#define GATEWAY_FILTER_HOP_H

#include <stdbool.h>

#include "cop/slice.h"
#include "gateway/http/head.h"
#include "rules/base/buf.h"

/* Mark what must not be forwarded as dropped: Connection and what it names
 * (never Host, Content-Length, Authorization...), Keep-Alive,
 * Proxy-Connection, Proxy-Auth*, TE but trailers, Transfer-Encoding (the
 * writer frames anew), Upgrade unless `keep_upgrade`, Alt-Svc in responses,
 * and Forwarded and its kin in requests, because a child's address is nobody's
 * business outside.
 *
 * keep_upgrade   keep Upgrade where it is exactly "websocket": no other
 *                protocol is ever switched to (h2c would carry requests past
 *                the policy). The caller adds "Connection: upgrade". */
void hop_strip(struct http_head *head, bool keep_upgrade);
/* Max-Forwards of TRACE and OPTIONS (RFC 9110 7.6.2). False: the request ends
 * here and is to be answered, not forwarded. Otherwise the field, if any, is
 * dropped and its decreased line added to `extra`. */
bool hop_may_forward(struct http_head *head, struct buf *extra);
/* Whether our own pseudonym is already in Via: a loop. */
bool hop_is_loop(const struct http_head *head, struct cop_slice pseudonym);
/* Which trailers may be passed on (RFC 9110 6.5.1): framing, routing and
 * authentication fields are dropped. */
void hop_strip_trailers(struct http_field *trailers, uint32_t n);

#endif

/* What HTTP/1 and HTTP/2 say differently when they open a WebSocket: the one
 * proves by a key that the other side meant it (RFC 6455 4), the other has a
 * protocol of its own for it and no key (RFC 8441 5). The rest is the codec's:
 * in the one message model both are a GET with Upgrade, answered by 101. */
#ifndef GATEWAY_FLOW_WEBSOCKET_H
#define GATEWAY_FLOW_WEBSOCKET_H

#include "gateway/flow/exchange.h"

/* The request is about to be written to x->server: add a key to x->extra
 * where the server needs one and the client has none, or leave out the
 * client's. False when no key could be made. */
bool websocket_add_key(struct exchange *exchange, struct http_head *head);
/* Whether a 101 answers the key that was made; the proof is then dropped. True
 * where none was. */
bool websocket_is_accepted(struct exchange *exchange, struct http_head *head);
/* Add the answer to the client's key to x->extra, where its server had none to
 * answer. */
void websocket_add_accept(
    struct exchange *exchange, const struct http_head *head);

#endif

/* What a head as a whole means, or why it means nothing: whom a request is
 * for, and how the body is delimited (RFC 9112 3.2, 6.3). Where the RFCs let a
 * recipient repair an ambiguous head, we refuse it: a filter that repairs sees
 * another message than the server does. */
#ifndef GATEWAY_HTTP_H1_RULES_H
#define GATEWAY_HTTP_H1_RULES_H

#include "gateway/http/fault.h"
#include "gateway/http/head.h"

/* Both read method, target, status, minor and fields of a head whose lines
 * were checked, and fill in framing, length, wants_close, expects_continue and
 * wants_upgrade. */
enum http_fault h1_rules_request(struct http_head *head);
/* `to_head` it answers a HEAD request, `to_connect` a CONNECT. */
enum http_fault h1_rules_response(
    struct http_head *head, bool to_head, bool to_connect);
/* Whether a field may stand in a trailer section: not one that says how the
 * message is framed or whom it is for (RFC 9110 6.5.1). */
bool h1_rules_may_trail(enum field_id id);

#endif

/* Warnings: who goes on behind one, and how (filter/consent.h). */
#ifndef GATEWAY_FLOW_WARNING_H
#define GATEWAY_FLOW_WARNING_H

#include "gateway/flow/exchange.h"

enum { WARNING_FORM_MAX = 16384 };

/* Whether a request that is warned of goes on: it has a pass, or is what a
 * page's form sends.
 * ticket  of that form; empty without one */
bool warning_is_passed(struct conn *conn, const struct asker *asker,
    const struct http_head *head, const struct cop_url *url,
    struct cop_slice ticket, const struct decision *decision);

/* Where the page's form leads, into `out`; nothing where no page is shown. */
void warning_form(struct exchange *exchange, const struct cop_url *url,
    const struct decision *decision, struct buf *out);

/* The form was sent: lead to its URL, with a pass where one is needed. */
enum step warning_leave(struct exchange *exchange, const struct cop_url *url,
    const struct decision *decision);

#endif

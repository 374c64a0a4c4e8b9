/* What the gateway answers itself: EXCHANGE_ANSWER. */
#ifndef GATEWAY_FLOW_ANSWER_H
#define GATEWAY_FLOW_ANSWER_H

#include <stdint.h>

#include "gateway/flow/exchange.h"

/* A notice that a place is blocked.
 * reason  NONE: the connection is kept if it can be; else it ends so */
enum step answer_block(struct exchange *exchange,
    const struct decision *decision, enum cop_reason reason);
/* What becomes of a request that is not allowed: the notice of a block, that of
 * a warning, or the way to where a requirement leads.
 * url  what a warning is about; NULL allowed where there is none */
enum step answer_closed(struct exchange *exchange, const struct cop_url *url,
    const struct decision *decision);
/* Lead to a URL.
 * status    302 or 303
 * cookie    the value of Set-Cookie; empty for none */
enum step answer_lead(struct exchange *exchange, uint16_t status,
    struct cop_slice location, struct cop_slice cookie);
/* A page that names an error; the connection ends with `reason` afterwards.
 * detail  NULL allowed */
enum step answer_error(struct exchange *exchange, uint16_t status,
    enum cop_reason reason, const char *detail);
/* The head was malformed: what the reader says about it. */
enum step answer_fault(struct exchange *exchange);
/* Why a message could not be read, by its fault's status: by whose fault it
 * is, unless it was us who had no memory for it. */
enum cop_reason answer_reason(uint16_t status, enum cop_reason theirs);
/* OPTIONS with Max-Forwards: 0. */
enum step answer_options(struct exchange *exchange);

enum step answer_step(
    struct exchange *exchange, const struct end *end, unsigned events);

#endif

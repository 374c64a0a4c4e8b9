/* What the gateway answers itself: EXCHANGE_ANSWER. */
#ifndef GATEWAY_FLOW_ANSWER_H
#define GATEWAY_FLOW_ANSWER_H

#include <stdint.h>

#include "gateway/flow/exchange.h"

/* A notice that a place is blocked.
 * reason  NONE: the connection is kept if it can be; else it ends so */
enum step answer_block(struct exchange *exchange,
    const struct decision *decision, enum cop_reason reason);
/* A page that names an error; the connection ends with `reason` afterwards.
 * detail  NULL allowed */
enum step answer_error(struct exchange *exchange, uint16_t status,
    enum cop_reason reason, const char *detail);
/* The head was malformed: what the reader says about it. */
enum step answer_fault(struct exchange *exchange);
/* OPTIONS with Max-Forwards: 0. */
enum step answer_options(struct exchange *exchange);

enum step answer_step(
    struct exchange *exchange, const struct end *end, unsigned events);

#endif

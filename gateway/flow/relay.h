/* Moving an exchange's bytes both ways: EXCHANGE_FORWARD. */
#ifndef GATEWAY_FLOW_RELAY_H
#define GATEWAY_FLOW_RELAY_H

#include "gateway/flow/exchange.h"

enum step relay_step(
    struct exchange *exchange, const struct end *end, unsigned events);
enum step relay_timeout(struct exchange *exchange);
/* What was switched to another protocol is over. Always STEP_OVER. */
enum step relay_end_raw(struct exchange *exchange);

#endif

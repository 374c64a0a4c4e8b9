/* Moving an exchange's bytes both ways: EXCHANGE_FORWARD. */
#ifndef GATEWAY_FLOW_RELAY_H
#define GATEWAY_FLOW_RELAY_H

#include "gateway/flow/exchange.h"

enum step relay_step(
    struct exchange *exchange, const struct wire *wire, unsigned events);
enum step relay_timeout(struct exchange *exchange);

#endif

/* After 101 Switching Protocols: bytes both ways, neither read nor framed,
 * over whatever the two wires are. Idle, it holds no buffer. */
#ifndef GATEWAY_FLOW_UPGRADE_H
#define GATEWAY_FLOW_UPGRADE_H

#include "gateway/flow/conn.h"
#include "gateway/flow/exchange.h"

/* Turn an exchange whose 101 is in its down lane into a tunnel: what either
 * side sent behind its head goes first. Ends the exchange. */
enum step upgrade_begin(struct exchange *exchange);
void upgrade_free(struct upgrade **upgrade);
void upgrade_stop(struct upgrade *upgrade);

enum step upgrade_step(
    struct conn *conn, const struct wire *wire, unsigned events);
enum step upgrade_timeout(struct conn *conn);
/* Arm the server's watch; what is needed of the client's wire. */
unsigned upgrade_arm(struct upgrade *upgrade);

#endif

/* Which addresses clients may reach through the gateway: the public Internet,
 * and what the configuration adds. Asked with the very address that is about
 * to be connected to, so a name that resolves differently a moment later
 * changes nothing. */
#ifndef GATEWAY_NET_REACH_H
#define GATEWAY_NET_REACH_H

#include <stdbool.h>
#include <sys/socket.h>

#include "cop/status.h"

struct config;
struct reach;

/* Copies what it needs of the configuration. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status reach_new(
    const struct config *config, struct reach **out);
void reach_free(struct reach **reach);

/* Whether this address and port may be connected to. Costs system calls only
 * for the port of a listener on the unspecified address. */
bool reach_permits(
    const struct reach *reach, const struct sockaddr_storage *address);

#endif

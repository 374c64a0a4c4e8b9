/* Name servers: c-ares, its sockets and its clock in the loop. */
#ifndef GATEWAY_NET_SERVERS_H
#define GATEWAY_NET_SERVERS_H

#include <ares.h>

#include "gateway/loop/loop.h"

struct config;
struct servers;

/* The system's name servers are read here, once, for configurations that name
 * none. Returns COP_OK, COP_E_NOMEM, COP_E_IO. */
COP_MUST_USE enum cop_status servers_new(
    struct loop *loop, struct servers **out);
/* Every question ends with ARES_EDESTRUCTION first. */
void servers_free(struct servers **servers);

/* Ask other servers from now on. Every question under way ends with
 * ARES_ECANCELLED before this returns. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status servers_use(
    struct servers *servers, const struct config *config);

/* Ask for the records of a type (ns_t_a) of a canonical name. fn is called
 * once, maybe from within; the context must live until then. */
void servers_ask(struct servers *servers, const char *name, int type,
    ares_callback fn, void *context);

#endif

/* How a connection came, before anything of it is read as a request: from a
 * balancer that says whose it is (the PROXY protocol), or because the firewall
 * brought it here on its way to somewhere else (transparent mode). */
#ifndef GATEWAY_FLOW_ARRIVE_H
#define GATEWAY_FLOW_ARRIVE_H

#include "gateway/config/config.h"
#include "gateway/flow/conn.h"
#include "gateway/net/dial.h"

struct world;

struct arrival {
    struct world *world;                /* of its beginning, held */
    const struct config_listen *listen; /* of that world */
    struct sockaddr_storage to;         /* where it was going */
    struct aim aim;
    bool has_to;
    bool has_header; /* the balancer's has been read */
    uint32_t seen;   /* bytes that are there but say too little yet */
};

/* For a listener of the flow's configuration. *out is NULL where connections
 * need none: to an explicit proxy, without a balancer. COP_OK, COP_E_NOMEM. */
COP_MUST_USE enum cop_status arrival_new(
    struct flow *flow, uint32_t door, struct arrival **out);
/* Nulls *arrival; NULL allowed. */
void arrival_free(struct arrival **arrival);

/* Whether the firewall brought it here. */
bool arrival_is_transparent(const struct conn *conn);
/* What dialling a host for this connection should know of where it was
 * going. */
struct aim arrival_aim(const struct conn *conn, const struct cop_host *host);
/* Where it was going, as a host. */
void arrival_host(const struct arrival *arrival, struct cop_host *out);

/* CONN_ARRIVE. */
enum step arrive_step(
    struct conn *conn, const struct wire *wire, unsigned events);
enum step arrive_timeout(struct conn *conn);

#endif

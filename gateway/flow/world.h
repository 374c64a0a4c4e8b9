/* What a worker decides by at a moment: configuration, policy, identities,
 * trust. Immutable and counted: a reload makes a new one and swaps a pointer;
 * an exchange holds the one it began with until it ends. */
#ifndef GATEWAY_FLOW_WORLD_H
#define GATEWAY_FLOW_WORLD_H

#include <stdint.h>

#include "cop/decide.h"
#include "cop/locate.h"
#include "gateway/config/config.h"
#include "gateway/identity/identity.h"
#include "gateway/tls/wire.h"

struct world {
    uint32_t references;
    struct config *config;
    struct cop_policy *policy;
    struct identity *identity;
    struct tls_client *client;
    struct cop_locator *locator; /* where addresses are; NULL: nobody knows */
    char timezone[64];           /* of the policy file, "" for UTC */
};

/* Takes all four. NULL when out of memory (nothing is taken then). The time
 * zone is that of the policy's last bundle that names one. */
struct world *world_new(struct config *config, struct cop_policy *policy,
    struct identity *identity, struct tls_client *client);
struct world *world_hold(struct world *world);
/* Gives one reference back and nulls it; the last one frees. NULL allowed. */
void world_drop(struct world **world);

#endif

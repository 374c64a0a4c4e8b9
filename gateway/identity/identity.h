/* Who is asking: from a client's address to a profile of the policy. */
#ifndef GATEWAY_IDENTITY_H
#define GATEWAY_IDENTITY_H

#include <stdint.h>
#include <sys/socket.h>

#include "cop/decide.h"

struct config;
struct identity;

/* Resolve every profile that the configuration names against a policy.
 * Returns COP_OK, COP_E_PROFILE (reported), COP_E_NOMEM. */
COP_MUST_USE enum cop_status identity_new(const struct config *config,
    const struct cop_policy *policy, struct cop_report *report,
    struct identity **out);
void identity_free(struct identity **identity);

/* The profile of a client: longest network, else the default.
 * Returns COP_OK, or COP_E_PROFILE when there is none: refuse the client. */
COP_MUST_USE enum cop_status identity_of(const struct identity *identity,
    const struct sockaddr_storage *client, uint32_t *profile);

#endif

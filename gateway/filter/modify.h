/* Changing requests as requirements order: safe search, restricted modes. What
 * is set is data of the bundle; cop_policy_change() has it, audited. */
#ifndef GATEWAY_MODIFY_H
#define GATEWAY_MODIFY_H

#include <stdbool.h>

#include "cop/decide.h"
#include "gateway/http/head.h"
#include "rules/base/arena.h"
#include "rules/base/buf.h"

/* Set the query's parameters in a canonical URL, which stays one: every one of
 * the name, however it is written, gives way to the one that is set.
 * url     replaced on COP_OK where there is something to set
 * Returns COP_OK; COP_E_LIMIT when the URL would be too long; COP_E_NOMEM. */
COP_MUST_USE enum cop_status modify_query(const struct cop_policy *policy,
    const struct cop_verdict *verdict, struct cop_url *url);

/* Set fields: those of the client are dropped, ours added to `extra`. */
void modify_fields(const struct cop_policy *policy,
    const struct cop_verdict *verdict, struct http_head *head,
    struct buf *extra);

/* The name that is dialled in the host's stead. False: there is none. */
bool modify_address(const struct cop_policy *policy,
    const struct cop_verdict *verdict, struct cop_host *out);

/* Whether something is to be set that only who reads the request can set. */
bool modify_needs_request(
    const struct cop_policy *policy, const struct cop_verdict *verdict);

#endif

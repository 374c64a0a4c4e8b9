/* What the policy says of the addresses that a host turns out to have.
 *
 * A request, or a tunnel, was let through by its URL or host alone. Its gate
 * keeps that classification and is asked with each address before it is used,
 * an idle connection's too: rules for addresses are added to it and the whole
 * is decided on again, for the profile and by the world of the asker. Where no
 * policy has such rules there is no gate, and nothing is asked. */
#ifndef GATEWAY_FLOW_GATE_H
#define GATEWAY_FLOW_GATE_H

#include <stdbool.h>

#include "cop/status.h"
#include "gateway/flow/decision.h"
#include "gateway/net/dial.h"

struct conn;
struct gate;

/* A gate for what has just been classified in the flow's scratch.
 * asker  borrowed, as is the connection
 * out    what was there is freed; NULL when there is nothing to ask
 * Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status gate_set(
    struct conn *conn, const struct asker *asker, struct gate **out);
void gate_free(struct gate **gate);

/* For whoever dials; of no gate, one that bars nothing. */
struct dial_bar gate_bar(struct gate *gate);

/* Whether an address was barred since gate_set(). */
bool gate_is_shut(const struct gate *gate);

/* The decision about the first address that was barred; it is logged.
 * is_told  a notice will be shown, and gets a reference */
void gate_decide(struct gate *gate, bool is_told, struct decision *out);

#endif

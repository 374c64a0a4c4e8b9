#include "gateway/flow/gate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cop/locate.h"
#include "gateway/flow/conn.h"
#include "gateway/flow/inner.h"
#include "gateway/net/address.h"

struct gate {
    struct conn *conn;
    const struct asker *asker;
    struct cop_verdict verdict; /* of the first address that was barred */
    struct sockaddr_storage address;
    bool is_shut;
    struct cop_class class; /* cut off behind its last hit */
};

enum { GATE_HEAD = offsetof(struct gate, class) };

/* A class takes 4 KiB of which a few bytes are used. */
static size_t class_bytes(const struct cop_class *class)
{
    return offsetof(struct cop_class, hits) + class->n * sizeof(class->hits[0]);
}

enum cop_status gate_set(
    struct conn *conn, const struct asker *asker, struct gate **out)
{
    const struct cop_class *class = &conn->flow->scratch->class;
    struct gate *gate;

    gate_free(out);
    if (!cop_policy_wants_address(asker->world->policy).address) {
        return COP_OK;
    }
    gate = malloc(GATE_HEAD + class_bytes(class));
    if (gate == NULL) {
        return COP_E_NOMEM;
    }
    gate->conn = conn;
    gate->asker = asker;
    gate->is_shut = false;
    memcpy(&gate->class, class, class_bytes(class));
    *out = gate;
    return COP_OK;
}

void gate_free(struct gate **gate)
{
    free(*gate);
    *gate = NULL;
}

/* The classification with an address added, into the flow's scratch. */
static void gate_classify(
    const struct gate *gate, const struct sockaddr_storage *at)
{
    const struct world *world = gate->asker->world;
    struct cop_class *class = &gate->conn->flow->scratch->class;
    struct cop_address address = {.as_number = 0};

    address_bytes(at, address.bytes);
    cop_locate(world->locator, &address);
    memcpy(class, &gate->class, class_bytes(&gate->class));
    cop_classify_address(world->policy, &address, class);
}

static bool gate_bars(void *context, const struct sockaddr_storage *at)
{
    struct gate *gate = context;
    struct decision decision;

    gate_classify(gate, at);
    decision_of_class(gate->conn, gate->asker, &decision);
    if (!decision_is_block(&decision)) {
        return false;
    }
    if (!gate->is_shut) {
        gate->is_shut = true;
        gate->verdict = decision.verdict;
        gate->address = *at;
    }
    return true;
}

struct dial_bar gate_bar(struct gate *gate)
{
    return gate != NULL ? (struct dial_bar){gate_bars, gate}
                        : (struct dial_bar){NULL, NULL};
}

bool gate_is_shut(const struct gate *gate)
{
    return gate != NULL && gate->is_shut;
}

void gate_decide(struct gate *gate, bool is_told, struct decision *out)
{
    gate_classify(gate, &gate->address);
    *out = (struct decision){.verdict = gate->verdict, .way = WAY_REFUSE};
    decision_of_address(gate->conn, gate->asker, &gate->address, is_told, out);
}

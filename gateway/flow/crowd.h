/* How many connections each client's address has, so that one client cannot
 * take the places of all. An address is what the socket or a balancer says:
 * clients behind one translator count as one, a host with many addresses as
 * many. */
#ifndef GATEWAY_FLOW_CROWD_H
#define GATEWAY_FLOW_CROWD_H

#include <stdint.h>
#include <sys/socket.h>

#include "cop/status.h"

enum { CROWD_BUCKETS = 1024 };

/* Those of one address; as long as it has connections. */
struct crowd_member {
    uint8_t address[16];
    uint32_t n;
    struct crowd_member *next;
    struct crowd_member **link;
};

struct crowd {
    uint64_t secret[2]; /* clients choose their addresses */
    struct crowd_member *buckets[CROWD_BUCKETS];
};

void crowd_init(struct crowd *crowd);
/* One more connection of a client. *out is left with crowd_leave().
 * COP_OK, COP_E_LIMIT (it has `most` already), COP_E_NOMEM. */
COP_MUST_USE enum cop_status crowd_enter(struct crowd *crowd,
    const struct sockaddr_storage *client, uint32_t most,
    struct crowd_member **out);
/* One fewer; nulls the pointer, NULL allowed. */
void crowd_leave(struct crowd_member **member);

#endif

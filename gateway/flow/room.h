/* Rooms to read into, shared by all lanes of a worker: a lane has one only
 * while there are bytes in it, so that whoever waits holds none. */
#ifndef GATEWAY_FLOW_ROOM_H
#define GATEWAY_FLOW_ROOM_H

#include <stdint.h>

enum {
    ROOM_BYTES = 32768, /* an answer of 16 KiB with its head, in one reading */
    ROOMS_KEPT = 64     /* spare ones that are not given back to the system */
};

struct room {
    char bytes[ROOM_BYTES];
};

struct rooms {
    struct room *spare[ROOMS_KEPT];
    uint32_t n;
};

void rooms_init(struct rooms *rooms);
/* All rooms have been given back. */
void rooms_fini(struct rooms *rooms);

/* NULL when out of memory. What is in it is nobody's. */
struct room *room_take(struct rooms *rooms);
/* Give it back: its first `used` bytes, which were somebody's, are wiped.
 * Nulls *room; NULL allowed. */
void room_give(struct rooms *rooms, struct room **room, uint32_t used);

#endif

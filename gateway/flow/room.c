#include "gateway/flow/room.h"

#include <stdlib.h>
#include <string.h>

void rooms_init(struct rooms *rooms)
{
    rooms->n = 0;
}

void rooms_fini(struct rooms *rooms)
{
    while (rooms->n > 0) {
        free(rooms->spare[--rooms->n]);
    }
}

struct room *room_take(struct rooms *rooms)
{
    if (rooms->n > 0) {
        return rooms->spare[--rooms->n];
    }
    return malloc(sizeof(struct room));
}

void room_give(struct rooms *rooms, struct room **room, uint32_t used)
{
    struct room *it = *room;

    *room = NULL;
    if (it == NULL) {
        return;
    }
    explicit_bzero(it->bytes, used);
    if (rooms->n < ROOMS_KEPT) {
        rooms->spare[rooms->n++] = it;
    } else {
        free(it);
    }
}

/* Timers in a binary heap, the next one first. */
#ifndef GATEWAY_LOOP_HEAP_H
#define GATEWAY_LOOP_HEAP_H

#include <stdint.h>

#include "gateway/loop/loop.h"

struct heap {
    struct timer **at;
    uint32_t n;
    uint32_t held;
};

void heap_fini(struct heap *heap);

/* Put a timer where its at_ms belongs, whether it is in the heap or not.
 * COP_OK or COP_E_NOMEM; moving one that is in does not fail. */
COP_MUST_USE enum cop_status heap_put(struct heap *heap, struct timer *timer);
/* Take a timer out; nothing happens when it is not in. */
void heap_take(struct heap *heap, struct timer *timer);
/* The next timer, left in place; NULL when there is none. */
struct timer *heap_first(const struct heap *heap);

#endif

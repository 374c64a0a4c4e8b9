/* How often something may be done: so many a second over a while, more in a
 * burst. Knows no clock: the caller says what time it is. */
#ifndef GATEWAY_PROC_ALLOWANCE_H
#define GATEWAY_PROC_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

struct allowance {
    int64_t at_ms; /* when it was last looked at */
    int64_t spent; /* in thousandths; falls by `per_second` a millisecond */
};

/* Do it once more, if that is allowed.
 * per_second  1 .. 1,000,000
 * burst       how often in a row after a rest, 1 .. 100,000,000
 * now_ms      never goes back; if it does, no time has passed */
bool allowance_take(struct allowance *allowance, uint32_t per_second,
    uint32_t burst, int64_t now_ms);

#endif

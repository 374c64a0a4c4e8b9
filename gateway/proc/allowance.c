#include "gateway/proc/allowance.h"

bool allowance_take(struct allowance *allowance, uint32_t per_second,
    uint32_t burst, int64_t now_ms)
{
    int64_t passed_ms = now_ms - allowance->at_ms;

    if (passed_ms > 0) {
        allowance->at_ms = now_ms;
        /* What is more than spent need not be multiplied out. */
        allowance->spent = passed_ms > allowance->spent / per_second
                               ? 0
                               : allowance->spent - passed_ms * per_second;
    }
    if (allowance->spent + 1000 > (int64_t)burst * 1000) {
        return false;
    }
    allowance->spent += 1000;
    return true;
}

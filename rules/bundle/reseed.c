#include "rules/bundle/reseed.h"

enum cop_status reseed_run(const struct reseed *steps, uint32_t *tries)
{
    for (uint32_t i = 0; i <= RESEED_MAX; i++) {
        enum cop_status status = steps->build(steps->context, i);

        if (status != COP_OK) {
            return status;
        }
        if (!steps->has_accident(steps->context)) {
            *tries = i;
            return COP_OK;
        }
    }
    return COP_E_LIMIT;
}

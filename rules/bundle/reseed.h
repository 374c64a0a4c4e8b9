/* Building again under another key while the result is bad: private to the
 * writer, apart from it so that it can be tested with hashes that are bad. */
#ifndef RULES_BUNDLE_RESEED_H
#define RULES_BUNDLE_RESEED_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/status.h"

/* Tries before giving up. One in a million million names is found by accident,
 * so a second try is not to be expected in a lifetime of builds. */
enum { RESEED_MAX = 16 };

struct reseed {
    void *context;
    /* Build under the key of this try, 0 first, in place of what was built. */
    enum cop_status (*build)(void *context, uint32_t tries);
    /* Whether what was built finds a name that it should not. */
    bool (*has_accident)(void *context);
};

/* Build until there is no accident.
 * tries  gets how often the key was changed
 * Returns COP_OK, what build() returned, or COP_E_LIMIT after RESEED_MAX. */
COP_MUST_USE enum cop_status reseed_run(
    const struct reseed *steps, uint32_t *tries);

#endif

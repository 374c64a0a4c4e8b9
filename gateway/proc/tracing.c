#include "gateway/proc/tracing.h"

#include <sys/prctl.h>
#include <sys/resource.h>

enum cop_status tracing_settle(void)
{
    const struct rlimit none = {0, 0};

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &none) != 0) {
        return COP_E_BUG;
    }
    return COP_OK;
}

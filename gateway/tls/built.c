#include "gateway/tls/built.h"

bool built_is_after(int64_t now_unix)
{
    /* From the build: the beginning of its day, in UTC. */
    return now_unix < COP_BUILT_UNIX;
}

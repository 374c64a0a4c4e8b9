/* Whether other programs of the same user may look into this process. Two
 * files answer; the build takes one. */
#ifndef GATEWAY_PROC_TRACING_H
#define GATEWAY_PROC_TRACING_H

#include "cop/status.h"

/* Shut debuggers and core dumps out, again after each change of user. In a
 * build with sanitizers: let them in, since the leak check is one. */
COP_MUST_USE enum cop_status tracing_settle(void);

#endif

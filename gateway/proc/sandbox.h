/* What a process gives up before its first foreign byte. */
#ifndef GATEWAY_PROC_SANDBOX_H
#define GATEWAY_PROC_SANDBOX_H

#include "cop/status.h"

/* At once after exec: no core dumps, no ptrace by others of the same user, no
 * new privileges by exec, no capability to be had. Failing is a bug of ours:
 * reported, COP_E_BUG. */
COP_MUST_USE enum cop_status sandbox_harden(void);

/* Give up the network for good: an empty network namespace, where the kernel
 * lets us. Without the right to do so the process goes on, and says so. */
void sandbox_leave_network(void);

/* When running as root, become `user` (NULL: "nobody") with its group and no
 * other, and check that there is no way back. Otherwise nothing.
 * Returns COP_OK, COP_E_NOTFOUND (no such user), COP_E_IO; reported. */
COP_MUST_USE enum cop_status sandbox_drop_user(const char *user);

#endif

/* What a process can no longer ask of the kernel, for good: seccomp for system
 * calls, Landlock for files and for what listens, no capability. */
#ifndef GATEWAY_PROC_SEAL_H
#define GATEWAY_PROC_SEAL_H

#include <stdbool.h>

#include "cop/status.h"

enum seal_role { SEAL_WORKER = 1, SEAL_KEYD = 2 };

/* Seal this process, once, when it has become the user it runs as and before
 * its first foreign byte. Needs PR_SET_NO_NEW_PRIVS.
 *
 *   worker  the network but no listening of its own; no file but the rules of
 *           time zones, which a reload may need
 *   keyd    what it was given: no file, no socket of its own, no memory that
 *           is both written and executed
 *
 * A kernel without Landlock or with an old one seals less and is worth a
 * warning; without seccomp it is worth none of our promises.
 * Returns COP_OK, COP_E_IO (the kernel refuses; reported), COP_E_NOMEM. */
COP_MUST_USE enum cop_status seal_process(enum seal_role role);

/* The parts of it. landlock_seal(): the kernel's Landlock version, 0 for none,
 * -1 when it refused what it should know. */
int landlock_seal(enum seal_role role);
COP_MUST_USE enum cop_status syscalls_seal(enum seal_role role);

/* Calls that this build needs beside the table, ended by NULL: the run time of
 * the sanitizers has threads, looks at /proc and traces. */
extern const char *const seal_extra_calls[];
/* Folders that may be read, ended by NULL. */
extern const char *const seal_extra_folders[];

#endif

/* The leak check stops the other threads from one of its own, looks at their
 * memory, and reads /proc to know what is mapped; reports are symbolised. */
#include "gateway/proc/seal.h"

#include <stddef.h>

const char *const seal_extra_calls[] = {"clone", "ptrace", "wait4", "prctl",
    "sigaltstack", "sched_yield", "set_robust_list", "getrlimit", "prlimit64",
    "arch_prctl", "getppid", "open", "openat", "readlink", "readlinkat",
    "newfstatat", "stat", "getdents", "getdents64", "process_vm_readv", "kill",
    "dup", "dup2", "mincore", "sched_getaffinity", NULL};
const char *const seal_extra_folders[] = {"/proc", NULL};

/* Another binary takes over: the parent starts the program that now lies where
 * its own lay, hands it the listening sockets, and waits for its word that its
 * workers take connections. Until then nothing changes for anybody; whatever
 * goes wrong ends the new one alone. */
#ifndef GATEWAY_PROC_SUCCESSOR_H
#define GATEWAY_PROC_SUCCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cop/status.h"
#include "gateway/loop/loop.h"
#include "gateway/proc/listeners.h"

/* pid  the process that has taken over; 0: none has, and why was said */
typedef void successor_over_fn(void *context, pid_t pid);

struct successor {
    struct loop *loop;
    successor_over_fn *over;
    void *context;
    struct watch line;  /* what the new one says */
    struct watch death; /* its process */
    struct timer patience;
    pid_t pid; /* 0: none is tried */
};

void successor_init(struct successor *successor, struct loop *loop,
    successor_over_fn *over, void *context);

/* Try a program. `over` is called later, once, if this returns COP_OK.
 * program      its path
 * file         of the configuration: it is started as `program -c file`
 * listeners    borrowed
 * patience_ms  how long it may take until it is ready
 * Returns COP_OK; COP_E_NOTFOUND (no such program, or not one to execute),
 * COP_E_IO; reported. */
struct successor_trial {
    const char *program;
    const char *file;
    const struct listeners *listeners;
    int64_t patience_ms;
};
COP_MUST_USE enum cop_status successor_start(
    struct successor *successor, const struct successor_trial *trial);

static inline bool successor_is_on(const struct successor *successor)
{
    return successor->pid != 0;
}

/* End what is tried, if anything is; `over` is not called. */
void successor_abandon(struct successor *successor);

/* Where this program was started from, for later, when the kernel only knows
 * that it was deleted: argv0, looked for as a shell does, if that is this
 * program; else what the kernel says.
 * Returns COP_OK, or COP_E_NOTFOUND. */
COP_MUST_USE enum cop_status successor_find_program(
    const char *argv0, char *out, size_t size);

#endif

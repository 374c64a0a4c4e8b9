/* The parent's children: started by role, watched, replaced when they die. */
#ifndef GATEWAY_PROC_CHILDREN_H
#define GATEWAY_PROC_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cop/status.h"
#include "gateway/proc/channel.h"

enum { CHILDREN_MAX = 256 };

struct child {
    pid_t pid;   /* 0: this place is free */
    int channel; /* the parent's end; -1 when closed */
    bool is_keyd;
    bool is_leaving;     /* told to drain */
    bool is_ready;       /* has answered for its first world */
    uint32_t generation; /* of the world it uses */
};

struct children {
    struct child all[CHILDREN_MAX];
};

void children_init(struct children *children);

/* Execute this program anew as `role` ("worker", "keyd"), with one end of a
 * new channel as its ROLE_CHANNEL_FD. file names the configuration, for
 * messages. COP_OK, COP_E_LIMIT, COP_E_IO. */
COP_MUST_USE enum cop_status children_start(struct children *children,
    const char *role, const char *file, struct child **out);

/* The child that ended, or NULL: call until NULL. Its channel is closed and
 * its place free once the caller calls child_forget(). */
struct child *children_reap(struct children *children, int *status);
void child_forget(struct child *child);

/* Workers that are not leaving. */
uint32_t children_workers(const struct children *children);
/* All children, leaving ones too. */
uint32_t children_count(const struct children *children);
struct child *children_keyd(struct children *children);
/* Whether there are workers, and all but the leaving ones decide by the world
 * of this generation. */
bool children_are_ready(const struct children *children, uint32_t generation);

/* Send every worker a message without more to it; after CHANNEL_DRAIN they are
 * leaving. keyd has nothing to drain, but reports too. */
void children_tell(struct children *children, enum channel_kind kind);
void children_kill(const struct children *children);
/* Children end when their channels close: close them and wait, so that nobody
 * is left behind. */
void children_wait(struct children *children);

#endif

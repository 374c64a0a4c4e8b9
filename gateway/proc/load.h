/* From files to something a worker can decide by.
 *
 * The parent reads every file once, checks all of it, and hands workers sealed
 * copies and open descriptors: no worker opens a file that a rule depends on,
 * and all workers have the same bytes. */
#ifndef GATEWAY_PROC_LOAD_H
#define GATEWAY_PROC_LOAD_H

#include <stdint.h>

#include "cop/report.h"
#include "gateway/config/config.h"
#include "gateway/flow/world.h"
#include "gateway/proc/databases.h"

enum { LOAD_BUNDLES_MAX = 7 };

/* What a world is made from. Descriptors are owned; -1 when there is none. */
struct load {
    int config_fd;  /* sealed memory: the configuration's text */
    int policy_fd;  /* sealed memory: the compiled policy file */
    int trust_fd;   /* sealed memory: PEM of the authorities of servers */
    int revoked_fd; /* sealed memory: keys not to believe; -1 for none */
    int bundle_fds[LOAD_BUNDLES_MAX];
    uint32_t bundles;
    struct databases databases; /* of where addresses are */
    int ca_certificate_fd;
    /* Opened, never read by the parent; the last two -1 for none. */
    int ca_key_fd;
    int ca_passphrase_fd;
    int ca_log_fd;
    struct config *config;
};

/* Read a configuration and all it names.
 * now_unix  what dates in the policy file are measured against
 * before    what is in use, for databases whose successors are damaged; NULL:
 *           nothing is
 * Returns COP_OK; COP_E_CHECK for anything wrong with what was read, COP_E_IO
 * for what cannot be opened, COP_E_NOMEM; all reported. */
COP_MUST_USE enum cop_status load_open(const char *file, int64_t now_unix,
    const struct load *before, struct cop_report *report, struct load **out);
void load_close(struct load **load);

/* What a world is made of, borrowed. */
struct load_parts {
    const char *file; /* the configuration's path, for messages and folders */
    int config_fd;
    int policy_fd; /* -1 for none */
    int trust_fd;
    int revoked_fd; /* -1 for none */
    int ca_certificate_fd;
    const int *bundle_fds;
    uint32_t bundles;
    const int *database_fds; /* COP_DATABASES of them; -1 for none */
};

/* Make a world: the parent to check a load, a worker to use it. The same
 * function, so that they cannot disagree.
 * Returns COP_OK, COP_E_CHECK, COP_E_IO, COP_E_NOMEM; all reported. */
COP_MUST_USE enum cop_status load_world(const struct load_parts *given,
    struct cop_report *report, struct world **out);

#endif

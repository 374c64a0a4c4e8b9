/* The sockets that the gateway listens on: bound by the parent, shared by all
 * workers, kept open over a reload so that no connection in a queue is lost. */
#ifndef GATEWAY_PROC_LISTENERS_H
#define GATEWAY_PROC_LISTENERS_H

#include <stdint.h>
#include <sys/socket.h>

#include "gateway/config/config.h"

enum { LISTENERS_MAX = 32 };

struct listeners {
    int fds[LISTENERS_MAX];
    struct sockaddr_storage addresses[LISTENERS_MAX];
    uint32_t n;
};

/* Open what `config` asks for, taking over from `from` what is already open.
 * Both may be closed by listeners_close() afterwards: a socket is shared, not
 * moved. Returns COP_OK, COP_E_IO (reported: in use, not permitted...) or
 * COP_E_LIMIT; on failure nothing stays open in *out. */
COP_MUST_USE enum cop_status listeners_open(const struct config *config,
    const struct listeners *from, struct listeners *out);
void listeners_close(struct listeners *listeners);

#endif

/* The header that a balancer puts before a connection to say whose it is: the
 * PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt). A codec:
 * bytes in, facts out. Whom to believe is the caller's to know. */
#ifndef GATEWAY_NET_PROXY_HEADER_H
#define GATEWAY_NET_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "cop/slice.h"
#include "cop/status.h"

enum {
    /* Bytes of a header that are read; what balancers send is below 600. */
    PROXY_HEADER_MAX = 4096
};

struct proxy_header {
    size_t n; /* bytes of the header: what comes behind is the client's */
    /* False: the balancer speaks for itself (LOCAL), or for something that has
     * no internet address (UNKNOWN, a Unix socket). */
    bool has_addresses;
    struct sockaddr_storage from; /* the client */
    struct sockaddr_storage to;   /* where it connected to */
};

/* Read the header from the bytes that arrived so far, always from the first.
 * Version 2's additions (TLVs) are passed over.
 * Returns COP_OK; COP_AGAIN (not whole yet); COP_E_SYNTAX (no header, or a
 * malformed one); COP_E_LIMIT (longer than PROXY_HEADER_MAX). */
COP_MUST_USE enum cop_status proxy_header_parse(
    struct cop_slice bytes, struct proxy_header *out);

#endif

/* The conductor: accepted connections in, decisions and bytes out. The only
 * folder that knows all others. One a worker. */
#ifndef GATEWAY_FLOW_H
#define GATEWAY_FLOW_H

#include <stdint.h>
#include <sys/socket.h>

#include "gateway/flow/exempt.h"
#include "gateway/flow/world.h"
#include "gateway/loop/loop.h"
#include "gateway/record/record.h"
#include "gateway/tls/leaf.h"

struct flow;

enum { FLOW_KEY_BYTES = 32 };

struct flow_parts {
    struct loop *loop;
    struct world *world;              /* held */
    struct leaves *leaves;            /* borrowed */
    struct tls_server *server;        /* borrowed */
    struct record *record;            /* borrowed */
    const char *pseudonym;            /* in Via, unique to this gateway */
    const unsigned char *consent_key; /* FLOW_KEY_BYTES of going on behind
                                         warnings, borrowed; the same in all
                                         workers */
    int shed_from; /* a client's descriptor from which on new connections are
                      turned away; 0: none */
};

COP_MUST_USE enum cop_status flow_new(
    const struct flow_parts *parts, struct flow **out);
/* All connections must have ended, or are closed now. */
void flow_free(struct flow **flow);

/* Take an accepted, non-blocking socket. Always takes the descriptor; at a
 * limit it is closed with a reason.
 * door  which of the configuration's listeners it was accepted on */
void flow_accept(struct flow *flow, int fd,
    const struct sockaddr_storage *client, uint32_t door);

/* Decide by another world from now on (reload). Takes a reference. */
void flow_reload(struct flow *flow, struct world *world);

/* Take no more, close idle connections, let others end within the
 * configuration's drain time; then `done` is called once. */
typedef void flow_drained_fn(void *context);
void flow_drain(struct flow *flow, flow_drained_fn *done, void *context);

struct flow_counts {
    uint64_t connections; /* accepted since start */
    uint64_t open;
    uint64_t requests;
    uint64_t streams; /* requests of HTTP/2, in `requests` too */
    uint64_t blocked;
    uint64_t spliced;
    uint64_t intercepted;
    struct cop_cache_counts cache;
    uint64_t ended[COP_REASONS];
    int64_t built_unix[COP_DATABASES]; /* when those in use were; 0: none */
};
void flow_count(const struct flow *flow, struct flow_counts *out);
/* Hosts that an operator may want to exempt from being decrypted (exempt.h). */
void flow_each_exempt(struct flow *flow, exempt_fn *fn, void *context);

#endif

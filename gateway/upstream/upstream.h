/* Connections to servers: made, verified, kept for reuse, given back. */
#ifndef GATEWAY_UPSTREAM_H
#define GATEWAY_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/loop/loop.h"
#include "gateway/net/dial.h"
#include "gateway/tls/wire.h"

struct config;
struct upstreams; /* a worker's pool */
struct upstream_wait;
struct pool; /* its idle ones */

/* One connection to (is_tls, host, port), with nothing in flight. */
struct upstream {
    struct wire wire;
    struct cop_host host;
    struct sockaddr_storage address; /* where it is connected to */
    struct cop_host mapped;          /* n is 0: the host itself was dialled */
    uint16_t port;
    bool is_tls;
    bool is_reused; /* came from the pool: its first write may find it dead */
    uint64_t requests; /* answered on it; counted by who uses it */
    /* Of wire.fd, for who uses it: one that was idle comes with it registered,
     * so that no descriptor is taken out of the loop and put in again. Set fn
     * at once, then loop_want(), or loop_watch() when watch.fd is -1. */
    struct watch watch;
    void *user; /* whose it is, for watch.fn */
    /* What follows is the pool's own. */
    struct upstreams *pool;
    struct pool *home; /* while it is idle */
    struct timer idle_timer;
    struct upstream *next, *prev;   /* of the same bucket */
    struct upstream *newer, *older; /* of all that are idle */
    uint64_t epoch;
};

/* loop, dialer and config must outlive the pool, or config until it is
 * replaced; client is held. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status upstreams_new(struct loop *loop,
    struct dialer *dialer, const struct config *config,
    struct tls_client *client, struct upstreams **out);
/* Use other limits and trust from now on; idle connections made under another
 * trust are closed. */
void upstreams_reconfigure(struct upstreams *upstreams,
    const struct config *config, struct tls_client *client);
/* Connections that were handed out must have been put back or closed, waits
 * have ended or been cancelled. */
void upstreams_free(struct upstreams **upstreams);

/* Called once, from the loop. upstream is now the callee's; NULL on failure,
 * then detail says more where there is more to say, else "". */
typedef void upstream_fn(void *context, struct upstream *upstream,
    enum cop_reason reason, const char *detail);

/* Where to, and how. An idle connection to an address that is barred is left
 * where it is: it may be another's to use. */
struct upstream_to {
    struct dial_to dial; /* its host is the one whose name TLS verifies */
    const struct cop_host *mapped; /* dialled in its stead; NULL: it itself */
    bool is_tls;
    bool is_fresh; /* take none from the pool: a reused one just died */
};

/* COP_OK: *upstream is an idle connection of the pool, alive when last looked
 * at. COP_AGAIN: a new one is being made (dial, handshake, verification);
 * *wait is valid until the callback or upstreams_cancel().
 * Else COP_E_NOMEM, or what dial_start() could not do. */
COP_MUST_USE enum cop_status upstreams_get(struct upstreams *upstreams,
    const struct upstream_to *to, upstream_fn *fn, void *context,
    struct upstream **upstream, struct upstream_wait **wait);
void upstreams_cancel(struct upstream_wait **wait);

/* Give back for reuse: no bytes in flight, the last response ended cleanly, the
 * caller no longer watches its descriptor. Closed when it is dead, made under
 * another trust, or there are enough already. */
void upstream_put(struct upstream **upstream);
/* Close, unwatch and free. */
void upstream_close(struct upstream **upstream);

#endif

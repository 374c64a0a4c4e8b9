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
#include "gateway/upstream/session.h"

struct config;
struct upstreams; /* a worker's pool */
struct upstream_wait;
struct pool;   /* its idle ones */
struct shared; /* those of HTTP/2 */

/* Where a connection leads. */
struct place {
    bool is_tls;
    const struct cop_host *host;
    uint16_t port;
    const struct cop_host *mapped; /* dialled in the host's stead, or NULL */
    /* AIM_ONLY is part of the place: what leads there serves nobody who is on
     * the way to another address, whatever name was given. */
    struct aim aim;
};

/* One connection to a place. Of HTTP/1 it is its user's alone, with nothing in
 * flight; of HTTP/2 it is everybody's, and stays the pool's own: open a stream
 * on its session, at once, and use nothing else of it. */
struct upstream {
    struct wire wire;
    struct session *session; /* HTTP/2; else NULL */
    struct cop_host host;
    struct sockaddr_storage address; /* where it is connected to */
    struct cop_host mapped;          /* n is 0: the host itself was dialled */
    struct aim aim;                  /* how that address was chosen */
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
    struct upstream *newer, *older; /* of all that are idle, or shared */
    uint64_t epoch;
    struct shared *shared;  /* of HTTP/2: whose it is */
    struct session carried; /* what `session` points to */
    bool is_listed;         /* new streams may be opened on it */
    int64_t used_ms;        /* when it last had one */
    int64_t asked_ms;       /* when it was last asked whether it lives */
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

/* What kind of connection is wanted, in bits. */
enum {
    UPSTREAM_FRESH = 1,    /* a new one: one that was there just died */
    UPSTREAM_HTTP1 = 2,    /* HTTP/1, whatever else the server speaks */
    UPSTREAM_WEBSOCKET = 4 /* HTTP/1, or one whose server takes WebSockets */
};

/* Where to, and how. A connection to an address that is barred is left where
 * it is: it may be another's to use. */
struct upstream_to {
    struct dial_to dial; /* its host is the one whose name TLS verifies */
    const struct cop_host *mapped; /* dialled in its stead; NULL: it itself */
    bool is_tls;
    unsigned how;
};

/* COP_OK: *upstream is an idle connection of the pool, alive when last looked
 * at, or one of HTTP/2 that takes another stream. COP_AGAIN: a new one is being
 * made (dial, handshake, verification), maybe by another who waits for the same
 * place; *wait is valid until the callback or upstreams_cancel().
 * Else COP_E_NOMEM, or what dial_start() could not do. */
COP_MUST_USE enum cop_status upstreams_get(struct upstreams *upstreams,
    const struct upstream_to *to, upstream_fn *fn, void *context,
    struct upstream **upstream, struct upstream_wait **wait);
void upstreams_cancel(struct upstream_wait **wait);

/* Events of streams that were opened on sessions of this pool, with what their
 * user was set to. */
typedef void upstream_stream_fn(
    struct h2_stream *stream, void *user, unsigned events);
void upstreams_on_stream(struct upstreams *upstreams, upstream_stream_fn *fn);

/* Give back for reuse: no bytes in flight, the last response ended cleanly, the
 * caller no longer watches its descriptor. Closed when it is dead, made under
 * another trust, its server asked who we are, or there are enough already.
 * Nothing happens to one of HTTP/2, which was never given away. */
void upstream_put(struct upstream **upstream);
/* Close, unwatch and free. */
void upstream_close(struct upstream **upstream);

#endif

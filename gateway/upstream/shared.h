/* Connections of HTTP/2 to servers, each used by many at once: found by where
 * they lead, kept until they idle too long, end, or are told to go. For
 * gateway/upstream/ alone.
 *
 * What may share one: requests to the same (is_tls, host, port) that was
 * verified under the trust of now. A server that asked for a certificate of
 * ours is never shared; requests that prove an identity to their connection
 * (NTLM, Negotiate) never come here. */
#ifndef GATEWAY_UPSTREAM_SHARED_H
#define GATEWAY_UPSTREAM_SHARED_H

#include "gateway/upstream/upstream.h"

struct config_limits;

enum { SHARED_BUCKETS = 256 };

struct shared {
    struct loop *loop;
    struct upstream *buckets[SHARED_BUCKETS]; /* those that are listed */
    struct upstream *all;
    upstream_stream_fn *on_stream;
    uint64_t secret[2];
    uint32_t idle_ms; /* as configured when the newest was made */
    char scratch[SESSION_SCRATCH_BYTES];
};

COP_MUST_USE enum cop_status shared_init(
    struct shared *shared, struct loop *loop);
/* Close all; their streams have been released. */
void shared_fini(struct shared *shared);

/* Speak HTTP/2 over a connection on which it was agreed. It belongs to
 * `shared` from then on.
 * is_listed  others may find it; else it is for who opens a stream on it now
 * COP_OK, or COP_E_NOMEM and it is still the caller's. */
COP_MUST_USE enum cop_status shared_start(struct shared *shared,
    struct upstream *upstream, const struct config_limits *limits,
    bool is_listed);
/* One that takes another stream now, whose address is not barred, and which
 * takes WebSockets where that is asked for; or NULL. */
struct upstream *shared_find(
    struct shared *shared, const struct upstream_to *to);
/* No new streams on any: the trust has changed. */
void shared_retire_all(struct shared *shared);

#endif

/* A worker's minted certificates: cached by name, bounded, asked of keyd when
 * missing; several waiters for one name share one request. One EC P-256 leaf
 * key a worker, made at start, never written anywhere. */
#ifndef GATEWAY_TLS_LEAF_H
#define GATEWAY_TLS_LEAF_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/loop/loop.h"

struct leaves;
struct leaf;      /* counted: leaf_hold/leaf_drop */
struct leaf_wait; /* one waiter */

/* keyd_fd   SOCK_SEQPACKET, non-blocking, borrowed
 * capacity  certificates kept, least recently used go first */
COP_MUST_USE enum cop_status leaves_new(
    struct loop *loop, int keyd_fd, uint32_t capacity, struct leaves **out);
void leaves_free(struct leaves **leaves);
/* Forget all (the CA changed). */
void leaves_clear(struct leaves *leaves);

/* Called once, from the loop. leaf is borrowed for the call (hold it to keep
 * it), NULL when keyd failed or took too long (COP_REASON_MINT), has made too
 * many already (_MINT_LIMIT), or the authority excludes the name
 * (_MINT_EXCLUDED). */
typedef void leaf_fn(void *context, struct leaf *leaf, enum cop_reason reason);

/* COP_OK: *leaf is a new reference, no callback comes. COP_AGAIN: *wait is
 * valid until the callback or leaves_cancel(). Else COP_E_NOMEM, COP_E_LIMIT
 * (too many waiting). */
COP_MUST_USE enum cop_status leaves_get(struct leaves *leaves,
    const struct cop_host *host, leaf_fn *fn, void *context, struct leaf **leaf,
    struct leaf_wait **wait);
void leaves_cancel(struct leaf_wait **wait);

/* Whether keyd is gone for this worker: names in the cache still work, others
 * never will. */
bool leaves_is_orphaned(const struct leaves *leaves);

struct leaf *leaf_hold(struct leaf *leaf);
void leaf_drop(struct leaf **leaf);

#endif

/* Hosts that do not bear interception, for an operator to exempt: apps that
 * refuse our certificate, servers that want one of the client. Nothing is
 * exempted by itself: a child who makes an app refuse must gain nothing by it.
 */
#ifndef GATEWAY_FLOW_EXEMPT_H
#define GATEWAY_FLOW_EXEMPT_H

#include <stdint.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/tls/lru.h"

enum { EXEMPT_MAX = 256 /* hosts kept, the last ones */ };

struct exempt {
    struct lru hosts;
};

COP_MUST_USE enum cop_status exempt_init(struct exempt *exempt);
void exempt_fini(struct exempt *exempt);

/* A connection to `host` ended so. Only CLIENT_DISTRUST and CLIENT_CERTIFICATE
 * are counted; without memory not even those. */
void exempt_note(
    struct exempt *exempt, const struct cop_host *host, enum cop_reason reason);

/* Each host with how often it was refused by clients and how often it asked for
 * a certificate, the last one first. The host lives for the call. */
typedef void exempt_fn(void *context, const struct cop_host *host,
    uint64_t distrusted, uint64_t wanted);
void exempt_each(struct exempt *exempt, exempt_fn *fn, void *context);

#endif

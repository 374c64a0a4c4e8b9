/* A tunnel that is not read: bytes move between two sockets inside the kernel
 * (splice(2)), both ways, with back-pressure, half-closes passed on. */
#ifndef GATEWAY_NET_PUMP_H
#define GATEWAY_NET_PUMP_H

#include <stdint.h>

#include "cop/reason.h"
#include "cop/slice.h"
#include "gateway/loop/loop.h"

struct pump;

struct pump_counts {
    uint64_t up_bytes;   /* a to b */
    uint64_t down_bytes; /* b to a */
};

/* Called once, from the loop, when both directions have ended or it failed;
 * both descriptors are closed by then, the pump is freed after it returns.
 * reason   COP_REASON_CLIENT_CLOSED or COP_REASON_ORIGIN_CLOSED: who ended
 *          first (a is the client's, b the origin's); COP_REASON_CLIENT_ABORT
 *          or COP_REASON_ORIGIN_ABORT: who broke off; COP_REASON_IDLE;
 *          COP_REASON_LIMIT, COP_REASON_MEMORY */
typedef void pump_fn(
    void *context, enum cop_reason reason, const struct pump_counts *counts);

/* Start pumping. Takes both descriptors, stream sockets that do not block, on
 * COP_OK only. The process must ignore SIGPIPE.
 * first    bytes already read from a, sent to b before anything else; copied
 * idle_ms  ends with COP_REASON_IDLE when nothing moved for so long
 * Pipes are held only while bytes are in flight, so an idle tunnel costs two
 * descriptors. Returns COP_OK, COP_E_NOMEM, COP_E_IO. */
COP_MUST_USE enum cop_status pump_start(struct loop *loop, int a, int b,
    struct cop_slice first, uint32_t idle_ms, pump_fn *fn, void *context,
    struct pump **out);
/* Close now, no callback. Nulls *pump. */
void pump_cancel(struct pump **pump);

#endif

/* What operators and the kernel tell the parent, as events of its loop. */
#ifndef GATEWAY_PROC_SIGNALS_H
#define GATEWAY_PROC_SIGNALS_H

#include "gateway/loop/loop.h"

/* Block TERM, INT, HUP, CHLD, USR1 and USR2, and watch a signalfd(2) of them,
 * which is the caller's to close. PIPE is ignored. COP_OK or COP_E_IO. */
COP_MUST_USE enum cop_status signals_watch(
    struct loop *loop, watch_fn *fn, struct watch *out);

#endif

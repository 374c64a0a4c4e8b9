/* Where lines go: gathered, written whole at the end of a turn, held while
 * nobody takes them, dropped and counted when too many are held. It never
 * blocks the worker and never changes the descriptor's flags, which it may
 * share with other processes. */
#ifndef GATEWAY_RECORD_SINK_H
#define GATEWAY_RECORD_SINK_H

#include "cop/slice.h"
#include "gateway/loop/loop.h"

struct sink;

/* fd   borrowed. The process must ignore SIGPIPE.
 * COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status sink_new(
    struct loop *loop, int fd, struct sink **out);
/* Write what can be written; what cannot is lost. */
void sink_free(struct sink **sink);

/* Add a line, line feed included, at most LINE_MAX_BYTES. */
void sink_add(struct sink *sink, struct cop_slice line);
/* Write now what can be written without waiting. */
void sink_flush(struct sink *sink);
/* Write to another descriptor from now on. A line of which the first half is
 * in the old one is given up. */
void sink_redirect(struct sink *sink, int fd);

#endif

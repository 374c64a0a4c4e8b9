/* What a parent and the one that is to take its place say to each other.
 *
 * They may be of different versions, so this is not channel.h, which belongs
 * to one: a datagram of 16 bytes on a SOCK_SEQPACKET pair, whole numbers of
 * four bytes, least byte first, of a form that stays.
 *
 *   0   "CUP1"
 *   4   what it says: 1 sockets (with them beside it), 2 ready
 *   8   how many sockets
 *  12   zero
 *
 * Anything else is refused. The new parent finds its end at ROLE_CHANNEL_FD
 * and HANDOVER_VARIABLE in its environment. */
#ifndef GATEWAY_PROC_HANDOVER_H
#define GATEWAY_PROC_HANDOVER_H

#include "cop/status.h"
#include "gateway/proc/listeners.h"

enum { HANDOVER_BYTES = 16 };

#define HANDOVER_VARIABLE "COPGATE_HANDOVER"

/* The new one's end of the line; the variable is taken out of the environment.
 * out  the descriptor, close-on-exec; -1 if nobody hands over
 * Returns COP_OK; COP_E_SYNTAX, reported, for a variable without a line. */
COP_MUST_USE enum cop_status handover_line(int *out);

/* Give listening sockets (shared, not moved). COP_OK or COP_E_IO. */
COP_MUST_USE enum cop_status handover_give(
    int line, const struct listeners *listeners);
/* Take them: each listens for TCP at an address of its own, which is asked of
 * the kernel. Waits for five seconds at most.
 * out  the caller's to close; nothing is open in it on failure
 * Returns COP_OK, COP_E_SYNTAX, COP_E_IO; reported. */
COP_MUST_USE enum cop_status handover_take(int line, struct listeners *out);

/* "The workers take connections." COP_OK, or COP_E_IO: nobody hears it. */
COP_MUST_USE enum cop_status handover_tell_ready(int line);
/* Returns COP_OK: it is ready; COP_AGAIN; COP_E_TRUNCATED: the other end is
 * closed; COP_E_SYNTAX: it says something else. */
COP_MUST_USE enum cop_status handover_hear_ready(int line);

#endif

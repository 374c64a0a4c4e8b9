/* How processes talk: one framed message a datagram on a SOCK_SEQPACKET pair,
 * of a fixed size for its kind, with descriptors beside it.
 *
 * Who may send what is the table in channel.tbl; anything else is refused by
 * channel_receive() and ends the peer. Messages are not program structs of
 * either side: they hold numbers only, everything with a meaning of its own
 * (configuration, policy) travels as a sealed descriptor. */
#ifndef GATEWAY_PROC_CHANNEL_H
#define GATEWAY_PROC_CHANNEL_H

#include <stdint.h>

#include "cop/status.h"

enum { CHANNEL_FDS_MAX = 64 };

enum channel_kind {
#define CHANNEL_KIND(symbol, number, from, text) symbol = (number),
#include "gateway/proc/channel.tbl"
};

/* Who sends a kind of message. */
enum channel_end { CHANNEL_PARENT, CHANNEL_WORKER, CHANNEL_KEYD };

struct channel_message {
    uint32_t kind;       /* enum channel_kind */
    uint32_t generation; /* of the world it is about */
    uint32_t bundles;    /* CHANNEL_WORLD: how many of the descriptors are... */
    uint32_t has_policy; /* 0 or 1 */
    uint32_t has_keyd;   /* 0 or 1 */
    uint32_t listens;
    int32_t status;     /* CHANNEL_READY: an enum cop_status */
    uint32_t databases; /* a bit for each kind of database that is there */
    uint32_t has_revoked;     /* CHANNEL_WORLD: 0 or 1 */
    uint32_t has_passphrase;  /* CHANNEL_CA: 0 or 1 */
    uint32_t has_log;         /* CHANNEL_CA: 0 or 1 */
    uint32_t mint_per_second; /* CHANNEL_CA: for one worker */
    unsigned char secret[32]; /* CHANNEL_WORLD: what workers sign with for each
                                 other; else zeros */
};

/* A connected pair, close-on-exec, non-blocking. COP_OK or COP_E_IO. */
COP_MUST_USE enum cop_status channel_pair(int out[2]);

/* Send a message with descriptors (borrowed). Waits while the peer's queue is
 * full, for five seconds at most. COP_OK or COP_E_IO. */
COP_MUST_USE enum cop_status channel_send(int fd,
    const struct channel_message *message, const int *fds, uint32_t fds_n);

/* Receive what `from` may send.
 * fds     gets up to CHANNEL_FDS_MAX descriptors, close-on-exec, the caller's
 * Returns COP_OK; COP_AGAIN (nothing there); COP_E_TRUNCATED (the peer is
 * gone); COP_E_SYNTAX (not a message, or not this peer's to send; nothing was
 * received); COP_E_IO. */
COP_MUST_USE enum cop_status channel_receive(int fd, enum channel_end from,
    struct channel_message *out, int fds[CHANNEL_FDS_MAX], uint32_t *fds_n);

#endif

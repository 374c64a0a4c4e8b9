/* Connect to a host: resolve once, check each address against what clients may
 * reach, connect to the very address that was checked, the next one if it
 * fails. */
#ifndef GATEWAY_NET_DIAL_H
#define GATEWAY_NET_DIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "gateway/loop/loop.h"

struct config;
struct dialer; /* a worker's resolver, its cache, and its rules of reach */
struct dial;   /* one attempt */

/* The loop must outlive the dialer; of the configuration what is needed is
 * copied. Where the gateway itself listens (config->listens) is never dialled.
 * The system's name servers are read here, once, for configurations that name
 * none. One dialer a process and thread. COP_OK, COP_E_NOMEM, COP_E_IO. */
COP_MUST_USE enum cop_status dialer_new(
    struct loop *loop, const struct config *config, struct dialer **out);
/* Use another configuration from now on; attempts under way go on, with the
 * new rules of reach. On failure the earlier one is in use. COP_OK or
 * COP_E_NOMEM. */
COP_MUST_USE enum cop_status dialer_reconfigure(
    struct dialer *dialer, const struct config *config);
/* Attempts under way are cancelled. Not from within a dial_fn. */
void dialer_free(struct dialer **dialer);

/* The outcome. Called once, never from within dial_start().
 * fd       connected, non-blocking, TCP_NODELAY, now the callee's; -1 on
 *          failure
 * reason   COP_REASON_NONE on success, else RESOLVE, RESOLVE_TIMEOUT, CONNECT,
 *          CONNECT_TIMEOUT, REACH, LIMIT (descriptors, questions), MEMORY, or
 *          REFUSED where an address was barred and no other one answered
 * address  where it is connected, or the last one tried; NULL if none was */
typedef void dial_fn(void *context, int fd, enum cop_reason reason,
    const struct sockaddr_storage *address);

/* Asked about each address right before it would be connected to, after the
 * rules of reach: whether it must not be. None (all zeros) bars nothing. */
struct dial_bar {
    bool (*bars)(void *context, const struct sockaddr_storage *address);
    void *context; /* outlives the dial */
};

/* Where somebody was on the way to when asked for a host. */
enum aim_kind {
    AIM_NONE,
    AIM_HINT, /* tried first, if it is one of the host's addresses; else not */
    AIM_ONLY  /* connect there and nowhere else */
};
struct aim {
    enum aim_kind kind;
    uint8_t address[16]; /* IPv4 as IPv4-mapped */
};
/* Whether connections made with one lead where those with the other do. */
bool aim_eq(const struct aim *a, const struct aim *b);

/* Where to. */
struct dial_to {
    const struct cop_host *host;
    uint16_t port;
    struct dial_bar bar;
    struct aim aim;
};

static inline bool dial_bars(
    const struct dial_bar *bar, const struct sockaddr_storage *address)
{
    return bar->bars != NULL && bar->bars(bar->context, address);
}

/* Start; *out is valid until the callback or dial_cancel(). COP_OK or
 * COP_E_NOMEM. */
COP_MUST_USE enum cop_status dial_start(struct dialer *dialer,
    const struct dial_to *to, dial_fn *fn, void *context, struct dial **out);
/* No callback comes after. Nulls *dial. */
void dial_cancel(struct dial **dial);

#endif

/* Where a connection was going before the kernel brought it here. */
#ifndef GATEWAY_NET_ORIGIN_H
#define GATEWAY_NET_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Let a listening socket take connections to addresses that are not this
 * machine's (IP_TRANSPARENT, for TPROXY). Needs CAP_NET_ADMIN; without it only
 * what is redirected arrives. False with errno. */
bool origin_permit_foreign(int fd, int family);

/* The destination that the client of an accepted connection asked for.
 *
 * With TPROXY it is the socket's own address: the port is then not the
 * listener's. With REDIRECT the socket's address is the listener's, and
 * connection tracking remembers the destination. A connection whose destination
 * is the listener itself was made to it directly, and has none.
 *
 * listener_port  that the socket was accepted on; must not be among the ports
 *                that are brought here
 * False: it was made directly, or nobody can tell. */
bool origin_find(int fd, uint16_t listener_port, struct sockaddr_storage *out);

/* Whether an address is one of this machine's. Asks the routes, so it stays
 * right when interfaces come and go and where foreign addresses may be bound;
 * in doubt it is. */
bool origin_is_here(const struct sockaddr_storage *address);

#endif

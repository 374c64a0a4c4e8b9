/* Networks of addresses in CIDR notation (RFC 4632 3.1, RFC 4291 2.3) and
 * their one canonical text. */
#ifndef RULES_BASE_CIDR_H
#define RULES_BASE_CIDR_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/host.h"
#include "rules/base/ip.h"

enum {
    CIDR_TEXT_MAX = IP_TEXT_MAX + 4, /* "/128", NUL not counted */
    CIDR_IP4_BITS = 32,
    CIDR_IP6_BITS = 128
};

struct cidr {
    bool is_ip6;
    uint8_t bits;     /* of the prefix */
    uint8_t addr[16]; /* IPv4 in the first four; zero beyond the prefix */
};

enum cidr_flaw {
    CIDR_FINE,
    CIDR_NO_ADDRESS,
    CIDR_NO_LENGTH, /* what follows the slash is no length of a prefix */
    CIDR_HOST_BITS  /* the address says more than the prefix */
};

/* Read "192.0.2.0/24", "2001:db8::/32", or an address, which is a network of
 * its own. IPv4 is four decimal numbers and nothing else. What is written in
 * IPv6 for IPv4 becomes IPv4, as it does in a host.
 * out    written on CIDR_FINE, and on CIDR_HOST_BITS with those bits cleared */
enum cidr_flaw cidr_parse(struct cop_slice text, struct cidr *out);

/* The canonical text, with NUL. Returns the bytes before it. */
size_t cidr_print(const struct cidr *cidr, char out[CIDR_TEXT_MAX + 1]);

/* Clear all bits of an address behind the first `bits`; true when there were
 * any.
 * n      bytes of the address */
bool cidr_mask(uint8_t *address, unsigned n, unsigned bits);

#endif

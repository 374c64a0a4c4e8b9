/* IPv4 and IPv6 addresses as URLs spell them (WHATWG URL, sections 3.5.1 and
 * 3.5.2), and their one canonical text. */
#ifndef RULES_BASE_IP_H
#define RULES_BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"

enum {
    IP4_BYTES = 4,
    IP6_BYTES = 16,
    IP_TEXT_MAX = 39 /* of the longest address, NUL not counted */
};

/* Whether a name without trailing dot ends in a number, and so is an IPv4
 * address or nothing. */
bool ip4_is_meant(struct cop_slice name);

/* One to four numbers, decimal, octal ("0177") or hexadecimal ("0x7f"), the
 * last of which fills the bytes that are left; without trailing dot.
 * out    written when true is returned */
bool ip4_parse(struct cop_slice text, uint8_t out[IP4_BYTES]);

/* IPv6 without brackets, any compression, an IPv4 tail allowed; no zone.
 * out    written when true is returned */
bool ip6_parse(struct cop_slice text, uint8_t out[IP6_BYTES]);

/* Whether an IPv6 address stands for an IPv4 one: ::ffff:0:0/96 (RFC 4291
 * 2.5.5.2) and the well-known prefix of NAT64, 64:ff9b::/96 (RFC 6052 2.1).
 * The IPv4 address is then the last four bytes. */
bool ip6_holds_ip4(const uint8_t address[IP6_BYTES]);

/* Dotted quad; RFC 5952 without dotted tail. Both end in NUL and return the
 * bytes before it. */
size_t ip4_print(const uint8_t address[IP4_BYTES], char out[IP_TEXT_MAX + 1]);
size_t ip6_print(const uint8_t address[IP6_BYTES], char out[IP_TEXT_MAX + 1]);

#endif

/* Addresses and networks as they are written in configuration files. */
#ifndef GATEWAY_CONFIG_NETWORK_H
#define GATEWAY_CONFIG_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cop/slice.h"
#include "cop/status.h"

/* Parse a network, or an address as a network of one.
 * address  16 bytes, IPv4 as IPv4-mapped IPv6
 * bits     of 128: 96 more than written for IPv4
 * Returns COP_OK, COP_E_SYNTAX, or COP_E_RANGE when bits are set behind the
 * prefix, which is more likely a slip than meant. */
COP_MUST_USE enum cop_status network_parse(
    struct cop_slice text, uint8_t address[16], uint8_t *bits);

/* Parse "192.0.2.1:3128", "[2001:db8::1]:3128", or an address alone.
 * default_port  for an address alone; 0 also lets a port of 0 be written
 * Returns false, with *out undefined, when it is none of these. */
bool network_socket(struct cop_slice text, uint16_t default_port,
    struct sockaddr_storage *out, socklen_t *out_n);

#endif

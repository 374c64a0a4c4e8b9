/* Socket addresses: make, print, compare, and membership of networks. */
#ifndef GATEWAY_NET_ADDRESS_H
#define GATEWAY_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cop/host.h"
#include "cop/slice.h"

enum { ADDRESS_TEXT_MAX = 64 };

/* A host that is an address, with a port. COP_OK or COP_E_SYNTAX. */
COP_MUST_USE enum cop_status address_from_host(const struct cop_host *host,
    uint16_t port, struct sockaddr_storage *out, socklen_t *out_n);
/* The reverse of address_bytes(): IPv4-mapped becomes IPv4. */
void address_from_bytes(const uint8_t bytes[16], uint16_t port,
    struct sockaddr_storage *out, socklen_t *out_n);
/* The address without its port into `out` (IPv4-mapped as IPv4). */
struct cop_slice address_print(
    const struct sockaddr_storage *address, char out[ADDRESS_TEXT_MAX]);
socklen_t address_size(const struct sockaddr_storage *address);
uint16_t address_port(const struct sockaddr_storage *address);
void address_set_port(struct sockaddr_storage *address, uint16_t port);
/* 16 bytes, IPv4 as IPv4-mapped IPv6. */
void address_bytes(const struct sockaddr_storage *address, uint8_t out[16]);
/* Whether 16 bytes are an IPv4-mapped address. */
bool address_is_ipv4(const uint8_t address[16]);
/* Whether two 16-byte addresses share their first `bits` bits. */
bool address_within(
    const uint8_t address[16], const uint8_t network[16], uint8_t bits);

#endif

#include "gateway/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool address_is_ipv4(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static void address_set_ipv4(struct sockaddr_storage *out,
    const void *four_bytes, uint16_t port, socklen_t *out_n)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

    memcpy(&in.sin_addr, four_bytes, 4);
    memset(out, 0, sizeof(*out));
    memcpy(out, &in, sizeof(in));
    *out_n = sizeof(in);
}

static void address_set_ipv6(struct sockaddr_storage *out,
    const void *sixteen_bytes, uint16_t port, socklen_t *out_n)
{
    struct sockaddr_in6 in = {
        .sin6_family = AF_INET6, .sin6_port = htons(port)};

    memcpy(&in.sin6_addr, sixteen_bytes, 16);
    memset(out, 0, sizeof(*out));
    memcpy(out, &in, sizeof(in));
    *out_n = sizeof(in);
}

enum cop_status address_from_host(const struct cop_host *host, uint16_t port,
    struct sockaddr_storage *out, socklen_t *out_n)
{
    if (host->kind == COP_HOST_IPV4) {
        address_set_ipv4(out, host->addr, port, out_n);
        return COP_OK;
    }
    if (host->kind == COP_HOST_IPV6) {
        address_set_ipv6(out, host->addr, port, out_n);
        return COP_OK;
    }
    return COP_E_SYNTAX;
}

void address_from_bytes(const uint8_t bytes[16], uint16_t port,
    struct sockaddr_storage *out, socklen_t *out_n)
{
    if (address_is_ipv4(bytes)) {
        address_set_ipv4(out, bytes + sizeof(mapped), port, out_n);
    } else {
        address_set_ipv6(out, bytes, port, out_n);
    }
}

/* The families by value, so that no caller casts between pointers. */
static struct sockaddr_in as_ipv4(const struct sockaddr_storage *address)
{
    struct sockaddr_in in;

    memcpy(&in, address, sizeof(in));
    return in;
}

static struct sockaddr_in6 as_ipv6(const struct sockaddr_storage *address)
{
    struct sockaddr_in6 in;

    memcpy(&in, address, sizeof(in));
    return in;
}

struct cop_slice address_print(
    const struct sockaddr_storage *address, char out[ADDRESS_TEXT_MAX])
{
    uint8_t bytes[16];
    bool is_ipv4;

    out[0] = '\0';
    if (address->ss_family == AF_INET || address->ss_family == AF_INET6) {
        address_bytes(address, bytes);
        is_ipv4 = address_is_ipv4(bytes);
        (void)inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
            is_ipv4 ? bytes + sizeof(mapped) : bytes, out, ADDRESS_TEXT_MAX);
    }
    return cop_slice_of(out);
}

socklen_t address_size(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        return sizeof(struct sockaddr_in);
    }
    if (address->ss_family == AF_INET6) {
        return sizeof(struct sockaddr_in6);
    }
    return sizeof(struct sockaddr_storage);
}

uint16_t address_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        return ntohs(as_ipv4(address).sin_port);
    }
    if (address->ss_family == AF_INET6) {
        return ntohs(as_ipv6(address).sin6_port);
    }
    return 0;
}

void address_set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in = as_ipv4(address);

        in.sin_port = htons(port);
        memcpy(address, &in, sizeof(in));
    } else if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 in = as_ipv6(address);

        in.sin6_port = htons(port);
        memcpy(address, &in, sizeof(in));
    }
}

void address_bytes(const struct sockaddr_storage *address, uint8_t out[16])
{
    memset(out, 0, 16);
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in = as_ipv4(address);

        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), &in.sin_addr, 4);
    } else if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 in = as_ipv6(address);

        memcpy(out, &in.sin6_addr, 16);
    }
}

bool address_within(
    const uint8_t address[16], const uint8_t network[16], uint8_t bits)
{
    size_t whole = (bits > 128 ? 128 : bits) / 8;
    unsigned rest = bits > 128 ? 0 : bits % 8;
    unsigned mask = 0xffU << (8 - rest) & 0xffU;

    if (memcmp(address, network, whole) != 0) {
        return false;
    }
    return rest == 0 || ((address[whole] ^ network[whole]) & mask) == 0;
}

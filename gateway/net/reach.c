/* The rules of reach, first match first:
 *
 * 1. An address that only ever means "this machine" or "many" (unspecified,
 *    multicast, broadcast) is never reached: Linux connects 0.0.0.0 to
 *    loopback.
 * 2. The gateway's own listeners are never reached, whatever is allowed, or a
 *    client could send the gateway round in circles.
 * 3. What the configuration allows is reached.
 * 4. Special-purpose IPv4 (RFC 6890 and its registry) and everything in IPv6
 *    but global unicast 2000::/3 is not reached.
 * 5. The rest is.
 *
 * IPv4 inside IPv6 (mapped; NAT64's well-known prefix, RFC 6052) is judged as
 * the IPv4 address that it leads to. A NAT64 prefix of the site's own choosing
 * cannot be told from any other network: such a site denies private targets at
 * its NAT64. 6to4 and Teredo, which hide IPv4 addresses too, are not reached
 * at all. */
#include "gateway/net/reach.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"

struct reach {
    struct config_client *allowed; /* profiles are not looked at */
    uint32_t allowed_n;
    struct config_listen *own;
    uint32_t own_n;
};

struct network {
    uint8_t address[16];
    uint8_t bits;
};

/* An IPv4 network as IPv4-mapped IPv6. */
#define IPV4(a, b, c, d, bits_of_32)                                           \
    {                                                                          \
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d},                \
            96 + (bits_of_32)                                                  \
    }

static const struct network never[] = {
    IPV4(0, 0, 0, 0, 8),                      /* "this network", RFC 791 */
    IPV4(224, 0, 0, 0, 4),                    /* multicast, RFC 5771 */
    IPV4(255, 255, 255, 255, 32), {{0}, 128}, /* unspecified */
    {{0xff}, 8},                              /* multicast */
};

static const struct network special[] = {
    IPV4(10, 0, 0, 0, 8),           /* private, RFC 1918 */
    IPV4(100, 64, 0, 0, 10),        /* carrier-grade NAT, RFC 6598 */
    IPV4(127, 0, 0, 0, 8),          /* loopback */
    IPV4(169, 254, 0, 0, 16),       /* link-local, RFC 3927; clouds' metadata */
    IPV4(172, 16, 0, 0, 12),        /* private */
    IPV4(192, 0, 0, 0, 24),         /* protocol assignments, RFC 6890 */
    IPV4(192, 0, 2, 0, 24),         /* documentation, RFC 5737 */
    IPV4(192, 88, 99, 0, 24),       /* 6to4 relays, RFC 7526 */
    IPV4(192, 168, 0, 0, 16),       /* private */
    IPV4(198, 18, 0, 0, 15),        /* benchmarks, RFC 2544 */
    IPV4(198, 51, 100, 0, 24),      /* documentation */
    IPV4(203, 0, 113, 0, 24),       /* documentation */
    IPV4(240, 0, 0, 0, 4),          /* reserved, RFC 1112 */
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo: RFC 2928 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation, RFC 3849 */
    {{0x20, 0x02}, 16},             /* 6to4, RFC 3056 */
    {{0x3f, 0xff, 0x00}, 20},       /* documentation, RFC 9637 */
};

static const struct network global_unicast = {{0x20}, 3};
static const struct network nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static bool within_any(
    const uint8_t address[16], const struct network *networks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (address_within(address, networks[i].address, networks[i].bits)) {
            return true;
        }
    }
    return false;
}

#define WITHIN_ANY(address, networks)                                          \
    within_any(address, networks, sizeof(networks) / sizeof((networks)[0]))

static void *copy_of(const void *from, size_t n, size_t size)
{
    void *copy = calloc(n > 0 ? n : 1, size);

    if (copy != NULL && n > 0) {
        memcpy(copy, from, n * size);
    }
    return copy;
}

enum cop_status reach_new(const struct config *config, struct reach **out)
{
    struct reach *reach = calloc(1, sizeof(*reach));

    if (reach == NULL) {
        return COP_E_NOMEM;
    }
    reach->allowed_n = config->reach_allow_n;
    reach->allowed = copy_of(config->reach_allow, config->reach_allow_n,
        sizeof(*config->reach_allow));
    reach->own_n = config->listens_n;
    reach->own =
        copy_of(config->listens, config->listens_n, sizeof(*config->listens));
    if (reach->allowed == NULL || reach->own == NULL) {
        reach_free(&reach);
        return COP_E_NOMEM;
    }
    *out = reach;
    return COP_OK;
}

void reach_free(struct reach **reach)
{
    if (*reach == NULL) {
        return;
    }
    free((*reach)->allowed);
    free((*reach)->own);
    free(*reach);
    *reach = NULL;
}

/* Whether an address is one of this machine's: only then can a socket be bound
 * to it. Asking the kernel stays right when interfaces come and go. In doubt
 * it is. */
static bool is_of_this_machine(const struct sockaddr_storage *address)
{
    struct sockaddr_storage any_port = *address;
    bool is_ours = true;
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return true;
    }
    address_set_port(&any_port, 0);
    if (bind(fd, (const struct sockaddr *)&any_port, address_size(&any_port)) !=
            0 &&
        errno == EADDRNOTAVAIL) {
        is_ours = false;
    }
    (void)close(fd);
    return is_ours;
}

static bool is_unspecified(const uint8_t address[16])
{
    static const uint8_t zero[16];

    return memcmp(address, zero, 16) == 0 ||
           (address_is_ipv4(address) && memcmp(address + 12, zero, 4) == 0);
}

static bool is_own_listener(const struct reach *reach,
    const struct sockaddr_storage *address, const uint8_t bytes[16])
{
    uint16_t port = address_port(address);

    for (uint32_t i = 0; i < reach->own_n; i++) {
        const struct sockaddr_storage *own = &reach->own[i].address;
        uint8_t own_bytes[16];

        if (address_port(own) != port) {
            continue;
        }
        address_bytes(own, own_bytes);
        if (memcmp(own_bytes, bytes, 16) == 0 ||
            (is_unspecified(own_bytes) && is_of_this_machine(address))) {
            return true;
        }
    }
    return false;
}

static bool is_allowed(const struct reach *reach, const uint8_t bytes[16])
{
    for (uint32_t i = 0; i < reach->allowed_n; i++) {
        if (address_within(
                bytes, reach->allowed[i].address, reach->allowed[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool is_public(const uint8_t bytes[16])
{
    if (WITHIN_ANY(bytes, special)) {
        return false;
    }
    return address_is_ipv4(bytes) ||
           address_within(bytes, global_unicast.address, global_unicast.bits);
}

bool reach_permits(
    const struct reach *reach, const struct sockaddr_storage *address)
{
    struct sockaddr_storage plain; /* IPv4 taken out of IPv6 */
    socklen_t plain_n;
    uint8_t bytes[16];
    uint8_t inner[16];

    if (address->ss_family != AF_INET && address->ss_family != AF_INET6) {
        return false;
    }
    address_bytes(address, bytes);
    memcpy(inner, bytes, 16);
    if (address_within(bytes, nat64.address, nat64.bits)) {
        memset(inner, 0, 10);
        memset(inner + 10, 0xff, 2);
    }
    address_from_bytes(inner, address_port(address), &plain, &plain_n);
    if (WITHIN_ANY(inner, never) || is_own_listener(reach, &plain, inner)) {
        return false;
    }
    return is_allowed(reach, bytes) || is_allowed(reach, inner) ||
           is_public(inner);
}

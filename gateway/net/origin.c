#include "gateway/net/origin.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "gateway/net/address.h"

/* SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST, which are the same number; the
 * kernel's headers for them cannot be included beside the C library's. */
enum { ORIGINAL_DST = 80 };

bool origin_permit_foreign(int fd, int family)
{
    int on = 1;

    return family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT,
                                    &on, sizeof(on)) == 0
                              : setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on,
                                    sizeof(on)) == 0;
}

static bool is_same(
    const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    uint8_t a_bytes[16];
    uint8_t b_bytes[16];

    address_bytes(a, a_bytes);
    address_bytes(b, b_bytes);
    return address_port(a) == address_port(b) &&
           memcmp(a_bytes, b_bytes, sizeof(a_bytes)) == 0;
}

static bool find_redirected(
    int fd, const struct sockaddr_storage *local, struct sockaddr_storage *out)
{
    socklen_t n = sizeof(*out);
    int level = local->ss_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;

    memset(out, 0, sizeof(*out));
    return getsockopt(fd, level, ORIGINAL_DST, out, &n) == 0 &&
           (out->ss_family == AF_INET || out->ss_family == AF_INET6) &&
           address_port(out) != 0 && !is_same(out, local);
}

bool origin_find(int fd, uint16_t listener_port, struct sockaddr_storage *out)
{
    struct sockaddr_storage local;
    socklen_t n = sizeof(local);

    memset(&local, 0, sizeof(local));
    if (getsockname(fd, (struct sockaddr *)(void *)&local, &n) != 0 ||
        (local.ss_family != AF_INET && local.ss_family != AF_INET6)) {
        return false;
    }
    if (address_port(&local) == listener_port) {
        return find_redirected(fd, &local, out);
    }
    *out = local;
    return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    static const uint8_t ipv4[16] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    static const uint8_t ipv6[16] = {[15] = 1};
    uint8_t bytes[16];

    address_bytes(address, bytes);
    return address_within(bytes, ipv4, 96 + 8) ||
           memcmp(bytes, ipv6, sizeof(bytes)) == 0;
}

bool origin_is_here(const struct sockaddr_storage *address)
{
    struct sockaddr_storage any_port = *address;
    struct sockaddr_storage source;
    socklen_t n = sizeof(source);
    bool is_here = true;
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return true;
    }
    /* Nothing is sent. To an address of one's own one speaks from that very
     * address, or, to loopback's many, from loopback. */
    address_set_port(&any_port, 9);
    memset(&source, 0, sizeof(source));
    if (connect(fd, (const struct sockaddr *)(const void *)&any_port,
            address_size(&any_port)) != 0) {
        /* Of one's own addresses none is out of reach: the routes said no, or
         * there was no room to ask. */
        is_here = errno == ENOMEM || errno == ENOBUFS || errno == EAGAIN;
    } else if (getsockname(fd, (struct sockaddr *)(void *)&source, &n) == 0) {
        address_set_port(&source, 9);
        is_here = is_same(&source, &any_port) || is_loopback(&source);
    }
    (void)close(fd);
    return is_here;
}

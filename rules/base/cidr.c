#include "rules/base/cidr.h"

#include <stdio.h>
#include <string.h>

bool cidr_mask(uint8_t *address, unsigned n, unsigned bits)
{
    uint8_t cleared = 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
        uint8_t mask = (uint8_t)(kept >= 8 ? 0xFF : 0xFF00U >> kept);

        cleared |= (uint8_t)(address[i] & (uint8_t)~mask);
        address[i] &= mask;
    }
    return cleared != 0;
}

/* A decimal number of at most `most`, without leading zeros. */
static bool parse_bits(struct cop_slice text, unsigned most, unsigned *out)
{
    unsigned value = 0;

    if (text.n == 0 || text.n > 3 || (text.n > 1 && text.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(text.p[i] - '0');
    }
    *out = value;
    return value <= most;
}

static bool parse_ip4(struct cop_slice text, uint8_t out[IP4_BYTES])
{
    char canonical[IP_TEXT_MAX + 1];

    return ip4_parse(text, out) &&
           cop_slice_eq(
               text, (struct cop_slice){canonical, ip4_print(out, canonical)});
}

/* An IPv6 network that lies in one that stands for IPv4 is that of IPv4. */
static void settle_ip4(struct cidr *cidr)
{
    const unsigned before = CIDR_IP6_BITS - CIDR_IP4_BITS;

    if (cidr->bits < before || !ip6_holds_ip4(cidr->addr)) {
        return;
    }
    memmove(cidr->addr, cidr->addr + IP6_BYTES - IP4_BYTES, IP4_BYTES);
    memset(cidr->addr + IP4_BYTES, 0, IP6_BYTES - IP4_BYTES);
    cidr->bits = (uint8_t)(cidr->bits - before);
    cidr->is_ip6 = false;
}

enum cidr_flaw cidr_parse(struct cop_slice text, struct cidr *out)
{
    const char *slash = memchr(text.p, '/', text.n);
    struct cop_slice address = text;
    struct cidr cidr = {.is_ip6 = memchr(text.p, ':', text.n) != NULL};
    unsigned bits = cidr.is_ip6 ? CIDR_IP6_BITS : CIDR_IP4_BITS;
    bool is_beyond;

    if (slash != NULL) {
        address.n = (size_t)(slash - text.p);
    }
    if (cidr.is_ip6 ? !ip6_parse(address, cidr.addr)
                    : !parse_ip4(address, cidr.addr)) {
        return CIDR_NO_ADDRESS;
    }
    if (slash != NULL &&
        !parse_bits((struct cop_slice){slash + 1, text.n - address.n - 1}, bits,
            &bits)) {
        return CIDR_NO_LENGTH;
    }
    is_beyond = cidr_mask(cidr.addr, cidr.is_ip6 ? IP6_BYTES : IP4_BYTES, bits);
    cidr.bits = (uint8_t)bits;
    if (cidr.is_ip6) {
        settle_ip4(&cidr);
    }
    *out = cidr;
    return is_beyond ? CIDR_HOST_BITS : CIDR_FINE;
}

size_t cidr_print(const struct cidr *cidr, char out[CIDR_TEXT_MAX + 1])
{
    size_t n =
        cidr->is_ip6 ? ip6_print(cidr->addr, out) : ip4_print(cidr->addr, out);

    return n +
           (size_t)snprintf(out + n, CIDR_TEXT_MAX + 1 - n, "/%u", cidr->bits);
}

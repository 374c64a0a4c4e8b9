#include "rules/base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "rules/base/hex.h"

enum { IP6_GROUPS = 8 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number in the notation of inet_aton(); "0x" alone is zero. Numbers beyond
 * 32 bits stay at one more than those can hold.
 * Returns false when it is no number. */
static bool number_parse(struct cop_slice text, uint64_t *out)
{
    const uint64_t most = (uint64_t)UINT32_MAX + 1;
    int base = 10;
    uint64_t value = 0;
    size_t i = 0;

    if (text.n == 0) {
        return false;
    }
    if (text.n >= 2 && text.p[0] == '0') {
        bool is_hex = text.p[1] == 'x' || text.p[1] == 'X';

        base = is_hex ? 16 : 8;
        i = is_hex ? 2 : 1;
    }
    for (; i < text.n; i++) {
        int digit = hex_value(text.p[i]);

        if (digit < 0 || digit >= base) {
            return false;
        }
        value = value * (unsigned)base + (unsigned)digit;
        value = value < most ? value : most;
    }
    *out = value;
    return true;
}

/* What is behind the last dot. */
static struct cop_slice last_label(struct cop_slice name)
{
    const char *dot = name.n != 0 ? memrchr(name.p, '.', name.n) : NULL;

    if (dot == NULL) {
        return name;
    }
    return (struct cop_slice){dot + 1, (size_t)(name.p + name.n - (dot + 1))};
}

bool ip4_is_meant(struct cop_slice name)
{
    struct cop_slice last = last_label(name);
    uint64_t value;

    if (last.n == 0 || !is_digit(last.p[0])) {
        return false;
    }
    for (size_t i = 0; i < last.n; i++) {
        if (!is_digit(last.p[i])) {
            return number_parse(last, &value);
        }
    }
    return true; /* "09" too, though it is no octal number */
}

bool ip4_parse(struct cop_slice text, uint8_t out[IP4_BYTES])
{
    uint32_t address = 0;
    unsigned parts = 0;

    for (;;) {
        const char *dot = text.n != 0 ? memchr(text.p, '.', text.n) : NULL;
        size_t n = dot != NULL ? (size_t)(dot - text.p) : text.n;
        uint64_t value;

        if (parts == IP4_BYTES ||
            !number_parse((struct cop_slice){text.p, n}, &value)) {
            return false;
        }
        unsigned bits = 8 * (IP4_BYTES - parts); /* not filled yet */

        if (dot == NULL) {
            if (value >> bits != 0) {
                return false;
            }
            address |= (uint32_t)value;
            break;
        }
        if (value > UINT8_MAX) {
            return false;
        }
        address |= (uint32_t)value << (bits - 8);
        parts++;
        text.p += n + 1;
        text.n -= n + 1;
    }
    address = htonl(address);
    memcpy(out, &address, IP4_BYTES);
    return true;
}

bool ip6_parse(struct cop_slice text, uint8_t out[IP6_BYTES])
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (text.n == 0 || text.n >= sizeof(copy) ||
        memchr(text.p, '\0', text.n) != NULL) {
        return false;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (inet_pton(AF_INET6, copy, &address) != 1) {
        return false;
    }
    memcpy(out, &address, IP6_BYTES);
    return true;
}

bool ip6_holds_ip4(const uint8_t address[IP6_BYTES])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

    return memcmp(address, mapped, sizeof(mapped)) == 0 ||
           memcmp(address, nat64, sizeof(nat64)) == 0;
}

size_t ip4_print(const uint8_t address[IP4_BYTES], char out[IP_TEXT_MAX + 1])
{
    return (size_t)snprintf(out, IP_TEXT_MAX + 1, "%u.%u.%u.%u", address[0],
        address[1], address[2], address[3]);
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952
 * 4.2); *n is 0 when there is none. */
static unsigned zeros_find(const unsigned group[IP6_GROUPS], unsigned *n)
{
    unsigned best = 0;

    *n = 0;
    for (unsigned i = 0; i < IP6_GROUPS; i++) {
        unsigned end = i;

        while (end < IP6_GROUPS && group[end] == 0) {
            end++;
        }
        if (end - i >= 2 && end - i > *n) {
            best = i;
            *n = end - i;
        }
    }
    return best;
}

size_t ip6_print(const uint8_t address[IP6_BYTES], char out[IP_TEXT_MAX + 1])
{
    unsigned group[IP6_GROUPS];
    unsigned zeros;
    size_t at = 0;

    for (unsigned i = 0; i < IP6_GROUPS; i++) {
        group[i] = (unsigned)address[2 * i] << 8 | address[2 * i + 1];
    }
    unsigned first = zeros_find(group, &zeros);

    for (unsigned i = 0; i < IP6_GROUPS; i++) {
        if (zeros != 0 && i == first) {
            out[at++] = ':';
            i += zeros - 1;
            if (i == IP6_GROUPS - 1) {
                out[at++] = ':';
            }
            continue;
        }
        at += (size_t)snprintf(out + at, IP_TEXT_MAX + 1 - at, "%s%x",
            i != 0 ? ":" : "", group[i]);
    }
    out[at] = '\0';
    return at;
}

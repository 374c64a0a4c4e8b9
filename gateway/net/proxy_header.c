/* Section numbers are those of doc/proxy-protocol.txt, version 2 of 2020.
 *
 * Stricter than it asks for where two readers could come to differ: version 1
 * is read as one spelling of each number and address, and UDP in front of a
 * TCP connection is no header. */
#include "gateway/net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "gateway/net/address.h"

enum {
    V1_LINE_MAX = 107, /* 2.1, with its CR LF */
    V1_WORDS = 6,      /* PROXY TCP4 from to port port */
    V1_WORD_MAX = 46,
    V2_HEADER = 16, /* 2.2: signature, command, family, length */
    V2_IPV4 = 12,
    V2_IPV6 = 36,
    V2_UNIX = 216
};

static const char v1_signature[] = "PROXY ";
static const char v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";

/* Whether the bytes are, as far as they go, those of a signature. */
static bool may_be(struct cop_slice bytes, const char *signature, size_t n)
{
    return memcmp(bytes.p, signature, bytes.n < n ? bytes.n : n) == 0;
}

/* Version 1. */

/* Cut at single spaces. Returns how many words there are; more than `most`
 * count as `most` + 1. */
static size_t v1_split(
    struct cop_slice line, struct cop_slice *words, size_t most)
{
    size_t n = 0;

    for (;;) {
        const char *space = memchr(line.p, ' ', line.n);
        size_t length = space != NULL ? (size_t)(space - line.p) : line.n;

        if (n == most) {
            return most + 1;
        }
        words[n++] = (struct cop_slice){line.p, length};
        if (space == NULL) {
            return n;
        }
        line = (struct cop_slice){space + 1, line.n - length - 1};
    }
}

/* Digits without a leading zero, as 2.1 demands. */
static bool v1_port(struct cop_slice text, uint16_t *port)
{
    unsigned value = 0;

    if (text.n == 0 || text.n > 5 || (text.n > 1 && text.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(text.p[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= 65535;
}

static bool v1_address(int family, struct cop_slice address,
    struct cop_slice port_text, struct sockaddr_storage *out)
{
    char text[V1_WORD_MAX];
    uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
    uint16_t port;
    socklen_t n;

    if (address.n >= sizeof(text) || !v1_port(port_text, &port)) {
        return false;
    }
    memcpy(text, address.p, address.n);
    text[address.n] = '\0';
    if (inet_pton(family, text, family == AF_INET ? bytes + 12 : bytes) != 1 ||
        memchr(address.p, '\0', address.n) != NULL) {
        return false;
    }
    address_from_bytes(bytes, port, out, &n);
    return true;
}

static enum cop_status v1_read(struct cop_slice line, struct proxy_header *out)
{
    struct cop_slice words[V1_WORDS];
    size_t n = v1_split(line, words, V1_WORDS);
    int family = AF_INET6;

    if (n >= 2 && cop_slice_eq(words[1], COP_LIT("UNKNOWN"))) {
        return COP_OK; /* 2.1: what follows is ignored */
    }
    if (n != V1_WORDS) {
        return COP_E_SYNTAX;
    }
    if (cop_slice_eq(words[1], COP_LIT("TCP4"))) {
        family = AF_INET;
    } else if (!cop_slice_eq(words[1], COP_LIT("TCP6"))) {
        return COP_E_SYNTAX;
    }
    out->has_addresses = v1_address(family, words[2], words[4], &out->from) &&
                         v1_address(family, words[3], words[5], &out->to);
    return out->has_addresses ? COP_OK : COP_E_SYNTAX;
}

static enum cop_status v1_parse(
    struct cop_slice bytes, struct proxy_header *out)
{
    size_t most = bytes.n < V1_LINE_MAX ? bytes.n : V1_LINE_MAX;
    const char *end = memchr(bytes.p, '\r', most);
    size_t n;

    if (end == NULL) {
        return bytes.n < V1_LINE_MAX ? COP_AGAIN : COP_E_SYNTAX;
    }
    n = (size_t)(end - bytes.p);
    if (n + 2 > V1_LINE_MAX) {
        return COP_E_SYNTAX;
    }
    if (bytes.n < n + 2) {
        return COP_AGAIN;
    }
    if (end[1] != '\n') {
        return COP_E_SYNTAX;
    }
    out->n = n + 2;
    return v1_read((struct cop_slice){bytes.p, n}, out);
}

/* Version 2. */

static uint16_t big16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void v2_address(size_t size, const uint8_t *address, const uint8_t *port,
    struct sockaddr_storage *out)
{
    uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
    socklen_t n;

    memcpy(bytes + 16 - size, address, size);
    address_from_bytes(bytes, big16(port), out, &n);
}

/* The addresses, of which n bytes are there with what was added to them. */
static enum cop_status v2_read(
    uint8_t family, const uint8_t *p, size_t n, struct proxy_header *out)
{
    switch (family) {
    case 0x00: /* unspecified */
        return COP_OK;
    case 0x11: /* TCP over IPv4 */
        if (n < V2_IPV4) {
            return COP_E_SYNTAX;
        }
        v2_address(4, p, p + 8, &out->from);
        v2_address(4, p + 4, p + 10, &out->to);
        break;
    case 0x21: /* TCP over IPv6 */
        if (n < V2_IPV6) {
            return COP_E_SYNTAX;
        }
        v2_address(16, p, p + 32, &out->from);
        v2_address(16, p + 16, p + 34, &out->to);
        break;
    case 0x31: /* a stream over a Unix socket */
        return n < V2_UNIX ? COP_E_SYNTAX : COP_OK;
    default:
        return COP_E_SYNTAX;
    }
    out->has_addresses = true;
    return COP_OK;
}

static enum cop_status v2_parse(
    struct cop_slice bytes, struct proxy_header *out)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    size_t length;

    if (bytes.n < V2_HEADER) {
        return COP_AGAIN;
    }
    length = big16(p + 14);
    if (p[12] != 0x20 && p[12] != 0x21) { /* version 2: LOCAL, PROXY */
        return COP_E_SYNTAX;
    }
    if (V2_HEADER + length > PROXY_HEADER_MAX) {
        return COP_E_LIMIT;
    }
    if (bytes.n < V2_HEADER + length) {
        return COP_AGAIN;
    }
    out->n = V2_HEADER + length;
    /* 2.2: of LOCAL the family and all that follows mean nothing. */
    return p[12] == 0x20 ? COP_OK : v2_read(p[13], p + V2_HEADER, length, out);
}

enum cop_status proxy_header_parse(
    struct cop_slice bytes, struct proxy_header *out)
{
    struct proxy_header header = {.n = 0};
    enum cop_status status = COP_E_SYNTAX;

    if (bytes.n == 0) {
        return COP_AGAIN;
    }
    if (may_be(bytes, v1_signature, sizeof(v1_signature) - 1)) {
        status = v1_parse(bytes, &header);
    } else if (may_be(bytes, v2_signature, sizeof(v2_signature) - 1)) {
        status = v2_parse(bytes, &header);
    }
    /* One end mapped from IPv4 and the other not: no connection is like that.
     */
    if (status == COP_OK && header.has_addresses &&
        header.from.ss_family != header.to.ss_family) {
        status = COP_E_SYNTAX;
    }
    if (status == COP_OK) {
        *out = header;
    }
    return status;
}

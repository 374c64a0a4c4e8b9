#include "gateway/config/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "rules/base/cidr.h"

enum { NETWORK_TEXT_MAX = 64 };

enum cop_status network_parse(
    struct cop_slice text, uint8_t address[16], uint8_t *bits)
{
    static const uint8_t mapped[12] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct cidr cidr;
    enum cidr_flaw flaw = cidr_parse(text, &cidr);

    if (flaw == CIDR_HOST_BITS) {
        return COP_E_RANGE;
    }
    if (flaw != CIDR_FINE) {
        return COP_E_SYNTAX;
    }
    if (cidr.is_ip6) {
        memcpy(address, cidr.addr, sizeof(cidr.addr));
        *bits = cidr.bits;
        return COP_OK;
    }
    memcpy(address, mapped, sizeof(mapped));
    memcpy(address + sizeof(mapped), cidr.addr, 4);
    *bits = (uint8_t)(cidr.bits + 96);
    return COP_OK;
}

/* Cut "host:port" in place. *port is NULL when there is none. */
static bool network_split(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');

    *host = text;
    *port = NULL;
    if (text[0] == '[') {
        char *end = strchr(text, ']');

        if (end == NULL || (end[1] != ':' && end[1] != '\0')) {
            return false;
        }
        *host = text + 1;
        *port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
        return true;
    }
    if (colon != NULL && strchr(text, ':') == colon) {
        *port = colon + 1; /* more than one colon: IPv6 without a port */
        *colon = '\0';
    }
    return true;
}

static bool network_port(const char *text, uint16_t *port)
{
    unsigned value = 0;
    size_t n = strlen(text);

    if (n == 0 || n > 5) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= 65535;
}

bool network_socket(struct cop_slice text, uint16_t default_port,
    struct sockaddr_storage *out, socklen_t *out_n)
{
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
    char copy[NETWORK_TEXT_MAX];
    char *host;
    char *port_text;
    uint16_t port = default_port;

    memset(out, 0, sizeof(*out));
    if (text.n == 0 || text.n >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (!network_split(copy, &host, &port_text)) {
        return false;
    }
    if (port_text != NULL && !network_port(port_text, &port)) {
        return false;
    }
    if (port == 0 && default_port != 0) {
        return false;
    }
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        *out_n = sizeof(*four);
        return true;
    }
    if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        *out_n = sizeof(*six);
        return true;
    }
    return false;
}

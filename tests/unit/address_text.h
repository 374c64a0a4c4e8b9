/* Socket addresses as tests write them: "192.0.2.1:80", "[2001:db8::1]:80". */
#ifndef TESTS_UNIT_ADDRESS_TEXT_H
#define TESTS_UNIT_ADDRESS_TEXT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Aborts on a text that is no address: a test's own mistake. */
static inline void address_of(
    const char *text, struct sockaddr_storage *out, socklen_t *out_n)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2] = "";
    size_t n = colon != NULL ? (size_t)(colon - text) : sizeof(host);

    if (n == 0 || n >= sizeof(host)) {
        abort();
    }
    memcpy(host, text, n);
    memset(out, 0, sizeof(*out));
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        v6.sin6_port = htons((uint16_t)atoi(colon + 1));
        *out_n = sizeof(v6);
        if (inet_pton(AF_INET6, host + 1, &v6.sin6_addr) != 1) {
            abort();
        }
        memcpy(out, &v6, sizeof(v6));
        return;
    }
    v4.sin_port = htons((uint16_t)atoi(colon + 1));
    *out_n = sizeof(v4);
    if (inet_pton(AF_INET, host, &v4.sin_addr) != 1) {
        abort();
    }
    memcpy(out, &v4, sizeof(v4));
}

#endif

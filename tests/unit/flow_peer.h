/* One blocking end of a connection, plain or with TLS: what clients and
 * origins of the conductor's tests speak through. Include once a program. */
#ifndef TESTS_UNIT_FLOW_PEER_H
#define TESTS_UNIT_FLOW_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { PEER_WAIT_S = 8, PEER_BYTES = 1 << 17 };

struct peer {
    int fd;
    SSL *ssl;
    size_t n; /* of bytes, read and not taken */
    char bytes[PEER_BYTES + 1];
};

static inline struct peer *peer_over(int fd)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    struct timeval patience = {PEER_WAIT_S, 0};

    if (peer == NULL || fd < 0) {
        abort();
    }
    peer->fd = fd;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    return peer;
}

static inline int loopback_connect(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 ||
        connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) != 0) {
        abort();
    }
    return fd;
}

/* A listening socket on a free port of loopback. */
static inline int loopback_listen(uint16_t *port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)(void *)&at, n) != 0 ||
        listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)(void *)&at, &n) != 0) {
        abort();
    }
    *port = ntohs(at.sin_port);
    return fd;
}

static inline void peer_close(struct peer **peer)
{
    struct peer *it = *peer;

    *peer = NULL;
    if (it == NULL) {
        return;
    }
    if (it->ssl != NULL) {
        (void)SSL_shutdown(it->ssl);
        SSL_free(it->ssl);
    }
    close(it->fd);
    free(it);
}

static inline bool peer_send_n(struct peer *peer, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = peer->ssl != NULL ? SSL_write(peer->ssl, p,
                                              (int)(n < 16384 ? n : 16384))
                                        : send(peer->fd, p, n, MSG_NOSIGNAL);

        if (put <= 0) {
            return false;
        }
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static inline bool peer_send(struct peer *peer, const char *text)
{
    return peer_send_n(peer, text, strlen(text));
}

/* Read once. False at the end, when broken, and when nothing comes. */
static inline bool peer_fill(struct peer *peer)
{
    char *to = peer->bytes + peer->n;
    size_t room = PEER_BYTES - peer->n;
    ssize_t got = peer->ssl != NULL ? SSL_read(peer->ssl, to, (int)room)
                                    : recv(peer->fd, to, room, 0);

    if (got <= 0) {
        return false;
    }
    peer->n += (size_t)got;
    peer->bytes[peer->n] = '\0';
    return true;
}

static inline void peer_take(struct peer *peer, size_t n)
{
    peer->n -= n;
    memmove(peer->bytes, peer->bytes + n, peer->n);
    peer->bytes[peer->n] = '\0';
}

/* Bytes up to and with `mark` into `out`; false when they do not come. */
static inline bool peer_until(
    struct peer *peer, const char *mark, char *out, size_t out_n)
{
    for (;;) {
        char *at = memmem(peer->bytes, peer->n, mark, strlen(mark));
        size_t n;

        if (at != NULL) {
            n = (size_t)(at - peer->bytes) + strlen(mark);
            if (n >= out_n) {
                return false;
            }
            memcpy(out, peer->bytes, n);
            out[n] = '\0';
            peer_take(peer, n);
            return true;
        }
        if (peer->n == PEER_BYTES || !peer_fill(peer)) {
            return false;
        }
    }
}

/* Exactly n bytes into `out`, NUL behind them. */
static inline bool peer_exactly(struct peer *peer, char *out, size_t n)
{
    while (n > 0) {
        size_t part = peer->n < n ? peer->n : n;

        memcpy(out, peer->bytes, part);
        peer_take(peer, part);
        out += part;
        n -= part;
        if (n > 0 && !peer_fill(peer)) {
            return false;
        }
    }
    *out = '\0';
    return true;
}

/* Whether the other side ended, and sent nothing more before it. */
static inline bool peer_is_at_end(struct peer *peer)
{
    return peer->n == 0 && !peer_fill(peer);
}

static inline const char *field_of(const char *head, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line != NULL;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') {
            return line + 2 + n + 2;
        }
    }
    return NULL;
}

/* Read a body that `head` announces. False when it is cut. */
static inline bool peer_body(
    struct peer *peer, const char *head, char *out, size_t out_n)
{
    const char *length = field_of(head, "Content-Length");
    const char *coding = field_of(head, "Transfer-Encoding");
    char line[1024];
    size_t n = 0;

    *out = '\0';
    if (length != NULL) {
        n = strtoul(length, NULL, 10);
        return n < out_n && peer_exactly(peer, out, n);
    }
    while (coding != NULL && peer_until(peer, "\r\n", line, sizeof(line))) {
        size_t chunk = strtoul(line, NULL, 16);

        if (chunk == 0) {
            /* Trailers go behind the body, so that tests can see them. */
            return peer_until(peer, "\r\n", line, sizeof(line)) &&
                   (strcmp(line, "\r\n") == 0 ||
                       (snprintf(out + n, out_n - n, "|%s", line) > 0 &&
                           peer_until(peer, "\r\n", line, sizeof(line))));
        }
        if (n + chunk + 2 >= out_n || !peer_exactly(peer, out + n, chunk + 2)) {
            return false;
        }
        n += chunk;
        out[n] = '\0';
    }
    return coding == NULL;
}

#endif

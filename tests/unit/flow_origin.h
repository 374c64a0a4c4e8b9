/* A server that does on request what servers do, good and bad: the path says
 * what. A thread a connection. Include once a program. */
#ifndef TESTS_UNIT_FLOW_ORIGIN_H
#define TESTS_UNIT_FLOW_ORIGIN_H

#include <pthread.h>
#include <stdatomic.h>

#include "flow_peer.h"

enum { ORIGIN_PEERS_MAX = 256, ORIGIN_LARGE = 1 << 20 };

struct origin_peer {
    struct origin *origin;
    pthread_t thread;
    int fd;
};

struct origin {
    int fd;
    uint16_t port;
    SSL_CTX *tls; /* NULL: plain */
    pthread_t thread;
    atomic_uint connections;
    atomic_uint requests;
    pthread_mutex_t lock;
    char head[8192]; /* of the last request */
    struct origin_peer peers[ORIGIN_PEERS_MAX];
};

static inline char origin_byte(size_t i)
{
    return (char)('a' + i % 23);
}

static inline void origin_send_large(struct peer *peer)
{
    char block[4096];

    (void)peer_send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
    for (size_t at = 0; at < ORIGIN_LARGE; at += sizeof(block)) {
        for (size_t i = 0; i < sizeof(block); i++) {
            block[i] = origin_byte(at + i);
        }
        if (!peer_send_n(peer, block, sizeof(block))) {
            return;
        }
    }
}

static inline void origin_echo(struct peer *peer, const char *head)
{
    static _Thread_local char body[PEER_BYTES * 12];
    char answer[128];

    if (!peer_body(peer, head, body, sizeof(body))) {
        return;
    }
    snprintf(answer, sizeof(answer),
        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    (void)peer_send(peer, answer);
    (void)peer_send(peer, body);
}

static inline void origin_upgrade(struct peer *peer)
{
    (void)peer_send(peer,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\n\r\nearly");
    do {
        if (peer->n > 0 && !peer_send_n(peer, peer->bytes, peer->n)) {
            return;
        }
        peer->n = 0;
    } while (peer_fill(peer));
    (void)peer_send(peer, "bye");
}

/* Answers that are text alone; NULL for the others. */
static inline const char *origin_text(const char *path)
{
    static const char *const rows[][2] = {
        {"/hello", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                   "Keep-Alive: timeout=5\r\n\r\nhello"},
        {"/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                     "Trailer: X-Sum\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n"
                     "0\r\nX-Sum: 1\r\n\r\n"},
        {"/close", "HTTP/1.0 200 OK\r\n\r\nuntil close"},
        {"/early", "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"},
        {"/hints", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {"/garbage", "NONSENSE\r\n\r\n"},
        {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"},
        {"/extra", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                   "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
        {"/nothing", "HTTP/1.1 204 No Content\r\n\r\n"},
        {"/switch", "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
        {"/once", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nonce"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(path, rows[i][0]) == 0) {
            return rows[i][1];
        }
    }
    return NULL;
}

/* Answer one request; whether the connection goes on. */
static inline bool origin_answer(struct peer *peer, const char *head)
{
    char method[16] = "";
    char path[256] = "";
    const char *text;

    (void)sscanf(head, "%15s %255s", method, path);
    text = origin_text(path);
    if (strcmp(method, "HEAD") == 0) {
        return peer_send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    }
    if (text != NULL) {
        (void)peer_send(peer, text);
    } else if (strcmp(path, "/large") == 0) {
        origin_send_large(peer);
    } else if (strcmp(path, "/continue") == 0) {
        (void)peer_send(peer, "HTTP/1.1 100 Continue\r\n\r\n");
        origin_echo(peer, head);
    } else if (strcmp(path, "/echo") == 0) {
        origin_echo(peer, head);
    } else if (strcmp(path, "/flood") == 0) {
        for (int i = 0; i < 20; i++) {
            (void)peer_send(peer, "HTTP/1.1 100 Continue\r\n\r\n");
        }
    } else if (strcmp(path, "/upgrade") == 0) {
        origin_upgrade(peer);
        return false;
    } else if (strcmp(path, "/hang") == 0) {
        while (peer_fill(peer)) {
            peer->n = 0;
        }
    }
    if (strcmp(path, "/early") == 0) {
        while (peer_fill(peer)) {
            peer->n = 0;
        }
    }
    return strcmp(path, "/close") != 0 && strcmp(path, "/cut") != 0;
}

static inline void *origin_serve(void *context)
{
    struct origin_peer *at = context;
    struct origin *origin = at->origin;
    struct peer *peer = peer_over(at->fd);
    char head[8192];
    bool goes_on = true;
    bool dies = false;

    if (origin->tls != NULL) {
        peer->ssl = SSL_new(origin->tls);
        SSL_set_fd(peer->ssl, peer->fd);
        goes_on = SSL_accept(peer->ssl) == 1;
    }
    while (
        goes_on && peer_until(peer, "\r\n\r\n", head, sizeof(head)) && !dies) {
        atomic_fetch_add(&origin->requests, 1);
        pthread_mutex_lock(&origin->lock);
        snprintf(origin->head, sizeof(origin->head), "%s", head);
        pthread_mutex_unlock(&origin->lock);
        dies = strstr(head, " /once ") != NULL;
        goes_on = origin_answer(peer, head);
    }
    peer_close(&peer);
    return NULL;
}

static inline void *origin_accept(void *context)
{
    struct origin *origin = context;
    int fd;

    while ((fd = accept4(origin->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        unsigned i = atomic_load(&origin->connections);
        struct origin_peer *at = &origin->peers[i];

        if (i == ORIGIN_PEERS_MAX) {
            abort();
        }
        at->origin = origin;
        at->fd = fd;
        atomic_store(&origin->connections, i + 1);
        if (pthread_create(&at->thread, NULL, origin_serve, at) != 0) {
            abort();
        }
    }
    return NULL;
}

static inline struct origin *origin_open(SSL_CTX *tls)
{
    struct origin *origin = calloc(1, sizeof(*origin));

    if (origin == NULL) {
        abort();
    }
    origin->tls = tls;
    origin->fd = loopback_listen(&origin->port);
    pthread_mutex_init(&origin->lock, NULL);
    if (pthread_create(&origin->thread, NULL, origin_accept, origin) != 0) {
        abort();
    }
    return origin;
}

/* The gateway must have let go of every connection before. */
static inline void origin_close(struct origin **origin)
{
    struct origin *it = *origin;

    *origin = NULL;
    shutdown(it->fd, SHUT_RDWR);
    pthread_join(it->thread, NULL);
    for (unsigned i = 0; i < atomic_load(&it->connections); i++) {
        pthread_join(it->peers[i].thread, NULL);
    }
    close(it->fd);
    pthread_mutex_destroy(&it->lock);
    SSL_CTX_free(it->tls);
    free(it);
}

/* Whether the last request's head had this text. */
static inline bool origin_saw(struct origin *origin, const char *text)
{
    bool found;

    pthread_mutex_lock(&origin->lock);
    found = strstr(origin->head, text) != NULL;
    pthread_mutex_unlock(&origin->lock);
    return found;
}

#endif

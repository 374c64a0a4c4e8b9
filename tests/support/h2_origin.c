/* An HTTP/2 server over the gateway's own session: for the public h2spec
 * suite, for h2load, and as an origin in scenarios.
 *
 *   h2-origin PORT [CERTIFICATE KEY]
 *
 * Without a certificate it speaks HTTP/2 at once (prior knowledge). It listens
 * on 127.0.0.1 alone; port 0 takes any. The first line it prints is the port.
 *   POST, PUT: what comes is sent back, trailers too
 *   /bytes/N:  N bytes; anything else 1,024 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "gateway/http/h2.h"

enum { PEERS_MAX = 512, PIECE_BYTES = 16384, READ_BYTES = 16384 };

struct peer {
    int fd;
    SSL *tls; /* NULL: plain */
    struct h2 *h2;
    bool is_blocked; /* the socket takes no more now */
};

/* What a stream still has to do. */
struct work {
    uint64_t left; /* bytes to be sent */
    bool echoes;
    bool is_begun; /* the head is written */
};

static const struct h2_options options = {
    .role = H2_SERVER,
    .targets = H2_ORIGIN,
    .has_websocket = true,
    .head_bytes = 65536,
    .fields = 128,
    .streams = 100,
    .window = 65536,
    .window_all = 1 << 20,
    .send_bytes = 65536,
    .out_bytes = 65536,
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- streams --- */

static void start(struct h2_stream *stream, struct work *work)
{
    const struct http_head *asked = h2_head(stream);
    struct http_head head = {.status = 200, .minor = 1};

    work->is_begun = true;
    work->echoes = asked->framing != HTTP_NO_BODY;
    work->left = 1024;
    if (asked->target.n > 7 && memcmp(asked->target.p, "/bytes/", 7) == 0) {
        work->left = strtoull(asked->target.p + 7, NULL, 10);
    }
    head.framing = work->echoes ? HTTP_CHUNKED : HTTP_LENGTH;
    head.length = work->left;
    if (cop_slice_eq(asked->method, COP_LIT("HEAD"))) {
        head.framing = HTTP_NO_BODY;
        work->left = 0;
    }
    h2_forget_head(stream);
    if (h2_write_response(
            stream, &head, COP_LIT("Content-Type: text/plain\r\n")) != COP_OK) {
        work->left = 0;
    }
}

static void write_some(struct h2_stream *stream, struct work *work)
{
    static const char piece[PIECE_BYTES];

    while (!work->echoes && work->left != 0 && h2_is_writable(stream)) {
        size_t n = work->left < PIECE_BYTES ? (size_t)work->left : PIECE_BYTES;

        work->left -= h2_write_body(
            stream, (struct cop_slice){piece, n}, n == work->left);
    }
}

/* False when the stream is over. */
static bool read_some(struct h2_stream *stream, struct work *work)
{
    struct cop_slice body;
    struct http_field *trailers;
    uint32_t n;

    for (;;) {
        switch (h2_read(stream, &body)) {
        case H2_NEED:
            return true;
        case H2_HEAD:
            start(stream, work);
            break;
        case H2_BODY: {
            size_t taken =
                work->echoes ? h2_write_body(stream, body, false) : body.n;

            h2_consume(stream, taken);
            if (taken == 0) {
                return true;
            }
            break;
        }
        case H2_TRAILERS:
            break;
        case H2_END:
            trailers = h2_trailers(stream, &n);
            if (work->echoes) {
                h2_write_end(stream, trailers, n);
            }
            return work->left != 0 && !work->echoes;
        case H2_GONE:
        default:
            return false;
        }
    }
}

static void serve(struct h2 *h2)
{
    struct h2_stream *stream;
    unsigned events;

    while ((stream = h2_next(h2, &events)) != NULL) {
        struct work *work = h2_user(stream);

        if (work == NULL) {
            work = calloc(1, sizeof(*work));
            if (work == NULL) {
                exit(1);
            }
            h2_set_user(stream, work);
        }
        bool goes_on = read_some(stream, work);

        if (work->is_begun) {
            write_some(stream, work);
        }
        if (!goes_on &&
            (work->left == 0 || work->echoes || (events & H2_ENDED) != 0)) {
            free(work);
            h2_release(&stream, H2_CANCEL);
        }
    }
}

/* --- connections --- */

static ssize_t peer_read(struct peer *peer, char *to, size_t n)
{
    ssize_t got;

    if (peer->tls == NULL) {
        return recv(peer->fd, to, n, MSG_DONTWAIT);
    }
    got = SSL_read(peer->tls, to, (int)n);
    return got > 0                                                     ? got
           : SSL_get_error(peer->tls, (int)got) == SSL_ERROR_WANT_READ ? -1
                                                                       : 0;
}

static ssize_t peer_write(struct peer *peer, struct cop_slice out)
{
    if (peer->tls == NULL) {
        return send(peer->fd, out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    return SSL_write(peer->tls, out.p, (int)out.n);
}

static void flush(struct peer *peer)
{
    struct cop_slice out = h2_give(peer->h2);

    peer->is_blocked = false;
    while (out.n != 0) {
        ssize_t n = peer_write(peer, out);

        if (n <= 0) {
            peer->is_blocked = true;
            return;
        }
        h2_given(peer->h2, (size_t)n);
        serve(peer->h2);
        out = h2_give(peer->h2);
    }
}

static void end(struct peer *peer)
{
    struct h2_stream *stream;
    const char *why;
    unsigned events;
    bool by_us;

    (void)h2_fault(peer->h2, &why, &by_us);
    if (*why != '\0') {
        fprintf(stderr, "h2-origin: %s\n", why);
    }
    h2_abort(peer->h2, H2_NO_ERROR);
    while ((stream = h2_next(peer->h2, &events)) != NULL) {
        free(h2_user(stream));
        h2_release(&stream, H2_CANCEL);
    }
    h2_free(&peer->h2);
    SSL_free(peer->tls);
    close(peer->fd);
    *peer = (struct peer){.fd = -1};
}

static bool turn(struct peer *peer)
{
    char bytes[READ_BYTES];
    ssize_t n = -1; /* 0: the peer closed */

    while (!h2_is_full(peer->h2)) {
        n = peer_read(peer, bytes, sizeof(bytes));
        if (n <= 0) {
            break;
        }
        h2_take(peer->h2, (struct cop_slice){bytes, (size_t)n}, now_ms());
        serve(peer->h2);
        if (peer->tls == NULL) {
            break;
        }
    }
    flush(peer);
    serve(peer->h2);
    return n != 0 && !h2_is_over(peer->h2);
}

static int pick_h2(SSL *tls, const unsigned char **out, unsigned char *n,
    const unsigned char *offered, unsigned int offered_n, void *user)
{
    static const unsigned char h2[] = {2, 'h', '2'};
    unsigned char *found;

    (void)tls;
    (void)user;
    if (SSL_select_next_proto(&found, n, h2, sizeof(h2), offered, offered_n) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *tls_context(const char *certificate, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL ||
        SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        fputs("h2-origin: the certificate cannot be used\n", stderr);
        exit(1);
    }
    SSL_CTX_set_mode(context,
        SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(context, pick_h2, NULL);
    return context;
}

static void take_peer(int listener, SSL_CTX *context, struct peer *peer)
{
    struct h2_options own = options;
    int one = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    *peer = (struct peer){.fd = fd};
    own.is_tls = context != NULL;
    if (h2_new(&own, &peer->h2) != COP_OK) {
        exit(1);
    }
    if (context != NULL) {
        peer->tls = SSL_new(context);
        SSL_set_fd(peer->tls, fd);
        SSL_set_accept_state(peer->tls);
    } else {
        flush(peer);
    }
}

static int open_listener(const char *port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(port)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t n = sizeof(at);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&at, n) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
        perror("h2-origin");
        exit(1);
    }
    printf("%u\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static short wanted(const struct peer *peer)
{
    short events = h2_is_full(peer->h2) ? 0 : POLLIN;

    return (short)(events | (peer->is_blocked ? POLLOUT : 0));
}

int main(int argc, char **argv)
{
    static struct peer peers[PEERS_MAX];
    struct pollfd fds[PEERS_MAX + 1];
    SSL_CTX *context = argc == 4 ? tls_context(argv[2], argv[3]) : NULL;

    if (argc != 2 && argc != 4) {
        fputs("usage: h2-origin PORT [CERTIFICATE KEY]\n", stderr);
        return 2;
    }
    fds[PEERS_MAX] =
        (struct pollfd){.fd = open_listener(argv[1]), .events = POLLIN};
    for (size_t i = 0; i < PEERS_MAX; i++) {
        peers[i].fd = -1;
    }
    for (;;) {
        struct peer *spare = NULL;

        for (size_t i = 0; i < PEERS_MAX; i++) {
            fds[i] = (struct pollfd){.fd = peers[i].fd};
            if (peers[i].fd < 0) {
                spare = &peers[i];
            } else {
                fds[i].events = wanted(&peers[i]);
            }
        }
        if (poll(fds, PEERS_MAX + 1, -1) < 0) {
            return 1;
        }
        for (size_t i = 0; i < PEERS_MAX; i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0 && !turn(&peers[i])) {
                end(&peers[i]);
            }
        }
        if ((fds[PEERS_MAX].revents & POLLIN) != 0 && spare != NULL) {
            take_peer(fds[PEERS_MAX].fd, context, spare);
        }
    }
}

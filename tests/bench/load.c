/* A load generator for one gateway on the loopback address: forward requests,
 * CONNECT with TLS inside, kept or new connections, idle ones. One thread, one
 * epoll, every response checked for status and length.
 *
 *   load MODE PROXY_PORT HOST ORIGIN_PORT PATH CONNECTIONS SECONDS [CAFILE]
 *
 * MODE: direct      plain requests straight to the origin (PROXY_PORT unused)
 *       direct-tls  TLS straight to the origin
 *       plain       absolute-form requests to the proxy
 *       tunnel      CONNECT, then TLS, then requests
 *       reverse     plain requests to a reverse proxy at PROXY_PORT
 *       reverse-tls TLS to a reverse proxy at PROXY_PORT
 *       idle        as tunnel, one request each, then hold until stdin closes
 * Every '#' in HOST and PATH is another number for each connection (HOST) and
 * request (PATH). Of the environment:
 *       LOAD_NEW=1     each request has a new connection
 *       LOAD_H2=N      HTTP/2 inside TLS, N streams on each connection
 *       LOAD_STATUS=N  the status that is expected (200)
 *       LOAD_RATE=N    so many requests a second, spread over the connections,
 *                      instead of as many as are answered
 *       LOAD_SEED=N    where the numbers begin
 * Prints one JSON object. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "load_h2.h"
#include "load_make.h"

enum {
    READ_MAX = 65536,
    HEAD_MAX = 8192,
    TEXT_MAX = 512,
    SAMPLES_MAX = 1 << 20
};

enum step {
    CONNECTING,
    CONNECT_SENT,
    HANDSHAKE,
    SENDING,
    RECEIVING,
    STREAMS,
    HELD
};

struct conn {
    enum step step;
    int fd;
    SSL *ssl;
    size_t sent;
    size_t head_n;
    long body_left; /* -1 while the head is being read */
    uint64_t began_us;
    struct load *load;
    struct h2_client *h2;
    struct conn *next_paused;
    char host[TEXT_MAX];
    char connect[TEXT_MAX * 3];
    char request[TEXT_MAX * 4];
    char head[HEAD_MAX];
};

struct load {
    bool uses_connect;
    bool uses_tls;
    bool is_new;
    bool is_idle;
    bool is_absolute; /* the form of targets */
    int port;         /* to connect to */
    int status;
    unsigned streams; /* on a connection; 0: HTTP/1.1 */
    unsigned rate;    /* a second; 0: as many as are answered */
    uint64_t serial;
    uint64_t next_us; /* of a rate: when the next is due */
    struct conn *paused;
    const char *host;
    const char *origin_port;
    const char *path;
    SSL_CTX *tls;
    int epoll;
    uint64_t requests;
    uint64_t errors;
    uint64_t handshakes;
    uint32_t held;
    uint32_t *samples_us;
    size_t samples_n;
    bool is_measuring;
    char first_error[160];
};

static void conn_watch(struct load *load, struct conn *conn, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = conn};

    epoll_ctl(load->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void fill_in(struct load *load, const char *pattern, char *to, size_t n)
{
    load->serial += strchr(pattern, '#') != NULL;
    load_fill(pattern, load->serial, to, n);
}

static void conn_make_connect(struct load *load, struct conn *conn)
{
    fill_in(load, load->host, conn->host, sizeof(conn->host));
    snprintf(conn->connect, sizeof(conn->connect),
        "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", conn->host,
        load->origin_port, conn->host, load->origin_port);
}

static void conn_make_request(struct load *load, struct conn *conn)
{
    bool is_absolute = load->is_absolute;
    char path[TEXT_MAX];

    fill_in(load, load->path, path, sizeof(path));
    snprintf(conn->request, sizeof(conn->request),
        "GET %s%s%s%s%s HTTP/1.1\r\nHost: %s:%s\r\n"
        "User-Agent: load\r\nAccept: */*\r\n\r\n",
        is_absolute ? "http://" : "", is_absolute ? conn->host : "",
        is_absolute ? ":" : "", is_absolute ? load->origin_port : "", path,
        conn->host, load->origin_port);
}

static void conn_open(struct load *load, struct conn *conn)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)load->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = conn};
    int on = 1;

    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0) {
        perror("socket");
        exit(1);
    }
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(conn->fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
        errno != EINPROGRESS) {
        perror("connect");
        exit(1);
    }
    conn_make_connect(load, conn);
    conn_make_request(load, conn);
    conn->load = load;
    conn->ssl = NULL;
    conn->h2 = NULL;
    conn->step = CONNECTING;
    conn->sent = 0;
    conn->head_n = 0;
    conn->body_left = -1;
    conn->began_us = load_now_us();
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event);
}

static void conn_close(struct conn *conn)
{
    h2_client_free(conn->h2);
    conn->h2 = NULL;
    SSL_free(conn->ssl);
    conn->ssl = NULL;
    close(conn->fd);
}

static void conn_fail(struct load *load, struct conn *conn, const char *why)
{
    load->errors++;
    if (load->first_error[0] == '\0') {
        snprintf(load->first_error, sizeof(load->first_error), "%s: %.100s",
            why, conn->head_n > 0 ? conn->head : strerror(errno));
    }
    conn_close(conn);
    if (load->errors > 1000) {
        fprintf(stderr, "load: too many errors: %s\n", load->first_error);
        exit(1);
    }
    conn_open(load, conn);
}

/* Bytes written or read, 0 to wait (events set), -1 when it is over. */
static long conn_write(
    struct load *load, struct conn *conn, const char *p, size_t n)
{
    long put;

    if (conn->ssl != NULL) {
        int result = SSL_write(conn->ssl, p, (int)n);
        int error = SSL_get_error(conn->ssl, result);

        if (result > 0) {
            return result;
        }
        conn_watch(
            load, conn, error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
                   ? 0
                   : -1;
    }
    put = send(conn->fd, p, n, MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN) {
        conn_watch(load, conn, EPOLLOUT);
        return 0;
    }
    return put;
}

static long conn_read(struct load *load, struct conn *conn, char *p, size_t n)
{
    long got;

    if (conn->ssl != NULL) {
        int result = SSL_read(conn->ssl, p, (int)n);
        int error = SSL_get_error(conn->ssl, result);

        if (result > 0) {
            return result;
        }
        conn_watch(
            load, conn, error == SSL_ERROR_WANT_WRITE ? EPOLLOUT : EPOLLIN);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
                   ? 0
                   : -1;
    }
    got = recv(conn->fd, p, n, 0);
    if (got < 0 && errno == EAGAIN) {
        conn_watch(load, conn, EPOLLIN);
        return 0;
    }
    return got > 0 ? got : -1;
}

static void conn_start_tls(struct load *load, struct conn *conn)
{
    conn->ssl = SSL_new(load->tls);
    SSL_set_fd(conn->ssl, conn->fd);
    SSL_set_tlsext_host_name(conn->ssl, conn->host);
    SSL_set1_host(conn->ssl, conn->host);
    if (load->streams > 0) {
        SSL_set_alpn_protos(conn->ssl, (const unsigned char *)"\2h2", 3);
    }
    SSL_set_connect_state(conn->ssl);
    conn->step = HANDSHAKE;
}

/* Put the head's end into head; returns bytes of body behind it, -1 if the
 * head is not whole, -2 if it is not a good answer. */
static long head_add(struct conn *conn, const char *p, size_t n, int status)
{
    size_t room = HEAD_MAX - 1 - conn->head_n;
    size_t take = n < room ? n : room;
    const char *length;
    char *end;

    memcpy(conn->head + conn->head_n, p, take);
    conn->head[conn->head_n + take] = '\0';
    end = strstr(conn->head, "\r\n\r\n");
    if (end == NULL) {
        conn->head_n += take;
        return take < n ? -2 : -1;
    }
    if (strncmp(conn->head, "HTTP/1.1 ", 9) != 0 ||
        atoi(conn->head + 9) != status) {
        return -2;
    }
    length = strcasestr(conn->head, "content-length:");
    conn->body_left = length != NULL ? strtol(length + 15, NULL, 10) : 0;
    return (long)(conn->head_n + n) - (long)(end + 4 - conn->head);
}

static void count(struct load *load, uint64_t began_us)
{
    if (load->is_measuring) {
        load->requests++;
        if (load->samples_n < SAMPLES_MAX) {
            load->samples_us[load->samples_n++] =
                (uint32_t)(load_now_us() - began_us);
        }
    }
}

/* Send the next request, at once or when one is due. */
static void conn_go_on(struct load *load, struct conn *conn)
{
    conn_make_request(load, conn);
    conn->step = SENDING;
    conn->began_us = load_now_us();
    if (load->rate > 0) {
        conn->step = HELD;
        conn->next_paused = load->paused;
        load->paused = conn;
    }
}

static void conn_done(struct load *load, struct conn *conn)
{
    count(load, conn->began_us);
    conn->sent = 0;
    conn->head_n = 0;
    conn->body_left = -1;
    if (load->is_idle) {
        conn->step = HELD;
        load->held++;
        conn_watch(load, conn, 0);
        return;
    }
    if (load->is_new) {
        conn_close(conn);
        conn_open(load, conn);
        return;
    }
    conn_go_on(load, conn);
}

/* HTTP/2. */

static void stream_next(void *user, char *authority, char *path, size_t n)
{
    struct conn *conn = user;

    snprintf(authority, n, "%s:%s", conn->host, conn->load->origin_port);
    fill_in(conn->load, conn->load->path, path, n);
}

static void stream_done(
    void *user, uint64_t began_us, int status, size_t body_n)
{
    struct load *load = ((struct conn *)user)->load;

    if (status != load->status || body_n == 0) {
        load->errors++;
        snprintf(load->first_error, sizeof(load->first_error),
            "stream: status %d, %zu bytes", status, body_n);
        return;
    }
    count(load, began_us);
}

static bool conn_start_h2(struct load *load, struct conn *conn)
{
    const struct h2_asker asker = {.next = stream_next,
        .done = stream_done,
        .now_us = load_now_us,
        .user = conn};
    const unsigned char *alpn = NULL;
    unsigned n = 0;

    SSL_get0_alpn_selected(conn->ssl, &alpn, &n);
    conn->h2 = n == 2 ? h2_client_new(&asker, load->streams) : NULL;
    if (conn->h2 == NULL) {
        conn_fail(load, conn, "HTTP/2 was not agreed on");
        return false;
    }
    conn->step = STREAMS;
    return true;
}

static bool step_connecting(struct load *load, struct conn *conn)
{
    if (!load->uses_connect) {
        if (load->uses_tls) {
            conn_start_tls(load, conn);
        } else {
            conn->step = SENDING;
        }
        return true;
    }
    if (conn_write(load, conn, conn->connect, strlen(conn->connect)) !=
        (long)strlen(conn->connect)) {
        conn_fail(load, conn, "CONNECT");
        return false;
    }
    conn->step = CONNECT_SENT;
    conn_watch(load, conn, EPOLLIN);
    return false;
}

static bool step_connect_sent(struct load *load, struct conn *conn)
{
    char bytes[1024];
    long n = conn_read(load, conn, bytes, sizeof(bytes));

    if (n == 0) {
        return false;
    }
    if (n < 0 || head_add(conn, bytes, (size_t)n, 200) != 0) {
        conn_fail(load, conn, "CONNECT's answer");
        return false;
    }
    conn->head_n = 0;
    conn->body_left = -1;
    conn_start_tls(load, conn);
    return true;
}

static bool step_handshake(struct load *load, struct conn *conn)
{
    int result = SSL_do_handshake(conn->ssl);
    int error = SSL_get_error(conn->ssl, result);

    if (result == 1) {
        load->handshakes += load->is_measuring;
        conn->step = SENDING;
        return load->streams == 0 || conn_start_h2(load, conn);
    }
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        ERR_print_errors_fp(stderr);
        conn_fail(load, conn, "handshake");
        return false;
    }
    conn_watch(load, conn, error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    return false;
}

static bool step_sending(struct load *load, struct conn *conn)
{
    size_t n = strlen(conn->request);
    long put =
        conn_write(load, conn, conn->request + conn->sent, n - conn->sent);

    if (put == 0) {
        return false;
    }
    if (put < 0) {
        conn_fail(load, conn, "request");
        return false;
    }
    conn->sent += (size_t)put;
    if (conn->sent == n) {
        conn->step = RECEIVING;
        conn_watch(load, conn, EPOLLIN);
        return false;
    }
    return true;
}

static bool step_receiving(struct load *load, struct conn *conn)
{
    static char bytes[READ_MAX];
    long n = conn_read(load, conn, bytes, sizeof(bytes));
    long rest = n;

    if (n == 0) {
        return false;
    }
    if (n < 0) {
        conn_fail(load, conn, "response");
        return false;
    }
    if (conn->body_left < 0) {
        rest = head_add(conn, bytes, (size_t)n, load->status);
        if (rest == -1) {
            return true;
        }
    }
    if (rest < 0 || rest > conn->body_left) {
        conn_fail(load, conn, "answer");
        return false;
    }
    conn->body_left -= rest;
    if (conn->body_left == 0) {
        conn_done(load, conn);
    }
    return conn->step == SENDING || conn->step == RECEIVING;
}

/* All that can be written is; then one reading. */
static bool step_streams(struct load *load, struct conn *conn)
{
    static char bytes[READ_MAX];
    const char *out;
    size_t out_n;
    long n;

    while ((out = h2_client_give(conn->h2, &out_n)) != NULL) {
        n = conn_write(load, conn, out, out_n);
        if (n < 0) {
            conn_fail(load, conn, "frames");
        }
        if (n <= 0) {
            return false;
        }
        h2_client_given(conn->h2, (size_t)n);
    }
    n = conn_read(load, conn, bytes, sizeof(bytes));
    if (n < 0 || (n > 0 && !h2_client_take(conn->h2, bytes, (size_t)n))) {
        conn_fail(load, conn, "the answer's frames");
        return false;
    }
    return n > 0;
}

static void conn_run(struct load *load, struct conn *conn)
{
    bool again = true;

    while (again) {
        switch (conn->step) {
        case CONNECTING:
            again = step_connecting(load, conn);
            break;
        case CONNECT_SENT:
            again = step_connect_sent(load, conn);
            break;
        case HANDSHAKE:
            again = step_handshake(load, conn);
            break;
        case SENDING:
            again = step_sending(load, conn);
            break;
        case RECEIVING:
            again = step_receiving(load, conn);
            break;
        case STREAMS:
            again = step_streams(load, conn);
            break;
        case HELD:
            again = false;
            break;
        }
    }
}

static void load_turn(struct load *load, int patience_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(load->epoll, events, 256, patience_ms);

    for (int i = 0; i < n; i++) {
        conn_run(load, events[i].data.ptr);
    }
}

/* With a rate: begin what is due, on connections that have nothing to do. */
static void load_begin_due(struct load *load)
{
    uint64_t now = load_now_us();

    if (load->next_us == 0) {
        load->next_us = now;
    }
    while (load->rate > 0 && now >= load->next_us && load->paused != NULL) {
        struct conn *conn = load->paused;

        load->paused = conn->next_paused;
        load->next_us += 1000000u / load->rate;
        conn->step = SENDING;
        conn->began_us = load_now_us();
        conn_run(load, conn);
    }
}

static void load_run_until(struct load *load, uint64_t end)
{
    while (load_now_us() < end) {
        load_turn(load, load->rate > 0 ? 1 : 10);
        load_begin_due(load);
    }
}

static unsigned number_of(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static int compare_samples(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void load_set_mode(struct load *load, char **argv)
{
    const char *mode = argv[1];
    bool is_direct = strncmp(mode, "direct", 6) == 0;

    load->is_idle = strcmp(mode, "idle") == 0;
    load->uses_connect = load->is_idle || strcmp(mode, "tunnel") == 0;
    load->uses_tls = load->uses_connect || strstr(mode, "-tls") != NULL;
    load->port = atoi(is_direct ? argv[4] : argv[2]);
    load->is_absolute = strcmp(mode, "plain") == 0;
    load->host = argv[3];
    load->origin_port = argv[4];
    load->path = argv[5];
    load->is_new = getenv("LOAD_NEW") != NULL;
    load->streams = number_of("LOAD_H2", 0);
    load->status = (int)number_of("LOAD_STATUS", 200);
    load->rate = number_of("LOAD_RATE", 0);
    load->serial = number_of("LOAD_SEED", 0);
}

static void load_set_tls(struct load *load, const char *ca_file)
{
    load->tls = SSL_CTX_new(TLS_client_method());
    if (load->tls == NULL ||
        SSL_CTX_load_verify_locations(load->tls, ca_file, NULL) != 1) {
        fprintf(stderr, "load: cannot read %s\n", ca_file);
        exit(1);
    }
    SSL_CTX_set_verify(load->tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(load->tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(load->tls, SSL_MODE_RELEASE_BUFFERS);
}

static void load_print(const struct load *load, double seconds)
{
    size_t n = load->samples_n;

    qsort(load->samples_us, n, sizeof(uint32_t), compare_samples);
    printf(
        "{\"requests\": %llu, \"errors\": %llu, \"handshakes\": %llu, "
        "\"seconds\": %.3f, \"p50_us\": %u, \"p99_us\": %u, \"most_us\": %u, "
        "\"first_error\": \"%s\"}\n",
        (unsigned long long)load->requests, (unsigned long long)load->errors,
        (unsigned long long)load->handshakes, seconds,
        n > 0 ? load->samples_us[n / 2] : 0,
        n > 0 ? load->samples_us[n - 1 - n / 100] : 0,
        n > 0 ? load->samples_us[n - 1] : 0,
        load->errors > 0 ? "see standard error" : "");
    if (load->errors > 0) {
        fprintf(stderr, "load: %s\n", load->first_error);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct load load;
    struct conn *conns;
    uint64_t start;
    uint64_t end;
    int n;

    if (argc < 8) {
        fprintf(stderr, "usage: load MODE PROXY_PORT HOST ORIGIN_PORT PATH "
                        "CONNECTIONS SECONDS [CAFILE]\n");
        return 2;
    }
    load_set_mode(&load, argv);
    if (load.uses_tls) {
        load_set_tls(&load, argc > 8 ? argv[8] : "");
    }
    n = atoi(argv[6]);
    conns = calloc((size_t)n, sizeof(*conns));
    load.samples_us = calloc(SAMPLES_MAX, sizeof(uint32_t));
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (conns == NULL || load.samples_us == NULL || load.epoll < 0) {
        return 1;
    }
    for (int i = 0; i < n; i++) {
        conn_open(&load, &conns[i]);
        if (load.is_idle && i % 64 == 63) { /* not all at once */
            while (load.held < (uint32_t)i - 32) {
                load_turn(&load, 100);
            }
        }
    }
    if (load.is_idle) {
        while (load.held < (uint32_t)n) {
            load_turn(&load, 100);
        }
        printf("{\"held\": %u}\n", load.held);
        fflush(stdout);
        return getchar() == EOF ? 0 : 0;
    }
    start = load_now_us() + 500000; /* half a second to warm up */
    load_run_until(&load, start);
    load.is_measuring = true;
    printf("{\"started\": true}\n");
    fflush(stdout);
    start = load_now_us();
    end = start + (uint64_t)(atof(argv[7]) * 1e6);
    load_run_until(&load, end);
    load_print(&load, (double)(load_now_us() - start) / 1e6);
    return load.errors > 0;
}

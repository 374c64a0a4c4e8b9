/* The ground of the tests of connections to servers: servers in the same loop,
 * a configuration in which they may be reached. Include once a program. */
#ifndef TESTS_UNIT_UPSTREAM_HOUSE_H
#define TESTS_UNIT_UPSTREAM_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/upstream/upstream.h"

#include "tests/unit/tls_peer.h"
#include "tests/unit/trust_files.h"

enum { CONNECTIONS_MAX = 16 };

/* A server in the same loop: greets, says back what it hears. */
struct connection {
    struct origin *origin;
    struct watch watch;
    struct peer peer; /* of a TLS server */
    bool is_greeted;
};

struct origin {
    struct loop *loop;
    struct watch watch;
    SSL_CTX *context; /* NULL: plain */
    bool is_mute;     /* accepts, and says nothing */
    uint16_t port;
    int accepted;
    int ended;
    struct connection connections[CONNECTIONS_MAX];
};

struct house {
    struct loop *loop;
    struct timer limit;
    struct timer pause;
    struct config config;
    struct sockaddr_storage loopback;
    struct config_host host;
    struct dial_bar bar;
    struct config_client reach;
    char trusted_path[64];
    struct identity_pair root;
    struct identity_pair pair;
    SSL_CTX *context;
    struct dialer *dialer;
    struct tls_client *client;
    struct upstreams *upstreams;
    struct origin plain;
    struct origin tls;
};

struct asker {
    struct house *house;
    struct upstream_wait *wait;
    struct upstream *upstream;
    enum cop_reason reason;
    char detail[128];
    int told;
};

static inline void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing came in time");
}

static inline void connection_end(struct connection *connection)
{
    struct origin *origin = connection->origin;
    int fd = connection->watch.fd;

    if (fd < 0) {
        return;
    }
    loop_unwatch(origin->loop, &connection->watch);
    if (connection->peer.ssl != NULL) {
        peer_close(&connection->peer);
    } else {
        close(fd);
    }
    origin->ended++;
}

static inline void connection_serve(struct connection *connection)
{
    char bytes[64];
    int fd = connection->watch.fd;
    SSL *ssl = connection->peer.ssl;
    int n = ssl != NULL ? SSL_read(ssl, bytes, sizeof(bytes))
                        : (int)recv(fd, bytes, sizeof(bytes), 0);

    if (n > 0) {
        n = ssl != NULL ? SSL_write(ssl, bytes, n)
                        : (int)send(fd, bytes, (size_t)n, MSG_NOSIGNAL);
        assert_true(n > 0);
    } else if (ssl != NULL ? SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ
                           : n == 0) {
        connection_end(connection);
    }
    ERR_clear_error();
}

static inline void connection_ready(struct watch *watch, unsigned events)
{
    struct connection *connection = LOOP_OWNER(watch, struct connection, watch);

    (void)events;
    if (connection->origin->is_mute) {
        connection_end(connection);
        return;
    }
    if (connection->peer.ssl != NULL && !connection->peer.is_done) {
        peer_step(&connection->peer);
        if (connection->peer.error != 0) {
            connection_end(connection);
        }
        return;
    }
    connection_serve(connection);
}

static inline void origin_ready(struct watch *watch, unsigned events)
{
    struct origin *origin = LOOP_OWNER(watch, struct origin, watch);
    struct connection *connection = &origin->connections[origin->accepted];
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK);

    (void)events;
    assert_true(fd >= 0 && origin->accepted < CONNECTIONS_MAX);
    origin->accepted++;
    connection->origin = origin;
    watch_init(&connection->watch, connection_ready);
    if (origin->context != NULL) {
        peer_open(&connection->peer, origin->context, fd, true);
    }
    /* One that is mute leaves what comes unread. */
    assert_int_equal(loop_watch(origin->loop, &connection->watch, fd,
                         origin->is_mute ? 0 : LOOP_READ),
        COP_OK);
}

static inline void origin_open(
    struct origin *origin, struct loop *loop, SSL_CTX *context)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    origin->loop = loop;
    origin->context = context;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    origin->port = ntohs(address.sin_port);
    watch_init(&origin->watch, origin_ready);
    assert_int_equal(loop_watch(loop, &origin->watch, fd, LOOP_READ), COP_OK);
}

static inline void origin_close(struct origin *origin)
{
    int fd = origin->watch.fd;

    for (int i = 0; i < origin->accepted; i++) {
        connection_end(&origin->connections[i]);
    }
    loop_unwatch(origin->loop, &origin->watch);
    close(fd);
}

static inline struct tls_client *make_client(const struct house *house)
{
    struct cop_report report = {0};
    struct tls_client *client = NULL;

    assert_int_equal(
        tls_client_of_files(&house->config, &report, &client), COP_OK);
    return client;
}

/* A configuration in which a.test is this machine, and may be reached. */
static inline void configure(struct house *house)
{
    struct sockaddr_in *loopback = (struct sockaddr_in *)&house->loopback;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    loopback->sin_family = AF_INET;
    loopback->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    house->host = (struct config_host){
        .name = COP_LIT("a.test"), .addresses = &house->loopback, 1};
    memcpy(house->reach.address, mapped, sizeof(mapped));
    house->reach.address[12] = 127;
    house->reach.bits = 104;
    house->config.hosts = &house->host;
    house->config.hosts_n = 1;
    house->config.reach_allow = &house->reach;
    house->config.reach_allow_n = 1;
    house->config.trust_file = house->trusted_path;
    house->config.limits.connect_ms = 2000;
    house->config.limits.resolve_ms = 2000;
    house->config.limits.handshake_ms = 2000;
    house->config.limits.pool_per_origin = 2;
    house->config.limits.pool_idle_ms = 10000;
}

static inline int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));
    int fd;

    assert_non_null(house);
    (void)snprintf(house->trusted_path, sizeof(house->trusted_path),
        "/tmp/cop-trust-XXXXXX");
    fd = mkstemp(house->trusted_path);
    assert_true(fd >= 0);
    close(fd);
    house->root = certificate_root("A Trusted Root");
    certificate_save(house->root.certificate, house->trusted_path);
    house->pair = certificate_leaf("DNS:a.test", &house->root);
    house->context = peer_context(TLS_server_method());
    peer_identify(house->context, &house->pair);
    configure(house);
    assert_int_equal(loop_new(&house->loop), COP_OK);
    timer_init(&house->limit, on_limit);
    assert_int_equal(loop_set_timer(house->loop, &house->limit, 20000), COP_OK);
    origin_open(&house->plain, house->loop, NULL);
    origin_open(&house->tls, house->loop, house->context);
    assert_int_equal(
        dialer_new(house->loop, &house->config, &house->dialer), COP_OK);
    house->client = make_client(house);
    assert_int_equal(upstreams_new(house->loop, house->dialer, &house->config,
                         house->client, &house->upstreams),
        COP_OK);
    *state = house;
    return 0;
}

static inline int teardown(void **state)
{
    struct house *house = *state;

    upstreams_free(&house->upstreams);
    assert_null(house->upstreams);
    dialer_free(&house->dialer);
    tls_client_drop(&house->client);
    origin_close(&house->plain);
    origin_close(&house->tls);
    loop_clear_timer(house->loop, &house->limit);
    loop_free(&house->loop);
    SSL_CTX_free(house->context);
    certificate_free(&house->root);
    certificate_free(&house->pair);
    (void)unlink(house->trusted_path);
    free(house);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

static inline void on_upstream(void *context, struct upstream *upstream,
    enum cop_reason reason, const char *detail)
{
    struct asker *asker = context;

    asker->wait = NULL;
    asker->upstream = upstream;
    asker->reason = reason;
    (void)snprintf(asker->detail, sizeof(asker->detail), "%s", detail);
    asker->told++;
    loop_stop(asker->house->loop);
}

static inline enum cop_status ask(struct asker *asker, struct house *house,
    const struct origin *origin, const char *name, bool fresh)
{
    struct cop_host host;

    *asker = (struct asker){.house = house};
    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    return upstreams_get(house->upstreams,
        &(struct upstream_to){
            .dial = {.host = &host, .port = origin->port, .bar = house->bar},
            .is_tls = origin->context != NULL,
            .how = fresh ? UPSTREAM_FRESH : 0},
        on_upstream, asker, &asker->upstream, &asker->wait);
}

/* Connect anew and wait for it. */
static inline void connect_to(
    struct asker *asker, struct house *house, const struct origin *origin)
{
    assert_int_equal(ask(asker, house, origin, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker->told, 1);
    assert_int_equal(asker->reason, COP_REASON_NONE);
    assert_non_null(asker->upstream);
}

static inline void on_pause(struct timer *timer)
{
    loop_stop(LOOP_OWNER(timer, struct house, pause)->loop);
}

/* Let the loop turn for a while. */
static inline void turn(struct house *house, int64_t ms)
{
    timer_init(&house->pause, on_pause);
    assert_int_equal(loop_set_timer(house->loop, &house->pause, ms), COP_OK);
    assert_int_equal(loop_run(house->loop), COP_OK);
}

/* Say a word and hear it back. */
static inline void converse(struct house *house, struct upstream *upstream)
{
    char bytes[16];
    size_t n;

    assert_int_equal(wire_write(&upstream->wire, "echo", 4, &n), IO_DONE);
    for (int i = 0; i < 100; i++) {
        enum io io = wire_read(&upstream->wire, bytes, 16, &n);

        if (io == IO_DONE) {
            assert_int_equal(n, 4);
            return;
        }
        assert_int_equal(io, IO_AGAIN);
        turn(house, 5);
    }
    fail_msg("no echo");
}

#endif

/* Connections to servers: made, kept, found dead, given up. */
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

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing came in time");
}

static void connection_end(struct connection *connection)
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

static void connection_serve(struct connection *connection)
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

static void connection_ready(struct watch *watch, unsigned events)
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

static void origin_ready(struct watch *watch, unsigned events)
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

static void origin_open(
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

static void origin_close(struct origin *origin)
{
    int fd = origin->watch.fd;

    for (int i = 0; i < origin->accepted; i++) {
        connection_end(&origin->connections[i]);
    }
    loop_unwatch(origin->loop, &origin->watch);
    close(fd);
}

static struct tls_client *make_client(const struct house *house)
{
    struct cop_report report = {0};
    struct tls_client *client = NULL;

    assert_int_equal(
        tls_client_of_files(&house->config, &report, &client), COP_OK);
    return client;
}

/* A configuration in which a.test is this machine, and may be reached. */
static void configure(struct house *house)
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

static int setup(void **state)
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

static int teardown(void **state)
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

static void on_upstream(void *context, struct upstream *upstream,
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

static enum cop_status ask(struct asker *asker, struct house *house,
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
static void connect_to(
    struct asker *asker, struct house *house, const struct origin *origin)
{
    assert_int_equal(ask(asker, house, origin, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker->told, 1);
    assert_int_equal(asker->reason, COP_REASON_NONE);
    assert_non_null(asker->upstream);
}

static void on_pause(struct timer *timer)
{
    loop_stop(LOOP_OWNER(timer, struct house, pause)->loop);
}

/* Let the loop turn for a while. */
static void turn(struct house *house, int64_t ms)
{
    timer_init(&house->pause, on_pause);
    assert_int_equal(loop_set_timer(house->loop, &house->pause, ms), COP_OK);
    assert_int_equal(loop_run(house->loop), COP_OK);
}

/* Say a word and hear it back. */
static void converse(struct house *house, struct upstream *upstream)
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

static void reuses(struct house *house, const struct origin *origin)
{
    struct asker asker;
    struct upstream *first;

    connect_to(&asker, house, origin);
    first = asker.upstream;
    assert_false(first->is_reused);
    assert_int_equal(first->is_tls, origin->context != NULL);
    assert_string_equal(first->host.text, "a.test");
    assert_int_equal(first->port, origin->port);
    converse(house, first);
    upstream_put(&asker.upstream);
    assert_null(asker.upstream);
    turn(house, 20);
    assert_int_equal(ask(&asker, house, origin, "a.test", false), COP_OK);
    assert_ptr_equal(asker.upstream, first);
    assert_true(first->is_reused);
    converse(house, first);
    assert_int_equal(origin->accepted, 1);
    upstream_close(&asker.upstream);
    assert_null(asker.upstream);
    turn(house, 20);
    assert_int_equal(origin->ended, 1);
}

static void test_reuses_plain(void **state)
{
    struct house *house = *state;

    reuses(house, &house->plain);
}

static void test_reuses_tls(void **state)
{
    struct house *house = *state;

    reuses(house, &house->tls);
}

static void test_does_not_mix_places(void **state)
{
    struct house *house = *state;
    struct asker asker;
    struct asker other;

    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    /* Same host, another port and TLS; same place, but asked for fresh. */
    connect_to(&other, house, &house->tls);
    assert_false(other.upstream->is_reused);
    upstream_close(&other.upstream);
    assert_int_equal(
        ask(&other, house, &house->plain, "a.test", true), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_false(other.upstream->is_reused);
    upstream_close(&other.upstream);
    assert_int_equal(
        ask(&other, house, &house->plain, "127.0.0.1", false), COP_AGAIN);
    upstreams_cancel(&other.wait);
    assert_null(other.wait);
}

static bool bars_all(void *context, const struct sockaddr_storage *address)
{
    unsigned *asked = context;

    assert_int_equal(address->ss_family, AF_INET);
    ++*asked;
    return true;
}

/* An idle connection to an address that is barred is not handed out, and stays
 * for those whom it is not barred for. */
static void test_a_barred_one_stays_idle(void **state)
{
    struct house *house = *state;
    struct asker asker;
    struct asker other;
    unsigned asked = 0;

    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    house->bar = (struct dial_bar){bars_all, &asked};
    assert_int_equal(
        ask(&other, house, &house->plain, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_null(other.upstream);
    assert_int_equal(other.reason, COP_REASON_REFUSED);
    assert_int_equal(asked, 2); /* the idle one, the one to be dialled */
    house->bar = (struct dial_bar){NULL, NULL};
    assert_int_equal(
        ask(&other, house, &house->plain, "a.test", false), COP_OK);
    assert_true(other.upstream->is_reused);
    upstream_close(&other.upstream);
}

static void test_a_closed_one_leaves_the_pool(void **state)
{
    struct house *house = *state;
    struct origin *origins[] = {&house->plain, &house->tls};

    for (int i = 0; i < 2; i++) {
        struct asker asker;

        connect_to(&asker, house, origins[i]);
        converse(house, asker.upstream);
        upstream_put(&asker.upstream);
        connection_end(&origins[i]->connections[0]);
        if (i == 0) {
            turn(house, 20); /* noticed while idle; else when taken */
        }
        assert_int_equal(
            ask(&asker, house, origins[i], "a.test", false), COP_AGAIN);
        upstreams_cancel(&asker.wait);
    }
}

static void test_one_that_speaks_unasked_is_not_kept(void **state)
{
    struct house *house = *state;
    struct asker asker;
    int fd;

    connect_to(&asker, house, &house->plain);
    fd = asker.upstream->wire.fd;
    converse(house, asker.upstream);
    upstream_put(&asker.upstream);
    assert_int_equal(
        send(house->plain.connections[0].watch.fd, "HTTP/1.1 ", 9, 0), 9);
    turn(house, 20);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(
        ask(&asker, house, &house->plain, "a.test", false), COP_AGAIN);
    upstreams_cancel(&asker.wait);
}

static void test_keeps_only_so_many(void **state)
{
    struct house *house = *state;
    struct asker askers[3];

    for (int i = 0; i < 3; i++) {
        connect_to(&askers[i], house, &house->plain);
    }
    for (int i = 0; i < 3; i++) {
        upstream_put(&askers[i].upstream);
    }
    turn(house, 20);
    assert_int_equal(house->plain.ended, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&askers[i], house, &house->plain, "a.test", false),
            i < 2 ? COP_OK : COP_AGAIN);
    }
    upstreams_cancel(&askers[2].wait);
    upstream_close(&askers[0].upstream);
    upstream_close(&askers[1].upstream);
}

static void test_closes_what_idles_too_long(void **state)
{
    struct house *house = *state;
    struct asker asker;

    house->config.limits.pool_idle_ms = 30;
    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    turn(house, 100);
    assert_int_equal(house->plain.ended, 1);
    house->config.limits.pool_per_origin = 0;
    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    turn(house, 20);
    assert_int_equal(house->plain.ended, 2);
}

/* What was made under another trust is not used again. */
static void test_trust_that_changes(void **state)
{
    struct house *house = *state;
    struct asker idle;
    struct asker busy;
    struct tls_client *client = make_client(house);

    connect_to(&idle, house, &house->tls);
    connect_to(&busy, house, &house->tls);
    upstream_put(&idle.upstream);
    upstreams_reconfigure(house->upstreams, &house->config, house->client);
    assert_int_equal(ask(&idle, house, &house->tls, "a.test", false), COP_OK);
    upstream_put(&idle.upstream);
    upstreams_reconfigure(house->upstreams, &house->config, client);
    tls_client_drop(&client);
    turn(house, 20);
    assert_int_equal(house->tls.ended, 1);
    converse(house, busy.upstream);
    upstream_put(&busy.upstream);
    turn(house, 20);
    assert_int_equal(house->tls.ended, 2);
}

static void test_tells_why_not(void **state)
{
    struct house *house = *state;
    struct asker asker;

    /* A certificate for another name. */
    assert_int_equal(
        ask(&asker, house, &house->tls, "127.0.0.1", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_null(asker.upstream);
    assert_int_equal(asker.reason, COP_REASON_CERT_HOST);
    assert_true(asker.detail[0] != '\0');
    /* Not TLS at all. */
    house->plain.context = house->context;
    assert_int_equal(
        ask(&asker, house, &house->plain, "a.test", false), COP_AGAIN);
    house->plain.context = NULL;
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker.reason, COP_REASON_ORIGIN_TLS);
    /* Nobody there, and nowhere clients may go. */
    origin_close(&house->plain);
    assert_int_equal(
        ask(&asker, house, &house->plain, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker.reason, COP_REASON_CONNECT);
    assert_int_equal(
        ask(&asker, house, &house->tls, "192.168.7.7", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(asker.reason, COP_REASON_REACH);
    origin_open(&house->plain, house->loop, NULL);
}

static void test_gives_a_mute_server_up(void **state)
{
    struct house *house = *state;
    struct asker asker;
    int64_t began = loop_now_ms(house->loop);

    house->tls.is_mute = true;
    house->config.limits.handshake_ms = 100;
    assert_int_equal(
        ask(&asker, house, &house->tls, "a.test", false), COP_AGAIN);
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_null(asker.upstream);
    assert_int_equal(asker.reason, COP_REASON_CONNECT_TIMEOUT);
    assert_in_range(loop_now_ms(house->loop) - began, 90, 1500);
}

/* Wait until as many have been told as are given. */
static void wait_for(struct house *house, struct asker *askers, int n)
{
    for (int i = 0; i < n; i++) {
        while (askers[i].told == 0) {
            assert_int_equal(loop_run(house->loop), COP_OK);
        }
    }
}

/* Two want to go to a server that nobody knows: one goes, and when HTTP/1 is
 * what it speaks the other goes too. From then on nobody waits. */
static void test_follows_and_goes_itself(void **state)
{
    struct house *house = *state;
    struct asker askers[4];

    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            ask(&askers[i], house, &house->tls, "a.test", false), COP_AGAIN);
    }
    assert_int_equal(loop_run(house->loop), COP_OK);
    assert_int_equal(askers[0].told, 1);
    assert_int_equal(askers[1].told, 0);
    assert_int_equal(house->tls.accepted, 1);
    wait_for(house, askers, 2);
    assert_ptr_not_equal(askers[0].upstream, askers[1].upstream);
    assert_int_equal(house->tls.accepted, 2);
    for (int i = 2; i < 4; i++) {
        assert_int_equal(
            ask(&askers[i], house, &house->tls, "a.test", true), COP_AGAIN);
        assert_non_null(askers[i].wait);
    }
    wait_for(house, askers, 4);
    for (int i = 0; i < 4; i++) {
        converse(house, askers[i].upstream);
        upstream_close(&askers[i].upstream);
    }
}

/* Who led gives up, before it is connected and after. */
static void test_follows_one_that_is_cancelled(void **state)
{
    struct house *house = *state;
    struct asker askers[3];

    for (int round = 0; round < 2; round++) {
        int before = house->tls.accepted;

        for (int i = 0; i < 3; i++) {
            assert_int_equal(
                ask(&askers[i], house, &house->tls, "a.test", true), COP_AGAIN);
        }
        while (round == 1 && house->tls.accepted == before) {
            turn(house, 1);
        }
        if (askers[0].told != 0) {
            /* It was faster than we looked: there is nothing to cancel. */
            wait_for(house, askers, 3);
            for (int i = 0; i < 3; i++) {
                upstream_close(&askers[i].upstream);
            }
            continue;
        }
        upstreams_cancel(&askers[0].wait);
        upstreams_cancel(&askers[1].wait);
        wait_for(house, askers + 2, 1);
        assert_int_equal(askers[2].reason, COP_REASON_NONE);
        converse(house, askers[2].upstream);
        upstream_close(&askers[2].upstream);
        assert_int_equal(askers[0].told + askers[1].told, 0);
        /* As at the beginning: nobody knows what it speaks. */
        upstreams_free(&house->upstreams);
        assert_int_equal(upstreams_new(house->loop, house->dialer,
                             &house->config, house->client, &house->upstreams),
            COP_OK);
    }
}

/* All who follow hear why it failed. */
static void test_follows_into_failure(void **state)
{
    struct house *house = *state;
    struct asker askers[3];

    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            ask(&askers[i], house, &house->tls, "127.0.0.1", false), COP_AGAIN);
    }
    wait_for(house, askers, 3);
    for (int i = 0; i < 3; i++) {
        assert_null(askers[i].upstream);
        assert_int_equal(askers[i].reason, COP_REASON_CERT_HOST);
    }
    assert_int_equal(house->tls.accepted, 1);
}

/* In the middle of dialling, of the handshake, and with idle ones left. */
static void test_cancels_and_ends_anywhere(void **state)
{
    struct house *house = *state;
    struct asker asker;

    assert_int_equal(
        ask(&asker, house, &house->tls, "a.test", false), COP_AGAIN);
    upstreams_cancel(&asker.wait);
    turn(house, 20);
    assert_int_equal(asker.told, 0);
    house->tls.is_mute = true;
    assert_int_equal(
        ask(&asker, house, &house->tls, "a.test", false), COP_AGAIN);
    turn(house, 50);
    upstreams_cancel(&asker.wait);
    turn(house, 20);
    assert_int_equal(asker.told, 0);
    upstreams_cancel(&asker.wait);
    connect_to(&asker, house, &house->plain);
    upstream_put(&asker.upstream);
    upstream_put(&asker.upstream);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reuses_plain),
        TEST(test_reuses_tls),
        TEST(test_does_not_mix_places),
        TEST(test_a_barred_one_stays_idle),
        TEST(test_a_closed_one_leaves_the_pool),
        TEST(test_one_that_speaks_unasked_is_not_kept),
        TEST(test_keeps_only_so_many),
        TEST(test_closes_what_idles_too_long),
        TEST(test_trust_that_changes),
        TEST(test_tells_why_not),
        TEST(test_gives_a_mute_server_up),
        TEST(test_follows_and_goes_itself),
        TEST(test_follows_one_that_is_cancelled),
        TEST(test_follows_into_failure),
        TEST(test_cancels_and_ends_anywhere),
    };

    /* For OpenSSL's own sockets; test_wire shows that ours do not need it. */
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* CONN_ARRIVE: what has to be known of a connection before it is read.
 *
 *   balancer's header ---> destination ---> TLS: its greeting (tunnel.c)
 *     where there is one     where brought    |
 *             |                               '-> HTTP: a request (exchange.c),
 *             '---> explicit proxy                HTTP/2, or neither
 *
 * Nothing is taken from the socket here but the balancer's header: the rest is
 * looked at where it lies (MSG_PEEK), so that whoever comes next begins at the
 * client's first byte. Bytes that say too little are waited for with
 * SO_RCVLOWAT, because what was looked at keeps the socket readable. */
#include "gateway/flow/arrive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/flow/inner.h"
#include "gateway/flow/streams.h"
#include "gateway/flow/tunnel.h"
#include "gateway/net/address.h"
#include "gateway/net/origin.h"
#include "gateway/net/proxy_header.h"

enum { ARRIVE_METHOD_MAX = 32 };

/* RFC 9113 3.4 */
static const char arrive_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum arrive_kind { ARRIVE_UNCLEAR, ARRIVE_HTTP1, ARRIVE_HTTP2, ARRIVE_OTHER };

enum cop_status arrival_new(
    struct flow *flow, uint32_t door, struct arrival **out)
{
    const struct config *config = flow->parts.world->config;
    struct arrival *arrival;

    *out = NULL;
    if (door >= config->listens_n ||
        (config->listens[door].mode == CONFIG_LISTEN_PROXY &&
            config->listens[door].balancers_n == 0)) {
        return COP_OK;
    }
    arrival = calloc(1, sizeof(*arrival));
    if (arrival == NULL) {
        return COP_E_NOMEM;
    }
    arrival->world = world_hold(flow->parts.world);
    arrival->listen = &config->listens[door];
    arrival->has_header = arrival->listen->balancers_n == 0;
    *out = arrival;
    return COP_OK;
}

void arrival_free(struct arrival **arrival)
{
    struct arrival *it = *arrival;

    *arrival = NULL;
    if (it != NULL) {
        world_drop(&it->world);
        free(it);
    }
}

bool arrival_is_transparent(const struct conn *conn)
{
    return conn->arrival != NULL && conn->arrival->has_to;
}

/* A host that is an address leads there by itself. */
struct aim arrival_aim(const struct conn *conn, const struct cop_host *host)
{
    const struct arrival *arrival = conn->arrival;

    if (!arrival_is_transparent(conn) ||
        (host->kind != COP_HOST_NAME && arrival->aim.kind != AIM_ONLY)) {
        return (struct aim){.kind = AIM_NONE};
    }
    return arrival->aim;
}

void arrival_host(const struct arrival *arrival, struct cop_host *out)
{
    char text[ADDRESS_TEXT_MAX];

    /* What the kernel prints is an address. */
    if (cop_host_parse(address_print(&arrival->to, text), out) != COP_OK) {
        abort();
    }
}

/* Look at what is there without taking it. At most FLOW_SCRATCH_BYTES. */
static enum io arrive_peek(struct conn *conn, size_t most, size_t *n)
{
    char *bytes = conn->flow->scratch->bytes;
    ssize_t got = recv(conn->wire.fd, bytes, most, MSG_PEEK | MSG_DONTWAIT);

    *n = got > 0 ? (size_t)got : 0;
    if (got > 0) {
        return IO_DONE;
    }
    if (got == 0) {
        return IO_CLOSED;
    }
    return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_FAILED;
}

/* Wake when there are more than n bytes. */
static enum step arrive_await(struct conn *conn, size_t n)
{
    int low = (int)n + 1;

    if (n <= conn->arrival->seen && n > 0) {
        /* More is not coming: the client has ended, which wakes too. */
        return conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
    }
    if (conn->arrival->seen == 0 && n > 0 && conn->arrival->has_header) {
        conn_deadline(conn, conn->arrival->world->config->limits.request_ms);
    }
    conn->arrival->seen = (uint32_t)n;
    (void)setsockopt(conn->wire.fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
    return STEP_WAIT;
}

static void arrive_await_any(struct conn *conn)
{
    int low = 1;

    if (conn->arrival->seen > 0) {
        (void)setsockopt(
            conn->wire.fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
        conn->arrival->seen = 0;
    }
}

/* Why nothing could be looked at. */
static enum step arrive_ended(struct conn *conn, enum io io)
{
    return io == IO_CLOSED && conn->arrival->seen == 0
               ? conn_quit(conn, COP_REASON_CLIENT_CLOSED)
               : conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
}

/* The balancer's header. */

static bool arrive_is_trusted(const struct conn *conn)
{
    const struct config_listen *listen = conn->arrival->listen;
    uint8_t bytes[16];

    address_bytes(&conn->client, bytes);
    for (uint32_t i = 0; i < listen->balancers_n; i++) {
        const struct config_client *network = &listen->balancers[i];

        if (address_within(bytes, network->address, network->bits)) {
            return true;
        }
    }
    return false;
}

/* It is counted among its client's now, no longer among the balancer's. */
static enum step arrive_count(struct conn *conn)
{
    crowd_leave(&conn->crowd);
    if (crowd_enter(&conn->flow->crowd, &conn->client,
            flow_limits(conn->flow)->connections_per_client,
            &conn->crowd) != COP_OK) {
        return conn_end(conn, COP_REASON_CLIENT_LIMIT, NULL);
    }
    return STEP_NEXT;
}

static enum step arrive_believe(
    struct conn *conn, const struct proxy_header *header)
{
    struct arrival *arrival = conn->arrival;
    char *bytes = conn->flow->scratch->bytes;

    if (recv(conn->wire.fd, bytes, header->n, MSG_DONTWAIT) !=
        (ssize_t)header->n) {
        return conn_end(conn, COP_REASON_INTERNAL, "the header is not there");
    }
    arrive_await_any(conn);
    arrival->has_header = true;
    if (header->has_addresses) {
        conn->client = header->from;
        arrival->to = header->to;
        arrival->has_to = arrival->listen->mode != CONFIG_LISTEN_PROXY;
        return arrive_count(conn);
    }
    return STEP_NEXT;
}

static enum step arrive_read_header(struct conn *conn)
{
    struct proxy_header header;
    enum cop_status status;
    size_t n = 0;
    enum io io;

    if (!arrive_is_trusted(conn)) {
        return conn_end(conn, COP_REASON_PROXY_HEADER,
            "the peer is not in a network of balancers");
    }
    io = arrive_peek(conn, PROXY_HEADER_MAX, &n);
    if (io == IO_AGAIN) {
        return STEP_WAIT;
    }
    if (io != IO_DONE) {
        return arrive_ended(conn, io);
    }
    status = proxy_header_parse(
        (struct cop_slice){conn->flow->scratch->bytes, n}, &header);
    if (status == COP_AGAIN) {
        return arrive_await(conn, n);
    }
    return status == COP_OK
               ? arrive_believe(conn, &header)
               : conn_end(conn, COP_REASON_PROXY_HEADER, "it is malformed");
}

/* Where it was going. */

static enum step arrive_find(struct conn *conn)
{
    struct arrival *arrival = conn->arrival;

    /* A balancer said so, and what may be reached is asked when dialling. */
    if (arrival->has_to) {
        return STEP_NEXT;
    }
    if (arrival->listen->balancers_n > 0) {
        return conn_end(conn, COP_REASON_DIRECT,
            "the balancer does not say where it was going");
    }
    if (!origin_find(conn->wire.fd, address_port(&arrival->listen->address),
            &arrival->to)) {
        return conn_end(conn, COP_REASON_DIRECT, NULL);
    }
    if (origin_is_here(&arrival->to) || origin_is_here(&conn->client)) {
        return conn_end(
            conn, COP_REASON_DIRECT, "one of its ends is the gateway itself");
    }
    arrival->has_to = true;
    return STEP_NEXT;
}

static bool arrive_may_go_to(const struct conn *conn)
{
    const struct arrival *arrival = conn->arrival;
    const struct config *config = arrival->world->config;
    bool is_tls = arrival->listen->mode == CONFIG_LISTEN_TLS;
    const uint16_t *ports = is_tls ? config->connect_ports : config->http_ports;
    uint32_t n = is_tls ? config->connect_ports_n : config->http_ports_n;

    for (uint32_t i = 0; i < n; i++) {
        if (ports[i] == address_port(&arrival->to)) {
            return true;
        }
    }
    return false;
}

static enum step arrive_set_aim(struct conn *conn)
{
    static const enum aim_kind kinds[] = {
        [CONFIG_DESTINATION_VERIFY] = AIM_HINT,
        [CONFIG_DESTINATION_RESOLVE] = AIM_NONE,
        [CONFIG_DESTINATION_ORIGINAL] = AIM_ONLY,
    };
    struct arrival *arrival = conn->arrival;

    arrival->aim.kind = kinds[arrival->world->config->transparent.destination];
    address_bytes(&arrival->to, arrival->aim.address);
    return arrive_may_go_to(conn) ? STEP_NEXT
                                  : conn_end(conn, COP_REASON_PORT, NULL);
}

/* What it speaks. */

/* Methods are written in capitals (RFC 9110 9.1: the registered ones); so is
 * nothing else that is heard on port 80. An empty line may come before. */
static enum arrive_kind arrive_kind(const char *bytes, size_t n)
{
    size_t preface_n = sizeof(arrive_preface) - 1;
    size_t at = 0;

    if (memcmp(bytes, arrive_preface, n < preface_n ? n : preface_n) == 0) {
        return n < preface_n ? ARRIVE_UNCLEAR : ARRIVE_HTTP2;
    }
    if (bytes[0] == '\r' || bytes[0] == '\n') {
        return ARRIVE_HTTP1;
    }
    while (at < n && at < ARRIVE_METHOD_MAX &&
           ((bytes[at] >= 'A' && bytes[at] <= 'Z') || bytes[at] == '-')) {
        at++;
    }
    if (at == n && n < ARRIVE_METHOD_MAX) {
        return ARRIVE_UNCLEAR;
    }
    return at > 0 && at < n && bytes[at] == ' ' ? ARRIVE_HTTP1 : ARRIVE_OTHER;
}

static enum step arrive_plain(struct conn *conn)
{
    const struct config *config = conn->arrival->world->config;
    size_t n = 0;
    enum io io =
        arrive_peek(conn, sizeof(arrive_preface) + ARRIVE_METHOD_MAX, &n);
    enum arrive_kind kind;

    if (io == IO_AGAIN) {
        return STEP_WAIT;
    }
    if (io != IO_DONE) {
        return arrive_ended(conn, io);
    }
    kind = arrive_kind(conn->flow->scratch->bytes, n);
    if (kind == ARRIVE_UNCLEAR) {
        return arrive_await(conn, n);
    }
    arrive_await_any(conn);
    switch (kind) {
    case ARRIVE_HTTP2:
        if (config->http2 != CONFIG_HTTP2_NEVER) {
            return streams_begin(conn);
        }
        fault_set(&conn->end, COP_REASON_NOT_HTTP, "HTTP/2 is switched off");
        return conn_linger(conn, COP_REASON_NOT_HTTP);
    case ARRIVE_HTTP1:
        flow_go(conn, CONN_IDLE);
        return STEP_NEXT;
    case ARRIVE_OTHER:
    case ARRIVE_UNCLEAR:
        break;
    }
    return config->transparent.foreign == CONFIG_TREAT_PASS
               ? tunnel_pass(conn)
               : conn_linger(conn, COP_REASON_NOT_HTTP);
}

enum step arrive_step(
    struct conn *conn, const struct wire *wire, unsigned events)
{
    struct arrival *arrival = conn->arrival;
    enum step step = STEP_NEXT;

    if (wire != NULL && (events & LOOP_READ) == 0) {
        return conn_end(conn, COP_REASON_CLIENT_ABORT, NULL);
    }
    conn->needs = LOOP_READ;
    if (wire == NULL && !arrival->has_header) {
        conn_deadline(conn, arrival->world->config->limits.hello_ms);
    }
    if (!arrival->has_header) {
        step = arrive_read_header(conn);
    }
    if (step == STEP_NEXT && arrival->listen->mode == CONFIG_LISTEN_PROXY) {
        flow_go(conn, CONN_IDLE);
        return STEP_NEXT;
    }
    if (step == STEP_NEXT) {
        step = arrive_find(conn);
    }
    if (step == STEP_NEXT) {
        step = arrive_set_aim(conn);
    }
    if (step != STEP_NEXT) {
        return step;
    }
    return arrival->listen->mode == CONFIG_LISTEN_TLS ? tunnel_arrive(conn)
                                                      : arrive_plain(conn);
}

enum step arrive_timeout(struct conn *conn)
{
    if (!conn->arrival->has_header) {
        return conn_end(
            conn, COP_REASON_PROXY_HEADER, "it did not come in time");
    }
    return conn->arrival->seen == 0
               ? conn_quit(conn, conn->flow->drain.is_on ? COP_REASON_DRAINED
                                                         : COP_REASON_IDLE)
               : conn_end(conn, COP_REASON_REQUEST_TIMEOUT, NULL);
}

/* The channel is never made anew: in a process without a view of /dev/urandom
 * c-ares would fall back to predictable query numbers. */
#include "gateway/net/servers.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"

enum {
    SERVERS_TRY_MS = 1000, /* the first try; c-ares doubles it */
    SERVERS_TRIES = 4,
    SERVERS_EDNS_BYTES = 1232 /* fits in every path's MTU */
};

struct servers_socket {
    struct watch watch;
    struct servers *servers;
    struct servers_socket *next;
};

struct servers {
    struct loop *loop;
    ares_channel channel;
    struct ares_addr_port_node *system; /* name servers of /etc */
    struct servers_socket *sockets;
    struct timer timer; /* when c-ares wants to look at its queries */
    struct task give_up;
};

static void servers_rearm(struct servers *servers)
{
    struct timeval room;
    const struct timeval *left = ares_timeout(servers->channel, NULL, &room);

    if (left == NULL) {
        loop_clear_timer(servers->loop, &servers->timer);
        return;
    }
    if (loop_set_timer(servers->loop, &servers->timer,
            (int64_t)left->tv_sec * 1000 + left->tv_usec / 1000 + 1) !=
        COP_OK) {
        /* Out of memory: better to fail than to wait for ever. */
        loop_defer(servers->loop, &servers->give_up);
    }
}

static void servers_on_timer(struct timer *timer)
{
    struct servers *servers = LOOP_OWNER(timer, struct servers, timer);

    ares_process_fd(servers->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    servers_rearm(servers);
}

static void servers_on_give_up(struct task *task)
{
    struct servers *servers = LOOP_OWNER(task, struct servers, give_up);

    ares_cancel(servers->channel);
}

/* The socket may be gone when c-ares has dealt with it. */
static void servers_on_socket(struct watch *watch, unsigned events)
{
    struct servers *servers =
        LOOP_OWNER(watch, struct servers_socket, watch)->servers;
    int fd = watch->fd;

    ares_process_fd(servers->channel,
        (events & LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
        (events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
    servers_rearm(servers);
}

static void servers_open_socket(
    struct servers *servers, int fd, unsigned wanted)
{
    struct servers_socket *it = calloc(1, sizeof(*it));

    if (it == NULL) {
        return; /* its queries time out */
    }
    it->servers = servers;
    watch_init(&it->watch, servers_on_socket);
    if (loop_watch(servers->loop, &it->watch, fd, wanted) != COP_OK) {
        free(it);
        return;
    }
    it->next = servers->sockets;
    servers->sockets = it;
}

/* c-ares tells what it wants of a socket; nothing just before closing it. */
static void servers_on_socket_state(
    void *context, ares_socket_t fd, int readable, int writable)
{
    struct servers *servers = context;
    unsigned wanted = (readable != 0 ? (unsigned)LOOP_READ : 0) |
                      (writable != 0 ? (unsigned)LOOP_WRITE : 0);
    struct servers_socket **link = &servers->sockets;
    struct servers_socket *it;

    while (*link != NULL && (*link)->watch.fd != fd) {
        link = &(*link)->next;
    }
    it = *link;
    if (it == NULL && wanted != 0) {
        servers_open_socket(servers, fd, wanted);
    } else if (it != NULL && wanted != 0) {
        loop_want(servers->loop, &it->watch, wanted);
    } else if (it != NULL) {
        *link = it->next;
        loop_unwatch(servers->loop, &it->watch);
        free(it);
    }
}

static void server_from_address(
    const struct sockaddr_storage *address, struct ares_addr_port_node *node)
{
    uint8_t bytes[16];
    bool is_ipv4;

    address_bytes(address, bytes);
    is_ipv4 = address_is_ipv4(bytes);
    node->family = is_ipv4 ? AF_INET : AF_INET6;
    memcpy(&node->addr, is_ipv4 ? bytes + 12 : bytes, is_ipv4 ? 4 : 16);
    node->udp_port = node->tcp_port = address_port(address);
}

static enum cop_status servers_set(
    struct servers *servers, const struct config *config)
{
    uint32_t n = config->name_servers_n;
    struct ares_addr_port_node *nodes;
    int status;

    if (n == 0) {
        status = ares_set_servers_ports(servers->channel, servers->system);
        return status == ARES_SUCCESS ? COP_OK : COP_E_NOMEM;
    }
    nodes = calloc(n, sizeof(*nodes));
    if (nodes == NULL) {
        return COP_E_NOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        server_from_address(&config->name_servers[i], &nodes[i]);
        nodes[i].next = i + 1 < n ? &nodes[i + 1] : NULL;
    }
    status = ares_set_servers_ports(servers->channel, nodes);
    free(nodes);
    return status == ARES_SUCCESS ? COP_OK : COP_E_NOMEM;
}

static enum cop_status servers_open_channel(struct servers *servers)
{
    char lookups[] = "b"; /* name servers only, not /etc/hosts */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
        .timeout = SERVERS_TRY_MS,
        .tries = SERVERS_TRIES,
        .lookups = lookups,
        .ednspsz = SERVERS_EDNS_BYTES,
        .sock_state_cb = servers_on_socket_state,
        .sock_state_cb_data = servers,
    };
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (status != ARES_SUCCESS) {
        return COP_E_IO;
    }
    status = ares_init_options(&servers->channel, &options,
        ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
            ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_DOMAINS |
            ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
        ares_library_cleanup();
        servers->channel = NULL;
        return status == ARES_ENOMEM ? COP_E_NOMEM : COP_E_IO;
    }
    status = ares_get_servers_ports(servers->channel, &servers->system);
    return status == ARES_SUCCESS ? COP_OK : COP_E_NOMEM;
}

enum cop_status servers_new(struct loop *loop, struct servers **out)
{
    struct servers *servers = calloc(1, sizeof(*servers));
    enum cop_status status;

    if (servers == NULL) {
        return COP_E_NOMEM;
    }
    servers->loop = loop;
    timer_init(&servers->timer, servers_on_timer);
    task_init(&servers->give_up, servers_on_give_up);
    status = servers_open_channel(servers);
    if (status != COP_OK) {
        servers_free(&servers);
        return status;
    }
    *out = servers;
    return COP_OK;
}

void servers_free(struct servers **servers)
{
    struct servers *it = *servers;

    if (it == NULL) {
        return;
    }
    if (it->channel != NULL) {
        ares_destroy(it->channel);
        ares_library_cleanup();
    }
    if (it->system != NULL) {
        ares_free_data(it->system);
    }
    loop_clear_timer(it->loop, &it->timer);
    loop_cancel_task(it->loop, &it->give_up);
    free(it);
    *servers = NULL;
}

enum cop_status servers_use(
    struct servers *servers, const struct config *config)
{
    enum cop_status status;

    /* c-ares changes its servers only while it asks nothing. */
    ares_cancel(servers->channel);
    status = servers_set(servers, config);
    servers_rearm(servers);
    return status;
}

void servers_ask(struct servers *servers, const char *name, int type,
    ares_callback fn, void *context)
{
    ares_query(servers->channel, name, ns_c_in, type, fn, context);
    servers_rearm(servers);
}

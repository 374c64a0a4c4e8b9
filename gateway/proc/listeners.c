#include "gateway/proc/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "gateway/net/address.h"
#include "gateway/net/origin.h"
#include "gateway/proc/say.h"

enum { LISTENERS_BACKLOG = 4096 };

static int listeners_shared(
    const struct listeners *from, const struct sockaddr_storage *address)
{
    for (uint32_t i = 0; from != NULL && i < from->n; i++) {
        if (memcmp(&from->addresses[i], address, sizeof(*address)) == 0) {
            return fcntl(from->fds[i], F_DUPFD_CLOEXEC, 0);
        }
    }
    return -1;
}

static void listeners_say(const struct sockaddr_storage *address)
{
    char text[ADDRESS_TEXT_MAX];
    struct cop_slice host = address_print(address, text);
    const char *todo = "";

    if (errno == EADDRINUSE) {
        todo = ": another program listens there; stop it, or change `listen:`";
    } else if (errno == EADDRNOTAVAIL) {
        todo = ": this machine does not have that address; correct `listen:`";
    } else if (errno == EACCES) {
        todo = ": ports below 1024 need the right to bind them";
    }
    say(SAY_ERROR, "cannot listen on %.*s port %u: %s%s", (int)host.n, host.p,
        (unsigned)address_port(address), strerror(errno), todo);
}

static int listeners_bind(const struct config_listen *listen_on)
{
    int fd = socket(listen_on->address.ss_family,
        SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    if (fd < 0) {
        listeners_say(&listen_on->address);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (listen_on->address.ss_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, (const struct sockaddr *)(const void *)&listen_on->address,
            listen_on->address_n) != 0 ||
        listen(fd, LISTENERS_BACKLOG) != 0) {
        listeners_say(&listen_on->address);
        close(fd);
        return -1;
    }
    return fd;
}

/* One that other connections than those to this machine are brought to. */
static void listeners_prepare(int fd, const struct config_listen *listen_on)
{
    char text[ADDRESS_TEXT_MAX];
    struct cop_slice host;

    if (listen_on->mode == CONFIG_LISTEN_PROXY ||
        origin_permit_foreign(fd, listen_on->address.ss_family)) {
        return;
    }
    host = address_print(&listen_on->address, text);
    say(SAY_WARNING,
        "%.*s port %u takes only what is redirected to it, not TPROXY, which "
        "needs CAP_NET_ADMIN: %s",
        (int)host.n, host.p, (unsigned)address_port(&listen_on->address),
        strerror(errno));
}

enum cop_status listeners_open(const struct config *config,
    const struct listeners *from, struct listeners *out)
{
    out->n = 0;
    if (config->listens_n > LISTENERS_MAX) {
        say(SAY_ERROR, "more than %d addresses to listen on", LISTENERS_MAX);
        return COP_E_LIMIT;
    }
    for (uint32_t i = 0; i < config->listens_n; i++) {
        int fd = listeners_shared(from, &config->listens[i].address);

        if (fd < 0) {
            fd = listeners_bind(&config->listens[i]);
        }
        if (fd < 0) {
            listeners_close(out);
            return COP_E_IO;
        }
        listeners_prepare(fd, &config->listens[i]);
        out->fds[out->n] = fd;
        out->addresses[out->n] = config->listens[i].address;
        out->n++;
    }
    return COP_OK;
}

void listeners_close(struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->n; i++) {
        close(listeners->fds[i]);
    }
    listeners->n = 0;
}

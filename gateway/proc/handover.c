#include "gateway/proc/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/proc/roles.h"
#include "gateway/proc/say.h"

enum { HANDOVER_SOCKETS = 1, HANDOVER_READY = 2, HANDOVER_WAIT_MS = 5000 };

/* Room for the descriptors of one message, aligned as cmsghdr wants it. */
union handover_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * LISTENERS_MAX)];
};

static void put_number(unsigned char *out, uint32_t number)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (unsigned char)(number >> (8 * i));
    }
}

static void handover_write(
    uint32_t what, uint32_t sockets, unsigned char out[HANDOVER_BYTES])
{
    memcpy(out, "CUP1", 4);
    put_number(out + 4, what);
    put_number(out + 8, sockets);
    put_number(out + 12, 0);
}

static enum cop_status handover_send(
    int line, uint32_t what, const int *fds, uint32_t fds_n)
{
    unsigned char bytes[HANDOVER_BYTES];
    struct iovec part = {bytes, sizeof(bytes)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union handover_control control;

    handover_write(what, fds_n, bytes);
    if (fds_n > 0) {
        struct cmsghdr *rights;

        memset(&control, 0, sizeof(control));
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fds_n);
        rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * fds_n);
        memcpy(CMSG_DATA(rights), fds, sizeof(int) * fds_n);
    }
    return sendmsg(line, &header, MSG_NOSIGNAL | MSG_DONTWAIT) ==
                   (ssize_t)sizeof(bytes)
               ? COP_OK
               : COP_E_IO;
}

static uint32_t handover_keep_fds(struct msghdr *header, int fds[LISTENERS_MAX])
{
    struct cmsghdr *part = CMSG_FIRSTHDR(header);
    size_t bytes;

    if (part == NULL || part->cmsg_level != SOL_SOCKET ||
        part->cmsg_type != SCM_RIGHTS) {
        return 0;
    }
    bytes = part->cmsg_len - CMSG_LEN(0);
    memcpy(fds, CMSG_DATA(part), bytes);
    return (uint32_t)(bytes / sizeof(int));
}

/* One message of the kind `what`, with as many descriptors as it says. */
static enum cop_status handover_receive(
    int line, uint32_t what, int fds[LISTENERS_MAX], uint32_t *fds_n)
{
    unsigned char bytes[HANDOVER_BYTES];
    unsigned char wanted[HANDOVER_BYTES];
    struct iovec part = {bytes, sizeof(bytes)};
    union handover_control control;
    struct msghdr header = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(line, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    *fds_n = 0;
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? COP_AGAIN : COP_E_TRUNCATED;
    }
    if (n == 0) {
        return COP_E_TRUNCATED;
    }
    *fds_n = handover_keep_fds(&header, fds);
    handover_write(what, *fds_n, wanted);
    if (n != (ssize_t)sizeof(bytes) || memcmp(bytes, wanted, (size_t)n) != 0 ||
        (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        for (uint32_t i = 0; i < *fds_n; i++) {
            close(fds[i]);
        }
        *fds_n = 0;
        return COP_E_SYNTAX;
    }
    return COP_OK;
}

static bool socket_is(int fd, int option, int wanted)
{
    int value = -1;
    socklen_t n = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 &&
           value == wanted;
}

enum cop_status handover_line(int *out)
{
    const char *value = getenv(HANDOVER_VARIABLE);
    bool is_named = value != NULL;
    bool is_ours = is_named && strcmp(value, "3") == 0;

    *out = -1;
    unsetenv(HANDOVER_VARIABLE);
    if (!is_named) {
        return COP_OK;
    }
    if (!is_ours || !socket_is(ROLE_CHANNEL_FD, SO_DOMAIN, AF_UNIX) ||
        !socket_is(ROLE_CHANNEL_FD, SO_TYPE, SOCK_SEQPACKET) ||
        fcntl(ROLE_CHANNEL_FD, F_SETFD, FD_CLOEXEC) != 0) {
        say(SAY_ERROR, "%s is set, but nobody hands over: unset it",
            HANDOVER_VARIABLE);
        return COP_E_SYNTAX;
    }
    *out = ROLE_CHANNEL_FD;
    return COP_OK;
}

enum cop_status handover_give(int line, const struct listeners *listeners)
{
    return handover_send(line, HANDOVER_SOCKETS, listeners->fds, listeners->n);
}

/* Where a socket listens, if it is one that we could have opened. */
static bool handover_knows(int fd, struct sockaddr_storage *out)
{
    socklen_t n = sizeof(*out);

    memset(out, 0, sizeof(*out));
    return (socket_is(fd, SO_DOMAIN, AF_INET) ||
               socket_is(fd, SO_DOMAIN, AF_INET6)) &&
           socket_is(fd, SO_PROTOCOL, IPPROTO_TCP) &&
           socket_is(fd, SO_ACCEPTCONN, 1) &&
           getsockname(fd, (struct sockaddr *)(void *)out, &n) == 0 &&
           fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0;
}

static bool handover_has(
    const struct listeners *listeners, const struct sockaddr_storage *address)
{
    for (uint32_t i = 0; i < listeners->n; i++) {
        if (memcmp(&listeners->addresses[i], address, sizeof(*address)) == 0) {
            return true;
        }
    }
    return false;
}

enum cop_status handover_take(int line, struct listeners *out)
{
    struct pollfd ready = {line, POLLIN, 0};
    enum cop_status status = COP_E_IO;
    struct listeners all = {.n = 0};
    uint32_t n = 0;

    out->n = 0;
    if (poll(&ready, 1, HANDOVER_WAIT_MS) == 1) {
        status = handover_receive(line, HANDOVER_SOCKETS, all.fds, &n);
    }
    for (uint32_t i = 0; i < n && status == COP_OK; i++) {
        if (!handover_knows(all.fds[i], &all.addresses[i]) ||
            handover_has(&all, &all.addresses[i])) {
            status = COP_E_SYNTAX;
        }
        all.n = i + 1;
    }
    if (status != COP_OK) {
        all.n = n;
        listeners_close(&all);
        say(SAY_ERROR, "what was to be handed over are no sockets of ours");
        return status == COP_E_SYNTAX ? COP_E_SYNTAX : COP_E_IO;
    }
    *out = all;
    return COP_OK;
}

enum cop_status handover_tell_ready(int line)
{
    return handover_send(line, HANDOVER_READY, NULL, 0);
}

enum cop_status handover_hear_ready(int line)
{
    int fds[LISTENERS_MAX];
    uint32_t n = 0;
    enum cop_status status = handover_receive(line, HANDOVER_READY, fds, &n);

    for (uint32_t i = 0; i < n; i++) {
        close(fds[i]);
    }
    return status == COP_OK && n > 0 ? COP_E_SYNTAX : status;
}

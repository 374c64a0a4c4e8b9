#include "gateway/proc/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANNEL_WAIT_MS = 5000 };

static const struct {
    enum channel_kind kind;
    enum channel_end from;
} rows[] = {
#define CHANNEL_KIND(symbol, number, from, text) {symbol, from},
#include "gateway/proc/channel.tbl"
};

enum cop_status channel_pair(int out[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
            out) != 0) {
        return COP_E_IO;
    }
    return COP_OK;
}

/* Room for the descriptors of one message, aligned as cmsghdr wants it. */
union channel_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * CHANNEL_FDS_MAX)];
};

static ssize_t channel_send_waiting(int fd, const struct msghdr *header)
{
    struct pollfd ready = {fd, POLLOUT, 0};
    ssize_t n = sendmsg(fd, header, MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR) &&
        poll(&ready, 1, CHANNEL_WAIT_MS) == 1) {
        n = sendmsg(fd, header, MSG_NOSIGNAL);
    }
    return n;
}

enum cop_status channel_send(int fd, const struct channel_message *message,
    const int *fds, uint32_t fds_n)
{
    struct channel_message copy = *message;
    struct iovec part = {&copy, sizeof(copy)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union channel_control control;

    if (fds_n > CHANNEL_FDS_MAX) {
        return COP_E_IO;
    }
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
    if (channel_send_waiting(fd, &header) != (ssize_t)sizeof(copy)) {
        return COP_E_IO;
    }
    return COP_OK;
}

static int channel_may_send(uint32_t kind, enum channel_end from)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((uint32_t)rows[i].kind == kind && rows[i].from == from) {
            return 1;
        }
    }
    return 0;
}

static void channel_take_fds(
    struct msghdr *header, int fds[CHANNEL_FDS_MAX], uint32_t *fds_n)
{
    *fds_n = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
         part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
            *fds_n == 0) {
            size_t bytes = part->cmsg_len - CMSG_LEN(0);

            memcpy(fds, CMSG_DATA(part), bytes);
            *fds_n = (uint32_t)(bytes / sizeof(int));
        }
    }
}

enum cop_status channel_receive(int fd, enum channel_end from,
    struct channel_message *out, int fds[CHANNEL_FDS_MAX], uint32_t *fds_n)
{
    struct channel_message message;
    struct iovec part = {&message, sizeof(message)};
    union channel_control control;
    struct msghdr header = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes)};
    ssize_t n;

    *fds_n = 0;
    do {
        n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN ? COP_AGAIN : COP_E_IO;
    }
    if (n == 0) {
        return COP_E_TRUNCATED;
    }
    channel_take_fds(&header, fds, fds_n);
    if (n != (ssize_t)sizeof(message) ||
        (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
        !channel_may_send(message.kind, from)) {
        for (uint32_t i = 0; i < *fds_n; i++) {
            close(fds[i]);
        }
        *fds_n = 0;
        return COP_E_SYNTAX;
    }
    *out = message;
    return COP_OK;
}

/* The messages between processes, as a hostile peer would send them: only what
 * the table permits comes through, and a descriptor of anything else is closed.
 * The first byte says who is meant to have sent it, and with how many
 * descriptors; the rest is the datagram. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/proc/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SENDERS = 3, FDS = 5 };

static void send_it(int fd, const uint8_t *data, size_t n, uint32_t fds_n)
{
    static const int fds[FDS];
    struct channel_message message;

    if (n == sizeof(message)) {
        memcpy(&message, data, n);
        (void)!channel_send(fd, &message, fds, fds_n);
    } else {
        (void)!send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct channel_message got;
    int fds[CHANNEL_FDS_MAX];
    uint32_t fds_n = 0;
    int pair[2];
    int before;

    if (n < 2 || channel_pair(pair) != COP_OK) {
        return 0;
    }
    before = dup(pair[0]);
    (void)close(before);
    send_it(pair[0], data + 1, n - 1, data[0] / SENDERS % FDS);
    if (channel_receive(pair[1], (enum channel_end)(data[0] % SENDERS), &got,
            fds, &fds_n) != COP_OK
            ? fds_n != 0
            : n - 1 != sizeof(got) || memcmp(&got, data + 1, n - 1) != 0) {
        abort();
    }
    for (uint32_t i = 0; i < fds_n; i++) {
        (void)close(fds[i]);
    }
    if (dup(pair[0]) != before || close(before) != 0) {
        abort(); /* a descriptor was left open */
    }
    (void)close(pair[0]);
    (void)close(pair[1]);
    return 0;
}

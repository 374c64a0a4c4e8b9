#include "gateway/proc/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void notify_send(const char *message)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = path != NULL ? strlen(path) : 0;
    int fd;

    if (n == 0 || n >= sizeof(address.sun_path) ||
        (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, n);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract namespace */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    if (sendto(fd, message, strlen(message), MSG_NOSIGNAL,
            (const struct sockaddr *)(const void *)&address,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
        fprintf(stderr, "copgate: the service manager does not listen\n");
    }
    close(fd);
}

void notify_ready(void)
{
    notify_send("READY=1\nSTATUS=Filtering");
}

void notify_reloading(void)
{
    char message[96];
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%lld",
        (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify_send(message);
}

void notify_stopping(void)
{
    notify_send("STOPPING=1\nSTATUS=Ending connections");
}

void notify_successor(pid_t pid)
{
    char message[96];

    snprintf(message, sizeof(message), "MAINPID=%d\nREADY=1\nSTATUS=Filtering",
        (int)pid);
    notify_send(message);
}

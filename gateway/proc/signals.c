#include "gateway/proc/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum cop_status signals_watch(
    struct loop *loop, watch_fn *fn, struct watch *out)
{
    static const int heard[] = {
        SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2};
    enum cop_status status;
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
        sigaddset(&set, heard[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return COP_E_IO;
    }
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return COP_E_IO;
    }
    watch_init(out, fn);
    status = loop_watch(loop, out, fd, LOOP_READ);
    if (status != COP_OK) {
        close(fd);
    }
    return status;
}

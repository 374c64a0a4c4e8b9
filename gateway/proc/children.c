#include "gateway/proc/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/proc/roles.h"
#include "gateway/proc/say.h"

void children_init(struct children *children)
{
    memset(children, 0, sizeof(*children));
    for (int i = 0; i < CHILDREN_MAX; i++) {
        children->all[i].channel = -1;
    }
}

static struct child *children_place(struct children *children)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        if (children->all[i].pid == 0) {
            return &children->all[i];
        }
    }
    return NULL;
}

/* In the new process, between fork and exec: only async-signal-safe calls.
 * The parent alone hears the operator's signals. */
static void children_become(const char *role, const char *file, int channel)
{
    char *arguments[] = {"copgate", "--role", NULL, "-c", NULL, NULL};
    sigset_t none;
    int fd = channel;

    arguments[2] = (char *)(uintptr_t)role;
    arguments[4] = (char *)(uintptr_t)file;
    if (fd == ROLE_CHANNEL_FD) {
        fcntl(fd, F_SETFD, 0);
    } else if (dup2(fd, ROLE_CHANNEL_FD) < 0) {
        _exit(EXIT_SOFTWARE);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    execv("/proc/self/exe", arguments);
    _exit(EXIT_SOFTWARE);
}

enum cop_status children_start(struct children *children, const char *role,
    const char *file, struct child **out)
{
    struct child *child = children_place(children);
    int pair[2];
    pid_t pid;

    if (child == NULL) {
        return COP_E_LIMIT;
    }
    if (channel_pair(pair) != COP_OK) {
        return COP_E_IO;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        children_become(role, file, pair[1]);
    }
    close(pair[1]);
    if (pid < 0) {
        say(SAY_ERROR, "cannot start a %s: %s", role, strerror(errno));
        close(pair[0]);
        return COP_E_IO;
    }
    child->pid = pid;
    child->channel = pair[0];
    child->is_keyd = strcmp(role, "keyd") == 0;
    child->is_leaving = false;
    child->is_ready = false;
    child->generation = 0;
    *out = child;
    return COP_OK;
}

struct child *children_reap(struct children *children, int *status)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        pid_t pid = children->all[i].pid;

        if (pid != 0 && waitpid(pid, status, WNOHANG) == pid) {
            return &children->all[i];
        }
    }
    return NULL;
}

void child_forget(struct child *child)
{
    if (child->channel >= 0) {
        close(child->channel);
    }
    memset(child, 0, sizeof(*child));
    child->channel = -1;
}

uint32_t children_workers(const struct children *children)
{
    uint32_t n = 0;

    for (int i = 0; i < CHILDREN_MAX; i++) {
        const struct child *child = &children->all[i];

        n += child->pid != 0 && !child->is_keyd && !child->is_leaving;
    }
    return n;
}

uint32_t children_count(const struct children *children)
{
    uint32_t n = 0;

    for (int i = 0; i < CHILDREN_MAX; i++) {
        n += children->all[i].pid != 0;
    }
    return n;
}

struct child *children_keyd(struct children *children)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->all[i];

        if (child->pid != 0 && child->is_keyd && !child->is_leaving) {
            return child;
        }
    }
    return NULL;
}

bool children_are_ready(const struct children *children, uint32_t generation)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        const struct child *child = &children->all[i];

        if (child->pid != 0 && !child->is_keyd && !child->is_leaving &&
            (!child->is_ready || child->generation != generation)) {
            return false;
        }
    }
    return children_workers(children) > 0;
}

void children_tell(struct children *children, enum channel_kind kind)
{
    struct channel_message message = {.kind = (uint32_t)kind};

    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->all[i];

        if (child->pid == 0 || (child->is_keyd && kind != CHANNEL_REPORT)) {
            continue;
        }
        if (channel_send(child->channel, &message, NULL, 0) != COP_OK) {
            say(SAY_WARNING, "process %d does not listen", (int)child->pid);
        }
        if (kind == CHANNEL_DRAIN) {
            child->is_leaving = true;
        }
    }
}

void children_kill(const struct children *children)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        if (children->all[i].pid != 0) {
            kill(children->all[i].pid, SIGKILL);
        }
    }
}

static void child_close(struct child *child)
{
    if (child->channel >= 0) {
        close(child->channel);
        child->channel = -1;
    }
}

/* All channels first: keyd ends after the workers. */
void children_wait(struct children *children)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        child_close(&children->all[i]);
    }
    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->all[i];
        pid_t pid = child->pid;

        if (pid != 0) {
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
            }
            child_forget(child);
        }
    }
}

/* The parent: reads what operators write, binds, starts, restarts, reloads,
 * stops. It reads no network bytes and never the authority's key.
 *
 * Invariants:
 *  1. What is in use (`load`, `listeners`, `log_fd`, `generation`) was checked
 *     whole; a reload replaces all of it or nothing.
 *  2. There is a keyd while there are workers. If it dies, a new one is
 *     started and the workers are replaced, each draining first.
 *  3. A worker that dies is replaced; those that die young are replaced more
 *     and more slowly, never given up.
 *  4. Children end when their channel to the parent does.
 *  5. While another copgate is tried (`successor`), nothing changes; it takes
 *     over when its workers take connections, and this one ends. While this
 *     one is the other (`line`), it ends at the first thing that goes wrong. */
#include "gateway/proc/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/loop/loop.h"
#include "gateway/net/address.h"
#include "gateway/proc/channel.h"
#include "gateway/proc/children.h"
#include "gateway/proc/handover.h"
#include "gateway/proc/listeners.h"
#include "gateway/proc/load.h"
#include "gateway/proc/notify.h"
#include "gateway/proc/say.h"
#include "gateway/proc/signals.h"
#include "gateway/proc/successor.h"

enum {
    PARENT_POLL_MS = 100,
    PARENT_CA_WAIT_MS = 10000,
    PARENT_RESTART_MIN_MS = 100,
    PARENT_RESTART_MAX_MS = 10000,
    PARENT_KILL_AFTER_MS = 5000, /* beyond the drain time */
    PARENT_UPGRADE_MS = 60000    /* from start to ready */
};

struct parent {
    const char *file;
    struct load *load;
    struct listeners listeners;
    int log_fd;
    uint32_t generation;
    struct children children;
    struct loop *loop;
    struct watch signals;
    struct timer tick;        /* hears workers' answers, restarts, deadlines */
    int64_t restart_ms;       /* how long to wait before the next replacement */
    int64_t restart_at;       /* 0: nothing waits */
    int64_t kill_at;          /* when stopping: the end of patience */
    unsigned char secret[32]; /* of all workers, and of this run alone */
    bool is_stopping;
    bool was_ready;
    struct successor successor;
    bool wants_reload; /* when the upgrade is over */
    int line;          /* to the parent that hands over to us; else -1 */
    int code;          /* to end with */
    char program[PATH_MAX];
};

static int parent_open_log(const struct config *config)
{
    int fd;

    if (strcmp(config->log_decisions, "-") == 0) {
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    }
    fd = open(config->log_decisions,
        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0) {
        say(SAY_ERROR, "%s: cannot be opened for the decision log: %s",
            config->log_decisions, strerror(errno));
    }
    return fd;
}

static uint32_t parent_workers_wanted(const struct parent *parent)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t workers = parent->load->config->workers;

    if (workers == 0) {
        workers = cores > 0 ? (uint32_t)cores : 1;
    }
    return workers > 64 ? 64 : workers;
}

/* ---- what is sent to children ---- */

static enum cop_status parent_send_world(
    struct parent *parent, struct child *child, int keyd_fd)
{
    const struct load *load = parent->load;
    struct channel_message message = {.kind = CHANNEL_WORLD,
        .generation = parent->generation,
        .bundles = load->bundles,
        .has_policy = load->policy_fd >= 0,
        .has_keyd = keyd_fd >= 0,
        .has_revoked = load->revoked_fd >= 0,
        .listens = parent->listeners.n};
    int fds[CHANNEL_FDS_MAX];
    uint32_t n = 0;

    for (unsigned i = 0; i < COP_DATABASES; i++) {
        message.databases |= (load->databases.fds[i] >= 0 ? 1u : 0) << i;
    }
    memcpy(message.secret, parent->secret, sizeof(message.secret));
    fds[n++] = load->config_fd;
    fds[n++] = load->trust_fd;
    fds[n++] = load->ca_certificate_fd;
    if (load->revoked_fd >= 0) {
        fds[n++] = load->revoked_fd;
    }
    if (load->policy_fd >= 0) {
        fds[n++] = load->policy_fd;
    }
    for (uint32_t i = 0; i < load->bundles; i++) {
        fds[n++] = load->bundle_fds[i];
    }
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        if (load->databases.fds[i] >= 0) {
            fds[n++] = load->databases.fds[i];
        }
    }
    fds[n++] = parent->log_fd;
    if (keyd_fd >= 0) {
        fds[n++] = keyd_fd;
    }
    for (uint32_t i = 0; i < parent->listeners.n; i++) {
        fds[n++] = parent->listeners.fds[i];
    }
    return channel_send(child->channel, &message, fds, n);
}

/* keyd's word on the certificate and key of a generation; an answer that comes
 * late, for one before, is passed over. */
static enum cop_status parent_hear_keyd(struct child *keyd, uint32_t generation)
{
    struct pollfd ready = {keyd->channel, POLLIN, 0};
    struct channel_message message;
    int none[CHANNEL_FDS_MAX];
    uint32_t none_n;

    do {
        if (poll(&ready, 1, PARENT_CA_WAIT_MS) != 1 ||
            channel_receive(keyd->channel, CHANNEL_KEYD, &message, none,
                &none_n) != COP_OK) {
            say(SAY_ERROR, "keyd does not answer");
            return COP_E_IO;
        }
    } while (message.generation != generation);
    return (enum cop_status)message.status;
}

/* Hand keyd a certificate and key and wait for its word on them. */
static enum cop_status parent_send_ca(
    struct child *keyd, const struct load *load, uint32_t generation)
{
    struct channel_message message = {.kind = CHANNEL_CA,
        .generation = generation,
        .has_passphrase = load->ca_passphrase_fd >= 0,
        .has_log = load->ca_log_fd >= 0,
        .mint_per_second = load->config->limits.mint_per_second};
    int fds[4] = {load->ca_certificate_fd, load->ca_key_fd};
    uint32_t n = 2;

    if (load->ca_passphrase_fd >= 0) {
        fds[n++] = load->ca_passphrase_fd;
    }
    if (load->ca_log_fd >= 0) {
        fds[n++] = load->ca_log_fd;
    }
    if (channel_send(keyd->channel, &message, fds, n) != COP_OK) {
        say(SAY_ERROR, "keyd does not listen");
        return COP_E_IO;
    }
    return parent_hear_keyd(keyd, generation);
}

static enum cop_status parent_start_keyd(struct parent *parent)
{
    struct child *keyd = NULL;
    enum cop_status status =
        children_start(&parent->children, "keyd", parent->file, &keyd);

    if (status != COP_OK) {
        return status;
    }
    return parent_send_ca(keyd, parent->load, parent->generation);
}

static enum cop_status parent_start_worker(struct parent *parent)
{
    struct channel_message peer = {.kind = CHANNEL_PEER};
    struct child *keyd = children_keyd(&parent->children);
    struct child *worker = NULL;
    enum cop_status status;
    int line[2];

    if (keyd == NULL || channel_pair(line) != COP_OK) {
        return COP_E_IO;
    }
    status = children_start(&parent->children, "worker", parent->file, &worker);
    if (status == COP_OK) {
        status = channel_send(keyd->channel, &peer, &line[0], 1);
    }
    if (status == COP_OK) {
        status = parent_send_world(parent, worker, line[1]);
    }
    close(line[0]);
    close(line[1]);
    return status;
}

/* ---- keeping the house full ---- */

static void parent_fill(struct parent *parent)
{
    uint32_t wanted = parent_workers_wanted(parent);

    if (parent->is_stopping) {
        return;
    }
    if (children_keyd(&parent->children) == NULL &&
        parent_start_keyd(parent) != COP_OK) {
        say(SAY_ERROR, "keyd could not be started; trying again");
        return;
    }
    while (children_workers(&parent->children) < wanted) {
        if (parent_start_worker(parent) != COP_OK) {
            say(SAY_ERROR, "a worker could not be started; trying again");
            return;
        }
    }
}

/* More workers than wanted after a reload: the last ones drain. */
static void parent_thin(struct parent *parent)
{
    struct channel_message message = {.kind = CHANNEL_DRAIN};
    uint32_t wanted = parent_workers_wanted(parent);

    for (int i = CHILDREN_MAX - 1; i >= 0; i--) {
        struct child *child = &parent->children.all[i];

        if (children_workers(&parent->children) <= wanted) {
            return;
        }
        if (child->pid != 0 && !child->is_keyd && !child->is_leaving) {
            child->is_leaving = true;
            if (channel_send(child->channel, &message, NULL, 0) != COP_OK) {
                say(SAY_WARNING, "worker %d does not listen", (int)child->pid);
            }
        }
    }
}

static void parent_schedule_restart(struct parent *parent)
{
    if (parent->restart_at == 0) {
        parent->restart_at = loop_now_ms(parent->loop) + parent->restart_ms;
        parent->restart_ms = parent->restart_ms * 2 > PARENT_RESTART_MAX_MS
                                 ? PARENT_RESTART_MAX_MS
                                 : parent->restart_ms * 2;
    }
}

/* The one that hands over to us goes on; it sees the line closed. */
static void parent_give_way(struct parent *parent)
{
    close(parent->line);
    parent->line = -1;
    parent->code = EXIT_SOFTWARE;
    loop_stop(parent->loop);
}

static void parent_child_ended(
    struct parent *parent, struct child *child, int status)
{
    const char *role = child->is_keyd ? "keyd" : "worker";
    bool was_leaving = child->is_leaving || parent->is_stopping;
    bool was_keyd = child->is_keyd;

    if (WIFSIGNALED(status)) {
        say(SAY_ERROR, "%s %d was ended by signal %d", role, (int)child->pid,
            WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        say(SAY_ERROR, "%s %d ended with code %d", role, (int)child->pid,
            WEXITSTATUS(status));
    }
    child_forget(child);
    if (was_leaving) {
        return;
    }
    if (parent->line >= 0) {
        parent_give_way(parent);
        return;
    }
    if (was_keyd) {
        children_tell(&parent->children, CHANNEL_DRAIN);
    }
    parent_schedule_restart(parent);
}

static void parent_reap(struct parent *parent)
{
    struct child *child;
    int status;

    while ((child = children_reap(&parent->children, &status)) != NULL) {
        parent_child_ended(parent, child, status);
    }
    if (parent->is_stopping && children_workers(&parent->children) == 0) {
        uint32_t left = children_count(&parent->children);

        if (left == 0 ||
            (left == 1 && children_keyd(&parent->children) != NULL)) {
            loop_stop(parent->loop);
        }
    }
}

/* ---- hearing workers ---- */

/* We are the service: who hands over tells the service manager so, who is gone
 * already cannot. */
static void parent_tell_ready(struct parent *parent)
{
    bool is_told =
        parent->line >= 0 && handover_tell_ready(parent->line) == COP_OK;

    if (parent->line >= 0) {
        close(parent->line);
        parent->line = -1;
    }
    if (!is_told) {
        notify_ready();
    }
}

/* Every worker decides by the newest generation. */
static void parent_say_ready(struct parent *parent)
{
    char text[ADDRESS_TEXT_MAX];

    parent_tell_ready(parent);
    databases_say(&parent->load->databases);
    if (parent->generation > 1) {
        say(SAY_NOTICE, "generation %u is in use", parent->generation);
        return;
    }
    for (uint32_t i = 0; i < parent->listeners.n; i++) {
        struct cop_slice host =
            address_print(&parent->listeners.addresses[i], text);

        say(SAY_NOTICE, "ready on %.*s port %u", (int)host.n, host.p,
            (unsigned)address_port(&parent->listeners.addresses[i]));
    }
}

static void parent_hear(struct parent *parent, struct child *child)
{
    struct channel_message message;
    int fds[CHANNEL_FDS_MAX];
    uint32_t fds_n;
    enum cop_status status;

    while ((status = channel_receive(child->channel, CHANNEL_WORKER, &message,
                fds, &fds_n)) == COP_OK) {
        if (message.status == COP_OK) {
            child->is_ready = true;
            child->generation = message.generation;
            parent->restart_ms = PARENT_RESTART_MIN_MS;
            continue;
        }
        say(SAY_ERROR, "worker %d cannot use generation %u: %s",
            (int)child->pid, message.generation,
            cop_status_text((enum cop_status)message.status));
        if (!child->is_ready) {
            kill(child->pid, SIGKILL);
        }
    }
}

static void parent_tick(struct timer *timer)
{
    struct parent *parent = LOOP_OWNER(timer, struct parent, tick);
    int64_t now = loop_now_ms(parent->loop);

    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &parent->children.all[i];

        if (child->pid != 0 && !child->is_keyd) {
            parent_hear(parent, child);
        }
    }
    if (!parent->is_stopping && !parent->was_ready &&
        children_are_ready(&parent->children, parent->generation)) {
        parent->was_ready = true;
        parent_say_ready(parent);
    }
    if (parent->restart_at != 0 && now >= parent->restart_at) {
        parent->restart_at = 0;
        parent_fill(parent);
        if (children_workers(&parent->children) <
            parent_workers_wanted(parent)) {
            parent_schedule_restart(parent);
        }
    }
    if (parent->is_stopping && now >= parent->kill_at) {
        say(SAY_WARNING, "some connections did not end in time");
        children_kill(&parent->children);
        loop_stop(parent->loop);
    }
    if (loop_set_timer(parent->loop, timer, PARENT_POLL_MS) != COP_OK) {
        loop_stop(parent->loop);
    }
}

/* ---- what the operator asks for ---- */

/* Replace everything, or nothing. The order matters: what can fail comes
 * before what cannot, and workers are told last. */
static void parent_reload(struct parent *parent)
{
    struct cop_report report = {.emit = say_finding};
    struct child *keyd = children_keyd(&parent->children);
    struct load *load = NULL;
    struct listeners listeners = {.n = 0};
    int log_fd = -1;

    notify_reloading();
    if (keyd == NULL ||
        load_open(parent->file, time(NULL), parent->load, &report, &load) !=
            COP_OK ||
        listeners_open(load->config, &parent->listeners, &listeners) !=
            COP_OK ||
        (log_fd = parent_open_log(load->config)) < 0 ||
        parent_send_ca(keyd, load, parent->generation + 1) != COP_OK) {
        say(SAY_ERROR, "reload refused; generation %u stays in use unchanged",
            parent->generation);
        listeners_close(&listeners);
        load_close(&load);
        if (log_fd >= 0) {
            close(log_fd);
        }
        notify_ready();
        return;
    }
    load_close(&parent->load);
    listeners_close(&parent->listeners);
    close(parent->log_fd);
    parent->load = load;
    parent->listeners = listeners;
    parent->log_fd = log_fd;
    parent->generation++;
    parent->was_ready = false;
    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &parent->children.all[i];

        if (child->pid != 0 && !child->is_keyd && !child->is_leaving &&
            parent_send_world(parent, child, -1) != COP_OK) {
            say(SAY_ERROR, "worker %d does not listen", (int)child->pid);
        }
    }
    parent_fill(parent);
    parent_thin(parent);
}

/* Take no more connections, end with the last one. */
static void parent_leave(struct parent *parent)
{
    parent->is_stopping = true;
    parent->kill_at = loop_now_ms(parent->loop) +
                      parent->load->config->limits.drain_ms +
                      PARENT_KILL_AFTER_MS;
    listeners_close(&parent->listeners);
    children_tell(&parent->children, CHANNEL_DRAIN);
    parent_reap(parent);
}

static void parent_stop(struct parent *parent)
{
    if (parent->is_stopping) {
        children_kill(&parent->children);
        loop_stop(parent->loop);
        return;
    }
    successor_abandon(&parent->successor);
    notify_stopping();
    parent_leave(parent);
}

static void parent_upgrade(struct parent *parent)
{
    struct successor_trial trial = {.program = parent->program,
        .file = parent->file,
        .listeners = &parent->listeners,
        .patience_ms = PARENT_UPGRADE_MS};

    if (successor_is_on(&parent->successor) || parent->line >= 0) {
        say(SAY_WARNING, "an upgrade is under way already");
    } else if (successor_start(&parent->successor, &trial) != COP_OK) {
        say(SAY_ERROR, "this copgate goes on unchanged");
    }
}

/* A reload that was asked for meanwhile is for whoever goes on: the new one
 * may have read what was there before. */
static void parent_upgraded(void *context, pid_t pid)
{
    struct parent *parent = context;
    bool wants_reload = parent->wants_reload;

    parent->wants_reload = false;
    if (pid == 0) {
        if (wants_reload) {
            parent_reload(parent);
        }
        return;
    }
    notify_successor(pid);
    if (wants_reload) {
        kill(pid, SIGHUP);
    }
    say(SAY_NOTICE, "copgate %d has taken over; %d ends its connections",
        (int)pid, (int)getpid());
    parent_leave(parent);
}

static void parent_signal(struct watch *watch, unsigned events)
{
    struct parent *parent = LOOP_OWNER(watch, struct parent, signals);
    struct signalfd_siginfo signal_info;

    (void)events;
    while (read(watch->fd, &signal_info, sizeof(signal_info)) ==
           (ssize_t)sizeof(signal_info)) {
        switch (signal_info.ssi_signo) {
        case SIGCHLD:
            parent_reap(parent);
            break;
        case SIGHUP:
            if (successor_is_on(&parent->successor)) {
                parent->wants_reload = true;
            } else if (!parent->is_stopping) {
                parent_reload(parent);
            }
            break;
        case SIGUSR1:
            children_tell(&parent->children, CHANNEL_REPORT);
            break;
        case SIGUSR2:
            if (!parent->is_stopping) {
                parent_upgrade(parent);
            }
            break;
        default:
            parent_stop(parent);
            break;
        }
    }
}

/* ---- from start to end ---- */

static int parent_prepare(
    struct parent *parent, const struct listeners *inherited)
{
    struct cop_report report = {.emit = say_finding};

    if (load_open(parent->file, time(NULL), NULL, &report, &parent->load) !=
        COP_OK) {
        return EXIT_CONFIGURATION;
    }
    if (listeners_open(parent->load->config, inherited, &parent->listeners) !=
        COP_OK) {
        return EXIT_UNAVAILABLE;
    }
    parent->log_fd = parent_open_log(parent->load->config);
    if (parent->log_fd < 0) {
        return EXIT_CONFIGURATION;
    }
    if (loop_new(&parent->loop) != COP_OK ||
        signals_watch(parent->loop, parent_signal, &parent->signals) !=
            COP_OK) {
        return EXIT_SOFTWARE;
    }
    successor_init(&parent->successor, parent->loop, parent_upgraded, parent);
    parent->generation = 1;
    if (parent_start_keyd(parent) != COP_OK) {
        return EXIT_CONFIGURATION;
    }
    parent_fill(parent);
    timer_init(&parent->tick, parent_tick);
    return loop_set_timer(parent->loop, &parent->tick, 0) == COP_OK
               ? EXIT_DONE
               : EXIT_SOFTWARE;
}

static void parent_fini(struct parent *parent)
{
    successor_abandon(&parent->successor);
    children_wait(&parent->children);
    listeners_close(&parent->listeners);
    load_close(&parent->load);
    if (parent->log_fd >= 0) {
        close(parent->log_fd);
    }
    if (parent->loop != NULL && parent->signals.fd >= 0) {
        int fd = parent->signals.fd;

        loop_unwatch(parent->loop, &parent->signals);
        close(fd);
    }
    loop_free(&parent->loop);
}

/* Start anew, or with the sockets of who hands over to us. */
static int parent_begin(struct parent *parent, const char *argv0)
{
    struct listeners inherited = {.n = 0};
    int code;

    if (successor_find_program(
            argv0, parent->program, sizeof(parent->program)) != COP_OK ||
        handover_line(&parent->line) != COP_OK ||
        (parent->line >= 0 &&
            handover_take(parent->line, &inherited) != COP_OK)) {
        return EXIT_SOFTWARE;
    }
    code = parent_prepare(parent, &inherited);
    listeners_close(&inherited);
    return code;
}

int parent_run(const char *argv0, const char *file)
{
    struct parent *parent = calloc(1, sizeof(*parent));
    int code;

    if (parent == NULL) {
        return EXIT_SOFTWARE;
    }
    parent->file = file;
    parent->log_fd = -1;
    parent->signals.fd = -1;
    parent->restart_ms = PARENT_RESTART_MIN_MS;
    children_init(&parent->children);
    if (getrandom(parent->secret, sizeof(parent->secret), 0) !=
        (ssize_t)sizeof(parent->secret)) {
        say(SAY_ERROR, "the system gives no random numbers");
        free(parent);
        return EXIT_SOFTWARE;
    }
    parent->line = -1;
    code = parent_begin(parent, argv0);
    if (code == EXIT_DONE) {
        code = loop_run(parent->loop) == COP_OK ? parent->code : EXIT_SOFTWARE;
    }
    parent_fini(parent);
    explicit_bzero(parent->secret, sizeof(parent->secret));
    free(parent);
    return code;
}

/* A worker: the process that reads network bytes.
 *
 * Life: wait for the first world -> open for business -> (other worlds) ->
 * drain when told, or when the parent is gone -> end. What it decides by comes
 * from the parent as descriptors; a world that it cannot use is refused whole
 * and the one before stays. */
#include "gateway/proc/roles.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/flow/flow.h"
#include "gateway/loop/loop.h"
#include "gateway/proc/channel.h"
#include "gateway/proc/load.h"
#include "gateway/proc/sandbox.h"
#include "gateway/proc/say.h"
#include "gateway/proc/seal.h"
#include "gateway/record/record.h"
#include "gateway/tls/leaf.h"
#include "gateway/tls/wire.h"

enum {
    WORKER_LISTENS_MAX = 32,
    WORKER_ACCEPT_BATCH = 16, /* connections taken before others get a turn */
    WORKER_ACCEPT_PAUSE_MS = 100,
    WORKER_HEAP_SLACK = 16 << 20 /* bytes of free heap that are kept */
};

struct door {
    struct watch watch;
    struct worker *worker;
    uint32_t number; /* of the configuration's listeners */
};

struct worker {
    const char *file; /* of the configuration, for messages */
    struct loop *loop;
    struct watch parent;
    struct timer accept_pause;
    struct door doors[WORKER_LISTENS_MAX];
    uint32_t doors_n;
    int log_fd;
    int keyd_fd;
    struct tls_server *server;
    struct record *record;
    struct leaves *leaves;
    struct flow *flow;
    char pseudonym[32];
    unsigned char secret[FLOW_KEY_BYTES];
    bool is_draining;
    bool is_sealed;
};

/* The descriptors of one CHANNEL_WORLD, by what they are. */
struct delivery {
    int config_fd;
    int trust_fd;
    int ca_certificate_fd;
    int revoked_fd;
    int policy_fd;
    const int *bundle_fds;
    uint32_t bundles;
    int database_fds[COP_DATABASES];
    int log_fd;
    int keyd_fd;
    const int *listens;
    uint32_t listens_n;
};

static bool delivery_sort(const struct channel_message *message, const int *fds,
    uint32_t fds_n, struct delivery *out)
{
    uint32_t wanted = 4 + message->has_revoked + message->has_policy +
                      message->bundles + message->has_keyd + message->listens +
                      (uint32_t)__builtin_popcount(message->databases);
    uint32_t next = 0;

    if (message->bundles > LOAD_BUNDLES_MAX || message->has_policy > 1 ||
        message->has_keyd > 1 || message->has_revoked > 1 ||
        message->listens > WORKER_LISTENS_MAX ||
        message->databases >> COP_DATABASES != 0 || wanted != fds_n) {
        return false;
    }
    out->config_fd = fds[next++];
    out->trust_fd = fds[next++];
    out->ca_certificate_fd = fds[next++];
    out->revoked_fd = message->has_revoked ? fds[next++] : -1;
    out->policy_fd = message->has_policy ? fds[next++] : -1;
    out->bundle_fds = fds + next;
    out->bundles = message->bundles;
    next += message->bundles;
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        out->database_fds[i] =
            (message->databases >> i & 1) != 0 ? fds[next++] : -1;
    }
    out->log_fd = fds[next++];
    out->keyd_fd = message->has_keyd ? fds[next++] : -1;
    out->listens = fds + next;
    out->listens_n = message->listens;
    return true;
}

static void door_open(struct watch *watch, unsigned events);

static void worker_close_doors(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->doors_n; i++) {
        int fd = worker->doors[i].watch.fd;

        if (fd >= 0) {
            loop_unwatch(worker->loop, &worker->doors[i].watch);
            close(fd);
        }
    }
    worker->doors_n = 0;
}

/* Take over listening sockets; what was listened on before is let go, which
 * loses nothing: the parent and the other workers hold the same sockets. */
static enum cop_status worker_open_doors(
    struct worker *worker, const int *fds, uint32_t n)
{
    worker_close_doors(worker);
    for (uint32_t i = 0; i < n; i++) {
        struct door *door = &worker->doors[i];
        int fd = dup(fds[i]);

        door->worker = worker;
        door->number = i;
        watch_init(&door->watch, door_open);
        worker->doors_n = i + 1;
        if (fd < 0 ||
            loop_watch(worker->loop, &door->watch, fd, LOOP_READ) != COP_OK) {
            return COP_E_IO;
        }
    }
    return COP_OK;
}

/* Out of descriptors or memory: leave the queue alone for a moment instead of
 * turning in circles on a socket that stays readable. */
static void worker_pause_doors(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->doors_n; i++) {
        loop_want(worker->loop, &worker->doors[i].watch, 0);
    }
    if (loop_set_timer(worker->loop, &worker->accept_pause,
            WORKER_ACCEPT_PAUSE_MS) != COP_OK) {
        say(SAY_ERROR, "worker: out of memory");
    }
}

static void worker_resume_doors(struct timer *timer)
{
    struct worker *worker = LOOP_OWNER(timer, struct worker, accept_pause);

    for (uint32_t i = 0; i < worker->doors_n; i++) {
        loop_want(worker->loop, &worker->doors[i].watch, LOOP_READ);
    }
}

static void worker_drain(struct worker *worker);

static void door_open(struct watch *watch, unsigned events)
{
    struct door *door = LOOP_OWNER(watch, struct door, watch);

    (void)events;
    if (leaves_is_orphaned(door->worker->leaves)) {
        say(SAY_ERROR, "worker %d lost its line to keyd and makes way",
            (int)getpid());
        worker_drain(door->worker);
        return;
    }
    for (int i = 0; i < WORKER_ACCEPT_BATCH; i++) {
        struct sockaddr_storage client;
        socklen_t n = sizeof(client);
        int fd;

        memset(&client, 0, sizeof(client));
        fd = accept4(watch->fd, (struct sockaddr *)(void *)&client, &n,
            SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            flow_accept(door->worker->flow, fd, &client, door->number);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM) {
            worker_pause_doors(door->worker);
        }
        if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

/* The policy's time zone is the process's: set before anything asks. */
static void worker_set_zone(const struct world *world)
{
    setenv("TZ", world->timezone[0] != '\0' ? world->timezone : "UTC0", 1);
    tzset();
}

static void worker_name(struct worker *worker)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(worker->pseudonym, sizeof(worker->pseudonym), "copgate-%lx%x",
        (unsigned long)now.tv_nsec, (unsigned)getpid());
}

/* As many descriptors as the system lets us have; three of four may be
 * clients'. */
static int worker_shed_from(void)
{
    struct rlimit most;

    if (getrlimit(RLIMIT_NOFILE, &most) != 0 || most.rlim_cur > INT_MAX) {
        return 0;
    }
    return (int)(most.rlim_cur / 4 * 3);
}

static void worker_raise_descriptors(void)
{
    struct rlimit most;

    if (getrlimit(RLIMIT_NOFILE, &most) == 0) {
        most.rlim_cur = most.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &most);
    }
}

static enum cop_status worker_begin(
    struct worker *worker, struct world *world, const struct delivery *given)
{
    struct flow_parts parts = {0};
    enum cop_status status = tls_server_new(&worker->server);

    if (status == COP_OK) {
        worker->log_fd = dup(given->log_fd);
        status = record_new(worker->loop, worker->log_fd, &worker->record);
    }
    if (status == COP_OK) {
        worker->keyd_fd = dup(given->keyd_fd);
        status = leaves_new(worker->loop, worker->keyd_fd,
            world->config->limits.leaf_cache, &worker->leaves);
    }
    if (status != COP_OK) {
        return status;
    }
    worker_name(worker);
    parts.loop = worker->loop;
    parts.world = world;
    parts.leaves = worker->leaves;
    parts.server = worker->server;
    parts.record = worker->record;
    parts.pseudonym = worker->pseudonym;
    parts.consent_key = worker->secret;
    parts.shed_from = worker_shed_from();
    return flow_new(&parts, &worker->flow);
}

static enum cop_status worker_change(
    struct worker *worker, struct world *world, const struct delivery *given)
{
    int log_fd = dup(given->log_fd);

    if (log_fd < 0) {
        return COP_E_IO;
    }
    record_flush(worker->record);
    record_redirect(worker->record, log_fd);
    close(worker->log_fd);
    worker->log_fd = log_fd;
    leaves_clear(worker->leaves);
    flow_reload(worker->flow, world);
    return COP_OK;
}

/* Once, with the first world: what a worker opens by itself it has opened. */
static enum cop_status worker_seal(struct worker *worker, const char *user)
{
    enum cop_status status = sandbox_drop_user(user);

    if (status == COP_OK) {
        status = seal_process(SEAL_WORKER);
    }
    worker->is_sealed = status == COP_OK;
    return status;
}

/* Use a world from the parent; on failure the one before stays in use. */
static enum cop_status worker_adopt(struct worker *worker,
    const struct channel_message *message, const int *fds, uint32_t fds_n)
{
    struct cop_report report = {.emit = say_finding};
    struct load_parts parts;
    struct delivery given;
    struct world *world = NULL;
    enum cop_status status;

    if (!delivery_sort(message, fds, fds_n, &given) ||
        (worker->flow == NULL && given.keyd_fd < 0)) {
        return COP_E_BUG;
    }
    parts = (struct load_parts){worker->file, given.config_fd, given.policy_fd,
        given.trust_fd, given.revoked_fd, given.ca_certificate_fd,
        given.bundle_fds, given.bundles, given.database_fds};
    status = load_world(&parts, &report, &world);
    if (status != COP_OK) {
        return status;
    }
    static_assert(sizeof(message->secret) == FLOW_KEY_BYTES, "secret");
    memcpy(worker->secret, message->secret, sizeof(worker->secret));
    worker_set_zone(world);
    status = worker->flow == NULL ? worker_begin(worker, world, &given)
                                  : worker_change(worker, world, &given);
    if (status == COP_OK && !worker->is_sealed) {
        status = worker_seal(worker, world->config->user);
    }
    if (status == COP_OK && !worker->is_draining) {
        status = worker_open_doors(worker, given.listens, given.listens_n);
    }
    world_drop(&world);
    return status;
}

static void worker_drained(void *context)
{
    struct worker *worker = context;

    loop_stop(worker->loop);
}

static void worker_drain(struct worker *worker)
{
    if (worker->is_draining) {
        return;
    }
    worker->is_draining = true;
    loop_clear_timer(worker->loop, &worker->accept_pause);
    worker_close_doors(worker);
    if (worker->flow == NULL) {
        loop_stop(worker->loop);
        return;
    }
    flow_drain(worker->flow, worker_drained, worker);
}

struct exempt_list {
    FILE *out;
    bool is_begun;
};

/* A canonical host has no byte that JSON would have to escape. */
static void worker_print_exempt(void *context, const struct cop_host *host,
    uint64_t distrusted, uint64_t wanted)
{
    struct exempt_list *list = context;

    fprintf(list->out,
        "%s\"%s\":{\"client_distrust\":%llu,\"client_certificate\":%llu}",
        list->is_begun ? "," : "", host->text, (unsigned long long)distrusted,
        (unsigned long long)wanted);
    list->is_begun = true;
}

/* Counts as one JSON line: what `kill -USR1` asks for. */
static void worker_print_counts(const struct worker *worker, FILE *out)
{
    struct exempt_list list = {out, false};
    struct flow_counts counts;

    flow_count(worker->flow, &counts);
    fprintf(out,
        "{\"event\":\"counts\",\"worker\":%d,\"connections\":%llu,"
        "\"open\":%llu,\"requests\":%llu,\"blocked\":%llu,\"spliced\":%llu,"
        "\"intercepted\":%llu,\"streams\":%llu,\"cache_hits\":%llu,\"cache_"
        "misses\":%llu,"
        "\"cache_uncached\":%llu,\"countries_built\":%lld,"
        "\"networks_built\":%lld,\"to_exempt\":{",
        (int)getpid(), (unsigned long long)counts.connections,
        (unsigned long long)counts.open, (unsigned long long)counts.requests,
        (unsigned long long)counts.blocked, (unsigned long long)counts.spliced,
        (unsigned long long)counts.intercepted,
        (unsigned long long)counts.streams,
        (unsigned long long)counts.cache.hits,
        (unsigned long long)counts.cache.misses,
        (unsigned long long)counts.cache.uncached,
        (long long)counts.built_unix[COP_DATABASE_COUNTRY],
        (long long)counts.built_unix[COP_DATABASE_AS]);
    flow_each_exempt(worker->flow, worker_print_exempt, &list);
    fprintf(out, "},\"ended\":{");
    for (int i = 0, first = 1; i < COP_REASONS; i++) {
        if (counts.ended[i] != 0) {
            fprintf(out, "%s\"%s\":%llu", first ? "" : ",",
                cop_reason_word((enum cop_reason)i),
                (unsigned long long)counts.ended[i]);
            first = 0;
        }
    }
    fprintf(out, "}}\n");
}

/* In one piece, so that those of two workers do not mix. */
static void worker_report(const struct worker *worker)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = worker->flow != NULL ? open_memstream(&text, &n) : NULL;

    if (out == NULL) {
        return;
    }
    worker_print_counts(worker, out);
    if (fclose(out) == 0) {
        fputs(text, stderr);
    }
    free(text);
}

static void worker_obey(struct worker *worker,
    const struct channel_message *message, const int *fds, uint32_t fds_n)
{
    struct channel_message answer = {
        .kind = CHANNEL_READY, .generation = message->generation};

    switch (message->kind) {
    case CHANNEL_WORLD:
        answer.status = (int32_t)worker_adopt(worker, message, fds, fds_n);
        if (channel_send(worker->parent.fd, &answer, NULL, 0) != COP_OK) {
            worker_drain(worker);
        }
        break;
    case CHANNEL_DRAIN:
        worker_drain(worker);
        break;
    case CHANNEL_REPORT:
        worker_report(worker);
        break;
    default:
        say(SAY_ERROR, "worker: message %u is not for a worker", message->kind);
        break;
    }
    for (uint32_t i = 0; i < fds_n; i++) {
        close(fds[i]);
    }
}

static void worker_parent_ready(struct watch *watch, unsigned events)
{
    struct worker *worker = LOOP_OWNER(watch, struct worker, parent);
    struct channel_message message;
    int fds[CHANNEL_FDS_MAX];
    uint32_t fds_n;
    enum cop_status status =
        channel_receive(watch->fd, CHANNEL_PARENT, &message, fds, &fds_n);

    (void)events;
    if (status == COP_OK) {
        worker_obey(worker, &message, fds, fds_n);
    } else if (status != COP_AGAIN) {
        loop_unwatch(worker->loop, watch);
        worker_drain(worker);
    }
}

static void worker_fini(struct worker *worker)
{
    worker_close_doors(worker);
    flow_free(&worker->flow);
    leaves_free(&worker->leaves);
    record_free(&worker->record);
    tls_server_drop(&worker->server);
    if (worker->keyd_fd >= 0) {
        close(worker->keyd_fd);
    }
    if (worker->log_fd >= 0) {
        close(worker->log_fd);
    }
    loop_free(&worker->loop);
}

int worker_run(const char *file)
{
    struct worker worker = {.file = file, .log_fd = -1, .keyd_fd = -1};
    enum cop_status status = sandbox_harden();

    /* Message heads come and go at the top of the heap: giving that memory
     * back to the kernel each time costs more than handling a request. */
    (void)mallopt(M_TRIM_THRESHOLD, WORKER_HEAP_SLACK);
    worker_raise_descriptors();
    if (status == COP_OK) {
        status = loop_new(&worker.loop);
    }
    if (status == COP_OK) {
        timer_init(&worker.accept_pause, worker_resume_doors);
        watch_init(&worker.parent, worker_parent_ready);
        status =
            loop_watch(worker.loop, &worker.parent, ROLE_CHANNEL_FD, LOOP_READ);
    }
    if (status == COP_OK) {
        status = loop_run(worker.loop);
    }
    worker_fini(&worker);
    return status == COP_OK ? EXIT_DONE : EXIT_SOFTWARE;
}

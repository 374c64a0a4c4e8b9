/* keyd: the only process that holds the authority's private key.
 *
 * Invariants:
 *  1. It opens no file and no socket: the certificate and the key arrive as
 *     descriptors from the parent, workers as connected pairs.
 *  2. A worker can ask for one thing, a certificate for a host and a public
 *     key; keyd composes it. No bytes of a worker's choosing are ever signed.
 *  3. A message that is not exactly of the form expected ends that worker's
 *     line; the parent will notice and replace the worker.
 *  4. When the parent is gone and the last worker too, keyd ends.
 *  5. What a worker gets is bounded in time, alone and with the others: one
 *     that was taken over cannot have the names of the world signed quickly,
 *     nor keep the others from theirs.
 *  6. Where a log of names is kept, no certificate leaves that is not in it. */
#include "gateway/proc/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "gateway/loop/loop.h"
#include "gateway/proc/allowance.h"
#include "gateway/proc/authority.h"
#include "gateway/proc/channel.h"
#include "gateway/proc/ledger.h"
#include "gateway/proc/sandbox.h"
#include "gateway/proc/say.h"
#include "gateway/proc/seal.h"
#include "gateway/tls/ca.h"
#include "gateway/tls/mint.h"

enum {
    KEYD_BATCH = 16,
    KEYD_BURST_S = 10,       /* seconds' worth that may be had at once */
    KEYD_TOGETHER = 4,       /* all workers may have as much as so many */
    KEYD_PER_SECOND = 250,   /* until the parent says */
    KEYD_COMPLAIN_MS = 10000 /* between two complaints */
};

struct peer {
    struct keyd *keyd;
    struct allowance allowance;
    struct watch watch;
    struct task free_task;
};

struct keyd {
    struct loop *loop;
    struct watch parent;
    struct ca *ca;
    struct ledger ledger;
    struct allowance allowance; /* of all workers together */
    uint32_t per_second;        /* of one worker */
    uint64_t minted;
    uint64_t held_back; /* by an allowance */
    uint64_t refused;   /* for what was asked */
    int64_t complained_ms;
    uint32_t peers;
    bool is_orphan; /* the parent is gone */
};

static void peer_free(struct task *task)
{
    struct peer *peer = LOOP_OWNER(task, struct peer, free_task);
    struct keyd *keyd = peer->keyd;

    free(peer);
    keyd->peers--;
    if (keyd->is_orphan && keyd->peers == 0) {
        loop_stop(keyd->loop);
    }
}

static void peer_end(struct peer *peer)
{
    int fd = peer->watch.fd;

    loop_unwatch(peer->keyd->loop, &peer->watch);
    close(fd);
    loop_defer(peer->keyd->loop, &peer->free_task);
}

/* Not for every request: a flood must not become one of the log. */
static void keyd_complain(struct keyd *keyd, const char *what)
{
    int64_t now = loop_now_ms(keyd->loop);

    if (keyd->complained_ms == 0 ||
        now - keyd->complained_ms >= KEYD_COMPLAIN_MS) {
        keyd->complained_ms = now;
        say(SAY_WARNING, "keyd: %s", what);
    }
}

static bool peer_may_ask(struct peer *peer)
{
    struct keyd *keyd = peer->keyd;
    uint32_t rate = keyd->per_second;
    uint32_t all = rate * KEYD_TOGETHER;
    int64_t now = loop_now_ms(keyd->loop);

    return allowance_take(&peer->allowance, rate, rate * KEYD_BURST_S, now) &&
           allowance_take(&keyd->allowance, all, all * KEYD_BURST_S, now);
}

static enum cop_status peer_issue(struct peer *peer,
    const struct mint_request *request, uint8_t der[CA_DER_MAX], size_t *der_n)
{
    struct keyd *keyd = peer->keyd;
    int64_t now_unix = loop_unix(keyd->loop);
    enum cop_status status;

    if (!peer_may_ask(peer)) {
        keyd->held_back++;
        keyd_complain(keyd, "a worker asks for more names than limits allow "
                            "(mint_per_second)");
        return COP_E_LIMIT;
    }
    status = keyd->ca == NULL
                 ? COP_E_NOTFOUND
                 : ca_issue(keyd->ca, &request->host,
                       (struct cop_slice){
                           (const char *)request->spki, request->spki_n},
                       now_unix, der, der_n);
    if (status != COP_OK) {
        keyd->refused++;
        return status;
    }
    status = ledger_add(&keyd->ledger, &request->host,
        (struct cop_slice){(const char *)der, *der_n}, now_unix);
    if (status != COP_OK) {
        keyd->refused++;
        keyd_complain(
            keyd, "the log of names cannot be written, so none is signed");
        return status;
    }
    keyd->minted++;
    return COP_OK;
}

static bool peer_answer(struct peer *peer, struct cop_slice bytes)
{
    struct mint_request request;
    struct mint_reply reply = {0};
    uint8_t out[MINT_MESSAGE_MAX];
    enum cop_status status;
    size_t der_n = 0;
    size_t n;

    if (mint_read_request(bytes, &request) != COP_OK) {
        say(SAY_ERROR, "keyd: a worker sent what is no request; it is cut off");
        return false;
    }
    reply.number = request.number;
    status = peer_issue(peer, &request, reply.der, &der_n);
    reply.der_n = (uint16_t)(status == COP_OK ? der_n : 0);
    reply.failed = (uint8_t)(status == COP_OK ? 0 : -(int)status);
    n = mint_write_reply(&reply, out);
    return send(peer->watch.fd, out, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void peer_ready(struct watch *watch, unsigned events)
{
    struct peer *peer = LOOP_OWNER(watch, struct peer, watch);
    uint8_t bytes[MINT_MESSAGE_MAX];

    (void)events;
    for (int i = 0; i < KEYD_BATCH; i++) {
        ssize_t n = recv(watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return; /* nothing more for now */
        }
        if (n <= 0 || !peer_answer(peer,
                          (struct cop_slice){(const char *)bytes, (size_t)n})) {
            peer_end(peer);
            return;
        }
    }
}

static void keyd_add_peer(struct keyd *keyd, int fd)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    if (peer == NULL) {
        close(fd);
        return;
    }
    peer->keyd = keyd;
    watch_init(&peer->watch, peer_ready);
    task_init(&peer->free_task, peer_free);
    if (loop_watch(keyd->loop, &peer->watch, fd, LOOP_READ) != COP_OK) {
        close(fd);
        free(peer);
        return;
    }
    keyd->peers++;
}

/* The descriptors of one CHANNEL_CA, by what they are; -1: not there. */
struct delivery {
    int certificate_fd;
    int key_fd;
    int passphrase_fd;
    int log_fd;
};

static bool delivery_sort(const struct channel_message *message, const int *fds,
    uint32_t fds_n, struct delivery *out)
{
    uint32_t next = 2;

    if (message->has_passphrase > 1 || message->has_log > 1 ||
        fds_n != 2 + message->has_passphrase + message->has_log ||
        message->mint_per_second == 0 || message->mint_per_second > 1000000) {
        return false;
    }
    out->certificate_fd = fds[0];
    out->key_fd = fds[1];
    out->passphrase_fd = message->has_passphrase ? fds[next++] : -1;
    out->log_fd = message->has_log ? fds[next] : -1;
    return true;
}

static void keyd_change_log(struct keyd *keyd, int log_fd)
{
    int fd = log_fd >= 0 ? fcntl(log_fd, F_DUPFD_CLOEXEC, 0) : -1;

    ledger_close(&keyd->ledger);
    if (ledger_open(&keyd->ledger, fd) != COP_OK) {
        say(SAY_WARNING,
            "keyd: the log of names does not end in a line of its chain; "
            "a new chain begins");
    }
}

/* Use another certificate and key; the old ones stay if these are no good. */
static enum cop_status keyd_load(struct keyd *keyd,
    const struct channel_message *message, const struct delivery *given)
{
    struct cop_report report = {.emit = say_finding};
    const struct authority_files files = {
        .certificate_fd = given->certificate_fd,
        .key_fd = given->key_fd,
        .passphrase_fd = given->passphrase_fd,
        .certificate_name = "the CA certificate",
        .key_name = "the CA key"};
    struct ca *ca = NULL;
    enum cop_status status =
        authority_load(&files, loop_unix(keyd->loop), &report, &ca);

    if (status != COP_OK) {
        return status;
    }
    ca_free(&keyd->ca);
    keyd->ca = ca;
    keyd->per_second = message->mint_per_second;
    keyd_change_log(keyd, given->log_fd);
    return COP_OK;
}

/* Counts as one JSON line on standard error, as workers write theirs. */
static void keyd_report(const struct keyd *keyd)
{
    fprintf(stderr,
        "{\"event\":\"keyd\",\"workers\":%u,\"minted\":%llu,"
        "\"held_back\":%llu,\"refused\":%llu}\n",
        keyd->peers, (unsigned long long)keyd->minted,
        (unsigned long long)keyd->held_back, (unsigned long long)keyd->refused);
}

static void keyd_take_authority(struct keyd *keyd,
    const struct channel_message *message, const int *fds, uint32_t fds_n)
{
    struct channel_message answer = {
        .kind = CHANNEL_CA_READY, .generation = message->generation};
    struct delivery given;

    answer.status = (int32_t)(delivery_sort(message, fds, fds_n, &given)
                                  ? keyd_load(keyd, message, &given)
                                  : COP_E_BUG);
    if (channel_send(keyd->parent.fd, &answer, NULL, 0) != COP_OK) {
        say(SAY_ERROR, "keyd: the parent does not listen");
    }
}

static void keyd_obey(struct keyd *keyd, const struct channel_message *message,
    const int *fds, uint32_t fds_n)
{
    if (message->kind == CHANNEL_PEER && fds_n == 1) {
        keyd_add_peer(keyd, fds[0]);
        return;
    }
    if (message->kind == CHANNEL_CA) {
        keyd_take_authority(keyd, message, fds, fds_n);
    } else if (message->kind == CHANNEL_REPORT) {
        keyd_report(keyd);
    }
    for (uint32_t i = 0; i < fds_n; i++) {
        close(fds[i]);
    }
}

static void keyd_parent_ready(struct watch *watch, unsigned events)
{
    struct keyd *keyd = LOOP_OWNER(watch, struct keyd, parent);
    struct channel_message message;
    int fds[CHANNEL_FDS_MAX];
    uint32_t fds_n;
    enum cop_status status =
        channel_receive(watch->fd, CHANNEL_PARENT, &message, fds, &fds_n);

    (void)events;
    if (status == COP_OK) {
        keyd_obey(keyd, &message, fds, fds_n);
        return;
    }
    if (status == COP_AGAIN) {
        return;
    }
    loop_unwatch(keyd->loop, watch);
    close(ROLE_CHANNEL_FD);
    keyd->is_orphan = true;
    if (keyd->peers == 0) {
        loop_stop(keyd->loop);
    }
}

int keyd_run(void)
{
    struct keyd keyd = {.ledger.fd = -1, .per_second = KEYD_PER_SECOND};
    enum cop_status status = sandbox_harden();

    sandbox_leave_network();
    if (status == COP_OK) {
        status = sandbox_drop_user(NULL);
    }
    if (status == COP_OK) {
        status = loop_new(&keyd.loop);
    }
    if (status == COP_OK) {
        /* Before it may open no more files: the library reads its own. */
        (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
        status = seal_process(SEAL_KEYD);
    }
    if (status == COP_OK) {
        watch_init(&keyd.parent, keyd_parent_ready);
        status =
            loop_watch(keyd.loop, &keyd.parent, ROLE_CHANNEL_FD, LOOP_READ);
    }
    if (status == COP_OK) {
        status = loop_run(keyd.loop);
    }
    ca_free(&keyd.ca);
    ledger_close(&keyd.ledger);
    loop_free(&keyd.loop);
    return status == COP_OK ? EXIT_DONE : EXIT_SOFTWARE;
}

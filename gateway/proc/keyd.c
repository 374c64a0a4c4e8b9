/* keyd: the only process that holds the authority's private key.
 *
 * Invariants:
 *  1. It opens no file and no socket: the certificate and the key arrive as
 *     descriptors from the parent, workers as connected pairs.
 *  2. A worker can ask for one thing, a certificate for a host and a public
 *     key; keyd composes it. No bytes of a worker's choosing are ever signed.
 *  3. A message that is not exactly of the form expected ends that worker's
 *     line; the parent will notice and replace the worker.
 *  4. When the parent is gone and the last worker too, keyd ends. */
#include "gateway/proc/roles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "gateway/loop/loop.h"
#include "gateway/proc/channel.h"
#include "gateway/proc/sandbox.h"
#include "gateway/proc/say.h"
#include "gateway/proc/seal.h"
#include "gateway/tls/ca.h"
#include "gateway/tls/mint.h"

enum { KEYD_PEM_MAX = 65536, KEYD_BATCH = 16 };

struct peer {
    struct keyd *keyd;
    struct watch watch;
    struct task free_task;
};

struct keyd {
    struct loop *loop;
    struct watch parent;
    struct ca *ca;
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
    status = peer->keyd->ca == NULL
                 ? COP_E_NOTFOUND
                 : ca_issue(peer->keyd->ca, &request.host,
                       (struct cop_slice){
                           (const char *)request.spki, request.spki_n},
                       loop_unix(peer->keyd->loop), reply.der, &der_n);
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

static size_t keyd_read(int fd, char *out)
{
    size_t n = 0;

    while (n < KEYD_PEM_MAX) {
        ssize_t more = pread(fd, out + n, KEYD_PEM_MAX - n, (off_t)n);

        if (more <= 0) {
            break;
        }
        n += (size_t)more;
    }
    return n;
}

/* Use another certificate and key; the old ones stay if these are no good. */
static enum cop_status keyd_load(
    struct keyd *keyd, int certificate_fd, int key_fd)
{
    struct cop_report report = {.emit = say_finding};
    char *certificate = malloc(KEYD_PEM_MAX);
    char *key = malloc(KEYD_PEM_MAX);
    enum cop_status status = COP_E_NOMEM;
    struct ca *ca = NULL;

    if (certificate != NULL && key != NULL) {
        size_t certificate_n = keyd_read(certificate_fd, certificate);
        size_t key_n = keyd_read(key_fd, key);

        status = ca_load((struct cop_slice){certificate, certificate_n},
            "the CA certificate", (struct cop_slice){key, key_n}, "the CA key",
            loop_unix(keyd->loop), &report, &ca);
    }
    if (key != NULL) {
        OPENSSL_cleanse(key, KEYD_PEM_MAX);
    }
    free(key);
    free(certificate);
    if (status == COP_OK) {
        ca_free(&keyd->ca);
        keyd->ca = ca;
    }
    return status;
}

static void keyd_obey(struct keyd *keyd, const struct channel_message *message,
    const int *fds, uint32_t fds_n)
{
    struct channel_message answer = {.kind = CHANNEL_CA_READY};

    if (message->kind == CHANNEL_PEER && fds_n == 1) {
        keyd_add_peer(keyd, fds[0]);
        return;
    }
    if (message->kind == CHANNEL_CA && fds_n == 2) {
        answer.generation = message->generation;
        answer.status = (int32_t)keyd_load(keyd, fds[0], fds[1]);
        if (channel_send(keyd->parent.fd, &answer, NULL, 0) != COP_OK) {
            say(SAY_ERROR, "keyd: the parent does not listen");
        }
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
    struct keyd keyd = {0};
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
    loop_free(&keyd.loop);
    return status == COP_OK ? EXIT_DONE : EXIT_SOFTWARE;
}

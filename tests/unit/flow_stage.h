/* The stage of the conductor's tests: a worker's loop in a thread of its own,
 * the keyd side in another, a policy made row by row, and origins. Sockets,
 * certificates and codecs are the real ones. Include once a program. */
#ifndef TESTS_UNIT_FLOW_STAGE_H
#define TESTS_UNIT_FLOW_STAGE_H

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "adblock_fixture.h"
#include "bundle_fixture.h"
#include "findings.h"
#include "flow_origin.h"
#include "gateway/flow/flow.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/ca.h"
#include "gateway/tls/mint.h"
#include "tests/unit/trust_files.h"

enum { STAGE_LOG_MAX = 1 << 18 };

struct stage {
    char folder[64];
    struct ca *gateway_ca;
    struct ca *origin_ca;
    char bad_url[64];            /* blocked, of a host that is not */
    struct fixture *fixtures[2]; /* of the first world and the reloaded one */
    struct origin *plain;
    struct origin *tls;   /* a certificate for every name that is asked for */
    struct origin *wrong; /* one for another name */
    struct loop *loop;
    struct flow *flow;
    struct leaves *leaves;
    struct tls_server *server;
    struct record *record;
    int keyd[2];
    int orders[2];
    int answers[2];
    int log;
    int door;
    uint16_t port;
    struct watch order_watch;
    struct watch door_watch;
    struct world *next; /* to be reloaded */
    struct flow_counts counts;
    bool is_drained;
    pthread_t worker;
    pthread_t keyd_thread;
    char text[STAGE_LOG_MAX + 1];
};

static inline void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "stage: %s\n", what);
        abort();
    }
}

/* Certificates. */

static inline void stage_read(
    const struct stage *stage, const char *name, char *out, size_t n)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", stage->folder, name);
    file = fopen(path, "r");
    must(file != NULL, path);
    out[fread(out, 1, n - 1, file)] = '\0';
    fclose(file);
}

static inline struct ca *stage_ca(struct stage *stage, const char *name)
{
    char folder[128];
    char key[4096];
    char certificate[8192];
    char path[160];
    struct ca *ca = NULL;
    const struct ca_wish wish = {.folder = folder, .name = name};
    struct ca_texts texts = {
        .certificate_file = "ca.crt", .key_file = "ca.key"};

    snprintf(folder, sizeof(folder), "%s/%s", stage->folder, name);
    must(mkdir(folder, 0700) == 0, "mkdir");
    must(ca_create(&wish, time(NULL), NULL) == COP_OK, "ca_create");
    snprintf(path, sizeof(path), "%s/ca.crt", name);
    stage_read(stage, path, certificate, sizeof(certificate));
    snprintf(path, sizeof(path), "%s/ca.key", name);
    stage_read(stage, path, key, sizeof(key));
    texts.certificate = cop_slice_of(certificate);
    texts.key = cop_slice_of(key);
    must(ca_load(&texts, time(NULL), NULL, &ca) == COP_OK, "ca_load");
    return ca;
}

static inline void stage_certify(
    struct stage *stage, SSL_CTX *context, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t *spki = NULL;
    int spki_n = i2d_PUBKEY(key, &spki);
    uint8_t der[CA_DER_MAX];
    const uint8_t *p = der;
    size_t der_n = 0;
    struct cop_host host;
    X509 *leaf;

    must(cop_host_parse(cop_slice_of(name), &host) == COP_OK, name);
    must(ca_issue(stage->origin_ca, &host,
             (struct cop_slice){(const char *)spki, (size_t)spki_n}, time(NULL),
             der, &der_n) == COP_OK,
        "ca_issue");
    leaf = d2i_X509(NULL, &p, (long)der_n);
    must(SSL_CTX_use_certificate(context, leaf) == 1 &&
             SSL_CTX_use_PrivateKey(context, key) == 1,
        "certificate");
    X509_free(leaf);
    EVP_PKEY_free(key);
    OPENSSL_free(spki);
}

static inline SSL_CTX *stage_server(struct stage *stage, const char *name)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    stage_certify(stage, context, name);
    return context;
}

/* keyd: what is asked for is composed and signed, nothing else. */
static inline void *stage_keyd(void *context)
{
    struct stage *stage = context;
    uint8_t bytes[MINT_MESSAGE_MAX];
    ssize_t n;

    while ((n = recv(stage->keyd[1], bytes, sizeof(bytes), 0)) > 0) {
        struct mint_request request;
        struct mint_reply reply = {0};
        size_t der_n = 0;
        size_t out_n;

        must(mint_read_request(
                 (struct cop_slice){(const char *)bytes, (size_t)n},
                 &request) == COP_OK,
            "mint request");
        reply.number = request.number;
        must(ca_issue(stage->gateway_ca, &request.host,
                 (struct cop_slice){(const char *)request.spki, request.spki_n},
                 time(NULL), reply.der, &der_n) == COP_OK,
            "issue");
        reply.der_n = (uint16_t)der_n;
        out_n = mint_write_reply(&reply, bytes);
        must(send(stage->keyd[1], bytes, out_n, MSG_NOSIGNAL) == (ssize_t)out_n,
            "mint reply");
    }
    return NULL;
}

/* Worlds. */

static inline struct cop_policy *stage_policy(struct stage *stage, int which)
{
    struct fixture *f = fixture_new("stage");
    struct tables_requirement *law;
    uint32_t list;

    stage->fixtures[which] = f;
    list = fixture_category(f, "gambling", COP_CAT_GAMBLING_REAL_MONEY);
    fixture_add(f, list, ENTRY_DOMAIN, "blocked.test");
    snprintf(stage->bad_url, sizeof(stage->bad_url), "mixed.test:%u/bad",
        stage->tls->port);
    fixture_add(f, list, ENTRY_URL, stage->bad_url);
    if (which == 1) {
        fixture_add(f, list, ENTRY_DOMAIN, "later.test");
    }
    list = fixture_category(f, "proxies", COP_CAT_CIRC_PROXY);
    fixture_add(f, list, ENTRY_DOMAIN, "secret.blocked.test");
    list = fixture_category(f, "typed", COP_CAT_GAMBLING_REAL_MONEY);
    fixture_adblock(f, list, "||typed.test^*hello$script");
    fixture_adblock(f, list, "||half.test^");
    fixture_adblock(f, list, "@@||half.test^*/hello$all");
    law = fixture_requirement(f, "cop:req:XX:test:gambling");
    law->r.categories = catset_of(COP_CAT_GAMBLING_REAL_MONEY);
    list = fixture_list(f, "never", LIST_NEVER_INSPECT, COP_NONE);
    fixture_add(f, list, ENTRY_DOMAIN, "bank.test");
    fixture_add(f, list, ENTRY_DOMAIN, "secret.blocked.test");
    (void)fixture_profile(f, "child", 9);
    return fixture_policy(f);
}

/* more  lines of configuration for this test */
static inline struct config *stage_config(
    const struct stage *stage, const char *more)
{
    static struct findings findings;
    struct config *config = NULL;
    char text[4096];

    findings_init(&findings);
    snprintf(text, sizeof(text),
        "%sbundles: [x.cop]\n"
        "ca: {certificate: %s/gateway/ca.crt, key: x}\n"
        "trust: %s/origin/ca.crt\n"
        "ports: {connect: [%u, %u, %u, 1], http: [%u, 1]}\n"
        "reach: {allow: [127.0.0.0/8]}\n"
        "resolver:\n  servers: [\"127.0.0.1:9\"]\n  hosts:\n"
        "    plain.test: [127.0.0.1]\n    blocked.test: [127.0.0.1]\n"
        "    mixed.test: [127.0.0.1]\n    bank.test: [127.0.0.1]\n"
        "    typed.test: [127.0.0.1]\n    half.test: [127.0.0.1]\n"
        "    later.test: [127.0.0.1]\n    away.test: [192.0.2.1]\n%s",
        strstr(more, "listen:") == NULL ? "listen: [\"127.0.0.1:9\"]\n" : "",
        stage->folder, stage->folder, stage->plain->port, stage->tls->port,
        stage->wrong->port, stage->plain->port, more);
    if (strstr(more, "default_profile") == NULL &&
        strstr(more, "clients:") == NULL) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
            "default_profile: child\n");
    }
    if (config_read(cop_slice_of(text), "stage.yaml", &findings.report,
            &config) != COP_OK) {
        fprintf(stderr, "%s\n%s", findings.text, text);
        abort();
    }
    return config;
}

static inline struct world *stage_world(
    struct stage *stage, int which, const char *more)
{
    struct config *config = stage_config(stage, more);
    struct cop_policy *policy = stage_policy(stage, which);
    struct identity *identity = NULL;
    struct tls_client *client = NULL;
    struct world *world;

    must(identity_new(config, policy, NULL, &identity) == COP_OK, "identity");
    must(tls_client_of_files(config, NULL, &client) == COP_OK, "tls client");
    world = world_new(config, policy, identity, client);
    must(world != NULL, "world");
    return world;
}

/* The worker. */

static inline void stage_on_drained(void *context)
{
    struct stage *stage = context;

    stage->is_drained = true;
    must(write(stage->answers[1], "D", 1) == 1, "answer");
}

static inline void stage_on_order(struct watch *watch, unsigned events)
{
    struct stage *stage = LOOP_OWNER(watch, struct stage, order_watch);
    char order = 0;

    (void)events;
    must(read(watch->fd, &order, 1) == 1, "order");
    switch (order) {
    case 'c':
        flow_count(stage->flow, &stage->counts);
        break;
    case 'r':
        flow_reload(stage->flow, stage->next);
        world_drop(&stage->next);
        break;
    case 'd':
        flow_drain(stage->flow, stage_on_drained, stage);
        break;
    default:
        loop_stop(stage->loop);
        break;
    }
    must(write(stage->answers[1], &order, 1) == 1, "answer");
}

static inline void stage_on_door(struct watch *watch, unsigned events)
{
    struct stage *stage = LOOP_OWNER(watch, struct stage, door_watch);
    struct sockaddr_storage client = {0};
    socklen_t n = sizeof(client);
    int fd = accept4(watch->fd, (struct sockaddr *)(void *)&client, &n,
        SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0) {
        flow_accept(stage->flow, fd, &client, 0);
    }
}

static inline void *stage_work(void *context)
{
    struct stage *stage = context;

    must(loop_run(stage->loop) == COP_OK, "loop");
    return NULL;
}

/* Give an order to the worker's thread and wait until it is carried out. */
static inline void stage_order(struct stage *stage, char order)
{
    char answer = 0;

    must(write(stage->orders[1], &order, 1) == 1, "order");
    while (answer != order) {
        must(read(stage->answers[0], &answer, 1) == 1, "answer");
    }
}

static inline void stage_wait_drained(struct stage *stage)
{
    char answer = 0;

    if (stage->is_drained) {
        return;
    }
    while (answer != 'D') {
        must(read(stage->answers[0], &answer, 1) == 1, "drained");
    }
}

static inline const struct flow_counts *stage_counts(struct stage *stage)
{
    stage_order(stage, 'c');
    return &stage->counts;
}

static inline void stage_reload(struct stage *stage, const char *more)
{
    stage->next = stage_world(stage, 1, more);
    stage_order(stage, 'r');
}

static inline void stage_start(struct stage *stage, struct world *world)
{
    static const unsigned char key[32] = "as random as it needs to be";
    struct flow_parts parts = {
        .pseudonym = "stage-gateway", .consent_key = key};

    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, stage->keyd) ==
                 0 &&
             pipe2(stage->orders, O_CLOEXEC) == 0 &&
             pipe2(stage->answers, O_CLOEXEC) == 0,
        "pipes");
    (void)fcntl(stage->keyd[0], F_SETFL, O_NONBLOCK);
    stage->log = memfd_create("log", MFD_CLOEXEC);
    must(loop_new(&stage->loop) == COP_OK, "loop_new");
    must(tls_server_new(&stage->server) == COP_OK, "tls_server_new");
    must(record_new(stage->loop, stage->log, &stage->record) == COP_OK,
        "record_new");
    must(leaves_new(stage->loop, stage->keyd[0], 64, &stage->leaves) == COP_OK,
        "leaves_new");
    parts.loop = stage->loop;
    parts.world = world;
    parts.leaves = stage->leaves;
    parts.server = stage->server;
    parts.record = stage->record;
    must(flow_new(&parts, &stage->flow) == COP_OK, "flow_new");
    world_drop(&world);
    stage->door = loopback_listen(&stage->port);
    (void)fcntl(stage->door, F_SETFL, O_NONBLOCK);
    watch_init(&stage->door_watch, stage_on_door);
    watch_init(&stage->order_watch, stage_on_order);
    must(loop_watch(stage->loop, &stage->door_watch, stage->door, LOOP_READ) ==
                 COP_OK &&
             loop_watch(stage->loop, &stage->order_watch, stage->orders[0],
                 LOOP_READ) == COP_OK,
        "watches");
    must(pthread_create(&stage->keyd_thread, NULL, stage_keyd, stage) == 0 &&
             pthread_create(&stage->worker, NULL, stage_work, stage) == 0,
        "threads");
}

static inline struct stage *stage_open(const char *more)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    must(stage != NULL, "memory");
    signal(SIGPIPE, SIG_IGN); /* the peers' library writes without asking */
    snprintf(stage->folder, sizeof(stage->folder), "/tmp/flow-test-XXXXXX");
    must(mkdtemp(stage->folder) != NULL, "mkdtemp");
    stage->gateway_ca = stage_ca(stage, "gateway");
    stage->origin_ca = stage_ca(stage, "origin");
    stage->plain = origin_open(NULL);
    stage->tls = origin_open(stage_server(stage, "mixed.test"));
    stage->wrong = origin_open(stage_server(stage, "other.test"));
    stage_start(stage, stage_world(stage, 0, more));
    return stage;
}

static inline void stage_remove(const struct stage *stage, const char *name)
{
    char path[160];

    for (int i = 0; i < 4; i++) {
        static const char *const files[] = {"ca.key", "ca.crt", "ca.der", ""};

        snprintf(path, sizeof(path), "%s/%s/%s", stage->folder, name, files[i]);
        (void)remove(path);
    }
}

static inline void stage_close(struct stage **it)
{
    struct stage *stage = *it;

    *it = NULL;
    stage_order(stage, 'q');
    pthread_join(stage->worker, NULL);
    flow_free(&stage->flow);
    leaves_free(&stage->leaves);
    record_free(&stage->record);
    tls_server_drop(&stage->server);
    loop_free(&stage->loop);
    shutdown(stage->keyd[1], SHUT_RDWR);
    pthread_join(stage->keyd_thread, NULL);
    origin_close(&stage->plain);
    origin_close(&stage->tls);
    origin_close(&stage->wrong);
    ca_free(&stage->gateway_ca);
    ca_free(&stage->origin_ca);
    for (int i = 0; i < 2; i++) {
        if (stage->fixtures[i] != NULL) {
            fixture_free(&stage->fixtures[i]);
        }
        close(stage->keyd[i]);
        close(stage->orders[i]);
        close(stage->answers[i]);
    }
    close(stage->log);
    close(stage->door);
    stage_remove(stage, "gateway");
    stage_remove(stage, "origin");
    (void)remove(stage->folder);
    free(stage);
}

/* Whether the log has this text; waits for it, as lines come a turn later. */
static inline bool stage_logged(struct stage *stage, const char *text)
{
    for (int i = 0; i < 300; i++) {
        ssize_t n = pread(stage->log, stage->text, STAGE_LOG_MAX, 0);

        stage->text[n > 0 ? n : 0] = '\0';
        if (strstr(stage->text, text) != NULL) {
            return true;
        }
        usleep(10000);
    }
    fprintf(stderr, "not logged: %s\n%s", text, stage->text);
    return false;
}

/* A connection to the gateway, and one request's answer on it. */

static inline struct peer *stage_client(const struct stage *stage)
{
    return peer_over(loopback_connect(stage->port));
}

struct reply {
    int status;
    char head[8192];
    char body[65536];
};

static inline bool reply_read(
    struct peer *peer, struct reply *reply, bool has_body)
{
    reply->status = 0;
    reply->body[0] = '\0';
    if (!peer_until(peer, "\r\n\r\n", reply->head, sizeof(reply->head)) ||
        sscanf(reply->head, "HTTP/1.1 %d", &reply->status) != 1) {
        return false;
    }
    return !has_body ||
           peer_body(peer, reply->head, reply->body, sizeof(reply->body));
}

/* GET of a path of plain.test, or of another host when it has a scheme. */
static inline bool stage_get(struct stage *stage, struct peer *peer,
    const char *what, struct reply *reply)
{
    char text[1024];
    char host[256] = "plain.test";
    const char *path = what;

    if (what[0] != '/') {
        path = strchr(what, '/');
        snprintf(host, sizeof(host), "%.*s", (int)(path - what), what);
    }
    snprintf(text, sizeof(text),
        "GET http://%s:%u%s HTTP/1.1\r\nHost: %s:%u\r\n"
        "Accept: text/html\r\nProxy-Connection: keep-alive\r\n\r\n",
        host, stage->plain->port, path, host, stage->plain->port);
    return peer_send(peer, text) && reply_read(peer, reply, true);
}

#endif

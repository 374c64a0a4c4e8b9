/* Minted certificates of a worker, and the asking for them.
 *
 *     leaves_get --cached--> the caller
 *         |
 *         v  none, or to be renewed
 *      request (one a host) --LEAF_IN_FLIGHT at most--> keyd
 *         |  waiters line up                             |
 *         v                                              v
 *      told with NULL <--failed, late, keyd gone--   reply: cached, told
 *
 * Invariants:
 *  1. A request is in `waiting` (not yet sent) or in `sent`, never in both, and
 *     has its timer set from its first moment.
 *  2. A waiter is told once or cancelled, never both; whoever is told first is
 *     unlinked first, so a callback may get, cancel or clear as it likes.
 *  3. A leaf asked for before leaves_clear() is handed to those who wait for
 *     it but not kept.
 *  4. At most LEAF_IN_FLIGHT replies are ever under way, which the socket's
 *     buffer holds, so keyd never blocks on a slow worker. */
#include "gateway/tls/leaf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "gateway/tls/leaf_internal.h"
#include "gateway/tls/mint.h"

enum {
    LEAF_REPLY_MS = 5000,
    LEAF_IN_FLIGHT = 16,
    LEAF_REQUESTS_MAX = 1024, /* names that are waited for */
    LEAF_WAITERS_MAX = 8192,  /* over all names */
    LEAF_RENEW_S = 86400      /* before the end of validity */
};

struct leaf_wait {
    struct request *request;
    leaf_fn *fn;
    void *context;
    struct leaf_wait *next, *prev;
};

struct request {
    struct leaves *leaves;
    struct cop_host host;
    uint64_t number;
    uint64_t epoch;
    struct timer timer;
    struct leaf_wait *first, *last;
    struct request *next, *prev;
};

struct queue {
    struct request *first, *last;
    uint32_t n;
};

struct leaves {
    struct loop *loop;
    struct watch keyd;
    struct lru cache;
    struct queue waiting;
    struct queue sent;
    EVP_PKEY *key;
    uint8_t spki[CA_SPKI_MAX];
    uint16_t spki_n;
    uint64_t number; /* of the last request */
    uint64_t epoch;  /* how often it was cleared */
    uint32_t waiters;
};

/* Leaves. */

bool leaves_is_orphaned(const struct leaves *leaves)
{
    return leaves->keyd.fd < 0;
}

struct leaf *leaf_hold(struct leaf *leaf)
{
    leaf->references++;
    return leaf;
}

void leaf_drop(struct leaf **leaf)
{
    struct leaf *it = *leaf;

    *leaf = NULL;
    if (it == NULL || --it->references > 0) {
        return;
    }
    X509_free(it->certificate);
    EVP_PKEY_free(it->key);
    free(it);
}

static int64_t unix_of(const ASN1_TIME *time)
{
    struct tm parts = {0};

    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

/* A leaf from what keyd sent; NULL when it is not for our key. */
static struct leaf *leaf_new(const struct leaves *leaves,
    const struct cop_host *host, const struct mint_reply *reply)
{
    const unsigned char *p = reply->der;
    struct leaf *leaf = calloc(1, sizeof(*leaf));
    int64_t until;

    if (leaf == NULL) {
        return NULL;
    }
    leaf->references = 1;
    leaf->host = *host;
    leaf->entry.key = cop_host_slice(&leaf->host);
    leaf->certificate = d2i_X509(NULL, &p, reply->der_n);
    if (leaf->certificate == NULL || p != reply->der + reply->der_n ||
        X509_check_private_key(leaf->certificate, leaves->key) != 1) {
        ERR_clear_error();
        leaf_drop(&leaf);
        return NULL;
    }
    (void)EVP_PKEY_up_ref(leaves->key);
    leaf->key = leaves->key;
    leaf->from_unix = unix_of(X509_get0_notBefore(leaf->certificate));
    until = unix_of(X509_get0_notAfter(leaf->certificate));
    leaf->renew_unix = until - LEAF_RENEW_S;
    return leaf;
}

static bool leaf_is_fresh(const struct leaf *leaf, int64_t now_unix)
{
    return now_unix >= leaf->from_unix && now_unix < leaf->renew_unix;
}

static struct leaf *leaf_of(struct lru_entry *entry)
{
    return LOOP_OWNER(entry, struct leaf, entry);
}

static void cache_remove(struct leaves *leaves, struct leaf *leaf)
{
    lru_remove(&leaves->cache, &leaf->entry);
    leaf_drop(&leaf);
}

static struct leaf *cache_find(
    struct leaves *leaves, const struct cop_host *host)
{
    struct lru_entry *entry = lru_find(&leaves->cache, cop_host_slice(host));

    return entry != NULL ? leaf_of(entry) : NULL;
}

/* Takes a reference of its own. */
static void cache_put(struct leaves *leaves, struct leaf *leaf)
{
    struct leaf *old = cache_find(leaves, &leaf->host);
    struct lru_entry *gone;

    if (old != NULL) {
        cache_remove(leaves, old);
    }
    gone = lru_put(&leaves->cache, &leaf_hold(leaf)->entry);
    if (gone != NULL) {
        old = leaf_of(gone);
        leaf_drop(&old);
    }
}

/* Requests and their waiters. */

static void queue_add(struct queue *queue, struct request *request)
{
    request->next = NULL;
    request->prev = queue->last;
    *(queue->last != NULL ? &queue->last->next : &queue->first) = request;
    queue->last = request;
    queue->n++;
}

static void queue_remove(struct queue *queue, struct request *request)
{
    *(request->prev != NULL ? &request->prev->next : &queue->first) =
        request->next;
    *(request->next != NULL ? &request->next->prev : &queue->last) =
        request->prev;
    queue->n--;
}

static struct request *queue_find_host(
    const struct queue *queue, const struct cop_host *host)
{
    struct request *request = queue->first;

    while (request != NULL && !cop_host_eq(&request->host, host)) {
        request = request->next;
    }
    return request;
}

static struct request *queue_find_number(
    const struct queue *queue, uint64_t number)
{
    struct request *request = queue->first;

    while (request != NULL && request->number != number) {
        request = request->next;
    }
    return request;
}

static void wait_unlink(struct leaf_wait *wait)
{
    struct request *request = wait->request;

    *(wait->prev != NULL ? &wait->prev->next : &request->first) = wait->next;
    *(wait->next != NULL ? &wait->next->prev : &request->last) = wait->prev;
    request->leaves->waiters--;
}

/* Tell everybody who waits and free the request, which is in no queue any
 * more. leaf may be NULL, for that reason. */
static void request_end(
    struct request *request, struct leaf *leaf, enum cop_reason reason)
{
    loop_clear_timer(request->leaves->loop, &request->timer);
    while (request->first != NULL) {
        struct leaf_wait *wait = request->first;
        leaf_fn *fn = wait->fn;
        void *context = wait->context;

        wait_unlink(wait);
        free(wait);
        fn(context, leaf, leaf != NULL ? COP_REASON_NONE : reason);
    }
    free(request);
}

/* Send what may be sent. A full socket leaves the rest for later; a closed one
 * is noticed by the reader. */
static void leaves_send(struct leaves *leaves)
{
    uint8_t bytes[MINT_MESSAGE_MAX];
    bool is_full = false;

    while (!is_full && leaves->waiting.first != NULL &&
           leaves->sent.n < LEAF_IN_FLIGHT) {
        struct request *request = leaves->waiting.first;
        struct mint_request message = {.number = request->number,
            .host = request->host,
            .spki_n = leaves->spki_n};
        size_t n;

        memcpy(message.spki, leaves->spki, leaves->spki_n);
        n = mint_write_request(&message, bytes);
        is_full = send(leaves->keyd.fd, bytes, n,
                      MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n;
        if (!is_full) {
            queue_remove(&leaves->waiting, request);
            queue_add(&leaves->sent, request);
        }
    }
    loop_want(leaves->loop, &leaves->keyd,
        is_full ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static enum cop_reason reason_of(const struct mint_reply *reply)
{
    if (reply->failed == -COP_E_LIMIT) {
        return COP_REASON_MINT_LIMIT;
    }
    return reply->failed == -COP_E_CHECK ? COP_REASON_MINT_EXCLUDED
                                         : COP_REASON_MINT;
}

static void leaves_take_reply(
    struct leaves *leaves, const struct mint_reply *reply)
{
    struct request *request = queue_find_number(&leaves->sent, reply->number);
    struct leaf *leaf;

    if (request == NULL) {
        return; /* given up before */
    }
    queue_remove(&leaves->sent, request);
    leaf = reply->failed == 0 ? leaf_new(leaves, &request->host, reply) : NULL;
    if (leaf != NULL && request->epoch == leaves->epoch) {
        cache_put(leaves, leaf);
    }
    request_end(request, leaf, reason_of(reply));
    leaf_drop(&leaf);
}

static void request_late(struct timer *timer)
{
    struct request *request = LOOP_OWNER(timer, struct request, timer);
    struct leaves *leaves = request->leaves;
    bool is_sent = queue_find_number(&leaves->sent, request->number) != NULL;

    queue_remove(is_sent ? &leaves->sent : &leaves->waiting, request);
    request_end(request, NULL, COP_REASON_MINT);
    if (leaves->keyd.fd >= 0) {
        leaves_send(leaves);
    }
}

/* keyd is gone, or speaks another language: no name can be had any more. */
static void leaves_lose_keyd(struct leaves *leaves)
{
    loop_unwatch(leaves->loop, &leaves->keyd);
    while (leaves->sent.first != NULL || leaves->waiting.first != NULL) {
        struct queue *queue =
            leaves->sent.first != NULL ? &leaves->sent : &leaves->waiting;
        struct request *request = queue->first;

        queue_remove(queue, request);
        request_end(request, NULL, COP_REASON_MINT);
    }
}

static void leaves_ready(struct watch *watch, unsigned events)
{
    struct leaves *leaves = LOOP_OWNER(watch, struct leaves, keyd);
    uint8_t bytes[MINT_MESSAGE_MAX];
    struct mint_reply reply;

    (void)events;
    for (int i = 0; i < LEAF_IN_FLIGHT; i++) {
        ssize_t n = recv(watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        if (n <= 0 ||
            mint_read_reply((struct cop_slice){(char *)bytes, (size_t)n},
                &reply) != COP_OK) {
            leaves_lose_keyd(leaves);
            return;
        }
        leaves_take_reply(leaves, &reply);
    }
    leaves_send(leaves);
}

static struct request *request_new(
    struct leaves *leaves, const struct cop_host *host)
{
    struct request *request;

    if (leaves->waiting.n + leaves->sent.n >= LEAF_REQUESTS_MAX) {
        return NULL;
    }
    request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return NULL;
    }
    request->leaves = leaves;
    request->host = *host;
    request->number = ++leaves->number;
    request->epoch = leaves->epoch;
    timer_init(&request->timer, request_late);
    if (loop_set_timer(leaves->loop, &request->timer, LEAF_REPLY_MS) !=
        COP_OK) {
        free(request);
        return NULL;
    }
    queue_add(&leaves->waiting, request);
    return request;
}

/* The request that a newcomer may join: none from before a clearing. */
static struct request *leaves_request(
    struct leaves *leaves, const struct cop_host *host)
{
    struct request *request = queue_find_host(&leaves->sent, host);

    if (request == NULL) {
        request = queue_find_host(&leaves->waiting, host);
    }
    if (request == NULL || request->epoch != leaves->epoch) {
        request = request_new(leaves, host);
    }
    return request;
}

static enum cop_status leaves_ask(struct leaves *leaves,
    const struct cop_host *host, leaf_fn *fn, void *context,
    struct leaf_wait **out)
{
    struct leaf_wait *wait;
    struct request *request;

    if (leaves->keyd.fd < 0) {
        return COP_E_IO;
    }
    if (leaves->waiters >= LEAF_WAITERS_MAX) {
        return COP_E_LIMIT;
    }
    wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        return COP_E_NOMEM;
    }
    request = leaves_request(leaves, host);
    if (request == NULL) {
        free(wait);
        return COP_E_LIMIT;
    }
    *wait = (struct leaf_wait){.request = request,
        .fn = fn,
        .context = context,
        .prev = request->last};
    *(request->last != NULL ? &request->last->next : &request->first) = wait;
    request->last = wait;
    leaves->waiters++;
    leaves_send(leaves);
    *out = wait;
    return COP_AGAIN;
}

enum cop_status leaves_get(struct leaves *leaves, const struct cop_host *host,
    leaf_fn *fn, void *context, struct leaf **leaf, struct leaf_wait **wait)
{
    struct leaf *cached = cache_find(leaves, host);

    if (cached != NULL && leaf_is_fresh(cached, loop_unix(leaves->loop))) {
        *leaf = leaf_hold(cached);
        return COP_OK;
    }
    return leaves_ask(leaves, host, fn, context, wait);
}

void leaves_cancel(struct leaf_wait **wait)
{
    struct leaf_wait *it = *wait;

    *wait = NULL;
    if (it != NULL) {
        wait_unlink(it);
        free(it);
    }
}

/* The worker's own key: made now, in memory, never written. */
static bool leaves_make_key(struct leaves *leaves)
{
    unsigned char *to = leaves->spki;
    int n;

    leaves->key = EVP_EC_gen("P-256");
    n = leaves->key != NULL ? i2d_PUBKEY(leaves->key, NULL) : 0;
    if (n <= 0 || n > CA_SPKI_MAX) {
        ERR_clear_error();
        return false;
    }
    leaves->spki_n = (uint16_t)i2d_PUBKEY(leaves->key, &to);
    return true;
}

enum cop_status leaves_new(
    struct loop *loop, int keyd_fd, uint32_t capacity, struct leaves **out)
{
    struct leaves *leaves = calloc(1, sizeof(*leaves));
    enum cop_status status;

    if (leaves == NULL) {
        return COP_E_NOMEM;
    }
    leaves->loop = loop;
    watch_init(&leaves->keyd, leaves_ready);
    status = lru_init(&leaves->cache, capacity);
    if (status == COP_OK && !leaves_make_key(leaves)) {
        status = COP_E_NOMEM;
    }
    if (status == COP_OK) {
        status = loop_watch(loop, &leaves->keyd, keyd_fd, LOOP_READ);
    }
    if (status != COP_OK) {
        leaves_free(&leaves);
        return status;
    }
    *out = leaves;
    return COP_OK;
}

void leaves_clear(struct leaves *leaves)
{
    leaves->epoch++;
    while (leaves->cache.newest != NULL) {
        cache_remove(leaves, leaf_of(leaves->cache.newest));
    }
}

void leaves_free(struct leaves **leaves)
{
    struct leaves *it = *leaves;

    *leaves = NULL;
    if (it == NULL) {
        return;
    }
    leaves_lose_keyd(it);
    leaves_clear(it);
    lru_fini(&it->cache);
    EVP_PKEY_free(it->key);
    free(it);
}

/* One dial: look the name up, put the addresses in order, try them.
 *
 *   dial_start --> LOOKING --dial_on_lookup--> TRYING --dial_end--> over
 *
 * Addresses are tried as RFC 8305 says, simplified: IPv6 and IPv4 take turns,
 * IPv6 first; the next one is tried when one fails or has not answered within
 * 250 ms, while earlier ones go on; the first to connect wins. Each has its
 * own deadline.
 *
 * Invariants
 * 1. Reach is judged on the very bytes that are then connected to, at that
 *    moment, by the rules in force at that moment; so is what the policy
 *    bars.
 * 2. The callback comes from the loop, once; when it does, every descriptor
 *    but the one handed over is closed and nothing is set in the loop any
 *    more. The dial is freed at the end of that turn. */
#include "gateway/net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"
#include "gateway/net/reach.h"
#include "gateway/net/resolver.h"

enum { DIAL_PACE_MS = 250 }; /* RFC 8305 section 5 */

struct dialer {
    struct loop *loop;
    struct reach *reach;
    struct resolver *resolver;
    uint32_t connect_ms;
    struct dial *dials; /* not over yet, or not freed yet */
};

/* One address being connected to. */
struct attempt {
    struct dial *dial;
    struct watch watch; /* its descriptor; -1 when not under way */
    struct timer timer;
    struct sockaddr_storage address;
};

struct dial {
    struct dialer *dialer;
    struct dial *next;
    struct dial *prev;
    dial_fn *fn;
    void *context;
    struct dial_bar bar;
    struct aim aim;
    uint16_t port;
    bool is_over;
    bool is_barred;         /* an address was passed over for a rule */
    uint32_t tried;         /* of the lookup's addresses, put in order */
    uint32_t running;       /* attempts under way */
    enum cop_reason reason; /* why the last one failed */
    struct attempt *last;   /* the last that was let through */
    struct lookup lookup;
    struct timer pace;
    struct task start; /* of a host that is an address */
    struct task free;
    struct attempt attempts[ANSWERS_ADDRESSES];
};

/* Ends. */

static void attempt_stop(struct attempt *attempt)
{
    int fd = attempt->watch.fd;

    if (fd < 0) {
        return;
    }
    loop_clear_timer(attempt->dial->dialer->loop, &attempt->timer);
    loop_unwatch(attempt->dial->dialer->loop, &attempt->watch);
    (void)close(fd);
    attempt->dial->running--;
}

/* Close and unset everything. */
static void dial_stop(struct dial *dial)
{
    struct loop *loop = dial->dialer->loop;

    lookup_cancel(&dial->lookup);
    loop_clear_timer(loop, &dial->pace);
    loop_cancel_task(loop, &dial->start);
    for (uint32_t i = 0; i < ANSWERS_ADDRESSES; i++) {
        attempt_stop(&dial->attempts[i]);
    }
}

static void dial_free(struct dial *dial)
{
    *(dial->prev != NULL ? &dial->prev->next : &dial->dialer->dials) =
        dial->next;
    if (dial->next != NULL) {
        dial->next->prev = dial->prev;
    }
    loop_cancel_task(dial->dialer->loop, &dial->free);
    free(dial);
}

static void dial_on_free(struct task *task)
{
    dial_free(LOOP_OWNER(task, struct dial, free));
}

static void dial_end(struct dial *dial, int fd, enum cop_reason reason)
{
    dial_stop(dial);
    dial->is_over = true;
    loop_defer(dial->dialer->loop, &dial->free);
    dial->fn(dial->context, fd, reason,
        dial->last != NULL ? &dial->last->address : NULL);
}

/* Attempts. */

static void dial_try_next(struct dial *dial);

static enum cop_reason reason_of_errno(int error)
{
    switch (error) {
    case ETIMEDOUT:
        return COP_REASON_CONNECT_TIMEOUT;
    case EMFILE:
    case ENFILE:
        return COP_REASON_LIMIT;
    case ENOMEM:
    case ENOBUFS:
        return COP_REASON_MEMORY;
    default:
        return COP_REASON_CONNECT;
    }
}

static void attempt_fail(struct attempt *attempt, enum cop_reason reason)
{
    struct dial *dial = attempt->dial;

    attempt_stop(attempt);
    dial->reason = reason;
    dial_try_next(dial);
}

static void attempt_on_timer(struct timer *timer)
{
    attempt_fail(
        LOOP_OWNER(timer, struct attempt, timer), COP_REASON_CONNECT_TIMEOUT);
}

static void attempt_on_event(struct watch *watch, unsigned events)
{
    struct attempt *attempt = LOOP_OWNER(watch, struct attempt, watch);
    struct dial *dial = attempt->dial;
    int fd = watch->fd;
    int error = 0;
    socklen_t n = sizeof(error);

    (void)events;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0) {
        error = errno;
    }
    if (error != 0) {
        attempt_fail(attempt, reason_of_errno(error));
        return;
    }
    loop_clear_timer(dial->dialer->loop, &attempt->timer);
    loop_unwatch(dial->dialer->loop, watch);
    dial->running--;
    dial->last = attempt;
    dial_end(dial, fd, COP_REASON_NONE);
}

/* Begin to connect. Returns COP_REASON_NONE when it is under way. */
static enum cop_reason attempt_begin(struct attempt *attempt)
{
    const struct dialer *dialer = attempt->dial->dialer;
    const struct sockaddr_storage *address = &attempt->address;
    enum cop_reason reason = COP_REASON_MEMORY;
    int one = 1;
    int fd = socket(address->ss_family,
        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0) {
        return reason_of_errno(errno);
    }
    /* A message of TLS or HTTP is written whole: waiting only delays it. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (const struct sockaddr *)address, address_size(address)) !=
            0 &&
        errno != EINPROGRESS) {
        reason = reason_of_errno(errno);
        goto out;
    }
    if (loop_set_timer(dialer->loop, &attempt->timer, dialer->connect_ms) !=
        COP_OK) {
        goto out;
    }
    if (loop_watch(dialer->loop, &attempt->watch, fd, LOOP_WRITE) != COP_OK) {
        loop_clear_timer(dialer->loop, &attempt->timer);
        goto out;
    }
    attempt->dial->running++;
    return COP_REASON_NONE;
out:
    (void)close(fd);
    return reason;
}

/* Try addresses until one is under way; give up when none is left. */
static void dial_try_next(struct dial *dial)
{
    struct dialer *dialer = dial->dialer;

    while (dial->tried < dial->lookup.answer.n) {
        struct attempt *attempt = &dial->attempts[dial->tried];
        socklen_t n;

        address_from_bytes(dial->lookup.answer.addresses[dial->tried++],
            dial->port, &attempt->address, &n);
        if (!reach_permits(dialer->reach, &attempt->address)) {
            if (dial->last == NULL) {
                dial->reason = COP_REASON_REACH;
            }
            continue;
        }
        if (dial_bars(&dial->bar, &attempt->address)) {
            dial->is_barred = true;
            continue;
        }
        dial->last = attempt;
        dial->reason = attempt_begin(attempt);
        if (dial->reason != COP_REASON_NONE) {
            continue;
        }
        if (dial->tried == dial->lookup.answer.n ||
            loop_set_timer(dialer->loop, &dial->pace, DIAL_PACE_MS) == COP_OK) {
            return;
        }
        attempt_stop(attempt);
        dial->reason = COP_REASON_MEMORY;
    }
    if (dial->running == 0) {
        dial_end(dial, -1, dial->is_barred ? COP_REASON_REFUSED : dial->reason);
    }
}

static void dial_on_pace(struct timer *timer)
{
    dial_try_next(LOOP_OWNER(timer, struct dial, pace));
}

/* Addresses. */

static uint32_t answer_take(
    const struct answer *from, uint32_t at, bool is_ipv4, struct answer *to)
{
    while (at < from->n && address_is_ipv4(from->addresses[at]) != is_ipv4) {
        at++;
    }
    if (at < from->n) {
        answer_add(to, from->addresses[at]);
    }
    return at + 1;
}

/* IPv6 and IPv4 by turns, IPv6 first, each in the order they came. */
static void answer_interleave(struct answer *answer)
{
    struct answer from = *answer;
    uint32_t ipv6 = 0;
    uint32_t ipv4 = 0;

    answer->n = 0;
    while (ipv6 < from.n || ipv4 < from.n) {
        ipv6 = answer_take(&from, ipv6, false, answer);
        ipv4 = answer_take(&from, ipv4, true, answer);
    }
}

/* The address that the client was on the way to comes first, if it is one of
 * the host's; if not, the client was told wrong, or lies. */
static void answer_prefer(struct answer *answer, const uint8_t address[16])
{
    for (uint32_t i = 0; i < answer->n; i++) {
        if (memcmp(answer->addresses[i], address, 16) == 0) {
            memmove(answer->addresses[1], answer->addresses[0], 16 * (size_t)i);
            memcpy(answer->addresses[0], address, 16);
            return;
        }
    }
}

static void dial_on_lookup(struct lookup *lookup)
{
    struct dial *dial = LOOP_OWNER(lookup, struct dial, lookup);

    if (lookup->reason != COP_REASON_NONE) {
        dial_end(dial, -1, lookup->reason);
        return;
    }
    answer_interleave(&lookup->answer);
    if (dial->aim.kind == AIM_HINT) {
        answer_prefer(&lookup->answer, dial->aim.address);
    }
    dial_try_next(dial);
}

static void dial_on_start(struct task *task)
{
    dial_try_next(LOOP_OWNER(task, struct dial, start));
}

static struct dial *dial_new(
    struct dialer *dialer, const struct dial_to *to, dial_fn *fn, void *context)
{
    struct dial *dial = calloc(1, sizeof(*dial));

    if (dial == NULL) {
        return NULL;
    }
    dial->dialer = dialer;
    dial->fn = fn;
    dial->context = context;
    dial->port = to->port;
    dial->bar = to->bar;
    dial->aim = to->aim;
    dial->reason = COP_REASON_RESOLVE;
    lookup_init(&dial->lookup, dial_on_lookup);
    timer_init(&dial->pace, dial_on_pace);
    task_init(&dial->start, dial_on_start);
    task_init(&dial->free, dial_on_free);
    for (uint32_t i = 0; i < ANSWERS_ADDRESSES; i++) {
        dial->attempts[i].dial = dial;
        watch_init(&dial->attempts[i].watch, attempt_on_event);
        timer_init(&dial->attempts[i].timer, attempt_on_timer);
    }
    dial->next = dialer->dials;
    if (dial->next != NULL) {
        dial->next->prev = dial;
    }
    dialer->dials = dial;
    return dial;
}

bool aim_eq(const struct aim *a, const struct aim *b)
{
    return (a->kind == AIM_ONLY) == (b->kind == AIM_ONLY) &&
           (a->kind != AIM_ONLY || memcmp(a->address, b->address, 16) == 0);
}

enum cop_status dial_start(struct dialer *dialer, const struct dial_to *to,
    dial_fn *fn, void *context, struct dial **out)
{
    struct dial *dial = dial_new(dialer, to, fn, context);
    struct sockaddr_storage address;
    socklen_t n;

    if (dial == NULL) {
        return COP_E_NOMEM;
    }
    if (to->aim.kind == AIM_ONLY) {
        answer_add(&dial->lookup.answer, to->aim.address);
        loop_defer(dialer->loop, &dial->start);
    } else if (address_from_host(to->host, to->port, &address, &n) == COP_OK) {
        uint8_t bytes[16];

        address_bytes(&address, bytes);
        answer_add(&dial->lookup.answer, bytes);
        loop_defer(dialer->loop, &dial->start);
    } else {
        resolver_ask(dialer->resolver, to->host, &dial->lookup);
    }
    *out = dial;
    return COP_OK;
}

void dial_cancel(struct dial **dial)
{
    struct dial *it = *dial;

    *dial = NULL;
    if (it == NULL || it->is_over) {
        return;
    }
    dial_stop(it);
    dial_free(it);
}

/* The dialer. */

enum cop_status dialer_new(
    struct loop *loop, const struct config *config, struct dialer **out)
{
    struct dialer *dialer = calloc(1, sizeof(*dialer));
    enum cop_status status;

    if (dialer == NULL) {
        return COP_E_NOMEM;
    }
    dialer->loop = loop;
    dialer->connect_ms = config->limits.connect_ms;
    status = reach_new(config, &dialer->reach);
    if (status == COP_OK) {
        status = resolver_new(loop, config, &dialer->resolver);
    }
    if (status != COP_OK) {
        dialer_free(&dialer);
        return status;
    }
    *out = dialer;
    return COP_OK;
}

enum cop_status dialer_reconfigure(
    struct dialer *dialer, const struct config *config)
{
    struct reach *reach = NULL;
    enum cop_status status = reach_new(config, &reach);

    if (status == COP_OK) {
        status = resolver_reconfigure(dialer->resolver, config);
    }
    if (status != COP_OK) {
        reach_free(&reach);
        return status;
    }
    reach_free(&dialer->reach);
    dialer->reach = reach;
    dialer->connect_ms = config->limits.connect_ms;
    return COP_OK;
}

void dialer_free(struct dialer **dialer)
{
    struct dialer *it = *dialer;

    if (it == NULL) {
        return;
    }
    while (it->dials != NULL) {
        dial_stop(it->dials);
        dial_free(it->dials);
    }
    resolver_free(&it->resolver);
    reach_free(&it->reach);
    free(it);
    *dialer = NULL;
}

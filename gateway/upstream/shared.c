#include "gateway/upstream/shared.h"

#include <stdlib.h>

#include <openssl/rand.h>

#include "gateway/config/config.h"
#include "gateway/upstream/pool.h"

/* One that was silent for long is asked whether it is still there when it is
 * used again, and not used any more when it does not say so. */
enum { SHARED_SILENT_MS = 10000, SHARED_ANSWER_MS = 5000 };

static void shared_on_stream(
    struct session *session, struct h2_stream *stream, unsigned events);
static void shared_on_turn(struct session *session);

static const struct session_owner shared_owner = {
    .on_stream = shared_on_stream, .on_turn = shared_on_turn};

enum cop_status shared_init(struct shared *shared, struct loop *loop)
{
    shared->loop = loop;
    return RAND_bytes(
               (unsigned char *)shared->secret, sizeof(shared->secret)) == 1
               ? COP_OK
               : COP_E_NOMEM;
}

static struct upstream **shared_bucket(
    struct shared *shared, const struct place *place)
{
    return &shared->buckets[place_hash(shared->secret, place) % SHARED_BUCKETS];
}

static void shared_list(struct shared *shared, struct upstream *it)
{
    const struct place place = place_of(it);
    struct upstream **bucket = shared_bucket(shared, &place);

    it->prev = NULL;
    it->next = *bucket;
    if (it->next != NULL) {
        it->next->prev = it;
    }
    *bucket = it;
    it->is_listed = true;
}

/* No new streams on it; it goes when it has none. */
static void shared_retire(struct shared *shared, struct upstream *it)
{
    const struct place place = place_of(it);

    if (!it->is_listed) {
        return;
    }
    it->is_listed = false;
    if (it->prev != NULL) {
        it->prev->next = it->next;
    } else {
        *shared_bucket(shared, &place) = it->next;
    }
    if (it->next != NULL) {
        it->next->prev = it->prev;
    }
    session_touch(it->session);
}

static struct shared *shared_of(const struct upstream *it)
{
    return it->shared;
}

static void shared_close(struct upstream *it)
{
    struct shared *shared = shared_of(it);

    shared_retire(shared, it);
    if (it->older != NULL) {
        it->older->newer = it->newer;
    }
    *(it->newer != NULL ? &it->newer->older : &shared->all) = it->older;
    loop_clear_timer(shared->loop, &it->idle_timer);
    session_fini(it->session);
    it->session = NULL;
    upstream_close(&it);
}

static void shared_on_stream(
    struct session *session, struct h2_stream *stream, unsigned events)
{
    struct upstream *it = LOOP_OWNER(session, struct upstream, carried);
    void *user = h2_user(stream);

    if (user != NULL) {
        shared_of(it)->on_stream(stream, user, events);
    }
}

static void shared_on_turn(struct session *session)
{
    struct upstream *it = LOOP_OWNER(session, struct upstream, carried);
    struct shared *shared = shared_of(it);

    if (session_is_over(session) || h2_is_leaving(session->h2)) {
        shared_retire(shared, it);
    }
    if (h2_streams(session->h2) > 0) {
        it->used_ms = loop_now_ms(shared->loop);
        return;
    }
    if (!it->is_listed) {
        shared_close(it);
        return;
    }
    h2_relax(session->h2);
}

static void shared_ready(struct watch *watch, unsigned events)
{
    struct upstream *it = LOOP_OWNER(watch, struct upstream, watch);

    session_ready(it->session, events);
}

static void shared_late(struct timer *timer)
{
    struct upstream *it = LOOP_OWNER(timer, struct upstream, idle_timer);
    struct shared *shared = shared_of(it);
    int64_t idle_ms = loop_now_ms(shared->loop) - it->used_ms;
    int64_t left = (int64_t)shared->idle_ms - idle_ms;

    if (h2_streams(it->session->h2) > 0) {
        left = shared->idle_ms;
    }
    if (left <= 0 || loop_set_timer(shared->loop, timer, left) != COP_OK) {
        shared_retire(shared, it);
    }
}

/* As many streams as the connection's window has room for: then one whose
 * client does not read never holds up those of others. */
static uint32_t shared_streams(const struct config_limits *limits)
{
    uint32_t room = limits->stream_window_all / limits->stream_window;

    if (room == 0) {
        return 1;
    }
    return room < limits->streams ? room : limits->streams;
}

static uint32_t shared_window_all(const struct config_limits *limits)
{
    return limits->stream_window_all > limits->stream_window
               ? limits->stream_window_all
               : limits->stream_window;
}

enum cop_status shared_start(struct shared *shared, struct upstream *it,
    const struct config_limits *limits, bool is_listed)
{
    const struct h2_options options = {.role = H2_CLIENT,
        .is_tls = it->is_tls,
        .head_bytes = limits->head_bytes,
        .fields = limits->fields,
        .streams = shared_streams(limits),
        .window = limits->stream_window,
        .window_all = shared_window_all(limits),
        .send_bytes = limits->stream_ahead,
        .out_bytes = limits->stream_out};

    shared->idle_ms = limits->pool_idle_ms;
    timer_init(&it->idle_timer, shared_late);
    if (session_init(&it->carried, shared->loop, &options, &shared_owner) !=
        COP_OK) {
        return COP_E_NOMEM;
    }
    it->watch.fn = shared_ready;
    if (loop_set_timer(shared->loop, &it->idle_timer, shared->idle_ms) !=
            COP_OK ||
        loop_watch(shared->loop, &it->watch, it->wire.fd, LOOP_READ) !=
            COP_OK) {
        loop_clear_timer(shared->loop, &it->idle_timer);
        session_fini(&it->carried);
        return COP_E_NOMEM;
    }
    it->session = &it->carried;
    it->shared = shared;
    session_attach(it->session, &it->wire, &it->watch, shared->scratch);
    it->used_ms = loop_now_ms(shared->loop);
    it->newer = NULL;
    it->older = shared->all;
    if (it->older != NULL) {
        it->older->newer = it;
    }
    shared->all = it;
    if (is_listed) {
        shared_list(shared, it);
    }
    /* What came with the handshake's end would wake nobody. */
    if (wire_has_pending(&it->wire)) {
        loop_want(shared->loop, &it->watch, LOOP_READ | LOOP_WRITE);
    }
    session_touch(it->session);
    return COP_OK;
}

/* Whether it can be relied on; one that is doubtful is asked. */
static bool shared_is_alive(struct shared *shared, struct upstream *it)
{
    struct session *session = it->session;
    int64_t now_ms = loop_now_ms(shared->loop);

    if (session->is_deaf || session->is_broken || h2_is_leaving(session->h2)) {
        return false;
    }
    if (!h2_is_alive(session->h2)) {
        return now_ms - it->asked_ms < SHARED_ANSWER_MS;
    }
    if (now_ms - session->heard_ms > SHARED_SILENT_MS) {
        it->asked_ms = now_ms;
        h2_ping(session->h2);
        session_touch(session);
    }
    return true;
}

struct upstream *shared_find(
    struct shared *shared, const struct upstream_to *to)
{
    const struct place place = {
        to->is_tls, to->dial.host, to->dial.port, to->mapped, to->dial.aim};
    bool websocket = (to->how & UPSTREAM_WEBSOCKET) != 0;
    struct upstream *next;

    for (struct upstream *it = *shared_bucket(shared, &place); it != NULL;
         it = next) {
        const struct place leads_to = place_of(it);

        next = it->next;
        if (!place_eq(&place, &leads_to) ||
            dial_bars(&to->dial.bar, &it->address)) {
            continue;
        }
        if (!shared_is_alive(shared, it)) {
            shared_retire(shared, it);
        } else if (h2_may_open(it->session->h2) &&
                   (!websocket || h2_may_websocket(it->session->h2))) {
            return it;
        }
    }
    return NULL;
}

void shared_retire_all(struct shared *shared)
{
    for (struct upstream *it = shared->all; it != NULL; it = it->older) {
        shared_retire(shared, it);
    }
}

void shared_fini(struct shared *shared)
{
    while (shared->all != NULL) {
        shared_close(shared->all);
    }
}

#include "gateway/upstream/session.h"

enum { SESSION_ROUNDS = 16 }; /* readings before others get a turn */

static void session_on_task(struct task *task);

enum cop_status session_init(struct session *session, struct loop *loop,
    const struct h2_options *options, const struct session_owner *owner)
{
    *session = (struct session){.loop = loop,
        .owner = owner,
        .reason = COP_REASON_NONE,
        .moved_ms = loop_now_ms(loop),
        .heard_ms = loop_now_ms(loop)};
    task_init(&session->task, session_on_task);
    return h2_new(options, &session->h2) == COP_OK ? COP_OK : COP_E_NOMEM;
}

void session_attach(struct session *session, struct wire *wire,
    struct watch *watch, char *scratch)
{
    session->wire = wire;
    session->watch = watch;
    session->scratch = scratch;
}

void session_stop(struct session *session)
{
    session->is_stopped = true;
    loop_cancel_task(session->loop, &session->task);
}

void session_fini(struct session *session)
{
    session_stop(session);
    h2_free(&session->h2);
}

void session_touch(struct session *session)
{
    if (!session->is_stopped) {
        loop_defer(session->loop, &session->task);
    }
}

static void session_tell(struct session *session)
{
    struct h2_stream *stream;
    unsigned events;

    while (!session->is_stopped &&
           (stream = h2_next(session->h2, &events)) != NULL) {
        session->owner->on_stream(session, stream, events);
    }
}

/* Nothing more will be read, for a reason of the wire or none. */
static void session_end_reading(struct session *session, enum io io)
{
    session->is_deaf = true;
    if (io == IO_FAILED && session->reason == COP_REASON_NONE) {
        session->reason = session->wire->reason;
    }
    h2_take_eof(session->h2);
}

/* Read once. Whether there may be more. */
static bool session_read_some(struct session *session)
{
    size_t got = 0;
    enum io io;

    if (session->is_deaf || h2_is_full(session->h2) ||
        (session->is_drained && !wire_has_pending(session->wire))) {
        return false;
    }
    io =
        wire_read(session->wire, session->scratch, SESSION_SCRATCH_BYTES, &got);
    if (io == IO_AGAIN) {
        session->is_drained = true;
        return false;
    }
    if (io != IO_DONE) {
        session_end_reading(session, io);
        return false;
    }
    session->read_bytes += got;
    session->heard_ms = loop_now_ms(session->loop);
    session->is_drained = got < SESSION_SCRATCH_BYTES;
    if (h2_take(session->h2, (struct cop_slice){session->scratch, got},
            (uint64_t)loop_now_ms(session->loop)) < got) {
        session->is_deaf = true;
        return false;
    }
    return true;
}

static void session_read(struct session *session)
{
    bool goes_on = true;

    for (unsigned round = 0; goes_on && round < SESSION_ROUNDS; round++) {
        goes_on = session_read_some(session);
        session_tell(session);
        goes_on = goes_on && !session->is_stopped;
    }
}

static void session_write(struct session *session)
{
    struct cop_slice bytes;

    session->is_stuck = false;
    while ((bytes = h2_give(session->h2)).n > 0) {
        size_t put = 0;
        enum io io = wire_write(session->wire, bytes.p, bytes.n, &put);

        if (io == IO_AGAIN) {
            session->is_stuck = true;
            return;
        }
        if (io != IO_DONE) {
            session->is_broken = true;
            if (!session->is_deaf) {
                session_end_reading(session, io);
            }
            return;
        }
        h2_given(session->h2, put);
        session->written_bytes += put;
        session->moved_ms = loop_now_ms(session->loop);
    }
}

static void session_arm(struct session *session)
{
    unsigned needs = 0;

    if (!session->is_deaf && !h2_is_full(session->h2)) {
        needs |= LOOP_READ;
        /* What is decrypted already would not wake us. */
        if (wire_has_pending(session->wire)) {
            needs |= LOOP_WRITE;
        }
    }
    if (session->is_stuck) {
        needs |= session->wire->needs;
    }
    loop_want(session->loop, session->watch, needs);
}

static void session_on_task(struct task *task)
{
    struct session *session = LOOP_OWNER(task, struct session, task);

    session_tell(session);
    if (!session->is_stopped && !session->is_broken) {
        session_write(session);
        session_tell(session);
    }
    if (session->is_stopped) {
        return;
    }
    session_arm(session);
    session->owner->on_turn(session);
}

void session_ready(struct session *session, unsigned events)
{
    if ((events & LOOP_WRITE) == 0 || !session->is_stuck) {
        session->is_drained = false;
    }
    session_read(session);
    session_touch(session);
}

bool session_is_over(const struct session *session)
{
    return session->is_broken ||
           (!session->is_stuck &&
               (h2_is_over(session->h2) ||
                   (session->is_deaf && h2_streams(session->h2) == 0)));
}

/* The words of RFC 9113 7, as they stand in logs. */
static const char *code_words(enum h2_code code)
{
    static const char *const words[] = {
        [H2_NO_ERROR] = "it was reset without an error",
        [H2_PROTOCOL_ERROR] = "it was reset: PROTOCOL_ERROR",
        [H2_INTERNAL_ERROR] = "it was reset: INTERNAL_ERROR",
        [H2_FLOW_CONTROL_ERROR] = "it was reset: FLOW_CONTROL_ERROR",
        [H2_SETTINGS_TIMEOUT] = "it was reset: SETTINGS_TIMEOUT",
        [H2_STREAM_CLOSED] = "it was reset: STREAM_CLOSED",
        [H2_FRAME_SIZE_ERROR] = "it was reset: FRAME_SIZE_ERROR",
        [H2_REFUSED_STREAM] = "it was reset: REFUSED_STREAM",
        [H2_CANCEL] = "it was reset: CANCEL",
        [H2_COMPRESSION_ERROR] = "it was reset: COMPRESSION_ERROR",
        [H2_CONNECT_ERROR] = "it was reset: CONNECT_ERROR",
        [H2_ENHANCE_YOUR_CALM] = "it was reset: ENHANCE_YOUR_CALM",
        [H2_INADEQUATE_SECURITY] = "it was reset: INADEQUATE_SECURITY",
        [H2_HTTP_1_1_REQUIRED] = "it was reset: HTTP_1_1_REQUIRED",
    };

    return (size_t)code < sizeof(words) / sizeof(words[0])
               ? words[code]
               : "it was reset with an unknown code";
}

enum cop_reason session_ending(
    const struct session *session, const char **detail)
{
    bool by_us = false;
    const char *text = "";
    enum h2_code code = h2_fault(session->h2, &text, &by_us);
    bool is_client = session->wire->abort == COP_REASON_CLIENT_ABORT;

    *detail = text;
    if (by_us && code != H2_NO_ERROR) {
        return is_client ? COP_REASON_BAD_REQUEST : COP_REASON_BAD_RESPONSE;
    }
    if (session->reason != COP_REASON_NONE) {
        *detail = session->wire->detail;
        return session->reason;
    }
    return code != H2_NO_ERROR ? session->wire->abort : COP_REASON_NONE;
}

enum cop_reason session_fault(const struct session *session,
    const struct h2_stream *stream, const char **detail)
{
    bool by_peer = false;
    enum h2_code code = h2_ending(stream, &by_peer);
    enum cop_reason reason;

    if (by_peer) {
        *detail = code_words(code);
        return session->wire->abort;
    }
    reason = session_ending(session, detail);
    if (reason != COP_REASON_NONE) {
        return reason;
    }
    if (session->is_deaf || code == H2_NO_ERROR) {
        *detail = "the connection was closed";
        return session->wire->abort;
    }
    *detail = "a message in it is malformed";
    return session->wire->abort == COP_REASON_CLIENT_ABORT
               ? COP_REASON_BAD_REQUEST
               : COP_REASON_BAD_RESPONSE;
}

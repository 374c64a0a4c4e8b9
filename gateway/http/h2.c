/* The session of one HTTP/2 connection.
 *
 *   bytes -> h2_frames (budgets, order)   -> libnghttp2 -> h2_read  -> streams
 *   bytes <- h2->out (bounded, one write) <- libnghttp2 <- h2_write <- streams
 *
 * States of a session, and what leads on:
 *
 *   OPEN  --h2_leave, GOAWAY received--> LEAVING (is_leaving): opens no stream
 *   any   --h2_end: an error, a budget, h2_abort--> DEAF (is_deaf): GOAWAY is
 *           still written, nothing is read, all streams are gone
 *   any   --h2_die: libnghttp2 failed--> DEAD (is_dead): neither
 *
 * Invariants: libnghttp2 never calls the conductor; libnghttp2 is not called
 * any more once is_dead; no more than out_bytes and a frame wait in h2->out. */
#include "gateway/http/h2.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/http/h2_internal.h"

enum {
    WINDOW_LEAST = 65535,
    ACKS_MAX = 100,      /* answers to SETTINGS and PING that wait */
    OUT_SPARE = 1 << 16, /* a frame, and more */
    SETTINGS_COUNT = 6,
    SESSION_BYTES = 1 << 18,  /* of libnghttp2, but for heads under way */
    SEND_HEAD_BYTES = 1 << 20 /* of a head that we write */
};

/* --- set-up --- */

static bool is_sound(const struct h2_options *o)
{
    return o->head_bytes != 0 && o->fields != 0 &&
           o->fields <= HTTP_FIELDS_MAX && o->streams != 0 &&
           o->window >= WINDOW_LEAST && o->window <= INT32_MAX &&
           o->window_all >= o->window && o->window_all <= INT32_MAX &&
           o->send_bytes != 0 && o->send_bytes <= o->window_all &&
           o->out_bytes != 0 && o->head_bytes <= INT32_MAX / 4;
}

static int make_session(
    struct h2 *h2, nghttp2_option *option, nghttp2_session_callbacks *callbacks)
{
    nghttp2_mem memory = h2_memory_functions(&h2->memory);

    h2_read_callbacks(callbacks);
    h2_write_callbacks(callbacks);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
    nghttp2_option_set_max_send_header_block_length(option, SEND_HEAD_BYTES);
    /* h2_frames counts these, for both roles and by our own clock. */
    nghttp2_option_set_max_continuations(option, SIZE_MAX);
    nghttp2_option_set_stream_reset_rate_limit(option, UINT64_MAX, UINT64_MAX);
    if (h2->options.role == H2_SERVER) {
        nghttp2_option_set_builtin_recv_extension_type(
            option, NGHTTP2_PRIORITY_UPDATE);
        return nghttp2_session_server_new3(
            &h2->session, callbacks, h2, option, &memory);
    }
    return nghttp2_session_client_new3(
        &h2->session, callbacks, h2, option, &memory);
}

static int open_session(struct h2 *h2)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int rv = nghttp2_option_new(&option);

    if (rv == 0) {
        rv = nghttp2_session_callbacks_new(&callbacks);
    }
    if (rv == 0) {
        rv = make_session(h2, option, callbacks);
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return rv;
}

/* What we ask of the other side (RFC 9113 6.5.2). Nothing is ever pushed. */
static int submit_settings(struct h2 *h2)
{
    const struct h2_options *o = &h2->options;
    bool is_server = o->role == H2_SERVER;
    nghttp2_settings_entry list[SETTINGS_COUNT] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, o->window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, o->head_bytes},
    };
    size_t n = 2;

    if (is_server) {
        list[n++] = (nghttp2_settings_entry){
            NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, o->streams};
        list[n++] =
            (nghttp2_settings_entry){NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
    } else {
        list[n++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
        list[n++] = (nghttp2_settings_entry){
            NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0};
    }
    if (is_server && o->has_websocket) {
        list[n++] = (nghttp2_settings_entry){
            NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
    }
    return nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, list, n);
}

static int begin(struct h2 *h2)
{
    int rv = open_session(h2);

    if (rv == 0) {
        rv = submit_settings(h2);
    }
    if (rv == 0) {
        rv = nghttp2_session_set_local_window_size(
            h2->session, NGHTTP2_FLAG_NONE, 0, (int32_t)h2->options.window_all);
    }
    return rv;
}

enum cop_status h2_new(const struct h2_options *options, struct h2 **out)
{
    struct h2 *h2;

    if (!is_sound(options)) {
        return COP_E_RANGE;
    }
    h2 = calloc(1, sizeof(*h2));
    if (h2 == NULL) {
        return COP_E_NOMEM;
    }
    h2->options = *options;
    h2_frames_init(&h2->frames, options->role, options->head_bytes);
    h2_budget_init(&h2->budget);
    h2_memory_init(&h2->memory,
        SESSION_BYTES + (size_t)options->streams * options->head_bytes);
    /* What is written is dropped from the front once it is as much. */
    buf_init(&h2->out, (size_t)options->out_bytes * 2 + OUT_SPARE);
    if (begin(h2) != 0) {
        h2_free(&h2);
        return COP_E_NOMEM;
    }
    *out = h2;
    return COP_OK;
}

static void wipe_out(struct h2 *h2)
{
    if (h2->out.p != NULL) {
        explicit_bzero(h2->out.p, h2->out.cap);
    }
    buf_release(&h2->out);
    h2->out_at = 0;
}

void h2_free(struct h2 **h2)
{
    struct h2 *it = *h2;

    *h2 = NULL;
    if (it == NULL) {
        return;
    }
    it->is_dead = true;
    while (it->streams != NULL) {
        h2_stream_free(it->streams);
    }
    /* libnghttp2 1.52 may free a frame twice after an allocation failed. */
    if (!it->memory.failed) {
        nghttp2_session_del(it->session);
    }
    h2_memory_fini(&it->memory);
    h2_message_free(&it->message);
    h2_free_spares(it);
    wipe_out(it);
    free(it);
}

/* --- endings --- */

/* All streams are gone, and libnghttp2 will not say so. */
static void end_streams(struct h2 *h2, enum h2_code code)
{
    struct h2_stream *next;

    for (struct h2_stream *it = h2->streams; it != NULL; it = next) {
        next = it->next;
        if (!it->is_closed) {
            h2_stream_gone(it, code, !h2->fault_by_us);
            h2_stream_closed(it);
        }
    }
}

void h2_die(struct h2 *h2, const char *text)
{
    if (h2->is_dead) {
        return;
    }
    h2->is_dead = h2->is_deaf = true;
    if (h2->fault.text == NULL) {
        h2->fault = (struct h2_verdict){H2_INTERNAL_ERROR, text};
        h2->fault_by_us = true;
    }
}

void h2_end(struct h2 *h2, enum h2_code code, const char *text)
{
    if (h2->is_deaf) {
        return;
    }
    h2->is_deaf = true;
    if (h2->fault.text == NULL && text != NULL) {
        h2->fault = (struct h2_verdict){code, text};
        h2->fault_by_us = true;
    }
    if (nghttp2_session_terminate_session(h2->session, (uint32_t)code) != 0) {
        h2_die(h2, "out of memory");
    }
}

void h2_spend(struct h2 *h2, enum h2_budget_id id)
{
    if (!h2_budget_spend(&h2->budget, id)) {
        h2_end(h2, H2_ENHANCE_YOUR_CALM, h2_budget_text(id));
    }
}

void h2_abort(struct h2 *h2, enum h2_code code)
{
    h2_end(h2, code, NULL);
    end_streams(h2, code);
}

void h2_note_refusal(struct h2 *h2, const char *text, uint16_t status)
{
    if (h2->refusals_n < H2_REFUSALS) {
        h2->refusals[h2->refusals_n++] = (struct h2_refusal){text, status};
    }
}

const char *h2_next_refusal(struct h2 *h2, uint16_t *status)
{
    struct h2_refusal first = h2->refusals[0];

    if (h2->refusals_n == 0) {
        return NULL;
    }
    h2->refusals_n--;
    memmove(&h2->refusals[0], &h2->refusals[1], sizeof(first) * h2->refusals_n);
    *status = first.status;
    return first.text;
}

/* --- bytes --- */

/* After libnghttp2 was called: has it, or have we, ended the connection? */
static void settle(struct h2 *h2)
{
    if (h2->is_dead) {
        end_streams(h2, H2_INTERNAL_ERROR);
    } else if (h2->is_deaf || nghttp2_session_want_read(h2->session) == 0) {
        h2->is_deaf = true;
        end_streams(h2, h2->fault.text != NULL ? h2->fault.code : H2_NO_ERROR);
    }
}

static void read_failed(struct h2 *h2, ssize_t code)
{
    switch (code) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        h2_end(h2, H2_PROTOCOL_ERROR, "it does not begin as HTTP/2 does");
        break;
    case NGHTTP2_ERR_FLOODED:
        h2_end(h2, H2_ENHANCE_YOUR_CALM, "it does not read our answers");
        break;
    default:
        h2_die(h2, "out of memory");
        break;
    }
}

bool h2_is_full(const struct h2 *h2)
{
    return h2->out.n - h2->out_at >= h2->options.out_bytes;
}

size_t h2_take(struct h2 *h2, struct cop_slice bytes, uint64_t now_ms)
{
    struct h2_verdict verdict;
    size_t n;
    ssize_t rv;

    if (h2->is_deaf || h2_is_full(h2)) {
        return 0;
    }
    h2_budget_tick(&h2->budget, now_ms);
    n = h2_frames_look(&h2->frames, bytes, &h2->budget, &verdict);
    rv = nghttp2_session_mem_recv(h2->session, (const uint8_t *)bytes.p, n);
    if (rv < 0) {
        read_failed(h2, rv);
    } else if (verdict.text != NULL) {
        h2_end(h2, verdict.code, verdict.text);
    }
    settle(h2);
    return n;
}

void h2_take_eof(struct h2 *h2)
{
    struct h2_stream *next;

    for (struct h2_stream *it = h2->streams; it != NULL; it = next) {
        next = it->next;
        if (!it->in.is_ended && !it->is_closed) {
            h2_stream_cancel(it, H2_CANCEL);
            h2_stream_gone(it, H2_CANCEL, true);
        }
    }
    h2_leave_now(h2);
}

void h2_pump(struct h2 *h2)
{
    while (!h2->is_dead && !h2_is_full(h2) &&
           nghttp2_session_want_write(h2->session) != 0) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(h2->session, &bytes);

        if (n > 0) {
            buf_add(&h2->out, bytes, (size_t)n);
        }
        if (n < 0 || h2->out.failed) {
            h2_die(h2, "out of memory");
        }
        if (n == 0) {
            break;
        }
    }
}

struct cop_slice h2_give(struct h2 *h2)
{
    h2_pump(h2);
    settle(h2);
    return h2->out.n == 0 ? (struct cop_slice){NULL, 0}
                          : (struct cop_slice){
                                h2->out.p + h2->out_at, h2->out.n - h2->out_at};
}

void h2_given(struct h2 *h2, size_t n)
{
    h2->out_at += n;
    if (h2->out_at == h2->out.n) {
        h2->out_at = 0;
        h2->out.n = 0;
    } else if (h2->out_at >= h2->options.out_bytes) {
        buf_drop_front(&h2->out, h2->out_at);
        h2->out_at = 0;
    }
}

/* --- what is asked about it --- */

bool h2_is_over(const struct h2 *h2)
{
    bool is_silent =
        h2->out.n == h2->out_at &&
        (h2->is_dead || nghttp2_session_want_write(h2->session) == 0);

    return is_silent &&
           (h2->is_deaf || nghttp2_session_want_read(h2->session) == 0);
}

enum h2_code h2_fault(const struct h2 *h2, const char **text, bool *by_us)
{
    *text = h2->fault.text != NULL ? h2->fault.text : "";
    *by_us = h2->fault_by_us;
    return h2->fault.code;
}

uint32_t h2_streams(const struct h2 *h2)
{
    return h2->streams_n;
}

size_t h2_held(const struct h2 *h2)
{
    return h2->held;
}

void h2_relax(struct h2 *h2)
{
    if (h2->out.n == 0) {
        wipe_out(h2);
    }
    if (h2->reading == NULL) {
        h2_message_free(&h2->message);
    }
    h2_free_spares(h2);
}

void h2_ping(struct h2 *h2)
{
    if (h2->is_deaf || h2->is_pinging) {
        return;
    }
    if (nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL) != 0) {
        h2_die(h2, "out of memory");
        return;
    }
    h2->is_pinging = true;
}

bool h2_is_alive(const struct h2 *h2)
{
    return !h2->is_pinging && !h2->is_deaf;
}

/* --- leaving --- */

void h2_leave(struct h2 *h2)
{
    int rv = 0;

    if (h2->is_deaf) {
        return;
    }
    h2->is_leaving = true;
    /* Only servers have others' streams on their way. */
    if (h2->options.role == H2_SERVER) {
        rv = nghttp2_submit_shutdown_notice(h2->session);
    }
    if (rv != 0) {
        h2_die(h2, "out of memory");
    }
}

void h2_leave_now(struct h2 *h2)
{
    int32_t last;

    if (h2->is_deaf) {
        return;
    }
    h2->is_leaving = true;
    last = nghttp2_session_get_last_proc_stream_id(h2->session);
    if (nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, last,
            NGHTTP2_NO_ERROR, NULL, 0) != 0) {
        h2_die(h2, "out of memory");
    }
}

bool h2_is_leaving(const struct h2 *h2)
{
    return h2->is_leaving || h2->is_deaf;
}

/* --- opening --- */

bool h2_may_open(const struct h2 *h2)
{
    uint32_t most = nghttp2_session_get_remote_settings(
        h2->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    uint32_t n = 0;

    if (h2->options.role != H2_CLIENT || h2->is_deaf || h2->is_leaving) {
        return false;
    }
    for (const struct h2_stream *it = h2->streams; it != NULL; it = it->next) {
        n += !it->is_closed;
    }
    return n < most && n < h2->options.streams &&
           nghttp2_session_check_request_allowed(h2->session) != 0;
}

bool h2_may_websocket(const struct h2 *h2)
{
    return h2->has_settings &&
           nghttp2_session_get_remote_settings(
               h2->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

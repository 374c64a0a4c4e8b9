/* EXCHANGE_FORWARD: two lanes at work, the request's and the response's.
 *
 * They are independent: a body may still be going up while the answer comes
 * down, a 100 (Continue) may never come although the client waits for it, an
 * answer may come before the request is whole. Nothing here waits for one lane
 * before it moves the other.
 *
 * The exchange ends with the response. If the request was not whole by then,
 * neither connection of HTTP/1 is in a state to be used again, and both are
 * closed (RFC 9112 9.3, 9.6); a stream is reset.
 *
 * Where both sides switched to WebSocket the lanes go on with bytes instead of
 * messages, and it ends when both directions have. Idle, it holds no buffer. */
#include "gateway/flow/relay.h"

#include "gateway/filter/hop.h"
#include "gateway/flow/answer.h"
#include "gateway/flow/forward.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/websocket.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/syntax.h"
#include "gateway/notice/notice.h"

enum {
    RELAY_INTERIM_MAX = 10,
    RELAY_PACE_BYTES = 1024 /* of a request's body, within idle_ms */
};

static const struct config_limits *relay_limits(const struct exchange *x)
{
    return &x->asker.world->config->limits;
}

/* An error, told to the client if its answer has not begun, else by closing:
 * a cut answer must not look like a whole one. */
static enum step relay_fail(
    struct exchange *x, enum cop_reason reason, const char *detail)
{
    if (x->down.state == LANE_HEAD && !lane_has_pending(&x->down)) {
        return answer_error(x, notice_status_of(reason), reason, detail);
    }
    return exchange_break(x, reason, detail);
}

/* The request. */

static enum step relay_request_faulty(struct exchange *x)
{
    uint16_t status = 0;
    const char *fault = h1_reader_fault(x->up.reader, &status);

    return relay_fail(x, answer_reason(status, COP_REASON_BAD_REQUEST), fault);
}

static enum step relay_client_ended(struct exchange *x)
{
    const char *detail = NULL;
    enum cop_reason reason = COP_REASON_CLIENT_ABORT;

    if (x->up.ended == IO_FAILED) {
        reason = lane_fault(&x->up, &detail);
    }
    return exchange_break(x, reason, detail);
}

/* A client that sends its body byte by byte would hold two connections for as
 * long as it likes: it gets more time for RELAY_PACE_BYTES, not for one. */
static void relay_pace(struct exchange *x)
{
    bool is_client_slow = lane_needs(&x->up, &x->client) != 0;

    if (is_client_slow && !x->up.is_raw &&
        x->up.read_bytes - x->paced_bytes < RELAY_PACE_BYTES) {
        return;
    }
    x->paced_bytes = x->up.read_bytes;
    exchange_deadline(x, relay_limits(x)->idle_ms);
}

enum step relay_end_raw(struct exchange *x)
{
    if (exchange_is_stream(x)) {
        return exchange_end(x);
    }
    return conn_end(x->conn, x->reason, NULL);
}

/* One direction of another protocol is over: whose end came first is why it
 * all ends. */
static enum step relay_raw_ended(struct exchange *x, enum cop_reason reason)
{
    if (x->reason == COP_REASON_NONE) {
        x->reason = reason;
    }
    return x->up.state == LANE_DONE && x->down.state == LANE_DONE
               ? relay_end_raw(x)
               : STEP_WAIT;
}

static enum step relay_up(struct exchange *x)
{
    const struct config_limits *limits = relay_limits(x);

    switch (lane_move(&x->up)) {
    case LANE_WHOLE:
        if (x->up.is_raw) {
            return relay_raw_ended(x, COP_REASON_CLIENT_CLOSED);
        }
        exchange_deadline(x,
            x->down.state == LANE_HEAD ? limits->response_ms : limits->idle_ms);
        break;
    case LANE_WAITS:
        relay_pace(x);
        break;
    case LANE_TO_ENDED:
        if (x->up.is_raw) {
            return exchange_break(x, COP_REASON_ORIGIN_ABORT, NULL);
        }
        /* The server takes no more; it may have answered before. */
        x->up.state = LANE_DEAD;
        break;
    case LANE_FROM_ENDED:
        return relay_client_ended(x);
    case LANE_FAULTY:
        return relay_request_faulty(x);
    }
    return STEP_WAIT;
}

/* The response. */

/* What the client can be told of where the body ends. */
static enum http_framing relay_framing(
    const struct http_head *request, const struct http_head *response)
{
    bool knows_chunks = request->minor >= 1;

    switch (response->framing) {
    case HTTP_CHUNKED:
    case HTTP_UNTIL_CLOSE:
        return knows_chunks ? HTTP_CHUNKED : HTTP_UNTIL_CLOSE;
    case HTTP_NO_BODY:
    case HTTP_LENGTH:
        break;
    }
    return response->framing;
}

static enum cop_reason relay_keep(struct exchange *x)
{
    if (exchange_is_stream(x)) {
        return COP_REASON_NONE;
    }
    if (x->conn->flow->drain.is_on) {
        return COP_REASON_DRAINED;
    }
    if (exchange_request(x)->wants_close || x->up.state != LANE_DONE ||
        x->down.framing == HTTP_UNTIL_CLOSE) {
        return COP_REASON_DONE;
    }
    return COP_REASON_NONE;
}

/* False when it could not be written: then a head without the lines that are
 * ours would have lied about the connection, or memory is out. */
static bool relay_write_head(
    struct exchange *x, const struct http_head *head, const char *connection)
{
    struct buf *out = &x->down.out;

    buf_clear(&x->extra);
    buf_print(&x->extra, "Via: %s %s\r\n%s", end_version(&x->server, head),
        x->conn->flow->parts.pseudonym, connection);
    websocket_add_accept(x, head);
    if (x->extra.failed) {
        return false;
    }
    if (exchange_is_stream(x)) {
        return h2_write_response(
                   x->client.stream, head, buf_slice(&x->extra)) == COP_OK;
    }
    h1_write_response(out, head, buf_slice(&x->extra));
    return !out->failed;
}

/* Why relay_write_head() failed. */
static enum step relay_mute(struct exchange *x)
{
    return exchange_break(x, COP_REASON_MEMORY, "the head is too large");
}

static enum step relay_final(struct exchange *x, struct http_head *head)
{
    const struct http_head *request = exchange_request(x);
    const char *connection = "";

    hop_strip(head, false);
    x->down.framing = relay_framing(request, head);
    x->reason = relay_keep(x);
    x->may_reuse =
        x->may_reuse && !head->wants_close && head->framing != HTTP_UNTIL_CLOSE;
    if (x->reason != COP_REASON_NONE) {
        connection = "Connection: close\r\n";
    } else if (request->minor == 0) {
        connection = "Connection: keep-alive\r\n";
    }
    head->framing = x->down.framing;
    if (!relay_write_head(x, head, connection)) {
        return relay_mute(x);
    }
    x->down.state = LANE_BODY;
    x->may_repeat = false;
    exchange_deadline(x, relay_limits(x)->idle_ms);
    return STEP_WAIT;
}

/* 1xx: passed on at once, and the final answer is still to come. */
static enum step relay_interim(struct exchange *x, struct http_head *head)
{
    if (++x->interim > RELAY_INTERIM_MAX) {
        return relay_fail(
            x, COP_REASON_BAD_RESPONSE, "too many interim responses");
    }
    /* HTTP/1.0 has none (RFC 9110 15.2). */
    if (exchange_request(x)->minor >= 1) {
        hop_strip(head, false);
        if (!relay_write_head(x, head, "")) {
            return relay_mute(x);
        }
    }
    h1_reader_next(x->down.reader, x->is_head, false);
    return STEP_WAIT;
}

static enum step relay_switch(struct exchange *x, struct http_head *head)
{
    if (!x->upgrades || x->up.state != LANE_DONE) {
        return relay_fail(
            x, COP_REASON_BAD_RESPONSE, "it switched protocols unasked");
    }
    hop_strip(head, true);
    if (http_field_find(head, FIELD_UPGRADE) == NULL) {
        return relay_fail(
            x, COP_REASON_BAD_RESPONSE, "it switched to another protocol");
    }
    if (!websocket_is_accepted(x, head)) {
        return relay_fail(x, COP_REASON_BAD_RESPONSE,
            "its Sec-WebSocket-Accept does not answer the key");
    }
    if (!relay_write_head(x, head, "Connection: Upgrade\r\n")) {
        return relay_mute(x);
    }
    lane_go_raw(&x->up);
    lane_go_raw(&x->down);
    x->may_repeat = false;
    x->may_reuse = false;
    exchange_deadline(x, relay_limits(x)->idle_ms);
    return STEP_NEXT;
}

/* Act on a response head. STEP_WAIT: go on reading. */
static enum step relay_head(struct exchange *x)
{
    struct http_head *head = lane_head(&x->down);

    if (head->status == 101) {
        return relay_switch(x, head);
    }
    if (head->status < 200) {
        return relay_interim(x, head);
    }
    return relay_final(x, head);
}

static enum step relay_server_ended(struct exchange *x)
{
    const char *detail = NULL;
    enum cop_reason reason = COP_REASON_ORIGIN_ABORT;

    if (x->down.state == LANE_HEAD && forward_may_retry(x)) {
        return forward_retry(x);
    }
    if (x->down.ended == IO_FAILED) {
        reason = lane_fault(&x->down, &detail);
    }
    return relay_fail(x, reason, detail);
}

static enum step relay_response_faulty(struct exchange *x)
{
    uint16_t status = 0;
    const char *fault = h1_reader_fault(x->down.reader, &status);

    return relay_fail(x, answer_reason(status, COP_REASON_BAD_RESPONSE), fault);
}

static enum step relay_lane_failed(struct exchange *x, enum lane_result result)
{
    switch (result) {
    case LANE_FROM_ENDED:
        return relay_server_ended(x);
    case LANE_FAULTY:
        return relay_response_faulty(x);
    case LANE_TO_ENDED:
        return exchange_break(x,
            x->down.out.failed ? COP_REASON_MEMORY : COP_REASON_CLIENT_ABORT,
            NULL);
    case LANE_WAITS:
    case LANE_WHOLE:
        break;
    }
    return STEP_WAIT;
}

/* Read heads until the final one is there. STEP_WAIT with down.state still
 * LANE_HEAD: it is waited for. */
static enum step relay_read_heads(struct exchange *x)
{
    enum step step = STEP_WAIT;

    while (step == STEP_WAIT && x->down.state == LANE_HEAD) {
        enum io io = lane_flush(&x->down);
        enum lane_result result;

        if (io == IO_AGAIN) {
            lane_wait(&x->down, &x->client, x->client.wire->needs);
            return STEP_WAIT;
        }
        if (io != IO_DONE) {
            return relay_lane_failed(x, LANE_TO_ENDED);
        }
        result = lane_read_head(&x->down);
        if (result != LANE_WHOLE) {
            return relay_lane_failed(x, result);
        }
        step = relay_head(x);
    }
    return step;
}

static enum step relay_down(struct exchange *x)
{
    enum lane_result result;

    if (x->down.state == LANE_HEAD) {
        enum step step = relay_read_heads(x);

        if (step != STEP_WAIT || x->down.state == LANE_HEAD) {
            return step;
        }
    }
    result = lane_move(&x->down);
    if (result == LANE_WAITS) {
        exchange_deadline(x, relay_limits(x)->idle_ms);
        return STEP_WAIT;
    }
    if (result != LANE_WHOLE) {
        return relay_lane_failed(x, result);
    }
    if (x->down.is_raw) {
        return relay_raw_ended(x, COP_REASON_ORIGIN_CLOSED);
    }
    forward_settle(x);
    return exchange_end(x);
}

enum step relay_step(struct exchange *x, const struct end *end, unsigned events)
{
    bool is_up_due = lane_wake(&x->up, end, events);
    bool is_down_due = lane_wake(&x->down, end, events);
    enum step step = STEP_WAIT;

    if (!is_up_due && !is_down_due) {
        return exchange_ignore(x, end, events);
    }
    if (is_up_due) {
        step = relay_up(x);
    }
    if (is_down_due && step == STEP_WAIT) {
        step = relay_down(x);
    }
    return step;
}

enum step relay_timeout(struct exchange *x)
{
    if (x->up.is_raw) {
        return exchange_is_stream(x) ? exchange_break(x, COP_REASON_IDLE, NULL)
                                     : conn_quit(x->conn, COP_REASON_IDLE);
    }
    if (lane_needs(&x->down, &x->client) != 0) {
        return exchange_break(x, COP_REASON_IDLE, NULL);
    }
    if (lane_needs(&x->up, &x->client) != 0 && x->down.state == LANE_HEAD) {
        return relay_fail(x, COP_REASON_REQUEST_TIMEOUT, NULL);
    }
    return relay_fail(x, COP_REASON_RESPONSE_TIMEOUT, NULL);
}

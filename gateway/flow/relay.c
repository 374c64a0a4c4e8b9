/* EXCHANGE_FORWARD: two lanes at work, the request's and the response's.
 *
 * They are independent: a body may still be going up while the answer comes
 * down, a 100 (Continue) may never come although the client waits for it, an
 * answer may come before the request is whole. Nothing here waits for one lane
 * before it moves the other.
 *
 * The exchange ends with the response. If the request was not whole by then,
 * neither connection is in a state to be used again, and both are closed
 * (RFC 9112 9.3, 9.6). */
#include "gateway/flow/relay.h"

#include "gateway/filter/hop.h"
#include "gateway/flow/answer.h"
#include "gateway/flow/forward.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/upgrade.h"
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
    return conn_end(x->conn, reason, detail);
}

/* The request. */

static enum step relay_request_faulty(struct exchange *x)
{
    uint16_t status = 0;
    const char *fault = h1_reader_fault(x->up.reader, &status);

    return relay_fail(x, COP_REASON_BAD_REQUEST, fault);
}

static enum step relay_client_ended(struct exchange *x)
{
    const struct wire *wire = &x->conn->wire;

    if (x->up.ended == IO_FAILED) {
        return conn_end(x->conn, wire->reason, wire->detail);
    }
    return conn_end(x->conn, COP_REASON_CLIENT_ABORT, NULL);
}

/* A client that sends its body byte by byte would hold two connections for as
 * long as it likes: it gets more time for RELAY_PACE_BYTES, not for one. */
static void relay_pace(struct exchange *x)
{
    bool is_client_slow = lane_needs(&x->up, &x->conn->wire) != 0;

    if (is_client_slow &&
        x->up.read_bytes - x->paced_bytes < RELAY_PACE_BYTES) {
        return;
    }
    x->paced_bytes = x->up.read_bytes;
    conn_deadline(x->conn, relay_limits(x)->idle_ms);
}

static enum step relay_up(struct exchange *x)
{
    const struct config_limits *limits = relay_limits(x);

    switch (lane_move(&x->up)) {
    case LANE_WHOLE:
        conn_deadline(x->conn,
            x->down.state == LANE_HEAD ? limits->response_ms : limits->idle_ms);
        break;
    case LANE_WAITS:
        relay_pace(x);
        break;
    case LANE_TO_ENDED:
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
    if (x->conn->flow->drain.is_on) {
        return COP_REASON_DRAINED;
    }
    if (exchange_request(x)->wants_close || x->up.state != LANE_DONE ||
        x->down.framing == HTTP_UNTIL_CLOSE) {
        return COP_REASON_DONE;
    }
    return COP_REASON_NONE;
}

/* NTLM and Negotiate prove who is at the other end of a connection, once
 * (RFC 4559 6): it must not serve another client afterwards. */
static bool relay_binds(const struct http_head *request)
{
    for (uint32_t i = 0; i < request->fields_n; i++) {
        const struct http_field *field = &request->fields[i];
        struct cop_slice rest;
        struct cop_slice scheme = http_cut(field->value, ' ', &rest);

        if (http_same(field->name, COP_LIT("authorization")) &&
            (http_same(scheme, COP_LIT("ntlm")) ||
                http_same(scheme, COP_LIT("negotiate")))) {
            return true;
        }
    }
    return false;
}

static void relay_write_head(
    struct exchange *x, const struct http_head *head, const char *connection)
{
    buf_clear(&x->extra);
    buf_print(&x->extra, "Via: 1.%u %s\r\n%s", (unsigned)head->minor,
        x->conn->flow->parts.pseudonym, connection);
    /* A head without these lines would lie about the connection. */
    x->down.out.failed |= x->extra.failed;
    h1_write_response(&x->down.out, head, buf_slice(&x->extra));
}

static void relay_final(struct exchange *x, struct http_head *head)
{
    const struct http_head *request = exchange_request(x);
    const char *connection = "";

    hop_strip(head, false);
    x->down.framing = relay_framing(request, head);
    x->reason = relay_keep(x);
    x->may_reuse = !head->wants_close && head->framing != HTTP_UNTIL_CLOSE &&
                   !relay_binds(request);
    if (x->reason != COP_REASON_NONE) {
        connection = "Connection: close\r\n";
    } else if (request->minor == 0) {
        connection = "Connection: keep-alive\r\n";
    }
    head->framing = x->down.framing;
    relay_write_head(x, head, connection);
    x->down.state = LANE_BODY;
    x->up.keeps_out = false;
    conn_deadline(x->conn, relay_limits(x)->idle_ms);
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
        relay_write_head(x, head, "");
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
    relay_write_head(x, head, "Connection: Upgrade\r\n");
    return upgrade_begin(x);
}

/* Act on a response head. STEP_WAIT: go on reading. */
static enum step relay_head(struct exchange *x)
{
    struct http_head *head = h1_reader_head(x->down.reader);

    if (head->status == 101) {
        return relay_switch(x, head);
    }
    if (head->status < 200) {
        return relay_interim(x, head);
    }
    relay_final(x, head);
    return STEP_WAIT;
}

static enum step relay_server_ended(struct exchange *x)
{
    const struct wire *server = &x->upstream->wire;

    if (x->down.state == LANE_HEAD && forward_may_retry(x)) {
        return forward_retry(x);
    }
    if (x->down.ended == IO_FAILED) {
        return relay_fail(x, server->reason, server->detail);
    }
    return relay_fail(x, COP_REASON_ORIGIN_ABORT, NULL);
}

static enum step relay_response_faulty(struct exchange *x)
{
    uint16_t status = 0;

    return relay_fail(
        x, COP_REASON_BAD_RESPONSE, h1_reader_fault(x->down.reader, &status));
}

static enum step relay_lane_failed(struct exchange *x, enum lane_result result)
{
    switch (result) {
    case LANE_FROM_ENDED:
        return relay_server_ended(x);
    case LANE_FAULTY:
        return relay_response_faulty(x);
    case LANE_TO_ENDED:
        return conn_end(x->conn,
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
            lane_wait(&x->down, &x->conn->wire, x->conn->wire.needs);
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
        conn_deadline(x->conn, relay_limits(x)->idle_ms);
        return STEP_WAIT;
    }
    if (result != LANE_WHOLE) {
        return relay_lane_failed(x, result);
    }
    forward_settle(x);
    return exchange_end(x);
}

enum step relay_step(
    struct exchange *x, const struct wire *wire, unsigned events)
{
    bool is_up_due = lane_wake(&x->up, wire, events);
    bool is_down_due = lane_wake(&x->down, wire, events);
    enum step step = STEP_WAIT;

    if (!is_up_due && !is_down_due) {
        return exchange_ignore(x, wire, events);
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
    const struct wire *client = &x->conn->wire;

    if (lane_needs(&x->down, client) != 0) {
        return conn_end(x->conn, COP_REASON_IDLE, NULL);
    }
    if (lane_needs(&x->up, client) != 0 && x->down.state == LANE_HEAD) {
        return relay_fail(x, COP_REASON_REQUEST_TIMEOUT, NULL);
    }
    return relay_fail(x, COP_REASON_RESPONSE_TIMEOUT, NULL);
}

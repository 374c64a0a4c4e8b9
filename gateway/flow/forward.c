#include "gateway/flow/forward.h"

#include "gateway/filter/consent.h"
#include "gateway/filter/hop.h"
#include "gateway/filter/modify.h"
#include "gateway/flow/answer.h"
#include "gateway/flow/arrive.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/websocket.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/syntax.h"
#include "gateway/notice/notice.h"
#include "gateway/upstream/session.h"

enum { FORWARD_TRIES_MAX = 2 };

/* Methods whose request may be sent a second time (RFC 9110 9.2.2). */
static bool forward_is_idempotent(const struct http_head *head)
{
    static const char *const methods[] = {
        "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (request_is_method(head, methods[i])) {
            return true;
        }
    }
    return false;
}

/* The one protocol that is passed on is WebSocket; h2c would carry requests
 * past us unread (RFC 9113 removed it). */
static bool forward_is_upgrade(
    const struct exchange *x, const struct http_head *head)
{
    const struct http_field *field = http_field_find(head, FIELD_UPGRADE);

    return head->wants_upgrade && head->minor >= 1 && field != NULL &&
           (head->framing == HTTP_NO_BODY || exchange_is_stream(x)) &&
           request_is_method(head, "GET") &&
           field->value.n == strlen("websocket") &&
           http_list_has(field->value, COP_LIT("websocket"));
}

/* NTLM and Negotiate prove who is at the other end of a connection, once
 * (RFC 4559 6): it must be this client's alone, and serve no other. */
static bool forward_is_bound(const struct http_head *request)
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

/* The field lines that are ours to write. */
static bool forward_extra(struct exchange *x, struct http_head *head)
{
    buf_clear(&x->extra);
    buf_add_slice(&x->extra, x->to.lines);
    buf_print(&x->extra, "Via: %s %s\r\n", end_version(&x->client, head),
        x->conn->flow->parts.pseudonym);
    if (x->upgrades) {
        buf_add_slice(&x->extra, COP_LIT("Connection: Upgrade\r\n"));
        return websocket_add_key(x, head);
    }
    if (http_field_find(head, FIELD_TE) != NULL) {
        /* RFC 9110 10.1.4 */
        buf_add_slice(&x->extra, COP_LIT("Connection: TE\r\n"));
    }
    return true;
}

/* "host[:port]" of a canonical URL. */
static struct cop_slice forward_host(const struct cop_url *url)
{
    size_t from = strlen(cop_scheme_name(url->scheme)) + strlen("://");

    return (struct cop_slice){url->text.p + from, url->path - from};
}

/* What will be written, whatever end it is written to. */
static void forward_compose(struct exchange *x, const struct cop_url *url,
    const struct request *request, const struct decision *decision)
{
    struct http_head *head = exchange_request(x);
    struct destination *to = &x->to;
    const struct cop_policy *policy = x->asker.world->policy;

    to->host = url->host;
    to->port = url->port;
    to->is_tls = url->scheme == COP_HTTPS;
    if (!modify_address(policy, &decision->verdict, &to->mapped)) {
        to->mapped.n = 0;
    }
    to->authority = arena_copy(&x->arena, forward_host(url));
    to->target = arena_copy(
        &x->arena, request->is_asterisk ? COP_LIT("*") : cop_url_target(url));
    x->upgrades = forward_is_upgrade(x, head);
    x->is_bound = forward_is_bound(head);
    hop_strip(head, x->upgrades);
    consent_strip(head, &x->arena);
    modify_fields(policy, &decision->verdict, head, &x->extra);
    to->lines = arena_copy(&x->arena, buf_slice(&x->extra));
    if (x->upgrades) {
        /* What follows is no body, and waits until the server agrees. */
        head->framing = HTTP_NO_BODY;
        if (exchange_is_stream(x)) {
            x->up.state = LANE_DONE;
        }
    }
    x->up.framing = head->framing;
    x->may_repeat =
        head->framing == HTTP_NO_BODY && forward_is_idempotent(head);
}

static void forward_on_server(struct watch *watch, unsigned events)
{
    const struct upstream *upstream = LOOP_OWNER(watch, struct upstream, watch);
    struct exchange *x = upstream->user;

    exchange_run(x, &x->server, events);
}

void forward_on_stream(struct h2_stream *stream, void *user, unsigned events)
{
    struct exchange *x = user;

    if (x->server.stream == stream) {
        exchange_on_stream(x, &x->server, events);
    }
}

static enum step forward_connect(struct exchange *x, unsigned how);

/* The server's end is there, and the request's head is on its way. */
static enum step forward_start(struct exchange *x)
{
    x->up.to = &x->server;
    h1_reader_next(x->down.reader, x->is_head, false);
    lane_begin(&x->down, &x->server, &x->client);
    lane_wait(&x->down, &x->server, LOOP_READ);
    x->paced_bytes = x->up.read_bytes;
    x->may_reuse = !x->is_bound;
    exchange_deadline(x, x->asker.world->config->limits.idle_ms);
    exchange_go(x, EXCHANGE_FORWARD);
    return STEP_NEXT;
}

static enum step forward_attach_wire(
    struct exchange *x, struct upstream *upstream)
{
    struct http_head *head = exchange_request(x);

    x->upstream = upstream;
    x->server = (struct end){.wire = &upstream->wire};
    upstream->user = x;
    upstream->watch.fn = forward_on_server;
    if (!forward_extra(x, head)) {
        return exchange_break(x, COP_REASON_MEMORY, NULL);
    }
    h1_write_request(
        &x->up.out, head, x->to.target, x->to.authority, buf_slice(&x->extra));
    if (x->up.state == LANE_DONE) {
        x->up.state = LANE_LAST; /* the head, and then it waits */
    }
    if (x->up.out.failed || x->extra.failed) {
        return answer_error(x, 431, COP_REASON_HEAD_TOO_LARGE, NULL);
    }
    return forward_start(x);
}

/* Open a stream beside others. That it cannot be opened after all is known by
 * the session only when it is asked. */
static enum step forward_attach_session(
    struct exchange *x, struct upstream *upstream)
{
    struct session *session = upstream->session;
    struct http_head *head = exchange_request(x);
    struct h2_stream *stream = NULL;
    enum cop_status status = COP_E_NOMEM;

    x->server = (struct end){.session = session};
    if (forward_extra(x, head)) {
        status = h2_open(session->h2, head, x->to.target, x->to.authority,
            buf_slice(&x->extra), &stream);
    }
    session_touch(session);
    if (status == COP_OK) {
        x->server.stream = stream;
        h2_set_user(stream, x);
        upstream->requests++;
        return forward_start(x);
    }
    x->server.session = NULL;
    if ((status == COP_AGAIN || status == COP_E_LIMIT) &&
        x->tries++ < FORWARD_TRIES_MAX) {
        return forward_connect(x, UPSTREAM_FRESH);
    }
    return answer_error(
        x, notice_status_of(COP_REASON_MEMORY), COP_REASON_MEMORY, NULL);
}

static enum step forward_attach(struct exchange *x, struct upstream *upstream)
{
    if (x->to.is_tls) {
        x->conn->tally.server_tls = wire_version(&upstream->wire);
    }
    return upstream->session != NULL ? forward_attach_session(x, upstream)
                                     : forward_attach_wire(x, upstream);
}

/* No address of the server may be used: the child is told why, not that the
 * server is out of reach. */
static enum step forward_refuse(struct exchange *x)
{
    struct decision decision;

    gate_decide(x->gate, true, &decision); /* no gate warns */
    return answer_closed(x, NULL, &decision);
}

static void forward_on_upstream(void *context, struct upstream *upstream,
    enum cop_reason reason, const char *detail)
{
    struct exchange *x = context;
    enum step step;

    x->wait = NULL;
    if (upstream != NULL) {
        step = forward_attach(x, upstream);
    } else if (reason == COP_REASON_REFUSED && gate_is_shut(x->gate)) {
        step = forward_refuse(x);
    } else {
        step = answer_error(x, notice_status_of(reason), reason, detail);
    }
    exchange_resume(x, step);
}

/* What kind of connection it must be, whatever the server speaks else. */
static unsigned forward_how(const struct exchange *x)
{
    if (x->is_bound || x->needs_http1) {
        return UPSTREAM_HTTP1;
    }
    return x->upgrades ? UPSTREAM_WEBSOCKET : 0;
}

/* how  UPSTREAM_FRESH, or 0 */
static enum step forward_connect(struct exchange *x, unsigned how)
{
    struct upstream *upstream = NULL;
    const struct upstream_to to = {
        .dial = {&x->to.host, x->to.port, gate_bar(x->gate),
            arrival_aim(x->conn, &x->to.host)},
        .mapped = x->to.mapped.n != 0 ? &x->to.mapped : NULL,
        .is_tls = x->to.is_tls,
        .how = forward_how(x) | how};
    enum cop_status status = upstreams_get(x->conn->flow->upstreams, &to,
        forward_on_upstream, x, &upstream, &x->wait);
    enum cop_reason reason =
        status == COP_E_LIMIT ? COP_REASON_LIMIT : COP_REASON_MEMORY;

    if (status == COP_OK) {
        return forward_attach(x, upstream);
    }
    if (status == COP_AGAIN) {
        exchange_go(x, EXCHANGE_UPSTREAM);
        exchange_no_deadline(x); /* the pool keeps its own time */
        return STEP_WAIT;
    }
    return answer_error(x, notice_status_of(reason), reason, NULL);
}

/* A request that may go no further ends here (RFC 9110 7.6.2). Showing a TRACE
 * its own fields would hand a script what it may not see; a server may decline
 * the method, and this one does. */
static enum step forward_answer(struct exchange *x)
{
    if (request_is_method(exchange_request(x), "OPTIONS")) {
        return answer_options(x);
    }
    return answer_error(x, 405, COP_REASON_BAD_REQUEST,
        "TRACE is not answered here, or Max-Forwards is no number.");
}

enum step forward_begin(struct exchange *x, struct cop_url *url,
    const struct request *request, const struct decision *decision)
{
    const struct cop_policy *policy = x->asker.world->policy;

    buf_clear(&x->extra);
    if (!hop_may_forward(exchange_request(x), &x->extra)) {
        return forward_answer(x);
    }
    if (modify_query(policy, &decision->verdict, url) != COP_OK) {
        return answer_error(x, 414, COP_REASON_HEAD_TOO_LARGE, NULL);
    }
    forward_compose(x, url, request, decision);
    if (x->extra.failed || arena_failed(&x->arena)) {
        return answer_error(x, 431, COP_REASON_HEAD_TOO_LARGE, NULL);
    }
    return forward_connect(x, 0);
}

/* Whether a stream that is gone was not answered for a reason that another
 * connection may not have. */
static bool forward_may_retry_stream(struct exchange *x)
{
    bool by_peer = false;
    enum h2_code code = h2_ending(x->server.stream, &by_peer);

    if (by_peer && code == H2_HTTP_1_1_REQUIRED) {
        x->needs_http1 = true;
        return true;
    }
    if (h2_is_unprocessed(x->server.stream)) {
        return true;
    }
    return x->may_repeat && !by_peer && x->server.session->is_deaf;
}

bool forward_may_retry(struct exchange *x)
{
    if (x->tries >= FORWARD_TRIES_MAX || x->up.has_begun || x->interim > 0) {
        return false;
    }
    if (end_is_stream(&x->server)) {
        return forward_may_retry_stream(x);
    }
    return x->may_repeat && x->upstream->is_reused && x->down.read_bytes == 0;
}

enum step forward_retry(struct exchange *x)
{
    forward_drop(x);
    x->tries++;
    lane_forget_out(&x->up);
    if (!x->upgrades || !exchange_is_stream(x)) {
        x->up.state = LANE_BODY;
    }
    x->up.has_last = false;
    x->up.waits_on = NULL;
    return forward_connect(x, UPSTREAM_FRESH);
}

void forward_settle(struct exchange *x)
{
    bool is_clean;

    if (x->upstream == NULL) {
        forward_drop(x);
        return;
    }
    is_clean = x->may_reuse && x->up.state == LANE_DONE &&
               lane_leftover(&x->down).n == 0 &&
               !wire_has_pending(&x->upstream->wire);
    if (!is_clean) {
        forward_drop(x);
        return;
    }
    x->upstream->requests++;
    upstream_put(&x->upstream);
    x->server = (struct end){.wire = NULL};
}

void forward_drop(struct exchange *x)
{
    if (x->wait != NULL) {
        upstreams_cancel(&x->wait);
    }
    if (x->server.stream != NULL) {
        h2_release(&x->server.stream, H2_CANCEL);
        session_touch(x->server.session);
    }
    upstream_close(&x->upstream);
    x->server = (struct end){.wire = NULL};
    lane_forget_in(&x->down);
}

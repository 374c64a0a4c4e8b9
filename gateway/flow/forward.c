#include "gateway/flow/forward.h"

#include "gateway/filter/consent.h"
#include "gateway/filter/hop.h"
#include "gateway/filter/modify.h"
#include "gateway/flow/answer.h"
#include "gateway/flow/inner.h"
#include "gateway/http/h1_write.h"
#include "gateway/notice/notice.h"

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
static bool forward_is_upgrade(const struct http_head *head)
{
    const struct http_field *field = http_field_find(head, FIELD_UPGRADE);

    return head->wants_upgrade && head->minor >= 1 && field != NULL &&
           head->framing == HTTP_NO_BODY && request_is_method(head, "GET") &&
           field->value.n == strlen("websocket") &&
           http_list_has(field->value, COP_LIT("websocket"));
}

/* The field lines that are ours to write. */
static void forward_extra(struct exchange *x, const struct http_head *head)
{
    buf_print(&x->extra, "Via: 1.%u %s\r\n", (unsigned)head->minor,
        x->conn->flow->parts.pseudonym);
    if (x->upgrades) {
        buf_add_slice(&x->extra, COP_LIT("Connection: Upgrade\r\n"));
    } else if (http_field_find(head, FIELD_TE) != NULL) {
        /* RFC 9110 10.1.4 */
        buf_add_slice(&x->extra, COP_LIT("Connection: TE\r\n"));
    }
}

/* "host[:port]" of a canonical URL. */
static struct cop_slice forward_host(const struct cop_url *url)
{
    size_t from = strlen(cop_scheme_name(url->scheme)) + strlen("://");

    return (struct cop_slice){url->text.p + from, url->path - from};
}

static void forward_compose(struct exchange *x, const struct cop_url *url,
    const struct request *request, const struct decision *decision)
{
    struct http_head *head = exchange_request(x);

    x->upgrades = forward_is_upgrade(head);
    hop_strip(head, x->upgrades);
    consent_strip(head, &x->arena);
    modify_fields(x->asker.world->policy, &decision->verdict, head, &x->extra);
    forward_extra(x, head);
    h1_write_request(&x->up.out, head,
        request->is_asterisk ? COP_LIT("*") : cop_url_target(url),
        forward_host(url), buf_slice(&x->extra));
    x->up.framing = head->framing;
    /* Kept until the answer begins, should the server's connection be dead. */
    x->up.keeps_out =
        head->framing == HTTP_NO_BODY && forward_is_idempotent(head);
}

static void forward_on_server(struct watch *watch, unsigned events)
{
    const struct upstream *upstream = LOOP_OWNER(watch, struct upstream, watch);
    const struct exchange *x = upstream->user;

    conn_run(x->conn, &upstream->wire, events);
}

static enum step forward_attach(struct exchange *x, struct upstream *upstream)
{
    struct wire *server = &upstream->wire;

    x->upstream = upstream;
    if (x->is_tls) {
        x->conn->tally.server_tls = wire_version(server);
    }
    upstream->user = x;
    upstream->watch.fn = forward_on_server;
    x->up.to = server;
    h1_reader_next(x->down.reader, x->is_head, false);
    lane_begin(&x->down, server, &x->conn->wire);
    lane_wait(&x->down, server, LOOP_READ);
    x->paced_bytes = x->up.read_bytes;
    conn_deadline(x->conn, x->asker.world->config->limits.idle_ms);
    exchange_go(x, EXCHANGE_FORWARD);
    return STEP_NEXT;
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
    struct conn *conn = x->conn;
    enum step step;

    x->wait = NULL;
    if (upstream != NULL) {
        step = forward_attach(x, upstream);
    } else if (reason == COP_REASON_REFUSED && gate_is_shut(x->gate)) {
        step = forward_refuse(x);
    } else {
        step = answer_error(x, notice_status_of(reason), reason, detail);
    }
    conn_resume(conn, step);
}

static enum step forward_connect(struct exchange *x, bool is_fresh)
{
    struct upstream *upstream = NULL;
    const struct upstream_to to = {
        .dial = {&x->host, x->port, gate_bar(x->gate)},
        .mapped = x->address.n != 0 ? &x->address : NULL,
        .is_tls = x->is_tls,
        .is_fresh = is_fresh};
    enum cop_status status = upstreams_get(x->conn->flow->upstreams, &to,
        forward_on_upstream, x, &upstream, &x->wait);
    enum cop_reason reason =
        status == COP_E_LIMIT ? COP_REASON_LIMIT : COP_REASON_MEMORY;

    if (status == COP_OK) {
        return forward_attach(x, upstream);
    }
    if (status == COP_AGAIN) {
        exchange_go(x, EXCHANGE_UPSTREAM);
        conn_no_deadline(x->conn); /* the pool keeps its own time */
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
    if (!modify_address(policy, &decision->verdict, &x->address)) {
        x->address.n = 0;
    }
    x->host = url->host;
    x->port = url->port;
    x->is_tls = url->scheme == COP_HTTPS;
    forward_compose(x, url, request, decision);
    if (x->up.out.failed || x->extra.failed) {
        return answer_error(x, 431, COP_REASON_HEAD_TOO_LARGE, NULL);
    }
    return forward_connect(x, false);
}

bool forward_may_retry(const struct exchange *x)
{
    return x->up.keeps_out && !x->is_retried && x->upstream->is_reused &&
           x->down.read_bytes == 0;
}

enum step forward_retry(struct exchange *x)
{
    forward_drop(x);
    x->is_retried = true;
    x->up.out_at = 0;
    x->up.state = LANE_LAST;
    x->up.waits_on = NULL;
    return forward_connect(x, true);
}

void forward_settle(struct exchange *x)
{
    bool is_clean = x->may_reuse && x->up.state == LANE_DONE &&
                    lane_leftover(&x->down).n == 0 &&
                    !wire_has_pending(&x->upstream->wire);

    if (!is_clean) {
        forward_drop(x);
        return;
    }
    x->upstream->requests++;
    upstream_put(&x->upstream);
}

void forward_drop(struct exchange *x)
{
    if (x->wait != NULL) {
        upstreams_cancel(&x->wait);
    }
    upstream_close(&x->upstream);
    x->down.in_at = x->down.in_end = 0;
}

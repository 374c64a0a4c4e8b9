#include "gateway/flow/answer.h"

#include <string.h>

#include "gateway/flow/forward.h"
#include "gateway/flow/inner.h"
#include "gateway/flow/request.h"
#include "gateway/flow/warning.h"
#include "gateway/http/fault.h"
#include "gateway/notice/notice.h"

enum { ANSWER_DRAIN_MAX = 1 << 16 }; /* a body worth reading to its end */

/* The rest of the request, if any, is read and thrown away where that is
 * cheap, so that the connection can be kept; else the connection ends. */
static bool answer_may_drain(struct exchange *x)
{
    const struct http_head *head;

    if (exchange_is_stream(x)) {
        x->up.state = LANE_DONE; /* of a stream the rest can be cancelled */
    }
    if (x->up.state == LANE_DONE) {
        return true;
    }
    if (x->up.state != LANE_BODY) {
        return false;
    }
    head = exchange_request(x);
    if (head->framing == HTTP_NO_BODY) {
        return true;
    }
    /* With Expect the client may or may not send it (RFC 9110 10.1.1). */
    return head->framing == HTTP_LENGTH && !head->expects_continue &&
           head->length <= ANSWER_DRAIN_MAX;
}

/* Leave the server, and turn the up lane to throwing away. A reason that is
 * given now is the connection's, whatever happens to the answer. */
static void answer_prepare(
    struct exchange *x, enum cop_reason reason, const char *detail)
{
    const struct http_head *head = exchange_request(x);
    bool may_drain;

    forward_drop(x);
    if (x->up.state == LANE_LAST) {
        x->up.state = LANE_DONE;
    }
    may_drain = answer_may_drain(x);
    x->up.framing = HTTP_NO_BODY;
    x->up.to = &x->client;
    x->up.waits_on = NULL; /* its turn comes when the answer is written */
    lane_forget_out(&x->up);
    lane_begin(&x->down, &x->client, &x->client);
    x->down.state = LANE_LAST;
    x->reason = reason;
    if (reason != COP_REASON_NONE) {
        exchange_blame(x, reason, detail);
    } else if (exchange_is_stream(x)) {
        x->reason = COP_REASON_NONE;
    } else if (x->conn->flow->drain.is_on) {
        x->reason = COP_REASON_DRAINED;
    } else if (!may_drain || head->wants_close || head->minor == 0) {
        x->reason = COP_REASON_DONE;
    }
}

static struct notice_facts answer_facts(struct exchange *x)
{
    const struct config *config = x->asker.world->config;
    struct notice_facts facts = {.languages = config->languages,
        .languages_n = config->languages_n,
        .contact = config->contact,
        .reference = "",
        .keep_alive = x->reason == COP_REASON_NONE};

    if (x->up.state != LANE_HEAD) {
        facts.request = exchange_request(x);
    }
    if (x->has_site) {
        facts.host = &x->conn->site.host;
    }
    return facts;
}

/* A stream gets the same answer, from the same text. */
static bool answer_translate(struct exchange *x)
{
    const struct http_head *head;

    h1_reader_next(x->down.reader, x->is_head, false);
    if (!lane_read_own(&x->down)) {
        return false;
    }
    head = lane_head(&x->down);
    x->down.framing = head->framing;
    x->down.state = LANE_BODY;
    return h2_write_response(
               x->client.stream, head, (struct cop_slice){NULL, 0}) == COP_OK;
}

static enum step answer_send(struct exchange *x)
{
    struct buf *out = &x->down.out;
    const char *end;

    if (out->failed || out->n == 0) {
        return exchange_break(x, COP_REASON_MEMORY, NULL);
    }
    /* The answer to HEAD has no body (RFC 9110 9.3.2). */
    end = x->is_head ? memmem(out->p, out->n, "\r\n\r\n", 4) : NULL;
    if (end != NULL) {
        out->n = (size_t)(end - out->p) + 4;
    }
    if (exchange_is_stream(x) && !answer_translate(x)) {
        return exchange_break(x, COP_REASON_MEMORY, NULL);
    }
    exchange_go(x, EXCHANGE_ANSWER);
    exchange_deadline(x, x->asker.world->config->limits.idle_ms);
    return STEP_NEXT;
}

enum step answer_block(
    struct exchange *x, const struct decision *decision, enum cop_reason reason)
{
    struct notice_facts facts;

    answer_prepare(x, reason, NULL);
    facts = answer_facts(x);
    facts.policy = x->asker.world->policy;
    facts.verdict = &decision->verdict;
    facts.reference = decision->reference;
    notice_block(&x->down.out, &facts);
    return answer_send(x);
}

/* A warning's notice with the way to go on, where a person can use it. */
static enum step answer_warning(struct exchange *x, const struct cop_url *url,
    const struct decision *decision)
{
    struct notice_facts facts;
    struct buf form;
    enum step step;

    buf_init(&form, WARNING_FORM_MAX);
    warning_form(x, url, decision, &form);
    answer_prepare(x, COP_REASON_NONE, NULL);
    facts = answer_facts(x);
    facts.policy = x->asker.world->policy;
    facts.verdict = &decision->verdict;
    facts.reference = decision->reference;
    facts.go_on = form.failed ? COP_LIT("") : buf_slice(&form);
    notice_block(&x->down.out, &facts);
    step = answer_send(x);
    buf_fini(&form);
    return step;
}

enum step answer_lead(struct exchange *x, uint16_t status,
    struct cop_slice location, struct cop_slice cookie)
{
    struct notice_facts facts;

    answer_prepare(x, COP_REASON_NONE, NULL);
    facts = answer_facts(x);
    notice_lead(&x->down.out, &facts, status, location, cookie);
    return answer_send(x);
}

/* Where a requirement leads. Only a person in front of a window can use that;
 * and it is not done where it would lead into another page of ours, or round in
 * a circle: then the place is simply closed. */
static enum step answer_redirect(
    struct exchange *x, const struct decision *decision)
{
    const struct http_head *request = exchange_request(x);
    const struct cop_verdict *verdict = &decision->verdict;
    enum notice_form form = notice_form_of(request);
    bool is_read = request_is_method(request, "GET") || x->is_head;
    struct cop_slice location = cop_bundle_text(
        cop_policy_bundle(x->asker.world->policy, verdict->bundle),
        verdict->requirement, COP_TEXT_REDIRECT, NULL, 0, NULL);
    struct cop_url *to = &x->conn->flow->scratch->url;

    if ((form != NOTICE_HTML && form != NOTICE_TEXT) ||
        cop_url_parse(location, to) != COP_OK || to->scheme > COP_HTTPS ||
        !decision_allows(x->conn, &x->asker, to)) {
        return answer_block(x, decision, COP_REASON_NONE);
    }
    return answer_lead(x, is_read ? 302 : 303, to->text, COP_LIT(""));
}

enum step answer_closed(struct exchange *x, const struct cop_url *url,
    const struct decision *decision)
{
    switch (decision->verdict.action) {
    case COP_WARN:
        return answer_warning(x, url, decision);
    case COP_REDIRECT:
        return answer_redirect(x, decision);
    case COP_ALLOW:
    case COP_BLOCK:
    case COP_MODIFY:
    case COP_ALERT:
    case COP_LOG_ONLY:
    case COP_ACTIONS:
        break;
    }
    return answer_block(x, decision, COP_REASON_NONE);
}

enum step answer_error(struct exchange *x, uint16_t status,
    enum cop_reason reason, const char *detail)
{
    struct notice_facts facts;

    /* It may be the words of the server's wire, which is closed now. */
    if (detail != NULL) {
        detail = arena_copy(&x->arena, cop_slice_of(detail)).p;
    }
    answer_prepare(x, reason, detail);
    facts = answer_facts(x);
    facts.reason = reason;
    facts.detail = detail;
    notice_error(&x->down.out, &facts, status);
    return answer_send(x);
}

enum cop_reason answer_reason(uint16_t status, enum cop_reason theirs)
{
    return status == http_fault_status(HTTP_FAULT_MEMORY) ? COP_REASON_MEMORY
                                                          : theirs;
}

enum step answer_fault(struct exchange *x)
{
    uint16_t status = 400;
    const char *fault = h1_reader_fault(x->up.reader, &status);
    enum cop_reason reason = answer_reason(status, COP_REASON_BAD_REQUEST);

    if (status == 414 || status == 431) {
        reason = COP_REASON_HEAD_TOO_LARGE;
    }
    return answer_error(x, status, reason, fault);
}

enum step answer_options(struct exchange *x)
{
    answer_prepare(x, COP_REASON_NONE, NULL);
    buf_print(&x->down.out, "HTTP/1.1 204 No Content\r\nVia: 1.1 %s\r\n%s\r\n",
        x->conn->flow->parts.pseudonym,
        x->reason == COP_REASON_NONE ? "" : "Connection: close\r\n");
    return answer_send(x);
}

/* The rest of the request, thrown away. LANE_WAITS, or something else when
 * there is nothing more to wait for. */
static enum lane_result answer_drain(struct exchange *x)
{
    if (x->up.state != LANE_BODY) {
        return LANE_WHOLE;
    }
    if (x->reason != COP_REASON_NONE &&
        exchange_request(x)->framing != HTTP_NO_BODY) {
        return LANE_WHOLE;
    }
    return lane_move(&x->up);
}

enum step answer_step(
    struct exchange *x, const struct end *end, unsigned events)
{
    bool is_down_due = lane_wake(&x->down, end, events);
    bool is_up_due =
        x->down.state == LANE_DONE && lane_wake(&x->up, end, events);

    if (is_down_due) {
        switch (lane_move(&x->down)) {
        case LANE_WAITS:
            return STEP_WAIT;
        case LANE_WHOLE:
            break;
        case LANE_FROM_ENDED:
        case LANE_TO_ENDED:
        case LANE_FAULTY:
            return exchange_break(x, COP_REASON_CLIENT_ABORT, NULL);
        }
    } else if (!is_up_due) {
        return exchange_ignore(x, end, events);
    }
    switch (answer_drain(x)) {
    case LANE_WAITS:
        return STEP_WAIT;
    case LANE_WHOLE:
        break;
    case LANE_FROM_ENDED:
    case LANE_TO_ENDED:
        return exchange_break(x, COP_REASON_CLIENT_ABORT, NULL);
    case LANE_FAULTY:
        x->reason = COP_REASON_BAD_REQUEST;
        break;
    }
    return exchange_end(x);
}

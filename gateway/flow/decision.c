#include "gateway/flow/decision.h"

#include "gateway/filter/resource.h"
#include "gateway/flow/inner.h"
#include "gateway/notice/notice.h"
#include "gateway/record/record.h"

static void decision_evaluate(
    struct flow *flow, const struct asker *asker, struct decision *out)
{
    struct cop_moment moment =
        clock_moment(&flow->clock, loop_unix(flow->parts.loop));

    *out = (struct decision){.way = WAY_REFUSE};
    cop_evaluate(asker->world->policy, &flow->scratch->class, asker->profile,
        &moment, &out->verdict);
}

static void decision_record(struct conn *conn, const struct asker *asker,
    const struct decision *decision, struct record_decision *line)
{
    struct flow *flow = conn->flow;

    line->protocol = conn->is_h2 ? "h2" : NULL;
    line->connection = conn->number;
    line->client = &conn->client;
    line->policy = asker->world->policy;
    line->profile = asker->profile;
    line->class = &flow->scratch->class;
    line->verdict = &decision->verdict;
    memcpy(line->reference, decision->reference, sizeof(line->reference));
    record_decision(flow->parts.record, line);
    conn->is_private |=
        record_is_private(line->policy, line->class, line->verdict);
}

void decision_of_url(struct conn *conn, const struct asker *asker,
    const struct http_head *head, const struct cop_url *url,
    struct decision *out)
{
    struct flow *flow = conn->flow;
    struct cop_host source;
    struct cop_facts facts;
    struct record_decision line = {.stage = RECORD_REQUEST,
        .mode = conn_mode_word(conn->mode),
        .method = head->method,
        .host = &url->host,
        .port = url->port,
        .url = url};

    resource_read(head, url, &source, &facts);
    cop_cache_classify_request(flow->cache, asker->world->policy, flow->matcher,
        url, &facts, &flow->scratch->class);
    decision_evaluate(flow, asker, out);
    if (decision_is_block(out)) {
        flow->counts.blocked++;
        notice_reference(out->reference);
    }
    decision_record(conn, asker, out, &line);
}

static enum way decision_way(
    const struct decision *decision, enum config_inspect inspect, bool needs)
{
    if (decision_is_block(decision)) {
        return decision->may_inspect ? WAY_SHOW : WAY_REFUSE;
    }
    if (!decision->may_inspect ||
        (inspect == CONFIG_INSPECT_NEEDED && !needs)) {
        return WAY_SPLICE;
    }
    return WAY_INTERCEPT;
}

/* A block that an exception lifts for some URLs of the host is decided on
 * inside, where the URLs are seen; what else speaks of the host holds now. */
static void decision_spare(
    struct conn *conn, const struct asker *asker, struct decision *decision)
{
    struct cop_class *class = &conn->flow->scratch->class;

    if (!class->may_spare || !decision->may_inspect ||
        !decision_is_block(decision)) {
        return;
    }
    cop_class_spare(asker->world->policy, &conn->site.host, class);
    decision_evaluate(conn->flow, asker, decision);
    decision->may_inspect = true;
}

void decision_of_site(
    struct conn *conn, const struct asker *asker, struct decision *out)
{
    static const enum conn_mode modes[] = {
        [WAY_REFUSE] = CONN_REFUSED,
        [WAY_SPLICE] = CONN_SPLICED,
        [WAY_INTERCEPT] = CONN_INTERCEPTED,
        [WAY_SHOW] = CONN_INTERCEPTED,
    };
    struct flow *flow = conn->flow;
    enum config_inspect inspect = asker->world->config->inspect;
    const struct cop_class *class = &flow->scratch->class;
    struct record_decision line = {.stage = RECORD_CONNECT,
        .host = &conn->site.host,
        .port = conn->site.port};

    cop_classify_host(
        asker->world->policy, &conn->site.host, &flow->scratch->class);
    decision_evaluate(flow, asker, out);
    out->may_inspect = inspect != CONFIG_INSPECT_NONE &&
                       !cop_policy_never_inspects(asker->world->policy, class);
    decision_spare(conn, asker, out);
    out->way = decision_way(out, inspect, class->needs_url);
    if (out->way == WAY_REFUSE) {
        flow->counts.blocked++;
        notice_reference(out->reference);
    }
    conn->mode = modes[out->way];
    line.mode = conn_mode_word(conn->mode);
    decision_record(conn, asker, out, &line);
}

void decision_of_class(
    struct conn *conn, const struct asker *asker, struct decision *out)
{
    decision_evaluate(conn->flow, asker, out);
}

void decision_of_address(struct conn *conn, const struct asker *asker,
    const struct sockaddr_storage *address, bool is_told, struct decision *out)
{
    struct record_decision line = {.stage = RECORD_ADDRESS,
        .mode = conn_mode_word(conn->mode),
        .host = &conn->site.host,
        .port = conn->site.port,
        .address = address};

    if (is_told) {
        conn->flow->counts.blocked++;
        notice_reference(out->reference);
    }
    decision_record(conn, asker, out, &line);
}

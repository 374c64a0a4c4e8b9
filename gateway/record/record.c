/* What a line may hold is settled first, by the deciding requirement's duty to
 * log and the identity that it allows; then the line is written. When in doubt
 * less is written. docs/decision-log.md is the reference. */
#include "gateway/record/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "gateway/net/address.h"
#include "gateway/record/line.h"
#include "gateway/record/sink.h"
#include "rules/base/digest.h"

/* Bytes of values, so that all of them have room in one line. */
enum {
    MAX_PROFILE = 128,
    MAX_METHOD = 32,
    MAX_PATH = 1024,
    MAX_CATEGORIES = 768,
    MAX_REQUIREMENT = 256,
    MAX_RULE_TEXT = 384,
    MAX_RULE_LIST = 128,
    MAX_RULE_FILE = 256,
    MAX_DETAIL = 200,
    KEY_BYTES = 32,
    PSEUDONYM_BYTES = 8
};

struct record {
    struct sink *sink;
    unsigned char key[KEY_BYTES]; /* of pseudonyms; dies with the process */
    struct line line;             /* being written */
};

/* What may be written of a decision. */
struct disclosure {
    bool has_requirement;
    struct cop_requirement requirement; /* when it has one */
    enum cop_logging duty;
};

static struct disclosure disclosure_of(const struct cop_policy *policy,
    const struct cop_class *class, const struct cop_verdict *verdict)
{
    struct disclosure it = {.duty = COP_LOG_PERMITTED};

    if (verdict->requirement != COP_NONE &&
        verdict->bundle < cop_policy_bundles(policy)) {
        cop_bundle_requirement(cop_policy_bundle(policy, verdict->bundle),
            verdict->requirement, &it.requirement);
        it.has_requirement = true;
        it.duty = it.requirement.logging;
        return it;
    }
    /* Who looks for help is nobody's business. */
    if (verdict->action == COP_ALLOW &&
        !cop_catset_empty(
            cop_catset_and(class->categories, cop_category_protected()))) {
        it.duty = COP_LOG_AGGREGATE;
    }
    return it;
}

bool record_is_private(const struct cop_policy *policy,
    const struct cop_class *class, const struct cop_verdict *verdict)
{
    struct disclosure it = disclosure_of(policy, class, verdict);

    return it.duty == COP_LOG_PROHIBITED || it.duty == COP_LOG_AGGREGATE;
}

static void record_begin(struct record *record, const char *event)
{
    struct line *line = &record->line;
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    line_open(line);
    line_time(line, "time", now.tv_sec, (int)(now.tv_nsec / 1000000));
    line_word(line, "event", event);
}

static void record_end_line(struct record *record)
{
    line_close(&record->line);
    sink_add(record->sink, (struct cop_slice){record->line.p, record->line.n});
}

/* The same client has the same pseudonym for as long as this process lives;
 * nobody without its key can tell which client that is. */
static void record_pseudonym(
    struct record *record, const struct sockaddr_storage *client)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char input[KEY_BYTES + 16];
    unsigned char sum[DIGEST_BYTES];
    char text[2 * PSEUDONYM_BYTES];

    memcpy(input, record->key, KEY_BYTES);
    address_bytes(client, input + KEY_BYTES);
    if (digest_of(input, sizeof(input), sum) != COP_OK) {
        return;
    }
    for (size_t i = 0; i < PSEUDONYM_BYTES; i++) {
        text[2 * i] = digits[sum[i] >> 4];
        text[2 * i + 1] = digits[sum[i] & 15];
    }
    line_text(&record->line, "client", (struct cop_slice){text, sizeof(text)},
        sizeof(text));
}

static void record_client(
    struct record *record, const struct sockaddr_storage *client)
{
    char text[ADDRESS_TEXT_MAX];

    line_text(
        &record->line, "client", address_print(client, text), ADDRESS_TEXT_MAX);
}

/* Who asked. A profile may be named after a child, so it counts as an identity
 * where a requirement says which one may be kept. */
static void record_who(struct record *record,
    const struct record_decision *decision, const struct disclosure *may)
{
    bool has_profile = !may->has_requirement;

    if (may->has_requirement && decision->client != NULL) {
        switch (may->requirement.identity) {
        case COP_IDENTITY_PSEUDONYM:
            record_pseudonym(record, decision->client);
            break;
        case COP_IDENTITY_DEVICE:
        case COP_IDENTITY_PERSON:
            record_client(record, decision->client);
            has_profile = true;
            break;
        case COP_IDENTITY_NONE:
        default:
            break;
        }
    }
    if (has_profile) {
        line_text(&record->line, "profile",
            cop_policy_profile_name(decision->policy, decision->profile),
            MAX_PROFILE);
    }
}

/* What was asked for. */
static void record_what(struct line *line,
    const struct record_decision *decision, const struct disclosure *may)
{
    const struct cop_url *url = decision->url;

    if (decision->method.n > 0) {
        line_text(line, "method", decision->method, MAX_METHOD);
    }
    if (url != NULL) {
        line_word(line, "scheme", cop_scheme_name(url->scheme));
    }
    line_text(line, "host", cop_host_slice(decision->host), COP_HOST_MAX);
    line_number(line, "port", decision->port);
    if (decision->address != NULL) {
        char text[ADDRESS_TEXT_MAX];

        line_text(line, "address", address_print(decision->address, text),
            ADDRESS_TEXT_MAX);
    }
    if (url != NULL && may->has_requirement) {
        line_text(line, "path",
            (struct cop_slice){
                url->text.p + url->path, (size_t)(url->query - url->path)},
            MAX_PATH);
    }
}

static void record_categories(struct line *line, struct cop_catset categories)
{
    size_t limit = line->n + MAX_CATEGORIES;

    if (!line_begin(line, "categories", '[')) {
        return;
    }
    for (unsigned i = 0; i < COP_CATEGORIES && line->n < limit; i++) {
        if (cop_catset_has(categories, i)) {
            line_item(line, cop_category_id(i));
        }
    }
    line_end(line, '[');
}

static void record_rule(
    struct line *line, const struct record_decision *decision)
{
    const struct cop_hit *hit = &decision->verdict->hit;
    struct cop_rule rule;

    if (hit->specificity == 0 || !line_begin(line, "rule", '{')) {
        return;
    }
    cop_rule_describe(decision->policy, hit, decision->host, &rule);
    line_word(line, "kind", rule.kind);
    line_text(line, "text", rule.text, MAX_RULE_TEXT);
    line_text(line, "list", rule.list, MAX_RULE_LIST);
    line_text(line, "file", rule.file, MAX_RULE_FILE);
    line_number(line, "line", rule.line);
    line_end(line, '{');
}

static const char *stage_word(enum record_stage stage)
{
    static const char *const words[] = {[RECORD_CONNECT] = "connect",
        [RECORD_REQUEST] = "request",
        [RECORD_ADDRESS] = "address"};

    return words[stage];
}

void record_decision(
    struct record *record, const struct record_decision *decision)
{
    const struct cop_verdict *verdict = decision->verdict;
    struct line *line = &record->line;
    struct disclosure may =
        disclosure_of(decision->policy, decision->class, verdict);
    bool is_open =
        may.duty == COP_LOG_PERMITTED || may.duty == COP_LOG_REQUIRED;

    record_begin(record, "decision");
    line_word(line, "stage", stage_word(decision->stage));
    line_word(line, "mode", decision->mode);
    if (decision->protocol != NULL) {
        line_word(line, "protocol", decision->protocol);
    }
    if (is_open) {
        line_number(line, "connection", decision->connection);
    }
    if (decision->reference[0] != '\0' && may.duty != COP_LOG_PROHIBITED) {
        line_word(line, "reference", decision->reference);
    }
    if (is_open) {
        record_who(record, decision, &may);
        record_what(line, decision, &may);
    }
    line_word(line, "action", cop_action_word(verdict->action));
    line_word(line, "level", cop_level_word(verdict->level));
    if (may.duty != COP_LOG_PROHIBITED) {
        record_categories(line, decision->class->categories);
    }
    if (decision->class->is_limited && may.duty != COP_LOG_PROHIBITED) {
        line_true(line, "limited");
    }
    if (may.has_requirement) {
        line_text(line, "requirement", may.requirement.id, MAX_REQUIREMENT);
    }
    if (is_open) {
        record_rule(line, decision);
    }
    if (is_open && verdict->until_unix != INT64_MAX) {
        line_time(line, "until", verdict->until_unix, -1);
    }
    record_end_line(record);
}

static const char *whose_word(enum cop_whose whose)
{
    switch (whose) {
    case COP_WHOSE_PEER_OK:
        return "nobody";
    case COP_WHOSE_POLICY:
        return "policy";
    case COP_WHOSE_CLIENT:
        return "client";
    case COP_WHOSE_ORIGIN:
        return "origin";
    case COP_WHOSE_OURS:
    default:
        return "gateway";
    }
}

static void record_why(struct line *line, enum cop_reason reason,
    const char *detail, const struct cop_host *host)
{
    line_word(line, "reason", cop_reason_word(reason));
    line_word(line, "whose", whose_word(cop_reason_whose(reason)));
    if (detail != NULL) {
        line_text(line, "detail", cop_slice_of(detail), MAX_DETAIL);
    }
    if (host != NULL) {
        line_text(line, "host", cop_host_slice(host), COP_HOST_MAX);
    }
}

void record_stream(struct record *record, const struct record_stream *stream)
{
    struct line *line = &record->line;

    record_begin(record, "stream");
    if (!stream->is_private) {
        line_number(line, "connection", stream->connection);
    }
    if (stream->stream != 0 && !stream->is_private) {
        line_number(line, "stream", stream->stream);
    }
    record_why(line, stream->reason, stream->is_private ? NULL : stream->detail,
        stream->is_private ? NULL : stream->host);
    record_end_line(record);
}

void record_end(struct record *record, const struct record_end *end)
{
    struct line *line = &record->line;
    int64_t lasted_ms = end->lasted_ms > 0 ? end->lasted_ms : 0;

    record_begin(record, "end");
    if (!end->is_private) {
        line_number(line, "connection", end->connection);
    }
    line_word(line, "mode", end->mode);
    if (end->protocol != NULL) {
        line_word(line, "protocol", end->protocol);
    }
    record_why(line, end->reason, end->is_private ? NULL : end->detail,
        end->is_private ? NULL : end->host);
    if (end->client_tls != NULL) {
        line_word(line, "client_tls", end->client_tls);
    }
    if (end->server_tls != NULL) {
        line_word(line, "server_tls", end->server_tls);
    }
    line_number(line, "requests", end->requests);
    line_number(line, "up_bytes", end->up_bytes);
    line_number(line, "down_bytes", end->down_bytes);
    line_number(line, "lasted_ms", (uint64_t)lasted_ms);
    record_end_line(record);
}

enum cop_status record_new(struct loop *loop, int fd, struct record **out)
{
    struct record *record = calloc(1, sizeof(*record));
    enum cop_status status;

    if (record == NULL) {
        return COP_E_NOMEM;
    }
    if (getrandom(record->key, KEY_BYTES, 0) != KEY_BYTES) {
        free(record);
        return COP_E_IO;
    }
    status = sink_new(loop, fd, &record->sink);
    if (status != COP_OK) {
        free(record);
        return status;
    }
    *out = record;
    return COP_OK;
}

void record_redirect(struct record *record, int fd)
{
    sink_redirect(record->sink, fd);
}

void record_flush(struct record *record)
{
    sink_flush(record->sink);
}

void record_free(struct record **record)
{
    if (*record == NULL) {
        return;
    }
    sink_free(&(*record)->sink);
    free(*record);
    *record = NULL;
}

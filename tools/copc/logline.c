#include "tools/copc/logline.h"

#include <string.h>

#include "tools/copc/moment.h"

void logline_fini(struct logline *logline)
{
    json_decref(logline->object);
    logline->object = NULL;
}

/* A member that is a text, and empty where there is none. Sets the flaw where
 * it is something else: a reader that took that for absent would decide
 * something other than what was asked. */
static struct cop_slice member(struct logline *logline, const char *name)
{
    const json_t *value = json_object_get(logline->object, name);

    if (value != NULL && !json_is_string(value)) {
        logline->flaw = "has a member that should be a text and is not";
    }
    return (struct cop_slice){
        json_string_value(value), json_string_length(value)};
}

static bool is_word(struct cop_slice text, const char *word)
{
    return cop_slice_eq(text, cop_slice_of(word));
}

/* "2026-11-24T10:00:00.000Z", with or without a fraction. */
static bool read_time(struct cop_slice text, int64_t *out)
{
    enum { SECONDS_END = 19 }; /* where a fraction may begin */
    struct cop_moment moment;
    char words[40];

    if (text.n <= SECONDS_END || text.n >= sizeof words) {
        return false;
    }
    memcpy(words, text.p, text.n);
    words[text.n] = '\0';
    if (words[SECONDS_END] == '.') {
        size_t end = SECONDS_END + 1;

        while (words[end] >= '0' && words[end] <= '9') {
            end++;
        }
        memmove(words + SECONDS_END, words + end, text.n - end + 1);
    }
    if (!moment_parse(words, &moment)) {
        return false;
    }
    *out = moment.unix_time;
    return true;
}

static bool read_action(struct cop_slice word, enum cop_action *out)
{
    static const enum cop_action actions[] = {
        COP_ALLOW, COP_BLOCK, COP_WARN, COP_REDIRECT};

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (is_word(word, cop_action_word(actions[i]))) {
            *out = actions[i];
            return true;
        }
    }
    return false;
}

static bool is_level(struct cop_slice word)
{
    static const char *const words[] = {
#define COP_LEVEL(symbol, word, text) word,
#include "cop/level.tbl"
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_word(word, words[i])) {
            return true;
        }
    }
    return false;
}

/* "cop:req:XX:act:name": what may become a key of the answer. */
static bool is_requirement(struct cop_slice id)
{
    static const char prefix[] = "cop:req:";
    size_t prefix_n = sizeof prefix - 1;

    if (id.n <= prefix_n || id.n > LOGLINE_ID_MAX ||
        memcmp(id.p, prefix, prefix_n) != 0) {
        return false;
    }
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] <= ' ' || id.p[i] > '~') {
            return false;
        }
    }
    return true;
}

/* The scheme under which rules see a request: a WebSocket is what carries it.
 */
static bool read_scheme(struct cop_slice word, enum cop_scheme *out)
{
    *out = is_word(word, "http") || is_word(word, "ws") ? COP_HTTP : COP_HTTPS;
    return word.n == 0 || *out == COP_HTTP || is_word(word, "https") ||
           is_word(word, "wss");
}

static bool read_port(
    const json_t *object, enum cop_scheme scheme, uint16_t *out)
{
    const json_t *port = json_object_get(object, "port");
    json_int_t value = json_integer_value(port);

    *out = (uint16_t)(port != NULL ? value : cop_scheme_port(scheme));
    return port == NULL ||
           (json_is_integer(port) && value > 0 && value <= UINT16_MAX);
}

static enum logline_kind bad(struct logline *logline, const char *flaw)
{
    logline->flaw = flaw;
    return LOGLINE_BAD;
}

/* Put scheme, host, port and path together again. */
static enum logline_kind read_url(struct logline *logline)
{
    struct cop_slice path = member(logline, "path");
    enum cop_scheme scheme;
    uint16_t port;

    logline->is_without_path = path.n == 0;
    if (!read_scheme(member(logline, "scheme"), &scheme)) {
        return bad(logline, "has a scheme that is not known");
    }
    if (!read_port(logline->object, scheme, &port)) {
        return bad(logline, "has no valid port");
    }
    if (cop_url_compose(
            scheme, &logline->url.host, port, path, &logline->url) != COP_OK) {
        return bad(logline, "has no valid path");
    }
    logline->shown = logline->url.text;
    return LOGLINE_DECISION;
}

static enum logline_kind read_place(struct logline *logline)
{
    struct cop_slice host = member(logline, "host");
    struct cop_slice stage = member(logline, "stage");

    if (host.n == 0) { /* or no text, which the flaw says */
        return LOGLINE_WITHHELD;
    }
    if (cop_host_parse(host, &logline->url.host) != COP_OK) {
        return bad(logline, "has no valid host");
    }
    logline->is_host = is_word(stage, "connect");
    if (!logline->is_host && stage.n != 0 && !is_word(stage, "request")) {
        return bad(logline, "has a stage that is not known");
    }
    if (!logline->is_host) {
        return read_url(logline);
    }
    logline->shown = host;
    return LOGLINE_DECISION;
}

static enum logline_kind read_decision(struct logline *logline)
{
    struct cop_slice requirement = member(logline, "requirement");
    struct cop_slice level = member(logline, "level");
    struct cop_slice when = member(logline, "time");

    if (!read_action(member(logline, "action"), &logline->decided.action)) {
        return bad(logline, "has no action that is known");
    }
    if (requirement.n != 0 && !is_requirement(requirement)) {
        return bad(logline, "has a requirement that is no identifier");
    }
    if (level.n != 0 && !is_level(level)) {
        return bad(logline, "has a level that is not known");
    }
    if (requirement.n != 0 || level.n != 0) {
        logline->decided.by = requirement.n != 0 ? requirement : level;
    }
    logline->profile = member(logline, "profile");
    logline->has_time = read_time(when, &logline->unix_time);
    if (when.n != 0 && !logline->has_time) {
        return bad(logline, "has no valid time");
    }
    return read_place(logline);
}

static enum logline_kind read_object(
    struct logline *logline, struct cop_slice line)
{
    struct cop_slice event;
    enum logline_kind kind = LOGLINE_OTHER;

    if (line.n > LOGLINE_MAX) {
        return bad(logline, "is longer than a line of a log may be");
    }
    logline->object = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(logline->object)) {
        return bad(logline, "is no whole JSON object");
    }
    event = member(logline, "event");
    if (event.n == 0) {
        return bad(logline, "is no line of a decision log: it has no event");
    }
    if (is_word(event, "decision")) {
        kind = read_decision(logline);
    }
    return logline->flaw != NULL ? LOGLINE_BAD : kind;
}

enum logline_kind logline_read(struct logline *logline, struct cop_slice line)
{
    logline_fini(logline);
    logline->flaw = NULL;
    logline->is_host = false;
    logline->is_without_path = false;
    logline->profile = COP_LIT("");
    logline->shown = COP_LIT("");
    logline->has_time = false;
    logline->decided =
        (struct decided){.action = COP_ALLOW, .by = COP_LIT("none")};
    if (line.n == 0) {
        return LOGLINE_EMPTY;
    }
    if (line.p[0] == '{') {
        return read_object(logline, line);
    }
    if (cop_url_parse(line, &logline->url) != COP_OK) {
        return bad(logline, "is neither an address nor a line of a log");
    }
    logline->shown = logline->url.text;
    return LOGLINE_ADDRESS;
}

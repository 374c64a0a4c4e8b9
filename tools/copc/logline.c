#include "tools/copc/logline.h"

#include <stdio.h>
#include <string.h>

#include "tools/copc/moment.h"

void logline_fini(struct logline *logline)
{
    json_decref(logline->object);
    logline->object = NULL;
}

/* A member that is a text; empty otherwise. */
static struct cop_slice member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

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
#define COP_ACTION(symbol, word) symbol,
#include "cop/action.tbl"
    };

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (is_word(word, cop_action_word(actions[i]))) {
            *out = actions[i];
            return true;
        }
    }
    return false;
}

/* The scheme under which rules see a WebSocket. */
static const char *scheme_of(struct cop_slice scheme)
{
    if (is_word(scheme, "http") || is_word(scheme, "ws")) {
        return "http";
    }
    return "https";
}

/* Put scheme, host, port and path together again. */
static bool join_url(struct logline *logline, struct cop_slice host)
{
    struct cop_slice path = member(logline->object, "path");
    const json_t *port = json_object_get(logline->object, "port");
    bool is_v6 = memchr(host.p, ':', host.n) != NULL && host.p[0] != '[';
    char number[16] = "";
    int n;

    if (json_is_integer(port)) {
        snprintf(number, sizeof number, ":%u",
            (unsigned)(uint16_t)json_integer_value(port));
    }
    logline->is_without_path = path.n == 0;
    n = snprintf(logline->text, sizeof logline->text, "%s://%s%.*s%s%s%.*s",
        scheme_of(member(logline->object, "scheme")), is_v6 ? "[" : "",
        (int)host.n, host.p, is_v6 ? "]" : "", number,
        path.n != 0 ? (int)path.n : 1, path.n != 0 ? path.p : "/");
    if (n < 0 || (size_t)n >= sizeof logline->text ||
        cop_url_parse(cop_slice_of(logline->text), &logline->url) != COP_OK) {
        return false;
    }
    logline->shown = logline->url.text;
    return true;
}

static enum logline_kind bad(struct logline *logline, const char *flaw)
{
    logline->flaw = flaw;
    return LOGLINE_BAD;
}

static enum logline_kind read_place(struct logline *logline)
{
    struct cop_slice host = member(logline->object, "host");

    if (host.n == 0) {
        return LOGLINE_WITHHELD;
    }
    logline->is_host = is_word(member(logline->object, "stage"), "connect");
    if (!logline->is_host) {
        return join_url(logline, host) ? LOGLINE_DECISION
                                       : bad(logline, "has no valid address");
    }
    if (cop_host_parse(host, &logline->url.host) != COP_OK) {
        return bad(logline, "has no valid host");
    }
    logline->shown = host;
    return LOGLINE_DECISION;
}

static enum logline_kind read_decision(struct logline *logline)
{
    const json_t *object = logline->object;
    struct cop_slice requirement = member(object, "requirement");

    if (!read_action(member(object, "action"), &logline->decided.action)) {
        return bad(logline, "has no action that is known");
    }
    logline->decided.by =
        requirement.n != 0 ? requirement : member(object, "level");
    logline->profile = member(object, "profile");
    logline->has_time = read_time(member(object, "time"), &logline->unix_time);
    return read_place(logline);
}

static enum logline_kind read_object(
    struct logline *logline, struct cop_slice line)
{
    struct cop_slice event;

    logline->object = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(logline->object)) {
        return bad(logline, "is no whole JSON object");
    }
    event = member(logline->object, "event");
    if (event.n == 0) {
        return bad(logline, "is no line of a decision log: it has no event");
    }
    return is_word(event, "decision") ? read_decision(logline) : LOGLINE_OTHER;
}

enum logline_kind logline_read(struct logline *logline, struct cop_slice line)
{
    logline_fini(logline);
    logline->flaw = NULL;
    logline->is_host = false;
    logline->is_without_path = false;
    logline->profile = COP_LIT("");
    logline->has_time = false;
    logline->decided = (struct decided){COP_ALLOW, COP_LIT("none")};
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

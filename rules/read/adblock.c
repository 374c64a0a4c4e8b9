#include "rules/read/adblock.h"

#include "cop/decide.h"
#include "rules/read/entry.h"
#include "rules/read/utf8.h"

enum {
    ADBLOCK_TEXT_MAX = 60000,
    ADBLOCK_PATTERN_MAX = 1024 /* so that no match takes longer than millions
                                  of steps, in URLs of full length */
};

/* What rules without types are about: all that a page fetches. Where somebody
 * goes is only kept from them by a rule that names a whole host. */
static const uint16_t types_default =
    (uint16_t)(URLRULE_TYPES_ALL & ~(1U << COP_RESOURCE_DOCUMENT));

void adblock_init(struct adblock *line)
{
    buf_init(&line->packed, UINT16_MAX);
    buf_init(&line->text, ADBLOCK_TEXT_MAX);
    buf_init(&line->from, ADBLOCK_TEXT_MAX);
    buf_init(&line->to, ADBLOCK_TEXT_MAX);
}

void adblock_fini(struct adblock *line)
{
    buf_fini(&line->packed);
    buf_fini(&line->text);
    buf_fini(&line->from);
    buf_fini(&line->to);
}

const char *adblock_reason_words(enum adblock_reason reason)
{
    static const char *const words[] = {
#define ADBLOCK_REASON(symbol, text) text,
#include "rules/read/adblock.tbl"
    };

    return reason < ADBLOCK_REASONS ? words[reason] : "are not understood";
}

static enum adblock_kind leave_out(
    struct adblock *line, enum adblock_reason reason)
{
    line->reason = reason;
    return ADBLOCK_LEFT_OUT;
}

static bool begins(struct cop_slice text, const char *with)
{
    size_t n = strlen(with);

    return text.n >= n && memcmp(text.p, with, n) == 0;
}

static struct cop_slice without(struct cop_slice text, size_t front)
{
    return (struct cop_slice){text.p + front, text.n - front};
}

static struct cop_slice trimmed(struct cop_slice text)
{
    while (text.n != 0 && (text.p[0] == ' ' || text.p[0] == '\t')) {
        text = without(text, 1);
    }
    while (text.n != 0 &&
           (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t')) {
        text.n--;
    }
    return text;
}

/* ---- lines that are no network rules ---- */

/* The end of a mark such as ## #@# #?# #$?# #%# that begins at i; i when there
 * is none. */
static size_t mark_end(struct cop_slice text, size_t i)
{
    size_t end = i + 1;

    while (
        end < text.n && end - i < 4 && memchr("@?$%", text.p[end], 4) != NULL) {
        end++;
    }
    return text.p[i] == '#' && end < text.n && text.p[end] == '#' ? end + 1 : i;
}

/* Whether a line is about what is in pages, and how. */
static bool is_about_pages(struct cop_slice text, enum adblock_reason *reason)
{
    for (size_t i = 0; i < text.n; i++) {
        size_t end = mark_end(text, i);

        if (end != i) {
            *reason = memchr(text.p + i, '%', end - i) != NULL ||
                              begins(without(text, end), "+js")
                          ? ADBLOCK_SCRIPTLET
                          : ADBLOCK_COSMETIC;
            return true;
        }
        if (begins(without(text, i), "$$") || begins(without(text, i), "$@$")) {
            *reason = ADBLOCK_COSMETIC;
            return true;
        }
    }
    return false;
}

/* Whether a comment is an instruction: !#if, not a row of signs. */
static bool is_directive(struct cop_slice text)
{
    return begins(text, "!#") && text.n > 2 && text.p[2] >= 'a' &&
           text.p[2] <= 'z';
}

/* Comments, titles and what is not text. False when it may be a rule. */
static bool read_other(
    struct adblock *line, struct cop_slice text, enum adblock_kind *out)
{
    size_t flaw = 0;

    *out = ADBLOCK_NOTHING;
    if (text.n == 0) {
        return true;
    }
    if (utf8_flaw_next(text, &flaw) != UTF8_FINE) {
        *out = leave_out(line, ADBLOCK_TEXT);
        return true;
    }
    if (text.p[0] == '!') {
        if (is_directive(text)) {
            *out = leave_out(line, ADBLOCK_DIRECTIVE);
        }
        return true;
    }
    if (text.p[0] == '[' && text.p[text.n - 1] == ']') {
        return true;
    }
    if (is_about_pages(text, &line->reason)) {
        *out = ADBLOCK_LEFT_OUT;
        return true;
    }
    return text.p[0] == '#';
}

/* ---- the text of a rule ---- */

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Add a body as it will be compared: stars in a row are one, what is not ASCII
 * is as a URL has it. Hosts are in lower case always. */
static void body_add(struct buf *out, struct cop_slice body, uint16_t flags)
{
    bool keeps_case = (flags & URLRULE_MATCH_CASE) != 0;
    bool is_host = (flags & URLRULE_ANCHOR_HOST) != 0;

    for (size_t i = 0; i < body.n; i++) {
        unsigned char c = (unsigned char)body.p[i];

        is_host = is_host && memchr("/^*?", c, 4) == NULL;
        if (c == '*' && i != 0 && body.p[i - 1] == '*') {
            continue;
        }
        if (c >= 0x80) {
            buf_print(out, keeps_case ? "%%%02X" : "%%%02x", (unsigned)c);
        } else {
            buf_add_char(
                out, keeps_case && !is_host ? (char)c : lower((char)c));
        }
    }
}

/* The host that a body begins with may be written in any script. */
static struct cop_slice host_add(struct buf *out, struct cop_slice body)
{
    struct cop_host host;
    size_t n = 0;
    bool is_plain = true;

    while (n < body.n && memchr("/^*?:", body.p[n], 5) == NULL) {
        is_plain = is_plain && (unsigned char)body.p[n] < 0x80;
        n++;
    }
    if (is_plain || n == body.n ||
        cop_host_parse((struct cop_slice){body.p, n}, &host) != COP_OK) {
        return body;
    }
    buf_add_slice(out, cop_host_slice(&host));
    return without(body, n);
}

/* Take anchors and outer stars off. */
static struct cop_slice anchors_take(struct cop_slice body, uint16_t *flags)
{
    if (begins(body, "||")) {
        *flags |= URLRULE_ANCHOR_HOST;
        body = without(body, 2);
    } else if (begins(body, "|")) {
        *flags |= URLRULE_ANCHOR_START;
        body = without(body, 1);
    }
    if (body.n != 0 && body.p[body.n - 1] == '|') {
        *flags |= URLRULE_ANCHOR_END;
        body.n--;
    }
    if (body.n == 0 || body.p[0] == '*') {
        *flags &= (uint16_t) ~(URLRULE_ANCHOR_HOST | URLRULE_ANCHOR_START);
    }
    if (body.n == 0 || body.p[body.n - 1] == '*') {
        *flags &= (uint16_t)~URLRULE_ANCHOR_END;
    }
    while (body.n != 0 && body.p[0] == '*') {
        body = without(body, 1);
    }
    while (body.n != 0 && body.p[body.n - 1] == '*') {
        body.n--;
    }
    return body;
}

static bool is_regex(struct cop_slice pattern)
{
    return pattern.n > 2 && pattern.p[0] == '/' &&
           pattern.p[pattern.n - 1] == '/';
}

/* Write the text of a rule that is no regular expression. */
static void text_write(
    struct adblock *line, struct cop_slice pattern, struct urlrule *rule)
{
    struct cop_slice body = anchors_take(pattern, &rule->flags);

    if ((rule->flags & URLRULE_ANCHOR_HOST) != 0) {
        buf_add(&line->text, "||", 2);
        size_t before = line->text.n;

        body = host_add(&line->text, body);
        if (line->text.n != before) { /* what follows is no host any more */
            body_add(&line->text, body,
                rule->flags & (uint16_t)~URLRULE_ANCHOR_HOST);
            body.n = 0;
        }
    } else if ((rule->flags & URLRULE_ANCHOR_START) != 0) {
        buf_add_char(&line->text, '|');
    }
    body_add(&line->text, body, rule->flags);
    if ((rule->flags & URLRULE_ANCHOR_END) != 0) {
        buf_add_char(&line->text, '|');
    }
}

static enum cop_status pattern_read(struct adblock *line,
    struct cop_slice pattern, struct urlrule *rule, enum adblock_kind *out)
{
    struct entry_flaw flaw;

    buf_clear(&line->text);
    if (is_regex(pattern)) {
        rule->flags |= URLRULE_REGEX;
        buf_add_slice(&line->text, pattern);
        if (!entry_check_pattern(
                (struct cop_slice){pattern.p + 1, pattern.n - 2}, &flaw)) {
            *out = leave_out(line, ADBLOCK_REGEX);
        }
    } else if (memchr(pattern.p, ' ', pattern.n) != NULL) {
        *out = leave_out(line, ADBLOCK_TEXT);
    } else {
        text_write(line, pattern, rule);
    }
    rule->text = line->text.n != 0 ? buf_slice(&line->text) : COP_LIT("");
    return line->text.failed ? COP_E_NOMEM : COP_OK;
}

/* ---- the whole rule ---- */

/* Whether a text is ||host^, and the host. */
static bool is_host_only(const struct urlrule *rule, struct cop_host *host)
{
    const uint16_t others = URLRULE_REGEX | URLRULE_ANCHOR_END;
    struct cop_slice body = urlrule_body(rule->text, rule->flags);

    if ((rule->flags & URLRULE_ANCHOR_HOST) == 0 ||
        (rule->flags & others) != 0 || body.n < 2 ||
        body.p[body.n - 1] != '^') {
        return false;
    }
    struct cop_slice name = urlrule_host(body);

    return name.n == body.n - 1 && cop_host_parse(name, host) == COP_OK &&
           cop_slice_eq(name, cop_host_slice(host));
}

/* Types, methods and parties, where the options leave them open. */
static void options_apply(
    const struct adblock_options *options, struct urlrule *rule)
{
    const uint16_t parties = URLRULE_FIRST_PARTY | URLRULE_THIRD_PARTY;
    uint16_t types = (rule->flags & URLRULE_HOST_ONLY) != 0 ? URLRULE_TYPES_ALL
                                                            : types_default;

    types = options->types != 0 ? options->types : types;
    rule->types = types & (uint16_t)~options->not_types;
    rule->methods = options->methods != 0 ? options->methods
                                          : (uint16_t)URLRULE_METHODS_ALL;
    rule->methods &= (uint16_t)~options->not_methods;
    if ((rule->flags & parties) == 0) {
        rule->flags |= parties;
    }
}

/* Whether a rule asks for nothing but its text. */
static bool is_unconditional(
    const struct urlrule *rule, const struct adblock_options *options)
{
    return (options->flags & ~URLRULE_BADFILTER) == 0 &&
           rule->types == URLRULE_TYPES_ALL &&
           rule->methods == URLRULE_METHODS_ALL && rule->from.n == 0 &&
           rule->to.n == 0;
}

/* Whether a rule without text has no condition instead either. */
static bool is_about_all(const struct urlrule *rule)
{
    const uint16_t parties = URLRULE_FIRST_PARTY | URLRULE_THIRD_PARTY;
    const uint16_t strict = URLRULE_SAME_HOST | URLRULE_OTHER_HOST;

    return rule->text.n == 0 && rule->from.n == 0 && rule->to.n == 0 &&
           rule->types == types_default && (rule->flags & parties) == parties &&
           (rule->flags & strict) == 0;
}

static enum adblock_kind rule_settle(struct adblock *line,
    const struct adblock_options *options, struct urlrule *rule)
{
    rule->from = buf_slice(&line->from);
    rule->to = buf_slice(&line->to);
    if (is_host_only(rule, &line->host)) {
        rule->flags |= URLRULE_HOST_ONLY;
    }
    options_apply(options, rule);
    if (rule->text.n > ADBLOCK_PATTERN_MAX) {
        return leave_out(line, ADBLOCK_LONG);
    }
    if (is_about_all(rule)) {
        return leave_out(line, ADBLOCK_EMPTY);
    }
    if ((rule->flags & URLRULE_HOST_ONLY) != 0 &&
        (rule->flags & URLRULE_EXCEPTION) == 0 &&
        is_unconditional(rule, options)) {
        return ADBLOCK_HOST;
    }
    return ADBLOCK_RULE;
}

static enum cop_status rule_read(
    struct adblock *line, struct cop_slice text, enum adblock_kind *out)
{
    struct urlrule rule = {.flags = 0};
    struct adblock_options options;
    enum cop_status status;

    if (begins(text, "@@")) {
        rule.flags = URLRULE_EXCEPTION;
        text = without(text, 2);
    }
    size_t at = adblock_options_at(text);

    *out = ADBLOCK_RULE;
    status = adblock_options_read(line, without(text, at), &options);
    if (status != COP_OK) {
        *out = ADBLOCK_LEFT_OUT;
        return status == COP_E_UNSUPPORTED ? COP_OK : status;
    }
    if (options.has_stand_in && (rule.flags & URLRULE_EXCEPTION) != 0) {
        *out = leave_out(line, ADBLOCK_REWRITE); /* it is still to be blocked */
        return COP_OK;
    }
    line->is_badfilter = (options.flags & URLRULE_BADFILTER) != 0;
    rule.flags |= options.flags & (uint16_t)~URLRULE_BADFILTER;
    text.n = at < text.n ? at - 1 : at;
    status = pattern_read(line, text, &rule, out);
    if (status != COP_OK || *out == ADBLOCK_LEFT_OUT) {
        return status;
    }
    *out = rule_settle(line, &options, &rule);
    if (*out != ADBLOCK_RULE) {
        return COP_OK;
    }
    status = urlrule_pack(&rule, &line->packed);
    if (status == COP_E_LIMIT) {
        *out = leave_out(line, ADBLOCK_LONG);
        return COP_OK;
    }
    return status;
}

enum cop_status adblock_read(
    struct adblock *line, struct cop_slice text, enum adblock_kind *out)
{
    buf_clear(&line->packed);
    buf_clear(&line->from);
    buf_clear(&line->to);
    line->is_badfilter = false;
    text = trimmed(text);
    if (read_other(line, text, out)) {
        return COP_OK;
    }
    return rule_read(line, text, out);
}

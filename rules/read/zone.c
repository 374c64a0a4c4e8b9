#include "rules/read/zone.h"

#include <stdio.h>
#include <strings.h>

#include "rules/base/ip.h"
#include "rules/read/entry_parts.h"

/* Which part of a record comes next. */
enum part { PART_OWNER, PART_TYPE, PART_DATA, PART_REST };

enum type { TYPE_CNAME, TYPE_A, TYPE_AAAA, TYPE_SOA, TYPE_NS, TYPE_OTHER };

struct line {
    struct cop_slice text;
    size_t at;
};

/* ---- words of a line ---- */

static bool is_between(char c)
{
    return c == ' ' || c == '\t';
}

static bool flawed_at(struct entry_flaw *flaw, const struct line *line,
    struct cop_slice at, const char *todo, const char *what)
{
    const struct word word = {line->text, at};

    return entry_flawed(flaw, &word, todo, "%s", what);
}

/* Open and close parentheses, within which a record goes on over lines. */
static bool parenthesis(
    struct zone *zone, const struct line *line, char c, struct entry_flaw *flaw)
{
    struct cop_slice here = {line->text.p + line->at, 1};

    if (c == '(' && zone->depth < ZONE_PARENTHESES_MAX) {
        zone->depth++;
        return true;
    }
    if (c == ')' && zone->depth > 0) {
        zone->depth--;
        return true;
    }
    return flawed_at(flaw, line, here, "every ( needs one )",
        "there is a parenthesis too many here");
}

/* A text between quotes; line->at is at the first. */
static bool quoted(struct line *line, struct cop_slice *word)
{
    size_t i = line->at + 1;

    while (i < line->text.n && line->text.p[i] != '"') {
        i += line->text.p[i] == '\\' ? 2 : 1;
    }
    if (i >= line->text.n) {
        return false;
    }
    *word = (struct cop_slice){line->text.p + line->at, i + 1 - line->at};
    line->at = i + 1;
    return true;
}

static void bare(struct line *line, struct cop_slice *word)
{
    size_t start = line->at;

    while (line->at < line->text.n &&
           strchr(" \t;()\"", line->text.p[line->at]) == NULL) {
        line->at += line->text.p[line->at] == '\\' ? 2 : 1;
    }
    if (line->at > line->text.n) {
        line->at = line->text.n;
    }
    *word = (struct cop_slice){line->text.p + start, line->at - start};
}

/* The next word; empty at the end of the line. False when it is none. */
static bool next_word(struct zone *zone, struct line *line,
    struct cop_slice *word, struct entry_flaw *flaw)
{
    for (; line->at < line->text.n; line->at++) {
        char c = line->text.p[line->at];

        if (c == ';') {
            line->at = line->text.n;
            break;
        }
        if (c == '(' || c == ')') {
            if (!parenthesis(zone, line, c, flaw)) {
                return false;
            }
        } else if (!is_between(c)) {
            break;
        }
    }
    *word = (struct cop_slice){line->text.p + line->at, 0};
    if (line->at == line->text.n) {
        return true;
    }
    if (line->text.p[line->at] != '"') {
        bare(line, word);
        return true;
    }
    return quoted(line, word) ||
           flawed_at(flaw, line, *word, "close the quotes on the same line",
               "this text in quotes does not end");
}

/* ---- names ---- */

static bool is_word(struct cop_slice text, const char *word)
{
    return text.n == strlen(word) && strncasecmp(text.p, word, text.n) == 0;
}

static struct cop_slice name_slice(const struct zone_name *name)
{
    return (struct cop_slice){name->text, name->n};
}

static bool is_absolute(struct cop_slice text)
{
    return text.n > 0 && text.p[text.n - 1] == '.';
}

/* The whole name that a text in the zone stands for. False when it is longer
 * than names are. */
static bool complete(
    const struct zone *zone, struct cop_slice text, struct zone_name *out)
{
    struct zone_name name = {0, ""};
    int n;

    if (is_word(text, "@")) {
        *out = zone->origin;
        return true;
    }
    if (text.n > ZONE_NAME_MAX + 1) {
        return false;
    }
    if (is_absolute(text) || zone->origin.n == 0) {
        n = snprintf(name.text, sizeof(name.text), "%.*s",
            (int)(text.n - is_absolute(text)), text.p);
    } else {
        n = snprintf(name.text, sizeof(name.text), "%.*s.%s", (int)text.n,
            text.p, zone->origin.text);
    }
    if (n < 0 || (size_t)n >= sizeof(name.text)) {
        return false;
    }
    name.n = (uint16_t)n;
    *out = name;
    return true;
}

static bool take_name(struct zone *zone, const struct line *line,
    struct cop_slice text, struct zone_name *out, struct entry_flaw *flaw)
{
    if (memchr(text.p, '\\', text.n) != NULL || text.p[0] == '"' ||
        (text.p[0] == '.' && text.n > 1)) {
        return flawed_at(flaw, line, text,
            "write the name without quotes, backslashes and a dot in front",
            "no host has such a name");
    }
    return complete(zone, text, out) ||
           flawed_at(flaw, line, text, "a name has at most 253 characters",
               "this name is too long");
}

/* Whether a name ends in labels, and has more before them; `rest` gets that. */
static bool is_below(
    struct cop_slice name, struct cop_slice labels, struct cop_slice *rest)
{
    if (labels.n == 0) {
        *rest = name;
        return true;
    }
    if (name.n < labels.n + 2 ||
        strncasecmp(name.p + name.n - labels.n, labels.p, labels.n) != 0 ||
        name.p[name.n - labels.n - 1] != '.') {
        return false;
    }
    *rest = (struct cop_slice){name.p, name.n - labels.n - 1};
    return true;
}

/* ---- records ---- */

/* Triggers that are about other things than the name that is asked for. */
static const struct {
    const char *label;
    const char *reason;
} triggers[] = {
    {"rpz-ip", "rules about the address in an answer (rpz-ip)"},
    {"rpz-client-ip", "rules about who asks (rpz-client-ip)"},
    {"rpz-nsip", "rules about the address of a name server (rpz-nsip)"},
    {"rpz-nsdname", "rules about the name of a name server (rpz-nsdname)"},
};

static const char *other_trigger(struct cop_slice name)
{
    struct cop_slice rest;

    for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
        if (is_below(name, cop_slice_of(triggers[i].label), &rest)) {
            return triggers[i].reason;
        }
    }
    return NULL;
}

/* What a CNAME orders that names nothing; NULL when it blocks. */
static const char *no_block(struct cop_slice target)
{
    if (is_word(target, ".") || is_word(target, "*.") ||
        is_word(target, "rpz-drop.")) {
        return NULL;
    }
    if (is_word(target, "rpz-passthru.")) {
        return "names that are opened (rpz-passthru)";
    }
    if (is_word(target, "rpz-tcp-only.")) {
        return "names that need TCP (rpz-tcp-only)";
    }
    return "names that lead to another name";
}

/* Actions that lack their last dot would be names of the zone. */
static bool lacks_dot(struct cop_slice target)
{
    return is_word(target, "*") || is_word(target, "rpz-drop") ||
           is_word(target, "rpz-passthru") || is_word(target, "rpz-tcp-only");
}

static bool is_nowhere(struct cop_slice address)
{
    return is_word(address, "0.0.0.0") || is_word(address, "127.0.0.1") ||
           is_word(address, "::") || is_word(address, "::1");
}

/* The zone's own name: where its SOA is, or, of a zone that begins without,
 * what names are under. */
static bool settle_apex(struct zone *zone)
{
    if (!zone->has_apex && zone->type == TYPE_SOA) {
        zone->apex = zone->owner;
        zone->has_apex = true;
        if (!zone->has_origin && zone->is_absolute) {
            zone->origin = zone->apex;
            zone->has_origin = true;
        }
        return true;
    }
    if (!zone->has_apex) {
        zone->apex = zone->origin;
        zone->has_apex = true;
    }
    return zone->type == TYPE_SOA || zone->type == TYPE_NS;
}

static bool is_apex(const struct zone *zone)
{
    return zone->owner.n == zone->apex.n &&
           strncasecmp(zone->owner.text, zone->apex.text, zone->apex.n) == 0;
}

static bool take_record(struct zone *zone, const struct entry_reader *reader,
    const struct line *line, struct cop_slice data, struct entry_flaw *flaw)
{
    struct word word = {COP_LIT(""), COP_LIT("")};
    const char *reason = NULL;

    if (settle_apex(zone)) {
        return true; /* the zone's own upkeep */
    }
    if (is_apex(zone)) {
        return zone->type != TYPE_CNAME ||
               flawed_at(flaw, line, line->text, "write the name to be listed",
                   "this would be about the zone itself");
    }
    if (zone->is_absolute && !zone->has_origin && zone->apex.n == 0) {
        return flawed_at(flaw, line, line->text,
            "write $ORIGIN and the zone's name first",
            "nothing says which part of this name is the zone's");
    }
    if (!is_below(
            name_slice(&zone->owner), name_slice(&zone->apex), &word.text)) {
        return flawed_at(flaw, line, line->text,
            "write the names without a last dot, or set $ORIGIN",
            "this name is not in the zone");
    }
    reason = other_trigger(word.text);
    if (reason == NULL && zone->type == TYPE_CNAME) {
        if (lacks_dot(data)) {
            return flawed_at(flaw, line, data, "write a dot at its end",
                "without a dot at its end this is a name in the zone");
        }
        reason = no_block(data);
    } else if (reason == NULL && zone->type == TYPE_OTHER) {
        reason = "names with other data (TXT, MX and the like)";
    } else if (reason == NULL && !is_nowhere(data)) {
        reason = "names with an address of their own";
    }
    if (reason != NULL) {
        return entry_skip(flaw, reason);
    }
    word.line = word.text;
    if (!entry_take_name(reader, &word, flaw)) {
        flaw->offset = 0; /* the name was put together, not written here */
        return false;
    }
    return true;
}

/* A TTL: digits, or digits with units (BIND). */
static bool is_ttl(struct cop_slice text)
{
    if (text.p[0] < '0' || text.p[0] > '9') {
        return false;
    }
    for (size_t i = 1; i < text.n; i++) {
        if (strchr("0123456789smhdwSMHDW", text.p[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* What a word before the data is: the record's type, or TTL or class. */
static bool take_type(struct zone *zone, const struct line *line,
    struct cop_slice text, struct entry_flaw *flaw)
{
    static const struct {
        const char *word;
        enum type type;
    } types[] = {{"CNAME", TYPE_CNAME}, {"A", TYPE_A}, {"AAAA", TYPE_AAAA},
        {"SOA", TYPE_SOA}, {"NS", TYPE_NS}};

    if (is_ttl(text) || is_word(text, "IN")) {
        return true;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)(text.p[i] | 0x20);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            return flawed_at(flaw, line, text,
                "a line of a zone is: name [TTL] [IN] CNAME .",
                "this is no type of record");
        }
    }
    zone->type = TYPE_OTHER;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (is_word(text, types[i].word)) {
            zone->type = (uint8_t)types[i].type;
        }
    }
    zone->part = PART_DATA;
    return true;
}

static bool read_words(struct zone *zone, const struct entry_reader *reader,
    struct line *line, struct entry_flaw *flaw)
{
    struct cop_slice word;

    for (;;) {
        if (!next_word(zone, line, &word, flaw)) {
            return false;
        }
        if (word.n == 0) {
            return true;
        }
        if (zone->part == PART_OWNER) {
            if (!take_name(zone, line, word, &zone->owner, flaw)) {
                return false;
            }
            zone->has_owner = true;
            zone->is_absolute = is_absolute(word);
            zone->part = PART_TYPE;
        } else if (zone->part == PART_TYPE) {
            if (!take_type(zone, line, word, flaw)) {
                return false;
            }
        } else if (zone->part == PART_DATA) {
            zone->part = PART_REST;
            if (!take_record(zone, reader, line, word, flaw)) {
                return false;
            }
        }
    }
}

/* ---- directives ---- */

static bool read_directive(
    struct zone *zone, struct line *line, struct entry_flaw *flaw)
{
    struct cop_slice directive;
    struct cop_slice value;

    if (!next_word(zone, line, &directive, flaw) ||
        !next_word(zone, line, &value, flaw)) {
        return false;
    }
    if (is_word(directive, "$TTL")) {
        return true;
    }
    if (is_word(directive, "$ORIGIN") && value.n > 0) {
        zone->has_origin = true;
        return take_name(zone, line, value, &zone->origin, flaw);
    }
    if (is_word(directive, "$INCLUDE") || is_word(directive, "$GENERATE")) {
        return flawed_at(flaw, line, directive,
            "put all into one file; named-compilezone writes one",
            "a zone that is a list stands in one file");
    }
    return flawed_at(flaw, line, directive,
        "a zone has $TTL and $ORIGIN with a value", "there is no such setting");
}

/* ---- lines ---- */

/* Forget a record that is wrong, so that the next line begins anew. */
static bool give_up(struct zone *zone)
{
    zone->depth = 0;
    zone->part = PART_REST;
    return false;
}

bool zone_read(struct zone *zone, const struct entry_reader *reader,
    struct cop_slice text, struct entry_flaw *flaw)
{
    struct line line = {text, 0};
    bool is_new = zone->depth == 0;

    entry_flaw_clear(flaw);
    if (!entry_check_characters(text, flaw)) {
        return give_up(zone);
    }
    if (is_new && text.n > 0 && text.p[0] == '$') {
        return read_directive(zone, &line, flaw);
    }
    if (is_new) {
        zone->part = text.n > 0 && is_between(text.p[0]) && zone->has_owner
                         ? PART_TYPE
                         : PART_OWNER;
    }
    if (!read_words(zone, reader, &line, flaw)) {
        return give_up(zone);
    }
    if (zone->depth > 0 || zone->part == PART_REST) {
        return true;
    }
    /* Nothing but space and comment is fine. */
    struct line blank = {text, 0};
    struct cop_slice word;

    if (is_new && next_word(zone, &blank, &word, flaw) && word.n == 0) {
        return true;
    }
    return flawed_at(flaw, &line, text,
        "a line of a zone is: name [TTL] [IN] CNAME .",
        "this record ends too early");
}

bool zone_end(const struct zone *zone, struct entry_flaw *flaw)
{
    if (zone->depth == 0) {
        return true;
    }
    entry_flaw_clear(flaw);
    return entry_flawed(flaw, &(struct word){COP_LIT(""), COP_LIT("")},
        "close the parentheses", "the zone ends within a record");
}

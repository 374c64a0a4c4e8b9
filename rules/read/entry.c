#include "rules/read/entry.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "cop/host.h"
#include "cop/url.h"
#include "rules/read/entry_parts.h"
#include "rules/read/utf8.h"

bool entry_flawed(struct entry_flaw *flaw, const struct word *word,
    const char *todo, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(flaw->what, sizeof(flaw->what), format, list);
    va_end(list);
    flaw->todo = todo;
    flaw->offset = (size_t)(word->text.p - word->line.p);
    return false;
}

void entry_caution(struct entry_flaw *flaw, const char *code)
{
    flaw->is_caution = true;
    flaw->code = code;
}

bool entry_skip(struct entry_flaw *flaw, const char *reason)
{
    flaw->skipped = reason;
    return true;
}

/* A rule about "com" is about everybody's names, and hardly what was meant. */
static void caution_suffix(struct entry_flaw *flaw, const struct word *word,
    const struct cop_host *host)
{
    (void)entry_flawed(flaw, word,
        "if it is meant, leave it; otherwise write the whole name",
        "\"%s\" is a public suffix: this covers the names of many owners",
        host->text);
    entry_caution(flaw, "suffix");
}

/* What of a line to quote: enough to recognise it. */
int entry_quoted(struct cop_slice text)
{
    return text.n < 80 ? (int)text.n : 80;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

struct cop_slice entry_trimmed(struct cop_slice text)
{
    while (text.n > 0 && is_space(text.p[0])) {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && is_space(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

/* The line without comment and outer space. Of a pattern, everything belongs
 * to it that does not begin the line. */
static struct cop_slice without_comment(
    struct cop_slice line, enum list_format format)
{
    struct cop_slice text = entry_trimmed(line);

    if (text.n > 0 && text.p[0] == '#') {
        text.n = 0;
        return text;
    }
    if (format == LIST_PATTERNS || format == LIST_EXPRESSIONS) {
        return text;
    }
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i] == '#' && is_space(text.p[i - 1])) {
            text.n = i;
            return entry_trimmed(text);
        }
    }
    return text;
}

/* ---- names and addresses ---- */

static bool read_address(const struct entry_reader *reader,
    const struct word *word, const struct cop_host *host,
    struct entry_flaw *flaw)
{
    struct cop_slice text = word->text;
    bool is_bracketed = text.n > 2 && text.p[0] == '[';

    if (is_bracketed) {
        text = (struct cop_slice){text.p + 1, text.n - 2};
    }
    /* A number that a browser would take for an address is a slip of the
     * list's author, not an address. */
    if (host->kind == COP_HOST_IPV4 &&
        !cop_slice_eq(text, cop_host_slice(host))) {
        return entry_flawed(flaw, word,
            "write a name such as example.com, or an address such as "
            "192.0.2.1",
            "\"%.*s\" is no domain; a browser would read it as %s",
            entry_quoted(word->text), word->text.p, host->text);
    }
    return reader->take(reader->context, ENTRY_HOST, cop_host_slice(host));
}

/* A word that people take for a domain, and what it is instead. */
static bool explain_name(const struct word *word, struct entry_flaw *flaw)
{
    const char *todo = "write one name a line, such as example.com";

    if (memchr(word->text.p, '/', word->text.n) != NULL) {
        todo = "this looks like a URL; put it into a list with format: urls";
    } else if (memchr(word->text.p, '@', word->text.n) != NULL) {
        todo = "this looks like a mail address; write what follows the @";
    } else if (memchr(word->text.p, ':', word->text.n) != NULL) {
        todo = "leave out the port, or put it into a list with format: urls";
    } else if (memchr(word->text.p, '*', word->text.n) != NULL) {
        todo = "a star may only stand for all names below: *.example.com";
    } else if (memchr(word->text.p, ' ', word->text.n) != NULL ||
               memchr(word->text.p, '\t', word->text.n) != NULL) {
        todo = "write one name a line; lines with an address before the name "
               "are format: hosts";
    }
    return entry_flawed(flaw, word, todo, "\"%.*s\" is no domain",
        entry_quoted(word->text), word->text.p);
}

/* Whether a name or an address may be written with a character: letters of
 * any script are beyond ASCII. */
static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' ||
           c == ':' || (unsigned char)c >= 0x80;
}

static bool has_name_characters(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_name_character(text.p[i])) {
            return false;
        }
    }
    return text.n > 0;
}

bool entry_take_name(const struct entry_reader *reader, const struct word *word,
    struct entry_flaw *flaw)
{
    enum entry_object object = reader->object;
    struct cop_slice text = word->text;
    struct cop_host host;

    if (text.n > 2 && text.p[0] == '*' && text.p[1] == '.') {
        object = ENTRY_BELOW;
        text = (struct cop_slice){text.p + 2, text.n - 2};
    } else if (text.n > 1 && text.p[0] == '.') {
        object = ENTRY_DOMAIN;
        text = (struct cop_slice){text.p + 1, text.n - 1};
    }
    if (!has_name_characters(text) || cop_host_parse(text, &host) != COP_OK) {
        return explain_name(word, flaw);
    }
    if (host.kind != COP_HOST_NAME) {
        return text.n == word->text.n ? read_address(reader, word, &host, flaw)
                                      : explain_name(word, flaw);
    }
    /* Looking suffixes up is dear; those of consequence are short. */
    if (object != ENTRY_HOST && host.labels <= 2 &&
        cop_host_registrable(&host) == host.n) {
        caution_suffix(flaw, word, &host);
    }
    return reader->take(reader->context, object, cop_host_slice(&host));
}

/* ---- hosts files ---- */

struct cop_slice entry_take_word(struct cop_slice *rest)
{
    struct cop_slice word = *rest;
    size_t n = 0;

    while (n < rest->n && !is_space(rest->p[n])) {
        n++;
    }
    word.n = n;
    *rest = entry_trimmed((struct cop_slice){rest->p + n, rest->n - n});
    return word;
}

/* Names that hosts files give to the machine itself. */
static bool is_own_name(struct cop_slice text)
{
    static const char *const own[] = {"localhost", "localhost.localdomain",
        "local", "broadcasthost", "ip6-localhost", "ip6-loopback",
        "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters",
        "ip6-allhosts", "0.0.0.0"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (cop_slice_eq(text, cop_slice_of(own[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_address(struct cop_slice text)
{
    const char *zone = memchr(text.p, '%', text.n);
    struct cop_host host;

    if (zone != NULL) { /* fe80::1%lo0 */
        text.n = (size_t)(zone - text.p);
    }
    return cop_host_parse(text, &host) == COP_OK &&
           (host.kind == COP_HOST_IPV6 ||
               (host.kind == COP_HOST_IPV4 &&
                   cop_slice_eq(text, cop_host_slice(&host))));
}

static bool read_hosts_line(const struct entry_reader *reader,
    const struct word *whole, struct entry_flaw *flaw)
{
    struct cop_slice rest = whole->text;
    struct word word = {whole->line, entry_take_word(&rest)};

    if (!is_address(word.text)) {
        return entry_flawed(flaw, &word,
            "write an address before the name: 0.0.0.0 example.com; a list "
            "of names alone is format: domains",
            "\"%.*s\" is no address", entry_quoted(word.text), word.text.p);
    }
    if (rest.n == 0) {
        return entry_flawed(flaw, &word, "write a name behind the address",
            "there is an address here and no name");
    }
    while (rest.n > 0) {
        word.text = entry_take_word(&rest);
        if (!is_own_name(word.text) && !entry_take_name(reader, &word, flaw)) {
            return false;
        }
    }
    return true;
}

/* ---- URL prefixes ---- */

static bool has_scheme(struct cop_slice text)
{
    for (size_t i = 0; i + 2 < text.n; i++) {
        if (memcmp(text.p + i, "://", 3) == 0) {
            return true;
        }
    }
    return false;
}

/* A URL without a scheme is read as https. Its port 80 is then another scheme's
 * default, which the canonical form leaves out. */
static enum cop_status parse_url(struct cop_slice text, struct cop_url *url)
{
    enum cop_status status = cop_url_parse(text, url);
    struct cop_url plain;

    if (status != COP_OK || has_scheme(text) || url->port != 80) {
        return status;
    }
    status =
        cop_url_compose(COP_HTTP, &url->host, 80, cop_url_target(url), &plain);
    if (status == COP_OK) {
        cop_url_copy(url, &plain);
    }
    return status;
}

bool entry_take_url(const struct entry_reader *reader, const struct word *word,
    struct entry_flaw *flaw)
{
    static const char todo[] =
        "write what the URLs begin with: example.com/path or "
        "https://example.com/path";
    struct cop_url url;
    enum cop_status status = parse_url(word->text, &url);
    struct cop_slice text;
    size_t scheme;

    if (status == COP_E_UNSUPPORTED) {
        return entry_flawed(flaw, word, todo,
            "\"%.*s\" has a scheme that is not filtered",
            entry_quoted(word->text), word->text.p);
    }
    if (status != COP_OK || memchr(word->text.p, ' ', word->text.n) != NULL) {
        return entry_flawed(flaw, word, todo, "\"%.*s\" is no URL",
            entry_quoted(word->text), word->text.p);
    }
    scheme = strlen(cop_scheme_name(url.scheme)) + 3;
    text = (struct cop_slice){url.text.p + scheme, url.text.n - scheme};
    return reader->take(reader->context, ENTRY_URL, text);
}

/* ---- any line ---- */

bool entry_check_characters(struct cop_slice line, struct entry_flaw *flaw)
{
    size_t at = 0;
    enum utf8_flaw found = utf8_flaw_next(line, &at);

    while (found == UTF8_TAB) {
        at++;
        found = utf8_flaw_next(line, &at);
    }
    if (found == UTF8_FINE) {
        return true;
    }
    return entry_flawed(flaw, &(struct word){line, {line.p + at, 0}},
        "save the list as UTF-8 text",
        found == UTF8_INVALID ? "this byte is not UTF-8 text"
                              : "there is a control character here");
}

static bool take_pattern(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw)
{
    if (!entry_check_pattern(word->text, flaw)) {
        flaw->offset += (size_t)(word->text.p - word->line.p);
        return false;
    }
    return reader->take(reader->context, ENTRY_PATTERN, word->text);
}

void entry_flaw_clear(struct entry_flaw *flaw)
{
    flaw->is_caution = false;
    flaw->skipped = NULL;
}

bool entry_take_object(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw)
{
    if (reader->object == ENTRY_URL) {
        return entry_take_url(reader, word, flaw);
    }
    if (reader->object == ENTRY_PATTERN) {
        return take_pattern(reader, word, flaw);
    }
    if (reader->object == ENTRY_CIDR) {
        return entry_take_network(reader, word, flaw);
    }
    if (reader->object == ENTRY_COUNTRY) {
        return entry_take_country(reader, word, flaw);
    }
    if (reader->object == ENTRY_AS) {
        return entry_take_as(reader, word, flaw);
    }
    return entry_take_name(reader, word, flaw);
}

bool entry_read(const struct entry_reader *reader, struct cop_slice line,
    struct entry_flaw *flaw)
{
    struct word word = {line, without_comment(line, reader->format)};

    entry_flaw_clear(flaw);
    if (!entry_check_characters(line, flaw)) {
        return false;
    }
    if (word.text.n == 0) {
        return true;
    }
    switch (reader->format) {
    case LIST_DOMAINS:
        return entry_take_name(reader, &word, flaw);
    case LIST_HOSTS:
        return read_hosts_line(reader, &word, flaw);
    case LIST_URLS:
        return entry_take_url(reader, &word, flaw);
    case LIST_PATTERNS:
        return take_pattern(reader, &word, flaw);
    case LIST_EXPRESSIONS:
        return entry_take_expression(reader, &word, flaw);
    case LIST_DNSMASQ:
        return entry_take_dnsmasq(reader, &word, flaw);
    case LIST_CIDR:
        return entry_take_network(reader, &word, flaw);
    case LIST_COUNTRIES:
        return entry_take_country(reader, &word, flaw);
    case LIST_AS_NUMBERS:
        return entry_take_as(reader, &word, flaw);
    case LIST_SQUIDGUARD: /* read by their own readers; see form.h */
    case LIST_RPZ:
    case LIST_CSV:
    case LIST_ADBLOCK:
        break;
    }
    return entry_flawed(flaw, &word, "name a file",
        "entries of this format cannot stand alone");
}

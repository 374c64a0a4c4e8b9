/* The canonical form of a URL; the rules are in docs/canonical-form.md, whose
 * numbers (U1 and so on) stand beside the code that obeys them.
 *
 * Two ways lead in. cop_url_parse() takes what people and programs write and
 * is as tolerant as a browser; cop_url_compose() takes what was on the wire
 * and refuses what no browser sends. Both end in parts_join(), so that both
 * give the same text for the same resource. */
#include "cop/url.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rules/base/urltext.h"

static const struct {
    struct cop_slice name;
    uint16_t port;
} schemes[] = {
    [COP_HTTP] = {{"http", 4}, 80},
    [COP_HTTPS] = {{"https", 5}, 443},
    [COP_WS] = {{"ws", 2}, 80},
    [COP_WSS] = {{"wss", 3}, 443},
};
enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]), SCHEME_MAX = 5 };

const char *cop_scheme_name(enum cop_scheme scheme)
{
    return schemes[scheme].name.p;
}

uint16_t cop_scheme_port(enum cop_scheme scheme)
{
    return schemes[scheme].port;
}

static void host_add(struct urltext *t, enum cop_scheme scheme,
    const struct cop_host *host, uint16_t port)
{
    bool is_ip6 = host->kind == COP_HOST_IPV6;

    urltext_add(t, schemes[scheme].name);
    urltext_add(t, COP_LIT("://"));
    urltext_add(t, is_ip6 ? COP_LIT("[") : COP_LIT(""));
    urltext_add(t, cop_host_slice(host));
    urltext_add(t, is_ip6 ? COP_LIT("]") : COP_LIT(""));
    if (port != schemes[scheme].port) {
        char text[sizeof(":65535")];
        int n = snprintf(text, sizeof(text), ":%u", (unsigned)port);

        urltext_add(t, (struct cop_slice){text, (size_t)n});
    }
}

/* What a URL is made of, taken apart but not yet canonical. */
struct parts {
    enum cop_scheme scheme;
    uint16_t port;
    struct cop_slice path;  /* empty, or from the first slash */
    struct cop_slice query; /* behind "?"; p is NULL when there is none */
};

static void path_split(struct parts *parts, struct cop_slice rest)
{
    const char *mark = rest.n != 0 ? memchr(rest.p, '?', rest.n) : NULL;

    parts->path = rest;
    parts->query = (struct cop_slice){NULL, 0};
    if (mark != NULL) {
        parts->path.n = (size_t)(mark - rest.p);
        parts->query.p = mark + 1;
        parts->query.n = rest.n - parts->path.n - 1;
    }
}

static enum cop_status parts_join(
    const struct parts *parts, const struct cop_host *host, struct cop_url *out)
{
    struct urltext t;

    t.n = 0;
    t.is_full = false;
    host_add(&t, parts->scheme, host, parts->port);
    urltext_add_path(&t, parts->path);
    urltext_add_query(&t, parts->query);
    if (t.is_full) {
        return COP_E_LIMIT;
    }
    if (&out->host != host) {
        out->host = *host;
    }
    out->scheme = parts->scheme;
    out->port = parts->port;
    out->path = (uint16_t)t.path;
    out->query = (uint16_t)t.query;
    out->text = (struct cop_slice){out->store, t.n};
    memcpy(out->store, t.text, t.n);
    out->store[t.n] = '\0';
    return COP_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 3986, section 3.1. */
static bool is_of_scheme(char c)
{
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

static bool scheme_find(struct cop_slice name, enum cop_scheme *out)
{
    char lower[SCHEME_MAX];

    if (name.n > SCHEME_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        lower[i] = is_letter(name.p[i]) ? (char)(name.p[i] | 0x20) : name.p[i];
    }
    for (size_t i = 0; i < SCHEMES; i++) {
        if (cop_slice_eq(schemes[i].name, (struct cop_slice){lower, name.n})) {
            *out = (enum cop_scheme)i;
            return true;
        }
    }
    return false;
}

/* Whether c ends an authority. */
static bool ends_authority(char c)
{
    return c == '/' || c == '\\' || c == '?' || c == '#';
}

/* Whether text is all digits up to where an authority ends; no digits are
 * enough only if nothing follows. */
static bool begins_with_port(struct cop_slice text)
{
    size_t n = 0;

    while (n < text.n && is_digit(text.p[n])) {
        n++;
    }
    return n == text.n || (n != 0 && ends_authority(text.p[n]));
}

/* U4: the scheme, or https for text that begins with a host. */
static enum cop_status scheme_take(
    struct cop_slice *in, enum cop_scheme *scheme, bool *is_bare)
{
    char first = in->p[0];
    size_t n = 0;

    while (n < in->n && is_of_scheme(in->p[n])) {
        n++;
    }
    *is_bare = n == 0 || n == in->n || in->p[n] != ':';
    *scheme = COP_HTTPS;
    if (*is_bare) {
        return COP_OK;
    }
    struct cop_slice behind = {in->p + n + 1, in->n - n - 1};

    if (scheme_find((struct cop_slice){in->p, n}, scheme)) {
        *in = behind;
        return COP_OK;
    }
    /* "printer.example:8080" is a host and a port, "mailto:a" is neither. */
    *is_bare = begins_with_port(behind);
    if (*is_bare) {
        return COP_OK;
    }
    return is_letter(first) ? COP_E_UNSUPPORTED : COP_E_SYNTAX;
}

/* U6: empty means the default; any number of leading zeros. */
static enum cop_status port_parse(struct cop_slice text, uint16_t *port)
{
    uint32_t value = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i])) {
            return COP_E_SYNTAX;
        }
        value = value * 10 + (uint32_t)(text.p[i] - '0');
        if (value > UINT16_MAX) {
            return COP_E_SYNTAX;
        }
    }
    if (text.n != 0) {
        *port = (uint16_t)value;
    }
    return COP_OK;
}

/* U5: "[userinfo@]host[:port]". *port keeps its value when none is written. */
static enum cop_status authority_parse(
    struct cop_slice text, struct cop_host *host, uint16_t *port)
{
    const char *at = text.n != 0 ? memrchr(text.p, '@', text.n) : NULL;
    const char *end = text.p + text.n;
    const char *colon;
    enum cop_status status;

    if (at != NULL) {
        text.p = at + 1;
    }
    const char *from = text.p;

    if (from < end && *from == '[') {
        from = memchr(from, ']', (size_t)(end - from));
        if (from == NULL || (from + 1 < end && from[1] != ':')) {
            return COP_E_SYNTAX;
        }
    }
    colon = from < end ? memchr(from, ':', (size_t)(end - from)) : NULL;
    if (colon != NULL) {
        status = port_parse(
            (struct cop_slice){colon + 1, (size_t)(end - colon - 1)}, port);
        if (status != COP_OK) {
            return status;
        }
        end = colon;
    }
    return cop_host_parse(
        (struct cop_slice){text.p, (size_t)(end - text.p)}, host);
}

/* Text without surrounding blanks, tabs and line ends. */
static enum cop_status clean_parse(struct cop_slice in, struct cop_url *out)
{
    struct parts parts;
    struct cop_host host;
    bool is_bare;
    size_t n = 0;
    enum cop_status status = scheme_take(&in, &parts.scheme, &is_bare);

    if (status != COP_OK) {
        return status;
    }
    while (!is_bare && in.n != 0 && (*in.p == '/' || *in.p == '\\')) {
        in.p++;
        in.n--;
    }
    while (n < in.n && !ends_authority(in.p[n])) {
        n++;
    }
    parts.port = schemes[parts.scheme].port;
    status = authority_parse((struct cop_slice){in.p, n}, &host, &parts.port);
    if (status != COP_OK) {
        return status;
    }
    in.p += n;
    in.n -= n;
    const char *hash = in.n != 0 ? memchr(in.p, '#', in.n) : NULL;

    if (hash != NULL) {
        in.n = (size_t)(hash - in.p); /* U13 */
    }
    path_split(&parts, in);
    return parts_join(&parts, &host, out);
}

static bool is_line_break_or_tab(char c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

/* U3: the copy is large, so it has a frame of its own. */
static __attribute__((noinline)) enum cop_status broken_parse(
    struct cop_slice in, struct cop_url *out)
{
    char text[COP_URL_INPUT_MAX];
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        if (!is_line_break_or_tab(in.p[i])) {
            text[n++] = in.p[i];
        }
    }
    return clean_parse((struct cop_slice){text, n}, out);
}

enum cop_status cop_url_parse(struct cop_slice in, struct cop_url *out)
{
    if (in.n > COP_URL_INPUT_MAX) {
        return COP_E_LIMIT; /* U1 */
    }
    while (in.n != 0 && (unsigned char)in.p[0] <= ' ') {
        in.p++; /* U2 */
        in.n--;
    }
    while (in.n != 0 && (unsigned char)in.p[in.n - 1] <= ' ') {
        in.n--;
    }
    if (in.n == 0) {
        return COP_E_SYNTAX;
    }
    for (size_t i = 0; i < in.n; i++) {
        if (is_line_break_or_tab(in.p[i])) {
            return broken_parse(in, out);
        }
    }
    return clean_parse(in, out);
}

/* U14: what no browser puts on the wire. */
static bool is_refused_on_wire(const struct parts *parts, struct cop_slice all)
{
    for (size_t i = 0; i < all.n; i++) {
        unsigned char c = (unsigned char)all.p[i];

        if (c <= ' ' || c >= 0x7F || c == '#') {
            return true;
        }
    }
    return memchr(parts->path.p, '\\', parts->path.n) != NULL;
}

enum cop_status cop_url_compose(enum cop_scheme scheme,
    const struct cop_host *host, uint16_t port, struct cop_slice target,
    struct cop_url *out)
{
    struct parts parts = {.scheme = scheme, .port = port};

    if (target.n == 0 || cop_slice_eq(target, COP_LIT("*"))) {
        target = COP_LIT("/");
    }
    if (target.n > COP_URL_INPUT_MAX) {
        return COP_E_LIMIT;
    }
    path_split(&parts, target);
    if (target.p[0] != '/' || is_refused_on_wire(&parts, target)) {
        return COP_E_SYNTAX;
    }
    return parts_join(&parts, host, out);
}

void cop_url_copy(struct cop_url *to, const struct cop_url *from)
{
    if (to == from) {
        return;
    }
    to->scheme = from->scheme;
    to->port = from->port;
    to->path = from->path;
    to->query = from->query;
    to->host = from->host;
    to->text = (struct cop_slice){to->store, from->text.n};
    memcpy(to->store, from->store, from->text.n + 1);
}

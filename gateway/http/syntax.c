#include "gateway/http/syntax.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool http_is_token(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_alphanumeric(text.p[i]) &&
            !is_one_of(text.p[i], "-_!#$%&'*+.^`|~")) {
            return false;
        }
    }
    return text.n != 0;
}

bool http_is_target(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '#') {
            return false;
        }
    }
    return text.n != 0;
}

bool http_same(struct cop_slice a, struct cop_slice b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

struct cop_slice http_trim(struct cop_slice text)
{
    while (text.n != 0 && (*text.p == ' ' || *text.p == '\t')) {
        text.p++;
        text.n--;
    }
    while (text.n != 0 &&
           (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t')) {
        text.n--;
    }
    return text;
}

struct cop_slice http_cut(struct cop_slice text, char c, struct cop_slice *rest)
{
    const char *at = text.n != 0 ? memchr(text.p, c, text.n) : NULL;
    size_t n = at != NULL ? (size_t)(at - text.p) : text.n;

    *rest = at != NULL ? (struct cop_slice){at + 1, text.n - n - 1}
                       : (struct cop_slice){NULL, 0};
    return (struct cop_slice){text.p, n};
}

bool http_number(struct cop_slice text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.n == 0 || (text.n > 1 && text.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i])) {
            return false;
        }
        uint64_t digit = (uint64_t)(text.p[i] - '0');

        if (digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

/* The bytes of a host up to its port: a bracketed IPv6 address or a run
 * without colons. */
static bool split_port(
    struct cop_slice text, struct cop_slice *host, struct cop_slice *port)
{
    const char *close;

    if (text.n == 0 || text.p[0] != '[') {
        *host = http_cut(text, ':', port);
        /* "a:" has a port that is empty, which RFC 3986 3.2.3 allows. */
        return host->n != 0;
    }
    close = memchr(text.p, ']', text.n);
    if (close == NULL) {
        return false;
    }
    host->p = text.p;
    host->n = (size_t)(close - text.p) + 1;
    if (host->n == text.n) {
        *port = (struct cop_slice){NULL, 0};
        return true;
    }
    *port = (struct cop_slice){close + 2, text.n - host->n - 1};
    return close[1] == ':';
}

/* Decimal digits, leading zeros allowed as browsers do, five at most. */
static bool parse_port(struct cop_slice text, uint16_t *port)
{
    uint32_t value = 0;

    if (text.n > 5) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i])) {
            return false;
        }
        value = value * 10 + (uint32_t)(text.p[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= UINT16_MAX && (value != 0 || text.n == 0);
}

bool http_authority_parse(struct cop_slice text, struct http_authority *out)
{
    struct http_authority found = {.port = 0};
    struct cop_slice host;
    struct cop_slice port;

    for (size_t i = 0; i < text.n; i++) {
        if (!is_alphanumeric(text.p[i]) && !is_one_of(text.p[i], "-._~%:[]")) {
            return false;
        }
    }
    if (!split_port(text, &host, &port) || !parse_port(port, &found.port) ||
        cop_host_parse(host, &found.host) != COP_OK) {
        return false;
    }
    *out = found;
    return true;
}

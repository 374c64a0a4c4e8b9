#include "tests/support/urls.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = URLS_PART_BYTES };

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014). */
static uint64_t next(struct urls *urls)
{
    uint64_t z = urls->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

unsigned urls_below(struct urls *urls, size_t n)
{
    return (unsigned)(next(urls) % n);
}

static bool is_chance(struct urls *urls, unsigned percent)
{
    return urls_below(urls, 100) < percent;
}

static const char *any_word(
    struct urls *urls, const char *const *words, size_t n)
{
    return words[urls_below(urls, n)];
}

#define ANY_WORD(urls, words)                                                  \
    any_word(urls, words, sizeof words / sizeof words[0])

static const struct naive_rule *any_rule(struct urls *urls)
{
    for (;;) {
        const struct naive_list *list =
            &urls->naive->lists[urls_below(urls, urls->naive->lists_n)];

        if (list->n != 0) {
            return &list->rules[urls_below(urls, list->n)];
        }
    }
}

/* A listed name, and of a URL rule its path too. */
static void take_listed(struct urls *urls)
{
    const struct naive_rule *rule = any_rule(urls);
    size_t host = 0;

    if (rule->kind == NAIVE_PATTERN) {
        snprintf(urls->host, TEXT_BYTES, "mirror-%u.examplia.test",
            urls_below(urls, 20000));
        return;
    }
    while (host < rule->text.n && rule->text.p[host] != '/') {
        host++;
    }
    snprintf(urls->host, TEXT_BYTES, "%.*s", (int)host, rule->text.p);
    snprintf(urls->path, TEXT_BYTES, "%.*s", (int)(rule->text.n - host),
        rule->text.p + host);
}

static void take_other(struct urls *urls)
{
    static const char *const hosts[] = {"library.example", "school.example",
        "bank.example", "example.com", "www.example.org", "unlisted.test",
        "examplia.test", "examplia.example", "shared-host.example",
        "www.shared-host.example", "canary.test", "test", "example",
        "b\303\274cher.example", "xn--bcher-kva.example",
        "\331\205\330\253\330\247\331\204.example",
        "\345\233\276\344\271\246\351\246\206.test", "a_b.example", "-.example",
        "localhost", "mirror-.examplia.test", "mirror-12a.examplia.test",
        "xmirror-1.examplia.test"};
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.10",
        "0300.0.2.1", "0xc0.0.02.0x1", "3221225985", "0xC0000201", "192.0.513",
        "192.0.2.1.", "[2001:db8::1]", "[2001:DB8:0:0:0:0:0:1]",
        "[::ffff:192.0.2.1]", "[::1]", "198.51.100.7", "256.0.0.1",
        "1.2.3.4.5"};

    if (is_chance(urls, 40)) {
        snprintf(urls->host, TEXT_BYTES, "%s", ANY_WORD(urls, addresses));
    } else {
        snprintf(urls->host, TEXT_BYTES, "%s", ANY_WORD(urls, hosts));
    }
}

/* Below, beside, above the name. */
static void move_host(struct urls *urls)
{
    static const char *const before[] = {"www.", "a.", "a.b.c.", "www.www.",
        "museum.", "not", "x-", "xn--", "help."};
    static const char *const behind[] = {
        ".", "x", ".test", ".example", "-", ".example.com"};
    char bent[TEXT_BYTES];
    char *dot;

    switch (urls_below(urls, 6)) {
    case 0:
    case 1:
    case 2:
        snprintf(
            bent, sizeof bent, "%s%.900s", ANY_WORD(urls, before), urls->host);
        snprintf(urls->host, TEXT_BYTES, "%s", bent);
        break;
    case 3:
        snprintf(
            bent, sizeof bent, "%.900s%s", urls->host, ANY_WORD(urls, behind));
        snprintf(urls->host, TEXT_BYTES, "%s", bent);
        break;
    case 4:
        dot = strchr(urls->host, '.');
        if (dot != NULL) {
            memmove(urls->host, dot + 1, strlen(dot));
        }
        break;
    default:
        break;
    }
}

/* The same name in other letters: capitals, percent-encoding, full width. */
static void spell_host(struct urls *urls)
{
    char bent[TEXT_BYTES];
    size_t n = 0;

    for (const char *c = urls->host; *c != '\0' && n < 900; c++) {
        unsigned how = urls_below(urls, 12);
        unsigned char byte = (unsigned char)*c;

        if (how == 0) {
            n += (size_t)snprintf(bent + n, sizeof bent - n, "%%%02X", byte);
        } else if (how == 1 && byte >= 'a' && byte <= 'z') {
            bent[n++] = (char)(byte - 'a' + 'A');
        } else if (how == 2 && byte >= 'a' && byte <= 'z') {
            n += (size_t)snprintf(bent + n, sizeof bent - n, "\357\275%c",
                byte - 'a' + 0x81); /* U+FF41 is "a" in full width */
        } else if (how == 3 && byte == '.') {
            n += (size_t)snprintf(bent + n, sizeof bent - n, "\343\200\202");
        } else {
            bent[n++] = *c;
        }
    }
    snprintf(urls->host, TEXT_BYTES, "%.*s", (int)n, bent);
}

static void make_path(struct urls *urls)
{
    static const char *const paths[] = {"", "/", "/index.html", "/a/b/c",
        "/albums/2026-118", "/albums/2026-11", "/share?id=2026-118",
        "/share?id=2026-1180", "/a/../b", "/%61", "/%2e%2e/x", "//", "/?",
        "/;x", "/\303\274", "/a b", "/%", "/%zz", "/.", "/..",
        "?q=https://casino.example/", "/x#fragment", "#fragment"};
    static const char *const behind[] = {"", "/", "/p/3", "?x", "&x=1", ";v",
        "=", "0", "x", "#f", "/../y", "/.", "%2F", "%3f"};
    static const char *const before[] = {"/x/..", "/.", "/%2e", "/%2E%2E", ""};
    char bent[TEXT_BYTES];

    if (urls->path[0] == '\0' || is_chance(urls, 15)) {
        snprintf(urls->path, TEXT_BYTES, "%s", ANY_WORD(urls, paths));
        return;
    }
    snprintf(bent, sizeof bent, "%s%.800s%s", ANY_WORD(urls, before),
        urls->path, ANY_WORD(urls, behind));
    snprintf(urls->path, TEXT_BYTES, "%s", bent);
}

void urls_make(struct urls *urls, char out[URLS_TEXT_BYTES])
{
    static const char *const schemes[] = {"https://", "https://", "http://", "",
        "ws://", "wss://", "HTTPS://", "hTTp://", "ftp://"};
    static const char *const users[] = {
        "", "", "", "", "", "", "u@", "casino.example@", "u:p@"};
    static const char *const ports[] = {"", "", "", "", "", "", ":443", ":80",
        ":8443", ":", ":0443", ":65535", ":65536"};

    urls->path[0] = '\0';
    if (is_chance(urls, 80)) {
        take_listed(urls);
    } else {
        take_other(urls);
    }
    if (is_chance(urls, 45)) {
        move_host(urls);
    }
    if (is_chance(urls, 15)) {
        spell_host(urls);
    }
    make_path(urls);
    snprintf(out, URLS_TEXT_BYTES, "%s%s%s%s%s", ANY_WORD(urls, schemes),
        ANY_WORD(urls, users), urls->host, ANY_WORD(urls, ports), urls->path);
}

#include "tests/support/naive.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static bool is_word(struct cop_slice text, const char *word)
{
    return cop_slice_eq(text, cop_slice_of(word));
}

static int labels_of(struct cop_slice name)
{
    int labels = 1;

    for (size_t i = 0; i < name.n; i++) {
        labels += name.p[i] == '.';
    }
    return labels;
}

static bool ends_with(struct cop_slice text, struct cop_slice end)
{
    return text.n >= end.n &&
           memcmp(text.p + text.n - end.n, end.p, end.n) == 0;
}

static bool is_below(struct cop_slice host, struct cop_slice name)
{
    return host.n > name.n + 1 && ends_with(host, name) &&
           host.p[host.n - name.n - 1] == '.';
}

static struct naive_precision match_name(
    const struct naive_rule *rule, const struct cop_url *url)
{
    struct cop_slice host = cop_host_slice(&url->host);
    bool is_same = cop_slice_eq(host, rule->text);
    int labels = labels_of(rule->text);

    if (url->host.kind != COP_HOST_NAME) {
        return (struct naive_precision){
            is_same && rule->kind == NAIVE_HOST ? COP_MATCH_ADDRESS : 0,
            url->host.kind == COP_HOST_IPV6 ? 128 : 32};
    }
    if (is_same && rule->kind == NAIVE_HOST) {
        return (struct naive_precision){COP_MATCH_HOST, labels};
    }
    if ((is_same && rule->kind == NAIVE_DOMAIN) ||
        (rule->kind != NAIVE_HOST && is_below(host, rule->text))) {
        return (struct naive_precision){COP_MATCH_DOMAIN, labels};
    }
    return (struct naive_precision){0, 0};
}

static bool is_boundary(char c)
{
    return strchr("/?;&=", c) != NULL && c != '\0';
}

/* Whether the front of a URL rule, "host" or "host:port", names this host. */
static bool names_host(
    struct cop_slice front, const char *host, const struct cop_url *url)
{
    char bare[COP_HOST_MAX + 3];
    char with_port[COP_HOST_MAX + 16];
    bool is_v6 = url->host.kind == COP_HOST_IPV6;

    snprintf(bare, sizeof bare, is_v6 ? "[%s]" : "%s", host);
    snprintf(with_port, sizeof with_port, "%s:%u", bare, url->port);
    if (is_word(front, with_port)) {
        return true;
    }
    return is_word(front, bare) && (url->port == 80 || url->port == 443);
}

/* "host[:port]/path?query" against the same of the request. */
static struct naive_precision match_prefix(
    const struct naive_rule *rule, const struct cop_url *url)
{
    struct cop_slice target = cop_url_target(url);
    const char *slash = memchr(rule->text.p, '/', rule->text.n);
    struct cop_slice front = {rule->text.p, (size_t)(slash - rule->text.p)};
    struct cop_slice path = {slash, rule->text.n - front.n};
    const char *host = url->host.text;
    bool is_www = strncmp(host, "www.", 4) == 0;

    if (!names_host(front, host, url) &&
        !(is_www && names_host(front, host + 4, url))) {
        return (struct naive_precision){0, 0};
    }
    if (path.n > target.n || memcmp(path.p, target.p, path.n) != 0) {
        return (struct naive_precision){0, 0};
    }
    if (path.n != target.n && !is_boundary(target.p[path.n]) &&
        !is_boundary(path.p[path.n - 1])) {
        return (struct naive_precision){0, 0};
    }
    return (struct naive_precision){COP_MATCH_URL, (int)path.n};
}

static struct naive_precision match_pattern(
    const struct naive_rule *rule, const struct cop_url *url)
{
    pcre2_match_data *data =
        pcre2_match_data_create_from_pattern(rule->code, NULL);
    int found;

    if (data == NULL) {
        abort();
    }
    found = pcre2_match(rule->code, (PCRE2_SPTR)url->text.p, url->text.n, 0,
        PCRE2_NO_JIT, data, NULL);
    pcre2_match_data_free(data);
    return (struct naive_precision){found >= 0 ? COP_MATCH_URL : 0, 0};
}

static bool bit_of(const uint8_t *bytes, int i)
{
    return (bytes[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* "192.0.2.0/24" against 4 or 16 bytes, bit by bit. */
static struct naive_precision match_network(
    const struct naive_rule *rule, const uint8_t *bytes, bool is_ip6)
{
    char text[64];
    uint8_t network[16];
    int bits;
    char *slash;

    snprintf(text, sizeof text, "%.*s", (int)rule->text.n, rule->text.p);
    slash = strchr(text, '/');
    *slash = '\0';
    bits = atoi(slash + 1);
    if ((strchr(text, ':') != NULL) != is_ip6 ||
        inet_pton(is_ip6 ? AF_INET6 : AF_INET, text, network) != 1) {
        return (struct naive_precision){0, 0};
    }
    for (int i = 0; i < bits; i++) {
        if (bit_of(network, i) != bit_of(bytes, i)) {
            return (struct naive_precision){0, 0};
        }
    }
    return (struct naive_precision){COP_MATCH_ADDRESS, bits};
}

/* What a rule says of the server's address. */
static struct naive_precision match_server(
    const struct naive_rule *rule, const struct cop_address *address)
{
    char text[16];
    bool is_ip4 = true;

    for (int i = 0; i < 12; i++) {
        is_ip4 = is_ip4 && address->bytes[i] == (i < 10 ? 0 : 0xff);
    }
    if (rule->kind == NAIVE_NETWORK) {
        return match_network(rule, address->bytes + (is_ip4 ? 12 : 0), !is_ip4);
    }
    snprintf(text, sizeof text, "AS%u", (unsigned)address->as_number);
    if (rule->kind == NAIVE_AS && is_word(rule->text, text)) {
        return (struct naive_precision){COP_MATCH_AS, 0};
    }
    if (rule->kind == NAIVE_COUNTRY &&
        memcmp(rule->text.p, address->country, 2) == 0) {
        return (struct naive_precision){COP_MATCH_COUNTRY, 0};
    }
    return (struct naive_precision){0, 0};
}

static struct naive_precision match_rule(
    const struct naive_rule *rule, const struct cop_url *url)
{
    switch (rule->kind) {
    case NAIVE_HOST:
    case NAIVE_DOMAIN:
    case NAIVE_BELOW:
        return match_name(rule, url);
    case NAIVE_URL:
        return match_prefix(rule, url);
    case NAIVE_PATTERN:
        return match_pattern(rule, url);
    case NAIVE_NETWORK:
        if (url->host.kind != COP_HOST_NAME) {
            return match_network(
                rule, url->host.addr, url->host.kind == COP_HOST_IPV6);
        }
        break;
    case NAIVE_COUNTRY:
    case NAIVE_AS:
        break;
    }
    return (struct naive_precision){0, 0};
}

int naive_precision_order(struct naive_precision a, struct naive_precision b)
{
    if (a.class != b.class) {
        return a.class > b.class ? -1 : 1;
    }
    return a.detail == b.detail ? 0 : a.detail > b.detail ? -1 : 1;
}

int naive_rule_order(const struct naive_rule *a, const struct naive_rule *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return cop_slice_cmp(a->text, b->text);
}

/* What a rule says of either, the more precise of the two. */
static struct naive_precision match_both(const struct naive_list *list,
    const struct naive_rule *rule, const struct cop_url *url,
    const struct cop_address *address)
{
    struct naive_precision by_url = match_rule(rule, url);
    struct naive_precision by_address = {0, 0};

    if (address != NULL && !list->needs_url) {
        by_address = match_server(rule, address);
    }
    return naive_precision_order(by_url, by_address) <= 0 ? by_url : by_address;
}

size_t naive_match(const struct naive *naive, const struct cop_url *url,
    const struct cop_address *address, struct naive_match out[NAIVE_LISTS])
{
    size_t n = 0;

    for (size_t i = 0; i < naive->lists_n; i++) {
        const struct naive_list *list = &naive->lists[i];
        struct naive_match best = {list, NULL, {0, 0}};

        for (size_t k = 0; k < list->n; k++) {
            const struct naive_rule *rule = &list->rules[k];
            struct naive_precision found = match_both(list, rule, url, address);
            int order = naive_precision_order(found, best.precision);

            if (found.class != 0 &&
                (order < 0 ||
                    (order == 0 && naive_rule_order(rule, best.rule) < 0))) {
                best.rule = rule;
                best.precision = found;
            }
        }
        if (best.rule != NULL) {
            out[n++] = best;
        }
    }
    return n;
}

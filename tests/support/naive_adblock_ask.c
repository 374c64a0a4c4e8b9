/* Every rule against one request. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "tests/support/naive_adblock_rule.h"

/* Where in a host the part begins that a name speaks of; -1: it does not. */
static long within_at(const struct cop_host *host, const char *name, size_t n)
{
    struct cop_host parent;

    if (n > 2 && strncmp(name + n - 2, ".*", 2) == 0) {
        const char *site = host->text + cop_host_registrable(host);
        const char *dot = strchr(site, '.');
        struct cop_host base;

        if (host->kind != COP_HOST_NAME || dot == NULL ||
            cop_host_parse(
                (struct cop_slice){host->text, (size_t)(dot - host->text)},
                &base) != COP_OK) {
            return -1;
        }
        return within_at(&base, name, n - 2);
    }
    if (cop_host_parse((struct cop_slice){name, n}, &parent) != COP_OK ||
        !cop_host_within(host, &parent)) {
        return -1;
    }
    return (long)host->n - parent.n;
}

/* The longest name that the host is within decides; with none, whether there
 * are only names with ~. Of two that are as long, the one in full decides,
 * then the one with ~. */
static bool names_allow(const char *names, const struct cop_host *host)
{
    long best = -1;
    bool answer = true;

    if (names == NULL) {
        return true;
    }
    for (const char *p = names; *p != '\0'; p += strcspn(p, "|") + 1) {
        answer &= *p == '~';
    }
    for (const char *p = names; *p != '\0'; p += strcspn(p, "|") + 1) {
        bool is_not = *p == '~';
        const char *name = p + is_not;
        size_t n = strcspn(name, "|");
        long at = within_at(host, name, n);
        bool is_open = n != 0 && name[n - 1] == '*';
        long rank =
            at < 0 ? -1 : (COP_HOST_MAX - at) * 4 + (is_open ? 0 : 2) + is_not;

        if (rank > best) {
            best = rank;
            answer = !is_not;
        }
    }
    return answer;
}

static bool methods_allow(const char *methods, struct cop_slice method)
{
    bool answer = true;
    bool is_named = false;

    if (methods == NULL) {
        return true;
    }
    method = method.n != 0 ? method : COP_LIT("GET");
    for (const char *p = methods; *p != '\0'; p += strcspn(p, "|") + 1) {
        bool is_not = *p == '~';
        const char *name = p + is_not;
        size_t n = strcspn(name, "|");

        answer &= is_not || is_named;
        if (n == method.n && strncasecmp(name, method.p, n) == 0) {
            is_named = true;
            answer = !is_not;
        }
    }
    return answer;
}

static struct cop_slice site_of(const struct cop_host *host)
{
    size_t at = cop_host_registrable(host);

    at = at >= host->n ? 0 : at;
    return (struct cop_slice){host->text + at, host->n - at};
}

/* What is asked, and what of it every rule wants to see. */
struct asked {
    const struct cop_url *url;
    const struct cop_host *source;
    const struct cop_facts *facts;
    bool is_first;
    bool is_same;
    pcre2_match_data *data;
    char lower[COP_URL_MAX + 1];
    bool has_pair[1 << 16]; /* in `lower` */
};

static bool pattern_matches(
    const struct naive_adblock_rule *rule, const struct asked *asked)
{
    static char expression[NAIVE_TEXT_MAX * 24];
    const struct cop_url *url = asked->url;
    pcre2_code *code = rule->code;
    int found;

    /* The labels of an address are no names above it. */
    if (url->host.kind != COP_HOST_NAME && strncmp(rule->text, "||", 2) == 0) {
        naive_translate(rule->text, true, expression);
        code = naive_must(naive_compiled(expression, rule->match_case));
    }
    found = pcre2_match(
        code, (PCRE2_SPTR)url->text.p, url->text.n, 0, 0, asked->data, NULL);
    if (code != rule->code) {
        pcre2_code_free(code);
    }
    return found >= 0;
}

static bool rule_matches(
    const struct naive_adblock_rule *rule, const struct asked *asked)
{
    return strstr(asked->lower, rule->literal) != NULL && !rule->is_dead &&
           ((rule->types >> asked->facts->resource) & 1) != 0 &&
           (asked->is_first ? rule->wants_first : rule->wants_third) &&
           !(asked->is_same ? rule->wants_other : rule->wants_same) &&
           methods_allow(rule->methods, asked->facts->method) &&
           pattern_matches(rule, asked) &&
           names_allow(rule->from, asked->source) &&
           names_allow(rule->to, &asked->url->host);
}

static void asked_init(struct asked *asked, const struct cop_url *url,
    const struct cop_facts *facts)
{
    asked->url = url;
    asked->facts = facts;
    asked->source = facts->source != NULL ? facts->source : &url->host;
    asked->is_first = cop_slice_eq(site_of(asked->source), site_of(&url->host));
    asked->is_same = cop_host_eq(asked->source, &url->host);
    asked->data = naive_must(pcre2_match_data_create(1, NULL));
    for (size_t i = 0; i <= url->text.n; i++) {
        asked->lower[i] = (char)tolower((unsigned char)url->text.p[i]);
    }
    asked->has_pair[0] = true; /* what stands for none */
    for (size_t i = 0; i < url->text.n; i++) {
        asked->has_pair[naive_pair(asked->lower + i)] = true;
    }
}

static void asked_fini(struct asked *asked)
{
    for (size_t i = 0; i < asked->url->text.n; i++) {
        asked->has_pair[naive_pair(asked->lower + i)] = false;
    }
    pcre2_match_data_free(asked->data);
}

static bool may_match(
    const struct naive_adblock_pairs *pairs, const struct asked *asked)
{
    for (size_t k = 0; k < NAIVE_PAIRS; k++) {
        if (!asked->has_pair[pairs->pair[k]]) {
            return false;
        }
    }
    return true;
}

void naive_adblock_ask(const struct naive_adblock *list,
    const struct cop_url *url, const struct cop_facts *facts,
    struct naive_adblock_answer *out)
{
    static struct asked asked;
    bool is_excepted = false;
    bool is_blocked = false;
    bool is_important = false;
    size_t max = sizeof(out->lines) / sizeof(out->lines[0]);

    asked_init(&asked, url, facts);
    out->lines_n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct naive_adblock_rule *rule = &list->rules[i];

        if (!may_match(&list->pairs[i], &asked) ||
            !rule_matches(rule, &asked)) {
            continue;
        }
        is_excepted |= rule->is_exception;
        is_blocked |= !rule->is_exception;
        is_important |= !rule->is_exception && rule->is_important;
        if (!rule->is_exception && out->lines_n < max) {
            out->lines[out->lines_n++] = rule->line;
        }
    }
    out->is_matched = is_blocked && (!is_excepted || is_important);
    asked_fini(&asked);
}

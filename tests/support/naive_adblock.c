#include "tests/support/naive_adblock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { TEXT_MAX = 65536, RESOURCES = COP_RESOURCE_OTHER + 1 };

struct naive_adblock_rule {
    char *text;       /* without @@ and options, in lower case */
    char *twin;       /* the whole line without badfilter, for comparing */
    char *from;       /* as written */
    char *to;         /* as written, denyallow turned round */
    char *methods;    /* as written */
    char literal[32]; /* some text that a match must have, in lower case */
    pcre2_code *code;
    uint32_t line;
    unsigned types;
    bool is_exception, is_important, is_bad, wants_first, wants_third;
    bool wants_same, wants_other; /* the source's host and no other; another */
    bool has_no_request;          /* it names what no request is */
    bool match_case, is_regex;
    bool is_dead; /* a badfilter names it */
};

static void *must(void *p)
{
    if (p == NULL) {
        fputs("naive: out of memory\n", stderr);
        abort();
    }
    return p;
}

static char *copied(const char *text, size_t n)
{
    return must(strndup(text, n));
}

/* ---- options ---- */

static bool is_option_text(const char *text)
{
    size_t word = 0;

    for (; *text != '\0'; text++) {
        if (*text == ',') {
            if (word == 0) {
                return false;
            }
            word = 0;
        } else if (*text == '=') {
            if (word == 0) {
                return false;
            }
            text += strcspn(text, ",") - 1;
        } else if (*text == '~' && word == 0) {
            continue;
        } else if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789-_",
                       *text) != NULL) {
            word++;
        } else {
            return false;
        }
    }
    return word != 0;
}

static int type_of(const char *word)
{
    static const char *const others[][2] = {{"doc", "document"},
        {"frame", "subdocument"}, {"css", "stylesheet"},
        {"xhr", "xmlhttprequest"}, {"beacon", "ping"}, {"background", "image"},
        {"object-subrequest", "object"}, {"xbl", "other"}, {"dtd", "other"}};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        word = strcmp(word, others[i][0]) == 0 ? others[i][1] : word;
    }
    for (int i = 0; i < RESOURCES; i++) {
        if (strcmp(word, cop_resource_word((enum cop_resource)i)) == 0) {
            return i;
        }
    }
    return -1;
}

static void append(char **list, const char *value, bool turned)
{
    char *copy = copied(value, strlen(value));
    char *rest = copy;
    char *word;
    size_t n = *list != NULL ? strlen(*list) : 0;
    size_t room = n + 2 * strlen(value) + 4;

    *list = must(realloc(*list, room));
    (*list)[n] = '\0';
    while ((word = strsep(&rest, "|")) != NULL) {
        bool is_not = (word[0] == '~') != turned;

        snprintf(*list + n, room - n, "%s%s|", is_not ? "~" : "",
            word + (word[0] == '~'));
        n += strlen(*list + n);
    }
    free(copy);
}

/* Whether a name is more than a name; name.* is not. */
static bool has_odd_name(const char *names)
{
    for (const char *p = strpbrk(names, "*/$"); p != NULL;
         p = strpbrk(p + 1, "*/$")) {
        if (*p != '*' || p - names < 2 || p[-1] != '.' || p[-2] == '|' ||
            p[-2] == '~' || (p[1] != '|' && p[1] != '\0')) {
            return true;
        }
    }
    return false;
}

/* Things that lists have types for and that no request is. */
static bool is_no_request(const char *word)
{
    static const char *const words[] = {"popup", "popunder", "elemhide",
        "ehide", "generichide", "ghide", "specifichide", "shide",
        "genericblock", "jsinject", "content", "extension", "stealth",
        "urlblock", "inline-script", "inline-font", "webrtc"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* One option; false when the rule is not for a proxy. */
static bool option(
    struct naive_adblock_rule *rule, char *word, unsigned *yes, unsigned *no)
{
    bool is_not = word[0] == '~';
    char *value = strchr(word, '=');
    int type;

    word += is_not;
    if (value != NULL) {
        *value++ = '\0';
    }
    type = type_of(word);
    if (strcmp(word, "third-party") == 0 || strcmp(word, "3p") == 0) {
        *(is_not ? &rule->wants_first : &rule->wants_third) = true;
    } else if (strcmp(word, "first-party") == 0 || strcmp(word, "1p") == 0) {
        *(is_not ? &rule->wants_third : &rule->wants_first) = true;
    } else if (strcmp(word, "important") == 0) {
        rule->is_important = true;
    } else if (strcmp(word, "badfilter") == 0) {
        rule->is_bad = true;
    } else if (strcmp(word, "match-case") == 0) {
        rule->match_case = true;
    } else if (strcmp(word, "all") == 0) {
        *yes = (1U << RESOURCES) - 1;
    } else if (type >= 0) {
        *(is_not ? no : yes) |= 1U << type;
    } else if (is_no_request(word)) {
        rule->has_no_request |= !is_not;
    } else if (strcmp(word, "strict1p") == 0) {
        *(is_not ? &rule->wants_other : &rule->wants_same) = true;
    } else if (strcmp(word, "strict3p") == 0) {
        *(is_not ? &rule->wants_same : &rule->wants_other) = true;
    } else if (strcmp(word, "redirect") == 0 || strcmp(word, "rewrite") == 0 ||
               strcmp(word, "empty") == 0 || strcmp(word, "mp4") == 0) {
        *yes |= strcmp(word, "mp4") == 0 ? 1U << COP_RESOURCE_MEDIA : 0;
        return !rule->is_exception && !is_not;
    } else if (value == NULL || has_odd_name(value)) {
        return false;
    } else if (strcmp(word, "domain") == 0 || strcmp(word, "from") == 0) {
        append(&rule->from, value, false);
    } else if (strcmp(word, "to") == 0) {
        append(&rule->to, value, false);
    } else if (strcmp(word, "denyallow") == 0) {
        append(&rule->to, value, true);
    } else if (strcmp(word, "method") == 0) {
        append(&rule->methods, value, false);
    } else {
        return false;
    }
    return true;
}

/* Whether a text is ||host^ and nothing more. */
static bool is_whole_host(const char *text)
{
    if (strncmp(text, "||", 2) != 0) {
        return false;
    }
    size_t n = strspn(text + 2, "abcdefghijklmnopqrstuvwxyz0123456789.-_");

    return n != 0 && text[2] != '.' && strcmp(text + 2 + n, "^") == 0;
}

static bool options(struct naive_adblock_rule *rule, char *text)
{
    unsigned fetched = ((1U << RESOURCES) - 1) & ~(1U << COP_RESOURCE_DOCUMENT);
    unsigned yes = 0;
    unsigned no = 0;
    char *word;

    while (text != NULL && (word = strsep(&text, ",")) != NULL) {
        if (!option(rule, word, &yes, &no)) {
            return false;
        }
    }
    if (yes == 0 && rule->has_no_request) {
        return false;
    }
    if (yes == 0) {
        yes = is_whole_host(rule->text) ? (1U << RESOURCES) - 1 : fetched;
    }
    rule->types = yes & ~no;
    if (!rule->wants_first && !rule->wants_third) {
        rule->wants_first = rule->wants_third = true;
    }
    return true;
}

/* ---- patterns ---- */

static void put(char **to, const char *text)
{
    size_t n = strlen(text);

    memcpy(*to, text, n + 1);
    *to += n;
}

/* The expression that a pattern stands for. */
static void translate(const char *text, bool is_address, char *to)
{
    *to = '\0';
    if (strncmp(text, "||", 2) == 0 && text[2] != '*') {
        put(&to, is_address ? "^[a-z]+://" : "^[a-z]+://(?:[^/:?]*\\.)?");
        text += 2;
    } else if (strncmp(text, "||", 2) == 0) {
        text += 2;
    } else if (text[0] == '|') {
        put(&to, "^");
        text++;
    }
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        char quoted[8] = {'\\', *text, '\0'};

        if (c == '|' && text[1] == '\0') {
            put(&to, "$");
        } else if (c == '*') {
            put(&to, ".*");
        } else if (c == '^') {
            put(&to, "(?:[^A-Za-z0-9_.%-]|$)");
        } else if (c >= 0x80) {
            snprintf(quoted, sizeof(quoted), "%%%02X", (unsigned)c);
            put(&to, quoted);
        } else {
            put(&to, strchr(".?+()[]{}|$\\", c) != NULL ? quoted : quoted + 1);
        }
    }
}

static pcre2_code *compiled(const char *expression, bool match_case)
{
    uint32_t how = PCRE2_DOLLAR_ENDONLY | (match_case ? 0 : PCRE2_CASELESS);
    PCRE2_SIZE at = 0;
    int error = 0;
    pcre2_code *code = pcre2_compile(
        (PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, how, &error, &at, NULL);

    if (code != NULL) {
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    }
    return code;
}

static pcre2_code *pattern_code(const struct naive_adblock_rule *rule)
{
    static char expression[TEXT_MAX * 24];

    if (rule->is_regex) {
        snprintf(expression, sizeof(expression), "%.*s",
            (int)strlen(rule->text) - 2, rule->text + 1);
    } else {
        translate(rule->text, false, expression);
    }
    return compiled(expression, rule->match_case);
}

/* The longest run of letters and digits of a pattern: looked for first, so that
 * a whole list can be tried in milliseconds. */
static void find_literal(struct naive_adblock_rule *rule)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t best = 0;

    for (const char *p = rule->text; *p != '\0';) {
        size_t n = strspn(p, plain);
        size_t kept = n < sizeof(rule->literal) ? n : sizeof(rule->literal) - 1;

        if (kept > best) {
            best = kept;
            for (size_t i = 0; i < kept; i++) {
                rule->literal[i] = (char)tolower((unsigned char)p[i]);
            }
            rule->literal[kept] = '\0';
        }
        p += n + (p[n] != '\0');
    }
}

/* ---- reading ---- */

static void rule_free(struct naive_adblock_rule *rule)
{
    free(rule->text);
    free(rule->twin);
    free(rule->from);
    free(rule->to);
    free(rule->methods);
    pcre2_code_free(rule->code);
}

static char *options_begin(char *line)
{
    for (char *at = line + strlen(line); at-- > line;) {
        if (*at == '$' && is_option_text(at + 1)) {
            return at;
        }
    }
    return NULL;
}

/* The line without its badfilter, which the generated lists write last. */
static char *twin_of(const char *line)
{
    char *twin = copied(line, strlen(line));
    char *bad = strstr(twin, "badfilter");

    if (bad != NULL && bad != twin) {
        bad[-1] = '\0';
    }
    return twin;
}

/* Whether a pattern without text matches everything always. */
static bool says_nothing(const struct naive_adblock_rule *rule)
{
    unsigned fetched = ((1U << RESOURCES) - 1) & ~(1U << COP_RESOURCE_DOCUMENT);

    return rule->text[strspn(rule->text, "*|")] == '\0' && rule->from == NULL &&
           rule->to == NULL && rule->types == fetched && rule->wants_first &&
           rule->wants_third && !rule->wants_same && !rule->wants_other;
}

static bool line_read(char *line, struct naive_adblock_rule *rule)
{
    static const char *const pages[] = {"##", "#@#", "#?#", "#$#", "#%#",
        "#@?#", "#@$#", "#@%#", "#$?#", "$$", "$@$"};
    char *from;
    size_t n;

    if (line[0] == '\0' || line[0] == '!' || line[0] == '[' || line[0] == '#') {
        return false;
    }
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (strstr(line, pages[i]) != NULL) {
            return false;
        }
    }
    rule->twin = twin_of(line);
    rule->is_exception = strncmp(line, "@@", 2) == 0;
    line += rule->is_exception ? 2 : 0;
    from = options_begin(line);
    if (from != NULL) {
        *from++ = '\0';
    }
    rule->text = copied(line, strlen(line));
    if (!options(rule, from) || strchr(rule->text, ' ') != NULL ||
        says_nothing(rule)) {
        return false;
    }
    n = strlen(rule->text);
    rule->is_regex = n > 2 && rule->text[0] == '/' && rule->text[n - 1] == '/';
    if (!rule->is_regex) {
        find_literal(rule);
    }
    rule->code = pattern_code(rule);
    return rule->code != NULL;
}

static int twin_order(const void *a, const void *b)
{
    const struct naive_adblock_rule *x = *(struct naive_adblock_rule *const *)a;
    const struct naive_adblock_rule *y = *(struct naive_adblock_rule *const *)b;

    return strcmp(x->twin, y->twin);
}

static void bury_twins(struct naive_adblock *list)
{
    struct naive_adblock_rule **order =
        must(calloc(list->n + 1, sizeof(struct naive_adblock_rule *)));

    for (size_t i = 0; i < list->n; i++) {
        order[i] = &list->rules[i];
    }
    qsort(order, list->n, sizeof(struct naive_adblock_rule *), twin_order);
    for (size_t i = 0; i < list->n;) {
        size_t end = i;
        bool is_bad = false;

        while (end < list->n && strcmp(order[end]->twin, order[i]->twin) == 0) {
            is_bad |= order[end++]->is_bad;
        }
        for (; i < end; i++) {
            order[i]->is_dead = is_bad;
        }
    }
    free(order);
}

static uint16_t pair_at(const char *p)
{
    return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

/* Pairs all over the literal, those at its ends too. */
static void find_pairs(struct naive_adblock *list)
{
    list->pairs =
        must(realloc(list->pairs, (list->n + 1) * sizeof(list->pairs[0])));
    memset(list->pairs, 0, (list->n + 1) * sizeof(list->pairs[0]));
    for (size_t i = 0; i < list->n; i++) {
        const char *literal = list->rules[i].literal;
        size_t n = strlen(literal);

        for (size_t k = 0; n >= 2 && k < NAIVE_PAIRS; k++) {
            list->pairs[i].pair[k] =
                pair_at(literal + (n - 2) * k / (NAIVE_PAIRS - 1));
        }
    }
}

void naive_adblock_read(struct naive_adblock *list, const char *text)
{
    static char line[TEXT_MAX];
    uint32_t number = 0;

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        struct naive_adblock_rule rule = {.line = ++number};

        snprintf(line, sizeof(line), "%.*s", (int)n, text);
        text += n + (text[n] == '\n');
        if (!line_read(line, &rule)) {
            rule_free(&rule);
            continue;
        }
        if (list->n == list->cap) {
            list->cap = list->cap * 2 + 64;
            list->rules =
                must(realloc(list->rules, list->cap * sizeof(list->rules[0])));
        }
        list->rules[list->n++] = rule;
    }
    bury_twins(list);
    find_pairs(list);
}

void naive_adblock_fini(struct naive_adblock *list)
{
    for (size_t i = 0; i < list->n; i++) {
        rule_free(&list->rules[i]);
    }
    free(list->rules);
    free(list->pairs);
}

/* ---- asking ---- */

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
    static char expression[TEXT_MAX * 24];
    const struct cop_url *url = asked->url;
    pcre2_code *code = rule->code;
    int found;

    /* The labels of an address are no names above it. */
    if (url->host.kind != COP_HOST_NAME && strncmp(rule->text, "||", 2) == 0) {
        translate(rule->text, true, expression);
        code = must(compiled(expression, rule->match_case));
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
    asked->data = must(pcre2_match_data_create(1, NULL));
    for (size_t i = 0; i <= url->text.n; i++) {
        asked->lower[i] = (char)tolower((unsigned char)url->text.p[i]);
    }
    asked->has_pair[0] = true; /* what stands for none */
    for (size_t i = 0; i < url->text.n; i++) {
        asked->has_pair[pair_at(asked->lower + i)] = true;
    }
}

static void asked_fini(struct asked *asked)
{
    for (size_t i = 0; i < asked->url->text.n; i++) {
        asked->has_pair[pair_at(asked->lower + i)] = false;
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

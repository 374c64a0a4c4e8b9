#include "tests/support/naive_adblock_rule.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESOURCES = COP_RESOURCE_OTHER + 1 };

void *naive_must(void *p)
{
    if (p == NULL) {
        fputs("naive: out of memory\n", stderr);
        abort();
    }
    return p;
}

static char *copied(const char *text, size_t n)
{
    return naive_must(strndup(text, n));
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

    *list = naive_must(realloc(*list, room));
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

void naive_translate(const char *text, bool is_address, char *to)
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

pcre2_code *naive_compiled(const char *expression, bool match_case)
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
    static char expression[NAIVE_TEXT_MAX * 24];

    if (rule->is_regex) {
        snprintf(expression, sizeof(expression), "%.*s",
            (int)strlen(rule->text) - 2, rule->text + 1);
    } else {
        naive_translate(rule->text, false, expression);
    }
    return naive_compiled(expression, rule->match_case);
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
        naive_must(calloc(list->n + 1, sizeof(struct naive_adblock_rule *)));

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

/* Pairs all over the literal, those at its ends too. */
static void find_pairs(struct naive_adblock *list)
{
    list->pairs = naive_must(
        realloc(list->pairs, (list->n + 1) * sizeof(list->pairs[0])));
    memset(list->pairs, 0, (list->n + 1) * sizeof(list->pairs[0]));
    for (size_t i = 0; i < list->n; i++) {
        const char *literal = list->rules[i].literal;
        size_t n = strlen(literal);

        for (size_t k = 0; n >= 2 && k < NAIVE_PAIRS; k++) {
            list->pairs[i].pair[k] =
                naive_pair(literal + (n - 2) * k / (NAIVE_PAIRS - 1));
        }
    }
}

void naive_adblock_read(struct naive_adblock *list, const char *text)
{
    static char line[NAIVE_TEXT_MAX];
    uint32_t number = 0;

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        struct naive_adblock_rule rule = {.line = ++number};

        snprintf(line, sizeof(line), "%.*s", (int)n, text);
        text += n + (text[n] == '\n');
        line[strcspn(line, "\r")] = '\0';
        if (!line_read(line, &rule)) {
            rule_free(&rule);
            continue;
        }
        if (list->n == list->cap) {
            list->cap = list->cap * 2 + 64;
            list->rules = naive_must(
                realloc(list->rules, list->cap * sizeof(list->rules[0])));
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

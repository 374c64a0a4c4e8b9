#include "rules/bundle/urlrules.h"

static const char common[] =
#define URLGRAMS(text) text
#include "rules/bundle/urlgram.tbl"
    ;

unsigned urlgram_commons(void)
{
    return (sizeof(common) - 1) / URLRULE_GRAM_BYTES;
}

uint32_t urlgram_common(unsigned i)
{
    return urlgram_at(common + (size_t)i * URLRULE_GRAM_BYTES);
}

/* Whether the literal text of a pattern ends before a byte of it. */
static bool is_break(char c)
{
    return c == '*' || c == '^';
}

static void run_tell(struct cop_slice run, urlgram_fn *take, void *context)
{
    char text[URLRULE_GRAM_BYTES];

    for (size_t i = 0; i + URLRULE_GRAM_BYTES <= run.n; i++) {
        for (size_t j = 0; j < URLRULE_GRAM_BYTES; j++) {
            char c = run.p[i + j];

            text[j] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
        take(context, urlgram_at(text));
    }
}

void urlgram_of_pattern(struct cop_slice body, urlgram_fn *take, void *context)
{
    size_t from = 0;

    for (size_t i = 0; i <= body.n; i++) {
        if (i == body.n || is_break(body.p[i])) {
            run_tell(
                (struct cop_slice){body.p + from, i - from}, take, context);
            from = i + 1;
        }
    }
}

/* ---- regular expressions ---- */

enum { RUN_MAX = 256 };

/* Literal text of a regular expression that is being gathered. */
struct run {
    char text[RUN_MAX];
    size_t n;
    urlgram_fn *take;
    void *context;
};

static void run_end(struct run *run)
{
    run_tell((struct cop_slice){run->text, run->n}, run->take, run->context);
    run->n = 0;
}

static void run_add(struct run *run, char c)
{
    if (run->n == RUN_MAX) {
        run_end(run);
    }
    run->text[run->n++] = c;
}

/* The end of a class that begins at i, behind its bracket. */
static size_t class_end_at(struct cop_slice re, size_t i)
{
    i++;
    i += i < re.n && re.p[i] == '^';
    i += i < re.n && re.p[i] == ']';
    while (i < re.n && re.p[i] != ']') {
        i += re.p[i] == '\\' ? 2 : 1;
    }
    return i + 1;
}

/* The end of a group that begins at i, behind its parenthesis. */
static size_t group_end_at(struct cop_slice re, size_t i)
{
    size_t depth = 0;

    while (i < re.n) {
        char c = re.p[i];

        if (c == '[') {
            i = class_end_at(re, i);
            continue;
        }
        depth += c == '(';
        depth -= c == ')';
        i += c == '\\' ? 2 : 1;
        if (depth == 0) {
            break;
        }
    }
    return i;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* Whether an escape means one byte, a class, or a place, and nothing behind
 * it belongs to it. */
static bool escape_is_plain(char c)
{
    return !is_alphanumeric(c) || strchr("dDwWsSbBAzZnrtfhHvV", c) != NULL;
}

/* Whether the brace at i begins a count: {2}, {2,}, {2,8}. */
static bool is_count(struct cop_slice re, size_t i)
{
    size_t from = ++i;

    while (i < re.n && ((re.p[i] >= '0' && re.p[i] <= '9') ||
                           (re.p[i] == ',' && i > from))) {
        i++;
    }
    return i > from && i < re.n && re.p[i] == '}';
}

/* Whether a parenthesis at i begins something else than a plain group or a
 * look-around: a verb, flags, a comment, a call. */
static bool is_odd_group(struct cop_slice re, size_t i)
{
    char next = i + 1 < re.n ? re.p[i + 1] : '\0';
    char third = i + 2 < re.n ? re.p[i + 2] : '\0';

    return next == '*' || (next == '?' && strchr(":=!<", third) == NULL);
}

/* Whether what the expression says depends on more than is read here. At the
 * top: a choice of the whole, an escape with an operand, a brace that is no
 * count. Anywhere: odd groups, quoting, and classes within classes. */
static bool is_opaque_at(struct cop_slice re, size_t i, bool is_top)
{
    char c = re.p[i];
    char next = i + 1 < re.n ? re.p[i + 1] : '\0';

    switch (c) {
    case '\\':
        return next == 'Q' || next == 'E' || (is_top && !escape_is_plain(next));
    case '(':
        return is_odd_group(re, i);
    case '[':
        return next == ']' ||
               memchr(re.p + i + 1, '[',
                   class_end_at(re, i) < re.n ? class_end_at(re, i) - i - 1
                                              : re.n - i - 1) != NULL;
    case '{':
        return is_top && !is_count(re, i);
    case '|':
        return is_top;
    default:
        return false;
    }
}

static bool is_opaque(struct cop_slice re)
{
    size_t depth = 0;

    for (size_t i = 0; i < re.n;) {
        char c = re.p[i];

        if (is_opaque_at(re, i, depth == 0)) {
            return true;
        }
        depth += c == '(';
        depth -= c == ')' && depth != 0;
        i = c == '[' ? class_end_at(re, i) : c == '\\' ? i + 2 : i + 1;
    }
    return false;
}

/* One item of the expression, at i. Returns where the next one begins. */
static size_t item_read(struct cop_slice re, size_t i, struct run *run)
{
    char c = re.p[i];

    switch (c) {
    case '\\':
        if (i + 1 < re.n && !is_alphanumeric(re.p[i + 1])) {
            run_add(run, re.p[i + 1]);
        } else {
            run_end(run);
        }
        return i + 2;
    case '[':
        run_end(run);
        return class_end_at(re, i);
    case '(':
        run_end(run);
        return group_end_at(re, i);
    case '*':
    case '?':
    case '{': /* the byte before it may be missing */
        run->n -= run->n != 0;
        run_end(run);
        if (c == '{') {
            const char *end = memchr(re.p + i, '}', re.n - i);

            return end != NULL ? (size_t)(end - re.p) + 1 : re.n;
        }
        return i + 1;
    case '+':
    case '.':
    case '^':
    case '$':
    case ')':
        run_end(run);
        return i + 1;
    default:
        run_add(run, c);
        return i + 1;
    }
}

void urlgram_of_regex(struct cop_slice re, urlgram_fn *take, void *context)
{
    struct run run = {.take = take, .context = context};

    if (is_opaque(re)) {
        return;
    }
    for (size_t i = 0; i < re.n;) {
        i = item_read(re, i, &run);
    }
    run_end(&run);
}

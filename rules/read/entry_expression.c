/* squidGuard's expressions: POSIX extended regular expressions, over the URL,
 * without regard to case. PCRE2 reads nearly all of them alike; where it does
 * not, a person must look, because the same text would block something else. */
#include <stdio.h>

#include "rules/read/entry_parts.h"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* Where a bracket expression that begins at `at` ends: behind its bracket.
 * *has_escape: a backslash in it, which POSIX reads as itself. */
static size_t bracket_end(
    struct cop_slice text, size_t at, bool *has_escape, bool *has_collating)
{
    size_t i = at + 1;

    i += i < text.n && text.p[i] == '^';
    i += i < text.n && text.p[i] == ']';
    while (i < text.n && text.p[i] != ']') {
        bool is_inner = text.p[i] == '[' && i + 1 < text.n &&
                        strchr(":.=", text.p[i + 1]) != NULL;

        *has_escape |= text.p[i] == '\\';
        if (!is_inner) {
            i++;
            continue;
        }
        *has_collating |= text.p[i + 1] != ':';
        for (i += 2; i + 1 < text.n && text.p[i + 1] != ']'; i++) {
        }
        i += i + 1 < text.n ? 2 : 1;
    }
    return i < text.n ? i + 1 : text.n;
}

static bool is_quantifier(char c)
{
    return c == '*' || c == '+' || c == '?';
}

/* What PCRE2 reads otherwise than POSIX, as a sentence; NULL: nothing.
 * *at gets where. */
static const char *difference(struct cop_slice text, size_t *at)
{
    bool has_escape = false;
    bool has_collating = false;

    for (size_t i = 0; i < text.n; i++) {
        char next = i + 1 < text.n ? text.p[i + 1] : '\0';

        *at = i;
        if (text.p[i] == '[') {
            i = bracket_end(text, i, &has_escape, &has_collating) - 1;
            if (has_escape) {
                return "a backslash between brackets is itself in POSIX and "
                       "begins an escape in PCRE2";
            }
            if (has_collating) {
                return "[. .] and [= =] are collating elements in POSIX and "
                       "an error in PCRE2";
            }
        } else if (text.p[i] == '\\' && (next == '<' || next == '>')) {
            return "\\< and \\> are edges of words in many POSIX libraries "
                   "and plain characters in PCRE2; write \\b";
        } else if (text.p[i] == '\\' && is_letter_or_digit(next)) {
            return "a backslash before a letter or digit has no meaning in "
                   "POSIX and one of its own in PCRE2";
        } else if (text.p[i] == '(' && next == '?') {
            return "(? has no meaning in POSIX and begins a group of another "
                   "kind in PCRE2";
        } else if (is_quantifier(text.p[i]) || text.p[i] == '}') {
            if (is_quantifier(next)) {
                return "a second quantifier applies to the first in POSIX and "
                       "makes it lazy or possessive in PCRE2";
            }
        }
        i += text.p[i] == '\\';
    }
    return NULL;
}

bool entry_take_expression(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw)
{
    size_t at = 0;
    const char *what = difference(word->text, &at);

    if (!entry_check_pattern(word->text, flaw)) {
        flaw->offset += (size_t)(word->text.p - word->line.p);
        return false;
    }
    if (what != NULL) {
        struct word there = {
            word->line, {word->text.p + at, word->text.n - at}};

        (void)entry_flawed(flaw, &there,
            "this is read as PCRE2; rewrite it so that both mean the same",
            "%s", what);
        entry_caution(flaw, "expression");
    }
    return reader->take(reader->context, ENTRY_PATTERN, word->text);
}

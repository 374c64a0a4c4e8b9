#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "rules/read/entry.h"

enum { PATTERN_MAX = 2048 };

static bool refuse(
    struct entry_flaw *flaw, size_t offset, const char *what, const char *todo)
{
    (void)snprintf(flaw->what, sizeof(flaw->what), "%s", what);
    flaw->todo = todo;
    flaw->offset = offset;
    return false;
}

static bool report_syntax(struct entry_flaw *flaw, int code, size_t offset)
{
    PCRE2_UCHAR words[160];
    char what[ENTRY_WHAT_MAX];

    if (pcre2_get_error_message(code, words, sizeof(words)) < 0) {
        words[0] = '\0';
    }
    (void)snprintf(what, sizeof(what), "this is no regular expression: %s",
        (const char *)words);
    return refuse(flaw, offset, what,
        "write PCRE2 syntax; a dot that is meant as a dot is \\.");
}

/* Whether it matches where there is nothing, and so everywhere. */
static bool matches_everything(const pcre2_code *code)
{
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    int found = PCRE2_ERROR_NOMEMORY;

    if (data != NULL && limits != NULL) {
        (void)pcre2_set_match_limit(limits, 10000);
        found = pcre2_match(code, (PCRE2_SPTR) "", 0, 0, 0, data, limits);
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    return found >= 0;
}

bool entry_check_pattern(struct cop_slice pattern, struct entry_flaw *flaw)
{
    pcre2_code *code;
    PCRE2_SIZE offset = 0;
    int error = 0;
    bool is_fine;

    if (pattern.n > PATTERN_MAX) {
        return refuse(
            flaw, 0, "the pattern has more than 2,048 bytes", "split it");
    }
    code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
        PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &error, &offset, NULL);
    if (code == NULL) {
        return report_syntax(flaw, error, offset);
    }
    is_fine = !matches_everything(code);
    pcre2_code_free(code);
    return is_fine || refuse(flaw, 0,
                          "the pattern matches the empty text, and so every "
                          "URL",
                          "write at least one part that must be there");
}

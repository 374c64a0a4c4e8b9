#include <stdio.h>

#include "rules/decide/pattern.h"
#include "rules/read/entry.h"

static bool refuse(
    struct entry_flaw *flaw, size_t offset, const char *what, const char *todo)
{
    (void)snprintf(flaw->what, sizeof(flaw->what), "%s", what);
    flaw->todo = todo;
    flaw->offset = offset;
    return false;
}

/* Whether it matches where there is nothing, and so everywhere. A pattern that
 * cannot say even that within its limits is no better. */
static bool matches_nothing(struct cop_slice pattern)
{
    struct pattern_room room = {NULL, NULL, NULL};
    pcre2_code *code = NULL;
    bool matches = true;

    if (pattern_room_init(&room) == COP_OK &&
        pattern_compile(pattern, NULL, &code) == COP_OK) {
        matches = pattern_run(&room, code, COP_LIT("")) != PATTERN_NO;
    }
    pcre2_code_free(code);
    pattern_room_fini(&room);
    return matches;
}

bool entry_check_pattern(struct cop_slice pattern, struct entry_flaw *flaw)
{
    char what[ENTRY_WHAT_MAX];
    struct pattern_flaw found = {0, ""};
    enum cop_status status = pattern_check(pattern, &found);

    if (status == COP_E_LIMIT) {
        return refuse(flaw, 0, "the pattern is too long", "split it");
    }
    if (status != COP_OK) {
        (void)snprintf(what, sizeof(what),
            "this is no regular expression: %.200s", found.words);
        return refuse(flaw, found.at, what,
            "write PCRE2 syntax; a dot that is meant as a dot is \\.");
    }
    if (matches_nothing(pattern)) {
        return refuse(flaw, 0,
            "the pattern matches the empty text, and so every URL",
            "write at least one part that must be there");
    }
    return true;
}

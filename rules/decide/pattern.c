#include "rules/decide/pattern.h"

#include <stdio.h>

/* \C could split what UTF would join and callouts call nobody; (*UTF) and
 * (*UCP) would make a match cost more and mean nothing more in ASCII. */
static const uint32_t pattern_options =
    PCRE2_CASELESS | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
    PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;

static void flaw_write(struct pattern_flaw *flaw, int error, size_t at)
{
    PCRE2_UCHAR words[PATTERN_WORDS_MAX];

    if (flaw == NULL) {
        return;
    }
    if (pcre2_get_error_message(error, words, sizeof(words)) < 0) {
        words[0] = '\0';
    }
    snprintf(flaw->words, sizeof(flaw->words), "%s", (const char *)words);
    flaw->at = at;
}

enum cop_status pattern_compile(
    struct cop_slice text, struct pattern_flaw *flaw, pcre2_code **out)
{
    PCRE2_SIZE at = 0;
    int error = 0;

    if (text.n > PATTERN_TEXT_MAX) {
        return COP_E_LIMIT;
    }
    pcre2_code *code = pcre2_compile(
        (PCRE2_SPTR)text.p, text.n, pattern_options, &error, &at, NULL);

    if (code == NULL) {
        flaw_write(flaw, error, at);
        return COP_E_SYNTAX;
    }
    /* Where the system forbids code made at run time, or PCRE2 has no JIT for
     * the machine, the interpreter gives the same answers. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    *out = code;
    return COP_OK;
}

enum cop_status pattern_check(struct cop_slice text, struct pattern_flaw *flaw)
{
    pcre2_code *code = NULL;
    enum cop_status status = pattern_compile(text, flaw, &code);

    pcre2_code_free(code);
    return status;
}

size_t pattern_bytes(const pcre2_code *code)
{
    size_t bytes = 0;
    size_t jit = 0;

    if (code == NULL) {
        return 0;
    }
    (void)pcre2_pattern_info(code, PCRE2_INFO_SIZE, &bytes);
    (void)pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &jit);
    return bytes + jit;
}

enum cop_status pattern_room_init(struct pattern_room *room)
{
    room->context = pcre2_match_context_create(NULL);
    room->data = pcre2_match_data_create(1, NULL);
    room->stack =
        pcre2_jit_stack_create(PATTERN_STACK_MIN, PATTERN_STACK_MAX, NULL);
    if (room->context == NULL || room->data == NULL) {
        return COP_E_NOMEM;
    }
    pcre2_set_match_limit(room->context, PATTERN_MATCH_LIMIT);
    pcre2_set_depth_limit(room->context, PATTERN_DEPTH_LIMIT);
    pcre2_set_heap_limit(room->context, PATTERN_HEAP_LIMIT_KIB);
    if (room->stack != NULL) { /* NULL where PCRE2 has no JIT */
        pcre2_jit_stack_assign(room->context, NULL, room->stack);
    }
    return COP_OK;
}

void pattern_room_fini(struct pattern_room *room)
{
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->context);
    pcre2_jit_stack_free(room->stack);
    *room = (struct pattern_room){NULL, NULL, NULL};
}

enum pattern_outcome pattern_run(
    struct pattern_room *room, const pcre2_code *code, struct cop_slice text)
{
    size_t jit = 0;

    /* The short way to code made by JIT, past checks that hold here anyway. */
    (void)pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &jit);
    int rc = (jit != 0 ? pcre2_jit_match : pcre2_match)(
        code, (PCRE2_SPTR)text.p, text.n, 0, 0, room->data, room->context);

    if (rc >= 0) { /* 0: matched, with more groups than we keep */
        return PATTERN_YES;
    }
    return rc == PCRE2_ERROR_NOMATCH ? PATTERN_NO : PATTERN_LIMITED;
}

/* Patterns: how a PCRE2 pattern of a list is compiled and run, everywhere.
 *
 * The compiler of bundles checks patterns with the very options that the
 * gateway runs them with, so that what it accepts also runs. Patterns see the
 * canonical URL text, which is ASCII: they are matched as bytes, without
 * regard to case. */
#ifndef RULES_DECIDE_PATTERN_H
#define RULES_DECIDE_PATTERN_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stddef.h>

#include "cop/slice.h"
#include "cop/status.h"

/* Generous to any pattern that is linear or quadratic in a URL of full length,
 * with JIT and without; a catastrophic one ends within milliseconds. */
enum {
    PATTERN_TEXT_MAX = 8192,       /* bytes of a pattern */
    PATTERN_MATCH_LIMIT = 100000,  /* steps, PCRE2's own count */
    PATTERN_DEPTH_LIMIT = 20000,   /* nested steps, without JIT */
    PATTERN_HEAP_LIMIT_KIB = 8192, /* without JIT */
    PATTERN_STACK_MIN = 32 * 1024, /* with JIT, bytes */
    PATTERN_STACK_MAX = 1024 * 1024,
    PATTERN_WORDS_MAX = 256
};

/* What is wrong with a pattern. */
struct pattern_flaw {
    size_t at; /* byte of the pattern where it was noticed */
    char words[PATTERN_WORDS_MAX];
};

/* Compile a pattern.
 * flaw   written on COP_E_SYNTAX; NULL allowed
 * out    freed with pcre2_code_free()
 * Returns COP_OK, COP_E_SYNTAX, or COP_E_LIMIT (too long). */
COP_MUST_USE enum cop_status pattern_compile(
    struct cop_slice text, struct pattern_flaw *flaw, pcre2_code **out);

/* Whether a pattern compiles: for those who only read lists.
 * Returns and writes as pattern_compile(). */
COP_MUST_USE enum cop_status pattern_check(
    struct cop_slice text, struct pattern_flaw *flaw);

/* The memory that a compiled pattern takes; 0 of NULL. */
size_t pattern_bytes(const pcre2_code *code);

/* What running a pattern came to. */
enum pattern_outcome { PATTERN_NO, PATTERN_YES, PATTERN_LIMITED };

/* Room to run patterns in, one a thread. */
struct pattern_room {
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
};

/* Returns COP_OK or COP_E_NOMEM; pattern_room_fini() either way. */
COP_MUST_USE enum cop_status pattern_room_init(struct pattern_room *room);
void pattern_room_fini(struct pattern_room *room);

/* Run a pattern anywhere in a text. Any outcome but match and no match counts
 * as a limit, because nobody knows what the pattern would have said. */
enum pattern_outcome pattern_run(
    struct pattern_room *room, const pcre2_code *code, struct cop_slice text);

#endif

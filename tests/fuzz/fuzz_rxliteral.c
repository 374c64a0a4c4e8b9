/* The literals of a pattern: PCRE2 finds no match that lacks all of them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/base/rxliteral.h"
#include "rules/decide/pattern.h"

#define REQUIRE(holds) ((holds) ? (void)0 : abort())

enum { SUBJECT_MAX = 512, ARENA_MAX = 1 << 28 };

/* The input is a pattern, a line feed, and a subject. Where the subject alone
 * does not match, its parts in another order and case may. */
static void check(struct cop_slice pattern, struct cop_slice subject,
    const struct rxliteral *literals, struct pattern_room *room)
{
    char lower[SUBJECT_MAX];
    pcre2_code *code = NULL;
    bool holds = false;

    if (subject.n > SUBJECT_MAX ||
        pattern_compile(pattern, NULL, &code) != COP_OK) {
        return;
    }
    for (size_t i = 0; i < subject.n; i++) {
        char c = subject.p[i];

        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    for (size_t i = 0; i < literals->n; i++) {
        holds |= memmem(lower, subject.n, literals->p[i].p, literals->p[i].n) !=
                 NULL;
    }
    REQUIRE(holds || pattern_run(room, code, subject) != PATTERN_YES);
    pcre2_code_free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data;
    const char *end = n != 0 ? memchr(text, '\n', n) : NULL;
    struct cop_slice pattern = {text, end != NULL ? (size_t)(end - text) : n};
    size_t from = end != NULL ? pattern.n + 1 : n;
    struct pattern_room room = {NULL, NULL, NULL};
    struct rxliteral literals;
    struct arena arena;

    arena_init(&arena, ARENA_MAX);
    REQUIRE(rxliteral_find(pattern, &arena, &literals) == COP_OK);
    if (literals.n != 0 && pattern_room_init(&room) == COP_OK) {
        check(pattern, (struct cop_slice){text + from, n - from}, &literals,
            &room);
    }
    pattern_room_fini(&room);
    arena_fini(&arena);
    return 0;
}

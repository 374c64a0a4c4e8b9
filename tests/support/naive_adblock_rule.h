/* What reading and asking of naive_adblock.h share. */
#ifndef TESTS_SUPPORT_NAIVE_ADBLOCK_RULE_H
#define TESTS_SUPPORT_NAIVE_ADBLOCK_RULE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tests/support/naive_adblock.h"

enum { NAIVE_TEXT_MAX = 65536 };

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

/* p, which is not NULL, or the end of the program. */
void *naive_must(void *p);

/* The expression that a pattern stands for.
 * is_address  the labels of a host that is one are no names above it
 * to          has NAIVE_TEXT_MAX * 24 bytes */
void naive_translate(const char *text, bool is_address, char *to);
pcre2_code *naive_compiled(const char *expression, bool match_case);

static inline uint16_t naive_pair(const char *p)
{
    return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

#endif

/* Which bytes we accept as text, in YAML and in lists alike. */
#ifndef RULES_READ_UTF8_H
#define RULES_READ_UTF8_H

#include <stddef.h>

#include "cop/slice.h"

/* Why a byte is not text. */
enum utf8_flaw {
    UTF8_FINE,
    UTF8_INVALID, /* not UTF-8: stray, overlong, surrogate, beyond U+10FFFF */
    UTF8_TAB,
    UTF8_CONTROL /* any other control character, C1 included */
};

/* The first flaw at or after *at; *at becomes its offset. LF and CR are text.
 * Returns UTF8_FINE, with *at = text.n, when there is none. */
enum utf8_flaw utf8_flaw_next(struct cop_slice text, size_t *at);

/* Code points in text that is free of flaws. */
size_t utf8_length(struct cop_slice text);

#endif

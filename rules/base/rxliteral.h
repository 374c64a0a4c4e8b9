/* Literals that a PCRE2 pattern cannot match without.
 *
 * Soundness is all: whenever the pattern matches a text (caseless, as bytes,
 * without UTF), the text in lower case contains one of the literals found. The
 * reader knows a part of PCRE2's syntax; whatever it does not know for certain,
 * it gives up on, and the pattern counts as one without literals. */
#ifndef RULES_BASE_RXLITERAL_H
#define RULES_BASE_RXLITERAL_H

#include "cop/slice.h"
#include "cop/status.h"
#include "rules/base/arena.h"

enum {
    RXLITERAL_BYTES_MIN = 3, /* of a literal; shorter ones tell too little */
    RXLITERAL_BYTES_MAX = 48,
    RXLITERAL_MAX = 256 /* literals of a pattern */
};

struct rxliteral {
    const struct cop_slice *p; /* lower case, ascending, in the arena */
    size_t n;                  /* 0: there is none */
};

/* Find the literals of a pattern.
 * arena   gets the literals and all that was needed to find them
 * Returns COP_OK, or COP_E_NOMEM when the arena is full. */
COP_MUST_USE enum cop_status rxliteral_find(
    struct cop_slice pattern, struct arena *arena, struct rxliteral *out);

#endif

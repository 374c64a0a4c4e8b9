/* What is known of the text that the parts of a pattern match: the half of
 * rxliteral.c that does not read syntax.
 *
 * Of each part one of three things is known:
 *   EXACT  the text it matches, in lower case, is one of a set
 *   HOLDS  the text it matches contains one of a set
 *   ANY    nothing
 * A sequence keeps the EXACT set of the text since its last gap, and the best
 * set that such a text, or a part that HOLDS, gave so far. Every match contains
 * a member of each of those sets, so any one of them may be kept. Alternatives
 * are united; where one of them is not EXACT the union only HOLDS, and where
 * one is ANY, or is not EXACT and another may be empty, it is ANY.
 *
 * Assertions match no text, so what stands around them is adjacent; what they
 * ask for is not used. A part that is repeated is adjacent to what precedes it
 * in its first round and to what follows in its last. */
#ifndef RULES_BASE_RXPART_H
#define RULES_BASE_RXPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/rxset.h"

enum { RXPART_FRAMES = 32 };

enum rxpart_known { RXPART_ANY, RXPART_EXACT, RXPART_HOLDS };

struct rxpart {
    enum rxpart_known known;
    struct rxset set;
};

/* A group that is open, or the whole pattern. */
struct rxpart_frame {
    bool is_assertion;
    bool has_branch;        /* one has ended */
    struct rxpart branches; /* those that have ended */
    bool is_exact;          /* the branch's text is all in `exact` */
    struct rxset exact;     /* of the text since the last gap */
    struct rxset best;
    uint64_t best_cost;
    bool has_last; /* the part that a quantifier would apply to */
    struct rxpart last;
};

struct rxparts {
    struct arena *arena;  /* its failure is the caller's to check */
    bool is_lost;         /* groups do not fit */
    struct rxset nothing; /* the empty text */
    size_t depth;
    struct rxpart_frame frames[RXPART_FRAMES];
};

/* Make zeroed parts ready. The arena is borrowed until the end. */
void rxparts_begin(struct rxparts *parts, struct arena *arena);

/* Add one part: any text, no text, a character, or one known elsewhere. Bytes
 * that are zero or not ASCII are any text. */
void rxparts_any(struct rxparts *parts);
void rxparts_nothing(struct rxparts *parts);
void rxparts_char(struct rxparts *parts, char c);
void rxparts_add(struct rxparts *parts, struct rxpart part);

/* The last part is there, for good: no quantifier follows. */
void rxparts_settle(struct rxparts *parts);

/* The last part is there so many times. False when there is none. */
bool rxparts_repeat(struct rxparts *parts, unsigned min, unsigned max);

/* The next alternative begins; a group begins; a group ends, and is a part. */
void rxparts_alternative(struct rxparts *parts);
void rxparts_group_begin(struct rxparts *parts, bool is_assertion);
void rxparts_group_end(struct rxparts *parts);

/* What is known of the whole; ANY when groups did not fit. */
struct rxpart rxparts_end(struct rxparts *parts);

/* Whether a character may be in a text: ASCII and not zero. */
static inline bool rxpart_is_plain(char c)
{
    return c != '\0' && (unsigned char)c < 0x80;
}

static inline char rxpart_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

#endif

/* The fixed phrases of notices, by language. */
#ifndef GATEWAY_NOTICE_PHRASES_H
#define GATEWAY_NOTICE_PHRASES_H

#include <stddef.h>

#include "cop/slice.h"

enum phrase {
#define PHRASE(symbol, text) PHRASE_##symbol,
#include "gateway/notice/phrases_en.tbl"
    PHRASES
};

struct phrases; /* one language; static */

/* The language that a tag asks for by lookup (RFC 4647 3.4: "pt-BR" finds
 * "pt"); NULL when we do not speak it. */
const struct phrases *phrases_find(struct cop_slice tag);
/* English, the last resort. */
const struct phrases *phrases_fallback(void);
/* All languages by index, NULL behind the last. */
const struct phrases *phrases_at(size_t index);

/* Static strings, never NULL. */
const char *phrases_say(const struct phrases *phrases, enum phrase phrase);
const char *phrases_tag(const struct phrases *phrases);
const char *phrases_direction(const struct phrases *phrases); /* "ltr", "rtl" */

#endif

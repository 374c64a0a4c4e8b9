/* Texts from elsewhere made safe to stand in an answer. */
#ifndef GATEWAY_NOTICE_MARKUP_H
#define GATEWAY_NOTICE_MARKUP_H

#include <stdbool.h>

#include "cop/slice.h"
#include "rules/base/buf.h"

/* Well-formed UTF-8 on one line: what is malformed, and control characters,
 * become U+FFFD. */
void markup_plain(struct buf *out, struct cop_slice text);
/* The same, safe as text and in quoted attributes of HTML. */
void markup_text(struct buf *out, struct cop_slice text);
/* The same as text of HTML, with the http and https URLs in it as links. */
void markup_links(struct buf *out, struct cop_slice text);
/* Whether a text is an http or https URL that may stand in a header or an
 * attribute as it is. */
bool markup_is_url(struct cop_slice text);

#endif

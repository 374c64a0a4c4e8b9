/* What a client asked for, read from its request: which languages, and in
 * which form it can use an answer. */
#ifndef GATEWAY_NOTICE_CHOOSE_H
#define GATEWAY_NOTICE_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/http/head.h"

enum { CHOOSE_LANGUAGES_MAX = 32 };

/* Language tags, best first. Slices into the request's head and the site's
 * configuration. */
struct choice {
    struct cop_slice tags[CHOOSE_LANGUAGES_MAX];
    size_t n;
};

/* The languages of Accept-Language by their weight, then those of the site,
 * then English. request may be NULL. What is malformed is passed over. */
void choose_languages(const struct http_head *request,
    const struct cop_slice *site, uint32_t site_n, struct choice *out);

/* Whether a tag has the shape of one (RFC 5646), so that it may stand in
 * markup. */
bool choose_is_tag(struct cop_slice tag);
/* Whether a language is written from right to left. */
bool choose_is_rtl(struct cop_slice tag);

/* The weight of one member of a list, "text/html;q=0.8", in thousandths; its
 * value without parameters in *value. 0 when it is malformed or refused. */
unsigned choose_weight(struct cop_slice member, struct cop_slice *value);

#endif

/* What a request is for and which page asks, as its head tells: what rules in
 * Adblock syntax want to know.
 *
 * Browsers say it (Fetch Metadata, W3C): Sec-Fetch-Dest. For those who do not,
 * Accept is the next best, then the end of the path. All of it is the client's
 * word; nothing but such rules listens to it. */
#ifndef GATEWAY_FILTER_RESOURCE_H
#define GATEWAY_FILTER_RESOURCE_H

#include "cop/decide.h"
#include "gateway/http/head.h"

/* Read a request's head.
 * url    the URL that it asks for
 * room   gets the source's host; out->source points to it or is NULL: a
 *        document that somebody goes to has no source, and neither has a
 *        request without Referer and Origin
 * out    borrows from head and room */
void resource_read(const struct http_head *head, const struct cop_url *url,
    struct cop_host *room, struct cop_facts *out);

#endif

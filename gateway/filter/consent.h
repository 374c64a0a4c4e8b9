/* Going on behind a warning: how somebody's wish to do so is carried by the
 * client itself, so that no worker has to remember it for another.
 *
 * Two tokens, each a time and a keyed sum (HMAC-SHA-256) over it, what it is
 * for, the client's address, the profile, the host and the requirement that
 * warns:
 *  - a ticket is in the form of the warning's page, and covers where the form
 *    leads to as well. It is read from one reserved path, in a POST.
 *  - a pass is in a cookie of the host, given for a ticket. It is taken out of
 *    every request before that is forwarded, so no server ever sees it.
 *
 * So another site cannot go on in a child's name: it cannot read the page, and
 * without the ticket nothing happens; one that it was given itself is bound to
 * its own address. Nobody is led to another site: only to the path that was
 * asked for, on the host that was asked for. */
#ifndef GATEWAY_CONSENT_H
#define GATEWAY_CONSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/url.h"
#include "gateway/http/head.h"
#include "rules/base/arena.h"
#include "rules/base/buf.h"

enum {
    CONSENT_KEY_BYTES = 32,
    CONSENT_CLIENT_BYTES = 16,
    CONSENT_TICKET_S = 600, /* how long a page's button works */
    CONSENT_PASS_S = 3600,  /* how long nobody is warned again */
    CONSENT_PATH_MAX = 2048 /* of where a form leads to; longer ones lead to
                               "/" */
};

/* Who agrees to what. What it points to is borrowed. */
struct consent {
    const unsigned char *key;                   /* CONSENT_KEY_BYTES */
    unsigned char client[CONSENT_CLIENT_BYTES]; /* its address */
    struct cop_slice profile;
    struct cop_slice requirement;
    const struct cop_url *url; /* that is warned of */
};

/* The action of the page's form, with its ticket. Appends to `out`. */
void consent_form(
    const struct consent *consent, int64_t now_unix, struct buf *out);
/* The value of a Set-Cookie field. Appends to `out`. */
void consent_cookie(
    const struct consent *consent, int64_t now_unix, struct buf *out);

/* Whether a URL is the reserved one: never forwarded, whatever it says. */
bool consent_is_form(const struct cop_url *url);
/* What a form asks for: *ticket gets a copy in the arena (empty when there is
 * none), and *url becomes what the form leads to; "/" when that is unsound. */
void consent_read(
    struct cop_url *url, struct arena *arena, struct cop_slice *ticket);

/* Whether the ticket is for this, now, in a request that a page's own form
 * makes: POST, and from no other site where the browser says from where. */
bool consent_ticket_holds(const struct consent *consent,
    const struct http_head *head, struct cop_slice ticket, int64_t now_unix);
/* Whether a request has a pass for this. */
bool consent_pass_holds(const struct consent *consent,
    const struct http_head *head, int64_t now_unix);

/* Take passes out of a request. What is left is in the arena. */
void consent_strip(struct http_head *head, struct arena *arena);

#endif

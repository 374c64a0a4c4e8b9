/* The pages and small answers that the gateway gives itself: blocked, and
 * errors of servers. Whole HTTP/1.1 responses, ready to be sent. */
#ifndef GATEWAY_NOTICE_H
#define GATEWAY_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/decide.h"
#include "cop/reason.h"
#include "gateway/http/head.h"
#include "rules/base/buf.h"

/* What a client can use, from its request's head. */
enum notice_form {
    NOTICE_HTML,
    NOTICE_TEXT,
    NOTICE_JSON,  /* application/problem+json, RFC 9457 */
    NOTICE_IMAGE, /* a small neutral picture */
    NOTICE_SCRIPT,
    NOTICE_STYLE,
    NOTICE_EMPTY
};
/* From Sec-Fetch-Dest, Accept, and X-Requested-With, in this order. request
 * may be NULL (HTML then). */
enum notice_form notice_form_of(const struct http_head *request);

struct notice_facts {
    const struct http_head *request;   /* NULL before there is one */
    const struct cop_host *host;       /* NULL if unknown */
    const struct cop_slice *languages; /* of this site, best first */
    uint32_t languages_n;
    struct cop_slice contact; /* whom to ask; may be empty */
    const char *reference;    /* short code, also in the log */
    bool keep_alive;          /* else Connection: close */
    /* of a block: */
    const struct cop_policy *policy;
    const struct cop_verdict *verdict;
    struct cop_slice go_on; /* of a warning: where its form leads, on the same
                               host; empty: nobody can go on here */
    /* of an error: */
    enum cop_reason reason;
    const char *detail;
};

/* A blocked place, or one that is warned of, as the verdict says: 403, or 451
 * with Link rel="blocked-by" when the deciding requirement says so (RFC 7725).
 * policy and verdict may be NULL: then it only says that a rule decided. Both
 * functions append one whole response to `out`, without a body where the
 * request is HEAD; they fail only as `out` does. */
void notice_block(struct buf *out, const struct notice_facts *facts);
/* The way to another place: a redirection without a body.
 * status    302 or 303
 * location  a whole URL
 * cookie    the value of Set-Cookie; empty for none */
void notice_lead(struct buf *out, const struct notice_facts *facts,
    uint16_t status, struct cop_slice location, struct cop_slice cookie);
/* A server's or request's error as a page that names it: `status` 4xx/5xx. */
void notice_error(
    struct buf *out, const struct notice_facts *facts, uint16_t status);
/* The status notice_error() should be given for a reason: 400, 403, 408, 431,
 * 502, 503, 504 (trouble.tbl). */
uint16_t notice_status_of(enum cop_reason reason);
/* A new reference code: 10 characters without look-alikes, random. */
void notice_reference(char out[17]);

#endif

/* What a notice tells, before it is put into a form: every text chosen, in the
 * best language there is. Nothing here is escaped. */
#ifndef GATEWAY_NOTICE_TOLD_H
#define GATEWAY_NOTICE_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/notice/choose.h"
#include "gateway/notice/notice.h"
#include "gateway/notice/phrases.h"

/* A text and its language; no language when it is the notice's own or the text
 * has none (a name, a code). */
struct said {
    struct cop_slice text;
    struct cop_slice language;
};

/* Of a block. Empty texts are left out of the notice. */
struct told_block {
    struct said why;
    struct said helpline;
    struct said category;
    struct said appeal;
    struct cop_slice authority;
    struct cop_slice law;
    struct cop_slice citation;
    struct cop_slice requirement;
    struct cop_slice blocked_by; /* URL for Link (RFC 7725), or empty */
    struct cop_slice go_on; /* of a warning: the action of its form, or empty */
    bool warns;             /* a warning, not a block */
    bool is_local;          /* decided by the household or school */
    bool helps_first;       /* what was looked for may be a cry for help */
};

/* Of an error. */
struct told_error {
    enum phrase what;
    enum phrase fix;
    bool is_card;       /* about a certificate: say what that is */
    const char *reason; /* for the administrator, in English */
    struct cop_slice detail;
};

struct told {
    const struct phrases *phrases; /* the notice's language */
    enum notice_form form;
    uint16_t status;
    bool is_block;
    bool is_head;        /* answers HEAD: no body */
    const char *problem; /* "blocked", or the reason's word */
    enum phrase title;
    struct cop_slice host;
    struct cop_slice contact;
    struct cop_slice reference;
    struct told_block block;
    struct told_error error;
};

/* Slices point into facts, its policy and request. */
void told_block(const struct notice_facts *facts, struct told *out);
void told_error(
    const struct notice_facts *facts, uint16_t status, struct told *out);

#endif

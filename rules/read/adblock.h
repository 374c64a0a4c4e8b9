/* One line of a list in Adblock syntax -> what it says, in canonical form.
 *
 * docs/adblock-compat.md says what is understood, and what is left out and
 * why. Nothing here reports: lists of this kind have a hundred thousand lines,
 * of which many are not for a proxy, so whoever reads a list counts them. */
#ifndef RULES_READ_ADBLOCK_H
#define RULES_READ_ADBLOCK_H

#include <stdbool.h>

#include "cop/host.h"
#include "rules/base/buf.h"
#include "rules/bundle/urlrules.h"

enum adblock_reason {
#define ADBLOCK_REASON(symbol, words) symbol,
#include "rules/read/adblock.tbl"
    ADBLOCK_REASONS
};

enum adblock_kind {
    ADBLOCK_NOTHING, /* blank, a comment, a title */
    ADBLOCK_HOST,    /* ||host^ without conditions */
    ADBLOCK_RULE,    /* any other rule */
    ADBLOCK_LEFT_OUT /* there is a reason */
};

enum { ADBLOCK_NAMES_MAX = 4096 /* of one option */ };

/* A line that was read, and room to read it in. */
struct adblock {
    struct cop_host host;       /* of ADBLOCK_HOST */
    struct buf packed;          /* of ADBLOCK_RULE: urlrule_pack() */
    enum adblock_reason reason; /* of ADBLOCK_LEFT_OUT */
    bool is_badfilter;          /* it says that a rule like it must not count */
    struct buf text, from, to;  /* room */
    struct cop_slice names[ADBLOCK_NAMES_MAX];
};

void adblock_init(struct adblock *line);
void adblock_fini(struct adblock *line);

/* Read one line, without its line feed.
 * out   gets its kind
 * Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status adblock_read(
    struct adblock *line, struct cop_slice text, enum adblock_kind *out);

/* The words of a reason, static. */
const char *adblock_reason_words(enum adblock_reason reason);

/* ---- adblock_options.c, used by adblock.c ---- */

/* What the options of a rule come to. */
struct adblock_options {
    uint16_t flags;     /* URLRULE_*; parties: those asked for */
    uint16_t types;     /* asked for */
    uint16_t not_types; /* asked not to be */
    uint16_t methods, not_methods;
    bool has_never;    /* a type that no request is of was asked for */
    bool has_stand_in; /* something is put in the place of what it blocks */
};

/* Where the options of a line begin, behind their $; its length when it has
 * none. */
size_t adblock_options_at(struct cop_slice text);

/* Read options; names go to line->from and line->to.
 * Returns COP_OK; COP_E_UNSUPPORTED with line->reason set; COP_E_NOMEM. */
COP_MUST_USE enum cop_status adblock_options_read(
    struct adblock *line, struct cop_slice text, struct adblock_options *out);

#endif

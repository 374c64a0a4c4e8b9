/* One line of a decision log (docs/decision-log.md), or one address. */
#ifndef TOOLS_COPC_LOGLINE_H
#define TOOLS_COPC_LOGLINE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "cop/decide.h"
#include "tools/copc/tally.h"

enum {
    LOGLINE_MAX = 64 << 10, /* the gateway's are 4 KiB; who forwards them may
                               add members */
    LOGLINE_ID_MAX = 200    /* bytes of a requirement's id */
};

enum logline_kind {
    LOGLINE_EMPTY,
    LOGLINE_ADDRESS,  /* a line that is an address, and nothing decided */
    LOGLINE_DECISION, /* of the log, with the place that it was about */
    LOGLINE_WITHHELD, /* of the log, but a requirement forbids the place */
    LOGLINE_OTHER,    /* of the log, and no decision */
    LOGLINE_BAD       /* `flaw` says why */
};

struct logline {
    json_t *object;   /* what slices point into; NULL for an address */
    const char *flaw; /* static */
    bool is_host;     /* only a host was known: `url.host` is set */
    bool is_without_path;
    struct cop_url url;
    struct cop_slice shown; /* the address, for examples */
    struct decided decided;
    struct cop_slice profile; /* empty when the line has none */
    bool has_time;
    int64_t unix_time;
};

/* Read a line. What an earlier call left is let go. */
enum logline_kind logline_read(struct logline *logline, struct cop_slice line);
void logline_fini(struct logline *logline);

#endif

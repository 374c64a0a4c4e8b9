/* Why connections end; the table is cop/reason.tbl. */
#ifndef COP_REASON_H
#define COP_REASON_H

#include "cop/status.h"

enum cop_reason {
#define COP_REASON(symbol, word, whose, text) COP_##symbol,
#include "cop/reason.tbl"
    COP_REASONS
};

enum cop_whose {
    COP_WHOSE_PEER_OK,
    COP_WHOSE_POLICY,
    COP_WHOSE_CLIENT,
    COP_WHOSE_ORIGIN,
    COP_WHOSE_OURS
};

/* Word for logs, sentence for people, whose doing. Static, never NULL. */
COP_API const char *cop_reason_word(enum cop_reason reason);
COP_API const char *cop_reason_text(enum cop_reason reason);
COP_API enum cop_whose cop_reason_whose(enum cop_reason reason);

#endif

#include "cop/reason.h"

static const struct {
    const char *word;
    const char *text;
    enum cop_whose whose;
} rows[COP_REASONS] = {
#define COP_REASON(symbol, word, whose, text)                                  \
    [COP_##symbol] = {word, text, COP_WHOSE_##whose},
#include "cop/reason.tbl"
};

static unsigned reason_row(enum cop_reason reason)
{
    return (unsigned)reason < COP_REASONS ? (unsigned)reason
                                          : (unsigned)COP_REASON_INTERNAL;
}

const char *cop_reason_word(enum cop_reason reason)
{
    return rows[reason_row(reason)].word;
}

const char *cop_reason_text(enum cop_reason reason)
{
    return rows[reason_row(reason)].text;
}

enum cop_whose cop_reason_whose(enum cop_reason reason)
{
    return rows[reason_row(reason)].whose;
}

/* The names that certificates were made for, one line each, chained so that a
 * line cannot be changed or taken out later without its followers showing it.
 *
 * A line is JSON without spaces:
 *
 *   {"n":3,"unix":1795000000,"host":"a.example","sha256":"HEX","chain":"HEX"}
 *
 * `sha256` is of the certificate, `chain` of the chain before it (64 digits,
 * zeros at first) followed by the line up to `,"chain"`. Who can write the file
 * can also write it anew from some line on: to notice that, keep the last chain
 * elsewhere. */
#ifndef GATEWAY_PROC_LEDGER_H
#define GATEWAY_PROC_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cop/host.h"
#include "cop/slice.h"
#include "cop/status.h"

enum { LEDGER_HEX = 64 };

struct ledger {
    int fd;       /* -1: none is kept */
    bool is_torn; /* the last line was not written whole */
    uint64_t n;
    char chain[LEDGER_HEX + 1];
};

/* Go on in a file that is appended to (taken; -1: keep none).
 * COP_OK; COP_E_SYNTAX: its last line is none of ours, what follows begins a
 * new chain. */
COP_MUST_USE enum cop_status ledger_open(struct ledger *ledger, int fd);
void ledger_close(struct ledger *ledger);

/* A certificate was made. COP_OK, also without a file; COP_E_IO: it is not
 * written down. */
COP_MUST_USE enum cop_status ledger_add(struct ledger *ledger,
    const struct cop_host *host, struct cop_slice certificate,
    int64_t now_unix);

/* Follow the chain of a whole file. `bad_line` gets the first that is not what
 * the chain says, 0 for none; `last` where it ends.
 * COP_OK, COP_E_DIGEST. */
COP_MUST_USE enum cop_status ledger_check(
    FILE *file, uint64_t *bad_line, struct ledger *last);

#endif

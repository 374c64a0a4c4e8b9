/* When: a time from the command line, or the clock. */
#ifndef TOOLS_COPC_MOMENT_H
#define TOOLS_COPC_MOMENT_H

#include <stdbool.h>

#include "cop/decide.h"

/* "2026-03-02T10:00:00+01:00" (the offset says what the local clock shows), or
 * "2026-03-02" for the beginning of that day in UTC. False when the text is
 * neither. */
bool moment_parse(const char *text, struct cop_moment *out);

/* The clock, as a wall clock in `zone` shows it (an IANA name; empty: the
 * machine's own). */
void moment_now(struct cop_slice zone, struct cop_moment *out);

/* "Mon 2026-03-02 09:00 UTC" into 32 bytes. */
void moment_print(const struct cop_moment *moment, char out[32]);

#endif

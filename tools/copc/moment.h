/* When: a time from the command line, or the clock. */
#ifndef TOOLS_COPC_MOMENT_H
#define TOOLS_COPC_MOMENT_H

#include <stdbool.h>

#include "cop/decide.h"

/* "2026-03-02T10:00:00+01:00" (the minute of the week is that of a clock which
 * shows this; moment_at() has that of a place), or
 * "2026-03-02" for the beginning of that day in UTC. False when the text is
 * neither. */
bool moment_parse(const char *text, struct cop_moment *out);

/* Let wall clocks be in `zone` from now on: an IANA name; empty: UTC, as in the
 * gateway. False when this machine does not know the zone. */
bool moment_zone(struct cop_slice zone);

/* A wall clock of one place among several. moment_zone() remembers one zone, so
 * going back and forth between two reads their files again; what a clock showed
 * is kept for the quarter of an hour, at whose ends alone zones change. */
struct moment_clock {
    struct cop_slice zone; /* borrowed; one that moment_zone() knows */
    int64_t quarter;
    int64_t east; /* seconds, in that quarter */
    bool is_set;  /* the two above are known */
};
void moment_on(
    struct moment_clock *clock, int64_t unix_time, struct cop_moment *out);

/* A time as a wall clock shows it. */
void moment_at(int64_t unix_time, struct cop_moment *out);

/* Now, as a wall clock shows it. */
void moment_now(struct cop_moment *out);

/* "2026-03-02", the day of a time in UTC, into 16 bytes. */
void moment_day(int64_t unix_time, char out[16]);

/* "Mon 2026-03-02 09:00 UTC" into 32 bytes. */
void moment_print(const struct cop_moment *moment, char out[32]);

#endif

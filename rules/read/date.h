/* Dates and times as documents write them (ISO 8601, the profile of RFC 3339),
 * without the C library's clock or zones. */
#ifndef RULES_READ_DATE_H
#define RULES_READ_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"

enum { DATE_DAY_SECONDS = 86400, DATE_WEEK_MINUTES = 7 * 24 * 60 };

/* "2026-11-24" -> the Unix time at which the day begins in UTC. Years 1970 to
 * 9999; false when there is no such day. */
bool date_parse(struct cop_slice text, int64_t *out);

/* "2026-11-24T10:00:00+03:00", seconds optional, "Z" for UTC; *minute becomes
 * the local minute of the week at that offset, Monday 00:00 = 0. */
bool date_parse_moment(struct cop_slice text, int64_t *out, uint16_t *minute);

/* "20:30" -> minute of the day, "24:00" -> 1440. */
bool date_parse_clock(struct cop_slice text, uint16_t *out);

/* "+10:00" or "-03:30", up to 14 hours -> seconds east of UTC. */
bool date_parse_offset(struct cop_slice text, int32_t *out);

/* Whether the text is a duration, "P1Y", "PT12H", "P1DT2H30M". */
bool date_is_duration(struct cop_slice text);

/* Minute of the week of a Unix time in UTC, Monday 00:00 = 0. */
uint16_t date_week_minute(int64_t unix_time);

/* "2026-11-24" of a Unix time in UTC, into 11 bytes. */
void date_print(int64_t unix_time, char out[11]);

#endif

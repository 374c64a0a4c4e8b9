/* The moment that a policy is asked about: seconds since 1970 and the local
 * minute of the week.
 *
 * Local is the process's time zone (TZ), which a worker sets from the policy
 * file before it begins and at each reload; the C library reads a zone's rules
 * when tzset() is called and not again, so that no file is touched here. */
#ifndef GATEWAY_FLOW_CLOCK_H
#define GATEWAY_FLOW_CLOCK_H

#include <stdint.h>

#include "cop/decide.h"

struct clock {
    int64_t minute;       /* since 1970, of what is known; -1 for nothing */
    uint16_t week_minute; /* of that minute, local */
};

/* Forget what is known: before the first use, and when TZ changed. */
void clock_reset(struct clock *clock);

/* The moment of unix_time; asks the C library once a minute. */
struct cop_moment clock_moment(struct clock *clock, int64_t unix_time);

#endif

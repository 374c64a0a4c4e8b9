#include "gateway/flow/clock.h"

#include <time.h>

enum { CLOCK_DAY_MINUTES = 24 * 60, CLOCK_WEEK_DAYS = 7 };

void clock_reset(struct clock *clock)
{
    clock->minute = -1;
    clock->week_minute = 0;
}

static uint16_t clock_week_minute(int64_t unix_time)
{
    time_t seconds = (time_t)unix_time;
    struct tm local;
    int day;

    /* Fails only for a year beyond int, which no clock of ours shows. */
    if (localtime_r(&seconds, &local) == NULL) {
        return 0;
    }
    /* tm_wday counts from Sunday, the policy's week from Monday. */
    day = (local.tm_wday + CLOCK_WEEK_DAYS - 1) % CLOCK_WEEK_DAYS;
    return (
        uint16_t)(day * CLOCK_DAY_MINUTES + local.tm_hour * 60 + local.tm_min);
}

struct cop_moment clock_moment(struct clock *clock, int64_t unix_time)
{
    int64_t minute = unix_time / 60;

    /* Every zone in use today is whole minutes away from UTC. */
    if (minute != clock->minute) {
        clock->week_minute = clock_week_minute(unix_time);
        clock->minute = minute;
    }
    return (struct cop_moment){unix_time, clock->week_minute};
}

#include "tools/copc/moment.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WEEK_MINUTES = 7 * 24 * 60, QUARTER_SECONDS = 15 * 60 };

/* 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday. */
static uint16_t week_minute_of(int64_t local_seconds)
{
    int64_t minute = local_seconds / 60 + 3 * 24 * 60;

    return (uint16_t)(minute % WEEK_MINUTES);
}

/* `width` digits, a number from min to max. */
static bool read_number(const char **at, int width, int min, int max, int *out)
{
    int value = 0;

    for (int i = 0; i < width; i++) {
        char c = (*at)[i];

        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *at += width;
    *out = value;
    return value >= min && value <= max;
}

static bool read_char(const char **at, char c)
{
    if (**at != c) {
        return false;
    }
    *at += 1;
    return true;
}

/* "2026-03-02", a day that exists. */
static bool read_day(const char **at, int64_t *out)
{
    struct tm day = {0};
    int year;
    int month;
    time_t seconds;

    if (!read_number(at, 4, 1971, 9999, &year) || !read_char(at, '-') ||
        !read_number(at, 2, 1, 12, &month) || !read_char(at, '-') ||
        !read_number(at, 2, 1, 31, &day.tm_mday)) {
        return false;
    }
    day.tm_year = year - 1900;
    day.tm_mon = month - 1;
    seconds = timegm(&day);
    *out = (int64_t)seconds;
    return day.tm_mon == month - 1; /* timegm() moves 30 February to March */
}

/* "T10:00" or "T10:00:30": seconds of the day. */
static bool read_clock(const char **at, int *out)
{
    int hour;
    int minute;
    int second = 0;

    if (!read_char(at, 'T') || !read_number(at, 2, 0, 23, &hour) ||
        !read_char(at, ':') || !read_number(at, 2, 0, 59, &minute) ||
        (read_char(at, ':') && !read_number(at, 2, 0, 59, &second))) {
        return false;
    }
    *out = (hour * 60 + minute) * 60 + second;
    return true;
}

/* "Z" or "+01:00": seconds east of UTC. */
static bool read_offset(const char **at, int *out)
{
    int sign = **at == '-' ? -1 : 1;
    int hours;
    int minutes;

    if (read_char(at, 'Z')) {
        *out = 0;
        return true;
    }
    if ((!read_char(at, '+') && !read_char(at, '-')) ||
        !read_number(at, 2, 0, 23, &hours) || !read_char(at, ':') ||
        !read_number(at, 2, 0, 59, &minutes)) {
        return false;
    }
    *out = sign * (hours * 60 + minutes) * 60;
    return true;
}

bool moment_parse(const char *text, struct cop_moment *out)
{
    const char *at = text;
    int64_t day;
    int clock = 0;
    int offset = 0;

    if (!read_day(&at, &day)) {
        return false;
    }
    if (*at != '\0' &&
        (!read_clock(&at, &clock) || !read_offset(&at, &offset))) {
        return false;
    }
    out->unix_time = day + clock - offset;
    out->week_minute = week_minute_of(day + clock);
    return *at == '\0';
}

/* The C library takes a zone that it does not find for UTC and says nothing. */
static bool zone_exists(const char *name)
{
    const char *folder = getenv("TZDIR");
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s",
        folder != NULL ? folder : "/usr/share/zoneinfo", name);

    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

bool moment_zone(struct cop_slice zone)
{
    char name[128] = "UTC0";
    bool is_known = true;

    if (zone.n != 0) {
        int n = snprintf(name, sizeof name, "%.*s", (int)zone.n, zone.p);

        is_known = n > 0 && (size_t)n < sizeof name && zone_exists(name);
    }
    (void)setenv("TZ", name, 1);
    tzset();
    return is_known;
}

static int64_t seconds_east(int64_t unix_time)
{
    time_t when = (time_t)unix_time;
    struct tm local = {0};

    (void)localtime_r(&when, &local);
    return local.tm_gmtoff;
}

void moment_at(int64_t unix_time, struct cop_moment *out)
{
    out->unix_time = unix_time;
    out->week_minute = week_minute_of(unix_time + seconds_east(unix_time));
}

void moment_on(
    struct moment_clock *clock, int64_t unix_time, struct cop_moment *out)
{
    int64_t quarter = unix_time / QUARTER_SECONDS;

    if (!clock->is_set || clock->quarter != quarter) {
        (void)moment_zone(clock->zone);
        clock->east = seconds_east(unix_time);
        clock->quarter = quarter;
        clock->is_set = true;
    }
    out->unix_time = unix_time;
    out->week_minute = week_minute_of(unix_time + clock->east);
}

void moment_now(struct cop_moment *out)
{
    moment_at((int64_t)time(NULL), out);
}

void moment_day(int64_t unix_time, char out[16])
{
    time_t when = (time_t)unix_time;
    struct tm utc;

    if (gmtime_r(&when, &utc) == NULL ||
        strftime(out, 16, "%Y-%m-%d", &utc) == 0) {
        snprintf(out, 16, "unknown");
    }
}

void moment_print(const struct cop_moment *moment, char out[32])
{
    time_t when = (time_t)moment->unix_time;
    struct tm utc;

    if (gmtime_r(&when, &utc) == NULL ||
        strftime(out, 32, "%a %Y-%m-%d %H:%M UTC", &utc) == 0) {
        snprintf(out, 32, "an unknown time");
    }
}

#include "rules/read/date.h"

#include <stdio.h>

/* Fixed digits at *text, cut off it. */
static bool take_digits(struct cop_slice *text, size_t n, int *out)
{
    int value = 0;

    if (text->n < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char c = text->p[i];

        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    text->p += n;
    text->n -= n;
    *out = value;
    return true;
}

static bool take_char(struct cop_slice *text, char c)
{
    if (text->n == 0 || text->p[0] != c) {
        return false;
    }
    text->p++;
    text->n--;
    return true;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01; years from 1970 on. */
static int64_t days_of(int year, int month, int day)
{
    int64_t before = year - 1;
    int64_t days = 365 * (before - 1969) + (before / 4 - 1969 / 4) -
                   (before / 100 - 1969 / 100) + (before / 400 - 1969 / 400);

    for (int m = 1; m < month; m++) {
        days += days_of_month(year, m);
    }
    return days + day - 1;
}

static bool take_date(struct cop_slice *text, int64_t *out)
{
    int year;
    int month;
    int day;

    if (!take_digits(text, 4, &year) || !take_char(text, '-') ||
        !take_digits(text, 2, &month) || !take_char(text, '-') ||
        !take_digits(text, 2, &day)) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month)) {
        return false;
    }
    *out = days_of(year, month, day) * DATE_DAY_SECONDS;
    return true;
}

bool date_parse(struct cop_slice text, int64_t *out)
{
    int64_t value;

    if (!take_date(&text, &value) || text.n != 0) {
        return false;
    }
    *out = value;
    return true;
}

/* "10:00" or "10:00:30", in seconds. */
static bool take_time(struct cop_slice *text, int64_t *out)
{
    int hour;
    int minute;
    int second = 0;

    if (!take_digits(text, 2, &hour) || !take_char(text, ':') ||
        !take_digits(text, 2, &minute)) {
        return false;
    }
    if (take_char(text, ':') && !take_digits(text, 2, &second)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *out = hour * 3600 + minute * 60 + second;
    return true;
}

/* "Z" or "+03:00", in seconds east of UTC. */
static bool take_offset(struct cop_slice *text, int64_t *out)
{
    int hour;
    int minute;
    bool is_west;

    if (take_char(text, 'Z')) {
        *out = 0;
        return true;
    }
    is_west = take_char(text, '-');
    if (!is_west && !take_char(text, '+')) {
        return false;
    }
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') ||
        !take_digits(text, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *out = (int64_t)(hour * 3600 + minute * 60) * (is_west ? -1 : 1);
    return true;
}

bool date_parse_moment(struct cop_slice text, int64_t *out, uint16_t *minute)
{
    int64_t day;
    int64_t seconds;
    int64_t offset;

    if (!take_date(&text, &day) || !take_char(&text, 'T') ||
        !take_time(&text, &seconds) || !take_offset(&text, &offset) ||
        text.n != 0) {
        return false;
    }
    *minute = date_week_minute(day + seconds);
    *out = day + seconds - offset;
    return true;
}

bool date_parse_clock(struct cop_slice text, uint16_t *out)
{
    int hour;
    int minute;

    if (!take_digits(&text, 2, &hour) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &minute) || text.n != 0) {
        return false;
    }
    if (minute > 59 || hour > 24 || (hour == 24 && minute != 0)) {
        return false;
    }
    *out = (uint16_t)(hour * 60 + minute);
    return true;
}

/* One or more "number unit" pairs with units in the order of `units`. */
static bool take_units(struct cop_slice *text, const char *units)
{
    bool took = false;

    while (text->n > 0 && text->p[0] >= '0' && text->p[0] <= '9') {
        int digit;

        while (take_digits(text, 1, &digit)) {
        }
        while (*units != '\0' && !take_char(text, *units)) {
            units++;
        }
        if (*units == '\0') {
            return false;
        }
        units++;
        took = true;
    }
    return took;
}

bool date_parse_offset(struct cop_slice text, int32_t *out)
{
    uint16_t minutes = 0;
    struct cop_slice clock = {text.p + 1, text.n > 0 ? text.n - 1 : 0};

    if (text.n == 0 || (text.p[0] != '+' && text.p[0] != '-') ||
        !date_parse_clock(clock, &minutes) || minutes > 14 * 60) {
        return false;
    }
    *out = (text.p[0] == '-' ? -60 : 60) * (int32_t)minutes;
    return true;
}

bool date_is_duration(struct cop_slice text)
{
    bool has_days;

    if (!take_char(&text, 'P')) {
        return false;
    }
    has_days = take_units(&text, "YMWD");
    if (take_char(&text, 'T')) {
        return take_units(&text, "HMS") && text.n == 0;
    }
    return has_days && text.n == 0;
}

uint16_t date_week_minute(int64_t unix_time)
{
    /* 1970-01-01 was a Thursday: three days after a Monday. */
    int64_t minutes = unix_time / 60 + 3 * 24 * 60;

    if (unix_time % 60 < 0) {
        minutes--;
    }
    minutes %= DATE_WEEK_MINUTES;
    return (uint16_t)(minutes < 0 ? minutes + DATE_WEEK_MINUTES : minutes);
}

void date_print(int64_t unix_time, char out[11])
{
    int64_t days = unix_time / DATE_DAY_SECONDS;
    unsigned year = 1970;
    unsigned month = 1;

    if (unix_time < 0 || days >= days_of(10000, 1, 1)) {
        (void)snprintf(out, 11, "%s", "----------");
        return;
    }
    while (days >= (is_leap((int)year) ? 366 : 365)) {
        days -= is_leap((int)year) ? 366 : 365;
        year++;
    }
    while (days >= days_of_month((int)year, (int)month)) {
        days -= days_of_month((int)year, (int)month);
        month++;
    }
    (void)snprintf(out, 11, "%04u-%02u-%02u", year % 10000, month % 100,
        (unsigned)(days + 1) % 100);
}

#include "gateway/record/line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    LINE_DEPTH = 4,
    LINE_RESERVE = LINE_DEPTH + 1, /* to close everything, and a line feed */
    LINE_UNIT = 6                  /* the longest that one character becomes */
};

static size_t line_room(const struct line *line)
{
    size_t limit = LINE_MAX_BYTES - LINE_RESERVE;

    return line->n < limit ? limit - line->n : 0;
}

static void line_put(struct line *line, const char *bytes, size_t n)
{
    memcpy(line->p + line->n, bytes, n);
    line->n += n;
}

/* The bytes of a well-formed UTF-8 sequence at p, 0 when there is none
 * (RFC 3629 section 4: no overlong forms, no surrogates, up to U+10FFFF). */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t length;

    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return 0;
    }
    length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0) {
        low = 0xa0;
    } else if (p[0] == 0xed) {
        high = 0x9f;
    } else if (p[0] == 0xf0) {
        low = 0x90;
    } else if (p[0] == 0xf4) {
        high = 0x8f;
    }
    if (n < length || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/* Write the character at p as JSON has it in a string. Returns its bytes in,
 * *out_n gets its bytes out. */
static size_t escape(
    const unsigned char *p, size_t n, char out[LINE_UNIT], size_t *out_n)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = utf8_length(p, n);

    if (length == 0) {
        memcpy(out, "\xef\xbf\xbd", 3); /* U+FFFD, the replacement character */
        *out_n = 3;
        return 1;
    }
    if (p[0] < 0x20) {
        memcpy(out, "\\u00", 4);
        out[4] = digits[p[0] >> 4];
        out[5] = digits[p[0] & 15];
        *out_n = 6;
        return 1;
    }
    if (p[0] == '"' || p[0] == '\\') {
        out[0] = '\\';
        out[1] = (char)p[0];
        *out_n = 2;
        return 1;
    }
    memcpy(out, p, length);
    *out_n = length;
    return length;
}

/* Write text escaped, at most `max` bytes of it. Returns how much was left. */
static size_t line_escape(struct line *line, struct cop_slice text, size_t max)
{
    const unsigned char *p = (const unsigned char *)text.p;
    size_t left = text.n;

    while (left > 0) {
        char unit[LINE_UNIT];
        size_t unit_n;
        size_t taken = escape(p, left, unit, &unit_n);

        if (unit_n > max) {
            break;
        }
        line_put(line, unit, unit_n);
        max -= unit_n;
        p += taken;
        left -= taken;
    }
    return left;
}

/* The name of a member that takes `n` more bytes. Returns false, with nothing
 * written, when there is no room. */
static bool line_name(struct line *line, const char *name, size_t n)
{
    size_t name_n = strlen(name);

    if (line_room(line) < name_n + n + 4) {
        return false;
    }
    if (!line->is_first) {
        line_put(line, ",", 1);
    }
    line->is_first = false;
    line_put(line, "\"", 1);
    line_put(line, name, name_n);
    line_put(line, "\":", 2);
    return true;
}

void line_open(struct line *line)
{
    line->p[0] = '{';
    line->n = 1;
    line->depth = 1;
    line->is_first = true;
}

void line_close(struct line *line)
{
    line_put(line, "}\n", 2);
}

void line_text(
    struct line *line, const char *name, struct cop_slice text, size_t max)
{
    size_t room;

    if (!line_name(line, name, 2)) {
        return;
    }
    line_put(line, "\"", 1);
    room = line_room(line) - 1;
    (void)line_escape(line, text, max < room ? max : room);
    line_put(line, "\"", 1);
}

void line_word(struct line *line, const char *name, const char *word)
{
    line_text(line, name, cop_slice_of(word), LINE_MAX_BYTES);
}

void line_number(struct line *line, const char *name, uint64_t number)
{
    char digits[24];
    int n =
        snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);

    if (line_name(line, name, (size_t)n)) {
        line_put(line, digits, (size_t)n);
    }
}

void line_true(struct line *line, const char *name)
{
    static const char text[] = "true";
    size_t n = sizeof(text) - 1;

    if (line_name(line, name, n)) {
        line_put(line, text, n);
    }
}

/* n digits of a number, at most what fits them; where they end. Every line
 * has a time, and printf would take half of what the line costs for it. */
static char *put_digits(char *at, int number, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return at + n;
}

void line_time(struct line *line, const char *name, int64_t unix_s, int ms)
{
    char text[] = "0000-00-00T00:00:00.000Z";
    char *end = text + 19;
    time_t at = (time_t)unix_s;
    struct tm utc;

    if (gmtime_r(&at, &utc) == NULL || utc.tm_year < -1900 ||
        utc.tm_year > 9999 - 1900) {
        return;
    }
    (void)put_digits(text, utc.tm_year + 1900, 4);
    (void)put_digits(text + 5, utc.tm_mon + 1, 2);
    (void)put_digits(text + 8, utc.tm_mday, 2);
    (void)put_digits(text + 11, utc.tm_hour, 2);
    (void)put_digits(text + 14, utc.tm_min, 2);
    (void)put_digits(text + 17, utc.tm_sec, 2);
    if (ms >= 0) {
        end = put_digits(end + 1, ms % 1000, 3);
    }
    *end++ = 'Z';
    line_text(line, name, (struct cop_slice){text, (size_t)(end - text)},
        sizeof(text));
}

bool line_begin(struct line *line, const char *name, char bracket)
{
    if (line->depth == LINE_DEPTH || !line_name(line, name, 2)) {
        return false;
    }
    line_put(line, &bracket, 1);
    line->depth++;
    line->is_first = true;
    return true;
}

void line_end(struct line *line, char bracket)
{
    line_put(line, bracket == '{' ? "}" : "]", 1);
    line->depth--;
    line->is_first = false;
}

void line_item(struct line *line, const char *text)
{
    size_t before = line->n;
    size_t room = line_room(line);

    if (room < 3) {
        return;
    }
    line_put(line, line->is_first ? "\"" : ",\"", line->is_first ? 1 : 2);
    if (line_escape(line, cop_slice_of(text), room - 3) != 0) {
        line->n = before;
        return;
    }
    line_put(line, "\"", 1);
    line->is_first = false;
}

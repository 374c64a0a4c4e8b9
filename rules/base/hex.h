/* Hexadecimal digits. */
#ifndef RULES_BASE_HEX_H
#define RULES_BASE_HEX_H

#include <stddef.h>

/* The value of a digit in either case, or -1. */
static inline int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The digit of a value below 16, upper case (RFC 3986, section 2.1). */
static inline char hex_digit(unsigned value)
{
    return "0123456789ABCDEF"[value & 15];
}

/* n bytes as 2 n digits in lower case and a NUL, as digests are written. */
static inline void hex_write(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

#endif

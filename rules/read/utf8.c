#include "rules/read/utf8.h"

#include <stdint.h>

/* Bytes of the well-formed sequence at p, RFC 3629 section 4, or 0. */
static size_t sequence_length(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t want;

    if (p[0] < 0xC2 || p[0] > 0xF4) {
        return p[0] < 0x80 ? 1 : 0;
    }
    want = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n < want) {
        return 0;
    }
    if (p[0] == 0xE0) {
        low = 0xA0; /* shorter forms exist for what is below */
    } else if (p[0] == 0xED) {
        high = 0x9F; /* surrogates */
    } else if (p[0] == 0xF0) {
        low = 0x90;
    } else if (p[0] == 0xF4) {
        high = 0x8F; /* beyond U+10FFFF */
    }
    for (size_t i = 1; i < want; i++) {
        if (p[i] < low || p[i] > high) {
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return want;
}

static enum utf8_flaw ascii_flaw(unsigned char c)
{
    if (c == '\t') {
        return UTF8_TAB;
    }
    if ((c < 0x20 && c != '\n' && c != '\r') || c == 0x7F) {
        return UTF8_CONTROL;
    }
    return UTF8_FINE;
}

enum utf8_flaw utf8_flaw_next(struct cop_slice text, size_t *at)
{
    const unsigned char *p = (const unsigned char *)text.p;
    enum utf8_flaw flaw = UTF8_FINE;
    size_t i = *at;

    while (i < text.n && flaw == UTF8_FINE) {
        size_t n = sequence_length(p + i, text.n - i);

        if (n == 0) {
            flaw = UTF8_INVALID;
        } else if (n == 1) {
            flaw = ascii_flaw(p[i]);
        } else if (p[i] == 0xC2 && p[i + 1] < 0xA0) {
            flaw = UTF8_CONTROL; /* C1, U+0085 (next line) among them */
        }
        i += flaw == UTF8_FINE ? n : 0;
    }
    *at = i;
    return flaw;
}

size_t utf8_length(struct cop_slice text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
    }
    return n;
}

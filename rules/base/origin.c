#include "rules/base/origin.h"

#include <stdio.h>

/* ISO 3166-1: for each first letter, the second letters that are assigned; the
 * standard's own "X", "Q" and "Z" for users are below. */
static const char *const assigned[26] = {
    "DEFGILMOQRSTUWXZ",
    "ABDEFGHIJLMNOQRSTVWYZ",
    "ACDFGHIKLMNORUVWXYZ",
    "EJKMOZ",
    "CEGHRST",
    "IJKMOR",
    "ABDEFGHILMNPQRSTUWY",
    "KMNRTU",
    "DELMNOQRST",
    "EMOP",
    "EGHIMNPRWYZ",
    "ABCIKRSTUVY",
    "ACDEFGHKLMNOPQRSTUVWXYZ",
    "ACEFGILOPRUZ",
    "M",
    "AEFGHKLMNRSTWY",
    "A",
    "EOSUW",
    "ABCDEGHIJKLMNORSTVXYZ",
    "CDFGHJKLMNORTVWZ",
    "AGMSYZ",
    "ACEGINU",
    "FS",
    "",
    "ET",
    "AMW",
};

static char capital(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* AA, QM to QZ, XA to XZ, ZZ. */
static bool is_left_to_users(char a, char b)
{
    return a == 'X' || (a == 'Q' && b >= 'M') || (a == 'A' && b == 'A') ||
           (a == 'Z' && b == 'Z');
}

bool origin_read_country(struct cop_slice text, char out[ORIGIN_COUNTRY_BYTES])
{
    char a;
    char b;

    if (text.n != ORIGIN_COUNTRY_BYTES) {
        return false;
    }
    a = capital(text.p[0]);
    b = capital(text.p[1]);
    if (!is_letter(a) || !is_letter(b) ||
        (strchr(assigned[a - 'A'], b) == NULL && !is_left_to_users(a, b))) {
        return false;
    }
    out[0] = a;
    out[1] = b;
    return true;
}

bool origin_read_as(struct cop_slice text, uint32_t *out)
{
    uint64_t number = 0;

    if (text.n > 2 && capital(text.p[0]) == 'A' && capital(text.p[1]) == 'S') {
        text.p += 2;
        text.n -= 2;
    }
    if (text.n == 0 || text.p[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text.p[i] - '0');
        if (number > UINT32_MAX) {
            return false;
        }
    }
    *out = (uint32_t)number;
    return true;
}

size_t origin_print_as(uint32_t number, char out[ORIGIN_AS_TEXT_MAX + 1])
{
    return (size_t)snprintf(
        out, ORIGIN_AS_TEXT_MAX + 1, "AS%u", (unsigned)number);
}

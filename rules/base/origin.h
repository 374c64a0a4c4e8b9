/* Where an address comes from: countries by their codes (ISO 3166-1 alpha-2)
 * and networks by their numbers (autonomous systems, RFC 6793), and the one
 * canonical text of each. */
#ifndef RULES_BASE_ORIGIN_H
#define RULES_BASE_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"

enum {
    ORIGIN_COUNTRY_BYTES = 2,
    ORIGIN_AS_TEXT_MAX = 12 /* "AS4294967295", NUL not counted */
};

/* Read a country's code, in letters of either case. Codes that the standard
 * gives to nobody are refused, but for those it leaves to its users (AA, QM to
 * QZ, XA to XZ, ZZ): "UK" is a mistake for "GB".
 * out    capital letters, written when true is returned */
bool origin_read_country(struct cop_slice text, char out[ORIGIN_COUNTRY_BYTES]);

/* Read "AS64496", "as64496" or "64496"; not 0, which is no network's number
 * (RFC 7607).
 * out    written when true is returned */
bool origin_read_as(struct cop_slice text, uint32_t *out);

/* "AS64496", with NUL. Returns the bytes before it. */
size_t origin_print_as(uint32_t number, char out[ORIGIN_AS_TEXT_MAX + 1]);

#endif

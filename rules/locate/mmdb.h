/* A database in MaxMind's format, checked before libmaxminddb sees it.
 *
 * The library is made for files that are trusted: what it does with a damaged
 * one has differed from release to release. So every record of the tree and
 * every value that one leads to is walked here first, and only a file in which
 * nothing leads outside is handed on. */
#ifndef RULES_LOCATE_MMDB_H
#define RULES_LOCATE_MMDB_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/locate.h"
#include "cop/slice.h"

enum {
    MMDB_DEPTH_MAX = 16,   /* maps in maps; city databases have five */
    MMDB_VALUES_MAX = 4096 /* in one record, pointers not followed */
};

enum mmdb_type {
    MMDB_POINTER = 1,
    MMDB_STRING = 2,
    MMDB_DOUBLE = 3,
    MMDB_BYTES = 4,
    MMDB_UINT16 = 5,
    MMDB_UINT32 = 6,
    MMDB_MAP = 7,
    MMDB_INT32 = 8,
    MMDB_UINT64 = 9,
    MMDB_UINT128 = 10,
    MMDB_ARRAY = 11,
    MMDB_BOOLEAN = 14,
    MMDB_FLOAT = 15
};

/* A value as it begins: of a map or an array `size` counts members, of a
 * pointer it is where that leads, of a boolean the value, else bytes. */
struct mmdb_value {
    enum mmdb_type type;
    uint32_t size;
    uint32_t at;   /* of the payload, in its section */
    uint32_t next; /* behind it, members of maps and arrays not counted */
};

/* Read how a value begins. NULL, or what is wrong with it. */
const char *mmdb_value(
    struct cop_slice section, uint32_t at, struct mmdb_value *out);

/* Check a value and all that pointers in it lead to, once each. */
struct mmdb_walk {
    struct cop_slice section;
    uint8_t *seen;     /* a bit a byte of the section */
    uint32_t *pending; /* values that something leads to, not walked yet */
    uint32_t pending_n, pending_cap;
    uint64_t budget; /* of values */
};
bool mmdb_walk_init(struct mmdb_walk *walk, struct cop_slice section);
void mmdb_walk_fini(struct mmdb_walk *walk);
/* NULL, or what is wrong; mmdb_no_memory itself when that is it. */
const char *mmdb_walk(struct mmdb_walk *walk, uint32_t at);
extern const char mmdb_no_memory[];

/* Check a whole file.
 * why   what is wrong, static, when anything but COP_OK is returned
 * Returns COP_OK, COP_E_SYNTAX, COP_E_UNSUPPORTED, COP_E_NOMEM. */
COP_MUST_USE enum cop_status mmdb_check(
    struct cop_slice file, struct cop_database_facts *out, const char **why);

#endif

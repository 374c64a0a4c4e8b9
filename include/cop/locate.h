/* Where a server's address is and whose network it is in, from databases in
 * MaxMind's format (maxmind.github.io/MaxMind-DB, version 2.0).
 *
 * The file comes from somebody else, so it is read in two steps. Whoever may
 * read files takes it whole, has every byte that a lookup could reach checked,
 * and gets it back as memory that nobody can change; whoever looks addresses
 * up has that memory and nothing else. */
#ifndef COP_LOCATE_H
#define COP_LOCATE_H

#include <stddef.h>
#include <stdint.h>

#include "cop/decide.h"
#include "cop/report.h"
#include "cop/status.h"

enum cop_database {
    COP_DATABASE_COUNTRY, /* addresses to countries */
    COP_DATABASE_AS,      /* addresses to numbers of networks */
    COP_DATABASES
};

enum { COP_DATABASE_MAX = 256 << 20, COP_DATABASE_TYPE_MAX = 63 };

/* What a database says of itself. */
struct cop_database_facts {
    char type[COP_DATABASE_TYPE_MAX + 1]; /* "GeoLite2-Country" */
    int64_t built_unix;
    uint32_t nodes;     /* of its tree */
    uint8_t ip_version; /* 4: knows no IPv6 */
};

/* "country" or "as". */
COP_API const char *cop_database_word(enum cop_database kind);

/* Check a database whole and seal a copy of it.
 * bytes   the file; n at most COP_DATABASE_MAX
 * kind    what it is wanted for: a database of another kind is refused
 * file    named in the finding; report NULL allowed
 * out     facts and a descriptor of sealed memory, the caller's; on COP_OK only
 * Cost: a pass over the file, once for each load.
 * Returns COP_OK, COP_E_SYNTAX (damaged), COP_E_UNSUPPORTED (another kind or
 * version), COP_E_LIMIT, COP_E_NOMEM, COP_E_IO. */
COP_API COP_MUST_USE enum cop_status cop_database_seal(struct cop_slice bytes,
    enum cop_database kind, const char *file, struct cop_report *report,
    struct cop_database_facts *facts, int *fd);
/* The same of a file. COP_E_IO too when it cannot be read. */
COP_API COP_MUST_USE enum cop_status cop_database_open(const char *file,
    enum cop_database kind, struct cop_report *report,
    struct cop_database_facts *facts, int *fd);

/* Databases that answer. Immutable: threads may share one. */
struct cop_locator;

/* fds   of each kind what cop_database_seal() gave, borrowed, or -1
 * Returns COP_OK, COP_E_NOMEM, COP_E_IO (/proc is not there), COP_E_SYNTAX. */
COP_API COP_MUST_USE enum cop_status cop_locator_new(
    const int fds[COP_DATABASES], struct cop_locator **out);
COP_API void cop_locator_free(struct cop_locator **locator);

/* When a database was built, by its own word; 0 when it is not there.
 * locator  NULL allowed */
COP_API int64_t cop_locator_built(
    const struct cop_locator *locator, enum cop_database kind);

/* Fill in country and as_number of an address; what no database knows becomes
 * zeros. A country is where the address is in use or, where that is not said,
 * where it is registered.
 * locator  NULL: nothing is known
 * Cost: no allocation, no system call. */
COP_API void cop_locate(
    const struct cop_locator *locator, struct cop_address *address);

#endif

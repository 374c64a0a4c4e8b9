/* Which files are compiled, and their bytes. */
#ifndef RULES_READ_SOURCE_H
#define RULES_READ_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "cop/report.h"
#include "cop/slice.h"
#include "rules/base/arena.h"
#include "rules/base/buf.h"

enum {
    SOURCES_MAX = 65536, /* documents, and folders */
    SOURCE_PATH_MAX = 4096
};

struct source {
    struct cop_slice path; /* as it is opened, followed by NUL */
    struct cop_slice name; /* relative to the folder that was given */
    uint64_t bytes;
    uint64_t device; /* with `inode`, which file it is */
    uint64_t inode;
};

struct sources {
    const struct source *p; /* in order of name, then path */
    size_t n;
    uint64_t bytes; /* of all */
};

/* Find the documents: the files named, and all *.yaml below the folders named.
 * Hidden files and folders (.name) and links to folders are passed over; a
 * file that is reached twice counts once.
 * Returns COP_OK; COP_E_IO, COP_E_LIMIT, reported; COP_E_NOMEM. */
COP_MUST_USE enum cop_status sources_find(const char *const *paths, size_t n,
    struct arena *arena, struct cop_report *report, struct sources *out);

/* Read a file whole. `out` is cleared first; its ceiling bounds the file.
 * Returns COP_OK, COP_E_IO (errno set), or COP_E_LIMIT. */
COP_MUST_USE enum cop_status source_read(const char *path, struct buf *out);

#endif

/* A text file, packed or not (unpack.h), line by line, with a bound on the line
 * and none on the file: memory does not depend on how long a list is. */
#ifndef RULES_READ_LINES_H
#define RULES_READ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/slice.h"
#include "cop/status.h"
#include "rules/read/unpack.h"

enum { LINES_MAX_BYTES = 16384, LINES_BUFFER = 65536 };

struct lines {
    struct unpack *file;
    uint32_t number;  /* of the line last given, from 1 */
    uint64_t bytes;   /* of the file, read so far */
    bool is_cut;      /* the line last given was longer than the bound */
    bool is_at_end;   /* nothing is left to read from the file */
    int error;        /* errno of a failed read; 0: none */
    const char *flaw; /* why packed data cannot be unpacked; NULL: nothing */
    size_t from;      /* unread bytes of the buffer */
    size_t to;
    char buffer[LINES_BUFFER];
};

/* Open a regular file. Returns COP_OK; COP_E_IO with errno set; COP_E_NOMEM. */
COP_MUST_USE enum cop_status lines_open(struct lines *lines, const char *path);

/* The next line without its line feed, a carriage return before it, or, on the
 * first line, a byte order mark; valid until the next call. Of a line beyond
 * the bound the beginning is given and is_cut is set.
 * Returns false at the end, or when reading failed (lines->error) or the
 * packed data are damaged (lines->flaw). */
bool lines_next(struct lines *lines, struct cop_slice *line);

void lines_close(struct lines *lines);

#endif

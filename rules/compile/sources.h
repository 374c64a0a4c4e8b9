/* From files and folders to facts: what compiling and tracing begin with. */
#ifndef RULES_COMPILE_SOURCES_H
#define RULES_COMPILE_SOURCES_H

#include "cop/compile.h"
#include "rules/base/arena.h"
#include "rules/read/facts.h"

/* What reading needs; facts live in the arena. */
struct sources_reading {
    struct arena *arena;
    struct cop_report *report;
    cop_progress_fn *progress; /* NULL: none */
    void *progress_context;
};

/* Read every document that the paths lead to.
 * Returns COP_OK, also when documents are wrong and reported; COP_E_CHECK (too
 * many of them), COP_E_IO, reported; COP_E_NOMEM. */
COP_MUST_USE enum cop_status sources_read(const char *const *paths, size_t n,
    struct facts *facts, const struct sources_reading *reading);

#endif

/* The lines of the sources that gave the rule that decides. */
#ifndef TOOLS_COPC_TRACE_H
#define TOOLS_COPC_TRACE_H

#include "cop/compile.h"
#include "tools/copc/setting.h"

enum { TRACE_TEXT_MAX = 500, TRACE_FILE_MAX = 4096 };

struct trace_line {
    char file[TRACE_FILE_MAX];
    char text[TRACE_TEXT_MAX + 4]; /* "..." behind what is too long; ? for what
                                      no terminal should get */
    uint32_t line;
};

struct trace {
    bool is_verified; /* the file is the one whose digest the bundle has */
    size_t n;
    struct trace_line lines[COP_TRACE_LINES_MAX];
};

/* Look for them below every --sources. Rules that no list of a document has
 * (of profiles, grants, appeals) give none.
 * Returns COPC_DONE, or COPC_DATA or COPC_BUG after findings. */
enum copc_exit trace_find(const struct options *options,
    const struct setting *setting, const struct cop_rule *rule,
    struct trace *out);

#endif

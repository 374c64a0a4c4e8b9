/* copc: what all of its commands share. */
#ifndef TOOLS_COPC_COPC_H
#define TOOLS_COPC_COPC_H

#include "tools/copc/options.h"

/* How copc ends; the numbers beyond 2 are those of sysexits.h. */
enum copc_exit {
    COPC_DONE = 0,
    COPC_NO = 1,     /* the answer is no */
    COPC_USAGE = 2,  /* the command line makes no sense */
    COPC_DATA = 65,  /* a source, bundle or URL is bad */
    COPC_BUG = 70,   /* out of memory, a limit, or our own mistake */
    COPC_IO = 74,    /* the output could not be written */
    COPC_CONFIG = 78 /* a policy file is bad */
};

/* One command: reads `options`, writes data on standard output and everything
 * else on standard error. Returns how copc ends. */
#define COPC_COMMAND(symbol, word, run, synopsis, summary, details)            \
    enum copc_exit run(const struct options *options);
#include "tools/copc/commands.tbl"

#endif

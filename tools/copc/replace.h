/* Putting bytes in a file's place, whole or not at all, whatever happens. */
#ifndef TOOLS_COPC_REPLACE_H
#define TOOLS_COPC_REPLACE_H

#include <stddef.h>

enum replace_result {
    REPLACE_DONE,
    REPLACE_FAILED,      /* errno says why; what was there is unchanged */
    REPLACE_UNCONFIRMED, /* it is in place, but errno says why a loss of power
                            may undo that */
    REPLACE_STOPPED      /* a signal asked to end; nothing was changed, and the
                            signal is no longer held back */
};

/* Put n bytes where `path` says, which is no link and no folder. */
enum replace_result replace_file(const char *path, const void *bytes, size_t n);

#endif

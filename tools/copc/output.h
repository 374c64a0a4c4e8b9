/* Writing a file whole or not at all. */
#ifndef TOOLS_COPC_OUTPUT_H
#define TOOLS_COPC_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cop/report.h"

/* Put n bytes where `path` says: written beside it, flushed to the disk and
 * renamed over it, so that a reader sees the old file or the new one. A path
 * that is a symbolic link keeps being one; one that is no regular file (a
 * device, a pipe) is written to in place.
 * report  gets one finding on failure: what failed, and what to do
 * Returns false then. */
bool output_write(
    const char *path, const void *bytes, size_t n, struct cop_report *report);

#endif

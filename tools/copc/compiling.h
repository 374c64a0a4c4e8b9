/* What `build` and `check` have in common: compile and judge. */
#ifndef TOOLS_COPC_COMPILING_H
#define TOOLS_COPC_COMPILING_H

#include "cop/compile.h"
#include "tools/copc/copc.h"
#include "tools/copc/findings.h"
#include "tools/copc/samples.h"

/* Compile what the operands name.
 * image  NULL to check only; written when COPC_DONE is returned */
enum copc_exit compiling_run(const struct options *options,
    struct findings *findings, struct cop_image *image);

/* The same with an address for each entry of the lists.
 * samples  NULL: not wanted */
enum copc_exit compiling_run_for(const struct options *options,
    struct findings *findings, struct samples *samples,
    struct cop_image *image);

/* The same with a call for each entry of the lists.
 * entry  NULL: not wanted */
enum copc_exit compiling_run_with(const struct options *options,
    struct findings *findings, cop_entry_fn *entry, void *entry_context,
    struct cop_image *image);

#endif

/* A policy to look at: a bundle file, or sources that are compiled first. */
#ifndef TOOLS_COPC_MATERIAL_H
#define TOOLS_COPC_MATERIAL_H

#include "cop/compile.h"
#include "tools/copc/copc.h"
#include "tools/copc/findings.h"
#include "tools/copc/samples.h"

struct material {
    struct cop_bundle *bundle;
    struct cop_image image; /* of sources */
    bool is_compiled;
};

/* Open one bundle file, or compile folders and documents.
 * findings  gets what is wrong
 * samples   NULL, or gets an address for each entry of sources
 * Returns COPC_DONE, or how copc ends; material_close() in either case. */
enum copc_exit material_open(struct material *material,
    const struct options *options, const char *const *paths, size_t n,
    struct findings *findings, struct samples *samples);
void material_close(struct material *material);

#endif

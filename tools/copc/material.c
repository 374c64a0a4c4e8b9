#include "tools/copc/material.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/copc/compiling.h"

/* Whether a path is meant as a bundle: a file that begins as one, or one that
 * is no document, so that a damaged bundle is called that. */
static bool is_bundle(const char *path)
{
    static const char magic[] = "COPBNDL";
    char begin[sizeof magic - 1] = {0};
    const char *dot = strrchr(path, '.');
    struct stat found;
    size_t n = 0;
    FILE *file;

    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        return false;
    }
    file = fopen(path, "rbe");
    if (file != NULL) {
        n = fread(begin, 1, sizeof begin, file);
        (void)fclose(file);
    }
    return (n == sizeof begin && memcmp(begin, magic, n) == 0) || dot == NULL ||
           strcmp(dot, ".yaml") != 0;
}

static enum copc_exit compile(struct material *material,
    const struct options *options, const char *const *paths, size_t n,
    struct findings *findings, struct samples *samples)
{
    struct options with = *options;
    enum copc_exit ended;

    with.operands = paths;
    with.operands_n = n;
    ended = compiling_run_for(&with, findings, samples, &material->image);
    if (ended != COPC_DONE) {
        return ended;
    }
    material->is_compiled = true;
    return cop_bundle_open_memory(material->image.bytes, material->image.n,
               paths[0], &findings->report, &material->bundle) == COP_OK
               ? COPC_DONE
               : COPC_BUG;
}

enum copc_exit material_open(struct material *material,
    const struct options *options, const char *const *paths, size_t n,
    struct findings *findings, struct samples *samples)
{
    enum cop_status status;

    *material = (struct material){0};
    if (n != 1 || !is_bundle(paths[0])) {
        return compile(material, options, paths, n, findings, samples);
    }
    status = cop_bundle_open(paths[0], &findings->report, &material->bundle);
    if (status == COP_OK) {
        return COPC_DONE;
    }
    return status == COP_E_NOMEM ? COPC_BUG : COPC_DATA;
}

void material_close(struct material *material)
{
    cop_bundle_drop(&material->bundle);
    cop_image_free(&material->image);
}

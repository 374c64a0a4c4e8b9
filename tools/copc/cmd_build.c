/* copc build: sources to one bundle, or every reason why not. */
#include <stdio.h>

#include "tools/copc/compiling.h"
#include "tools/copc/inside.h"
#include "tools/copc/output.h"

/* What was written, for people on standard error or as JSON. */
static enum copc_exit tell(const struct options *options,
    const struct findings *findings, const struct cop_image *image)
{
    const char *path = options->value[OPTION_OUTPUT];
    struct cop_bundle *bundle = NULL;
    json_t *object;

    if (cop_bundle_open_memory(image->bytes, image->n, path, NULL, &bundle) !=
        COP_OK) {
        fprintf(stderr, "copc: the new bundle %s does not open\n", path);
        return COPC_BUG;
    }
    if (findings->rows == NULL) {
        fprintf(stderr, "%swrote%s %s\n", term_style(stderr, TERM_GOOD),
            term_style(stderr, TERM_PLAIN), path);
        inside_print(stderr, bundle);
        cop_bundle_drop(&bundle);
        return COPC_DONE;
    }
    object = findings_object(findings, true);
    if (object != NULL) {
        (void)json_object_set_new(object, "bundle", inside_json(bundle));
    }
    cop_bundle_drop(&bundle);
    return findings_print(object) ? COPC_DONE : COPC_IO;
}

static enum copc_exit build(
    const struct options *options, struct findings *findings)
{
    struct cop_image image = {NULL, 0};
    enum copc_exit ended = compiling_run(options, findings, &image);

    if (ended == COPC_DONE &&
        !output_write(options->value[OPTION_OUTPUT], image.bytes, image.n)) {
        ended = COPC_IO;
    }
    if (ended == COPC_DONE) {
        ended = tell(options, findings, &image);
    } else if (ended != COPC_USAGE && findings->rows != NULL &&
               !findings_print(findings_object(findings, false))) {
        ended = COPC_IO;
    } else if (ended == COPC_NO || ended == COPC_DATA) {
        fputs("no bundle was written\n", stderr);
    }
    cop_image_free(&image);
    return ended;
}

enum copc_exit copc_build(const struct options *options)
{
    struct findings findings;
    enum copc_exit ended = COPC_BUG;

    if (!options_has(options, OPTION_OUTPUT)) {
        options_complain(options, "say with -o FILE where the bundle goes");
        return COPC_USAGE;
    }
    if (findings_init(&findings, options_has(options, OPTION_JSON))) {
        ended = build(options, &findings);
    }
    findings_fini(&findings);
    return ended;
}

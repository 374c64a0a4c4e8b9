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

/* Why nothing was written; `ended` says it in short, and is returned. */
static enum copc_exit tell_failure(
    const struct findings *findings, enum copc_exit ended)
{
    if (ended == COPC_USAGE) {
        return ended;
    }
    if (findings->rows != NULL) {
        return findings_print(findings_object(findings, false)) ? ended
                                                                : COPC_IO;
    }
    fprintf(stderr, "no bundle was written: %u %s\n", findings->report.errors,
        findings->report.errors == 1 ? "error" : "errors");
    return ended;
}

static enum copc_exit build(
    const struct options *options, struct findings *findings)
{
    struct cop_image image = {NULL, 0};
    enum copc_exit ended = compiling_run(options, findings, &image);

    if (ended == COPC_DONE && !output_write(options->value[OPTION_OUTPUT],
                                  image.bytes, image.n, &findings->report)) {
        ended = COPC_IO;
    }
    ended = ended == COPC_DONE ? tell(options, findings, &image)
                               : tell_failure(findings, ended);
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

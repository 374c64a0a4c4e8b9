#include "tools/copc/compiling.h"

#include <time.h>

#include "tools/copc/moment.h"

static enum copc_exit exit_of(enum cop_status status)
{
    switch (cop_status_family(status)) {
    case COP_FAMILY_DONE:
        return COPC_DONE;
    case COP_FAMILY_DATA:
        return status == COP_E_VECTOR ? COPC_NO : COPC_DATA;
    case COP_FAMILY_RESOURCE:
        return status == COP_E_IO ? COPC_DATA : COPC_BUG;
    case COP_FAMILY_NOTYET:
    case COP_FAMILY_BUG:
        return COPC_BUG;
    }
    return COPC_BUG;
}

enum copc_exit compiling_run_with(const struct options *options,
    struct findings *findings, cop_entry_fn *entry, void *entry_context,
    struct cop_image *image)
{
    struct cop_compile_options compile = {
        .now_unix = (int64_t)time(NULL),
        .warnings_fail = options_has(options, OPTION_STRICT),
        .progress = term_progress_step,
        .progress_context = &findings->progress,
        .entry = entry,
        .entry_context = entry_context,
    };
    const char *now = options->value[OPTION_NOW];
    struct cop_moment moment;
    enum cop_status status;

    if (options->operands_n == 0) {
        options_complain(options, "nothing to read: name a folder or files");
        return COPC_USAGE;
    }
    if (now != NULL && !moment_parse(now, &moment)) {
        options_complain(
            options, "--now %s is no time; write 2026-03-02T10:00:00Z", now);
        return COPC_USAGE;
    }
    if (now != NULL) {
        compile.now_unix = moment.unix_time;
    }
    status = cop_compile(options->operands, options->operands_n, &compile,
        &findings->report, image);
    term_progress_end(&findings->progress);
    return exit_of(status);
}

enum copc_exit compiling_run_for(const struct options *options,
    struct findings *findings, struct samples *samples, struct cop_image *image)
{
    return compiling_run_with(options, findings,
        samples != NULL ? samples_entry : NULL, samples, image);
}

enum copc_exit compiling_run(const struct options *options,
    struct findings *findings, struct cop_image *image)
{
    return compiling_run_with(options, findings, NULL, NULL, image);
}

/* copc export: from sources to what a resolver or an older filter can do. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/copc/compiling.h"
#include "tools/copc/export.h"
#include "tools/copc/output.h"

static bool read_format(
    const struct options *options, enum export_format *format)
{
    const char *word = options->value[OPTION_FORMAT];

    for (unsigned i = 0; word != NULL && i < EXPORT_FORMATS; i++) {
        if (strcmp(word, export_format_word((enum export_format)i)) == 0) {
            *format = (enum export_format)i;
            return true;
        }
    }
    options_complain(
        options, "name a --format: plain, hosts, rpz, dnsmasq or squidguard");
    return false;
}

/* Where it goes: JSON needs standard output for itself, and a folder is no
 * stream. */
static bool check_output(
    const struct options *options, enum export_format format)
{
    if (options_has(options, OPTION_OUTPUT)) {
        return true;
    }
    if (format == EXPORT_SQUIDGUARD) {
        options_complain(
            options, "name a folder with -o for its domains and urls");
        return false;
    }
    if (options_has(options, OPTION_JSON)) {
        options_complain(options, "name a file with -o beside --json");
        return false;
    }
    return true;
}

/* ---- output ---- */

static bool write_part(const char *folder, const char *name,
    const struct buf *bytes, struct cop_report *report)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (n < 0 || (size_t)n >= sizeof path) {
        fprintf(stderr, "copc: the path %s is too long\n", folder);
        return false;
    }
    return output_write(path, bytes->p, bytes->n, report);
}

static bool write_folder(
    const struct export *export, const char *folder, struct cop_report *report)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "copc: cannot make the folder %s: %s\n", folder,
            strerror(errno));
        return false;
    }
    return write_part(folder, "domains", &export->names, report) &&
           write_part(folder, "urls", &export->urls, report);
}

static bool write_files(const struct export *export,
    const struct options *options, struct cop_report *report)
{
    const char *path = options->value[OPTION_OUTPUT];

    if (export->format == EXPORT_SQUIDGUARD) {
        return write_folder(export, path, report);
    }
    if (path != NULL) {
        return output_write(path, export->names.p, export->names.n, report);
    }
    return fwrite(export->names.p, 1, export->names.n, stdout) ==
           export->names.n;
}

static enum copc_exit tell(
    const struct export *export, const struct options *options)
{
    if (!options_has(options, OPTION_JSON)) {
        export_tell(export);
        return COPC_DONE;
    }
    return findings_print(export_json(export)) ? COPC_DONE : COPC_IO;
}

/* ---- the whole ---- */

/* Whether the subject's hours close everything: an export then would too, at
 * all other times as well. */
static bool is_outside_hours(const struct setting *setting)
{
    struct cop_class nothing = {.n = 0};
    struct cop_verdict verdict;

    cop_evaluate(setting->policy, &nothing, setting->profile, &setting->moment,
        &verdict);
    return verdict.is_scheduled;
}

static enum copc_exit export_all(struct export *export,
    const struct options *options, struct cop_report *report)
{
    if (!export_tally_init(export) || !export_decide(export) ||
        !export_write(export)) {
        fputs("copc: out of memory\n", stderr);
        return COPC_BUG;
    }
    return write_files(export, options, report) ? tell(export, options)
                                                : COPC_IO;
}

static enum copc_exit run(struct export *export, const struct options *options,
    struct findings *findings)
{
    struct cop_image image = {NULL, 0};
    struct setting setting = {0};
    struct setting_sources sources = {
        .image = &image, .entry = export_entry, .entry_context = export};
    enum copc_exit ended =
        compiling_run_with(options, findings, export_entry, export, &image);

    if (ended == COPC_DONE) {
        sources.name = options->operands[0];
        export->setting = &setting;
        ended = setting_open_sources(&setting, options, &sources, findings);
    }
    if (ended == COPC_DONE && is_outside_hours(&setting)) {
        options_complain(options,
            "at that time %s has no internet at all; choose another with --at",
            setting.who);
        ended = COPC_USAGE;
    }
    if (ended == COPC_DONE) {
        ended = export_all(export, options, &findings->report);
    }
    setting_close(&setting);
    cop_image_free(&image);
    return ended;
}

enum copc_exit copc_export(const struct options *options)
{
    struct findings findings;
    struct export export;
    enum copc_exit ended = COPC_BUG;

    export_init(&export);
    if (!read_format(options, &export.format) ||
        !check_output(options, export.format)) {
        return COPC_USAGE;
    }
    if (findings_init(&findings, false)) {
        ended = run(&export, options, &findings);
        findings_fini(&findings);
    }
    export_fini(&export);
    return ended;
}

/* copc report: what an oversight body reads. */
#include <stdlib.h>
#include <time.h>

#include "tools/copc/material.h"
#include "tools/copc/moment.h"
#include "tools/copc/output.h"
#include "tools/copc/report.h"

static void write_form(
    FILE *to, const json_t *report, const struct options *options)
{
    if (options_has(options, OPTION_HTML)) {
        report_html(to, report);
    } else if (options_has(options, OPTION_JSON)) {
        (void)json_dumpf(report, to, JSON_INDENT(2));
        (void)fputc('\n', to);
    } else {
        report_print(to, report);
    }
}

/* To a file whole or not at all. */
static enum copc_exit write_file(const json_t *report,
    const struct options *options, struct findings *findings)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&bytes, &n);
    bool is_written;

    if (to == NULL) {
        return COPC_BUG;
    }
    write_form(to, report, options);
    if (fclose(to) != 0) {
        free(bytes);
        return COPC_BUG;
    }
    is_written = output_write(
        options->value[OPTION_OUTPUT], bytes, n, &findings->report);
    free(bytes);
    return is_written ? COPC_DONE : COPC_IO;
}

static enum copc_exit tell(const struct material *material,
    const struct options *options, struct findings *findings)
{
    const char *now = options->value[OPTION_NOW];
    struct cop_moment moment = {.unix_time = (int64_t)time(NULL)};
    enum copc_exit ended = COPC_DONE;
    json_t *report;

    if (now != NULL && !moment_parse(now, &moment)) {
        options_complain(
            options, "--now %s is no time; write 2026-03-02T10:00:00Z", now);
        return COPC_USAGE;
    }
    report = report_make(material->bundle, moment.unix_time);
    if (report == NULL) {
        fputs("copc: out of memory\n", stderr);
        return COPC_BUG;
    }
    if (options_has(options, OPTION_OUTPUT)) {
        ended = write_file(report, options, findings);
    } else {
        write_form(stdout, report, options);
    }
    json_decref(report);
    return ended;
}

enum copc_exit copc_report(const struct options *options)
{
    struct findings findings;
    struct material material = {0};
    enum copc_exit ended = COPC_BUG;

    if (options->operands_n == 0) {
        options_complain(options, "name a bundle, or folders and documents");
        return COPC_USAGE;
    }
    if (options_has(options, OPTION_JSON) &&
        options_has(options, OPTION_HTML)) {
        options_complain(options, "--json and --html exclude each other");
        return COPC_USAGE;
    }
    if (findings_init(&findings, false)) {
        ended = material_open(&material, options, options->operands,
            options->operands_n, &findings, NULL);
        ended =
            ended == COPC_DONE ? tell(&material, options, &findings) : ended;
        findings_fini(&findings);
    }
    material_close(&material);
    return ended;
}

/* copc check: the checks and the vectors, nothing written. */
#include <stdio.h>

#include "tools/copc/compiling.h"

static void say_outcome(const struct findings *findings, enum copc_exit ended)
{
    const struct cop_report *report = &findings->report;

    if (ended == COPC_DONE) {
        fprintf(stderr, "%sfine%s: every check passes, every vector holds",
            term_style(stderr, TERM_GOOD), term_style(stderr, TERM_PLAIN));
    } else {
        fprintf(stderr, "%snot fine%s: %u %s", term_style(stderr, TERM_BAD),
            term_style(stderr, TERM_PLAIN), report->errors,
            report->errors == 1 ? "error" : "errors");
    }
    if (report->warnings != 0) {
        fprintf(stderr, ", %u %s", report->warnings,
            report->warnings == 1 ? "warning" : "warnings");
    }
    fputc('\n', stderr);
}

enum copc_exit copc_check(const struct options *options)
{
    struct findings findings;
    enum copc_exit ended = COPC_BUG;

    if (findings_init(&findings, options_has(options, OPTION_JSON))) {
        ended = compiling_run(options, &findings, NULL);
    }
    if (ended != COPC_USAGE && findings.rows != NULL) {
        if (!findings_print(findings_object(&findings, ended == COPC_DONE))) {
            ended = COPC_IO;
        }
    } else if (ended != COPC_USAGE) {
        say_outcome(&findings, ended);
    }
    findings_fini(&findings);
    return ended;
}

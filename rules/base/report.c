#include "cop/report.h"

#include <stdarg.h>
#include <stdio.h>

enum { WHAT_MAX = 1023 };

void cop_report_emit(
    struct cop_report *report, const struct cop_finding *finding)
{
    if (report == NULL) {
        return;
    }
    if (finding->severity == COP_ERROR) {
        report->errors++;
    } else if (finding->severity == COP_WARNING) {
        report->warnings++;
    }
    if (report->emit != NULL) {
        report->emit(report->context, finding);
    }
}

void cop_report_at(struct cop_report *report, enum cop_severity severity,
    const char *code, const char *file, uint32_t line, uint32_t column,
    const char *todo, const char *format, ...)
{
    char what[WHAT_MAX + 1];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    cop_report_emit(report, &(struct cop_finding){
                                .severity = severity,
                                .code = code,
                                .file = file,
                                .line = line,
                                .column = column,
                                .what = what,
                                .todo = todo,
                            });
}

#include "gateway/proc/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void say(enum say_priority priority, const char *format, ...)
{
    const char *prefix = getenv("JOURNAL_STREAM") != NULL ? "<%d>" : "";
    char line[1536];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (prefix[0] != '\0') {
        fprintf(stderr, "<%d>copgate: %s\n", (int)priority, line);
    } else {
        fprintf(stderr, "copgate: %s\n", line);
    }
}

void say_finding(void *context, const struct cop_finding *finding)
{
    static const char *const words[] = {
        [COP_NOTE] = "note", [COP_WARNING] = "warning", [COP_ERROR] = "error"};
    const char *file = finding->file != NULL ? finding->file : "copgate";
    char where[64] = "";

    (void)context;
    if (finding->severity == COP_NOTE) {
        return;
    }
    if (finding->line != 0 && finding->column != 0) {
        snprintf(
            where, sizeof(where), ":%u:%u", finding->line, finding->column);
    } else if (finding->line != 0) {
        snprintf(where, sizeof(where), ":%u", finding->line);
    }
    say(finding->severity == COP_ERROR ? SAY_ERROR : SAY_WARNING,
        "%s%s: %s: %s [%s]%s%s", file, where, words[finding->severity],
        finding->what, finding->code != NULL ? finding->code : "-",
        finding->todo != NULL ? "\n  to do: " : "",
        finding->todo != NULL ? finding->todo : "");
}

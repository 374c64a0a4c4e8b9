/* A sink that keeps findings as lines of text, for tests that expect them:
 * "error file:2:7 yaml what | todo". Include once per program. */
#ifndef TESTS_UNIT_FINDINGS_H
#define TESTS_UNIT_FINDINGS_H

#include <stdio.h>
#include <string.h>

#include "cop/report.h"

struct findings {
    struct cop_report report;
    size_t used;
    char text[32768];
};

static inline void findings_keep(
    void *context, const struct cop_finding *finding)
{
    static const char *const words[] = {"note", "warning", "error"};
    struct findings *f = context;
    const char *file = finding->file != NULL ? finding->file : "-";
    const char *base = strrchr(file, '/');
    int n = snprintf(f->text + f->used, sizeof(f->text) - f->used,
        "%s %s:%u:%u %s %s%s%s\n", words[finding->severity],
        base != NULL ? base + 1 : file, finding->line, finding->column,
        finding->code, finding->what, finding->todo != NULL ? " | " : "",
        finding->todo != NULL ? finding->todo : "");

    if (n > 0 && (size_t)n < sizeof(f->text) - f->used) {
        f->used += (size_t)n;
    }
}

static inline void findings_init(struct findings *f)
{
    f->report = (struct cop_report){.emit = findings_keep, .context = f};
    f->used = 0;
    f->text[0] = '\0';
}

static inline int findings_have(const struct findings *f, const char *part)
{
    if (strstr(f->text, part) != NULL) {
        return 1;
    }
    fprintf(stderr, "expected: %s\nfindings:\n%s", part, f->text);
    return 0;
}

#endif

/* Findings: what a reader, a check or the compiler has to say to a person.
 *
 * Every finding names where (file, line, column), what is wrong and what to do
 * about it. The library never prints: it hands findings to the caller's sink.
 */
#ifndef COP_REPORT_H
#define COP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/status.h"

enum cop_severity { COP_NOTE, COP_WARNING, COP_ERROR };

struct cop_finding {
    enum cop_severity severity;
    const char *code;    /* "L05", "yaml", "list", "vector", "bundle"... */
    const char *file;    /* NULL when it is about no file */
    uint32_t line;       /* from 1; 0 when unknown */
    uint32_t column;     /* from 1, in bytes; 0 when unknown */
    const char *what;    /* one sentence: what is wrong */
    const char *todo;    /* one sentence: what to do; NULL if `what` says it */
    const char *subject; /* requirement id and the like; NULL if none */
};

/* A sink for findings. The finding and its strings live for the call only. */
typedef void cop_report_fn(void *context, const struct cop_finding *finding);

struct cop_report {
    cop_report_fn *emit; /* NULL: findings are counted and dropped */
    void *context;
    uint32_t errors;
    uint32_t warnings;
};

/* Count a finding and hand it to the sink. */
COP_API void cop_report_emit(
    struct cop_report *report, const struct cop_finding *finding);

/* The same with `what` formatted as by printf, cut at 1,023 bytes. */
COP_API void cop_report_at(struct cop_report *report,
    enum cop_severity severity, const char *code, const char *file,
    uint32_t line, uint32_t column, const char *todo, const char *format, ...)
    __attribute__((format(printf, 8, 9)));

#endif

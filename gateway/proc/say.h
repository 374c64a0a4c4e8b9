/* What a process says to its operator: lines on standard error, with the
 * priority prefix that journald reads when it is the one listening. */
#ifndef GATEWAY_PROC_SAY_H
#define GATEWAY_PROC_SAY_H

#include "cop/report.h"

enum say_priority { SAY_ERROR = 3, SAY_WARNING = 4, SAY_NOTICE = 5 };

/* One line, printf-like, without the newline. */
void say(enum say_priority priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A cop_report_fn: "file:line:column: error: what [code]", then what to do.
 * Notes are passed over: the compiler's tool is where they belong. */
void say_finding(void *context, const struct cop_finding *finding);

#endif

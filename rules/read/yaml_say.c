#include <stdarg.h>
#include <stdio.h>

#include "rules/read/describe.h"
#include "rules/read/yaml.h"

static void say(struct yaml *yaml, enum cop_severity severity,
    const struct yaml_node *node, const char *const words[2],
    const char *format, va_list list)
{
    char what[1024];
    struct cop_finding finding = {
        .severity = severity,
        .code = words[0],
        .file = yaml->file,
        .line = node != NULL ? node->line : 0,
        .column = node != NULL ? node->column : 0,
        .what = what,
        .todo = words[1],
        .subject = yaml->subject,
    };

    if (yaml->observer != NULL) {
        if (severity == COP_ERROR) {
            yaml->observer->refuse(yaml->observer->context, node);
        }
        return;
    }
    (void)vsnprintf(what, sizeof(what), format, list);
    yaml->errors += severity == COP_ERROR;
    cop_report_emit(yaml->report, &finding);
}

void yaml_error(struct yaml *yaml, const struct yaml_node *node,
    const char *code, const char *todo, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(yaml, COP_ERROR, node, (const char *[2]){code, todo}, format, list);
    va_end(list);
}

void yaml_warn(struct yaml *yaml, const struct yaml_node *node,
    const char *code, const char *todo, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(yaml, COP_WARNING, node, (const char *[2]){code, todo}, format, list);
    va_end(list);
}

void yaml_note(struct yaml *yaml, const struct yaml_node *node,
    const char *code, const char *todo, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(yaml, COP_NOTE, node, (const char *[2]){code, todo}, format, list);
    va_end(list);
}

#include "rules/check/check.h"

#include <stdarg.h>
#include <stdio.h>

enum check_scope { SCOPE_REQUIREMENT, SCOPE_MODEL };

static const struct {
    enum check_scope scope;
    const char *code;
    check_fn *run;
} checks[] = {
#define CHECK(scope, code, function, words)                                    \
    {SCOPE_##scope, code, check_##function},
#include "rules/check/check.tbl"
};

enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

void check_say(const struct check *check, enum cop_severity severity,
    const struct place *place, const char *todo, const char *format, ...)
{
    char what[1024];
    va_list list;
    struct cop_finding finding = {
        .severity = severity,
        .code = check->code,
        .what = what,
        .todo = todo,
    };

    va_start(list, format);
    (void)vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    if (place != NULL) {
        finding.file = place->file;
        finding.line = place->line;
        finding.column = place->column;
    }
    if (check->requirement != NULL) {
        finding.subject = check->requirement->head.id.p;
        if (!model_is_in_force(check->requirement)) {
            finding.severity = COP_NOTE;
        }
    }
    cop_report_emit(check->model->report, &finding);
}

bool check_denies(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    return !model_is_inert(requirement) && requirement->action != DO_ALLOW &&
           !model_is_beside(requirement);
}

struct place check_entry_place(
    const struct model *model, const struct tables_entry *entry)
{
    const struct model_list *list = &model->lists[entry->list];
    const char *file = list->place.file;

    if (list->fact != NULL && list->fact->path.p != NULL) {
        file = list->fact->path.p;
    }
    return (struct place){file, entry->line, 1};
}

const struct fact_requirement *check_owner(
    const struct model *model, const struct model_list *list)
{
    return model_requirement(model, list->t.owner);
}

static void check_requirement(const struct model *model, uint32_t index)
{
    struct check check = {
        .model = model,
        .requirement = model_requirement(model, index),
        .index = index,
    };

    for (size_t i = 0; i < CHECKS; i++) {
        if (checks[i].scope == SCOPE_REQUIREMENT) {
            check.code = checks[i].code;
            checks[i].run(&check);
        }
    }
}

void check_run(const struct model *model)
{
    struct check check = {.model = model};

    for (uint32_t i = 0; i < model->requirements.n; i++) {
        check_requirement(model, i);
    }
    for (size_t i = 0; i < CHECKS; i++) {
        if (checks[i].scope == SCOPE_MODEL) {
            check.code = checks[i].code;
            checks[i].run(&check);
        }
    }
}

#include "rules/check/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* FNV-1a, over what tells two findings apart. */
static uint64_t finding_hash(const struct cop_finding *finding)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const uint32_t at[2] = {finding->line, finding->column};
    const char *const texts[2] = {finding->code, finding->what};

    for (size_t i = 0; i < 2; i++) {
        for (const char *c = texts[i]; *c != '\0'; c++) {
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
        }
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static bool was_said(struct check_said *said, const struct cop_finding *finding)
{
    uint64_t hash = finding_hash(finding);

    for (size_t i = 0; i < said->n; i++) {
        if (said->hashes[i] == hash) {
            return true;
        }
    }
    if (said->n < CHECK_SAID_MAX) {
        said->hashes[said->n++] = hash;
    }
    return false;
}

/* What is found in an amended part only is so from a date on. */
static void tell_amendment(const struct check *check, char *what, size_t room)
{
    size_t n = strlen(what);
    char day[11];

    if (check->requirement != NULL && check->requirement->is_amended) {
        model_day(check->model, check->requirement->time.from_unix, day);
        (void)snprintf(what + n, room - n, " (as amended from %s)", day);
    }
}

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
    if (check->said == NULL || !was_said(check->said, &finding)) {
        tell_amendment(check, what, sizeof(what));
        cop_report_emit(check->model->report, &finding);
    }
}

bool check_denies(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    return !model_is_inert(requirement) && requirement->action != DO_ALLOW;
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

const struct fact_requirement *check_sharer(const struct model *model,
    const struct model_list *list, const struct fact_requirement *last)
{
    size_t i = list->t.owner;
    const struct fact_requirement *owner = model_requirement(model, i);

    if (last == NULL) {
        return owner;
    }
    for (i += last->head.part - owner->head.part + 1;
         i < model->requirements.n &&
         model_requirement(model, i)->head.part > 0;
         i++) {
        if (model_requirement(model, i)->lists_of == owner) {
            return model_requirement(model, i);
        }
    }
    return NULL;
}

static void check_requirement(
    const struct model *model, uint32_t index, struct check_said *said)
{
    struct check check = {
        .model = model,
        .requirement = model_requirement(model, index),
        .index = index,
        .said = said,
    };

    if (check.requirement->head.part == 0) {
        said->n = 0;
    }

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
    struct check_said said = {.n = 0};

    for (uint32_t i = 0; i < model->requirements.n; i++) {
        check_requirement(model, i, &said);
    }
    for (size_t i = 0; i < CHECKS; i++) {
        if (checks[i].scope == SCOPE_MODEL) {
            check.code = checks[i].code;
            checks[i].run(&check);
        }
    }
}

#include "tools/copc/findings.h"

#include <stdio.h>

static const char *severity_word(enum cop_severity severity)
{
    switch (severity) {
    case COP_NOTE:
        return "note";
    case COP_WARNING:
        return "warning";
    case COP_ERROR:
        return "error";
    }
    return "error";
}

static enum term_style severity_style(enum cop_severity severity)
{
    switch (severity) {
    case COP_NOTE:
        return TERM_STRONG;
    case COP_WARNING:
        return TERM_CARE;
    case COP_ERROR:
        return TERM_BAD;
    }
    return TERM_BAD;
}

static void print_place(const struct cop_finding *finding)
{
    if (finding->file == NULL) {
        fputs("copc: ", stderr);
        return;
    }
    fputs(finding->file, stderr);
    if (finding->line != 0) {
        fprintf(stderr, ":%u", finding->line);
    }
    if (finding->line != 0 && finding->column != 0) {
        fprintf(stderr, ":%u", finding->column);
    }
    fputs(": ", stderr);
}

static void print_finding(void *context, const struct cop_finding *finding)
{
    struct findings *findings = context;

    term_progress_end(&findings->progress);
    print_place(finding);
    fprintf(stderr, "%s%s:%s %s",
        term_style(stderr, severity_style(finding->severity)),
        severity_word(finding->severity), term_style(stderr, TERM_PLAIN),
        finding->what);
    if (finding->code != NULL) {
        fprintf(stderr, " [%s]", finding->code);
    }
    fputc('\n', stderr);
    if (finding->subject != NULL) {
        fprintf(stderr, "  about: %s\n", finding->subject);
    }
    if (finding->todo != NULL) {
        fprintf(stderr, "  to do: %s\n", finding->todo);
    }
}

/* Sources may hold any bytes; a string that is no UTF-8 becomes null. */
static json_t *text_or_null(const char *text)
{
    json_t *value = text != NULL ? json_string(text) : NULL;

    return value != NULL ? value : json_null();
}

static void keep_finding(void *context, const struct cop_finding *finding)
{
    struct findings *findings = context;
    json_t *row = json_pack("{s:s, s:o, s:o, s:i, s:i, s:o, s:o, s:o}",
        "severity", severity_word(finding->severity), "code",
        text_or_null(finding->code), "file", text_or_null(finding->file),
        "line", (int)finding->line, "column", (int)finding->column, "what",
        text_or_null(finding->what), "todo", text_or_null(finding->todo),
        "subject", text_or_null(finding->subject));

    if (row == NULL || json_array_append_new(findings->rows, row) != 0) {
        findings->has_failed = true;
    }
}

bool findings_init(struct findings *findings, bool json)
{
    *findings = (struct findings){0};
    term_progress_init(&findings->progress);
    findings->report.emit = json ? keep_finding : print_finding;
    findings->report.context = findings;
    if (!json) {
        return true;
    }
    findings->progress.is_on = false;
    findings->rows = json_array();
    return findings->rows != NULL;
}

void findings_fini(struct findings *findings)
{
    term_progress_end(&findings->progress);
    json_decref(findings->rows);
    findings->rows = NULL;
}

json_t *findings_object(const struct findings *findings, bool is_ok)
{
    if (findings->has_failed) {
        return NULL;
    }
    return json_pack("{s:s, s:b, s:i, s:i, s:O}", "schema", "copc/findings/v1",
        "ok", is_ok, "errors", (int)findings->report.errors, "warnings",
        (int)findings->report.warnings, "findings", findings->rows);
}

bool findings_print(json_t *object)
{
    bool is_written;

    if (object == NULL) {
        fputs("copc: out of memory while writing JSON\n", stderr);
        return false;
    }
    is_written = json_dumpf(object, stdout, JSON_INDENT(2)) == 0;
    json_decref(object);
    return is_written && putchar('\n') != EOF;
}

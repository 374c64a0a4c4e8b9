/* Findings for people (lines on standard error) or for programs (JSON). */
#ifndef TOOLS_COPC_FINDINGS_H
#define TOOLS_COPC_FINDINGS_H

#include <stdbool.h>

#include <jansson.h>

#include "cop/report.h"
#include "tools/copc/term.h"

struct findings {
    struct cop_report report; /* hand this to the library */
    json_t *rows;             /* NULL when findings go to people */
    bool has_failed;          /* a row could not be kept */
    struct term_progress progress;
};

/* json   keep the findings as rows instead of printing them
 * Returns false when memory ran out. */
bool findings_init(struct findings *findings, bool json);
void findings_fini(struct findings *findings);

/* The rows as {"schema": "copc/findings/v1", "ok", "errors", "warnings",
 * "findings": [...]}, a new reference, or NULL when memory ran out. */
json_t *findings_object(const struct findings *findings, bool is_ok);

/* Print an object on standard output and drop it. Returns false when it is
 * NULL or cannot be written. */
bool findings_print(json_t *object);

#endif

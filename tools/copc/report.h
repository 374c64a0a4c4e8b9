/* The conformance report: what a bundle demands, on which basis, with what, and
 * what is missing. Made once as JSON, of which the pages are views. */
#ifndef TOOLS_COPC_REPORT_H
#define TOOLS_COPC_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "cop/bundle.h"

/* {"schema": "copc/report/v1", ...}, a new reference, or NULL when memory ran
 * out. docs/agency-tools.md has the members.
 * now_unix  what ages and dates are judged by */
json_t *report_make(const struct cop_bundle *bundle, int64_t now_unix);

/* One requirement with all that a bundle says about it; members that depend on
 * the time are left out when `now_unix` is INT64_MIN. */
json_t *report_requirement(
    const struct cop_bundle *bundle, uint32_t index, int64_t now_unix);

/* Whether the lists of a requirement in a report are its own, and not those of
 * an earlier part of it. */
bool report_has_lists(const json_t *requirement);

/* A list, likewise. */
json_t *report_list(
    const struct cop_bundle *bundle, uint32_t index, int64_t now_unix);

/* Entries of all category lists that carry a category. */
uint64_t report_category_entries(
    const struct cop_bundle *bundle, unsigned category);

/* Find what is missing: an array of {"code", "requirement", "what"}, a new
 * reference or NULL. `report` has its requirements and lists already. */
json_t *report_gaps(const json_t *report);

/* For people on a terminal, and as one page of HTML that needs nothing else. */
void report_print(FILE *to, const json_t *report);
void report_html(FILE *to, const json_t *report);

/* How many rules of each kind the bundle has: "12 hosts, 3 URL prefixes". */
void report_rules(FILE *to, const json_t *report);

/* A member that is a string, or "" when it is none. */
const char *report_text(const json_t *object, const char *member);

/* Seconds of an ISO 8601 duration (a month is 30 days, a year 365), or -1. */
int64_t report_duration(const char *text);

#endif

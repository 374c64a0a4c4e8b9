/* The audit of a bundle at open: private to open.c and audit*.c.
 *
 * After it every span lies in its section, every index leads to a record, and
 * every table is sorted as its readers rely on. It trusts nothing but the
 * length of the mapping: a hostile publisher can compute a digest too. */
#ifndef RULES_BUNDLE_AUDIT_H
#define RULES_BUNDLE_AUDIT_H

#include "cop/report.h"
#include "rules/bundle/view.h"

/* Report why a bundle is refused. Returns `status`. */
enum cop_status bundle_refuse(struct cop_report *report, const char *name,
    enum cop_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Check header and length, then the digest, then where the sections are, and
 * set bundle->sections. bundle->bytes and ->n are set.
 * Returns COP_OK, COP_E_TRUNCATED, COP_E_VERSION, COP_E_DIGEST or
 * COP_E_SYNTAX, reported. */
COP_MUST_USE enum cop_status bundle_layout(
    struct cop_bundle *bundle, const char *name, struct cop_report *report);

/* Check every record of every section.
 * Returns COP_OK; COP_E_SYNTAX; COP_E_VERSION when the bundle speaks of
 * categories that this taxonomy lacks; reported. */
COP_MUST_USE enum cop_status bundle_audit(const struct cop_bundle *bundle,
    const char *name, struct cop_report *report);

/* What is wrong with record `index` of a section, static, NULL when nothing
 * is: the two halves of the audit, statements and rules. */
typedef const char *audit_fn(const struct cop_bundle *bundle, uint32_t index);

audit_fn audit_manifest, audit_code, audit_file, audit_list, audit_requirement,
    audit_text, audit_template, audit_profile, audit_window, audit_accepts,
    audit_grant, audit_appeal;
audit_fn audit_rule, audit_host_slot, audit_host_entry, audit_url_slot,
    audit_url, audit_pattern, audit_address;

audit_fn audit_evidence, audit_origin;
audit_fn audit_urlrule, audit_urlbucket, audit_urlkey, audit_urlgrams;
audit_fn audit_dense_line, audit_dense_side, audit_dense_set, audit_dense_list;
audit_fn audit_dense_inside;

audit_fn audit_literal, audit_literal_slot, audit_literal_entry,
    audit_patterns_always;

/* Whether a set lies in CODES and ascends. */
bool audit_set_holds(const struct cop_bundle *bundle, struct format_span set);

/* The one flaw that asks for a newer reader: compare by address. */
extern const char audit_unknown_category[];

#endif

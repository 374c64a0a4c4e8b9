#include "rules/bundle/audit.h"

#include "rules/bundle/hostindex.h"
#include "rules/bundle/tables.h"

static const struct {
    enum section_id id;
    audit_fn *wrong;
} audits[] = {
    {SECTION_CODES, audit_code}, /* first: sets are made of them */
    {SECTION_MANIFEST, audit_manifest},
    {SECTION_FILES, audit_file},
    {SECTION_LISTS, audit_list},
    {SECTION_REQUIREMENTS, audit_requirement},
    {SECTION_TEXTS, audit_text},
    {SECTION_TEMPLATES, audit_template},
    {SECTION_WINDOWS, audit_window},
    {SECTION_ACCEPTS, audit_accepts},
    {SECTION_PROFILES, audit_profile},
    {SECTION_GRANTS, audit_grant},
    {SECTION_APPEALS, audit_appeal},
    {SECTION_RULES, audit_rule},
    {SECTION_HOST_SLOTS, audit_host_slot},
    {SECTION_HOST_ENTRIES, audit_host_entry},
    {SECTION_URL_SLOTS, audit_url_slot},
    {SECTION_URLS, audit_url},
    {SECTION_PATTERNS, audit_pattern},
    {SECTION_ADDRESSES, audit_address},
    {SECTION_EVIDENCE, audit_evidence},
    {SECTION_ORIGINS, audit_origin},
    {SECTION_DENSE_LINES, audit_dense_line},
    {SECTION_DENSE_SIDE, audit_dense_side},
    {SECTION_DENSE_SETS, audit_dense_set},
    {SECTION_DENSE_LISTS, audit_dense_list},
    {SECTION_URLRULES, audit_urlrule},
    {SECTION_URLRULE_BUCKETS, audit_urlbucket},
    {SECTION_URLRULE_KEYS, audit_urlkey},
    {SECTION_URLRULE_GRAMS, audit_urlgrams},
    {SECTION_LITERALS, audit_literal},
    {SECTION_LITERAL_SLOTS, audit_literal_slot},
    {SECTION_LITERAL_ENTRIES, audit_literal_entry},
    {SECTION_PATTERNS_ALWAYS, audit_patterns_always},
    {SECTION_DENSE_INSIDE, audit_dense_inside},
};

enum cop_status bundle_audit(const struct cop_bundle *bundle, const char *name,
    struct cop_report *report)
{
    if (section_count(bundle, SECTION_MANIFEST) != 1) {
        return bundle_refuse(report, name, COP_E_SYNTAX,
            "the bundle has %u manifests instead of one",
            section_count(bundle, SECTION_MANIFEST));
    }
    if (section_count(bundle, SECTION_EVIDENCE) !=
        section_count(bundle, SECTION_REQUIREMENTS)) {
        return bundle_refuse(report, name, COP_E_SYNTAX,
            "the bundle has evidence for other requirements than it has");
    }
    for (size_t i = 0; i < sizeof(audits) / sizeof(audits[0]); i++) {
        uint32_t n = section_count(bundle, audits[i].id);

        for (uint32_t row = 0; row < n; row++) {
            const char *wrong = audits[i].wrong(bundle, row);

            if (wrong != NULL) {
                return bundle_refuse(report, name,
                    wrong == audit_unknown_category ? COP_E_VERSION
                                                    : COP_E_SYNTAX,
                    "record %u of the bundle's %s %s", row,
                    section_name(audits[i].id), wrong);
            }
        }
    }
    return COP_OK;
}

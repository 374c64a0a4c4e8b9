/* A place's own policy file: profiles, grants, local lists. */
#ifndef RULES_READ_POLICYFILE_H
#define RULES_READ_POLICYFILE_H

#include "rules/read/documents.h"

enum fact_place_kind { PLACE_HOUSEHOLD, PLACE_SCHOOL, PLACE_PUBLIC };

struct fact_profile {
    struct place place;
    struct cop_slice name;
    struct cop_slice template_name; /* "cop:template:..."; absent: none */
    uint8_t age;
    uint32_t subscribers; /* one bit, or 0 */
    struct fact_categories block;
    struct fact_categories permit;
    bool is_allow_only;
    const struct fact_entry *allow; /* objects */
    size_t allow_n;
    const struct fact_entry *deny;
    size_t deny_n;
    const struct fact_list *allow_lists; /* files */
    size_t allow_lists_n;
    const struct fact_list *deny_lists;
    size_t deny_lists_n;
    const struct cop_slice *accepts;
    size_t accepts_n;
    const struct tables_window *closed;
    size_t closed_n;
};

struct fact_grant {
    struct place place;
    struct cop_slice profile; /* absent: all */
    struct place profile_place;
    struct fact_entry object;
    int64_t until_unix;
    struct cop_slice by;
    struct cop_slice reason;
};

struct fact_policy {
    enum fact_place_kind kind;
    struct cop_slice timezone;
    struct fact_profile *profiles;
    size_t profiles_n;
    struct fact_grant *grants;
    size_t grants_n;
    struct fact_categories never_inspect;
    const struct fact_entry *never_hosts;
    size_t never_hosts_n;
};

/* The policy while it is read; what the keys of the file get as `into`. */
struct policy_reader {
    const struct document *document;
    struct fact_policy *policy;
};

yaml_read_fn policyfile_read_profiles;

/* A list of hosts and URLs. */
bool policyfile_read_objects(struct yaml *yaml, const struct yaml_node *value,
    const struct fact_entry **out, size_t *n);

/* Read a policy file from document->yaml's text.
 * Returns COP_OK, COP_E_SYNTAX (reported), or COP_E_NOMEM. */
COP_MUST_USE enum cop_status policyfile_read(
    struct document *document, struct cop_slice text, struct fact_policy *out);

#endif

#include "rules/bundle/audit.h"

#include "rules/bundle/addresses.h"
#include "rules/bundle/hostindex.h"
#include "rules/bundle/rxindex.h"
#include "rules/bundle/tables.h"
#include "rules/bundle/urlrules.h"

static const char no_rule[] = "leads to a rule that does not lead back";
static const char text_outside[] = "has a text that leaves its section";
static const char lost_slot[] =
    "is not where its hash says or leads out of the index";

static bool is_host_rule(const struct format_rule *rule)
{
    return rule->object == ENTRY_HOST || rule->object == ENTRY_DOMAIN ||
           rule->object == ENTRY_BELOW;
}

const char *audit_rule(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_rule *rule = bundle_rule(bundle, index);

    if (rule->list >= section_count(bundle, SECTION_LISTS) ||
        rule->file >= section_count(bundle, SECTION_FILES)) {
        return "belongs to a list or a file that is not there";
    }
    if (rule->zero != 0) {
        return "has something where the format has zeros";
    }
    if (is_host_rule(rule)) {
        const struct format_manifest *m = bundle_manifest(bundle);

        return rule->detail == 0 || (rule->detail >= m->labels_min &&
                                        rule->detail <= m->labels_max)
                   ? NULL
                   : "names a host of more or fewer labels than the manifest "
                     "says";
    }
    if (rule->object == ENTRY_URL) {
        return rule->detail < section_count(bundle, SECTION_URLS) &&
                       bundle_url(bundle, rule->detail)->rule == index
                   ? NULL
                   : "leads to a URL that does not lead back";
    }
    if (rule->object == ENTRY_PATTERN) {
        return rule->detail < section_count(bundle, SECTION_PATTERNS) &&
                       bundle_pattern(bundle, rule->detail)->rule == index
                   ? NULL
                   : "leads to a pattern that does not lead back";
    }
    if (rule->object == ENTRY_CIDR || rule->object == ENTRY_COUNTRY ||
        rule->object == ENTRY_AS) {
        return rule->detail < section_count(bundle, SECTION_ADDRESSES) &&
                       bundle_address(bundle, rule->detail)->rule == index
                   ? NULL
                   : "leads to a network that does not lead back";
    }
    if (rule->object == ENTRY_ADBLOCK) {
        return rule->detail < section_count(bundle, SECTION_URLRULES) &&
                       bundle_urlrule(bundle, rule->detail)->rule == index
                   ? NULL
                   : "leads to a URL rule that does not lead back";
    }
    return "is of a kind that the format does not know";
}

const char *audit_host_slot(const struct cop_bundle *bundle, uint32_t index)
{
    return hostindex_slot_holds(bundle, SECTION_HOST_SLOTS, index,
               section_count(bundle, SECTION_HOST_ENTRIES))
               ? NULL
               : lost_slot;
}

const char *audit_url_slot(const struct cop_bundle *bundle, uint32_t index)
{
    return hostindex_slot_holds(bundle, SECTION_URL_SLOTS, index,
               section_count(bundle, SECTION_URLS))
               ? NULL
               : lost_slot;
}

const char *audit_host_entry(const struct cop_bundle *bundle, uint32_t index)
{
    uint32_t rule = hostindex_rule(bundle, index);

    return rule < section_count(bundle, SECTION_RULES) &&
                   is_host_rule(bundle_rule(bundle, rule))
               ? NULL
               : no_rule;
}

const char *audit_url(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_url *url = bundle_url(bundle, index);
    const struct format_rule *rule = bundle_rule(bundle, url->rule);

    if (!section_holds(bundle, SECTION_RULE_TEXTS, url->text)) {
        return text_outside;
    }
    if (url->rule >= section_count(bundle, SECTION_RULES) ||
        rule->object != ENTRY_URL || rule->detail != index) {
        return no_rule;
    }
    struct cop_slice text = section_text(bundle, SECTION_RULE_TEXTS, url->text);

    return url->path == text.n ||
                   (url->path < text.n && text.p[url->path] == '/')
               ? NULL
               : "has a path that does not begin with a slash";
}

const char *audit_pattern(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_pattern *pattern = bundle_pattern(bundle, index);
    const struct format_rule *rule = bundle_rule(bundle, pattern->rule);

    if (!section_holds(bundle, SECTION_RULE_TEXTS, pattern->text)) {
        return text_outside;
    }
    if (pattern->rule >= section_count(bundle, SECTION_RULES) ||
        rule->object != ENTRY_PATTERN || rule->detail != index) {
        return no_rule;
    }
    return rxindex_holds(bundle, index) ? NULL : "is not indexed as it should";
}

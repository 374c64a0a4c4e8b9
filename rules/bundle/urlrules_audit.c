#include "rules/bundle/audit.h"
#include "rules/bundle/tables.h"
#include "rules/bundle/urlrules.h"

/* Whether the four runs of names lie in URLRULE_NAMES and ascend. */
static bool names_hold(
    const struct cop_bundle *bundle, const struct format_urlrule *row)
{
    const uint32_t runs[] = {row->from, row->not_from, row->to, row->not_to};
    uint32_t n = runs[0] + runs[1] + runs[2] + runs[3];
    uint32_t at = row->names;

    if (!section_holds(
            bundle, SECTION_URLRULE_NAMES, (struct format_span){at, n})) {
        return false;
    }
    for (size_t run = 0; run < sizeof(runs) / sizeof(runs[0]); run++) {
        for (uint32_t i = 1; i < runs[run]; i++) {
            const uint64_t *low =
                section_at(bundle, SECTION_URLRULE_NAMES, at + i - 1);
            const uint64_t *high =
                section_at(bundle, SECTION_URLRULE_NAMES, at + i);

            if (*low > *high) {
                return false;
            }
        }
        at += runs[run];
    }
    return true;
}

/* Whether the text has the anchors that the flags say. */
static bool text_fits(struct cop_slice text, uint16_t flags)
{
    bool is_regex = (flags & URLRULE_REGEX) != 0;
    bool is_host = (flags & URLRULE_ANCHOR_HOST) != 0;
    bool is_start = (flags & URLRULE_ANCHOR_START) != 0;
    bool is_end = (flags & URLRULE_ANCHOR_END) != 0;

    if (is_regex + (is_host || is_end) > 1 || is_host + is_start > 1) {
        return false;
    }
    if (is_regex) {
        return !is_start && text.n > 2 && text.p[0] == '/' &&
               text.p[text.n - 1] == '/';
    }
    return text.n >= (size_t)is_host * 2 + is_start + is_end &&
           (!is_host || memcmp(text.p, "||", 2) == 0) &&
           (!is_start || text.p[0] == '|') &&
           (!is_end || text.p[text.n - 1] == '|');
}

const char *audit_urlrule(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_urlrule *row = bundle_urlrule(bundle, index);
    const struct format_rule *rule = bundle_rule(bundle, row->rule);
    struct format_span text = {row->text_at, row->text_n};

    if (row->rule >= section_count(bundle, SECTION_RULES) ||
        rule->object != ENTRY_ADBLOCK || rule->detail != index ||
        rule->list != row->list) {
        return "leads to a rule that does not lead back";
    }
    if (!section_holds(bundle, SECTION_RULE_TEXTS, text)) {
        return "has a text that leaves its section";
    }
    if ((row->flags & ~URLRULE_FLAGS) != 0 || row->zero != 0) {
        return "has something where the format has zeros";
    }
    if (!text_fits(
            section_text(bundle, SECTION_RULE_TEXTS, text), row->flags)) {
        return "has a text that its flags do not fit";
    }
    if (index != 0 && (row->flags & URLRULE_REGEX) != 0 &&
        (bundle_urlrule(bundle, index - 1)->flags & URLRULE_REGEX) == 0) {
        return "has a regular expression behind one that has none";
    }
    return names_hold(bundle, row)
               ? NULL
               : "has names that leave their section or do not ascend";
}

const char *audit_urlkey(const struct cop_bundle *bundle, uint32_t index)
{
    return bundle_urlkey(bundle, index)->urlrule <
                   section_count(bundle, SECTION_URLRULES)
               ? NULL
               : "leads to a rule that is not there";
}

const char *audit_urlbucket(const struct cop_bundle *bundle, uint32_t index)
{
    uint32_t n = section_count(bundle, SECTION_URLRULE_BUCKETS);
    const uint32_t *at = section_at(bundle, SECTION_URLRULE_BUCKETS, index);
    const uint32_t *next =
        section_at(bundle, SECTION_URLRULE_BUCKETS, index + 1);

    if (n < 2 || ((n - 1) & (n - 2)) != 0) {
        return "is one of a number that is no power of two and one";
    }
    if (index == 0 && *at != 0) {
        return "does not begin at the first key";
    }
    if (index == n - 1) {
        return *at == section_count(bundle, SECTION_URLRULE_KEYS)
                   ? NULL
                   : "does not end at the last key";
    }
    return *at <= *next ? NULL : "ends before it begins";
}

const char *audit_urlgrams(const struct cop_bundle *bundle, uint32_t index)
{
    uint32_t n = section_count(bundle, SECTION_URLRULE_GRAMS);

    (void)index;
    return n >= 2 && (n & (n - 1)) == 0
               ? NULL
               : "is one of a number that is no power of two";
}

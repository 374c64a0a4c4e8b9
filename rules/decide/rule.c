#include "cop/decide.h"

#include "rules/bundle/addresses.h"
#include "rules/bundle/urlrules.h"
#include "rules/decide/policy.h"

/* A name's rule counts its labels; of an address there are none. */
static const char *rule_kind(const struct format_rule *rule)
{
    bool is_address = rule->object <= ENTRY_DOMAIN && rule->detail == 0;

    return is_address ? "address"
                      : entry_object_word((enum entry_object)rule->object);
}

/* The last labels of a host: what a hashed rule must have named. */
static struct cop_slice host_suffix(
    const struct cop_host *host, uint32_t labels)
{
    struct cop_slice name = cop_host_slice(host);
    uint32_t left = host->labels;

    while (host->kind == COP_HOST_NAME && labels != 0 && left > labels) {
        const char *dot = memchr(name.p, '.', name.n);

        if (dot == NULL) {
            break;
        }
        name.n -= (size_t)(dot + 1 - name.p);
        name.p = dot + 1;
        left--;
    }
    return name;
}

static struct cop_slice rule_text(const struct cop_bundle *bundle,
    const struct format_rule *rule, const struct cop_host *host)
{
    if (rule->object == ENTRY_URL) {
        return section_text(
            bundle, SECTION_RULE_TEXTS, bundle_url(bundle, rule->detail)->text);
    }
    if (rule->object == ENTRY_PATTERN) {
        return section_text(bundle, SECTION_RULE_TEXTS,
            bundle_pattern(bundle, rule->detail)->text);
    }
    if (rule->object == ENTRY_CIDR || rule->object == ENTRY_COUNTRY ||
        rule->object == ENTRY_AS) {
        return section_text(bundle, SECTION_RULE_TEXTS,
            bundle_address(bundle, rule->detail)->text);
    }
    if (rule->object == ENTRY_ADBLOCK) {
        const struct format_urlrule *row = bundle_urlrule(bundle, rule->detail);

        return section_text(bundle, SECTION_RULE_TEXTS,
            (struct format_span){row->text_at, row->text_n});
    }
    return host_suffix(host, rule->detail);
}

/* The file of a list's entries in the dense index; FORMAT_NONE for none. */
static uint32_t dense_file(const struct cop_bundle *bundle, uint32_t list)
{
    uint32_t n = section_count(bundle, SECTION_DENSE_LISTS);

    for (uint32_t i = 0; i < n; i++) {
        const struct format_dense_list *row =
            section_at(bundle, SECTION_DENSE_LISTS, i);

        if (row->list == list) {
            return row->file;
        }
    }
    return FORMAT_NONE;
}

/* A domain of the dense index has no rule of its own: what it names is the
 * part of the host that matched, and its line is not kept. */
static void dense_describe(const struct policy_bundle *at,
    const struct cop_hit *hit, const struct cop_host *host,
    struct cop_rule *out)
{
    uint32_t list = hit->list - at->lists;
    const struct format_span *file =
        section_at(at->bundle, SECTION_FILES, dense_file(at->bundle, list));

    out->kind = entry_object_word(ENTRY_DOMAIN);
    out->text = host_suffix(host, hit->specificity & 4095u);
    out->list = bundle_string(at->bundle, bundle_list(at->bundle, list)->name);
    out->file = bundle_string(at->bundle, *file);
    out->line = 0;
}

void cop_rule_describe(const struct cop_policy *policy,
    const struct cop_hit *hit, const struct cop_host *host,
    struct cop_rule *out)
{
    if (hit->specificity == 0 || hit->list >= policy_lists(policy)) {
        *out = (struct cop_rule){.kind = "none", .bundle = COP_NONE};
        return;
    }
    uint32_t b = policy->lists[hit->list].bundle;
    const struct policy_bundle *at = &policy->bundles[b];

    if (hit->rule == COP_NONE) {
        *out = (struct cop_rule){.bundle = b};
        dense_describe(at, hit, host, out);
        return;
    }
    const struct format_rule *rule = bundle_rule(at->bundle, hit->rule);
    const struct format_list *list =
        bundle_list(at->bundle, hit->list - at->lists);
    const struct format_span *file =
        section_at(at->bundle, SECTION_FILES, rule->file);

    *out = (struct cop_rule){
        .kind = rule_kind(rule),
        .text = rule_text(at->bundle, rule, host),
        .list = bundle_string(at->bundle, list->name),
        .file = bundle_string(at->bundle, *file),
        .line = rule->line,
        .bundle = b,
    };
}

/* An explanation for people: the verdict in capitals, then every step in order
 * of precedence, the deciding one with all that is known of it. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/copc/explain.h"
#include "tools/copc/inside.h"
#include "tools/copc/moment.h"

static const struct {
    const char *word;
    enum term_style style;
} verdict_words[] = {
    [COP_ALLOW] = {"ALLOWED", TERM_GOOD},
    [COP_BLOCK] = {"BLOCKED", TERM_BAD},
    [COP_WARN] = {"ALLOWED WITH A WARNING", TERM_CARE},
    [COP_REDIRECT] = {"REDIRECTED", TERM_CARE},
    [COP_LIMIT] = {"LIMITED", TERM_CARE},
};

/* A text may have several lines; all of them stand in the second column. */
static void print_line(const char *name, struct cop_slice text)
{
    while (text.n != 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
        size_t step = end != NULL ? n + 1 : n;

        printf("     %-12s %.*s\n", name, (int)n, text.p);
        text = (struct cop_slice){text.p + step, text.n - step};
        name = "";
    }
}

static void print_written(const struct cop_rule *rule)
{
    printf("     %-12s %.*s", "written in", (int)rule->file.n, rule->file.p);
    if (rule->line != 0) { /* not kept of a long list's domains */
        printf(":%" PRIu32, rule->line);
    }
    putchar('\n');
}

static void print_trace(const struct trace *trace)
{
    for (size_t i = 0; i < trace->n; i++) {
        printf("     %-12s %s:%" PRIu32 "%s\n     %-12s %s\n",
            i == 0 ? "in sources" : "", trace->lines[i].file,
            trace->lines[i].line,
            trace->is_verified ? "" : " (written there today)", "",
            trace->lines[i].text);
    }
}

static void print_rule(
    const struct explanation *explanation, const struct cop_step *step)
{
    struct cop_rule rule;

    if (step->hit.specificity == 0) {
        return;
    }
    cop_rule_describe(explanation->setting->policy, &step->hit,
        &explanation->url->host, &rule);
    printf("     %-12s %s %.*s\n", "rule", rule.kind, (int)rule.text.n,
        rule.text.p);
    print_line("list", rule.list);
    print_written(&rule);
    if (step->is_deciding && explanation->trace != NULL) {
        print_trace(explanation->trace);
    }
}

/* What took a step back, and where that is written. */
static void print_aside(
    const struct explanation *explanation, const struct cop_step *step)
{
    struct cop_rule rule;

    if (step->aside == COP_ASIDE_NOTHING) {
        return;
    }
    if (step->aside == COP_ASIDE_COARSE) {
        print_line("set aside", COP_LIT("the rule is coarser than the "
                                        "requirement may block by"));
        return;
    }
    if (step->aside == COP_ASIDE_SPARED) {
        print_line("set aside",
            COP_LIT("it is in a category that the requirement spares"));
        return;
    }
    cop_rule_describe(explanation->setting->policy, &step->aside_hit,
        &explanation->url->host, &rule);
    printf("     %-12s %s: %s %.*s\n", "set aside by",
        step->aside == COP_ASIDE_APPEAL
            ? "an appeal that its own authority upheld"
            : "an exception of the requirement itself",
        rule.kind, (int)rule.text.n, rule.text.p);
    print_written(&rule);
}

static void print_category(
    const struct explanation *explanation, uint32_t category)
{
    struct cop_slice label;

    if (category >= COP_CATEGORIES) {
        return;
    }
    label = explain_label(explanation, category);
    printf("     %-12s %s", "category", cop_category_id(category));
    if (label.n != 0) {
        printf(" (%.*s)", (int)label.n, label.p);
    }
    putchar('\n');
}

/* Its dates and hours, where it does not say the same at all times. */
static void print_times(const struct explanation *explanation,
    const struct cop_step *step, const struct cop_requirement *r)
{
    const struct cop_bundle *bundle =
        cop_policy_bundle(explanation->setting->policy, step->bundle);
    json_t *hours = inside_hours_json(bundle, step->requirement);
    struct cop_bundle_info info;
    char day[16];
    size_t i;
    json_t *word;

    cop_bundle_info(bundle, &info);
    if (r->part != 0 && r->from_unix != INT64_MIN) {
        moment_day(r->from_unix + info.east_s, day);
        print_line("as it is from", cop_slice_of(day));
    }
    if (r->until_unix != INT64_MAX) {
        moment_day(r->until_unix - 1 + info.east_s, day);
        print_line("until", cop_slice_of(day));
    }
    json_array_foreach(hours, i, word)
    {
        print_line(
            i == 0 ? "in hours" : "", cop_slice_of(json_string_value(word)));
    }
    json_decref(hours);
}

static void print_requirement(
    const struct explanation *explanation, const struct cop_step *step)
{
    struct cop_requirement r;

    if (step->requirement == COP_NONE) {
        return;
    }
    cop_bundle_requirement(
        cop_policy_bundle(explanation->setting->policy, step->bundle),
        step->requirement, &r);
    print_line("requirement", r.id);
    print_line("", explain_text(explanation, step->bundle, step->requirement,
                       COP_TEXT_TITLE));
    print_line("authority", r.authority);
    print_line("law", r.instrument);
    print_line("citation", r.citation);
    print_times(explanation, step, &r);
    if (!step->is_deciding) {
        return;
    }
    print_line("child reads", explain_text(explanation, step->bundle,
                                  step->requirement, COP_TEXT_NOTICE));
    print_line("helpline", explain_text(explanation, step->bundle,
                               step->requirement, COP_TEXT_HELPLINE));
    print_line("appeal", explain_text(explanation, step->bundle,
                             step->requirement, COP_TEXT_APPEAL));
}

struct printing {
    const struct explanation *explanation;
    unsigned n;
};

static void print_step(void *context, const struct cop_step *step)
{
    struct printing *printing = context;
    const struct explanation *explanation = printing->explanation;

    printing->n++;
    printf("\n%2u. %s%s%s: %s%s\n", printing->n,
        step->is_deciding ? term_style(stdout, TERM_STRONG) : "",
        cop_level_text(step->level),
        step->is_deciding ? term_style(stdout, TERM_PLAIN) : "",
        cop_action_word(step->action),
        step->is_deciding ? "  <- this decides" : "");
    print_rule(explanation, step);
    print_aside(explanation, step);
    print_category(explanation, step->category);
    print_requirement(explanation, step);
    if (step->is_deciding && explanation->verdict.is_scheduled) {
        print_line("hours", COP_LIT("the profile is closed at this time"));
    }
    if (step->is_deciding) {
        print_line("to change", cop_slice_of(explain_change(step->level)));
    }
}

/* What --address and the databases say. */
static void print_server(const struct setting *setting)
{
    const struct cop_address *address = &setting->address;

    if (!setting->has_address) {
        return;
    }
    printf("  server: %s", setting->address_text);
    if (address->country[0] != '\0') {
        printf(", %.2s", address->country);
    }
    if (address->as_number != 0) {
        printf(", AS%u", (unsigned)address->as_number);
    }
    puts("");
}

static void print_categories(const struct explanation *explanation)
{
    bool is_first = true;

    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (cop_catset_has(explanation->class->categories, i)) {
            printf(
                "%s%s", is_first ? "  categories: " : ", ", cop_category_id(i));
            is_first = false;
        }
    }
    puts(is_first ? "  categories: none that a list knows" : "");
}

static void print_until(const char *name, int64_t until_unix)
{
    struct cop_moment until = {until_unix, 0};
    char text[32];

    if (until_unix != INT64_MAX) {
        moment_print(&until, text);
        printf("  %s: %s\n", name, text);
    }
}

void explain_print(const struct explanation *explanation)
{
    const struct setting *setting = explanation->setting;
    const struct cop_verdict *verdict = &explanation->verdict;
    struct printing printing = {explanation, 0};
    char when[32];

    moment_print(&setting->moment, when);
    printf("%s%s%s  %.*s\n",
        term_style(stdout, verdict_words[verdict->action].style),
        verdict_words[verdict->action].word, term_style(stdout, TERM_PLAIN),
        (int)explanation->url->text.n, explanation->url->text.p);
    printf("  for: %s\n  at: %s\n  because: %s\n", setting->who, when,
        cop_level_text(verdict->level));
    print_server(setting);
    print_categories(explanation);
    if (cop_policy_never_inspects(setting->policy, explanation->class)) {
        puts("  privacy: this connection is never looked into");
    }
    print_until("holds until", verdict->until_unix);
    if (verdict->holds_until_unix != verdict->until_unix) {
        print_until("may change at", verdict->holds_until_unix);
    }
    cop_explain(setting->policy, explanation->class, setting->profile,
        &setting->moment, print_step, &printing);
    if (printing.n == 0) {
        printf("\n  No rule spoke. To change it: %s.\n",
            explain_change(verdict->level));
    }
}

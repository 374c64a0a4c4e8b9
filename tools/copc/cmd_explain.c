/* copc explain: what is decided about a URL, why, and how to change it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/copc/explain.h"

static const char *const change_sentences[] = {
    [COP_LEVEL_LOCKED_ENTRY] = "only the authority can; appeal there",
    [COP_LEVEL_PROTECTED] =
        "nobody need to; only an entry that the nation locks could block it",
    [COP_LEVEL_APPEAL_LOCKED] = "the authority decided; it may decide anew",
    [COP_LEVEL_LOCKED] = "only the authority can; appeal there",
    [COP_LEVEL_APPEAL] = "the authority decided; it may decide anew",
    [COP_LEVEL_MANDATORY] =
        "a household or school cannot; appeal to the authority",
    [COP_LEVEL_ALLOW_ONLY] =
        "list it among what is allowed, or choose another profile",
    [COP_LEVEL_GRANT] = "take the grant back, or wait until it ends",
    [COP_LEVEL_CLOSED] = "grant it for a time, or edit the profile's hours",
    [COP_LEVEL_LOCAL_ALLOW] = "edit what the profile allows",
    [COP_LEVEL_LOCAL_DENY] = "edit what the profile blocks",
    [COP_LEVEL_TEMPLATE] =
        "allow it in the profile, change its template, or take the offer back",
    [COP_LEVEL_DEFAULT_ON] =
        "allow it in the profile: this default may be switched off",
    [COP_LEVEL_NONE] = "block it in the profile",
};

const char *explain_change(enum cop_level level)
{
    return change_sentences[level];
}

struct cop_slice explain_text(const struct explanation *explanation,
    uint32_t bundle, uint32_t requirement, enum cop_text text)
{
    return cop_bundle_text(
        cop_policy_bundle(explanation->setting->policy, bundle), requirement,
        text, explanation->languages, explanation->languages_n, NULL);
}

struct cop_slice explain_label(
    const struct explanation *explanation, unsigned category)
{
    const struct cop_policy *policy = explanation->setting->policy;
    struct cop_slice label = {NULL, 0};

    for (uint32_t i = 0; label.n == 0 && i < cop_policy_bundles(policy); i++) {
        label = cop_bundle_category_label(cop_policy_bundle(policy, i),
            category, explanation->languages, explanation->languages_n, NULL);
    }
    return label;
}

/* "ar,en" -> slices; what is beyond the maximum is not asked for. */
static void read_languages(
    const struct options *options, struct explanation *explanation)
{
    const char *at = options->value[OPTION_LANG];

    while (at != NULL && explanation->languages_n < EXPLAIN_LANGUAGES_MAX) {
        const char *comma = strchrnul(at, ',');

        if (comma != at) {
            explanation->languages[explanation->languages_n++] =
                (struct cop_slice){at, (size_t)(comma - at)};
        }
        at = *comma != '\0' ? comma + 1 : NULL;
    }
}

/* Where the rule that decides is written; NULL when nobody asks, or no rule
 * does. On the heap for its size.
 * ended  gets how copc ends when the sources do not tell */
static struct trace *traced(const struct options *options,
    const struct explanation *explanation, enum copc_exit *ended)
{
    const struct cop_hit *hit = &explanation->verdict.hit;
    struct trace *trace;
    struct cop_rule rule;

    *ended = COPC_DONE;
    if (options->sources.n == 0 || hit->specificity == 0) {
        return NULL;
    }
    trace = calloc(1, sizeof *trace);
    if (trace == NULL) {
        *ended = COPC_BUG;
        return NULL;
    }
    cop_rule_describe(
        explanation->setting->policy, hit, &explanation->url->host, &rule);
    *ended = trace_find(options, explanation->setting, &rule, trace);
    return trace;
}

/* Print an explanation. Returns how copc ends. */
static enum copc_exit tell(
    const struct options *options, const struct explanation *explanation)
{
    if (!options_has(options, OPTION_JSON)) {
        explain_print(explanation);
    } else if (!findings_print(explain_json(explanation))) {
        return COPC_IO;
    }
    return options_has(options, OPTION_EXIT_CODE) &&
                   explanation->verdict.action != COP_ALLOW
               ? COPC_NO
               : COPC_DONE;
}

/* One question, one answer. The URL is on the heap for its size. */
static enum copc_exit answer(const struct options *options,
    const struct setting *setting, struct cop_url *url)
{
    const char *text = options->operands[options->operands_n - 1];
    struct explanation explanation = {.setting = setting, .url = url};
    struct cop_class class;
    struct trace *trace;
    enum copc_exit searched;
    enum copc_exit told;
    enum cop_status status = cop_url_parse(cop_slice_of(text), url);

    if (status != COP_OK) {
        fprintf(stderr,
            "copc: %s is no URL: %s\n"
            "  to do: write https://NAME/PATH, or a name alone; the URL comes "
            "last\n",
            text, cop_status_text(status));
        return COPC_DATA;
    }
    cop_classify(setting->policy, setting->matcher, url, &class);
    setting_add_address(setting, &class);
    explanation.class = &class;
    cop_evaluate(setting->policy, &class, setting->profile, &setting->moment,
        &explanation.verdict);
    read_languages(options, &explanation);
    trace = traced(options, &explanation, &searched);
    explanation.trace = trace;
    told = tell(options, &explanation);
    free(trace);
    return searched != COPC_DONE ? searched : told;
}

enum copc_exit copc_explain(const struct options *options)
{
    struct findings findings;
    struct setting setting = {0};
    struct cop_url *url = NULL;
    enum copc_exit ended = COPC_BUG;

    if (options->operands_n < 2) {
        options_complain(options, "name a bundle and, last, a URL");
        return COPC_USAGE;
    }
    url = malloc(sizeof *url);
    if (url != NULL && findings_init(&findings, false)) {
        ended =
            setting_open(&setting, options, options->operands_n - 1, &findings);
        findings_fini(&findings);
    }
    if (ended == COPC_DONE) {
        ended = answer(options, &setting, url);
    }
    setting_close(&setting);
    free(url);
    return ended;
}

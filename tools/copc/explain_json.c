/* An explanation for programs. */
#include "tools/copc/explain.h"
#include "tools/copc/inside.h"

static json_t *hit_json(
    const struct explanation *explanation, const struct cop_hit *hit)
{
    struct cop_rule rule;

    if (hit->specificity == 0) {
        return json_null();
    }
    cop_rule_describe(
        explanation->setting->policy, hit, &explanation->url->host, &rule);
    return json_pack("{s:s, s:o, s:o, s:o, s:I}", "kind", rule.kind, "text",
        inside_text_json(rule.text), "list", inside_text_json(rule.list),
        "file", inside_text_json(rule.file), "line", (json_int_t)rule.line);
}

static json_t *category_json(uint32_t category)
{
    return category < COP_CATEGORIES ? json_string(cop_category_id(category))
                                     : json_null();
}

/* The requirement with the texts that its page shows. */
static json_t *requirement_json(const struct explanation *explanation,
    uint32_t bundle, uint32_t requirement)
{
    json_t *object;

    if (requirement == COP_NONE) {
        return json_null();
    }
    object = inside_requirement_json(
        cop_policy_bundle(explanation->setting->policy, bundle), requirement);
    if (object == NULL) {
        return NULL;
    }
    (void)json_object_set_new(object, "title",
        inside_text_json(
            explain_text(explanation, bundle, requirement, COP_TEXT_TITLE)));
    (void)json_object_set_new(object, "notice",
        inside_text_json(
            explain_text(explanation, bundle, requirement, COP_TEXT_NOTICE)));
    (void)json_object_set_new(object, "appeal",
        inside_text_json(
            explain_text(explanation, bundle, requirement, COP_TEXT_APPEAL)));
    (void)json_object_set_new(object, "helpline",
        inside_text_json(
            explain_text(explanation, bundle, requirement, COP_TEXT_HELPLINE)));
    return object;
}

/* The lines that gave the rule that decides; null when nobody asked. */
static json_t *trace_json(const struct trace *trace)
{
    json_t *lines;

    if (trace == NULL) {
        return json_null();
    }
    lines = json_array();
    for (size_t i = 0; lines != NULL && i < trace->n; i++) {
        const struct trace_line *line = &trace->lines[i];

        (void)json_array_append_new(
            lines, json_pack("{s:s, s:I, s:o}", "file", line->file, "line",
                       (json_int_t)line->line, "text",
                       inside_text_json(cop_slice_of(line->text))));
    }
    return json_pack(
        "{s:b, s:o}", "verified", trace->is_verified, "lines", lines);
}

struct gathering {
    const struct explanation *explanation;
    json_t *steps;
    bool has_failed;
};

/* {"by", "rule"} of what took a step back, or null. */
static json_t *aside_json(
    const struct explanation *explanation, const struct cop_step *step)
{
    static const char *const words[] = {
        [COP_ASIDE_EXCEPTION] = "exception",
        [COP_ASIDE_APPEAL] = "appeal",
        [COP_ASIDE_COARSE] = "granularity",
        [COP_ASIDE_SPARED] = "collateral_guard",
    };

    if (step->aside == COP_ASIDE_NOTHING) {
        return json_null();
    }
    return json_pack("{s:s, s:o}", "by", words[step->aside], "rule",
        hit_json(explanation, &step->aside_hit));
}

static void keep_step(void *context, const struct cop_step *step)
{
    struct gathering *gathering = context;
    const struct explanation *explanation = gathering->explanation;
    json_t *row = json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "level",
        cop_level_word(step->level), "action", cop_action_word(step->action),
        "deciding", step->is_deciding, "category",
        category_json(step->category), "rule",
        hit_json(explanation, &step->hit), "requirement",
        requirement_json(explanation, step->bundle, step->requirement),
        "set_aside", aside_json(explanation, step));

    if (row == NULL || json_array_append_new(gathering->steps, row) != 0) {
        gathering->has_failed = true;
    }
}

/* What --address and the databases say; null without an address. */
static json_t *server_json(const struct setting *setting)
{
    const struct cop_address *address = &setting->address;

    if (!setting->has_address) {
        return json_null();
    }
    return json_pack("{s:s, s:o, s:o}", "address", setting->address_text,
        "country",
        address->country[0] != '\0' ? json_stringn(address->country, 2)
                                    : json_null(),
        "as",
        address->as_number != 0 ? json_integer((json_int_t)address->as_number)
                                : json_null());
}

static json_t *steps_json(const struct explanation *explanation)
{
    const struct setting *setting = explanation->setting;
    struct gathering gathering = {explanation, json_array(), false};

    if (gathering.steps == NULL) {
        return NULL;
    }
    cop_explain(setting->policy, explanation->class, setting->profile,
        &setting->moment, keep_step, &gathering);
    if (gathering.has_failed) {
        json_decref(gathering.steps);
        return NULL;
    }
    return gathering.steps;
}

static json_t *until_json(int64_t until_unix)
{
    return until_unix == INT64_MAX ? json_null() : json_integer(until_unix);
}

json_t *explain_json(const struct explanation *explanation)
{
    const struct setting *setting = explanation->setting;
    const struct cop_verdict *verdict = &explanation->verdict;

    return json_pack("{s:s, s:o, s:s, s:I, s:i, s:s, s:s, s:s, s:o, s:o, s:o, "
                     "s:o, s:o, s:o, s:o, s:b, s:b, s:s, s:o, s:o}",
        "schema", "copc/explain/v1", "url",
        inside_text_json(explanation->url->text), "for", setting->who, "at",
        (json_int_t)setting->moment.unix_time, "week_minute",
        (int)setting->moment.week_minute, "action",
        cop_action_word(verdict->action), "level",
        cop_level_word(verdict->level), "because",
        cop_level_text(verdict->level), "categories",
        inside_categories_json(explanation->class->categories), "category",
        category_json(verdict->category), "rule",
        hit_json(explanation, &verdict->hit), "in_sources",
        trace_json(explanation->trace), "requirement",
        requirement_json(explanation, verdict->bundle, verdict->requirement),
        "until", until_json(verdict->until_unix), "holds_until",
        until_json(verdict->holds_until_unix), "scheduled",
        verdict->is_scheduled, "never_inspected",
        cop_policy_never_inspects(setting->policy, explanation->class),
        "to_change", explain_change(verdict->level), "server",
        server_json(setting), "steps", steps_json(explanation));
}

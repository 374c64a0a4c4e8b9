#include "rules/compile/vectors.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cop/decide.h"
#include "rules/read/date.h"

/* The engine with the bundle in it, and room to ask. */
struct runner {
    const struct model *model;
    struct cop_bundle *bundle;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    uint32_t failed;
    struct cop_url url;
    struct cop_host host;
    struct cop_class class;
};

/* One vector being run. */
struct run {
    struct runner *runner;
    const struct fact_requirement *owner;
    const struct fact_vector *vector;
    struct cop_verdict verdict;
};

static void say(const struct run *run, enum cop_severity severity,
    const char *todo, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void say(const struct run *run, enum cop_severity severity,
    const char *todo, const char *format, ...)
{
    char what[1024];
    va_list list;
    struct cop_finding finding = {
        .severity = severity,
        .code = "vector",
        .file = run->vector->place.file,
        .line = run->vector->place.line,
        .column = run->vector->place.column,
        .what = what,
        .todo = todo,
        .subject = run->owner->head.id.p,
    };

    va_start(list, format);
    (void)vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    cop_report_emit(run->runner->model->report, &finding);
}

/* ---- asking ---- */

static enum cop_status policy_renew(struct runner *runner)
{
    cop_policy_free(&runner->policy);
    return cop_policy_new(
        &runner->bundle, 1, runner->model->report, &runner->policy);
}

/* The profile of the vector's subject. A policy that is full of subjects is
 * made anew. */
static enum cop_status add_subject(const struct run *run, uint32_t *out)
{
    const struct cop_subject subject = {
        .age = run->vector->age,
        .subscriber = run->vector->subscriber,
        .template_name = run->vector->template_name,
        .accepts_offers = run->vector->accepts_offers,
    };
    struct runner *runner = run->runner;
    enum cop_status status =
        cop_policy_add_subject(runner->policy, &subject, out);

    if (status == COP_E_LIMIT) {
        status = policy_renew(runner);
        if (status == COP_OK) {
            status = cop_policy_add_subject(runner->policy, &subject, out);
        }
    }
    return status;
}

static void add_address(const struct run *run)
{
    if (run->vector->has_address) {
        cop_classify_address(
            run->runner->policy, &run->vector->address, &run->runner->class);
    }
}

/* The subject was checked when the vector was read. */
static enum cop_status classify(const struct run *run)
{
    struct runner *runner = run->runner;
    enum cop_status status;

    if (run->vector->object == VECTOR_HOST) {
        status = cop_host_parse(run->vector->subject, &runner->host);
        if (status == COP_OK) {
            cop_classify_host(runner->policy, &runner->host, &runner->class);
            add_address(run);
        }
        return status;
    }
    status = cop_url_parse(run->vector->subject, &runner->url);
    if (status == COP_OK) {
        cop_classify(
            runner->policy, runner->matcher, &runner->url, &runner->class);
        runner->host = runner->url.host;
        add_address(run);
    }
    return status;
}

/* The vector's own time; without one, now, or when its requirement begins if
 * that is still ahead. */
static struct cop_moment moment_of(const struct run *run)
{
    struct cop_moment moment = {run->vector->at_unix, run->vector->week_minute};
    int64_t from = run->owner->time.from_unix;

    if (!run->vector->has_at) {
        moment.unix_time = run->runner->model->options->now_unix;
        if (from > moment.unix_time) {
            moment.unix_time = from;
        }
        moment.week_minute = date_week_minute(moment.unix_time);
    }
    return moment;
}

/* ---- comparing ---- */

/* The id of the requirement that decided; empty when none did. */
static struct cop_slice decider(const struct run *run, uint16_t *http_status)
{
    const struct cop_verdict *verdict = &run->verdict;
    struct cop_requirement requirement;

    *http_status = 403;
    if (verdict->requirement == COP_NONE) {
        return COP_LIT("");
    }
    cop_bundle_requirement(
        cop_policy_bundle(run->runner->policy, verdict->bundle),
        verdict->requirement, &requirement);
    *http_status = requirement.http_status;
    return requirement.id;
}

static struct cop_slice describe_rule(const struct run *run)
{
    struct arena *arena = run->runner->model->arena;
    struct cop_rule rule;

    if (run->verdict.hit.specificity == 0) {
        return COP_LIT("no rule of a list");
    }
    cop_rule_describe(
        run->runner->policy, &run->verdict.hit, &run->runner->host, &rule);
    if (rule.line == 0) { /* not kept of a long list's domains */
        return arena_print(arena, "%s %.*s (%.*s)", rule.kind, (int)rule.text.n,
            rule.text.p, (int)rule.file.n, rule.file.p);
    }
    return arena_print(arena, "%s %.*s (%.*s:%" PRIu32 ")", rule.kind,
        (int)rule.text.n, rule.text.p, (int)rule.file.n, rule.file.p,
        rule.line);
}

/* What was decided, in words: action, level, requirement, rule. */
static struct cop_slice describe(const struct run *run)
{
    uint16_t http_status;
    struct cop_slice id = decider(run, &http_status);
    struct cop_slice rule = describe_rule(run);

    return arena_print(run->runner->model->arena,
        "%s, level %s, requirement %.*s, %.*s",
        cop_action_word(run->verdict.action),
        cop_level_word(run->verdict.level), id.n > 0 ? (int)id.n : 4,
        id.n > 0 ? id.p : "none", (int)rule.n, rule.p != NULL ? rule.p : "");
}

static void fail(const struct run *run, const char *expected)
{
    struct cop_slice decided = describe(run);

    run->runner->failed++;
    say(run, COP_ERROR,
        "correct the vector, or the requirement, or what outweighs it",
        "the vector %s does not hold for %s: expected %s, decided %s",
        run->vector->id.p, run->vector->subject.p, expected,
        decided.p != NULL ? decided.p : "something else");
}

static void compare(const struct run *run)
{
    const struct fact_vector *vector = run->vector;
    const char *level = cop_level_word(run->verdict.level);
    bool is_block = run->verdict.action == COP_BLOCK;
    char words[32];
    uint16_t http_status;
    struct cop_slice id = decider(run, &http_status);

    if (is_block != vector->wants_block ||
        (!is_block && run->verdict.action != COP_ALLOW)) {
        fail(run, vector->wants_block ? "block" : "allow");
    } else if (vector->rule_from.n > 0 &&
               !cop_slice_eq(vector->rule_from, id)) {
        fail(run, vector->rule_from.p);
    } else if (vector->level.n > 0 &&
               !cop_slice_eq(vector->level, cop_slice_of(level))) {
        fail(run, vector->level.p);
    } else if (vector->page_status != 0 && is_block &&
               vector->page_status != http_status) {
        (void)snprintf(
            words, sizeof(words), "page status %d", vector->page_status);
        fail(run, words);
    }
}

/* ---- running ---- */

static enum cop_status run_vector(const struct run *run)
{
    struct run with = *run;
    struct cop_moment moment = moment_of(run);
    uint32_t profile = COP_NONE;
    enum cop_status status;

    if (run->vector->skipped != NULL) {
        say(run, COP_NOTE, NULL, "the vector %s was not run: %s",
            run->vector->id.p, run->vector->skipped);
        return COP_OK;
    }
    if (run->vector->unread.n > 0) {
        say(run, COP_NOTE, NULL,
            "of the vector %s was not compared in this version: %s",
            run->vector->id.p, run->vector->unread.p);
    }
    status = add_subject(run, &profile);
    if (status == COP_E_NOTFOUND) {
        run->runner->failed++;
        say(run, COP_ERROR, "correct the name, or add the template",
            "the vector %s cannot be run: no template %s is here",
            run->vector->id.p, run->vector->template_name.p);
        return COP_OK;
    }
    if (status == COP_OK) {
        status = classify(run);
    }
    if (status == COP_OK) {
        cop_evaluate(with.runner->policy, &with.runner->class, profile, &moment,
            &with.verdict);
        compare(&with);
    }
    return status;
}

static enum cop_status run_requirement(
    struct runner *runner, const struct fact_requirement *owner)
{
    struct run run = {.runner = runner, .owner = owner};
    enum cop_status status = COP_OK;

    for (size_t i = 0; i < owner->vectors_n && status == COP_OK; i++) {
        run.vector = &owner->vectors[i];
        if (!model_is_in_force(owner)) {
            say(&run, COP_NOTE, NULL,
                "vectors not run: %zu, because the requirement is not in force",
                owner->vectors_n);
            break;
        }
        status = run_vector(&run);
    }
    return status;
}

static enum cop_status runner_open(
    struct runner *runner, const struct cop_image *image)
{
    enum cop_status status = cop_bundle_open_memory(image->bytes, image->n,
        "the bundle just written", runner->model->report, &runner->bundle);

    if (status == COP_OK) {
        status = policy_renew(runner);
    }
    return status == COP_OK ? cop_matcher_new(&runner->matcher) : status;
}

enum cop_status vectors_run(
    const struct model *model, const struct cop_image *image)
{
    struct runner *runner = calloc(1, sizeof(*runner));
    enum cop_status status;

    if (runner == NULL) {
        return COP_E_NOMEM;
    }
    runner->model = model;
    status = runner_open(runner, image);
    for (size_t i = 0; i < model->requirements.n && status == COP_OK; i++) {
        status = run_requirement(runner, model_requirement(model, i));
    }
    if (status == COP_OK && runner->failed > 0) {
        status = COP_E_VECTOR;
    }
    cop_matcher_free(&runner->matcher);
    cop_policy_free(&runner->policy);
    cop_bundle_drop(&runner->bundle);
    free(runner);
    return status;
}

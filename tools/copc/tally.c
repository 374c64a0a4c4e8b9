#include "tools/copc/tally.h"

#include <stdlib.h>
#include <string.h>

#include "tools/copc/inside.h"
#include "tools/copc/options.h"
#include "tools/copc/report.h"
#include "tools/copc/term.h"

/* A log names requirements that no bundle has; so there is an end to their
 * rows.
 */
enum { EXAMPLES_MAX = 10000, KEY_BYTES = 256, ROWS_MAX = 10000 };

static const char others[] = "other requirements";

static const char *const change_words[] = {
    [TALLY_SAME] = "same",
    [TALLY_BLOCKED] = "blocked",
    [TALLY_ALLOWED] = "allowed",
    [TALLY_OTHER] = "other",
};

bool tally_init(struct tally *tally, size_t examples_max)
{
    *tally = (struct tally){
        .rows = json_object(),
        .examples_max = examples_max,
    };
    return tally->rows != NULL;
}

void tally_fini(struct tally *tally)
{
    json_decref(tally->rows);
    tally->rows = NULL;
}

bool tally_read_examples(const struct options *options, size_t *out)
{
    const char *text = options->value[OPTION_EXAMPLES];
    char *end = NULL;
    long n;

    *out = TALLY_EXAMPLES;
    if (text == NULL) {
        return true;
    }
    n = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n > EXAMPLES_MAX) {
        options_complain(options, "--examples %s is no number from 0 to %d",
            text, (int)EXAMPLES_MAX);
        return false;
    }
    *out = (size_t)n;
    return true;
}

/* FNV-1a over what is done beside a decision: equal where that is. */
static uint32_t sum_text(uint32_t sum, struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        sum = (sum ^ (unsigned char)text.p[i]) * 16777619U;
    }
    return (sum ^ 0xffU) * 16777619U;
}

static uint32_t sum_changes(
    const struct cop_policy *policy, const struct cop_beside *beside)
{
    uint32_t sum = 2166136261U;
    uint32_t n = beside->action == COP_MODIFY
                     ? cop_policy_changes(policy, beside->hit.list)
                     : 0;

    for (uint32_t i = 0; i < n; i++) {
        struct cop_change change;

        cop_policy_change(policy, beside->hit.list, i, &change);
        sum = sum_text(sum_text(sum, change.name), change.value) + change.kind;
    }
    return sum;
}

static uint32_t sum_beside(
    const struct cop_policy *policy, const struct cop_verdict *verdict)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < verdict->beside_n; i++) {
        const struct cop_beside *beside = &verdict->beside[i];
        struct cop_requirement requirement;

        cop_bundle_requirement(cop_policy_bundle(policy, beside->bundle),
            beside->requirement, &requirement);
        sum += sum_text(
            sum_changes(policy, beside) + beside->action, requirement.id);
    }
    return sum;
}

struct decided tally_decided(
    const struct cop_policy *policy, const struct cop_verdict *verdict)
{
    struct decided decided = {.action = verdict->action,
        .by = cop_slice_of(cop_level_word(verdict->level)),
        .beside = sum_beside(policy, verdict),
        .knows_beside = true};
    struct cop_requirement requirement;

    if (verdict->requirement != COP_NONE) {
        cop_bundle_requirement(cop_policy_bundle(policy, verdict->bundle),
            verdict->requirement, &requirement);
        decided.by = requirement.id;
    }
    return decided;
}

enum tally_change tally_change(
    const struct decided *before, const struct decided *after)
{
    bool was_open = before->action == COP_ALLOW;
    bool is_open = after->action == COP_ALLOW;

    if (was_open != is_open) {
        return is_open ? TALLY_ALLOWED : TALLY_BLOCKED;
    }
    return before->action == after->action &&
                   cop_slice_eq(before->by, after->by) &&
                   (!before->knows_beside || !after->knows_beside ||
                       before->beside == after->beside)
               ? TALLY_SAME
               : TALLY_OTHER;
}

struct cop_slice tally_whose(enum tally_change change,
    const struct decided *before, const struct decided *after)
{
    return change == TALLY_ALLOWED ? before->by : after->by;
}

static json_t *decided_json(const struct decided *decided)
{
    return json_pack("{s:s, s:o}", "action", cop_action_word(decided->action),
        "by", inside_text_json(decided->by));
}

/* The row of a requirement, made where it is new; borrowed, or NULL. */
static json_t *row_of(struct tally *tally, struct cop_slice whose)
{
    char key[KEY_BYTES];
    json_t *row;

    snprintf(key, sizeof key, "%.*s", (int)whose.n, whose.p);
    row = json_object_get(tally->rows, key);
    if (row == NULL && json_object_size(tally->rows) >= ROWS_MAX) {
        snprintf(key, sizeof key, "%s", others);
        row = json_object_get(tally->rows, key);
    }
    if (row == NULL) {
        row = json_pack("{s:s, s:i, s:i, s:i, s:[]}", "by", key, "blocked", 0,
            "allowed", 0, "other", 0, "examples");
        if (row == NULL || json_object_set_new(tally->rows, key, row) != 0) {
            return NULL;
        }
    }
    return row;
}

void tally_add(struct tally *tally, struct cop_slice address, const char *who,
    const struct decided *before, const struct decided *after)
{
    enum tally_change change = tally_change(before, after);
    json_t *row;
    json_t *count;
    json_t *examples;

    if (change == TALLY_SAME) {
        return;
    }
    row = row_of(tally, tally_whose(change, before, after));
    if (row == NULL) {
        tally->has_failed = true;
        return;
    }
    count = json_object_get(row, change_words[change]);
    (void)json_integer_set(count, json_integer_value(count) + 1);
    examples = json_object_get(row, "examples");
    if (json_array_size(examples) < tally->examples_max) {
        (void)json_array_append_new(
            examples, json_pack("{s:o, s:s, s:o, s:o}", "address",
                          inside_text_json(address), "for", who, "before",
                          decided_json(before), "after", decided_json(after)));
    }
}

/* ---- telling ---- */

static json_int_t changes_of(const json_t *row)
{
    return json_integer_value(json_object_get(row, "blocked")) +
           json_integer_value(json_object_get(row, "allowed")) +
           json_integer_value(json_object_get(row, "other"));
}

static int row_order(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a;
    const json_t *y = *(json_t *const *)b;
    json_int_t n = changes_of(x);
    json_int_t m = changes_of(y);

    return n != m ? (n < m ? 1 : -1)
                  : strcmp(report_text(x, "by"), report_text(y, "by"));
}

static json_t *rows_json(const struct tally *tally)
{
    size_t n = json_object_size(tally->rows);
    json_t **rows = calloc(n + 1, sizeof rows[0]);
    json_t *array = json_array();
    const char *key;
    json_t *row;

    if (rows == NULL || array == NULL) {
        free(rows);
        json_decref(array);
        return NULL;
    }
    n = 0;
    json_object_foreach(tally->rows, key, row)
    {
        rows[n++] = row;
    }
    qsort(rows, n, sizeof rows[0], row_order);
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append(array, rows[i]);
    }
    free(rows);
    return array;
}

json_t *tally_json(const struct tally *tally)
{
    uint64_t asked = 0;

    if (tally->has_failed) {
        return NULL;
    }
    for (size_t i = 0; i <= TALLY_OTHER; i++) {
        asked += tally->changes[i];
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "asked",
        (json_int_t)asked, "same", (json_int_t)tally->changes[TALLY_SAME],
        "blocked", (json_int_t)tally->changes[TALLY_BLOCKED], "allowed",
        (json_int_t)tally->changes[TALLY_ALLOWED], "other",
        (json_int_t)tally->changes[TALLY_OTHER], "by_requirement",
        rows_json(tally));
}

static json_int_t number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static void print_example(FILE *to, const json_t *example)
{
    const json_t *before = json_object_get(example, "before");
    const json_t *after = json_object_get(example, "after");

    fprintf(to, "    %s\n      %s: %s (%s) -> %s (%s)\n",
        report_text(example, "address"), report_text(example, "for"),
        report_text(before, "action"), report_text(before, "by"),
        report_text(after, "action"), report_text(after, "by"));
}

void tally_print(FILE *to, const json_t *object)
{
    size_t i;
    json_t *row;

    fprintf(to,
        "decisions: %" JSON_INTEGER_FORMAT " asked, %" JSON_INTEGER_FORMAT
        " the same, %s%" JSON_INTEGER_FORMAT " newly blocked%s, "
        "%s%" JSON_INTEGER_FORMAT " newly allowed%s, %" JSON_INTEGER_FORMAT
        " for another reason\n",
        number(object, "asked"), number(object, "same"),
        term_style(to, TERM_BAD), number(object, "blocked"),
        term_style(to, TERM_PLAIN), term_style(to, TERM_GOOD),
        number(object, "allowed"), term_style(to, TERM_PLAIN),
        number(object, "other"));
    json_array_foreach(json_object_get(object, "by_requirement"), i, row)
    {
        size_t k;
        json_t *example;

        fprintf(to,
            "\n  %s%s%s\n    %" JSON_INTEGER_FORMAT
            " newly blocked, %" JSON_INTEGER_FORMAT
            " newly allowed, %" JSON_INTEGER_FORMAT " for another reason\n",
            term_style(to, TERM_STRONG), report_text(row, "by"),
            term_style(to, TERM_PLAIN), number(row, "blocked"),
            number(row, "allowed"), number(row, "other"));
        json_array_foreach(json_object_get(row, "examples"), k, example)
        {
            print_example(to, example);
        }
    }
}

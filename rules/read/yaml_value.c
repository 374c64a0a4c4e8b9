#include <inttypes.h>
#include <stdio.h>

#include "rules/read/date.h"
#include "rules/read/describe.h"
#include "rules/read/words.h"
#include "rules/read/yaml.h"

static const char *const kind_words[] = {
    [YAML_NULL] = "nothing",
    [YAML_TEXT] = "a text",
    [YAML_LIST] = "a list",
    [YAML_MAP] = "a mapping of keys to values",
};

/* "of `key`" as far as the node has a key; for "the value ... should be". */
static const char *name_of(const struct yaml_node *node)
{
    return node->key.p != NULL ? node->key.p : "this value";
}

/* Tell an observer, if there is one. Returns whether there is; *taken says
 * whether the observer's node has that form. */
static bool observed(const struct yaml *yaml, const struct yaml_node *node,
    const struct yaml_form *form, bool *taken)
{
    if (yaml->observer == NULL) {
        return false;
    }
    *taken = yaml->observer->form(yaml->observer->context, node, form);
    return true;
}

bool yaml_observe_words(const struct yaml *yaml, const struct yaml_node *node,
    const char *const *words, size_t n)
{
    const struct yaml_form form = {.kind = FORM_WORD, .words = words, .n = n};
    bool taken;

    return observed(yaml, node, &form, &taken);
}

bool yaml_is(
    struct yaml *yaml, const struct yaml_node *node, enum yaml_kind kind)
{
    const struct yaml_form form = {.kind = kind == YAML_LIST  ? FORM_LIST
                                           : kind == YAML_MAP ? FORM_MAP
                                                              : FORM_TEXT};
    bool taken;

    if (observed(yaml, node, &form, &taken)) {
        return taken;
    }
    if (node->kind == kind) {
        return true;
    }
    yaml_error(yaml, node, "value", NULL, "%s should be %s, not %s",
        name_of(node), kind_words[kind], kind_words[node->kind]);
    return false;
}

bool yaml_text(
    struct yaml *yaml, const struct yaml_node *node, struct cop_slice *out)
{
    if (!yaml_is(yaml, node, YAML_TEXT)) {
        return false;
    }
    if (node->text.n == 0) {
        yaml_error(yaml, node, "value", "write it, or remove the key",
            "%s is empty", name_of(node));
        return false;
    }
    *out = node->text;
    return true;
}

/* Decimal digits with an optional sign, no leading zero, within int64. */
static bool parse_int(struct cop_slice text, int64_t *out)
{
    bool is_negative = text.n > 0 && text.p[0] == '-';
    size_t i = is_negative;
    int64_t value = 0;

    if (i == text.n || (text.p[i] == '0' && text.n > i + 1)) {
        return false;
    }
    for (; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' ||
            value > (INT64_MAX - 9) / 10) {
            return false;
        }
        value = value * 10 + (text.p[i] - '0');
    }
    *out = is_negative ? -value : value;
    return true;
}

bool yaml_int(struct yaml *yaml, const struct yaml_node *node, int64_t min,
    int64_t max, int64_t *out)
{
    const struct yaml_form form = {.kind = FORM_INT, .min = min, .max = max};
    bool taken;
    struct cop_slice text;
    int64_t value;

    if (observed(yaml, node, &form, &taken)) {
        *out = min;
        return taken;
    }
    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    if (!node->is_plain || !parse_int(text, &value)) {
        yaml_error(yaml, node, "value", "write it in digits, without quotes",
            "%s should be a whole number, not \"%s\"", name_of(node), text.p);
        return false;
    }
    if (value < min || value > max) {
        yaml_error(yaml, node, "value", NULL,
            "%s is %" PRId64 ", which is not between %" PRId64 " and %" PRId64,
            name_of(node), value, min, max);
        return false;
    }
    *out = value;
    return true;
}

bool yaml_bool(struct yaml *yaml, const struct yaml_node *node, bool *out)
{
    const struct yaml_form form = {.kind = FORM_BOOL};
    bool taken;
    struct cop_slice text;
    bool is_true;

    if (observed(yaml, node, &form, &taken)) {
        *out = false;
        return taken;
    }
    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    is_true = cop_slice_eq(text, COP_LIT("true"));
    if (!node->is_plain ||
        (!is_true && !cop_slice_eq(text, COP_LIT("false")))) {
        yaml_error(yaml, node, "value", "write true or false, without quotes",
            "%s should be true or false, not \"%s\"", name_of(node), text.p);
        return false;
    }
    *out = is_true;
    return true;
}

/* "a, b or c", cut where the room ends. */
static void print_choice(
    char *out, size_t room, const char *const *words, size_t n)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n && used < room; i++) {
        const char *between = i == 0 ? "" : i + 1 == n ? " or " : ", ";
        int wrote =
            snprintf(out + used, room - used, "%s%s", between, words[i]);

        used += wrote > 0 ? (size_t)wrote : room;
    }
}

bool yaml_word(struct yaml *yaml, const struct yaml_node *node,
    const char *const *words, size_t n, unsigned *out)
{
    const struct yaml_form form = {.kind = FORM_WORD, .words = words, .n = n};
    bool taken;
    struct words_nearest nearest;
    char choice[512];
    struct cop_slice text;

    if (observed(yaml, node, &form, &taken)) {
        *out = 0;
        return taken;
    }
    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    words_nearest_init(&nearest, text);
    for (size_t i = 0; i < n; i++) {
        if (cop_slice_eq(text, cop_slice_of(words[i]))) {
            *out = (unsigned)i;
            return true;
        }
        words_nearest_offer(&nearest, cop_slice_of(words[i]));
    }
    print_choice(choice, sizeof(choice), words, n);
    if (nearest.best.p != NULL) {
        yaml_error(yaml, node, "value", NULL,
            "%s cannot be \"%s\"; did you mean %s? It is one of: %s",
            name_of(node), text.p, nearest.best.p, choice);
    } else {
        yaml_error(yaml, node, "value", NULL,
            "%s cannot be \"%s\"; it is one of: %s", name_of(node), text.p,
            choice);
    }
    return false;
}

bool yaml_date(struct yaml *yaml, const struct yaml_node *node, int64_t *out)
{
    const struct yaml_form form = {.kind = FORM_DATE};
    bool taken;
    struct cop_slice text;

    if (observed(yaml, node, &form, &taken)) {
        *out = 0;
        return taken;
    }
    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    if (!date_parse(text, out)) {
        yaml_error(yaml, node, "value", "write year-month-day: 2026-11-24",
            "%s should be a date of the calendar, not \"%s\"", name_of(node),
            text.p);
        return false;
    }
    return true;
}

bool yaml_moment(struct yaml *yaml, const struct yaml_node *node, int64_t *out,
    uint16_t *minute)
{
    const struct yaml_form form = {.kind = FORM_MOMENT};
    bool taken;
    struct cop_slice text;
    uint16_t unused;

    if (observed(yaml, node, &form, &taken)) {
        *out = 0;
        if (minute != NULL) {
            *minute = 0;
        }
        return taken;
    }
    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    if (!date_parse_moment(text, out, minute != NULL ? minute : &unused)) {
        yaml_error(yaml, node, "value",
            "write date, time and offset: 2026-11-24T10:00:00+03:00",
            "%s should be a moment in time, not \"%s\"", name_of(node), text.p);
        return false;
    }
    return true;
}

bool yaml_clock(struct yaml *yaml, const struct yaml_node *node, uint16_t *out)
{
    const struct yaml_form form = {.kind = FORM_CLOCK};
    bool taken;
    struct cop_slice text;

    if (observed(yaml, node, &form, &taken)) {
        *out = 0;
        return taken;
    }
    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    if (!date_parse_clock(text, out)) {
        yaml_error(yaml, node, "value",
            "write hours and minutes with two digits each: \"07:30\"",
            "%s should be a time of day, not \"%s\"", name_of(node), text.p);
        return false;
    }
    return true;
}

bool yaml_texts(struct yaml *yaml, const struct yaml_node *node,
    const struct cop_slice **out, size_t *n)
{
    struct cop_slice *texts;
    uint32_t errors = yaml->errors;
    size_t used = 0;

    if (node->kind != YAML_LIST) {
        texts = arena_array(yaml->arena, 1, sizeof(*texts));
        if (texts == NULL || !yaml_text(yaml, node, texts)) {
            return false;
        }
        *out = texts;
        *n = 1;
        return true;
    }
    texts = arena_array(yaml->arena, node->count + 1U, sizeof(*texts));
    if (texts == NULL || !yaml_is(yaml, node, YAML_LIST)) {
        return false;
    }
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        used += yaml_text(yaml, c, &texts[used]);
    }
    *out = texts;
    *n = used;
    return yaml->errors == errors;
}

/* Values that people read and this version decides nothing by: their form is
 * checked all the same, because a duty that is misspelt is a duty lost. */
#include "rules/read/date.h"
#include "rules/read/requirement.h"

void requirement_read_words(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    const struct cop_slice *texts;
    size_t n;

    (void)into;
    (void)yaml_texts(yaml, value, &texts, &n);
}

void requirement_read_word(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct cop_slice text;

    (void)into;
    (void)yaml_text(yaml, value, &text);
}

void requirement_read_flag(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    bool unused;

    (void)into;
    (void)yaml_bool(yaml, value, &unused);
}

void requirement_read_duration(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct cop_slice text;

    (void)into;
    if (yaml_text(yaml, value, &text) && !date_is_duration(text)) {
        yaml_error(yaml, value, "value",
            "write P5D for five days, PT4H for "
            "four hours",
            "%s should be a duration, not \"%s\"", value->key.p, text.p);
    }
}

void requirement_read_within(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    requirement_read_aside(yaml, value, into);
    if (value->kind != YAML_MAP) {
        requirement_read_duration(yaml, value, into);
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        requirement_read_duration(yaml, c, into);
    }
}

void requirement_read_spared(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_categories unused = {.place = {NULL, 0, 0}};

    (void)into;
    (void)fact_read_categories(yaml, value, &unused);
}

void requirement_read_override_scope(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
        "profile", "category", "site", "session"};
    unsigned which;

    (void)into;
    (void)yaml_word(
        yaml, value, words, sizeof(words) / sizeof(words[0]), &which);
}

/* RFC 8914 section 4: an extended error's code has 16 bits. */
static void read_ede_code(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    int64_t unused;

    (void)into;
    (void)yaml_int(yaml, value, 0, UINT16_MAX, &unused);
}

void requirement_read_dns(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"ede_code", read_ede_code, false},
        {"structured", requirement_read_flag, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
    requirement_read_aside(yaml, value, into);
}

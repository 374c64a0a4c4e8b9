/* Hours of the week as people write them: days, from, to. */
#include "rules/read/date.h"
#include "rules/read/fact.h"

static const char *const day_words[] = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct hours_reader {
    unsigned days; /* bits, Monday first */
    uint16_t from;
    uint16_t to;
};

static void read_days(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct hours_reader *reader = into;
    unsigned which = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    reader->days = 0;
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        if (yaml_word(yaml, c, day_words, 7, &which)) {
            reader->days |= 1U << which;
        }
    }
    if (value->count == 0) {
        yaml_error(yaml, value, "value", "leave days out for every day",
            "these hours are of no day");
    }
}

static void read_from(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_clock(yaml, value, &((struct hours_reader *)into)->from);
}

static void read_to(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_clock(yaml, value, &((struct hours_reader *)into)->to);
}

/* The windows of one item, one a day; over midnight they reach into the day
 * after, and on Sunday around the week. */
static size_t spread(
    const struct hours_reader *reader, struct tables_window *out)
{
    size_t n = 0;

    for (unsigned day = 0; day < 7; day++) {
        unsigned from = day * 1440 + reader->from;
        unsigned to = day * 1440 + reader->to;

        if ((reader->days >> day & 1) == 0) {
            continue;
        }
        if (reader->to <= reader->from) {
            to += 1440;
        }
        if (to > DATE_WEEK_MINUTES) {
            to -= DATE_WEEK_MINUTES;
        }
        out[n++] = (struct tables_window){(uint16_t)from, (uint16_t)to};
    }
    return n;
}

static size_t read_item(
    struct yaml *yaml, const struct yaml_node *node, struct tables_window *out)
{
    static const struct yaml_key keys[] = {
        {"days", read_days, false},
        {"from", read_from, true},
        {"to", read_to, true},
    };
    struct hours_reader reader = {.days = 0x7F};
    uint32_t errors = yaml->errors;

    (void)yaml_map_read(yaml, node, keys, 3, &reader);
    if (yaml->errors != errors) {
        return 0;
    }
    if (reader.from == reader.to || reader.from == 1440) {
        yaml_error(yaml, node, "value",
            "write from: \"00:00\" and to: \"24:00\" for a whole day",
            "these hours are empty");
        return 0;
    }
    return spread(&reader, out);
}

bool fact_read_hours(struct yaml *yaml, const struct yaml_node *value,
    const struct tables_window **out, size_t *n)
{
    struct tables_window *windows;
    uint32_t errors = yaml->errors;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return false;
    }
    windows = arena_array(yaml->arena, value->count * 7U + 1, sizeof(*windows));
    if (windows == NULL) {
        return false;
    }
    *n = 0;
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        *n += read_item(yaml, c, &windows[*n]);
    }
    *out = windows;
    return yaml->errors == errors;
}

/* The profiles of a policy file. */
#include "rules/read/policyfile.h"

#include "cop/decide.h"
#include "rules/read/date.h"

/* A profile while its keys are read. */
struct profile_reader {
    const struct document *document;
    struct fact_profile *fact;
};

/* ---- objects ---- */

bool policyfile_read_objects(struct yaml *yaml, const struct yaml_node *value,
    const struct fact_entry **out, size_t *n)
{
    struct fact_entry *entries;
    size_t used = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return false;
    }
    entries = arena_array(yaml->arena, value->count + 1U, sizeof(*entries));
    if (entries == NULL) {
        return false;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        entries[used].place = fact_place(yaml, c);
        used += yaml_text(yaml, c, &entries[used].text);
    }
    *out = entries;
    *n = used;
    return true;
}

/* ---- hours ---- */

static const char *const day_words[] = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct closed_reader {
    unsigned days; /* bits, Monday first */
    uint16_t from;
    uint16_t to;
};

static void read_days(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct closed_reader *reader = into;
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
    (void)yaml_clock(yaml, value, &((struct closed_reader *)into)->from);
}

static void read_to(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_clock(yaml, value, &((struct closed_reader *)into)->to);
}

/* The windows of one item, one a day; over midnight they reach into the day
 * after, and on Sunday around the week. */
static size_t spread(
    const struct closed_reader *reader, struct tables_window *out)
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

static size_t read_closed_item(
    struct yaml *yaml, const struct yaml_node *node, struct tables_window *out)
{
    static const struct yaml_key keys[] = {
        {"days", read_days, false},
        {"from", read_from, true},
        {"to", read_to, true},
    };
    struct closed_reader reader = {.days = 0x7F};
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

static void read_closed(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;
    struct tables_window *windows;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    windows = arena_array(yaml->arena, value->count * 7U + 1, sizeof(*windows));
    if (windows == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        fact->closed_n += read_closed_item(yaml, c, &windows[fact->closed_n]);
    }
    fact->closed = windows;
}

/* ---- profiles ---- */

static void read_name(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    if (yaml_text(yaml, value, &fact->name) && fact->name.n > 64) {
        yaml_error(yaml, value, "value", NULL,
            "a profile's name has at most 64 bytes");
    }
}

static void read_age(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;
    int64_t age;

    if (yaml_int(yaml, value, 0, 120, &age)) {
        fact->age = (uint8_t)age;
    }
}

static void read_subscriber(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    if (yaml_is(yaml, value, YAML_TEXT)) {
        (void)fact_read_subscribers(yaml, value, &fact->subscribers);
    }
}

static void read_template(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)fact_read_template(yaml, value, &fact->template_name);
}

static void read_block(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)fact_read_categories(yaml, value, &fact->block);
}

static void read_permit(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)fact_read_categories(yaml, value, &fact->permit);
}

static void read_allow_only(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)yaml_bool(yaml, value, &fact->is_allow_only);
}

static void read_allow(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)policyfile_read_objects(yaml, value, &fact->allow, &fact->allow_n);
}

static void read_deny(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)policyfile_read_objects(yaml, value, &fact->deny, &fact->deny_n);
}

static void read_allow_lists(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct profile_reader *reader = into;

    (void)list_read_files(reader->document, yaml, value, ENTRY_DOMAIN,
        &reader->fact->allow_lists, &reader->fact->allow_lists_n);
}

static void read_deny_lists(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct profile_reader *reader = into;

    (void)list_read_files(reader->document, yaml, value, ENTRY_DOMAIN,
        &reader->fact->deny_lists, &reader->fact->deny_lists_n);
}

static void read_accepts(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)yaml_texts(yaml, value, &fact->accepts, &fact->accepts_n);
}

static const struct yaml_key profile_keys[] = {
    {"name", read_name, true},
    {"age", read_age, true},
    {"subscriber", read_subscriber, false},
    {"template", read_template, false},
    {"block", read_block, false},
    {"permit", read_permit, false},
    {"allow_only", read_allow_only, false},
    {"allow", read_allow, false},
    {"deny", read_deny, false},
    {"allow_lists", read_allow_lists, false},
    {"deny_lists", read_deny_lists, false},
    {"accepts", read_accepts, false},
    {"closed", read_closed, false},
    {"note", NULL, false},
};

static void check_profile_name(struct yaml *yaml, const struct yaml_node *node,
    const struct fact_policy *policy, size_t index)
{
    const struct fact_profile *fact = &policy->profiles[index];

    for (size_t i = 0; i < index && fact->name.n > 0; i++) {
        if (cop_slice_eq(policy->profiles[i].name, fact->name)) {
            yaml_error(yaml, node, "id", "give it another name",
                "there is a profile %s already, on line %u", fact->name.p,
                policy->profiles[i].place.line);
            return;
        }
    }
}

void policyfile_read_profiles(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct policy_reader *reader = into;
    struct fact_policy *policy = reader->policy;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    if (value->count == 0) {
        yaml_error(yaml, value, "value", "write one for whoever is here",
            "there is no profile; nobody could be let through");
        return;
    }
    if (value->count > COP_PROFILES_MAX) {
        yaml_error(yaml, value, "limit", NULL,
            "there are more than %d profiles", (int)COP_PROFILES_MAX);
        return;
    }
    policy->profiles = arena_array(
        yaml->arena, value->count + 1U, sizeof(policy->profiles[0]));
    if (policy->profiles == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        struct profile_reader profile = {
            reader->document, &policy->profiles[policy->profiles_n]};

        profile.fact->place = fact_place(yaml, c);
        (void)yaml_map_read(yaml, c, profile_keys,
            sizeof(profile_keys) / sizeof(profile_keys[0]), &profile);
        check_profile_name(yaml, c, policy, policy->profiles_n);
        policy->profiles_n++;
    }
}

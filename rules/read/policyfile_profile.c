/* The profiles of a policy file. */
#include "rules/read/policyfile.h"

#include "cop/decide.h"

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

static void read_closed(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_profile *fact = ((struct profile_reader *)into)->fact;

    (void)fact_read_hours(yaml, value, &fact->closed, &fact->closed_n);
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

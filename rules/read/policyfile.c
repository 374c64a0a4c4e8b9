#include "rules/read/policyfile.h"

#include "rules/base/subscriber.h"

enum { GRANTS_MAX = 4096 };

/* ---- grants ---- */

static void read_grant_profile(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_grant *fact = into;

    fact->profile_place = fact_place(yaml, value);
    (void)yaml_text(yaml, value, &fact->profile);
}

static void read_grant_object(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_grant *fact = into;

    fact->object.place = fact_place(yaml, value);
    (void)yaml_text(yaml, value, &fact->object.text);
}

static void read_grant_until(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)fact_read_until(
        yaml, value, &((struct fact_grant *)into)->until_unix);
}

static void read_grant_by(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_text(yaml, value, &((struct fact_grant *)into)->by);
}

static void read_grant_reason(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_text(yaml, value, &((struct fact_grant *)into)->reason);
}

static void read_grants(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"profile", read_grant_profile, false},
        {"object", read_grant_object, true},
        {"until", read_grant_until, true},
        {"by", read_grant_by, true},
        {"reason", read_grant_reason, false},
    };
    struct fact_policy *policy = ((struct policy_reader *)into)->policy;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    if (value->count > GRANTS_MAX) {
        yaml_error(yaml, value, "limit", "remove those whose time is over",
            "there are more than %d grants", (int)GRANTS_MAX);
        return;
    }
    policy->grants =
        arena_array(yaml->arena, value->count + 1U, sizeof(policy->grants[0]));
    if (policy->grants == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        struct fact_grant *fact = &policy->grants[policy->grants_n++];

        fact->place = fact_place(yaml, c);
        (void)yaml_map_read(
            yaml, c, keys, sizeof(keys) / sizeof(keys[0]), fact);
    }
}

/* ---- the whole ---- */

static void read_version(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    int64_t version;

    (void)into;
    (void)yaml_int(yaml, value, 1, 1, &version);
}

static void read_place(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"household", "school", "public"};
    unsigned which = 0;

    if (yaml_word(yaml, value, words, 3, &which)) {
        ((struct policy_reader *)into)->policy->kind =
            (enum fact_place_kind)which;
    }
}

/* The form of an IANA name; the library has no zones to look it up in. */
static void read_timezone(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9');

        if (!is_word && strchr("/_+-", c) == NULL) {
            yaml_error(yaml, value, "value", "write a name such as Etc/UTC",
                "%s is no name of a time zone", text.p);
            return;
        }
    }
    ((struct policy_reader *)into)->policy->timezone = text;
}

static void read_never_categories(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)fact_read_categories(
        yaml, value, &((struct policy_reader *)into)->policy->never_inspect);
}

static void read_never_hosts(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_policy *policy = ((struct policy_reader *)into)->policy;

    (void)policyfile_read_objects(
        yaml, value, &policy->never_hosts, &policy->never_hosts_n);
}

static void read_never(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"categories", read_never_categories, false},
        {"hosts", read_never_hosts, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
}

/* A profile that does not say whose line it is, is of the place's usual kind.
 */
static void settle_subscribers(struct fact_policy *policy)
{
    static const enum subscriber usual[] = {
        [PLACE_HOUSEHOLD] = SUBSCRIBER_RESIDENTIAL,
        [PLACE_SCHOOL] = SUBSCRIBER_SCHOOL_PUPIL,
        [PLACE_PUBLIC] = SUBSCRIBER_PUBLIC_WIFI,
    };

    for (size_t i = 0; i < policy->profiles_n; i++) {
        if (policy->profiles[i].subscribers == 0) {
            policy->profiles[i].subscribers = UINT32_C(1)
                                              << usual[policy->kind];
        }
    }
}

enum cop_status policyfile_read(
    struct document *document, struct cop_slice text, struct fact_policy *out)
{
    static const struct yaml_key keys[] = {
        {"policy", read_version, true},
        {"place", read_place, true},
        {"timezone", read_timezone, false},
        {"profiles", policyfile_read_profiles, true},
        {"grants", read_grants, false},
        {"never_inspect", read_never, false},
    };
    struct yaml *yaml = &document->yaml;
    struct policy_reader reader = {document, out};
    enum cop_status status = yaml_parse(yaml, text);

    *out = (struct fact_policy){.kind = PLACE_HOUSEHOLD};
    if (status == COP_E_NOMEM) {
        return status;
    }
    if (status != COP_OK) {
        return COP_E_SYNTAX;
    }
    (void)yaml_map_read(
        yaml, yaml->root, keys, sizeof(keys) / sizeof(keys[0]), &reader);
    settle_subscribers(out);
    if (arena_failed(yaml->arena)) {
        return COP_E_NOMEM;
    }
    return yaml->errors == 0 ? COP_OK : COP_E_SYNTAX;
}

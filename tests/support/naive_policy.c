/* A policy file -> profiles, local lists, grants. */
#include "tests/support/naive.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/naive_read.h"

/* The week's minute of "20:30" on a day; "24:00" is the next day's first. */
static unsigned minute_of(unsigned day, struct cop_slice clock)
{
    unsigned hour = (unsigned)strtoul(clock.p, NULL, 10);
    unsigned minute = (unsigned)strtoul(clock.p + 3, NULL, 10);

    return (day * 24 * 60 + hour * 60 + minute) % (7 * 24 * 60);
}

static bool is_on_day(const struct yaml_node *days, const char *day)
{
    if (days == NULL) {
        return true;
    }
    for (const struct yaml_node *c = days->first; c != NULL; c = c->next) {
        if (cop_slice_eq(c->text, cop_slice_of(day))) {
            return true;
        }
    }
    return false;
}

size_t naive_hours(
    const struct yaml_node *list, struct naive_hours out[NAIVE_HOURS])
{
    static const char *const days[] = {
        "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    size_t n = 0;

    for (const struct yaml_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next) {
        struct cop_slice from = naive_text(c, "from");
        struct cop_slice to = naive_text(c, "to");
        bool is_over_night = cop_slice_cmp(to, from) <= 0;

        for (unsigned day = 0; day < 7; day++) {
            if (is_on_day(yaml_get(c, "days"), days[day])) {
                if (n == NAIVE_HOURS) {
                    abort();
                }
                out[n].from = minute_of(day, from);
                out[n++].to = minute_of(day + is_over_night, to);
            }
        }
    }
    return n;
}

static void read_objects(struct naive *naive, struct naive_list *list,
    const struct yaml_node *map, const char *key)
{
    size_t n;
    const struct cop_slice *objects = naive_texts(naive, map, key, &n);

    list->bundle = 1;
    for (size_t i = 0; i < n; i++) {
        naive_add_object(naive, list, NAIVE_DOMAIN, objects[i]);
    }
}

static struct cop_slice template_id(
    struct naive *naive, const struct yaml_node *map)
{
    struct cop_slice name = naive_text(map, "template");

    return name.n == 0 ? name
                       : arena_print(&naive->arena, "cop:template:%s", name.p);
}

static void read_profile(struct naive *naive, const struct yaml_node *map,
    struct cop_slice usual_subscriber)
{
    struct naive_profile profile = {
        .name = naive_text(map, "name"),
        .age = naive_number(map, "age", 0),
        .subscriber = naive_text(map, "subscriber"),
        .template_name = template_id(naive, map),
        .block = naive_categories(naive, map, "block"),
        .allow = naive_categories(naive, map, "permit"),
        .is_allow_only =
            cop_slice_eq(naive_text(map, "allow_only"), COP_LIT("true")),
    };
    uint32_t owner;
    struct naive_list *list;

    if (profile.subscriber.n == 0) {
        profile.subscriber = usual_subscriber;
    }
    profile.accepts = naive_texts(naive, map, "accepts", &profile.accepts_n);
    profile.closed_n = naive_hours(yaml_get(map, "closed"), profile.closed);
    owner = naive_add(naive, &profile);
    list = naive_list_new(naive, NAIVE_PROFILE_ALLOW, owner);
    list->name = arena_print(&naive->arena, "%s allows", profile.name.p);
    read_objects(naive, list, map, "allow");
    list = naive_list_new(naive, NAIVE_PROFILE_DENY, owner);
    list->name = arena_print(&naive->arena, "%s denies", profile.name.p);
    read_objects(naive, list, map, "deny");
}

static void read_grant(struct naive *naive, const struct yaml_node *map)
{
    struct cop_slice profile = naive_text(map, "profile");
    uint32_t owner = (uint32_t)naive->grants_n++;
    struct naive_list *list = naive_list_new(naive, NAIVE_GRANT, owner);

    naive->grants[owner] = (struct naive_grant){
        .profile = COP_NONE,
        .until_unix = naive_date(map, "until", true, INT64_MAX),
    };
    for (uint32_t i = 0; profile.n != 0 && i < naive->profiles_n; i++) {
        if (cop_slice_eq(naive->profiles[i].name, profile)) {
            naive->grants[owner].profile = i;
        }
    }
    list->bundle = 1;
    list->name = arena_print(&naive->arena, "grant#%u", owner + 1);
    naive_add_object(naive, list, NAIVE_DOMAIN, naive_text(map, "object"));
}

static void read_never_inspect(
    struct naive *naive, const struct yaml_node *never)
{
    struct naive_list *list = naive_list_new(naive, NAIVE_NEVER_INSPECT, 0);

    list->name = COP_LIT("never inspected");
    naive->never_inspect = cop_catset_or(
        naive->never_inspect, naive_categories(naive, never, "categories"));
    read_objects(naive, list, never, "hosts");
}

void naive_policy(struct naive *naive, const char *text)
{
    struct cop_report report = {0};
    struct yaml yaml;
    struct cop_slice usual = COP_LIT("residential");

    yaml_init(&yaml, "policy", &naive->arena, &report);
    if (yaml_parse(&yaml, cop_slice_of(text)) != COP_OK) {
        abort();
    }
    if (cop_slice_eq(naive_text(yaml.root, "place"), COP_LIT("school"))) {
        usual = COP_LIT("school_pupil");
    }
    for (const struct yaml_node *c = yaml_get(yaml.root, "profiles")->first;
         c != NULL; c = c->next) {
        read_profile(naive, c, usual);
    }
    for (const struct yaml_node *c = yaml_get(yaml.root, "grants")->first;
         c != NULL; c = c->next) {
        read_grant(naive, c);
    }
    read_never_inspect(naive, yaml_get(yaml.root, "never_inspect"));
}

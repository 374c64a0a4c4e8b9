#include "gateway/config/locations.h"

#include "rules/base/arena.h"

struct reading {
    struct config_locations *out;
    struct cop_slice folder;
};

const char *locations_path(
    struct cop_slice folder, struct yaml *yaml, const struct yaml_node *value)
{
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return NULL;
    }
    if (text.p[0] == '/') {
        return arena_copy(yaml->arena, text).p;
    }
    return arena_print(
        yaml->arena, "%.*s%.*s", (int)folder.n, folder.p, (int)text.n, text.p)
        .p;
}

static void read_countries(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->out->files[COP_DATABASE_COUNTRY] =
        locations_path(reading->folder, yaml, value);
}

static void read_networks(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->out->files[COP_DATABASE_AS] =
        locations_path(reading->folder, yaml, value);
}

static void read_age(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    int64_t days;

    if (yaml_int(yaml, value, 1, LOCATIONS_AGE_MAX_DAYS, &days)) {
        reading->out->max_age_days = (uint32_t)days;
    }
}

static void read_required(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    (void)yaml_bool(yaml, value, &reading->out->is_required);
}

void locations_read(struct yaml *yaml, const struct yaml_node *value,
    struct cop_slice folder, struct config_locations *out)
{
    static const struct yaml_key keys[] = {
        {"countries", read_countries, false},
        {"networks", read_networks, false},
        {"max_age_days", read_age, false},
        {"required", read_required, false},
    };
    struct reading reading = {out, folder};

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), &reading);
}

#include "gateway/config/authority.h"

#include "gateway/config/locations.h"
#include "rules/base/arena.h"

struct reading {
    struct config *out;
    struct cop_slice folder;
};

static void read_certificate(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->out->ca_certificate = locations_path(reading->folder, yaml, value);
}

static void read_key(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->out->ca_key = locations_path(reading->folder, yaml, value);
}

/* The name of a credential is a file's name, not a path. */
static void read_passphrase(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const size_t begin_n = sizeof(AUTHORITY_CREDENTIAL) - 1;
    struct reading *reading = into;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    if (text.n < begin_n ||
        memcmp(text.p, AUTHORITY_CREDENTIAL, begin_n) != 0) {
        reading->out->ca_passphrase =
            locations_path(reading->folder, yaml, value);
        return;
    }
    if (text.n == begin_n || memchr(text.p, '/', text.n) != NULL ||
        text.p[begin_n] == '.') {
        yaml_error(yaml, value, "value", "write credential:NAME",
            "this is no name of a credential");
        return;
    }
    reading->out->ca_passphrase = arena_copy(yaml->arena, text).p;
}

static void read_log(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->out->ca_log = locations_path(reading->folder, yaml, value);
}

void authority_read(struct yaml *yaml, const struct yaml_node *value,
    struct cop_slice folder, struct config *out)
{
    static const struct yaml_key keys[] = {
        {"certificate", read_certificate, true},
        {"key", read_key, true},
        {"passphrase", read_passphrase, false},
        {"log", read_log, false},
    };
    struct reading reading = {out, folder};

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), &reading);
}

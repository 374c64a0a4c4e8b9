/* The configuration file: keys are tables, so that a new option is a row and a
 * function of a few lines. Nothing here opens what the file names: that is the
 * parent's, which reports what it cannot open. */
#include "gateway/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "cop/host.h"
#include "gateway/config/authority.h"
#include "gateway/config/listen.h"
#include "gateway/config/locations.h"
#include "gateway/config/network.h"
#include "gateway/config/values.h"
#include "rules/base/arena.h"
#include "rules/read/yaml.h"

enum { CONFIG_ARENA_MAX = 64 << 20 };

/* What is handed out is the first member; the rest is how it came to be. */
struct reading {
    struct config config;
    struct arena arena;
    struct cop_slice folder; /* of the file, with the slash; may be empty */
};

static const char *config_path(
    struct reading *reading, struct yaml *yaml, const struct yaml_node *value)
{
    return locations_path(reading->folder, yaml, value);
}

static void read_listen(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    listen_read(yaml, value, &((struct reading *)into)->config);
}

static void read_transparent(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    listen_read_transparent(
        yaml, value, &((struct reading *)into)->config.transparent);
}

static void read_workers(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    int64_t n;

    if (yaml_int(yaml, value, 0, 64, &n)) {
        reading->config.workers = (uint32_t)n;
    }
}

static void read_bundles(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    const char **paths;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    paths = values_array(yaml, value, value->count, sizeof(*paths));
    if (paths == NULL) {
        return;
    }
    for (const struct yaml_node *item = value->first; item != NULL;
         item = item->next) {
        const char *path = config_path(reading, yaml, item);

        if (path != NULL) {
            paths[reading->config.bundles_n++] = path;
        }
    }
    reading->config.bundles = paths;
}

static void read_policy(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->config.policy = config_path(reading, yaml, value);
}

static void read_ca(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    authority_read(yaml, value, reading->folder, &reading->config);
}

static void read_trust(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->config.trust_file = config_path(reading, yaml, value);
}

static void read_revoked_keys(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    reading->config.revoked_keys = config_path(reading, yaml, value);
}

static void read_servers(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    struct sockaddr_storage *servers;
    const struct cop_slice *texts;
    size_t n;
    socklen_t size;

    if (!yaml_texts(yaml, value, &texts, &n)) {
        return;
    }
    servers = values_array(yaml, value, n, sizeof(*servers));
    if (servers == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!network_socket(texts[i], 53, &servers[i], &size)) {
            yaml_error(yaml, value, "value",
                "write an address, with :PORT if it is not 53",
                "\"%.*s\" is no address of a name server", (int)texts[i].n,
                texts[i].p);
        }
    }
    reading->config.name_servers = servers;
    reading->config.name_servers_n = (uint32_t)n;
}

static void config_read_host(
    struct yaml *yaml, const struct yaml_node *item, struct config_host *host)
{
    struct sockaddr_storage *addresses;
    const struct cop_slice *texts;
    struct cop_host name;
    size_t n;
    socklen_t size;

    if (cop_host_parse(item->key, &name) != COP_OK ||
        name.kind != COP_HOST_NAME) {
        yaml_error(yaml, item, "value", NULL, "\"%.*s\" is no host name",
            (int)item->key.n, item->key.p);
        return;
    }
    if (!yaml_texts(yaml, item, &texts, &n)) {
        return;
    }
    addresses = values_array(yaml, item, n, sizeof(*addresses));
    if (addresses == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!network_socket(texts[i], 0, &addresses[i], &size)) {
            yaml_error(yaml, item, "value", "write addresses without a port",
                "\"%.*s\" is no address", (int)texts[i].n, texts[i].p);
        }
    }
    host->name = arena_copy(yaml->arena, cop_host_slice(&name));
    host->addresses = addresses;
    host->addresses_n = (uint32_t)n;
}

static void read_hosts(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    struct config_host *hosts;
    uint32_t n = 0;

    if (!yaml_is(yaml, value, YAML_MAP)) {
        return;
    }
    hosts = values_array(yaml, value, value->count, sizeof(*hosts));
    if (hosts == NULL) {
        return;
    }
    for (const struct yaml_node *item = value->first; item != NULL;
         item = item->next) {
        config_read_host(yaml, item, &hosts[n++]);
    }
    reading->config.hosts = hosts;
    reading->config.hosts_n = n;
}

static void read_resolver(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"servers", read_servers, false},
        {"hosts", read_hosts, false},
    };

    yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

static void read_client_network(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)values_network(yaml, value, into);
}

static void read_client_profile(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config_client *client = into;
    struct cop_slice text;

    if (yaml_text(yaml, value, &text)) {
        client->profile = arena_copy(yaml->arena, text);
    }
}

static void read_clients(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"network", read_client_network, true},
        {"profile", read_client_profile, true},
    };
    struct reading *reading = into;
    struct config_client *clients;
    uint32_t n = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    clients = values_array(yaml, value, value->count, sizeof(*clients));
    if (clients == NULL) {
        return;
    }
    for (const struct yaml_node *item = value->first; item != NULL;
         item = item->next) {
        yaml_map_read(
            yaml, item, keys, sizeof(keys) / sizeof(keys[0]), &clients[n++]);
    }
    reading->config.clients = clients;
    reading->config.clients_n = n;
}

static void read_default_profile(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    struct cop_slice text;

    if (yaml_text(yaml, value, &text)) {
        reading->config.default_profile = arena_copy(yaml->arena, text);
    }
}

static void read_inspect(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
        [CONFIG_INSPECT_NEEDED] = "needed",
        [CONFIG_INSPECT_ALL] = "all",
        [CONFIG_INSPECT_NONE] = "none",
    };
    struct reading *reading = into;
    unsigned word;

    if (yaml_word(yaml, value, words, 3, &word)) {
        reading->config.inspect = (enum config_inspect)word;
    }
}

static void read_http2(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
        [CONFIG_HTTP2_MIRROR] = "mirror",
        [CONFIG_HTTP2_ALWAYS] = "always",
        [CONFIG_HTTP2_NEVER] = "never",
    };
    struct reading *reading = into;
    unsigned word;

    if (yaml_word(yaml, value, words, 3, &word)) {
        reading->config.http2 = (enum config_http2)word;
    }
}

static const uint16_t *config_ports(
    struct yaml *yaml, const struct yaml_node *value, uint32_t *n)
{
    uint16_t *ports;
    uint32_t count = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return NULL;
    }
    ports = values_array(yaml, value, value->count, sizeof(*ports));
    if (ports == NULL) {
        return NULL;
    }
    for (const struct yaml_node *item = value->first; item != NULL;
         item = item->next) {
        int64_t port;

        if (yaml_int(yaml, item, 1, 65535, &port)) {
            ports[count++] = (uint16_t)port;
        }
    }
    *n = count;
    return ports;
}

static void read_connect_ports(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config *config = &((struct reading *)into)->config;

    config->connect_ports = config_ports(yaml, value, &config->connect_ports_n);
}

static void read_http_ports(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config *config = &((struct reading *)into)->config;

    config->http_ports = config_ports(yaml, value, &config->http_ports_n);
}

static void read_ports(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"connect", read_connect_ports, false},
        {"http", read_http_ports, false},
    };

    yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

static void read_reach_allow(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config *config = &((struct reading *)into)->config;

    values_networks(yaml, value, &config->reach_allow, &config->reach_allow_n);
}

static void read_reach(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"allow", read_reach_allow, false},
    };

    yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

static void read_locations(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;

    locations_read(yaml, value, reading->folder, &reading->config.locations);
}

static void read_log_decisions(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    struct cop_slice text;

    if (yaml_text(yaml, value, &text) && cop_slice_eq(text, COP_LIT("-"))) {
        reading->config.log_decisions = "-";
        return;
    }
    reading->config.log_decisions = config_path(reading, yaml, value);
}

static void read_log(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"decisions", read_log_decisions, true},
    };

    yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

static void read_user(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    struct cop_slice text;

    if (yaml_text(yaml, value, &text)) {
        reading->config.user = arena_copy(yaml->arena, text).p;
    }
}

static void read_languages(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    const struct cop_slice *texts;
    size_t n;

    if (yaml_texts(yaml, value, &texts, &n)) {
        reading->config.languages = texts;
        reading->config.languages_n = (uint32_t)n;
    }
}

static void read_contact(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct reading *reading = into;
    struct cop_slice text;

    if (yaml_text(yaml, value, &text)) {
        reading->config.contact = arena_copy(yaml->arena, text);
    }
}

static void read_notice(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"languages", read_languages, false},
        {"contact", read_contact, false},
    };

    yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* One reader for each row of limits.tbl. */
#define CONFIG_LIMIT(field, least, most, usual, text)                          \
    static void read_limit_##field(                                            \
        struct yaml *yaml, const struct yaml_node *value, void *into)          \
    {                                                                          \
        struct reading *reading = into;                                        \
        int64_t number;                                                        \
                                                                               \
        if (yaml_int(yaml, value, least, most, &number)) {                     \
            reading->config.limits.field = (uint32_t)number;                   \
        }                                                                      \
    }
#include "gateway/config/limits.tbl"

static void read_limits(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
#define CONFIG_LIMIT(field, least, most, usual, text)                          \
    {#field, read_limit_##field, false},
#include "gateway/config/limits.tbl"
    };

    yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

static void config_set_defaults(struct config *config)
{
    static const uint16_t connect_ports[] = {443};
    static const uint16_t http_ports[] = {80};
    static const struct cop_slice languages[] = {{"en", 2}};

    config->connect_ports = connect_ports;
    config->connect_ports_n = 1;
    config->http_ports = http_ports;
    config->http_ports_n = 1;
    config->languages = languages;
    config->languages_n = 1;
    config->inspect = CONFIG_INSPECT_NEEDED;
    config->http2 = CONFIG_HTTP2_MIRROR;
    config->transparent = (struct config_transparent){CONFIG_DESTINATION_VERIFY,
        CONFIG_TREAT_INSPECT, CONFIG_TREAT_PASS, CONFIG_TREAT_REFUSE};
    config->log_decisions = "-";
    config->locations.max_age_days = LOCATIONS_AGE_DAYS;
#define CONFIG_LIMIT(field, least, most, usual, text)                          \
    config->limits.field = (usual);
#include "gateway/config/limits.tbl"
}

/* What only shows when all has been read. */
static void config_check_whole(struct yaml *yaml, const struct config *config)
{
    if (config->listens_n == 0) {
        yaml_error(
            yaml, yaml->root, "value", NULL, "there is nothing to listen on");
    }
    if (config->bundles_n == 0 || config->bundles_n > 7) {
        yaml_error(yaml, yaml->root, "value", NULL,
            "between 1 and 7 bundles are needed, not %u", config->bundles_n);
    }
    if (config->clients_n == 0 && config->default_profile.n == 0) {
        yaml_error(yaml, yaml->root, "value",
            "name a default_profile, or clients with their profiles",
            "no client has a profile, so all would be refused");
    }
    listen_check(yaml, config);
}

static struct cop_slice config_folder(struct arena *arena, const char *file)
{
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;
    struct cop_slice folder = {file, 0};

    if (slash == NULL) {
        return (struct cop_slice){"", 0};
    }
    folder.n = (size_t)(slash - file) + 1;
    return arena_copy(arena, folder);
}

enum cop_status config_read(struct cop_slice text, const char *file,
    struct cop_report *report, struct config **out)
{
    static const struct yaml_key keys[] = {
        {"listen", read_listen, true},
        {"transparent", read_transparent, false},
        {"workers", read_workers, false},
        {"bundles", read_bundles, true},
        {"policy", read_policy, false},
        {"ca", read_ca, true},
        {"trust", read_trust, false},
        {"revoked_keys", read_revoked_keys, false},
        {"resolver", read_resolver, false},
        {"clients", read_clients, false},
        {"default_profile", read_default_profile, false},
        {"inspect", read_inspect, false},
        {"http2", read_http2, false},
        {"ports", read_ports, false},
        {"reach", read_reach, false},
        {"locations", read_locations, false},
        {"log", read_log, false},
        {"user", read_user, false},
        {"notice", read_notice, false},
        {"limits", read_limits, false},
    };
    struct reading *reading = calloc(1, sizeof(*reading));
    struct config *config;
    struct yaml yaml;
    enum cop_status status;

    if (reading == NULL) {
        return COP_E_NOMEM;
    }
    config = &reading->config;
    arena_init(&reading->arena, CONFIG_ARENA_MAX);
    config_set_defaults(config);
    reading->folder = config_folder(&reading->arena, file);
    yaml_init(&yaml, file, &reading->arena, report);
    status = yaml_parse(&yaml, text);
    if (status == COP_OK) {
        yaml_map_read(
            &yaml, yaml.root, keys, sizeof(keys) / sizeof(keys[0]), reading);
        if (yaml.errors == 0) {
            config_check_whole(&yaml, config);
        }
        if (arena_failed(&reading->arena)) {
            status = COP_E_NOMEM;
        } else if (yaml.errors != 0) {
            status = COP_E_CHECK;
        }
    } else if (status != COP_E_NOMEM) {
        status = COP_E_CHECK;
    }
    if (status != COP_OK) {
        config_free(&config);
        return status;
    }
    *out = config;
    return COP_OK;
}

void config_free(struct config **config)
{
    struct reading *reading;

    if (*config == NULL) {
        return;
    }
    reading = (struct reading *)(void *)*config;
    arena_fini(&reading->arena);
    free(reading);
    *config = NULL;
}

/* The configuration file: what is read, and what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/config/network.h"

#define MINIMUM                                                                \
    "listen: [\"127.0.0.1:3128\"]\n"                                           \
    "bundles: [a.cop]\n"                                                       \
    "ca: {certificate: ca.crt, key: /abs/ca.key}\n"                            \
    "default_profile: child\n"

struct seen {
    unsigned errors;
    unsigned line;
    unsigned column;
    char what[512];
};

static void see(void *context, const struct cop_finding *finding)
{
    struct seen *seen = context;

    if (finding->severity == COP_ERROR && seen->errors++ == 0) {
        seen->line = finding->line;
        seen->column = finding->column;
        snprintf(seen->what, sizeof(seen->what), "%s", finding->what);
    }
}

static enum cop_status read_text(
    const char *text, struct seen *seen, struct config **out)
{
    struct cop_report report = {.emit = see, .context = seen};

    memset(seen, 0, sizeof(*seen));
    return config_read(
        cop_slice_of(text), "/etc/copgate/copgate.yaml", &report, out);
}

static void test_minimum_has_defaults(void **state)
{
    struct config *config = NULL;
    struct seen seen;

    (void)state;
    assert_int_equal(read_text(MINIMUM, &seen, &config), COP_OK);
    assert_int_equal(config->listens_n, 1);
    assert_string_equal(config->bundles[0], "/etc/copgate/a.cop");
    assert_string_equal(config->ca_certificate, "/etc/copgate/ca.crt");
    assert_string_equal(config->ca_key, "/abs/ca.key");
    assert_int_equal(config->connect_ports[0], 443);
    assert_int_equal(config->http_ports[0], 80);
    assert_int_equal(config->inspect, CONFIG_INSPECT_NEEDED);
    assert_int_equal(config->limits.head_bytes, 65536);
    assert_string_equal(config->log_decisions, "-");
    assert_null(config->policy);
    assert_null(config->ca_passphrase);
    assert_null(config->ca_log);
    assert_null(config->revoked_keys);
    assert_int_equal(config->limits.chain_intermediates, 8);
    config_free(&config);
    assert_null(config);
}

static void test_everything_is_read(void **state)
{
    static const char text[] =
        MINIMUM "workers: 3\n"
                "policy: p.yaml\n"
                "trust: roots.pem\n"
                "resolver:\n"
                "  servers: [\"192.0.2.53\", \"[2001:db8::53]:5353\"]\n"
                "  hosts: {A.Example: [\"192.0.2.1\", \"2001:db8::1\"]}\n"
                "clients:\n"
                "  - {network: 192.0.2.0/24, profile: staff}\n"
                "  - {network: \"2001:db8::/32\", profile: pupils}\n"
                "inspect: all\n"
                "ports: {connect: [443, 8443], http: [80, 8080]}\n"
                "reach: {allow: [127.0.0.0/8]}\n"
                "locations: {countries: c.mmdb, networks: /n.mmdb,\n"
                "  max_age_days: 7, required: true}\n"
                "log: {decisions: log.jsonl}\n"
                "user: copgate\n"
                "notice: {languages: [ar, en], contact: \"room 12\"}\n"
                "limits: {idle_ms: 1000, leaf_cache: 99}\n";
    struct config *config = NULL;
    struct seen seen;

    (void)state;
    assert_int_equal(read_text(text, &seen, &config), COP_OK);
    assert_int_equal(config->workers, 3);
    assert_int_equal(config->name_servers_n, 2);
    assert_int_equal(config->hosts_n, 1);
    assert_true(cop_slice_eq(config->hosts[0].name, COP_LIT("a.example")));
    assert_int_equal(config->hosts[0].addresses_n, 2);
    assert_int_equal(config->clients_n, 2);
    assert_int_equal(config->clients[0].bits, 120);
    assert_int_equal(config->clients[1].bits, 32);
    assert_true(cop_slice_eq(config->clients[0].profile, COP_LIT("staff")));
    assert_int_equal(config->inspect, CONFIG_INSPECT_ALL);
    assert_int_equal(config->connect_ports[1], 8443);
    assert_int_equal(config->http_ports[1], 8080);
    assert_int_equal(config->reach_allow_n, 1);
    assert_string_equal(
        config->locations.files[COP_DATABASE_COUNTRY], "/etc/copgate/c.mmdb");
    assert_string_equal(config->locations.files[COP_DATABASE_AS], "/n.mmdb");
    assert_int_equal(config->locations.max_age_days, 7);
    assert_true(config->locations.is_required);
    assert_string_equal(config->log_decisions, "/etc/copgate/log.jsonl");
    assert_string_equal(config->user, "copgate");
    assert_int_equal(config->languages_n, 2);
    assert_int_equal(config->limits.idle_ms, 1000);
    assert_int_equal(config->limits.leaf_cache, 99);
    config_free(&config);
}

static void test_listeners(void **state)
{
    static const char text[] =
        "listen:\n"
        "  - \"127.0.0.1:3128\"\n"
        "  - {address: \"127.0.0.1:3129\", mode: transparent-http}\n"
        "  - address: \"[::1]:3130\"\n"
        "    mode: transparent-tls\n"
        "    proxy_protocol: [192.0.2.0/24, \"2001:db8::1\"]\n"
        "bundles: [a.cop]\n"
        "ca: {certificate: ca.crt, key: ca.key}\n"
        "default_profile: child\n"
        "transparent: {destination: original, no_name: pass,\n"
        "  hidden_name: inspect, other_protocols: pass}\n";
    struct config *config = NULL;
    struct seen seen;

    (void)state;
    assert_int_equal(read_text(text, &seen, &config), COP_OK);
    assert_int_equal(config->listens_n, 3);
    assert_int_equal(config->listens[0].mode, CONFIG_LISTEN_PROXY);
    assert_int_equal(config->listens[0].balancers_n, 0);
    assert_int_equal(config->listens[1].mode, CONFIG_LISTEN_HTTP);
    assert_int_equal(config->listens[2].mode, CONFIG_LISTEN_TLS);
    assert_int_equal(config->listens[2].balancers_n, 2);
    assert_int_equal(config->listens[2].balancers[0].bits, 120);
    assert_int_equal(
        config->transparent.destination, CONFIG_DESTINATION_ORIGINAL);
    assert_int_equal(config->transparent.nameless, CONFIG_TREAT_PASS);
    assert_int_equal(config->transparent.hidden, CONFIG_TREAT_INSPECT);
    assert_int_equal(config->transparent.foreign, CONFIG_TREAT_PASS);
    config_free(&config);
    assert_int_equal(read_text(MINIMUM, &seen, &config), COP_OK);
    assert_int_equal(
        config->transparent.destination, CONFIG_DESTINATION_VERIFY);
    assert_int_equal(config->transparent.nameless, CONFIG_TREAT_INSPECT);
    assert_int_equal(config->transparent.hidden, CONFIG_TREAT_PASS);
    assert_int_equal(config->transparent.foreign, CONFIG_TREAT_REFUSE);
    config_free(&config);
}

/* What belongs to the authority besides its certificate and key. */
static void test_an_authority_in_full(void **state)
{
    static const char text[] =
        "listen: [\"127.0.0.1:3128\"]\nbundles: [a]\ndefault_profile: x\n"
        "ca: {certificate: a, key: b, passphrase: %s, log: names.log}\n"
        "revoked_keys: bad.txt\n"
        "limits: {chain_intermediates: 0, mint_per_second: 7}\n";
    static const struct {
        const char *given;
        const char *place; /* NULL: it is refused */
    } rows[] = {{"p", "/etc/copgate/p"}, {"/run/p", "/run/p"},
        {"\"credential:ca\"", "credential:ca"}, {"\"credential:\"", NULL},
        {"\"credential:a/b\"", NULL}, {"\"credential:..\"", NULL}};
    char filled[512];
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config *config = NULL;

        (void)snprintf(filled, sizeof(filled), text, rows[i].given);
        if (rows[i].place == NULL) {
            assert_int_equal(read_text(filled, &seen, &config), COP_E_CHECK);
            continue;
        }
        assert_int_equal(read_text(filled, &seen, &config), COP_OK);
        assert_string_equal(config->ca_passphrase, rows[i].place);
        assert_string_equal(config->ca_log, "/etc/copgate/names.log");
        assert_string_equal(config->revoked_keys, "/etc/copgate/bad.txt");
        assert_int_equal(config->limits.chain_intermediates, 0);
        assert_int_equal(config->limits.mint_per_second, 7);
        config_free(&config);
    }
}

static void test_mistakes_are_told_with_their_place(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *what;
    } rows[] = {
        {"", 1, ""},
        {"- a\n", 1, ""},
        {MINIMUM "colour: blue\n", 5, "colour"},
        {MINIMUM "workers: many\n", 5, ""},
        {MINIMUM "workers: 65\n", 5, ""},
        {MINIMUM "workers: 1\nworkers: 2\n", 6, "workers"},
        {MINIMUM "inspect: sometimes\n", 5, "sometimes"},
        {MINIMUM "limits: {idle_ms: 1}\n", 5, ""},
        {MINIMUM "limits: {idle: 1000}\n", 5, "idle"},
        {MINIMUM "reach: {allow: [10.0.0.1/8]}\n", 5, "behind its prefix"},
        {MINIMUM "reach: {allow: [10.0.0.0/33]}\n", 5, "no network"},
        {MINIMUM "clients: [{network: 10.0.0.0/8}]\n", 5, "profile"},
        {MINIMUM "resolver: {hosts: {\"a b\": [\"192.0.2.1\"]}}\n", 5, "a b"},
        {MINIMUM "resolver: {hosts: {a.test: [\"x\"]}}\n", 5, "no address"},
        {MINIMUM "resolver: {servers: [\"192.0.2.1:x\"]}\n", 5, ""},
        {MINIMUM "locations: {max_age_days: 0}\n", 5, ""},
        {MINIMUM "locations: {required: perhaps}\n", 5, "perhaps"},
        {MINIMUM "locations: {cities: x}\n", 5, "cities"},
        {MINIMUM "ports: {http: [0]}\n", 5, ""},
        {MINIMUM "user: [a]\n", 5, ""},
        {"listen: [\"127.0.0.1\"]\nbundles: [a]\nca: {certificate: a, key: b}\n"
         "default_profile: x\nlisten2: y\n",
            5, "listen2"},
        {"listen: [\"localhost:1\"]\nbundles: [a]\n"
         "ca: {certificate: a, key: b}\ndefault_profile: x\n",
            1, "localhost"},
        {"listen: [\"127.0.0.1:1\"]\nbundles: [a]\n"
         "ca: {certificate: a, key: b}\n",
            1, "no client has a profile"},
        {MINIMUM "transparent: {other_protocols: inspect}\n", 5, "inspected"},
        {MINIMUM "transparent: {destination: anywhere}\n", 5, "anywhere"},
        {"listen: [{address: \"127.0.0.1:443\", mode: transparent-tls}]\n"
         "bundles: [a]\nca: {certificate: a, key: b}\ndefault_profile: x\n",
            1, "needs its own"},
        {"listen: [{address: \"127.0.0.1:1\", proxy_protocol: []}]\n"
         "bundles: [a]\nca: {certificate: a, key: b}\ndefault_profile: x\n",
            1, "nobody is trusted"},
        {"listen: [{address: \"127.0.0.1:1\", mode: transparent}]\n"
         "bundles: [a]\nca: {certificate: a, key: b}\ndefault_profile: x\n",
            1, "transparent"},
        {"listen: [{mode: proxy}]\n"
         "bundles: [a]\nca: {certificate: a, key: b}\ndefault_profile: x\n",
            1, "address"},
        {"listen: [\"127.0.0.1:1\"]\nbundles: []\ndefault_profile: x\n"
         "ca: {certificate: a, key: b}\n",
            1, "between 1 and 7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config *config = NULL;
        struct seen seen;
        enum cop_status status = read_text(rows[i].text, &seen, &config);

        if (status != COP_E_CHECK || seen.errors == 0 ||
            strstr(seen.what, rows[i].what) == NULL ||
            (rows[i].line != 0 && seen.line != rows[i].line)) {
            print_error("row %zu: status %d, line %u: %s\n", i, (int)status,
                seen.line, seen.what);
            fail();
        }
        assert_null(config);
    }
}

static void test_networks(void **state)
{
    static const struct {
        const char *text;
        enum cop_status status;
        unsigned bits;
    } rows[] = {
        {"192.0.2.0/24", COP_OK, 120},
        {"192.0.2.1", COP_OK, 128},
        {"0.0.0.0/0", COP_OK, 96},
        {"::/0", COP_OK, 0},
        {"2001:db8::/32", COP_OK, 32},
        {"2001:db8::1", COP_OK, 128},
        {"192.0.2.1/24", COP_E_RANGE, 0},
        {"192.0.2.0/", COP_E_SYNTAX, 0},
        {"192.0.2.0/-1", COP_E_SYNTAX, 0},
        {"192.0.2/24", COP_E_SYNTAX, 0},
        {"/24", COP_E_SYNTAX, 0},
        {"", COP_E_SYNTAX, 0},
        {"2001:db8::/129", COP_E_SYNTAX, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t address[16];
        uint8_t bits = 0;
        enum cop_status status =
            network_parse(cop_slice_of(rows[i].text), address, &bits);

        if (status != rows[i].status ||
            (status == COP_OK && bits != rows[i].bits)) {
            print_error("%s: %d, %u\n", rows[i].text, (int)status, bits);
            fail();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimum_has_defaults),
        cmocka_unit_test(test_everything_is_read),
        cmocka_unit_test(test_listeners),
        cmocka_unit_test(test_an_authority_in_full),
        cmocka_unit_test(test_mistakes_are_told_with_their_place),
        cmocka_unit_test(test_networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

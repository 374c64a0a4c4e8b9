/* From a client's address to a profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/identity/identity.h"
#include "gateway/net/address.h"
#include "tests/unit/address_text.h"
#include "tests/unit/bundle_fixture.h"

enum { PROFILES = 4 };

static const char *const names[PROFILES] = {
    "first", "second", "third", "other"};

struct world {
    struct fixture *fixture;
    struct cop_policy *policy;
    uint32_t profiles[PROFILES]; /* by place in `names` */
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->fixture = fixture_new("identity");
    for (int i = 0; i < PROFILES; i++) {
        (void)fixture_profile(world->fixture, names[i], 10);
    }
    world->policy = fixture_policy(world->fixture);
    for (int i = 0; i < PROFILES; i++) {
        assert_int_equal(cop_policy_profile(world->policy,
                             cop_slice_of(names[i]), &world->profiles[i]),
            COP_OK);
    }
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    cop_policy_free(&world->policy);
    fixture_free(&world->fixture);
    free(world);
    return 0;
}

static struct config_client client(
    const char *address, uint8_t bits, const char *profile)
{
    struct config_client it = {.bits = bits, .profile = cop_slice_of(profile)};
    struct sockaddr_storage parsed;
    socklen_t n;

    address_of(address, &parsed, &n);
    address_bytes(&parsed, it.address);
    return it;
}

static enum cop_status profile_of(
    const struct identity *identity, const char *address, uint32_t *out)
{
    struct sockaddr_storage parsed;
    socklen_t n;

    address_of(address, &parsed, &n);
    return identity_of(identity, &parsed, out);
}

static void assert_profile(struct world *world, const struct identity *identity,
    const char *address, int wanted)
{
    uint32_t profile = COP_NONE;

    assert_int_equal(profile_of(identity, address, &profile), COP_OK);
    if (profile != world->profiles[wanted]) {
        fail_msg("%s is not %s", address, names[wanted]);
    }
}

static void test_longest_network_wins(void **state)
{
    struct world *world = *state;
    const struct config_client clients[] = {
        client("192.0.2.0:0", 96 + 24, "first"),
        client("192.0.2.128:0", 96 + 25, "second"),
        client("192.0.2.129:0", 128, "third"),
        client("[2001:db8::]:0", 32, "first"),
        client("[2001:db8:1::]:0", 48, "second"),
        client("198.51.100.0:0", 96 + 24, "second"),
    };
    const struct config config = {.clients = clients,
        .clients_n = 6,
        .default_profile = COP_LIT("other")};
    struct identity *identity = NULL;

    assert_int_equal(
        identity_new(&config, world->policy, NULL, &identity), COP_OK);
    assert_profile(world, identity, "192.0.2.1:5000", 0);
    assert_profile(world, identity, "192.0.2.127:5000", 0);
    assert_profile(world, identity, "192.0.2.128:5000", 1);
    assert_profile(world, identity, "192.0.2.129:5000", 2);
    assert_profile(world, identity, "192.0.2.130:5000", 1);
    assert_profile(world, identity, "198.51.100.255:1", 1);
    assert_profile(world, identity, "198.51.101.0:1", 3);
    assert_profile(world, identity, "[2001:db8::5]:1", 0);
    assert_profile(world, identity, "[2001:db8:1:2::5]:1", 1);
    assert_profile(world, identity, "[2001:db9::5]:1", 3);
    assert_profile(world, identity, "[::ffff:192.0.2.129]:1", 2);
    identity_free(&identity);
    assert_null(identity);
    identity_free(&identity);
}

static void test_unknown_client(void **state)
{
    struct world *world = *state;
    const struct config_client clients[] = {
        client("192.0.2.0:0", 96 + 24, "first")};
    struct config config = {.clients = clients, .clients_n = 1};
    struct identity *identity = NULL;
    uint32_t profile = 77;

    assert_int_equal(
        identity_new(&config, world->policy, NULL, &identity), COP_OK);
    assert_int_equal(
        profile_of(identity, "203.0.113.1:1", &profile), COP_E_PROFILE);
    assert_int_equal(profile, 77);
    assert_profile(world, identity, "192.0.2.9:1", 0);
    identity_free(&identity);

    config = (struct config){0}; /* nothing at all */
    assert_int_equal(
        identity_new(&config, world->policy, NULL, &identity), COP_OK);
    assert_int_equal(
        profile_of(identity, "192.0.2.9:1", &profile), COP_E_PROFILE);
    identity_free(&identity);
}

/* All of IPv4, all of IPv6, and bits behind a prefix that mean nothing. */
static void test_wide_networks(void **state)
{
    struct world *world = *state;
    const struct config_client clients[] = {
        client("0.0.0.0:0", 96, "first"),
        client("[::]:0", 0, "second"),
        client("192.0.2.77:0", 96 + 26, "third"),
    };
    const struct config config = {.clients = clients, .clients_n = 3};
    struct identity *identity = NULL;

    assert_int_equal(
        identity_new(&config, world->policy, NULL, &identity), COP_OK);
    assert_profile(world, identity, "203.0.113.1:1", 0);
    assert_profile(world, identity, "[2001:db8::1]:1", 1);
    assert_profile(world, identity, "192.0.2.64:1", 2);
    assert_profile(world, identity, "192.0.2.63:1", 0);
    identity_free(&identity);
}

/* Count the findings that name each of two profiles. */
static void on_finding(void *context, const struct cop_finding *finding)
{
    int *counts = context;

    counts[0] += strstr(finding->what, "\"absent\"") != NULL;
    counts[1] += strstr(finding->what, "\"nowhere\"") != NULL;
    assert_non_null(finding->todo);
}

static void test_missing_profiles_are_reported(void **state)
{
    struct world *world = *state;
    int counts[2] = {0, 0};
    struct cop_report report = {.emit = on_finding, .context = counts};
    const struct config_client clients[] = {
        client("192.0.2.0:0", 96 + 24, "first"),
        client("192.0.2.0:0", 96 + 25, "absent")};
    const struct config config = {.clients = clients,
        .clients_n = 2,
        .default_profile = COP_LIT("nowhere")};
    struct identity *identity = NULL;

    assert_int_equal(identity_new(&config, world->policy, &report, &identity),
        COP_E_PROFILE);
    assert_null(identity);
    assert_int_equal(report.errors, 2);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 1);
    assert_int_equal(
        identity_new(&config, world->policy, NULL, &identity), COP_E_PROFILE);
}

/* Against the plain definition, on many networks and clients. */
static void test_equals_the_definition(void **state)
{
    enum { NETWORKS = 200, CLIENTS = 5000 };
    struct world *world = *state;
    static struct config_client clients[NETWORKS];
    const struct config config = {.clients = clients,
        .clients_n = NETWORKS,
        .default_profile = COP_LIT("other")};
    struct identity *identity = NULL;
    uint32_t seed = 3;

    for (int i = 0; i < NETWORKS; i++) {
        seed = seed * 1664525 + 1013904223;
        clients[i] = client(
            "192.0.2.0:0", (uint8_t)(106 + (seed >> 27) % 23), names[i % 3]);
        clients[i].address[13] = (uint8_t)(seed >> 8 & 3);
        clients[i].address[14] = (uint8_t)(seed >> 11 & 0xc0);
        clients[i].address[15] = (uint8_t)(i & 0xf0);
    }
    assert_int_equal(
        identity_new(&config, world->policy, NULL, &identity), COP_OK);
    for (int i = 0; i < CLIENTS; i++) {
        struct sockaddr_storage address;
        uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff, [12] = 192};
        socklen_t n;
        int longest = -1;
        bool is_ambiguous = false;
        uint32_t profile;

        seed = seed * 1664525 + 1013904223;
        bytes[13] = (uint8_t)(seed >> 8 & 3);
        bytes[14] = (uint8_t)(seed >> 16);
        bytes[15] = (uint8_t)(seed >> 24);
        for (int j = 0; j < NETWORKS; j++) {
            if (!address_within(bytes, clients[j].address, clients[j].bits)) {
                continue;
            }
            if (longest < 0 || clients[j].bits > clients[longest].bits) {
                longest = j;
                is_ambiguous = false;
            } else if (clients[j].bits == clients[longest].bits) {
                is_ambiguous |=
                    !cop_slice_eq(clients[j].profile, clients[longest].profile);
            }
        }
        address_from_bytes(bytes, 1, &address, &n);
        assert_int_equal(identity_of(identity, &address, &profile), COP_OK);
        if (!is_ambiguous) {
            assert_int_equal(
                profile, world->profiles[longest < 0 ? 3 : longest % 3]);
        }
    }
    identity_free(&identity);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_longest_network_wins),
        TEST(test_unknown_client),
        TEST(test_wide_networks),
        TEST(test_missing_profiles_are_reported),
        TEST(test_equals_the_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

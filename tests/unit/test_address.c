/* Socket addresses, and which of them clients may reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"
#include "gateway/net/reach.h"
#include "tests/unit/address_text.h"

static struct sockaddr_storage parsed(const char *text)
{
    struct sockaddr_storage address;
    socklen_t n;

    address_of(text, &address, &n);
    assert_int_equal(n, address_size(&address));
    return address;
}

static void test_print(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
        int family;
    } rows[] = {
        {"192.0.2.1:80", "192.0.2.1", 80, AF_INET},
        {"0.0.0.0:0", "0.0.0.0", 0, AF_INET},
        {"255.255.255.255:65535", "255.255.255.255", 65535, AF_INET},
        {"[2001:db8::1]:443", "2001:db8::1", 443, AF_INET6},
        {"[::]:3128", "::", 3128, AF_INET6},
        {"[::ffff:192.0.2.7]:1", "192.0.2.7", 1, AF_INET6},
        {"[2001:DB8:0:0:0:0:0:A]:00080", "2001:db8::a", 80, AF_INET6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage address = parsed(rows[i].text);
        char text[ADDRESS_TEXT_MAX];

        assert_int_equal(address.ss_family, rows[i].family);
        assert_int_equal(address_port(&address), rows[i].port);
        assert_string_equal(address_print(&address, text).p, rows[i].host);
        address_set_port(&address, 4711);
        assert_int_equal(address_port(&address), 4711);
    }
}

static void test_bytes_there_and_back(void **state)
{
    static const char *const texts[] = {"192.0.2.1:80", "[2001:db8::1]:443"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_storage address = parsed(texts[i]);
        struct sockaddr_storage again;
        uint8_t bytes[16];
        socklen_t n;

        address_bytes(&address, bytes);
        assert_int_equal(address_is_ipv4(bytes), i == 0);
        address_from_bytes(bytes, address_port(&address), &again, &n);
        assert_memory_equal(&address, &again, sizeof(again));
        assert_int_equal(n, address_size(&address));
    }
}

static void test_other_families(void **state)
{
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    char text[ADDRESS_TEXT_MAX];
    uint8_t bytes[16];
    static const uint8_t zero[16];

    (void)state;
    assert_int_equal(address_print(&address, text).n, 0);
    assert_int_equal(address_port(&address), 0);
    address_set_port(&address, 80);
    address_bytes(&address, bytes);
    assert_memory_equal(bytes, zero, 16);
}

static void test_from_host(void **state)
{
    struct cop_host host = {.kind = COP_HOST_IPV4, .addr = {192, 0, 2, 9}};
    struct sockaddr_storage address;
    struct sockaddr_storage wanted = parsed("192.0.2.9:8080");
    socklen_t n;

    (void)state;
    assert_int_equal(address_from_host(&host, 8080, &address, &n), COP_OK);
    assert_memory_equal(&address, &wanted, sizeof(wanted));
    wanted = parsed("[2001:db8::9]:8080");
    host.kind = COP_HOST_IPV6;
    address_bytes(&wanted, host.addr);
    assert_int_equal(address_from_host(&host, 8080, &address, &n), COP_OK);
    assert_memory_equal(&address, &wanted, sizeof(wanted));
    host.kind = COP_HOST_NAME;
    assert_int_equal(
        address_from_host(&host, 8080, &address, &n), COP_E_SYNTAX);
}

static void test_within(void **state)
{
    uint8_t network[16] = {0x20, 0x01, 0x0d, 0xb8, 0xa0};
    uint8_t inside[16] = {0x20, 0x01, 0x0d, 0xb8, 0xaf, 1};
    uint8_t outside[16] = {0x20, 0x01, 0x0d, 0xb8, 0xb0};

    (void)state;
    assert_true(address_within(inside, network, 36));
    assert_false(address_within(inside, network, 37));
    assert_false(address_within(outside, network, 36));
    assert_true(address_within(outside, network, 35));
    assert_true(address_within(outside, inside, 0));
    assert_true(address_within(network, network, 128));
    assert_false(address_within(inside, network, 128));
}

/* An allowed or own network or address for a configuration. */
static struct config_client network(const char *text, uint8_t bits)
{
    struct sockaddr_storage address = parsed(text);
    struct config_client client = {.bits = bits};

    address_bytes(&address, client.address);
    return client;
}

static bool permits(const struct reach *reach, const char *text)
{
    struct sockaddr_storage address = parsed(text);

    return reach_permits(reach, &address);
}

static void test_reach_by_default(void **state)
{
    static const char *const refused[] = {"0.0.0.0:80", "0.1.2.3:80",
        "10.0.0.1:80", "10.255.255.255:80", "100.64.0.1:80",
        "100.127.255.255:80", "127.0.0.1:80", "127.255.0.1:80",
        "169.254.169.254:80", "172.16.0.1:80", "172.31.255.255:80",
        "192.0.0.8:80", "192.0.2.1:80", "192.88.99.1:80", "192.168.1.1:80",
        "198.18.0.1:80", "198.19.255.255:80", "198.51.100.7:80",
        "203.0.113.9:80", "224.0.0.1:80", "239.255.255.255:80", "240.0.0.1:80",
        "255.255.255.255:80", "[::]:80", "[::1]:80", "[::127.0.0.1]:80",
        "[::ffff:127.0.0.1]:80", "[::ffff:10.1.2.3]:80",
        "[::ffff:169.254.169.254]:80", "[64:ff9b::127.0.0.1]:80",
        "[64:ff9b::10.0.0.1]:80", "[64:ff9b::169.254.169.254]:80",
        "[64:ff9b::0.0.0.0]:80", "[64:ff9b:1::1]:80", "[100::1]:80",
        "[2001::1]:80", "[2001:1ff::1]:80", "[2001:db8::1]:80",
        "[2002:7f00:1::1]:80", "[3fff::1]:80", "[4000::1]:80", "[fc00::1]:80",
        "[fdff::1]:80", "[fe80::1]:80", "[fec0::1]:80", "[ff02::1]:80"};
    static const char *const permitted[] = {"9.255.255.255:80", "11.0.0.0:80",
        "100.63.255.255:443", "100.128.0.0:443", "172.15.255.255:80",
        "172.32.0.0:80", "198.17.255.255:80", "198.20.0.0:80",
        "223.255.255.255:80", "[2001:200::1]:80", "[2400::1]:80",
        "[3ffe::1]:80", "[::ffff:9.255.255.255]:80",
        "[64:ff9b::9.255.255.255]:80"};
    struct config config = {0};
    struct reach *reach;

    (void)state;
    assert_int_equal(reach_new(&config, &reach), COP_OK);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (permits(reach, refused[i])) {
            fail_msg("reached: %s", refused[i]);
        }
    }
    for (size_t i = 0; i < sizeof(permitted) / sizeof(permitted[0]); i++) {
        if (!permits(reach, permitted[i])) {
            fail_msg("not reached: %s", permitted[i]);
        }
    }
    reach_free(&reach);
    reach_free(&reach);
}

static void test_reach_exceptions(void **state)
{
    const struct config_client allow[] = {
        network("10.1.0.0:0", 112), network("[fd00:1::]:0", 32)};
    struct config config = {.reach_allow = allow, .reach_allow_n = 2};
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    struct reach *reach;

    (void)state;
    assert_int_equal(reach_new(&config, &reach), COP_OK);
    assert_true(permits(reach, "10.1.2.3:80"));
    assert_true(permits(reach, "[::ffff:10.1.2.3]:80"));
    assert_true(permits(reach, "[64:ff9b::10.1.2.3]:80"));
    assert_true(permits(reach, "[fd00:1::5]:80"));
    assert_false(permits(reach, "10.2.0.1:80"));
    assert_false(permits(reach, "[fd00:2::5]:80"));
    assert_false(reach_permits(reach, &other));
    reach_free(&reach);
}

/* Even with everything allowed. */
static void test_reach_never_ourselves(void **state)
{
    const struct config_client allow[] = {network("[::]:0", 0)};
    const struct config_listen listens[] = {
        {.address = parsed("127.0.0.1:3128")},
        {.address = parsed("[2001:db8::1]:3129")},
        {.address = parsed("0.0.0.0:3130")},
        {.address = parsed("[::]:3131")},
    };
    struct config config = {.reach_allow = allow,
        .reach_allow_n = 1,
        .listens = listens,
        .listens_n = 4};
    struct reach *reach;

    (void)state;
    assert_int_equal(reach_new(&config, &reach), COP_OK);
    assert_true(permits(reach, "127.0.0.1:80"));
    assert_false(permits(reach, "127.0.0.1:3128"));
    assert_true(permits(reach, "127.0.0.2:3128"));
    assert_false(permits(reach, "[::ffff:127.0.0.1]:3128"));
    assert_false(permits(reach, "[64:ff9b::127.0.0.1]:3128"));
    assert_false(permits(reach, "[2001:db8::1]:3129"));
    assert_true(permits(reach, "[2001:db8::1]:3128"));
    assert_false(permits(reach, "127.0.0.1:3130"));
    assert_false(permits(reach, "127.9.8.7:3130"));
    assert_true(permits(reach, "192.0.2.77:3130"));
    assert_false(permits(reach, "127.0.0.1:3131"));
    assert_false(permits(reach, "0.0.0.0:3128"));
    assert_false(permits(reach, "[::]:80"));
    assert_false(permits(reach, "224.0.0.1:80"));
    assert_false(permits(reach, "[ff02::1]:80"));
    reach_free(&reach);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_bytes_there_and_back),
        cmocka_unit_test(test_other_families),
        cmocka_unit_test(test_from_host),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_reach_by_default),
        cmocka_unit_test(test_reach_exceptions),
        cmocka_unit_test(test_reach_never_ourselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

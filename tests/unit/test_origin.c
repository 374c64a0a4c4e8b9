/* Where a connection was going: what can be told without a firewall. Brought
 * connections are in tests/scenarios/16-transparent.mjs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/net/address.h"
#include "gateway/net/origin.h"

static struct sockaddr_storage address_of(const char *text, uint16_t port)
{
    uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
    bool is_ipv6 = strchr(text, ':') != NULL;
    struct sockaddr_storage address;
    socklen_t n;

    assert_int_equal(inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text,
                         is_ipv6 ? bytes : bytes + 12),
        1);
    address_from_bytes(bytes, port, &address, &n);
    return address;
}

static void test_here(void **state)
{
    static const char *const here[] = {"127.0.0.1", "127.9.9.9"};
    static const char *const elsewhere[] = {
        "192.0.2.1", "198.51.100.1", "2001:db8::1"};

    (void)state;
    for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
        struct sockaddr_storage address = address_of(here[i], 0);

        assert_true(origin_is_here(&address));
    }
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        struct sockaddr_storage address = address_of(elsewhere[i], 443);

        assert_false(origin_is_here(&address));
    }
}

/* A connection to a listener, taken for one of a listener on another port. */
static void test_direct(void **state)
{
    struct sockaddr_storage address = address_of("127.0.0.1", 0);
    struct sockaddr_storage found;
    socklen_t n = sizeof(address);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    uint16_t port;
    int fd;

    (void)state;
    assert_int_equal(
        bind(server, (struct sockaddr *)&address, address_size(&address)), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&address, &n), 0);
    assert_int_equal(
        connect(client, (struct sockaddr *)&address, address_size(&address)),
        0);
    fd = accept(server, NULL, NULL);
    assert_true(fd >= 0);
    port = address_port(&address);
    assert_false(origin_find(fd, port, &found));
    assert_true(origin_find(fd, (uint16_t)(port ^ 1), &found));
    assert_int_equal(address_port(&found), port);
    assert_false(origin_find(-1, port, &found));
    close(fd);
    close(client);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_here),
        cmocka_unit_test(test_direct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

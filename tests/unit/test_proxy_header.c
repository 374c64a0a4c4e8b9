/* Reading a balancer's header: both versions, every cut, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/net/address.h"
#include "gateway/net/proxy_header.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\0\2\7\xc6\x33\x64\x0a\xc8\x22\1\xbb"
#define BYTES(text) ((struct cop_slice){text, sizeof(text) - 1})

static void assert_address(
    const struct sockaddr_storage *address, const char *text, uint16_t port)
{
    char printed[ADDRESS_TEXT_MAX];
    struct cop_slice slice = address_print(address, printed);

    assert_int_equal(slice.n, strlen(text));
    assert_memory_equal(slice.p, text, slice.n);
    assert_int_equal(address_port(address), port);
}

/* Whole, and in every part not whole yet; what is behind it does not count. */
static void read_whole(struct cop_slice bytes, struct proxy_header *out)
{
    struct proxy_header part;
    char more[1024];

    for (size_t i = 0; i < bytes.n; i++) {
        assert_int_equal(
            proxy_header_parse((struct cop_slice){bytes.p, i}, &part),
            COP_AGAIN);
    }
    memcpy(more, bytes.p, bytes.n);
    memset(more + bytes.n, 'x', 64);
    assert_int_equal(
        proxy_header_parse((struct cop_slice){more, bytes.n + 64}, out),
        COP_OK);
    assert_int_equal(out->n, bytes.n);
}

static void test_version_1(void **state)
{
    struct proxy_header header;

    (void)state;
    read_whole(
        BYTES("PROXY TCP4 192.0.2.7 198.51.100.10 51234 443\r\n"), &header);
    assert_true(header.has_addresses);
    assert_address(&header.from, "192.0.2.7", 51234);
    assert_address(&header.to, "198.51.100.10", 443);
    read_whole(
        BYTES("PROXY TCP6 2001:db8::7 2001:db8:2::a 0 65535\r\n"), &header);
    assert_true(header.has_addresses);
    assert_address(&header.from, "2001:db8::7", 0);
    assert_address(&header.to, "2001:db8:2::a", 65535);
    read_whole(BYTES("PROXY UNKNOWN\r\n"), &header);
    assert_false(header.has_addresses);
    read_whole(BYTES("PROXY UNKNOWN anything at all 1 2 3 4\r\n"), &header);
    assert_false(header.has_addresses);
}

static void test_version_1_refused(void **state)
{
    static const char *const lines[] = {
        "PROXY TCP4 192.0.2.7 198.51.100.10 51234\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.10 51234 443 1\r\n",
        "PROXY TCP4  192.0.2.7 198.51.100.10 51234 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.10 51234 443 \r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.10 051234 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.10 65536 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.10 +1 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.10 51234 \r\n",
        "PROXY TCP4 192.0.2.07 198.51.100.10 51234 443\r\n",
        "PROXY TCP4 2001:db8::7 198.51.100.10 51234 443\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.10 51234 443\r\n",
        "PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 51234 443\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.10 51234 443\r\n",
        "PROXY tcp4 192.0.2.7 198.51.100.10 51234 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.10 51234 443\rX",
        "PROXY \r\n",
        "PROXY  UNKNOWN\r\n",
        "proxy TCP4 192.0.2.7 198.51.100.10 51234 443\r\n",
        "GET / HTTP/1.1\r\n",
        "\r\n\r\nX",
    };
    struct proxy_header header;
    char longest[128];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(
            proxy_header_parse(cop_slice_of(lines[i]), &header), COP_E_SYNTAX);
    }
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "PROXY UNKNOWN ", 14);
    assert_int_equal(
        proxy_header_parse((struct cop_slice){longest, 106}, &header),
        COP_AGAIN);
    assert_int_equal(
        proxy_header_parse((struct cop_slice){longest, 107}, &header),
        COP_E_SYNTAX);
    memcpy(longest + 105, "\r\n", 2);
    assert_int_equal(
        proxy_header_parse((struct cop_slice){longest, 107}, &header), COP_OK);
    memcpy(longest + 105, "x\r\n", 3);
    assert_int_equal(
        proxy_header_parse((struct cop_slice){longest, 108}, &header),
        COP_E_SYNTAX);
}

static void test_version_1_nul(void **state)
{
    struct proxy_header header;

    (void)state;
    assert_int_equal(
        proxy_header_parse(
            BYTES("PROXY TCP4 192.0.2.7\0 198.51.100.10 51234 443\r\n"),
            &header),
        COP_E_SYNTAX);
}

static void test_version_2(void **state)
{
    struct proxy_header header;

    (void)state;
    read_whole(BYTES(V2 "\x21\x11\0\x0c" FOUR), &header);
    assert_true(header.has_addresses);
    assert_address(&header.from, "192.0.2.7", 51234);
    assert_address(&header.to, "198.51.100.10", 443);
    read_whole(BYTES(V2 "\x21\x11\0\x11" FOUR "\1\0\2h2"), &header);
    assert_address(&header.to, "198.51.100.10", 443);
    read_whole(BYTES(V2 "\x21\x21\0\x24"
                        "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
                        "\x20\1\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\x0a"
                        "\xc8\x22\1\xbb"),
        &header);
    assert_address(&header.from, "2001:db8::7", 51234);
    assert_address(&header.to, "2001:db8:2::a", 443);
    read_whole(BYTES(V2 "\x20\0\0\0"), &header);
    assert_false(header.has_addresses);
    read_whole(BYTES(V2 "\x20\x11\0\3abc"), &header);
    assert_false(header.has_addresses);
    read_whole(BYTES(V2 "\x21\0\0\0"), &header);
    assert_false(header.has_addresses);
}

static void test_version_2_refused(void **state)
{
    struct proxy_header header;
    char unix_stream[16 + 216] = V2 "\x21\x31\0\xd8";

    (void)state;
    assert_int_equal(
        proxy_header_parse(BYTES(V2 "\x31\x11\0\x0c" FOUR), &header),
        COP_E_SYNTAX);
    assert_int_equal(
        proxy_header_parse(BYTES(V2 "\x22\x11\0\x0c" FOUR), &header),
        COP_E_SYNTAX);
    assert_int_equal(
        proxy_header_parse(BYTES(V2 "\x21\x12\0\x0c" FOUR), &header),
        COP_E_SYNTAX);
    assert_int_equal(
        proxy_header_parse(BYTES(V2 "\x21\x41\0\x0c" FOUR), &header),
        COP_E_SYNTAX);
    assert_int_equal(
        proxy_header_parse(BYTES(V2 "\x21\x11\0\x0b" FOUR), &header),
        COP_E_SYNTAX);
    assert_int_equal(
        proxy_header_parse(
            BYTES(V2 "\x21\x21\0\x0c" FOUR "xxxxxxxxxxxxxxxxxxxxxxx"), &header),
        COP_E_SYNTAX);
    /* Longer than is read: said at once, not waited for. */
    assert_int_equal(
        proxy_header_parse(BYTES(V2 "\x21\x11\x0f\xf1"), &header), COP_E_LIMIT);
    assert_int_equal(
        proxy_header_parse(BYTES(V2 "\x21\x11\x0f\xf0"), &header), COP_AGAIN);
    read_whole((struct cop_slice){unix_stream, sizeof(unix_stream)}, &header);
    assert_false(header.has_addresses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_version_1_refused),
        cmocka_unit_test(test_version_1_nul),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_version_2_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

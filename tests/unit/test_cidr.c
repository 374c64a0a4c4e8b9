/* Networks: their spellings, their canonical text, what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/base/cidr.h"

static const struct {
    const char *text;
    enum cidr_flaw flaw;
    const char *canonical; /* where there is one */
} rows[] = {
    {"192.0.2.0/24", CIDR_FINE, "192.0.2.0/24"},
    {"192.0.2.7", CIDR_FINE, "192.0.2.7/32"},
    {"192.0.2.7/32", CIDR_FINE, "192.0.2.7/32"},
    {"0.0.0.0/0", CIDR_FINE, "0.0.0.0/0"},
    {"198.51.100.128/25", CIDR_FINE, "198.51.100.128/25"},
    {"192.0.2.7/24", CIDR_HOST_BITS, "192.0.2.0/24"},
    {"198.51.100.128/24", CIDR_HOST_BITS, "198.51.100.0/24"},
    {"2001:DB8::/32", CIDR_FINE, "2001:db8::/32"},
    {"2001:db8:0:0::1", CIDR_FINE, "2001:db8::1/128"},
    {"::/0", CIDR_FINE, "::/0"},
    {"2001:db8::1/64", CIDR_HOST_BITS, "2001:db8::/64"},
    {"2001:db8:8000::/33", CIDR_FINE, "2001:db8:8000::/33"},
    {"2001:db8:8000::/32", CIDR_HOST_BITS, "2001:db8::/32"},
    {"::ffff:192.0.2.0/120", CIDR_FINE, "192.0.2.0/24"},
    {"::ffff:0:0/96", CIDR_FINE, "0.0.0.0/0"},
    {"64:ff9b::198.51.100.1", CIDR_FINE, "198.51.100.1/32"},
    {"", CIDR_NO_ADDRESS, NULL},
    {"/24", CIDR_NO_ADDRESS, NULL},
    {"192.0.2/24", CIDR_NO_ADDRESS, NULL},
    {"192.0.2.010/32", CIDR_NO_ADDRESS, NULL},
    {"0xC0.0.2.1", CIDR_NO_ADDRESS, NULL},
    {"3221225985", CIDR_NO_ADDRESS, NULL},
    {"192.0.2.256", CIDR_NO_ADDRESS, NULL},
    {"example.com/24", CIDR_NO_ADDRESS, NULL},
    {"[2001:db8::]/32", CIDR_NO_ADDRESS, NULL},
    {"2001:db8::%1/32", CIDR_NO_ADDRESS, NULL},
    {"192.0.2.0/", CIDR_NO_LENGTH, NULL},
    {"192.0.2.0/33", CIDR_NO_LENGTH, NULL},
    {"192.0.2.0/024", CIDR_NO_LENGTH, NULL},
    {"192.0.2.0/-1", CIDR_NO_LENGTH, NULL},
    {"192.0.2.0/24 ", CIDR_NO_LENGTH, NULL},
    {"192.0.2.0/255.255.255.0", CIDR_NO_LENGTH, NULL},
    {"2001:db8::/129", CIDR_NO_LENGTH, NULL},
    {"2001:db8::/4294967328", CIDR_NO_LENGTH, NULL},
};

static void reads_and_prints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[CIDR_TEXT_MAX + 1];
        struct cidr cidr;
        enum cidr_flaw flaw = cidr_parse(cop_slice_of(rows[i].text), &cidr);

        if (flaw != rows[i].flaw) {
            print_error("%s\n", rows[i].text);
        }
        assert_int_equal(flaw, rows[i].flaw);
        if (rows[i].canonical != NULL) {
            assert_int_equal(cidr_print(&cidr, text), strlen(text));
            assert_string_equal(text, rows[i].canonical);
        }
    }
}

static void prints_the_longest(void **state)
{
    struct cidr cidr = {.is_ip6 = true, .bits = 128};
    char text[CIDR_TEXT_MAX + 1];

    (void)state;
    memset(cidr.addr, 0xFF, sizeof(cidr.addr));
    assert_int_equal(cidr_print(&cidr, text), CIDR_TEXT_MAX);
    assert_string_equal(text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void masks(void **state)
{
    uint8_t address[4] = {0xFF, 0xFF, 0xFF, 0xFF};

    (void)state;
    assert_false(cidr_mask(address, 4, 32));
    assert_true(cidr_mask(address, 4, 17));
    assert_memory_equal(address, "\xFF\xFF\x80\x00", 4);
    assert_false(cidr_mask(address, 4, 17));
    assert_true(cidr_mask(address, 4, 0));
    assert_memory_equal(address, "\0\0\0\0", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_prints),
        cmocka_unit_test(prints_the_longest),
        cmocka_unit_test(masks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

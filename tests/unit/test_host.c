/* The canonical form of hosts: rules H1 to H11 of docs/canonical-form.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cop/host.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct good {
    const char *in;
    const char *out;
};

static void expect_good(
    const struct good *rows, size_t n, enum cop_host_kind kind)
{
    for (size_t i = 0; i < n; i++) {
        struct cop_host host;
        struct cop_host again;
        enum cop_status status =
            cop_host_parse(cop_slice_of(rows[i].in), &host);

        if (status != COP_OK || strcmp(host.text, rows[i].out) != 0) {
            fail_msg("%s: expected %s, got %s", rows[i].in, rows[i].out,
                status == COP_OK ? host.text : cop_status_name(status));
        }
        assert_int_equal(host.kind, kind);
        assert_int_equal(host.n, strlen(rows[i].out));
        /* What is canonical stays as it is. */
        assert_int_equal(cop_host_parse(cop_host_slice(&host), &again), COP_OK);
        assert_true(cop_host_eq(&host, &again));
        assert_memory_equal(host.addr, again.addr, sizeof(host.addr));
    }
}

/* Text that may hold NUL. */
#define BYTES(text) (text), sizeof(text) - 1

static void expect_bad(const struct cop_slice *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct cop_host host = {.n = 77};
        enum cop_status status = cop_host_parse(rows[i], &host);

        if (status != COP_E_SYNTAX) {
            fail_msg("%.*s: not refused, got %s", (int)rows[i].n, rows[i].p,
                status == COP_OK ? host.text : cop_status_name(status));
        }
        assert_int_equal(host.n, 77); /* untouched */
    }
}

/* H5, H6 */
static void test_plain_names(void **state)
{
    static const struct good rows[] = {
        {"example.com", "example.com"},
        {"EXAMPLE.com", "example.com"},
        {"ExAmPlE.CoM.", "example.com"},
        {"localhost", "localhost"},
        {"a", "a"},
        {"_dmarc.example.com", "_dmarc.example.com"},
        {"my_host.example.com", "my_host.example.com"},
        {"-a.example.com", "-a.example.com"},
        {"a-.example.com", "a-.example.com"},
        {"r3---sn-ab.example.com", "r3---sn-ab.example.com"},
        {"123.example", "123.example"},
        {"1.2.3.4.example", "1.2.3.4.example"},
        {"4chan.example", "4chan.example"},
        {"a.0xg", "a.0xg"},
        {"a.1b", "a.1b"},
    };

    (void)state;
    expect_good(rows, COUNT(rows), COP_HOST_NAME);
}

/* H2 */
static void test_percent_encoding_is_decoded_once(void **state)
{
    static const struct good rows[] = {
        {"ex%61mple.com", "example.com"},
        {"%45%58ample%2Ecom", "example.com"},
        {"%65%78%61%6d%70%6c%65.com", "example.com"},
        {"example.com%2e", "example.com"},
        {"%ef%bd%85xample.com", "example.com"},
        {"b%C3%BCcher.example", "xn--bcher-kva.example"},
    };
    static const struct cop_slice refused[] = {
        {BYTES("ex%2561mple.com")}, /* twice encoded */
        {BYTES("example%00.com")},
        {BYTES("example.com%00")},
        {BYTES("%")},
        {BYTES("a%")},
        {BYTES("a%6")},
        {BYTES("a%6g")},
        {BYTES("a%zz.example")},
        {BYTES("a%2Fb.example")},
        {BYTES("a%20b.example")},
        {BYTES("a%3A80")},
        {BYTES("a%40b.example")},
        {BYTES("%5B%3A%3A1%5D")},
        {BYTES("a%C3.example")}, /* half a character */
        {BYTES("a%FF.example")},
    };

    (void)state;
    expect_good(rows, COUNT(rows), COP_HOST_NAME);
    expect_bad(refused, COUNT(refused));
}

/* H3 */
static void test_other_scripts_are_mapped(void **state)
{
    static const struct good rows[] = {
        {"b\xC3\xBC"
         "cher.example",
            "xn--bcher-kva.example"},
        {"B\xC3\x9C"
         "CHER.example",
            "xn--bcher-kva.example"},
        {"bu\xCC\x88"
         "cher.example",
            "xn--bcher-kva.example"},                     /* NFD */
        {"fa\xC3\x9F.example", "xn--fa-hia.example"},     /* not "fass" */
        {"FA\xE1\xBA\x9E.example", "xn--fa-hia.example"}, /* capital sharp s */
        {"\xCF\x82.example", "xn--3xa.example"}, /* final sigma stays */
        /* full width, with an ideographic full stop and its two kin */
        {"\xEF\xBD\x85\xEF\xBD\x98\xEF\xBD\x81mple.com", "example.com"},
        {"example\xE3\x80\x82"
         "com",
            "example.com"},
        {"example\xEF\xBC\x8E"
         "com",
            "example.com"},
        {"example\xEF\xBD\xA1"
         "com",
            "example.com"},
        {"example.com\xE3\x80\x82", "example.com"},
        /* mathematical letters, circled letters, the trade mark sign */
        {"\xF0\x9D\x90\x9E\xF0\x9D\x90\xB1"
         "ample.com",
            "example.com"},
        {"\xE2\x93\x94\xE2\x93\xA7"
         "ample.com",
            "example.com"},
        {"\xE2\x84\xA2.example", "tm.example"},
        /* what the mapping drops: soft hyphen, zero width space, word
           joiner, variation selector */
        {"ex\xC2\xAD"
         "ample.com",
            "example.com"},
        {"ex\xE2\x80\x8B"
         "ample.com",
            "example.com"},
        {"ex\xE2\x81\xA0"
         "ample.com",
            "example.com"},
        {"ex\xEF\xB8\x8F"
         "ample.com",
            "example.com"},
        /* Cyrillic letters are not the Latin ones they resemble */
        {"\xD0\xB5xample.com", "xn--xample-2of.com"},
        {"\xD7\x90\xD7\x91.example", "xn--4dbc.example"},
        {"\xD9\x85\xD8\xAB\xD8\xA7\xD9\x84.example", "xn--mgbh0fb.example"},
        /* symbols, which IDNA2008 forbids and browsers send */
        {"\xF0\x9F\x92\xA9.example", "xn--ls8h.example"},
        {"I\xE2\x9D\xA4.example", "xn--i-7iq.example"},
        {"\xE2\x88\x9E.example", "xn--59g.example"},
        {"\xE2\x89\xA0.example", "xn--1ch.example"},
        /* rules for labels that mapping does not concern */
        {"ab--c.\xC3\xBC.example", "ab--c.xn--tda.example"},
        {"_a.\xC3\xBC.example", "_a.xn--tda.example"},
        {"a_\xC3\xBC.example", "xn--a_-yka.example"},
        {"\xEF\xBC\xB8\xEF\xBC\xAE--zca.example", "xn--zca.example"},
    };
    static const struct cop_slice refused[] = {
        {BYTES("\xC2\xAD")}, /* nothing is left */
        {BYTES("a.\xE2\x80\x8B.example")},
        {BYTES("\xFF.example")},
        {BYTES("\xC3.example")},
        {BYTES("\xED\xA0\x80.example")}, /* a surrogate */
        {BYTES("\xC0\xAE.example")},     /* an overlong "." */
        {BYTES("\xEF\xBF\xBD.example")}, /* the replacement character */
        {BYTES("a\xC2\xA0"
               "b.example")}, /* maps to a space */
        {BYTES("a\xEF\xBC\x8F"
               "b.example")}, /* full width "/" */
        {BYTES("a\xEF\xBC\x85"
               "61.example")}, /* full width "%" */
        {BYTES("a\xEF\xBC\xA0"
               "b.example")},                   /* full width "@" */
        {BYTES("\xEF\xBC\xBB::1\xEF\xBC\xBD")}, /* full width brackets */
        {BYTES("*\xC3\xBC.example")},
        {BYTES("a\xE2\x80\x8D"
               "b.example")}, /* a joiner without its context */
        {BYTES("\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB.example")},
        {BYTES("\xCC\x81"
               "a.example")},        /* begins with a combining mark */
        {BYTES("\xCD\xB8.example")}, /* unassigned */
        {BYTES("\xD7\x90"
               "a.example")}, /* left and right mixed */
        {BYTES("a\xD6\xBE"
               "b.example")},
        {BYTES("xn--\xC3\xBC.example")},
        {BYTES("-\xC3\xBC.example")},
    };

    (void)state;
    expect_good(rows, COUNT(rows), COP_HOST_NAME);
    expect_bad(refused, COUNT(refused));
}

/* H4 */
static void test_a_labels_are_checked(void **state)
{
    static const struct good rows[] = {
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        {"xn--fa-hia.example", "xn--fa-hia.example"},
        {"xn--ls8h.example", "xn--ls8h.example"},
        {"axn--a.example", "axn--a.example"}, /* no A-label */
        {"xn-a.example", "xn-a.example"},
    };
    static const struct cop_slice refused[] = {
        {BYTES("xn--.example")},
        {BYTES("xn--a.example")},        /* hides a control character */
        {BYTES("xn--0.example")},        /* no Punycode */
        {BYTES("xn--u-ccb.example")},    /* hides what is not NFC */
        {BYTES("xn--xn---epa.example")}, /* hides another "xn--" */
        {BYTES("www.xn--99999999")},
        {BYTES("xn--ab-5da.example")}, /* hides a soft hyphen */
        {BYTES("xn--1ug.example")},    /* hides a joiner */
    };

    (void)state;
    expect_good(rows, COUNT(rows), COP_HOST_NAME);
    expect_bad(refused, COUNT(refused));
}

/* H5, H7 */
static void test_what_no_name_holds(void **state)
{
    static const struct cop_slice rows[] = {
        {BYTES("")},
        {BYTES(".")},
        {BYTES("..")},
        {BYTES(".example.com")},
        {BYTES("example..com")},
        {BYTES("example.com..")},
        {BYTES("a b.example")},
        {BYTES(" example.com")},
        {BYTES("example.com\n")},
        {BYTES("exa\tmple.com")},
        {BYTES("example.com\0.invalid")},
        {BYTES("\0")},
        {BYTES("a\x7F.example")},
        {BYTES("a,b.example")},
        {BYTES("a;b.example")},
        {BYTES("a/b.example")},
        {BYTES("a\\b.example")},
        {BYTES("a@b.example")},
        {BYTES("a#b.example")},
        {BYTES("a?b.example")},
        {BYTES("a|b.example")},
        {BYTES("a^b.example")},
        {BYTES("a<b>.example")},
        {BYTES("a'b.example")},
        {BYTES("a\"b.example")},
        {BYTES("*.example.com")},
        {BYTES("a+b.example")},
        {BYTES("a]b.example")},
        {BYTES("example.com:80")},
        {BYTES("example.com:")},
    };

    (void)state;
    expect_bad(rows, COUNT(rows));
}

/* Every byte alone: letters, digits, "-", "_" are a name; nothing else is. */
static void test_every_byte(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const char text[2] = {'a', (char)c};
        struct cop_host host;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                        c == '.';

        assert_int_equal(cop_host_parse((struct cop_slice){text, 2}, &host),
            is_plain ? COP_OK : COP_E_SYNTAX);
    }
}

/* H1, H8 */
static void test_lengths(void **state)
{
    char text[COP_HOST_INPUT_MAX + 2];
    struct cop_host host;

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, 63}, &host), COP_OK);
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, 64}, &host), COP_E_LIMIT);
    for (size_t i = 63; i < sizeof(text); i += 64) {
        text[i] = '.';
    }
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, 253}, &host), COP_OK);
    assert_int_equal(host.n, 253);
    assert_int_equal(host.labels, 4);
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, 254}, &host), COP_E_LIMIT);
    text[253] = '.';
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, 254}, &host), COP_OK);
    text[253] = 'a';
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, COP_HOST_INPUT_MAX}, &host),
        COP_E_LIMIT);
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, COP_HOST_INPUT_MAX + 1}, &host),
        COP_E_LIMIT);
    for (size_t i = 0; i < 253; i++) {
        text[i] = i % 2 == 0 ? 'a' : '.';
    }
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, 253}, &host), COP_OK);
    assert_int_equal(host.labels, 127);
}

/* H1: 253 encoded bytes are 759 of input, and still one name. */
static void test_lengths_count_after_decoding(void **state)
{
    char text[3 * 254 + 1];
    struct cop_host host;

    (void)state;
    for (size_t i = 0; i < 254; i++) {
        memcpy(text + 3 * i, i % 50 == 49 ? "%2e" : "%61", 4);
    }
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, (size_t)3 * 253}, &host),
        COP_OK);
    assert_int_equal(host.n, 253);
    assert_int_equal(
        cop_host_parse((struct cop_slice){text, (size_t)3 * 254}, &host),
        COP_E_LIMIT);
}

/* H8, of what mapping makes longer than it was */
static void test_lengths_count_after_mapping(void **state)
{
    char text[200];
    struct cop_host host;

    (void)state;
    for (size_t i = 0; i < 66; i++) {
        memcpy(text + 3 * i, "\xE2\x88\x9E", 4); /* a symbol, 66 times */
    }
    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_E_LIMIT);
    for (size_t i = 0; i < 66; i++) {
        memcpy(text + 2 * i, "\xC3\xBC", 3);
    }
    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_E_LIMIT);
    memset(text, 'a', 62);
    memcpy(text + 62, "\xC3\xBC", 3);
    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_E_LIMIT);
}

/* H9 */
static void test_ipv4_in_every_notation(void **state)
{
    static const struct good rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1.", "192.0.2.1"},
        {"0xC0.0.2.1", "192.0.2.1"},
        {"0300.0000.0002.0001", "192.0.2.1"},
        {"0xc0000201", "192.0.2.1"},
        {"0XC0000201", "192.0.2.1"},
        {"3221225985", "192.0.2.1"},
        {"030000001001", "192.0.2.1"},
        {"192.513", "192.0.2.1"},
        {"192.0.513", "192.0.2.1"},
        {"0xc0.0.01001", "192.0.2.1"},
        {"%31%39%32.0.2.1", "192.0.2.1"},
        {"\xEF\xBC\x91\xEF\xBC\x99\xEF\xBC\x92.0.2.1", "192.0.2.1"},
        {"192\xE3\x80\x82"
         "0\xE3\x80\x82"
         "2\xE3\x80\x82"
         "1",
            "192.0.2.1"},
        {"0000000000000000000300.0.2.1", "192.0.2.1"},
        {"127.1", "127.0.0.1"},
        {"0x7f.1", "127.0.0.1"},
        {"0x.0x.0", "0.0.0.0"},
        {"0", "0.0.0.0"},
        {"0x", "0.0.0.0"},
        {"4294967295", "255.255.255.255"},
        {"255.16777215", "255.255.255.255"},
        {"1.2.65535", "1.2.255.255"},
    };
    static const struct cop_slice refused[] = {
        {BYTES("256.0.2.1")},
        {BYTES("192.0.2.256")},
        {BYTES("192.0.65536")},
        {BYTES("192.16777216")},
        {BYTES("4294967296")},
        {BYTES("0x100000000")},
        {BYTES("18446744073709551616")},
        {BYTES("99999999999999999999999999999999")},
        {BYTES("1.2.3.4.5")},
        {BYTES("192.0.2.09")},
        {BYTES("09")},
        {BYTES("1..2")},
        {BYTES(".1")},
        {BYTES("192.0.2.1..")},
        {BYTES("example.1")},
        {BYTES("example.0x1f")},
        {BYTES("0xg.0.0.1")},
        {BYTES("1.2.3.0x1g.4")},
        {BYTES("-1.0.0.1")},
        {BYTES("+1.0.0.1")},
        {BYTES("192.0.2.1:80")},
    };

    (void)state;
    expect_good(rows, COUNT(rows), COP_HOST_IPV4);
    expect_bad(refused, COUNT(refused));
}

/* H10 */
static void test_ipv6_in_every_notation(void **state)
{
    static const struct good rows[] = {
        {"[2001:db8::1]", "2001:db8::1"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:DB8:0:0:0:0:0:1]", "2001:db8::1"},
        {"[2001:0db8:0000:0000:0000:0000:0000:0001]", "2001:db8::1"},
        {"[2001:db8::0:1]", "2001:db8::1"},
        {"[2001:db8::0.0.0.1]", "2001:db8::1"},
        {"[::]", "::"},
        {"[::1]", "::1"},
        {"[1::]", "1::"},
        {"[0:0:0:0:0:0:0:0]", "::"},
        {"[2001:db8:0:1:1:1:1:1]", "2001:db8:0:1:1:1:1:1"}, /* one zero */
        {"[2001:db8::1:0:0:1]", "2001:db8::1:0:0:1"}, /* the first of two */
        {"[2001:0:0:1::1]", "2001:0:0:1::1"},         /* the longest */
        {"[1:0:0:2:0:0:0:3]", "1:0:0:2::3"},
        {"[1:2:3:4:5:6:7::]", "1:2:3:4:5:6:7:0"},
        {"[::192.0.2.1]", "::c000:201"}, /* compatible, not mapped */
        {"[1:2:3:4:5:6:192.0.2.1]", "1:2:3:4:5:6:c000:201"},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    static const struct cop_slice refused[] = {
        {BYTES("[")},
        {BYTES("[]")},
        {BYTES("[2001:db8::1")},
        {BYTES("2001:db8::1]")},
        {BYTES("[2001:db8::1].")},
        {BYTES("[2001:db8::1]a")},
        {BYTES("[[2001:db8::1]]")},
        {BYTES("[2001:db8::1%25eth0]")},
        {BYTES("[fe80::1%eth0]")},
        {BYTES("fe80::1%1")},
        {BYTES("[1::2::3]")},
        {BYTES("[:1]")},
        {BYTES("[1:]")},
        {BYTES("[1:2:3:4:5:6:7]")},
        {BYTES("[1:2:3:4:5:6:7:8:9]")},
        {BYTES("[1:2:3:4:5:6:7:8::]")},
        {BYTES("[12345::]")},
        {BYTES("[g::]")},
        {BYTES("[::192.0.2]")},
        {BYTES("[::192.0.2.256]")},
        {BYTES("[::192.0.2.01]")},
        {BYTES("[::0xc0.0.2.1]")},
        {BYTES("[1:2:3:4:5:6:7:192.0.2.1]")},
        {BYTES("[192.0.2.1]")},
        {BYTES("[example.com]")},
        {BYTES("[2001:db8::1\0]")},
        {BYTES(":")},
        {BYTES("::1::")},
        {BYTES("[v1.a]")},
    };

    (void)state;
    expect_good(rows, COUNT(rows), COP_HOST_IPV6);
    expect_bad(refused, COUNT(refused));
}

/* H11 */
static void test_ipv4_inside_ipv6(void **state)
{
    static const struct good rows[] = {
        {"[::ffff:192.0.2.1]", "192.0.2.1"},
        {"[::ffff:c000:201]", "192.0.2.1"},
        {"[0:0:0:0:0:FFFF:C000:0201]", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"[64:ff9b::192.0.2.1]", "192.0.2.1"},
        {"[64:ff9b::c000:201]", "192.0.2.1"},
    };
    static const struct good others[] = {
        {"[64:ff9b:1::c000:201]", "64:ff9b:1::c000:201"}, /* another /96 */
        {"[::fffe:c000:201]", "::fffe:c000:201"},
        {"[::1:ffff:c000:201]", "::1:ffff:c000:201"},
    };

    (void)state;
    expect_good(rows, COUNT(rows), COP_HOST_IPV4);
    expect_good(others, COUNT(others), COP_HOST_IPV6);
}

static void test_fields(void **state)
{
    static const uint8_t ip4[16] = {192, 0, 2, 1};
    static const uint8_t ip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    static const uint8_t none[16] = {0};
    struct cop_host host;

    (void)state;
    memset(&host, 0xFF, sizeof(host));
    assert_int_equal(cop_host_parse(COP_LIT("0xC0.0.2.1"), &host), COP_OK);
    assert_int_equal(host.labels, 0);
    assert_memory_equal(host.addr, ip4, 16);
    memset(&host, 0xFF, sizeof(host));
    assert_int_equal(cop_host_parse(COP_LIT("2001:db8::1"), &host), COP_OK);
    assert_int_equal(host.labels, 0);
    assert_memory_equal(host.addr, ip6, 16);
    memset(&host, 0xFF, sizeof(host));
    assert_int_equal(cop_host_parse(COP_LIT("a.b.example"), &host), COP_OK);
    assert_int_equal(host.labels, 3);
    assert_memory_equal(host.addr, none, 16);
}

static void test_registrable_domains(void **state)
{
    static const struct {
        const char *host;
        const char *domain; /* NULL: is a public suffix */
    } rows[] = {
        {"example.com", "example.com"},
        {"a.b.www.example.com", "example.com"},
        {"www.example.co.uk", "example.co.uk"},
        {"co.uk", NULL},
        {"com", NULL},
        {"localhost", NULL},
        {"www.example.test", "example.test"}, /* by the default rule */
        {"a.www.ck", "www.ck"},               /* an exception */
        {"a.b.example.ck", "b.example.ck"},   /* a wildcard */
        {"a.b.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"},
    };
    struct cop_host host;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(
            cop_host_parse(cop_slice_of(rows[i].host), &host), COP_OK);
        assert_string_equal(host.text + cop_host_registrable(&host),
            rows[i].domain != NULL ? rows[i].domain : "");
    }
    assert_int_equal(cop_host_parse(COP_LIT("192.0.2.1"), &host), COP_OK);
    assert_int_equal(cop_host_registrable(&host), 0);
}

static void test_within(void **state)
{
    static const struct {
        const char *host;
        const char *parent;
        bool is_within;
    } rows[] = {
        {"example.com", "example.com", true},
        {"www.example.com", "example.com", true},
        {"a.b.example.com", "example.com", true},
        {"example.com", "www.example.com", false},
        {"notexample.com", "example.com", false},
        {"example.com.test", "example.com", false},
        {"example.org", "example.com", false},
        {"com", "example.com", false},
        {"example.com", "com", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "2.1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"a.example", "192.0.2.1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cop_host host;
        struct cop_host parent;

        assert_int_equal(
            cop_host_parse(cop_slice_of(rows[i].host), &host), COP_OK);
        assert_int_equal(
            cop_host_parse(cop_slice_of(rows[i].parent), &parent), COP_OK);
        if (cop_host_within(&host, &parent) != rows[i].is_within) {
            fail_msg("%s within %s", rows[i].host, rows[i].parent);
        }
        assert_int_equal(
            cop_host_eq(&host, &parent), strcmp(host.text, parent.text) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_names),
        cmocka_unit_test(test_percent_encoding_is_decoded_once),
        cmocka_unit_test(test_other_scripts_are_mapped),
        cmocka_unit_test(test_a_labels_are_checked),
        cmocka_unit_test(test_what_no_name_holds),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lengths_count_after_decoding),
        cmocka_unit_test(test_lengths_count_after_mapping),
        cmocka_unit_test(test_ipv4_in_every_notation),
        cmocka_unit_test(test_ipv6_in_every_notation),
        cmocka_unit_test(test_ipv4_inside_ipv6),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_registrable_domains),
        cmocka_unit_test(test_within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

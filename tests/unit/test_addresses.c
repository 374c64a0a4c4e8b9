/* Networks of addresses in a bundle: what they match, and how precisely. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/base/cidr.h"
#include "tests/unit/bundle_fixture.h"

static struct cop_class class;

static void classify(const struct cop_policy *policy, const char *text)
{
    struct cop_matcher *matcher = NULL;
    struct cop_class by_host;
    struct cop_url url;

    assert_int_equal(cop_matcher_new(&matcher), COP_OK);
    assert_int_equal(cop_url_parse(cop_slice_of(text), &url), COP_OK);
    cop_classify(policy, matcher, &url, &class);
    cop_classify_host(policy, &url.host, &by_host);
    assert_int_equal(by_host.n, class.n);
    for (unsigned i = 0; i < class.n; i++) {
        assert_int_equal(by_host.hits[i].rule, class.hits[i].rule);
        assert_int_equal(by_host.hits[i].list, class.hits[i].list);
    }
    cop_matcher_free(&matcher);
}

static void networks_match_addresses(void **state)
{
    static const struct {
        const char *url;
        unsigned bits; /* of the best match; 0: none */
    } rows[] = {
        {"https://192.0.2.1/", 24},
        {"http://192.0.2.255:8080/a", 24},
        {"https://192.0.2.9/", 32},
        {"https://192.0.2.77/", 32}, /* an address of its own wins */
        {"https://0xC0000201/", 24},
        {"https://[::ffff:192.0.2.1]/", 24},
        {"https://192.0.3.0/", 0},
        {"https://192.0.1.255/", 0},
        {"https://198.51.100.1/", 16},
        {"https://[2001:db8::1]/", 32},
        {"https://[2001:db8:1::1]/", 48},
        {"https://[2001:db9::1]/", 0},
        {"https://a.example/", 0},
        {"https://192.0.2.example/", 0},
    };
    struct fixture *f = fixture_new("networks");
    uint32_t list = fixture_category(f, "l", COP_CAT_SEC_MALWARE);
    struct cop_policy *policy;

    (void)state;
    fixture_add(f, list, ENTRY_CIDR, "192.0.2.0/24");
    fixture_add(f, list, ENTRY_CIDR, "192.0.2.9/32");
    fixture_add(f, list, ENTRY_CIDR, "198.51.0.0/16");
    fixture_add(f, list, ENTRY_CIDR, "2001:db8::/32");
    fixture_add(f, list, ENTRY_CIDR, "2001:db8:1::/48");
    fixture_add(f, list, ENTRY_HOST, "192.0.2.77");
    fixture_add(f, list, ENTRY_DOMAIN, "b.example");
    policy = fixture_policy(f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        classify(policy, rows[i].url);
        if (class.n != (rows[i].bits != 0)) {
            print_error("%s\n", rows[i].url);
        }
        assert_int_equal(class.n, rows[i].bits != 0);
        if (class.n != 0) {
            assert_int_equal(class.hits[0].specificity,
                COP_SPECIFICITY(COP_MATCH_ADDRESS, rows[i].bits));
        }
    }
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void everything_is_a_network(void **state)
{
    struct fixture *f = fixture_new("all");
    uint32_t list = fixture_category(f, "l", COP_CAT_SEC_MALWARE);
    struct cop_policy *policy;

    (void)state;
    fixture_add(f, list, ENTRY_CIDR, "0.0.0.0/0");
    fixture_add(f, list, ENTRY_CIDR, "::/0");
    policy = fixture_policy(f);
    classify(policy, "https://203.0.113.7/");
    assert_int_equal(class.n, 1);
    classify(policy, "https://[2001:db8::7]/");
    assert_int_equal(class.n, 1);
    classify(policy, "https://a.example/");
    assert_int_equal(class.n, 0);
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void lists_share_a_network(void **state)
{
    struct fixture *f = fixture_new("shared");
    struct cop_policy *policy;
    struct cop_rule rule;
    struct cop_url url;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        static const char *const names[] = {"a", "b", "c"};
        uint32_t list = fixture_category(f, names[i], COP_CAT_MEDIA_GAMES + i);

        fixture_add(f, list, ENTRY_CIDR, "203.0.113.0/24");
    }
    policy = fixture_policy(f);
    classify(policy, "https://203.0.113.7/");
    assert_int_equal(class.n, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(class.hits[i].list, i);
        assert_true(cop_catset_has(class.categories, COP_CAT_MEDIA_GAMES + i));
    }
    assert_int_equal(
        cop_url_parse(COP_LIT("https://203.0.113.7/"), &url), COP_OK);
    cop_rule_describe(policy, &class.hits[1], &url.host, &rule);
    assert_string_equal(rule.kind, "network");
    assert_true(cop_slice_eq(rule.text, COP_LIT("203.0.113.0/24")));
    assert_int_equal(rule.line, 2);
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* A small generator, so that a failure can be repeated. */
static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Networks drawn from few bits, so that they nest and touch. */
static void draw(uint32_t *seed, char text[CIDR_TEXT_MAX + 1])
{
    struct cidr cidr = {.is_ip6 = next(seed) % 2 == 0};
    unsigned n = cidr.is_ip6 ? 16 : 4;

    cidr.bits = (uint8_t)(next(seed) % (8 * n + 1));
    for (unsigned i = 0; i < n; i++) {
        cidr.addr[i] = (uint8_t)(next(seed) % 2 == 0 ? 0x20 : 0x21);
    }
    (void)cidr_mask(cidr.addr, n, cidr.bits);
    (void)cidr_print(&cidr, text);
}

static unsigned best_of(const char (*texts)[CIDR_TEXT_MAX + 1], unsigned n,
    const struct cop_host *host)
{
    unsigned best = 0;

    for (unsigned i = 0; i < n; i++) {
        struct cidr cidr;
        uint8_t masked[16];

        assert_int_equal(cidr_parse(cop_slice_of(texts[i]), &cidr), CIDR_FINE);
        if (cidr.is_ip6 != (host->kind == COP_HOST_IPV6)) {
            continue;
        }
        memcpy(masked, host->addr, 16);
        (void)cidr_mask(masked, 16, cidr.bits);
        if (memcmp(masked, cidr.addr, 16) == 0 && cidr.bits + 1U > best) {
            best = cidr.bits + 1U;
        }
    }
    return best;
}

static void equals_trying_each(void **state)
{
    enum { NETWORKS = 400, ADDRESSES = 2000 };
    static char texts[NETWORKS][CIDR_TEXT_MAX + 1];
    struct fixture *f = fixture_new("random");
    uint32_t list = fixture_category(f, "l", COP_CAT_SEC_MALWARE);
    uint32_t seed = 7;
    struct cop_policy *policy;

    (void)state;
    for (unsigned i = 0; i < NETWORKS; i++) {
        draw(&seed, texts[i]);
        fixture_add(f, list, ENTRY_CIDR, texts[i]);
    }
    policy = fixture_policy(f);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        char text[CIDR_TEXT_MAX + 1];
        struct cop_host host;
        unsigned best;

        draw(&seed, text);
        *strchr(text, '/') = '\0';
        assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_OK);
        best = best_of(texts, NETWORKS, &host);
        cop_classify_host(policy, &host, &class);
        assert_int_equal(class.n, best != 0);
        if (best != 0) {
            assert_int_equal(class.hits[0].specificity,
                COP_SPECIFICITY(COP_MATCH_ADDRESS, best - 1));
        }
    }
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void bad_tables_are_refused(void **state)
{
    static const char *const texts[] = {"192.0.2.1/24", "a.example/24", "1/2"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct fixture *f = fixture_new("bad");
        uint32_t list = fixture_category(f, "l", COP_CAT_SEC_MALWARE);

        fixture_add(f, list, ENTRY_CIDR, texts[i]);
        assert_int_equal(bundle_write(&f->t, &f->image), COP_E_BUG);
        fixture_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_match_addresses),
        cmocka_unit_test(everything_is_a_network),
        cmocka_unit_test(lists_share_a_network),
        cmocka_unit_test(equals_trying_each),
        cmocka_unit_test(bad_tables_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

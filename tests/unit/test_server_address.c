/* What the address of a server adds to what its URL is, and what is decided
 * then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/base/origin.h"
#include "tests/unit/bundle_fixture.h"

static struct cop_class class;

static struct cop_address address_of(
    const char *text, const char *country, uint32_t as_number)
{
    struct cop_address address;
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_OK);
    assert_true(cop_address_of_host(&host, &address));
    if (country != NULL) {
        memcpy(address.country, country, 2);
    }
    address.as_number = as_number;
    return address;
}

static void classify(const struct cop_policy *policy, const char *name,
    const struct cop_address *address)
{
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    cop_classify_host(policy, &host, &class);
    cop_classify_address(policy, address, &class);
}

static void names_have_no_address(void **state)
{
    struct cop_address address;
    struct cop_host host;

    (void)state;
    assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
    assert_false(cop_address_of_host(&host, &address));
}

static void rules_say_what_they_want(void **state)
{
    static const struct {
        enum entry_object object;
        const char *text;
        struct cop_address_wants wants;
    } rows[] = {
        {ENTRY_DOMAIN, "a.example", {false, false, false}},
        {ENTRY_HOST, "192.0.2.1", {false, false, false}},
        {ENTRY_CIDR, "192.0.2.0/24", {true, false, false}},
        {ENTRY_COUNTRY, "XA", {true, true, false}},
        {ENTRY_AS, "AS64496", {true, false, true}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture *f = fixture_new("wants");
        uint32_t list = fixture_category(f, "l", COP_CAT_SEC_MALWARE);
        struct cop_policy *policy;
        struct cop_address_wants wants;

        fixture_add(f, list, rows[i].object, rows[i].text);
        policy = fixture_policy(f);
        wants = cop_policy_wants_address(policy);
        assert_int_equal(wants.address, rows[i].wants.address);
        assert_int_equal(wants.country, rows[i].wants.country);
        assert_int_equal(wants.as_number, rows[i].wants.as_number);
        cop_policy_free(&policy);
        fixture_free(&f);
    }
}

static void each_kind_matches(void **state)
{
    static const struct {
        const char *address, *country;
        uint32_t as_number;
        unsigned specificity; /* of the one hit; 0: none */
        const char *kind, *text;
    } rows[] = {
        {"203.0.113.1", NULL, 0, 0, NULL, NULL},
        {"203.0.113.1", "XB", 64497, 0, NULL, NULL},
        {"203.0.113.1", "XA", 0, COP_SPECIFICITY(COP_MATCH_COUNTRY, 0),
            "country", "XA"},
        {"203.0.113.1", NULL, 64496, COP_SPECIFICITY(COP_MATCH_AS, 0), "as",
            "AS64496"},
        {"203.0.113.1", "XA", 64496, COP_SPECIFICITY(COP_MATCH_AS, 0), "as",
            "AS64496"},
        {"192.0.2.7", "XA", 64496, COP_SPECIFICITY(COP_MATCH_ADDRESS, 24),
            "network", "192.0.2.0/24"},
        {"[::ffff:192.0.2.7]", NULL, 0, COP_SPECIFICITY(COP_MATCH_ADDRESS, 24),
            "network", "192.0.2.0/24"},
        {"[2001:db8::7]", NULL, 0, COP_SPECIFICITY(COP_MATCH_ADDRESS, 0),
            "network", "::/0"},
        {"[2001:db8::7]", "XA", 64496, COP_SPECIFICITY(COP_MATCH_ADDRESS, 0),
            "network", "::/0"},
        {"198.51.100.1", NULL, 0, 0, NULL, NULL}, /* a host, not a network */
    };
    struct fixture *f = fixture_new("kinds");
    uint32_t list = fixture_category(f, "l", COP_CAT_SEC_MALWARE);
    struct cop_policy *policy;

    (void)state;
    fixture_add(f, list, ENTRY_COUNTRY, "XA");
    fixture_add(f, list, ENTRY_AS, "AS64496");
    fixture_add(f, list, ENTRY_CIDR, "192.0.2.0/24");
    fixture_add(f, list, ENTRY_CIDR, "::/0");
    fixture_add(f, list, ENTRY_HOST, "198.51.100.1");
    policy = fixture_policy(f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cop_address address =
            address_of(rows[i].address, rows[i].country, rows[i].as_number);
        struct cop_host host;
        struct cop_rule rule;

        classify(policy, "a.example", &address);
        assert_int_equal(class.n, rows[i].specificity != 0);
        assert_int_equal(cop_catset_has(class.categories, COP_CAT_SEC_MALWARE),
            rows[i].specificity != 0);
        if (class.n == 0) {
            continue;
        }
        assert_int_equal(class.hits[0].specificity, rows[i].specificity);
        assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
        cop_rule_describe(policy, &class.hits[0], &host, &rule);
        assert_string_equal(rule.kind, rows[i].kind);
        assert_true(cop_slice_eq(rule.text, cop_slice_of(rows[i].text)));
    }
    cop_policy_free(&policy);
    fixture_free(&f);
}

/* What the URL matched stays, and is the more specific of one list. */
static void names_stay(void **state)
{
    struct fixture *f = fixture_new("names");
    uint32_t list = fixture_category(f, "l", COP_CAT_SEC_MALWARE);
    uint32_t other = fixture_category(f, "m", COP_CAT_MEDIA_GAMES);
    struct cop_address address = address_of("192.0.2.7", "XA", 0);
    struct cop_policy *policy;

    (void)state;
    fixture_add(f, list, ENTRY_DOMAIN, "a.example");
    fixture_add(f, list, ENTRY_CIDR, "192.0.2.7/32");
    fixture_add(f, other, ENTRY_COUNTRY, "XA");
    policy = fixture_policy(f);
    classify(policy, "a.example", &address);
    assert_int_equal(class.n, 2);
    assert_int_equal(
        class.hits[0].specificity, COP_SPECIFICITY(COP_MATCH_DOMAIN, 2));
    assert_true(cop_catset_has(class.categories, COP_CAT_SEC_MALWARE));
    assert_true(cop_catset_has(class.categories, COP_CAT_MEDIA_GAMES));
    cop_classify_address(policy, &address, &class); /* twice is once */
    assert_int_equal(class.n, 2);
    cop_policy_free(&policy);
    fixture_free(&f);
}

static enum cop_action decide(const struct cop_policy *policy, const char *name,
    const struct cop_address *address)
{
    const struct cop_moment moment = {.unix_time = 1000};
    struct cop_verdict verdict;
    uint32_t profile = 0;

    assert_int_equal(
        cop_policy_profile(policy, COP_LIT("mia"), &profile), COP_OK);
    classify(policy, name, address);
    cop_evaluate(policy, &class, profile, &moment, &verdict);
    return verdict.action;
}

/* Inside a level a name says more than an address, an address more than a
 * network by number, that more than a country. */
static void the_more_specific_decides(void **state)
{
    struct fixture *f = fixture_new("levels");
    uint32_t deny;
    uint32_t allow;
    struct cop_policy *policy;
    struct cop_address inside = address_of("192.0.2.7", "XA", 64496);
    struct cop_address in_as = address_of("203.0.113.1", "XB", 64496);
    struct cop_address in_country = address_of("203.0.113.1", "XA", 0);

    (void)state;
    fixture_profile(f, "mia", 9);
    deny = fixture_list(f, "deny", LIST_PROFILE_DENY, 0);
    allow = fixture_list(f, "allow", LIST_PROFILE_ALLOW, 0);
    fixture_add(f, deny, ENTRY_COUNTRY, "XA");
    fixture_add(f, allow, ENTRY_AS, "AS64496");
    fixture_add(f, deny, ENTRY_CIDR, "192.0.2.0/24");
    fixture_add(f, allow, ENTRY_DOMAIN, "good.example");
    policy = fixture_policy(f);
    /* An allow of a profile stands above its deny, whatever it names. */
    assert_int_equal(decide(policy, "a.example", &in_country), COP_BLOCK);
    assert_int_equal(decide(policy, "a.example", &in_as), COP_ALLOW);
    assert_int_equal(decide(policy, "a.example", &inside), COP_ALLOW);
    assert_int_equal(decide(policy, "good.example", &in_country), COP_ALLOW);
    cop_policy_free(&policy);
    fixture_free(&f);
}

static void codes_and_numbers(void **state)
{
    static const char *const codes[] = {"NZ", "nz", "XA", "ZZ", "QM", "AA"};
    static const char *const no_codes[] = {
        "", "N", "NZL", "UK", "EU", "QA ", "N1", "QL", "ZX", "--"};
    static const char *const no_numbers[] = {"", "AS", "0", "AS0", "AS01",
        "4294967296", "AS99999999999999999999", "64496x", "-1", "A64496"};
    char code[2];
    char text[ORIGIN_AS_TEXT_MAX + 1];
    uint32_t number = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_true(origin_read_country(cop_slice_of(codes[i]), code));
        assert_in_range(code[0], 'A', 'Z');
    }
    for (size_t i = 0; i < sizeof(no_codes) / sizeof(no_codes[0]); i++) {
        assert_false(origin_read_country(cop_slice_of(no_codes[i]), code));
    }
    for (size_t i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++) {
        assert_false(origin_read_as(cop_slice_of(no_numbers[i]), &number));
    }
    assert_true(origin_read_as(COP_LIT("as4294967295"), &number));
    assert_int_equal(number, UINT32_MAX);
    assert_int_equal(origin_print_as(number, text), ORIGIN_AS_TEXT_MAX);
    assert_string_equal(text, "AS4294967295");
    assert_true(origin_read_as(COP_LIT("64496"), &number));
    assert_int_equal(number, 64496);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_no_address),
        cmocka_unit_test(rules_say_what_they_want),
        cmocka_unit_test(each_kind_matches),
        cmocka_unit_test(names_stay),
        cmocka_unit_test(the_more_specific_decides),
        cmocka_unit_test(codes_and_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Databases of addresses: those of tests/support/mmdb.mjs answer, and each
 * flaw of its damaged ones is refused for its own reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cop/locate.h"
#include "tests/unit/findings.h"

enum { PATH_BYTES = 256 };

static enum cop_status open_file(const char *folder, const char *name,
    enum cop_database kind, struct cop_report *report,
    struct cop_database_facts *facts, int *fd)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s/%s.mmdb", TESTS_DIR, folder, name);
    return cop_database_open(path, kind, report, facts, fd);
}

static struct cop_locator *locator_of(
    const char *name, enum cop_database kind, struct cop_database_facts *facts)
{
    int fds[COP_DATABASES] = {-1, -1};
    struct cop_locator *locator = NULL;

    assert_int_equal(
        open_file("support/databases", name, kind, NULL, facts, &fds[kind]),
        COP_OK);
    assert_int_equal(cop_locator_new(fds, &locator), COP_OK);
    close(fds[kind]);
    return locator;
}

static struct cop_address locate(
    const struct cop_locator *locator, const char *text)
{
    struct cop_address address;
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(text), &host), COP_OK);
    assert_true(cop_address_of_host(&host, &address));
    memcpy(address.country, "??", 2); /* what was there is not kept */
    address.as_number = 7;
    cop_locate(locator, &address);
    return address;
}

static void assert_country(
    const struct cop_locator *locator, const char *text, const char *code)
{
    struct cop_address address = locate(locator, text);

    if (memcmp(address.country, code, 2) != 0) {
        fail_msg(
            "%s is in \"%.2s\", not \"%.2s\"", text, address.country, code);
    }
    assert_int_equal(address.as_number, 0);
}

static const char nowhere[2] = {0, 0};

static void test_countries(void **state)
{
    static const char *const names[] = {
        "country-24", "country-28", "country-32"};
    struct cop_database_facts facts;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct cop_locator *locator =
            locator_of(names[i], COP_DATABASE_COUNTRY, &facts);

        assert_string_equal(facts.type, "Test-Country");
        assert_int_equal(facts.built_unix, 1767225600);
        assert_int_equal(facts.ip_version, 6);
        assert_int_equal(
            cop_locator_built(locator, COP_DATABASE_COUNTRY), 1767225600);
        assert_int_equal(cop_locator_built(locator, COP_DATABASE_AS), 0);
        assert_country(locator, "192.0.2.0", "XA");
        assert_country(locator, "192.0.2.255", "XA");
        assert_country(locator, "192.0.3.0", nowhere);
        assert_country(locator, "198.51.100.127", "XB");
        assert_country(locator, "198.51.100.128", nowhere);
        assert_country(locator, "[2001:db8:1::7]", "XC");
        assert_country(locator, "[2001:db8:2::7]", nowhere);
        assert_country(locator, "[::ffff:192.0.2.1]", "XA");
        cop_locator_free(&locator);
        assert_null(locator);
    }
}

/* RFC 6052: what NAT64's prefix leads to is what is looked up. */
static void test_ip4_within_ip6(void **state)
{
    struct cop_database_facts facts;
    struct cop_locator *locator =
        locator_of("country-24", COP_DATABASE_COUNTRY, &facts);
    struct cop_address address = {
        .bytes = {0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 1}};

    (void)state;
    cop_locate(locator, &address);
    assert_memory_equal(address.country, "XA", 2);
    cop_locator_free(&locator);
}

static void test_ip4_alone(void **state)
{
    struct cop_database_facts facts;
    struct cop_locator *locator =
        locator_of("country-ip4", COP_DATABASE_COUNTRY, &facts);

    (void)state;
    assert_int_equal(facts.ip_version, 4);
    assert_country(locator, "192.0.2.1", "XA");
    assert_country(locator, "[2001:db8:1::7]", nowhere);
    cop_locator_free(&locator);
}

static void test_records_of_other_shapes(void **state)
{
    static const char *const empty[] = {
        "country-tree-circle", "country-empty-map-last"};
    struct cop_database_facts facts;
    struct cop_locator *locator =
        locator_of("country-registered", COP_DATABASE_COUNTRY, &facts);

    (void)state;
    assert_country(locator, "192.0.2.1", "XD");
    cop_locator_free(&locator);
    locator = locator_of("country-pointed", COP_DATABASE_COUNTRY, &facts);
    assert_country(locator, "192.0.2.1", "XA");
    assert_country(locator, "198.51.100.1", "XA");
    cop_locator_free(&locator);
    locator = locator_of("country-odd-records", COP_DATABASE_COUNTRY, &facts);
    assert_country(locator, "192.0.2.1", nowhere);
    assert_country(locator, "198.51.100.1", nowhere);
    assert_country(locator, "203.0.113.1", nowhere);
    cop_locator_free(&locator);
    for (size_t i = 0; i < 2; i++) {
        locator = locator_of(empty[i], COP_DATABASE_COUNTRY, &facts);
        (void)locate(locator, "192.0.2.1");
        (void)locate(locator, "[::1]");
        cop_locator_free(&locator);
    }
}

static void test_numbers(void **state)
{
    struct cop_database_facts facts;
    struct cop_locator *locator = locator_of("as-24", COP_DATABASE_AS, &facts);

    (void)state;
    assert_int_equal(locate(locator, "192.0.2.1").as_number, 64496);
    assert_int_equal(locate(locator, "[2001:db8:1::]").as_number, 4200000000u);
    assert_int_equal(locate(locator, "198.51.100.1").as_number, 0);
    cop_locator_free(&locator);
}

static void test_nothing_is_known_without_databases(void **state)
{
    const int none[COP_DATABASES] = {-1, -1};
    struct cop_locator *locator = NULL;

    (void)state;
    assert_country(NULL, "192.0.2.1", nowhere);
    assert_int_equal(cop_locator_new(none, &locator), COP_OK);
    assert_country(locator, "192.0.2.1", nowhere);
    cop_locator_free(&locator);
}

/* Whether a reason is given, and no other. */
static void assert_refused(const char *name, enum cop_database kind,
    enum cop_status wanted, const char *why)
{
    const char *folder = wanted == COP_E_UNSUPPORTED && name[0] == '@'
                             ? "support/databases"
                             : "bad/databases";
    struct findings findings;
    struct cop_database_facts facts;
    int fd = -1;

    findings_init(&findings);
    name += name[0] == '@';
    assert_int_equal(
        open_file(folder, name, kind, &findings.report, &facts, &fd), wanted);
    assert_int_equal(fd, -1);
    assert_int_equal(findings.report.errors, 1);
    assert_true(findings_have(&findings, why));
}

static void test_flaws(void **state)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"empty", "no database in MaxMind's format"},
        {"no-marker", "no database in MaxMind's format"},
        {"marker-only", "leads outside"},
        {"truncated", "leaves its section"},
        {"metadata-no-map", "metadata is no map"},
        {"metadata-key-number", "key of a map is no text"},
        {"metadata-wrong-type", "of the wrong type"},
        {"metadata-languages-text", "of the wrong type"},
        {"metadata-pointer-circle", "leaves its section"},
        {"record-size", "size that the format has not"},
        {"ip-version", "neither for IPv4 nor for IPv6"},
        {"no-nodes", "no nodes"},
        {"too-many-nodes", "larger than the file"},
        {"one-node-more", "does not end where it says"},
        {"no-type", "does not say what it is"},
        {"no-date", "metadata lacks something"},
        {"date-zero", "when it was built"},
        {"metadata-twice", "something twice"},
        {"metadata-description-number", "of the wrong type"},
        {"date-overflow", "when it was built"},
        {"record-in-separator", "leads before the data"},
        {"record-behind-data", "leads outside"},
        {"record-in-the-middle", "deeper or wider"},
        {"separator-not-zero", "does not end where it says"},
        {"value-cut", "leaves its section"},
        {"pointer-outside", "leaves its section"},
        {"pointer-to-pointer", "pointer leads to a pointer"},
        {"pointer-to-itself", "pointer leads to a pointer"},
        {"key-number", "key of a map is no text"},
        {"map-of-millions", "deeper or wider"},
        {"array-of-millions", "deeper or wider"},
        {"text-of-millions", "leaves its section"},
        {"number-too-long", "type or a size"},
        {"double-too-short", "type or a size"},
        {"container-in-file", "type or a size"},
        {"type-unknown", "type or a size"},
        {"too-deep", "deeper or wider"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_refused(
            rows[i].name, COP_DATABASE_COUNTRY, COP_E_SYNTAX, rows[i].why);
    }
    assert_refused(
        "format-3", COP_DATABASE_COUNTRY, COP_E_UNSUPPORTED, "version");
    assert_refused("other-type", COP_DATABASE_COUNTRY, COP_E_UNSUPPORTED,
        "has no countries");
    assert_refused(
        "@country-24", COP_DATABASE_AS, COP_E_UNSUPPORTED, "has no numbers");
}

static void test_no_file(void **state)
{
    struct cop_database_facts facts;
    int fd = -1;

    (void)state;
    assert_int_equal(open_file("bad/databases", "not-there",
                         COP_DATABASE_COUNTRY, NULL, &facts, &fd),
        COP_E_IO);
    assert_int_equal(
        cop_database_open(TESTS_DIR, COP_DATABASE_COUNTRY, NULL, &facts, &fd),
        COP_E_IO);
    assert_int_equal(
        cop_database_open("/dev/zero", COP_DATABASE_COUNTRY, NULL, &facts, &fd),
        COP_E_IO);
}

/* Cut anywhere, and with any byte turned over: refused, or every lookup ends.
 */
static void test_any_damage(void **state)
{
    char path[PATH_BYTES];
    char bytes[4096];
    struct cop_database_facts facts;
    FILE *file;
    size_t n;

    (void)state;
    snprintf(path, sizeof(path), "%s/support/databases/country-pointed.mmdb",
        TESTS_DIR);
    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (size_t i = 0; i < 2 * n; i++) {
        int fds[COP_DATABASES] = {-1, -1};
        struct cop_slice damaged = {bytes, i < n ? i : n};
        struct cop_locator *locator = NULL;

        bytes[i % n] = (char)(bytes[i % n] ^ (i < n ? 0 : 0xff));
        if (cop_database_seal(damaged, COP_DATABASE_COUNTRY, "damaged", NULL,
                &facts, &fds[COP_DATABASE_COUNTRY]) == COP_OK) {
            assert_int_equal(cop_locator_new(fds, &locator), COP_OK);
            (void)locate(locator, "192.0.2.1");
            (void)locate(locator, "198.51.100.1");
            (void)locate(locator, "[2001:db8:1::1]");
            cop_locator_free(&locator);
            close(fds[COP_DATABASE_COUNTRY]);
        }
        bytes[i % n] = (char)(bytes[i % n] ^ (i < n ? 0 : 0xff));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_countries),
        cmocka_unit_test(test_ip4_within_ip6),
        cmocka_unit_test(test_ip4_alone),
        cmocka_unit_test(test_records_of_other_shapes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_nothing_is_known_without_databases),
        cmocka_unit_test(test_flaws),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_any_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

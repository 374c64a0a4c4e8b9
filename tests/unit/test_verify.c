/* Servers that are who they say they are, and many that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "gateway/tls/trust.h"
#include "gateway/tls/verify.h"
#include "rules/base/buf.h"

#include "tests/unit/certificates.h"
#include "tests/unit/trust_files.h"

/* A root that is trusted, one that is not, the gateway's own. */
struct house {
    char trusted_path[64];
    char own_path[64];
    struct identity_pair root;
    struct identity_pair stranger;
    struct identity_pair own;
    struct trust *trust;
};

static void ignore(void *context, const struct cop_finding *finding)
{
    (void)context;
    (void)finding;
}

static void temporary(char path[64])
{
    int fd;

    (void)snprintf(path, 64, "/tmp/cop-verify-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static enum cop_status trust_load(struct house *house)
{
    struct cop_report report = {.emit = ignore};
    enum cop_status status;

    trust_free(&house->trust);
    status = trust_of_files(
        house->trusted_path, house->own_path, &report, &house->trust);
    assert_int_equal(report.errors, status == COP_OK ? 0 : 1);
    return status;
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));

    assert_non_null(house);
    temporary(house->trusted_path);
    temporary(house->own_path);
    house->root = certificate_root("A Trusted Root");
    house->stranger = certificate_root("Nobody's Root");
    house->own = certificate_root("The Gateway");
    certificate_save(house->root.certificate, house->trusted_path);
    certificate_save(house->own.certificate, house->trusted_path);
    certificate_save(house->own.certificate, house->own_path);
    assert_int_equal(trust_load(house), COP_OK);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    (void)unlink(house->trusted_path);
    (void)unlink(house->own_path);
    certificate_free(&house->root);
    certificate_free(&house->stranger);
    certificate_free(&house->own);
    trust_free(&house->trust);
    assert_int_equal(ERR_peek_error(), 0);
    free(house);
    return 0;
}

static enum cop_reason judge_at(const struct house *house, X509 *leaf,
    STACK_OF(X509) * sent, const char *name, int64_t now)
{
    struct cop_host host;
    struct verdict verdict;

    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    verify_server(house->trust, &host, leaf, sent, now, &verdict);
    assert_int_equal(
        verdict.detail[0] == '\0', verdict.reason == COP_REASON_NONE);
    assert_int_equal(
        verdict.error == X509_V_OK, verdict.reason == COP_REASON_NONE);
    assert_int_equal(verdict.issuer != NULL, verdict.reason == COP_REASON_NONE);
    X509_free(verdict.issuer);
    return verdict.reason;
}

static enum cop_reason judge_recipe(const struct house *house,
    const struct recipe *recipe, const struct identity_pair *issuer,
    const char *name)
{
    struct identity_pair leaf = certificate_make(recipe, issuer);
    enum cop_reason reason =
        judge_at(house, leaf.certificate, NULL, name, time(NULL));

    certificate_free(&leaf);
    return reason;
}

static enum cop_reason judge_names(
    const struct house *house, const char *names, const char *name)
{
    struct recipe recipe = recipe_leaf(names);

    return judge_recipe(house, &recipe, &house->root, name);
}

static void test_names(void **state)
{
    static const struct {
        const char *names;
        const char *host;
        enum cop_reason reason;
    } cases[] = {
        {"DNS:a.example", "a.example", COP_REASON_NONE},
        {"DNS:A.Example", "a.example", COP_REASON_NONE},
        {"DNS:x.test,DNS:a.example", "a.example", COP_REASON_NONE},
        {"DNS:*.b.example", "a.b.example", COP_REASON_NONE},
        {"DNS:xn--bcher-kva.example",
            "b\xc3\xbc"
            "cher.example",
            COP_REASON_NONE},
        {"IP:192.0.2.1", "192.0.2.1", COP_REASON_NONE},
        {"IP:2001:db8::1", "2001:db8::1", COP_REASON_NONE},
        {"DNS:a.example", "b.example", COP_REASON_CERT_HOST},
        {"DNS:a.example", "www.a.example", COP_REASON_CERT_HOST},
        {"DNS:www.a.example", "a.example", COP_REASON_CERT_HOST},
        {"DNS:*.b.example", "b.example", COP_REASON_CERT_HOST},
        {"DNS:*.b.example", "x.a.b.example", COP_REASON_CERT_HOST},
        {"DNS:ba*.b.example", "baz.b.example", COP_REASON_CERT_HOST},
        {"DNS:a.*.example", "a.b.example", COP_REASON_CERT_HOST},
        {"DNS:*.*.example", "a.b.example", COP_REASON_CERT_HOST},
        {"DNS:*", "example", COP_REASON_CERT_HOST},
        {"DNS:*.example", "a.example", COP_REASON_CERT_HOST},
        {"DNS:*.co.uk", "example.co.uk", COP_REASON_CERT_INVALID},
        {"DNS:*.co.uk,DNS:a.example", "a.example", COP_REASON_CERT_INVALID},
        {"DNS:a_b.example", "a_b.example", COP_REASON_CERT_INVALID},
        {"DNS:192.0.2.1", "192.0.2.1", COP_REASON_CERT_HOST},
        {"IP:192.0.2.2", "192.0.2.1", COP_REASON_CERT_HOST},
        {"IP:192.0.2.1", "a.example", COP_REASON_CERT_HOST},
        {"email:a@a.example", "a.example", COP_REASON_CERT_HOST},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum cop_reason reason =
            judge_names(*state, cases[i].names, cases[i].host);

        if (reason != cases[i].reason) {
            fail_msg("%s for %s: %s", cases[i].names, cases[i].host,
                cop_reason_word(reason));
        }
    }
}

static void test_the_common_name_never_counts(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_leaf(NULL);

    recipe.name = "a.example";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_HOST);
    recipe.names = "DNS:b.example";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_HOST);
    recipe.name = "B.EXAMPLE";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "b.example"),
        COP_REASON_CERT_INVALID);
}

/* A certificate that names another site than it is made for was not checked
 * by whoever signed it; what is usual beside such a name is let be. */
static void test_the_common_name_is_related(void **state)
{
    static const struct {
        const char *common;
        const char *names;
        enum cop_reason reason;
    } rows[] = {
        {"b.example", "DNS:b.example", COP_REASON_NONE},
        {"a.example", "DNS:b.example", COP_REASON_CERT_INVALID},
        {"a.b.example", "DNS:b.example", COP_REASON_CERT_INVALID},
        {"a.example", "DNS:b.example,DNS:a.example", COP_REASON_NONE},
        {"b.example", "DNS:b.example,DNS:*.b.example", COP_REASON_NONE},
        {"w.b.example", "DNS:b.example,DNS:*.b.example", COP_REASON_NONE},
        {"b.example", "DNS:b.example,DNS:www.b.example", COP_REASON_NONE},
        {"A School", "DNS:b.example", COP_REASON_NONE},
        {"printer", "DNS:b.example", COP_REASON_NONE},
    };
    struct house *house = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct recipe recipe = recipe_leaf(rows[i].names);

        recipe.name = rows[i].common;
        assert_int_equal(
            judge_recipe(house, &recipe, &house->root, "b.example"),
            rows[i].reason);
    }
}

static enum cop_reason judge_client(
    const struct house *house, const struct recipe *recipe)
{
    struct identity_pair leaf = certificate_make(recipe, &house->root);
    struct verdict verdict;

    verify_client(house->trust, leaf.certificate, NULL, time(NULL), &verdict);
    X509_free(verdict.issuer);
    certificate_free(&leaf);
    return verdict.reason;
}

static void test_clients(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_leaf("email:pupil@a.example");

    recipe.purpose = "clientAuth";
    assert_int_equal(judge_client(house, &recipe), COP_REASON_NONE);
    recipe.names = "email:pupil@a.example@b.example";
    assert_int_equal(judge_client(house, &recipe), COP_REASON_CERT_INVALID);
    recipe.names = NULL;
    recipe.name = "Tablet 7";
    assert_int_equal(judge_client(house, &recipe), COP_REASON_NONE);
    recipe.name = NULL; /* nobody at all */
    assert_int_equal(judge_client(house, &recipe), COP_REASON_CERT_INVALID);
    recipe = recipe_leaf("email:pupil@a.example");
    assert_int_equal(judge_client(house, &recipe), COP_REASON_CERT_INVALID);
    recipe.purpose = "clientAuth";
    recipe.until_days = -1;
    recipe.from_days = -5;
    assert_int_equal(judge_client(house, &recipe), COP_REASON_CERT_EXPIRED);
}

static void test_times(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");
    struct identity_pair leaf;
    int64_t end;
    struct tm parts;

    recipe.from_days = -20;
    recipe.until_days = -1;
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_EXPIRED);
    recipe.from_days = 1;
    recipe.until_days = 20;
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_EXPIRED);
    /* Valid in its last second and not in the next. */
    leaf = certificate_leaf("DNS:a.example", &house->root);
    assert_int_equal(
        ASN1_TIME_to_tm(X509_get0_notAfter(leaf.certificate), &parts), 1);
    end = timegm(&parts);
    assert_int_equal(judge_at(house, leaf.certificate, NULL, "a.example", end),
        COP_REASON_NONE);
    assert_int_equal(
        judge_at(house, leaf.certificate, NULL, "a.example", end + 1),
        COP_REASON_CERT_EXPIRED);
    certificate_free(&leaf);
}

static void test_who_signed(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");

    assert_int_equal(
        judge_recipe(house, &recipe, &house->stranger, "a.example"),
        COP_REASON_CERT_UNTRUSTED);
    assert_int_equal(judge_recipe(house, &recipe, NULL, "a.example"),
        COP_REASON_CERT_SELF_SIGNED);
    /* The gateway's own, although it is among the trusted. */
    assert_int_equal(judge_recipe(house, &recipe, &house->own, "a.example"),
        COP_REASON_CERT_UNTRUSTED);
}

static EVP_PKEY *explicit_curve(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert_int_equal(
        EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
    return key;
}

static void test_weak_keys_and_signatures(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");
    EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("secp224r1"),
        EVP_RSA_gen(2052), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
        EVP_EC_gen("secp256k1"), explicit_curve()};
    EVP_PKEY *fine[] = {
        EVP_RSA_gen(2048), EVP_EC_gen("P-384"), EVP_EC_gen("P-521")};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        enum cop_reason reason;

        recipe.key = keys[i];
        reason = judge_recipe(house, &recipe, &house->root, "a.example");
        if (reason != COP_REASON_CERT_WEAK) {
            fail_msg("key %zu: %s", i, cop_reason_word(reason));
        }
    }
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        recipe.key = fine[i];
        assert_int_equal(
            judge_recipe(house, &recipe, &house->root, "a.example"),
            COP_REASON_NONE);
    }
    recipe.key = NULL;
    recipe.digest = EVP_sha1();
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_WEAK);
    recipe.digest = EVP_sha384();
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_NONE);
}

static void test_what_it_is_for(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");

    recipe.constraints = "critical,CA:TRUE";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_INVALID);
    recipe = recipe_leaf("DNS:a.example");
    recipe.purpose = "clientAuth";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_INVALID);
    recipe.purpose = "serverAuth,anyExtendedKeyUsage";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_INVALID);
    recipe.purpose = NULL;
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_NONE);
    recipe.usage = "critical,keyCertSign";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_INVALID);
    recipe = recipe_leaf("DNS:a.example");
    recipe.is_version_1 = true;
    assert_int_not_equal(
        judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_NONE);
    recipe = recipe_leaf("DNS:a.example");
    recipe.limits = "permitted;DNS:a.example";
    assert_int_equal(judge_recipe(house, &recipe, &house->root, "a.example"),
        COP_REASON_CERT_INVALID);
}

/* A leaf below an intermediate of this recipe. */
static enum cop_reason judge_below(const struct house *house,
    const struct recipe *middle, const char *names, const char *host)
{
    struct identity_pair issuer = certificate_make(middle, &house->root);
    struct identity_pair leaf = certificate_leaf(names, &issuer);
    STACK_OF(X509) *sent = sk_X509_new_null();
    enum cop_reason reason;

    assert_true(sk_X509_push(sent, leaf.certificate) > 0);
    assert_true(sk_X509_push(sent, issuer.certificate) > 0);
    reason = judge_at(house, leaf.certificate, sent, host, time(NULL));
    assert_int_equal(sk_X509_num(sent), 2);
    sk_X509_free(sent);
    certificate_free(&issuer);
    certificate_free(&leaf);
    return reason;
}

static void test_intermediates(void **state)
{
    const struct house *house = *state;
    struct recipe middle = recipe_root("In Between");

    assert_int_equal(judge_below(house, &middle, "DNS:a.example", "a.example"),
        COP_REASON_NONE);
    middle.constraints = "critical,CA:FALSE";
    assert_int_not_equal(
        judge_below(house, &middle, "DNS:a.example", "a.example"),
        COP_REASON_NONE);
    middle = recipe_root("In Between");
    middle.usage = "critical,digitalSignature";
    assert_int_equal(judge_below(house, &middle, "DNS:a.example", "a.example"),
        COP_REASON_CERT_INVALID);
    middle = recipe_root("In Between");
    middle.until_days = -1;
    assert_int_equal(judge_below(house, &middle, "DNS:a.example", "a.example"),
        COP_REASON_CERT_EXPIRED);
    middle = recipe_root("In Between");
    middle.digest = EVP_sha1();
    assert_int_equal(judge_below(house, &middle, "DNS:a.example", "a.example"),
        COP_REASON_CERT_WEAK);
}

static void test_name_constraints(void **state)
{
    const struct house *house = *state;
    struct recipe middle = recipe_root("In Between");

    middle.limits = "critical,permitted;DNS:b.example";
    assert_int_equal(
        judge_below(house, &middle, "DNS:a.b.example", "a.b.example"),
        COP_REASON_NONE);
    assert_int_equal(judge_below(house, &middle, "DNS:a.example", "a.example"),
        COP_REASON_CERT_INVALID);
    middle.limits = "critical,excluded;DNS:b.example";
    assert_int_equal(
        judge_below(house, &middle, "DNS:a.b.example", "a.b.example"),
        COP_REASON_CERT_INVALID);
    /* A wildcard that covers what is excluded. */
    middle.limits = "critical,excluded;DNS:a.b.example";
    assert_int_equal(
        judge_below(house, &middle, "DNS:*.b.example", "a.b.example"),
        COP_REASON_CERT_INVALID);
    assert_int_equal(
        judge_below(house, &middle, "DNS:*.b.example", "c.b.example"),
        COP_REASON_NONE);
    middle.limits = "critical,permitted;DNS:.b.example";
    assert_int_equal(
        judge_below(house, &middle, "DNS:a.b.example", "a.b.example"),
        COP_REASON_CERT_INVALID);
}

/* Two certificates of one intermediate, the first of them from nowhere. */
static void test_turns_back_from_a_dead_end(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("In Between");
    struct identity_pair dead;
    struct identity_pair alive;
    struct identity_pair leaf;
    STACK_OF(X509) *sent = sk_X509_new_null();

    dead = certificate_make(&recipe, &house->stranger);
    EVP_PKEY_up_ref(dead.key);
    recipe.key = dead.key;
    alive = certificate_make(&recipe, &house->root);
    leaf = certificate_leaf("DNS:a.example", &alive);
    assert_true(sk_X509_push(sent, dead.certificate) > 0);
    assert_int_equal(
        judge_at(house, leaf.certificate, sent, "a.example", time(NULL)),
        COP_REASON_CERT_UNTRUSTED);
    assert_true(sk_X509_push(sent, alive.certificate) > 0);
    assert_int_equal(
        judge_at(house, leaf.certificate, sent, "a.example", time(NULL)),
        COP_REASON_NONE);
    sk_X509_free(sent);
    certificate_free(&dead);
    certificate_free(&alive);
    certificate_free(&leaf);
}

static void test_is_not_bombed(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_root("One Of Many");
    struct identity_pair many = certificate_make(&recipe, &house->stranger);
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &many);
    STACK_OF(X509) *sent = sk_X509_new_null();

    for (int i = 0; i < 33; i++) {
        assert_true(sk_X509_push(sent, many.certificate) > 0);
    }
    assert_int_equal(
        judge_at(house, leaf.certificate, sent, "a.example", time(NULL)),
        COP_REASON_CERT_INVALID);
    sk_X509_free(sent);
    certificate_free(&many);
    certificate_free(&leaf);
}

/* A revocation list beside the root, by which `serial` is revoked. */
static void add_list(const struct house *house, X509 *revoked, bool is_numbered)
{
    X509_CRL *list = X509_CRL_new();
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = X509_gmtime_adj(NULL, -100);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    FILE *file = fopen(house->trusted_path, "a");

    (void)X509_CRL_set_version(list, X509_CRL_VERSION_2);
    (void)X509_CRL_set_issuer_name(
        list, X509_get_subject_name(house->root.certificate));
    (void)X509_CRL_set1_lastUpdate(list, when);
    (void)X509_gmtime_adj(when, 86400);
    (void)X509_CRL_set1_nextUpdate(list, when);
    (void)X509_gmtime_adj(when, -50);
    (void)X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked));
    (void)X509_REVOKED_set_revocationDate(entry, when);
    assert_int_equal(X509_CRL_add0_revoked(list, entry), 1);
    ASN1_INTEGER_set(number, 7);
    if (is_numbered) {
        assert_int_equal(
            X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0), 1);
    }
    assert_true(X509_CRL_sign(list, house->root.key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509_CRL(file, list), 1);
    assert_int_equal(fclose(file), 0);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(when);
    X509_CRL_free(list);
}

static void test_revocation_lists(void **state)
{
    struct house *house = *state;
    struct identity_pair bad = certificate_leaf("DNS:a.example", &house->root);
    struct identity_pair good = certificate_leaf("DNS:a.example", &house->root);

    add_list(house, bad.certificate, true);
    assert_int_equal(trust_load(house), COP_OK);
    assert_int_equal(
        judge_at(house, bad.certificate, NULL, "a.example", time(NULL)),
        COP_REASON_CERT_REVOKED);
    assert_int_equal(
        judge_at(house, good.certificate, NULL, "a.example", time(NULL)),
        COP_REASON_NONE);
    /* An old list still says what was revoked. */
    assert_int_equal(judge_at(house, bad.certificate, NULL, "a.example",
                         time(NULL) + 5 * 86400),
        COP_REASON_CERT_REVOKED);
    add_list(house, bad.certificate, false);
    assert_int_equal(trust_load(house), COP_E_IO);
    certificate_free(&bad);
    certificate_free(&good);
}

static void test_trust_must_be_readable(void **state)
{
    struct house *house = *state;
    FILE *file = fopen(house->trusted_path, "w");
    struct cop_report report = {.emit = ignore};
    struct trust *trust = NULL;

    assert_non_null(file);
    (void)fputs("no certificate\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(trust_load(house), COP_E_IO);
    assert_int_equal(
        trust_of_files("/nonexistent", NULL, &report, &trust), COP_E_IO);
    certificate_save(house->root.certificate, house->trusted_path);
    assert_int_equal(
        trust_of_files(house->trusted_path, "/dev/zero", &report, &trust),
        COP_E_IO);
    assert_int_equal(report.errors, 2);
    assert_null(trust);
}

/* Read by one process, handed as text to another that has no files. */
static void test_trust_travels_as_text(void **state)
{
    struct house *house = *state;
    struct cop_report report = {.emit = ignore};
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &house->root);
    struct identity_pair ours = certificate_leaf("DNS:a.example", &house->own);
    struct trust_texts texts = {.own_file = "own", .between_max = 8};
    struct buf text;
    char own[4096];
    FILE *file = fopen(house->own_path, "r");
    size_t own_n = fread(own, 1, sizeof(own), file);

    assert_int_equal(fclose(file), 0);
    buf_init(&text, 1 << 20);
    add_list(house, leaf.certificate, true);
    assert_int_equal(trust_gather(house->trusted_path, &report, &text), COP_OK);
    trust_free(&house->trust);
    texts.roots = buf_slice(&text);
    texts.own = (struct cop_slice){own, own_n};
    assert_int_equal(trust_from_text(&texts, &report, &house->trust), COP_OK);
    assert_int_equal(house->trust->roots_n, 2);
    assert_int_equal(
        judge_at(house, leaf.certificate, NULL, "a.example", time(NULL)),
        COP_REASON_CERT_REVOKED);
    assert_int_equal(
        judge_at(house, ours.certificate, NULL, "a.example", time(NULL)),
        COP_REASON_CERT_UNTRUSTED);
    trust_free(&house->trust);
    texts.own = COP_LIT("none");
    assert_int_equal(trust_from_text(&texts, &report, &house->trust), COP_E_IO);
    texts.own = COP_LIT("");
    texts.revoked = COP_LIT("none");
    assert_int_equal(trust_from_text(&texts, &report, &house->trust), COP_E_IO);
    texts.roots = COP_LIT("none");
    assert_int_equal(trust_from_text(&texts, &report, &house->trust), COP_E_IO);
    assert_int_equal(report.errors, 3);
    buf_clear(&text);
    assert_int_equal(trust_gather("/nonexistent", &report, &text), COP_E_IO);
    buf_fini(&text);
    certificate_free(&leaf);
    certificate_free(&ours);
}

/* The roots of the machine, as the environment points to them. */
static void test_system_roots(void **state)
{
    struct house *house = *state;
    struct cop_report report = {.emit = ignore};
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &house->root);
    struct cop_host host;
    struct verdict verdict;

    assert_int_equal(setenv("SSL_CERT_FILE", house->trusted_path, 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "/nonexistent", 1), 0);
    trust_free(&house->trust);
    assert_int_equal(
        trust_of_files(NULL, NULL, &report, &house->trust), COP_OK);
    assert_int_equal(house->trust->roots_n, 2);
    assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
    verify_server(
        house->trust, &host, leaf.certificate, NULL, time(NULL), &verdict);
    X509_free(verdict.issuer);
    assert_int_equal(verdict.reason, COP_REASON_NONE);
    assert_true(verdict.until_unix > time(NULL) + 29 * 86400);
    assert_true(verdict.until_unix < time(NULL) + 31 * 86400);
    certificate_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_common_name_never_counts),
        cmocka_unit_test(test_the_common_name_is_related),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_who_signed),
        cmocka_unit_test(test_weak_keys_and_signatures),
        cmocka_unit_test(test_what_it_is_for),
        cmocka_unit_test(test_intermediates),
        cmocka_unit_test(test_name_constraints),
        cmocka_unit_test(test_turns_back_from_a_dead_end),
        cmocka_unit_test(test_is_not_bombed),
        cmocka_unit_test_setup_teardown(test_revocation_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_trust_must_be_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_trust_travels_as_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_system_roots, setup, teardown),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

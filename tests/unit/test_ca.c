/* The gateway's own authority: made, loaded, and what it signs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "gateway/tls/ca.h"

#include "tests/unit/certificates.h"

enum { DAY = 86400 };

static const int64_t now = 1795000000; /* in November 2026 */

/* A folder of its own, what is in it, and the last finding. */
struct place {
    char folder[64];
    char said[512];
};

static void hear(void *context, const struct cop_finding *finding)
{
    struct place *place = context;

    (void)snprintf(place->said, sizeof(place->said), "%s: %s",
        finding->file != NULL ? finding->file : "", finding->what);
}

static struct cop_report report_to(struct place *place)
{
    place->said[0] = '\0';
    return (struct cop_report){.emit = hear, .context = place};
}

static void path_of(const struct place *place, const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", place->folder, name);
}

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    assert_non_null(place);
    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/cop-ca-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"ca.key", "ca.crt", "ca.der"};
    char path[128];

    for (int i = 0; i < 3; i++) {
        path_of(place, names[i], path);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

static size_t read_file(const char *path, char *out, size_t max)
{
    FILE *file = fopen(path, "r");
    size_t n;

    assert_non_null(file);
    n = fread(out, 1, max, file);
    assert_int_equal(fclose(file), 0);
    return n;
}

struct pems {
    char certificate[8192];
    size_t certificate_n;
    char key[8192];
    size_t key_n;
};

static void read_pems(const struct place *place, struct pems *out)
{
    char path[128];

    path_of(place, "ca.crt", path);
    out->certificate_n =
        read_file(path, out->certificate, sizeof(out->certificate));
    path_of(place, "ca.key", path);
    out->key_n = read_file(path, out->key, sizeof(out->key));
}

static enum cop_status load_with(struct place *place, const struct pems *pems,
    const char *passphrase, int64_t at, struct ca **out)
{
    struct cop_report report = report_to(place);
    const struct ca_texts texts = {
        .certificate = {pems->certificate, pems->certificate_n},
        .key = {pems->key, pems->key_n},
        .passphrase = cop_slice_of(passphrase),
        .certificate_file = "a.crt",
        .key_file = "a.key"};
    enum cop_status status = ca_load(&texts, at, &report, out);

    assert_int_equal(report.errors, status == COP_OK ? 0 : 1);
    return status;
}

static enum cop_status load(
    struct place *place, const struct pems *pems, int64_t at, struct ca **out)
{
    return load_with(place, pems, NULL, at, out);
}

static enum cop_status create_named(
    const char *folder, const char *name, struct cop_report *report)
{
    const struct ca_wish wish = {.folder = folder, .name = name};

    return ca_create(&wish, now, report);
}

static void create(struct place *place)
{
    struct cop_report report = report_to(place);

    assert_int_equal(
        create_named(place->folder, "A School's Filter", &report), COP_OK);
    assert_int_equal(report.errors, 0);
}

static struct ca *create_and_load(struct place *place, struct pems *pems)
{
    struct ca *ca = NULL;

    create(place);
    read_pems(place, pems);
    assert_int_equal(load(place, pems, now, &ca), COP_OK);
    return ca;
}

static X509 *read_certificate(const struct pems *pems)
{
    BIO *bio = BIO_new_mem_buf(pems->certificate, (int)pems->certificate_n);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    assert_non_null(certificate);
    BIO_free(bio);
    return certificate;
}

static void test_creates_a_root(void **state)
{
    struct place *place = *state;
    struct pems pems;
    struct stat about;
    char path[128];
    X509 *root;
    const ASN1_TIME *end;
    int days;
    int seconds;

    create(place);
    path_of(place, "ca.key", path);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0400);
    path_of(place, "ca.crt", path);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0444);
    read_pems(place, &pems);
    root = read_certificate(&pems);
    assert_int_equal(X509_self_signed(root, 1), 1);
    assert_int_equal(X509_check_ca(root), 1);
    assert_int_equal(X509_get_pathlen(root), 0);
    assert_int_equal(X509_get_key_usage(root), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_non_null(X509_get0_subject_key_id(root));
    end = X509_get0_notAfter(root);
    assert_int_equal(
        ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(root), end), 1);
    assert_in_range(days, 3600, 3650);
    X509_free(root);
}

static void test_two_roots_differ(void **state)
{
    struct place *place = *state;
    static struct pems first;
    static struct pems second;
    char path[128];

    create(place);
    read_pems(place, &first);
    (void)teardown(state);
    (void)setup(state);
    place = *state;
    create(place);
    read_pems(place, &second);
    assert_memory_not_equal(first.key, second.key, first.key_n);
    path_of(place, "ca.der", path);
    assert_int_equal(access(path, R_OK), 0);
}

static void test_never_overwrites(void **state)
{
    struct place *place = *state;
    struct cop_report report = report_to(place);
    static struct pems before;
    static struct pems after;
    char path[128];

    create(place);
    read_pems(place, &before);
    assert_int_equal(
        create_named(place->folder, "Another", &report), COP_E_CONFLICT);
    assert_int_equal(report.errors, 1);
    read_pems(place, &after);
    assert_memory_equal(&before, &after, before.certificate_n);
    /* One leftover is enough to refuse, and nothing new stays behind. */
    path_of(place, "ca.key", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(
        create_named(place->folder, "Another", &report), COP_E_CONFLICT);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_reports_a_bad_place_or_name(void **state)
{
    struct place *place = *state;
    struct cop_report report = report_to(place);
    char name[100] = {0};

    assert_int_equal(
        create_named("/nonexistent/folder", "A", &report), COP_E_IO);
    assert_non_null(strstr(place->said, "/nonexistent/folder/ca.key"));
    memset(name, 'a', 65);
    assert_int_equal(create_named(place->folder, name, &report), COP_E_LIMIT);
    assert_int_equal(create_named(place->folder, "", &report), COP_E_LIMIT);
    assert_int_equal(report.errors, 3);
}

static void test_loads_only_what_fits(void **state)
{
    struct place *place = *state;
    static struct pems pems;
    static struct pems other;
    struct ca *ca = create_and_load(place, &pems);

    ca_free(&ca);
    assert_null(ca);
    assert_int_equal(load(place, &pems, now - 40 * DAY, &ca), COP_E_RANGE);
    assert_int_equal(load(place, &pems, now + 3700L * DAY, &ca), COP_E_RANGE);
    assert_non_null(strstr(place->said, "expired"));
    other = pems;
    other.certificate_n = 40;
    assert_int_equal(load(place, &other, now, &ca), COP_E_SYNTAX);
    assert_non_null(strstr(place->said, "a.crt"));
    other = pems;
    other.key_n = 0;
    assert_int_equal(load(place, &other, now, &ca), COP_E_SYNTAX);
    assert_non_null(strstr(place->said, "a.key"));
    (void)teardown(state);
    (void)setup(state);
    place = *state;
    create(place);
    read_pems(place, &other);
    memcpy(other.certificate, pems.certificate, sizeof(pems.certificate));
    other.certificate_n = pems.certificate_n;
    assert_int_equal(load(place, &other, now, &ca), COP_E_CONFLICT);
    assert_null(ca);
}

/* At rest behind a passphrase, and only with it a key again. */
static void test_a_key_behind_a_passphrase(void **state)
{
    struct place *place = *state;
    struct cop_report report = report_to(place);
    struct ca_wish wish = {.folder = place->folder,
        .name = "A School's Filter",
        .passphrase = COP_LIT("correct horse")};
    static struct pems pems;
    static struct pems open;
    struct ca *ca = NULL;

    assert_int_equal(ca_create(&wish, now, &report), COP_OK);
    read_pems(place, &pems);
    assert_non_null(strstr(pems.key, "BEGIN ENCRYPTED PRIVATE KEY"));
    assert_int_equal(
        load_with(place, &pems, "correct horse", now, &ca), COP_OK);
    ca_free(&ca);
    assert_int_equal(load(place, &pems, now, &ca), COP_E_SYNTAX);
    assert_non_null(strstr(place->said, "none is given"));
    assert_int_equal(
        load_with(place, &pems, "correct horsf", now, &ca), COP_E_SYNTAX);
    assert_non_null(strstr(place->said, "cannot be opened with"));
    /* Who names a passphrase believes that the key is encrypted. */
    (void)teardown(state);
    (void)setup(state);
    place = *state;
    create(place);
    read_pems(place, &open);
    assert_int_equal(
        load_with(place, &open, "correct horse", now, &ca), COP_E_CONFLICT);
    assert_non_null(strstr(place->said, "without one"));
    assert_null(ca);
}

static enum cop_status try_issue(struct ca *ca, const char *name);

/* Names that no browser lets this authority vouch for. */
static void test_excluded_names(void **state)
{
    static const char *const excluded[] = {"bank.example", "clinic.example"};
    struct place *place = *state;
    struct cop_report report = report_to(place);
    struct ca_wish wish = {.folder = place->folder,
        .name = "A School's Filter",
        .excluded = excluded,
        .excluded_n = 2};
    static struct pems pems;
    struct ca *ca = NULL;
    X509 *root;
    NAME_CONSTRAINTS *constraints;
    int critical = 0;

    assert_int_equal(ca_create(&wish, now, &report), COP_OK);
    read_pems(place, &pems);
    root = read_certificate(&pems);
    constraints = X509_get_ext_d2i(root, NID_name_constraints, &critical, NULL);
    assert_non_null(constraints);
    assert_int_equal(critical, 1);
    assert_int_equal(sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees), 2);
    NAME_CONSTRAINTS_free(constraints);
    X509_free(root);
    assert_int_equal(load(place, &pems, now, &ca), COP_OK);
    assert_int_equal(try_issue(ca, "bank.example"), COP_E_CHECK);
    assert_int_equal(try_issue(ca, "www.bank.example"), COP_E_CHECK);
    assert_int_equal(try_issue(ca, "a.b.clinic.example"), COP_E_CHECK);
    assert_int_equal(try_issue(ca, "notbank.example"), COP_OK);
    assert_int_equal(try_issue(ca, "example"), COP_OK);
    assert_int_equal(try_issue(ca, "192.0.2.1"), COP_OK);
    ca_free(&ca);
    for (int i = 0; i < 4; i++) {
        static const char *const odd[] = {
            "Bank.example", "bank.example.", "192.0.2.1", ""};

        wish.excluded = &odd[i];
        wish.excluded_n = 1;
        assert_int_equal(ca_create(&wish, now, &report), COP_E_SYNTAX);
    }
}

static void write_pems(
    const struct identity_pair *pair, const char *passphrase, struct pems *out)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, pair->certificate), 1);
    out->certificate_n =
        (size_t)BIO_read(bio, out->certificate, sizeof(out->certificate));
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, pair->key,
            passphrase != NULL ? EVP_aes_128_cbc() : NULL, passphrase,
            passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL),
        1);
    out->key_n = (size_t)BIO_read(bio, out->key, sizeof(out->key));
    BIO_free(bio);
}

static enum cop_status load_made(
    struct place *place, const struct recipe *recipe, const char *passphrase)
{
    struct identity_pair pair = certificate_make(recipe, NULL);
    static struct pems pems;
    struct ca *ca = NULL;
    enum cop_status status;

    write_pems(&pair, passphrase, &pems);
    status = load(place, &pems, time(NULL), &ca);
    ca_free(&ca);
    certificate_free(&pair);
    return status;
}

static void test_refuses_what_browsers_would(void **state)
{
    struct recipe recipe = recipe_root("Own");

    recipe.key = EVP_RSA_gen(2048);
    assert_int_equal(load_made(*state, &recipe, NULL), COP_OK);
    recipe.key = EVP_RSA_gen(1024);
    assert_int_equal(load_made(*state, &recipe, NULL), COP_E_UNSUPPORTED);
    recipe.key = EVP_EC_gen("P-384");
    assert_int_equal(load_made(*state, &recipe, NULL), COP_OK);
    recipe.key = EVP_EC_gen("P-521");
    assert_int_equal(load_made(*state, &recipe, NULL), COP_E_UNSUPPORTED);
    recipe.key = NULL;
    recipe.constraints = "critical,CA:FALSE";
    assert_int_equal(load_made(*state, &recipe, NULL), COP_E_UNSUPPORTED);
    recipe = recipe_root("Own");
    recipe.usage = "critical,digitalSignature";
    assert_int_equal(load_made(*state, &recipe, NULL), COP_E_UNSUPPORTED);
    recipe = recipe_root("Own");
    recipe.is_version_1 = true;
    assert_int_equal(load_made(*state, &recipe, NULL), COP_E_UNSUPPORTED);
    recipe = recipe_root("Own");
    assert_int_equal(load_made(*state, &recipe, "secret"), COP_E_SYNTAX);
    assert_non_null(
        strstr(((struct place *)*state)->said, "protected by a passphrase"));
}

/* Issuing. */

static size_t spki_of(EVP_PKEY *key, uint8_t out[512])
{
    unsigned char *to = out;
    int n = i2d_PUBKEY(key, &to);

    assert_true(n > 0 && n < 512);
    return (size_t)n;
}

static enum cop_status try_issue(struct ca *ca, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t spki[512];
    uint8_t der[CA_DER_MAX];
    size_t der_n = 0;
    struct cop_host host;
    size_t spki_n = spki_of(key, spki);

    EVP_PKEY_free(key);
    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    return ca_issue(ca, &host, (struct cop_slice){(const char *)spki, spki_n},
        now, der, &der_n);
}

static X509 *issue(struct ca *ca, const char *name, int64_t at)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t spki[512];
    uint8_t der[CA_DER_MAX];
    const unsigned char *p = der;
    size_t der_n = 0;
    struct cop_host host;
    X509 *leaf;
    size_t spki_n = spki_of(key, spki);

    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    assert_int_equal(
        ca_issue(ca, &host, (struct cop_slice){(const char *)spki, spki_n}, at,
            der, &der_n),
        COP_OK);
    leaf = d2i_X509(NULL, &p, (long)der_n);
    assert_non_null(leaf);
    assert_ptr_equal(p, der + der_n);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), key), 1);
    EVP_PKEY_free(key);
    return leaf;
}

static int64_t unix_of(const ASN1_TIME *time)
{
    struct tm parts;

    assert_int_equal(ASN1_TIME_to_tm(time, &parts), 1);
    return timegm(&parts);
}

static void assert_shape(X509 *leaf, X509 *root)
{
    int critical = 0;

    assert_int_equal(X509_get_version(leaf), X509_VERSION_3);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
    assert_int_equal(X509_check_ca(leaf), 0);
    assert_int_equal(X509_get_ext_count(leaf), 6);
    BASIC_CONSTRAINTS_free(
        X509_get_ext_d2i(leaf, NID_basic_constraints, &critical, NULL));
    assert_int_equal(critical, 1);
    assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf),
                         X509_get0_subject_key_id(root)),
        0);
    assert_non_null(X509_get0_subject_key_id(leaf));
    assert_int_equal(X509_verify(leaf, X509_get0_pubkey(root)), 1);
    assert_in_range(ASN1_STRING_length(X509_get0_serialNumber(leaf)), 12, 17);
    assert_int_equal(X509_get_signature_nid(leaf), NID_ecdsa_with_SHA256);
    assert_in_range(
        unix_of(X509_get0_notAfter(leaf)) - unix_of(X509_get0_notBefore(leaf)),
        20 * DAY, 30 * DAY);
    assert_int_equal(unix_of(X509_get0_notBefore(leaf)), now - DAY);
}

static void assert_only_name(X509 *leaf, int type, const char *bytes, size_t n)
{
    int critical = -1;
    GENERAL_NAMES *names =
        X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
    bool has_subject = X509_NAME_entry_count(X509_get_subject_name(leaf)) > 0;
    const ASN1_STRING *value;
    int found;

    assert_non_null(names);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), &found);
    assert_int_equal(found, type);
    assert_int_equal(ASN1_STRING_length(value), n);
    assert_memory_equal(ASN1_STRING_get0_data(value), bytes, n);
    assert_int_equal(critical, has_subject ? 0 : 1);
    GENERAL_NAMES_free(names);
}

static void test_issues_what_browsers_take(void **state)
{
    static struct pems pems;
    struct ca *ca = create_and_load(*state, &pems);
    X509 *root = read_certificate(&pems);
    char name[COP_HOST_MAX + 1] = {0};
    X509 *leaf = issue(ca, "www.school.example", now);
    X509 *again = issue(ca, "www.school.example", now);

    assert_shape(leaf, root);
    assert_only_name(leaf, GEN_DNS, "www.school.example", 18);
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(leaf),
                             X509_get0_serialNumber(again)),
        0);
    X509_free(leaf);
    X509_free(again);
    /* A name that is too long for a subject. */
    for (size_t i = 0; i < 80; i += 2) {
        memcpy(name + i, "a.", 2);
    }
    memcpy(name + 80, "example", 7);
    leaf = issue(ca, name, now);
    assert_shape(leaf, root);
    assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(leaf)), 0);
    assert_only_name(leaf, GEN_DNS, name, strlen(name));
    X509_free(leaf);
    X509_free(root);
    ca_free(&ca);
}

static void test_issues_for_addresses(void **state)
{
    static struct pems pems;
    struct ca *ca = create_and_load(*state, &pems);
    X509 *leaf = issue(ca, "192.0.2.7", now);

    assert_only_name(leaf, GEN_IPADD, "\xc0\x00\x02\x07", 4);
    X509_free(leaf);
    leaf = issue(ca, "[2001:db8::1]", now);
    assert_only_name(
        leaf, GEN_IPADD, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    X509_free(leaf);
    ca_free(&ca);
}

static void test_never_outlives_its_authority(void **state)
{
    static struct pems pems;
    struct ca *ca = create_and_load(*state, &pems);
    X509 *root = read_certificate(&pems);
    int64_t end = unix_of(X509_get0_notAfter(root));
    X509 *leaf = issue(ca, "a.example", end - 2 * DAY);
    struct cop_host host;
    uint8_t der[CA_DER_MAX];
    size_t der_n = 0;

    assert_int_equal(unix_of(X509_get0_notAfter(leaf)), end);
    assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
    assert_int_equal(
        ca_issue(ca, &host, COP_LIT(""), end + 1, der, &der_n), COP_E_RANGE);
    X509_free(leaf);
    X509_free(root);
    ca_free(&ca);
}

static void test_issues_for_one_kind_of_key(void **state)
{
    static struct pems pems;
    struct ca *ca = create_and_load(*state, &pems);
    EVP_PKEY *keys[] = {EVP_EC_gen("P-384"), EVP_RSA_gen(2048),
        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    uint8_t spki[512];
    uint8_t der[CA_DER_MAX];
    size_t der_n = 0;
    struct cop_host host;
    struct cop_slice bytes = {(const char *)spki, 0};

    assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
    for (size_t i = 0; i < 3; i++) {
        bytes.n = spki_of(keys[i], spki);
        assert_int_equal(
            ca_issue(ca, &host, bytes, now, der, &der_n), COP_E_UNSUPPORTED);
        EVP_PKEY_free(keys[i]);
    }
    keys[0] = EVP_EC_gen("P-256");
    bytes.n = spki_of(keys[0], spki);
    EVP_PKEY_free(keys[0]);
    bytes.n--;
    assert_int_equal(
        ca_issue(ca, &host, bytes, now, der, &der_n), COP_E_UNSUPPORTED);
    bytes.n++;
    spki[bytes.n - 1] ^= 1; /* a point that is not on the curve */
    assert_int_equal(
        ca_issue(ca, &host, bytes, now, der, &der_n), COP_E_UNSUPPORTED);
    spki[bytes.n - 1] ^= 1;
    host.text[0] = 'A'; /* a host of no canonical form */
    assert_int_equal(
        ca_issue(ca, &host, bytes, now, der, &der_n), COP_E_SYNTAX);
    ca_free(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_creates_a_root, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_roots_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_overwrites, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_key_behind_a_passphrase, setup, teardown),
        cmocka_unit_test_setup_teardown(test_excluded_names, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_reports_a_bad_place_or_name, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_loads_only_what_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_refuses_what_browsers_would, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_issues_what_browsers_take, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_issues_for_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_never_outlives_its_authority, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_issues_for_one_kind_of_key, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

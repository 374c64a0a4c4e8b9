/* Chains as hostile or clumsy servers send them: damaged, too long, too many
 * names, in circles; and the one that had to pass when a root expired. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include "gateway/tls/trust.h"
#include "gateway/tls/verify.h"

#include "tests/unit/certificates.h"

enum { SENT_MAX = 32 };

struct house {
    struct identity_pair root;
    struct trust *trust;
};

/* Trust these roots and nobody else. */
static struct trust *trust_in(X509 *const *roots, int n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct trust_texts texts = {.between_max = TRUST_BETWEEN_MAX};
    struct trust *trust = NULL;
    char *text;
    long size;

    for (int i = 0; i < n; i++) {
        assert_int_equal(PEM_write_bio_X509(bio, roots[i]), 1);
    }
    size = BIO_get_mem_data(bio, &text);
    texts.roots = (struct cop_slice){text, (size_t)size};
    assert_int_equal(trust_from_text(&texts, NULL, &trust), COP_OK);
    BIO_free(bio);
    return trust;
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));

    assert_non_null(house);
    house->root = certificate_root("A Trusted Root");
    house->trust = trust_in(&house->root.certificate, 1);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    trust_free(&house->trust);
    certificate_free(&house->root);
    free(house);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

static enum cop_reason judge(const struct trust *trust, X509 *leaf,
    X509 *const *others, int n, const char *name)
{
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct cop_host host;
    struct verdict verdict;

    for (int i = 0; i < n; i++) {
        assert_true(sk_X509_push(sent, others[i]) > 0);
    }
    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    verify_server(trust, &host, leaf, sent, time(NULL), &verdict);
    X509_free(verdict.issuer);
    sk_X509_free(sent);
    return verdict.reason;
}

/* A leaf below one intermediate of the house's root. */
static enum cop_reason judge_below(
    const struct house *house, const struct recipe *middle)
{
    struct identity_pair issuer = certificate_make(middle, &house->root);
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &issuer);
    enum cop_reason reason = judge(
        house->trust, leaf.certificate, &issuer.certificate, 1, "a.example");

    certificate_free(&issuer);
    certificate_free(&leaf);
    return reason;
}

/* The same certificate with its last bit, which is the signature's, changed. */
static X509 *forged(X509 *certificate)
{
    unsigned char *der = NULL;
    int n = i2d_X509(certificate, &der);
    const unsigned char *p = der;
    X509 *again;

    assert_true(n > 0);
    der[n - 1] ^= 1;
    again = d2i_X509(NULL, &p, n);
    assert_non_null(again);
    OPENSSL_free(der);
    return again;
}

static void test_bad_signatures(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("In Between");
    struct identity_pair middle = certificate_make(&recipe, &house->root);
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &middle);
    X509 *bad_middle = forged(middle.certificate);
    X509 *bad_leaf = forged(leaf.certificate);

    assert_int_equal(judge(house->trust, leaf.certificate, &middle.certificate,
                         1, "a.example"),
        COP_REASON_NONE);
    assert_int_not_equal(
        judge(house->trust, bad_leaf, &middle.certificate, 1, "a.example"),
        COP_REASON_NONE);
    assert_int_not_equal(
        judge(house->trust, leaf.certificate, &bad_middle, 1, "a.example"),
        COP_REASON_NONE);
    X509_free(bad_middle);
    X509_free(bad_leaf);
    certificate_free(&middle);
    certificate_free(&leaf);
}

static void test_intermediates_that_are_none(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("In Between");

    assert_int_equal(judge_below(house, &recipe), COP_REASON_NONE);
    recipe.constraints = NULL;
    assert_int_not_equal(judge_below(house, &recipe), COP_REASON_NONE);
    recipe = recipe_root("In Between");
    recipe.purpose = "clientAuth,emailProtection";
    assert_int_not_equal(judge_below(house, &recipe), COP_REASON_NONE);
    recipe.purpose = "serverAuth";
    assert_int_equal(judge_below(house, &recipe), COP_REASON_NONE);
}

/* Version 1 knows no authorities, so a certificate of it vouches for nobody. */
static void test_an_intermediate_of_version_1(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("In Between");
    struct identity_pair good = certificate_make(&recipe, &house->root);
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &good);
    struct identity_pair old;

    EVP_PKEY_up_ref(good.key);
    recipe.key = good.key;
    recipe.is_version_1 = true;
    old = certificate_make(&recipe, &house->root);
    assert_int_equal(judge(house->trust, leaf.certificate, &good.certificate, 1,
                         "a.example"),
        COP_REASON_NONE);
    assert_int_not_equal(
        judge(house->trust, leaf.certificate, &old.certificate, 1, "a.example"),
        COP_REASON_NONE);
    /* And without any it leads nowhere; nothing is fetched. */
    assert_int_equal(
        judge(house->trust, leaf.certificate, NULL, 0, "a.example"),
        COP_REASON_CERT_UNTRUSTED);
    certificate_free(&good);
    certificate_free(&old);
    certificate_free(&leaf);
}

/* An RSA key of this modulus and exponent. */
static EVP_PKEY *rsa_of(const BIGNUM *n, unsigned long e)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *exponent = BN_new();
    OSSL_PARAM *parts;
    EVP_PKEY *key = NULL;

    assert_int_equal(BN_set_word(exponent, e), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, "n", n), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, "e", exponent), 1);
    parts = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parts), 1);
    OSSL_PARAM_free(parts);
    OSSL_PARAM_BLD_free(build);
    BN_free(exponent);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void test_rsa_keys_that_are_none(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");
    EVP_PKEY *real = EVP_RSA_gen(2048);
    BIGNUM *n = NULL;
    EVP_PKEY *keys[4];

    assert_int_equal(EVP_PKEY_get_bn_param(real, "n", &n), 1);
    keys[0] = rsa_of(n, 65537);
    keys[1] = rsa_of(n, 1);
    keys[2] = rsa_of(n, 4);
    assert_int_equal(BN_sub_word(n, 1), 1);
    keys[3] = rsa_of(n, 65537);
    for (int i = 0; i < 4; i++) {
        struct identity_pair leaf;

        recipe.key = keys[i];
        leaf = certificate_make(&recipe, &house->root);
        assert_int_equal(
            judge(house->trust, leaf.certificate, NULL, 0, "a.example"),
            i == 0 ? COP_REASON_NONE : COP_REASON_CERT_WEAK);
        certificate_free(&leaf);
    }
    BN_free(n);
    EVP_PKEY_free(real);
}

static void test_path_length(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("Upper");
    struct identity_pair upper;
    struct identity_pair lower;
    struct identity_pair leaf;

    for (int most = 0; most < 2; most++) {
        X509 *sent[2];

        recipe = recipe_root("Upper");
        recipe.constraints = most == 0 ? "critical,CA:TRUE,pathlen:0"
                                       : "critical,CA:TRUE,pathlen:1";
        upper = certificate_make(&recipe, &house->root);
        recipe = recipe_root("Lower");
        lower = certificate_make(&recipe, &upper);
        leaf = certificate_leaf("DNS:a.example", &lower);
        sent[0] = lower.certificate;
        sent[1] = upper.certificate;
        assert_int_equal(judge(house->trust, leaf.certificate, sent, 2,
                             "a.example") == COP_REASON_NONE,
            most == 1);
        certificate_free(&upper);
        certificate_free(&lower);
        certificate_free(&leaf);
    }
}

/* Something critical that nobody understands, in each place. */
static void mark(struct identity_pair *pair, const struct identity_pair *issuer)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *object = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    X509_EXTENSION *extension;

    assert_int_equal(
        ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2), 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
    assert_int_equal(X509_add_ext(pair->certificate, extension, -1), 1);
    assert_true(X509_sign(pair->certificate, issuer->key, EVP_sha256()) > 0);
    pair->certificate = certificate_reread(pair->certificate);
    X509_EXTENSION_free(extension);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(value);
}

static void test_unknown_critical_extensions(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("In Between");
    struct identity_pair middle = certificate_make(&recipe, &house->root);
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &middle);

    mark(&leaf, &middle);
    assert_int_equal(judge(house->trust, leaf.certificate, &middle.certificate,
                         1, "a.example"),
        COP_REASON_CERT_INVALID);
    certificate_free(&leaf);
    mark(&middle, &house->root);
    leaf = certificate_leaf("DNS:a.example", &middle);
    assert_int_equal(judge(house->trust, leaf.certificate, &middle.certificate,
                         1, "a.example"),
        COP_REASON_CERT_INVALID);
    certificate_free(&middle);
    certificate_free(&leaf);
}

static enum cop_reason judge_signed_with(const struct trust *trust,
    const struct identity_pair *root, const EVP_MD *digest)
{
    struct recipe recipe = recipe_leaf("DNS:a.example");
    struct identity_pair leaf;
    enum cop_reason reason;

    recipe.digest = digest;
    leaf = certificate_make(&recipe, root);
    reason = judge(trust, leaf.certificate, NULL, 0, "a.example");
    certificate_free(&leaf);
    return reason;
}

static void test_old_digests(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("An RSA Root");
    struct identity_pair root;
    struct trust *trust;

    recipe.key = EVP_RSA_gen(2048);
    root = certificate_make(&recipe, NULL);
    trust = trust_in(&root.certificate, 1);
    assert_int_equal(
        judge_signed_with(trust, &root, EVP_md5()), COP_REASON_CERT_WEAK);
    assert_int_equal(
        judge_signed_with(trust, &root, EVP_sha1()), COP_REASON_CERT_WEAK);
    assert_int_equal(
        judge_signed_with(trust, &root, EVP_sha256()), COP_REASON_NONE);
    trust_free(&trust);
    certificate_free(&root);
    assert_int_equal(judge_signed_with(house->trust, &house->root, EVP_sha1()),
        COP_REASON_CERT_WEAK);
    assert_int_equal(
        judge_signed_with(house->trust, &house->root, EVP_sha224()),
        COP_REASON_CERT_WEAK);
    assert_int_equal(
        judge_signed_with(house->trust, &house->root, EVP_sha512()),
        COP_REASON_NONE);
}

/* A root that expired is trusted no more; and an intermediate that it signed as
 * well as another root must not lead the search astray. */
static void test_an_expired_root(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("An Old Root");
    struct identity_pair old;
    struct identity_pair leaf;
    struct identity_pair of_old;
    struct identity_pair of_new;
    X509 *roots[2];
    X509 *sent[2];
    struct trust *trust;

    recipe.until_days = -1;
    old = certificate_make(&recipe, NULL);
    leaf = certificate_leaf("DNS:a.example", &old);
    roots[0] = old.certificate;
    roots[1] = house->root.certificate;
    trust = trust_in(roots, 2);
    assert_int_equal(judge(trust, leaf.certificate, NULL, 0, "a.example"),
        COP_REASON_CERT_EXPIRED);
    certificate_free(&leaf);
    recipe = recipe_root("Signed By Two");
    of_old = certificate_make(&recipe, &old);
    EVP_PKEY_up_ref(of_old.key);
    recipe.key = of_old.key;
    of_new = certificate_make(&recipe, &house->root);
    leaf = certificate_leaf("DNS:a.example", &of_old);
    sent[0] = of_old.certificate;
    sent[1] = of_new.certificate;
    assert_int_equal(judge(trust, leaf.certificate, sent, 1, "a.example"),
        COP_REASON_CERT_EXPIRED);
    assert_int_equal(
        judge(trust, leaf.certificate, sent, 2, "a.example"), COP_REASON_NONE);
    trust_free(&trust);
    certificate_free(&old);
    certificate_free(&of_old);
    certificate_free(&of_new);
    certificate_free(&leaf);
}

/* Two that vouch for each other, and a row without end: an answer in little
 * time. */
static void test_circles_and_rows(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_root("Left");
    struct identity_pair start = certificate_make(&recipe, NULL);
    struct identity_pair right;
    struct identity_pair left;
    struct identity_pair leaf;
    struct identity_pair row[SENT_MAX];
    X509 *sent[SENT_MAX];
    clock_t began;

    recipe = recipe_root("Right");
    right = certificate_make(&recipe, &start);
    EVP_PKEY_up_ref(start.key);
    recipe = recipe_root("Left");
    recipe.key = start.key;
    left = certificate_make(&recipe, &right);
    leaf = certificate_leaf("DNS:a.example", &left);
    sent[0] = left.certificate;
    sent[1] = right.certificate;
    began = clock();
    assert_int_not_equal(
        judge(house->trust, leaf.certificate, sent, 2, "a.example"),
        COP_REASON_NONE);
    certificate_free(&leaf);
    for (int i = 0; i < SENT_MAX; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "Step %d", i);
        recipe = recipe_root(name);
        row[i] = certificate_make(&recipe, i == 0 ? &house->root : &row[i - 1]);
        sent[i] = row[i].certificate;
    }
    leaf = certificate_leaf("DNS:a.example", &row[SENT_MAX - 1]);
    assert_int_equal(
        judge(house->trust, leaf.certificate, sent, SENT_MAX, "a.example"),
        COP_REASON_CERT_UNTRUSTED);
    /* Seconds would be a bomb; sanitizers and busy machines get their part. */
    assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
    for (int i = 0; i < SENT_MAX; i++) {
        certificate_free(&row[i]);
    }
    certificate_free(&leaf);
    certificate_free(&start);
    certificate_free(&right);
    certificate_free(&left);
}

/* "DNS:n0.b.example,DNS:n1.b.example,..." and the one that is asked for. */
static enum cop_reason judge_names(const struct house *house, int n)
{
    struct recipe recipe = recipe_leaf("DNS:a.example");
    struct identity_pair leaf = certificate_make(&recipe, &house->root);
    GENERAL_NAMES *names =
        X509_get_ext_d2i(leaf.certificate, NID_subject_alt_name, NULL, NULL);
    enum cop_reason reason;

    for (int i = 0; i < n; i++) {
        char text[32];
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *value = ASN1_IA5STRING_new();

        (void)snprintf(text, sizeof(text), "n%d.b.example", i);
        assert_int_equal(ASN1_STRING_set(value, text, -1), 1);
        GENERAL_NAME_set0_value(name, GEN_DNS, value);
        assert_true(sk_GENERAL_NAME_push(names, name) > 0);
    }
    assert_int_equal(X509_add1_ext_i2d(leaf.certificate, NID_subject_alt_name,
                         names, 1, X509V3_ADD_REPLACE),
        1);
    GENERAL_NAMES_free(names);
    assert_true(X509_sign(leaf.certificate, house->root.key, EVP_sha256()) > 0);
    leaf.certificate = certificate_reread(leaf.certificate);
    reason = judge(house->trust, leaf.certificate, NULL, 0, "a.example");
    certificate_free(&leaf);
    return reason;
}

static void test_many_names(void **state)
{
    clock_t began = clock();

    assert_int_equal(judge_names(*state, 1000), COP_REASON_NONE);
    /* More than a handshake carries, but not more than can be judged. */
    (void)judge_names(*state, 10000);
    assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
}

static enum cop_reason judge_serial(const struct house *house, long serial)
{
    struct recipe recipe = recipe_leaf("DNS:a.example");
    struct identity_pair leaf = certificate_make(&recipe, &house->root);
    enum cop_reason reason;

    assert_int_equal(
        ASN1_INTEGER_set(X509_get_serialNumber(leaf.certificate), serial), 1);
    assert_true(X509_sign(leaf.certificate, house->root.key, EVP_sha256()) > 0);
    leaf.certificate = certificate_reread(leaf.certificate);
    reason = judge(house->trust, leaf.certificate, NULL, 0, "a.example");
    certificate_free(&leaf);
    return reason;
}

static void test_serial_numbers(void **state)
{
    assert_int_equal(judge_serial(*state, 1), COP_REASON_NONE);
    assert_int_equal(judge_serial(*state, 0), COP_REASON_CERT_INVALID);
    assert_int_equal(judge_serial(*state, -5), COP_REASON_CERT_INVALID);
}

/* A name in letters that are no A-labels never stands for one that is. */
static void test_names_in_other_letters(void **state)
{
    const struct house *house = *state;
    struct identity_pair leaf = certificate_leaf("DNS:b\xc3\xbc"
                                                 "cher.example",
        &house->root);

    assert_int_not_equal(
        judge(house->trust, leaf.certificate, NULL, 0, "xn--bcher-kva.example"),
        COP_REASON_NONE);
    certificate_free(&leaf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bad_signatures),
        TEST(test_intermediates_that_are_none),
        TEST(test_an_intermediate_of_version_1),
        TEST(test_rsa_keys_that_are_none),
        TEST(test_path_length),
        TEST(test_unknown_critical_extensions),
        TEST(test_old_digests),
        TEST(test_an_expired_root),
        TEST(test_circles_and_rows),
        TEST(test_many_names),
        TEST(test_serial_numbers),
        TEST(test_names_in_other_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What an operator takes away from what is believed: keys of a list, and chains
 * that are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "gateway/tls/trust.h"
#include "gateway/tls/verify.h"

#include "tests/unit/certificates.h"

struct house {
    struct identity_pair root;
    struct identity_pair stranger;
    char pem[4096];
    struct trust *trust;
};

static void ignore(void *context, const struct cop_finding *finding)
{
    (void)context;
    (void)finding;
}

/* Trust the root, but no key of a list. */
static enum cop_status trust_with(
    struct house *house, const char *revoked, struct cop_report *report)
{
    const struct trust_texts texts = {.roots = cop_slice_of(house->pem),
        .revoked = cop_slice_of(revoked),
        .revoked_file = "list",
        .between_max = TRUST_BETWEEN_MAX};

    trust_free(&house->trust);
    return trust_from_text(&texts, report, &house->trust);
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    assert_non_null(house);
    house->root = certificate_root("A Trusted Root");
    house->stranger = certificate_root("Nobody's Root");
    assert_int_equal(PEM_write_bio_X509(bio, house->root.certificate), 1);
    n = BIO_read(bio, house->pem, sizeof(house->pem) - 1);
    assert_true(n > 0);
    BIO_free(bio);
    assert_int_equal(trust_with(house, "", NULL), COP_OK);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    certificate_free(&house->root);
    certificate_free(&house->stranger);
    trust_free(&house->trust);
    free(house);
    assert_int_equal(ERR_peek_error(), 0);
    return 0;
}

static enum cop_reason judge(
    const struct house *house, X509 *leaf, STACK_OF(X509) * sent)
{
    struct cop_host host;
    struct verdict verdict;

    assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
    verify_server(house->trust, &host, leaf, sent, time(NULL), &verdict);
    X509_free(verdict.issuer);
    return verdict.reason;
}

static void digest_line(X509 *certificate, char out[65])
{
    unsigned char *der = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

    assert_true(n > 0);
    assert_int_equal(
        EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL), 1);
    OPENSSL_free(der);
    for (int i = 0; i < 32; i++) {
        (void)snprintf(out + (ptrdiff_t)2 * i, 3, "%02X", digest[i]);
    }
}

static void list_keys(
    struct house *house, const char *text, enum cop_status wanted)
{
    struct cop_report report = {.emit = ignore};

    assert_int_equal(trust_with(house, text, &report), wanted);
    assert_int_equal(report.errors == 0, wanted == COP_OK);
}

/* Keys of a list are believed at no place of a chain: leaf, intermediate,
 * root, though the root is trusted. */
static void test_revoked_keys(void **state)
{
    struct house *house = *state;
    struct recipe recipe = recipe_root("In Between");
    struct identity_pair middle = certificate_make(&recipe, &house->root);
    struct identity_pair leaf = certificate_leaf("DNS:a.example", &middle);
    X509 *const chain[] = {
        leaf.certificate, middle.certificate, house->root.certificate};
    STACK_OF(X509) *sent = sk_X509_new_null();
    char text[256];
    char line[65];

    assert_true(sk_X509_push(sent, middle.certificate) > 0);
    for (int i = 0; i < 3; i++) {
        digest_line(chain[i], line);
        (void)snprintf(
            text, sizeof(text), "# why\n\n \t%s # it\r\n%064d\n", line, 0);
        list_keys(house, text, COP_OK);
        assert_int_equal(house->trust->revoked.n, 2);
        assert_int_equal(
            judge(house, leaf.certificate, sent), COP_REASON_CERT_REVOKED);
    }
    digest_line(house->stranger.certificate, line);
    list_keys(house, line, COP_OK);
    assert_int_equal(judge(house, leaf.certificate, sent), COP_REASON_NONE);
    line[63] = '\0';
    list_keys(house, line, COP_E_IO);
    list_keys(house, "g", COP_E_IO);
    list_keys(house, "", COP_OK);
    sk_X509_free(sent);
    certificate_free(&middle);
    certificate_free(&leaf);
}

/* As many certificates between as the operator allows. */
static void test_length_of_a_chain(void **state)
{
    struct house *house = *state;
    struct identity_pair pairs[4];
    struct identity_pair leaf;
    STACK_OF(X509) *sent = sk_X509_new_null();

    for (int i = 0; i < 4; i++) {
        char name[16];
        struct recipe recipe;

        (void)snprintf(name, sizeof(name), "Step %d", i);
        recipe = recipe_root(name);
        pairs[i] =
            certificate_make(&recipe, i == 0 ? &house->root : &pairs[i - 1]);
        assert_true(sk_X509_push(sent, pairs[i].certificate) > 0);
    }
    leaf = certificate_leaf("DNS:a.example", &pairs[3]);
    for (uint32_t most = 0; most <= 8; most++) {
        house->trust->between_max = most;
        assert_int_equal(judge(house, leaf.certificate, sent),
            most < 4 ? COP_REASON_CERT_UNTRUSTED : COP_REASON_NONE);
    }
    sk_X509_free(sent);
    certificate_free(&leaf);
    for (int i = 0; i < 4; i++) {
        certificate_free(&pairs[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_revoked_keys),
        TEST(test_length_of_a_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What counts as an authority's word on a certificate, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "gateway/tls/staple.h"

#include "tests/unit/staples.h"

struct house {
    struct identity_pair root;
    struct identity_pair leaf;
    struct identity_pair other; /* another leaf */
    struct identity_pair stranger;
};

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));

    assert_non_null(house);
    house->root = certificate_root("A Root");
    house->leaf = certificate_leaf("DNS:a.example", &house->root);
    house->other = certificate_leaf("DNS:b.example", &house->root);
    house->stranger = certificate_root("A Root");
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    certificate_free(&house->root);
    certificate_free(&house->leaf);
    certificate_free(&house->other);
    certificate_free(&house->stranger);
    assert_int_equal(ERR_peek_error(), 0);
    free(house);
    return 0;
}

static struct staple_recipe recipe_good(const struct house *house)
{
    return (struct staple_recipe){.leaf = house->leaf.certificate,
        .issuer = house->root.certificate,
        .signer = &house->root,
        .status = V_OCSP_CERTSTATUS_GOOD,
        .from_days = -1,
        .until_days = 6};
}

static enum staple read_recipe(
    const struct house *house, const struct staple_recipe *recipe)
{
    int n = 0;
    unsigned char *der = staple_make(recipe, &n);
    enum staple found =
        staple_read((struct cop_slice){(const char *)der, (size_t)n},
            house->leaf.certificate, house->root.certificate, time(NULL));

    OPENSSL_free(der);
    return found;
}

static void test_good_and_revoked(void **state)
{
    const struct house *house = *state;
    struct staple_recipe recipe = recipe_good(house);

    assert_int_equal(read_recipe(house, &recipe), STAPLE_GOOD);
    recipe.hash = EVP_sha256();
    assert_int_equal(read_recipe(house, &recipe), STAPLE_GOOD);
    recipe.status = V_OCSP_CERTSTATUS_REVOKED;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_REVOKED);
    recipe.status = V_OCSP_CERTSTATUS_UNKNOWN;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
}

static void test_times(void **state)
{
    const struct house *house = *state;
    struct staple_recipe recipe = recipe_good(house);

    recipe.until_days = 0; /* could be shown for ever */
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
    recipe.from_days = -10;
    recipe.until_days = -1;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
    recipe.from_days = 1;
    recipe.until_days = 8;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
}

static void test_who_signed(void **state)
{
    const struct house *house = *state;
    struct staple_recipe recipe = recipe_good(house);
    struct recipe responder = recipe_leaf("DNS:ocsp.example");
    struct identity_pair pair;

    recipe.signer = &house->stranger; /* of the same name */
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
    recipe.signer = &house->leaf;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);

    responder.purpose = "OCSPSigning";
    pair = certificate_make(&responder, &house->root);
    recipe.signer = &pair;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_GOOD);
    certificate_free(&pair);

    pair = certificate_make(&responder, &house->stranger);
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
    certificate_free(&pair);
}

static void test_about_whom(void **state)
{
    const struct house *house = *state;
    struct staple_recipe recipe = recipe_good(house);

    recipe.leaf = house->other.certificate;
    recipe.status = V_OCSP_CERTSTATUS_REVOKED;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
    recipe = recipe_good(house);
    recipe.times = 16;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_GOOD);
    recipe.times = 17;
    assert_int_equal(read_recipe(house, &recipe), STAPLE_ABSENT);
}

/* Cut anywhere, or with any byte changed, it says nothing or the same: never
 * that a certificate is good when the answer was that it is revoked. */
static void test_damage(void **state)
{
    const struct house *house = *state;
    struct staple_recipe recipe = recipe_good(house);
    int n = 0;
    unsigned char *der;

    recipe.status = V_OCSP_CERTSTATUS_REVOKED;
    der = staple_make(&recipe, &n);
    for (int i = 0; i < n; i++) {
        struct cop_slice cut = {(const char *)der, (size_t)i};

        assert_int_equal(staple_read(cut, house->leaf.certificate,
                             house->root.certificate, time(NULL)),
            STAPLE_ABSENT);
    }
    for (int i = 0; i < n; i++) {
        struct cop_slice whole = {(const char *)der, (size_t)n};

        der[i] ^= 0x01;
        assert_int_not_equal(staple_read(whole, house->leaf.certificate,
                                 house->root.certificate, time(NULL)),
            STAPLE_GOOD);
        der[i] ^= 0x01;
    }
    OPENSSL_free(der);
}

static void test_must_staple(void **state)
{
    const struct house *house = *state;
    struct recipe recipe = recipe_leaf("DNS:a.example");
    struct identity_pair pair;

    assert_false(staple_is_due(house->leaf.certificate));
    recipe.features = "status_request";
    pair = certificate_make(&recipe, &house->root);
    assert_true(staple_is_due(pair.certificate));
    certificate_free(&pair);
    recipe.features = "17"; /* status_request_v2 */
    pair = certificate_make(&recipe, &house->root);
    assert_false(staple_is_due(pair.certificate));
    certificate_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_and_revoked),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_who_signed),
        cmocka_unit_test(test_about_whom),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_must_staple),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

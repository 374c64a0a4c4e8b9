/* OCSP answers for tests, good and bad, made on the spot. */
#ifndef TESTS_UNIT_STAPLES_H
#define TESTS_UNIT_STAPLES_H

#include <openssl/ocsp.h>

#include "tests/unit/certificates.h"

struct staple_recipe {
    X509 *leaf;
    X509 *issuer;
    const struct identity_pair *signer; /* the issuer, a responder, anybody */
    const EVP_MD *hash;                 /* of the question; NULL: SHA-1 */
    int status;                         /* V_OCSP_CERTSTATUS_... */
    int from_days;                      /* from now */
    int until_days;                     /* 0: without an end */
    int times;                          /* how often it is said; 0: once */
};

/* DER, to be freed with OPENSSL_free(). */
static inline unsigned char *staple_make(
    const struct staple_recipe *recipe, int *n)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, (long)recipe->from_days * 86400);
    ASN1_TIME *until = X509_gmtime_adj(NULL, (long)recipe->until_days * 86400);
    unsigned char *der = NULL;
    OCSP_RESPONSE *response;

    assert_non_null(basic);
    for (int i = 0; i == 0 || i < recipe->times; i++) {
        OCSP_CERTID *id =
            OCSP_cert_to_id(recipe->hash != NULL ? recipe->hash : EVP_sha1(),
                recipe->leaf, recipe->issuer);

        assert_non_null(OCSP_basic_add1_status(basic, id, recipe->status,
            OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from,
            recipe->until_days != 0 ? until : NULL));
        OCSP_CERTID_free(id);
    }
    assert_int_equal(OCSP_basic_sign(basic, recipe->signer->certificate,
                         recipe->signer->key, EVP_sha256(), NULL, 0),
        1);
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    assert_non_null(response);
    *n = i2d_OCSP_RESPONSE(response, &der);
    assert_true(*n > 0);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return der;
}

#endif

#include "gateway/tls/chain_internal.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 16384 };

bool chain_key_is_usual(const struct chain *chain, X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    (void)chain;
    return key != NULL &&
           (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC"));
}

static bool curve_is_strong(EVP_PKEY *key)
{
    static const char *const strong[] = {
        "prime256v1", "secp384r1", "secp521r1"};
    char group[32] = "";
    int is_explicit = 0;

    if (EVP_PKEY_get_int_param(key,
            OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
            &is_explicit) != 1 ||
        is_explicit != 0 ||
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof(strong) / sizeof(strong[0]); i++) {
        if (strcmp(group, strong[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A whole number of bytes, an odd modulus, an odd exponent from 3 on. */
static bool rsa_is_strong(EVP_PKEY *key)
{
    BIGNUM *modulus = NULL;
    BIGNUM *exponent = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool is_strong =
        bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && bits % 8 == 0 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
        BN_is_odd(modulus) && BN_is_odd(exponent) && !BN_is_one(exponent);

    BN_free(modulus);
    BN_free(exponent);
    return is_strong;
}

bool chain_key_is_strong(const struct chain *chain, X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    (void)chain;
    return EVP_PKEY_is_a(key, "RSA") ? rsa_is_strong(key)
                                     : curve_is_strong(key);
}

bool chain_signature_is_strong(const struct chain *chain, X509 *certificate)
{
    int digest = NID_undef;
    int key = NID_undef;

    (void)chain;
    if (X509_get_signature_info(certificate, &digest, &key, NULL, NULL) != 1) {
        return false;
    }
    return (digest == NID_sha256 || digest == NID_sha384 ||
               digest == NID_sha512) &&
           (key == NID_rsaEncryption || key == NID_rsassaPss ||
               key == NID_X9_62_id_ecPublicKey);
}

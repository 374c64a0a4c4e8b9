/* Loading an authority: that it is one, that browsers take it, and that the
 * key is its own. */
#include "gateway/tls/ca.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "gateway/tls/ca_internal.h"

/* The passphrase, if one is needed, and whether it was. */
struct asked {
    struct cop_slice passphrase;
    bool is_encrypted;
};

/* There is nobody else to ask for it. */
static int tell_passphrase(char *to, int size, int is_write, void *context)
{
    struct asked *asked = context;

    (void)is_write;
    asked->is_encrypted = true;
    if (asked->passphrase.n == 0 || asked->passphrase.n > (size_t)size) {
        return -1;
    }
    memcpy(to, asked->passphrase.p, asked->passphrase.n);
    return (int)asked->passphrase.n;
}

static BIO *memory_of(struct cop_slice text)
{
    return text.n > INT_MAX ? NULL : BIO_new_mem_buf(text.p, (int)text.n);
}

static X509 *read_certificate(struct cop_slice pem)
{
    BIO *memory = memory_of(pem);
    X509 *certificate =
        memory != NULL ? PEM_read_bio_X509(memory, NULL, NULL, NULL) : NULL;

    BIO_free(memory);
    return certificate;
}

static EVP_PKEY *read_key(struct cop_slice pem, struct asked *asked)
{
    BIO *memory = memory_of(pem);
    EVP_PKEY *key = memory != NULL ? PEM_read_bio_PrivateKey(
                                         memory, NULL, tell_passphrase, asked)
                                   : NULL;

    BIO_free(memory);
    return key;
}

static bool read_unix(const ASN1_TIME *time, int64_t *out)
{
    struct tm parts;
    time_t seconds;

    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return false;
    }
    seconds = timegm(&parts);
    *out = (int64_t)seconds;
    return true;
}

/* What browsers accept as an authority's key; the digest to sign with. */
static const EVP_MD *digest_for(EVP_PKEY *key)
{
    char group[32] = "";

    if (EVP_PKEY_is_a(key, "RSA")) {
        return EVP_PKEY_get_bits(key) >= 2048 ? EVP_sha256() : NULL;
    }
    if (!EVP_PKEY_is_a(key, "EC") ||
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1) {
        return NULL;
    }
    if (strcmp(group, "prime256v1") == 0) {
        return EVP_sha256();
    }
    return strcmp(group, "secp384r1") == 0 ? EVP_sha384() : NULL;
}

/* Whether browsers take leaves of this certificate when it alone is installed;
 * what is wrong with it, or NULL. */
static const char *certificate_flaw(X509 *certificate)
{
    uint32_t flags = X509_get_extension_flags(certificate);

    if ((flags & EXFLAG_INVALID) != 0) {
        return "the certificate's extensions are malformed";
    }
    if ((flags & EXFLAG_V1) != 0 || X509_check_ca(certificate) != 1) {
        return "the certificate is not an authority's (basicConstraints)";
    }
    if ((X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) == 0) {
        return "the certificate may not sign certificates (keyUsage)";
    }
    if (X509_self_signed(certificate, 1) != 1) {
        return "the certificate is not a root: clients are sent no "
               "intermediate";
    }
    if (X509_get0_subject_key_id(certificate) == NULL) {
        return "the certificate has no subject key identifier";
    }
    return NULL;
}

static enum cop_status ca_check(const struct ca *ca, const char *file,
    int64_t now_unix, struct cop_report *report)
{
    const char *flaw = certificate_flaw(ca->certificate);

    if (flaw != NULL || ca->digest == NULL) {
        return ca_refuse(report, file, COP_E_UNSUPPORTED,
            flaw != NULL ? flaw
                         : "the key is of a kind that browsers do not accept",
            "make one with copgate, or use a self-signed root with an EC "
            "P-256, P-384 or RSA key of 2048 bits and more");
    }
    if (now_unix < ca->from_unix || now_unix > ca->until_unix) {
        return ca_refuse(report, file, COP_E_RANGE,
            now_unix < ca->from_unix ? "the certificate is not valid yet"
                                     : "the certificate has expired",
            "check this machine's clock; if it is right, make a new one");
    }
    return COP_OK;
}

/* Why there is no key. */
static enum cop_status refuse_key(const struct ca_texts *texts,
    const struct asked *asked, struct cop_report *report)
{
    if (!asked->is_encrypted) {
        return ca_refuse(report, texts->key_file, COP_E_SYNTAX,
            "there is no readable private key in it",
            "give a key in PEM format, readable by root alone");
    }
    if (texts->passphrase.n == 0) {
        return ca_refuse(report, texts->key_file, COP_E_SYNTAX,
            "the key is protected by a passphrase and none is given",
            "name the file that has it: ca.passphrase");
    }
    return ca_refuse(report, texts->key_file, COP_E_SYNTAX,
        "the key cannot be opened with the passphrase that is given",
        "correct the passphrase, or give the key that it is for");
}

/* Read the key and see that it belongs to the certificate. */
static enum cop_status ca_read_key(
    struct ca *ca, const struct ca_texts *texts, struct cop_report *report)
{
    struct asked asked = {.passphrase = texts->passphrase};

    ca->key = read_key(texts->key, &asked);
    if (ca->key == NULL) {
        return refuse_key(texts, &asked, report);
    }
    if (texts->passphrase.n > 0 && !asked.is_encrypted) {
        return ca_refuse(report, texts->key_file, COP_E_CONFLICT,
            "a passphrase is given and the key lies there without one",
            "encrypt the key (openssl pkcs8 -topk8 -scrypt), or leave "
            "ca.passphrase out");
    }
    if (X509_check_private_key(ca->certificate, ca->key) != 1) {
        return ca_refuse(report, texts->key_file, COP_E_CONFLICT,
            "the key does not belong to the certificate",
            "give the key that was made together with the certificate");
    }
    ca->digest = digest_for(ca->key);
    return COP_OK;
}

/* Read both into `ca`; what was read is the caller's to free on failure too. */
static enum cop_status ca_read(
    struct ca *ca, const struct ca_texts *texts, struct cop_report *report)
{
    ca->certificate = read_certificate(texts->certificate);
    if (ca->certificate == NULL ||
        !read_unix(X509_get0_notBefore(ca->certificate), &ca->from_unix) ||
        !read_unix(X509_get0_notAfter(ca->certificate), &ca->until_unix)) {
        return ca_refuse(report, texts->certificate_file, COP_E_SYNTAX,
            "there is no readable certificate in it",
            "give a file in PEM format (\"-----BEGIN CERTIFICATE-----\")");
    }
    ca->constraints =
        X509_get_ext_d2i(ca->certificate, NID_name_constraints, NULL, NULL);
    return ca_read_key(ca, texts, report);
}

enum cop_status ca_load(const struct ca_texts *texts, int64_t now_unix,
    struct cop_report *report, struct ca **out)
{
    struct ca *ca = calloc(1, sizeof(*ca));
    enum cop_status status;

    if (ca == NULL) {
        return COP_E_NOMEM;
    }
    ca->curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    if (ca->curve == NULL) {
        ca_free(&ca);
        return COP_E_NOMEM;
    }
    status = ca_read(ca, texts, report);
    if (status == COP_OK) {
        status = ca_check(ca, texts->certificate_file, now_unix, report);
    }
    if (status != COP_OK) {
        ca_free(&ca);
        return status;
    }
    *out = ca;
    return COP_OK;
}

void ca_free(struct ca **ca)
{
    if (*ca == NULL) {
        return;
    }
    X509_free((*ca)->certificate);
    EVP_PKEY_free((*ca)->key);
    EC_GROUP_free((*ca)->curve);
    NAME_CONSTRAINTS_free((*ca)->constraints);
    free(*ca);
    *ca = NULL;
}

/* Certificates for tests, good and bad, made on the spot. */
#ifndef TESTS_UNIT_CERTIFICATES_H
#define TESTS_UNIT_CERTIFICATES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

struct identity_pair {
    X509 *certificate;
    EVP_PKEY *key;
};

/* What a certificate says; NULL leaves an extension out. */
struct recipe {
    const char *name;        /* common name */
    const char *names;       /* subjectAltName: "DNS:a.example,IP:192.0.2.1" */
    const char *constraints; /* basicConstraints */
    const char *usage;       /* keyUsage */
    const char *purpose;     /* extendedKeyUsage */
    const char *limits;      /* nameConstraints */
    const char *features;    /* tlsfeature: "status_request" */
    int from_days;           /* from now */
    int until_days;
    const EVP_MD *digest;
    EVP_PKEY *key; /* taken; NULL: a new P-256 one */
    bool is_version_1;
};

static inline struct recipe recipe_root(const char *name)
{
    return (struct recipe){.name = name,
        .constraints = "critical,CA:TRUE",
        .usage = "critical,keyCertSign,cRLSign",
        .from_days = -10,
        .until_days = 100};
}

static inline struct recipe recipe_leaf(const char *names)
{
    return (struct recipe){.names = names,
        .constraints = "critical,CA:FALSE",
        .usage = "critical,digitalSignature",
        .purpose = "serverAuth",
        .from_days = -1,
        .until_days = 30};
}

static inline void certificate_extend(
    X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    if (value == NULL) {
        return;
    }
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline void certificate_name(X509_NAME *to, const char *name)
{
    if (name != NULL) {
        assert_int_equal(
            X509_NAME_add_entry_by_NID(to, NID_commonName, MBSTRING_UTF8,
                (const unsigned char *)name, -1, -1, 0),
            1);
    }
}

static inline void certificate_set_extensions(
    X509 *certificate, X509 *issuer, const struct recipe *recipe)
{
    char names[512];

    certificate_extend(
        certificate, issuer, NID_basic_constraints, recipe->constraints);
    certificate_extend(certificate, issuer, NID_key_usage, recipe->usage);
    certificate_extend(certificate, issuer, NID_ext_key_usage, recipe->purpose);
    certificate_extend(
        certificate, issuer, NID_name_constraints, recipe->limits);
    certificate_extend(certificate, issuer, NID_tlsfeature, recipe->features);
    if (recipe->names != NULL) {
        /* Critical where the subject is empty. */
        (void)snprintf(names, sizeof(names), "%s%s",
            recipe->name == NULL ? "critical," : "", recipe->names);
        certificate_extend(certificate, issuer, NID_subject_alt_name, names);
    }
    certificate_extend(certificate, issuer, NID_subject_key_identifier, "hash");
    if (issuer != certificate) {
        certificate_extend(
            certificate, issuer, NID_authority_key_identifier, "keyid:always");
    }
}

/* As it would come over the wire, with nothing kept from its making. */
static inline X509 *certificate_reread(X509 *certificate)
{
    unsigned char *der = NULL;
    int n = i2d_X509(certificate, &der);
    const unsigned char *p = der;
    X509 *again = d2i_X509(NULL, &p, n);

    assert_non_null(again);
    OPENSSL_free(der);
    X509_free(certificate);
    return again;
}

/* Make one; issuer NULL: signed by itself. */
static inline struct identity_pair certificate_make(
    const struct recipe *recipe, const struct identity_pair *issuer)
{
    static uint32_t serial = 1000;
    EVP_PKEY *key = recipe->key != NULL ? recipe->key : EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509 *signer = issuer != NULL ? issuer->certificate : certificate;
    const EVP_MD *digest =
        recipe->digest != NULL ? recipe->digest : EVP_sha256();

    assert_non_null(key);
    assert_non_null(certificate);
    (void)X509_set_version(
        certificate, recipe->is_version_1 ? X509_VERSION_1 : X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), (long)serial++);
    X509_gmtime_adj(
        X509_getm_notBefore(certificate), (long)recipe->from_days * 86400);
    X509_gmtime_adj(
        X509_getm_notAfter(certificate), (long)recipe->until_days * 86400);
    certificate_name(X509_get_subject_name(certificate), recipe->name);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    if (!recipe->is_version_1) {
        certificate_set_extensions(certificate, signer, recipe);
    }
    assert_true(
        X509_sign(certificate, issuer != NULL ? issuer->key : key, digest) > 0);
    return (struct identity_pair){certificate_reread(certificate), key};
}

static inline struct identity_pair certificate_root(const char *name)
{
    struct recipe recipe = recipe_root(name);

    return certificate_make(&recipe, NULL);
}

static inline struct identity_pair certificate_leaf(
    const char *names, const struct identity_pair *issuer)
{
    struct recipe recipe = recipe_leaf(names);

    return certificate_make(&recipe, issuer);
}

static inline void certificate_free(struct identity_pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (struct identity_pair){NULL, NULL};
}

/* Append to a PEM file. */
static inline void certificate_save(X509 *certificate, const char *path)
{
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(fclose(file), 0);
}

#endif

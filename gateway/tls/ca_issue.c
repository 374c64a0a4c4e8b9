/* Composing and signing a leaf. keyd runs this on what a worker asked for, and
 * a worker may have been taken over: nothing of the request is parsed beyond a
 * host in canonical form and a public key of exactly one shape. */
#include "gateway/tls/ca.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "gateway/tls/ca_internal.h"

enum {
    LEAF_DAYS = 30,   /* of validity, the backdating included */
    LEAF_CN_MAX = 64, /* ub-common-name, RFC 5280 */
    SPKI_P256 = 91,
    SPKI_POINT = 26, /* where the point begins */
    POINT_P256 = 65
};

static const int64_t day_s = 86400;

/* What stands before the point in the only SubjectPublicKeyInfo that is taken:
 * id-ecPublicKey, prime256v1, an uncompressed point (RFC 5480 2). */
static const uint8_t spki_p256_start[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

/* A point on the curve behind exactly that beginning. */
static bool spki_is_sound(const struct ca *ca, struct cop_slice spki)
{
    const uint8_t *p = (const uint8_t *)spki.p;
    EC_POINT *point;
    bool is_sound;

    if (spki.n != SPKI_P256 ||
        memcmp(p, spki_p256_start, sizeof(spki_p256_start)) != 0) {
        return false;
    }
    point = EC_POINT_new(ca->curve);
    is_sound = point != NULL && EC_POINT_oct2point(ca->curve, point,
                                    p + SPKI_POINT, POINT_P256, NULL) == 1;
    EC_POINT_free(point);
    return is_sound;
}

/* Put the key in as it is. X509_set_pubkey() would encode and decode it again,
 * which costs ten times the signature. */
static bool set_key(X509 *leaf, struct cop_slice spki)
{
    unsigned char *point = OPENSSL_memdup(spki.p + SPKI_POINT, POINT_P256);
    bool done = point != NULL &&
                X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(leaf),
                    OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
                    OBJ_nid2obj(NID_X9_62_prime256v1), point, POINT_P256) == 1;

    if (!done) {
        OPENSSL_free(point);
    }
    return done;
}

static GENERAL_NAME *name_new(const struct cop_host *host)
{
    bool is_name = host->kind == COP_HOST_NAME;
    const void *bytes = is_name ? (const void *)host->text : host->addr;
    int n = is_name ? host->n : (host->kind == COP_HOST_IPV4 ? 4 : 16);
    ASN1_STRING *value =
        ASN1_STRING_type_new(is_name ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    GENERAL_NAME *name = GENERAL_NAME_new();

    if (value == NULL || name == NULL ||
        ASN1_STRING_set(value, bytes, n) != 1) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(name);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, is_name ? GEN_DNS : GEN_IPADD, value);
    return name;
}

/* The name, or the address, that the leaf is for and nothing else. */
static bool set_alternative(
    X509 *leaf, const struct cop_host *host, bool critical)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = name_new(host);
    bool done =
        names != NULL && name != NULL && sk_GENERAL_NAME_push(names, name) > 0;

    if (!done) {
        GENERAL_NAME_free(name);
    }
    done =
        done && ca_set_extension(leaf, NID_subject_alt_name, names, critical);
    GENERAL_NAMES_free(names);
    return done;
}

static bool set_names(X509 *leaf, const struct cop_host *host)
{
    /* RFC 5280 4.2.1.6: critical where the subject is empty. */
    if (host->n > LEAF_CN_MAX) {
        return set_alternative(leaf, host, true);
    }
    return set_alternative(leaf, host, false) &&
           X509_NAME_add_entry_by_NID(X509_get_subject_name(leaf),
               NID_commonName, MBSTRING_ASC, (const unsigned char *)host->text,
               host->n, -1, 0) == 1;
}

static bool set_server_purpose(X509 *leaf)
{
    EXTENDED_KEY_USAGE *purposes = EXTENDED_KEY_USAGE_new();
    bool done =
        purposes != NULL &&
        sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_server_auth)) > 0 &&
        ca_set_extension(leaf, NID_ext_key_usage, purposes, false);

    EXTENDED_KEY_USAGE_free(purposes);
    return done;
}

static bool set_no_authority(X509 *leaf)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool done =
        ca_set_extension(leaf, NID_basic_constraints, constraints, true);

    BASIC_CONSTRAINTS_free(constraints);
    return done;
}

static bool set_issuer_key_id(X509 *leaf, X509 *issuer)
{
    AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
    bool done = id != NULL;

    if (done) {
        id->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(issuer));
        done = id->keyid != NULL &&
               ca_set_extension(leaf, NID_authority_key_identifier, id, false);
    }
    AUTHORITY_KEYID_free(id);
    return done;
}

/* Backdated a day for clients whose clocks are slow, never outside the
 * authority's own validity. */
static bool set_validity(X509 *leaf, const struct ca *ca, int64_t now_unix)
{
    int64_t from = now_unix - day_s;
    int64_t until = now_unix + (LEAF_DAYS - 1) * day_s - 1;

    from = from < ca->from_unix ? ca->from_unix : from;
    until = until > ca->until_unix ? ca->until_unix : until;
    return ca_set_validity(leaf, from, until);
}

static X509 *leaf_compose(const struct ca *ca, const struct cop_host *host,
    struct cop_slice spki, int64_t now_unix)
{
    static const int usage[] = {0}; /* digitalSignature */
    X509 *leaf = X509_new();
    bool done = leaf != NULL && ca_set_serial(leaf) &&
                X509_set_issuer_name(
                    leaf, X509_get_subject_name(ca->certificate)) == 1 &&
                set_validity(leaf, ca, now_unix) && set_key(leaf, spki) &&
                set_names(leaf, host) && set_no_authority(leaf) &&
                ca_set_usage(leaf, usage, 1) && set_server_purpose(leaf) &&
                ca_set_key_id(leaf) &&
                set_issuer_key_id(leaf, ca->certificate) &&
                X509_sign(leaf, ca->key, ca->digest) > 0;

    if (!done) {
        X509_free(leaf);
        return NULL;
    }
    return leaf;
}

/* What the authority's own constraints say, browsers hold against the leaf. */
static bool leaf_is_allowed(const struct ca *ca, X509 *leaf)
{
    if (ca->constraints == NULL) {
        return true;
    }
    /* Has the library look at the alternative names. */
    (void)X509_check_purpose(leaf, -1, 0);
    return NAME_CONSTRAINTS_check(leaf, ca->constraints) == X509_V_OK;
}

static enum cop_status leaf_encode(
    X509 *leaf, uint8_t der[CA_DER_MAX], size_t *der_n)
{
    unsigned char *to = der;
    int n = i2d_X509(leaf, NULL);

    if (n <= 0) {
        return COP_E_BUG;
    }
    if (n > CA_DER_MAX) {
        return COP_E_LIMIT;
    }
    *der_n = (size_t)i2d_X509(leaf, &to);
    return COP_OK;
}

/* A host whose struct was not made by cop_host_parse() is not signed for. */
static bool host_is_canonical(const struct cop_host *host)
{
    struct cop_host again;

    return host->n <= COP_HOST_MAX &&
           cop_host_parse(cop_host_slice(host), &again) == COP_OK &&
           cop_host_eq(host, &again) && host->kind == again.kind &&
           memcmp(host->addr, again.addr, sizeof(again.addr)) == 0;
}

enum cop_status ca_issue(struct ca *ca, const struct cop_host *host,
    struct cop_slice spki, int64_t now_unix, uint8_t der[CA_DER_MAX],
    size_t *der_n)
{
    X509 *leaf;
    enum cop_status status;

    if (now_unix < ca->from_unix || now_unix > ca->until_unix) {
        return COP_E_RANGE;
    }
    if (!host_is_canonical(host)) {
        return COP_E_SYNTAX;
    }
    if (!spki_is_sound(ca, spki)) {
        ERR_clear_error();
        return COP_E_UNSUPPORTED;
    }
    leaf = leaf_compose(ca, host, spki, now_unix);
    if (leaf == NULL) {
        status = COP_E_BUG;
    } else if (!leaf_is_allowed(ca, leaf)) {
        status = COP_E_CHECK;
    } else {
        status = leaf_encode(leaf, der, der_n);
    }
    X509_free(leaf);
    ERR_clear_error();
    return status;
}

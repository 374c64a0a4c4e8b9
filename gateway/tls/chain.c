#include "gateway/tls/chain.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "gateway/tls/chain_internal.h"

/* Which certificates of the chain a check is about. */
enum {
    ON_LEAF = 1,
    ON_MIDDLE = 2,
    ON_ROOT = 4,
    ON_ISSUERS = ON_MIDDLE | ON_ROOT,
    ON_SENT = ON_LEAF | ON_MIDDLE,
    ON_ALL = ON_LEAF | ON_MIDDLE | ON_ROOT
};

enum { SERIAL_MAX = 20 /* bytes, RFC 5280 4.1.2.2 */ };

static bool is_not_own(const struct chain *chain, X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    return chain->own == NULL || key == NULL ||
           EVP_PKEY_eq(key, chain->own) != 1;
}

static bool is_not_revoked(const struct chain *chain, X509 *certificate)
{
    return !revoked_has(chain->revoked, certificate);
}

static bool is_version_3(const struct chain *chain, X509 *certificate)
{
    (void)chain;
    return X509_get_version(certificate) == X509_VERSION_3;
}

static bool is_no_authority(const struct chain *chain, X509 *certificate)
{
    (void)chain;
    return (X509_get_extension_flags(certificate) & EXFLAG_CA) == 0 &&
           ((X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0 ||
               (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) == 0);
}

static bool has_no(X509 *certificate, int nid)
{
    return X509_get_ext_by_NID(certificate, nid, -1) < 0;
}

static bool has_no_constraints(const struct chain *chain, X509 *certificate)
{
    (void)chain;
    return has_no(certificate, NID_name_constraints);
}

static bool is_critical(X509 *certificate, int nid)
{
    X509_EXTENSION *extension =
        X509_get_ext(certificate, X509_get_ext_by_NID(certificate, nid, -1));

    return extension != NULL && X509_EXTENSION_get_critical(extension) != 0;
}

/* CABF BR 7.1.2.7.10: serverAuth, never anyExtendedKeyUsage, not critical; of
 * a client clientAuth. One that has no such extension may be used for anything,
 * as those of private authorities often do. */
static bool is_for_this_use(const struct chain *chain, X509 *certificate)
{
    uint32_t uses = X509_get_extended_key_usage(certificate);
    uint32_t use = chain->host != NULL ? XKU_SSL_SERVER : XKU_SSL_CLIENT;

    return uses == UINT32_MAX ||
           ((uses & use) != 0 && (uses & XKU_ANYEKU) == 0 &&
               !is_critical(certificate, NID_ext_key_usage));
}

/* CABF BR 7.1.2.1: a root is for no particular use. What is trusted may be an
 * intermediate as well, which is. */
static bool has_no_purpose(const struct chain *chain, X509 *certificate)
{
    (void)chain;
    return (X509_get_extension_flags(certificate) & EXFLAG_SI) == 0 ||
           has_no(certificate, NID_ext_key_usage);
}

/* RFC 5280 4.2.1.1: who signed it is told by a key. */
static bool issuer_is_identified(const struct chain *chain, X509 *certificate)
{
    (void)chain;
    return X509_get0_authority_key_id(certificate) != NULL;
}

/* The same of a root, which need not tell, but if it does then itself. */
static bool root_is_identified(const struct chain *chain, X509 *certificate)
{
    bool is_root = (X509_get_extension_flags(certificate) & EXFLAG_SI) != 0;

    return has_no(certificate, NID_authority_key_identifier) ||
           (issuer_is_identified(chain, certificate) &&
               (!is_root ||
                   X509_check_issued(certificate, certificate) == X509_V_OK));
}

/* RFC 5280 4.2.1.11. */
static bool policy_is_critical(const struct chain *chain, X509 *certificate)
{
    (void)chain;
    return has_no(certificate, NID_policy_constraints) ||
           is_critical(certificate, NID_policy_constraints);
}

static bool serial_is_sound(const struct chain *chain, X509 *certificate)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    int n = ASN1_STRING_length(serial);
    const unsigned char *p = ASN1_STRING_get0_data(serial);

    (void)chain;
    /* The encoding of one that begins with a high bit is a byte longer. */
    return n > 0 && n + (p[0] >> 7) <= SERIAL_MAX &&
           ASN1_STRING_type(serial) != V_ASN1_NEG_INTEGER &&
           !(n == 1 && p[0] == 0);
}

/* Every extension that OpenSSL knows the form of has that form. It has looked
 * at the alternative names itself. */
static bool extensions_are_sound(const struct chain *chain, X509 *certificate)
{
    (void)chain;
    if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
        return false;
    }
    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);
        const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
        void *value;

        if (method == NULL || method->ext_nid == NID_subject_alt_name) {
            continue;
        }
        value = X509V3_EXT_d2i(extension);
        if (value == NULL) {
            return false;
        }
        if (method->it != NULL) {
            ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
        } else {
            method->ext_free(value);
        }
    }
    return true;
}

static const struct chain_check checks[] = {
    {"it leads to the gateway's own authority, which vouches for no server",
        COP_REASON_CERT_UNTRUSTED, ON_ALL, is_not_own},
    {"one of its keys is on this gateway's list of revoked keys",
        COP_REASON_CERT_REVOKED, ON_ALL, is_not_revoked},
    {"a key is neither RSA nor elliptic", COP_REASON_CERT_WEAK, ON_ALL,
        chain_key_is_usual},
    {"a key is too weak", COP_REASON_CERT_WEAK, ON_ALL, chain_key_is_strong},
    {"a signature is too weak", COP_REASON_CERT_WEAK, ON_SENT,
        chain_signature_is_strong},
    {"it is not of version 3", COP_REASON_CERT_INVALID, ON_SENT, is_version_3},
    {"the server's certificate is an authority's", COP_REASON_CERT_INVALID,
        ON_LEAF, is_no_authority},
    {"it is not made for this use (extended key usage)",
        COP_REASON_CERT_INVALID, ON_LEAF, is_for_this_use},
    {"a serial number is zero, negative or too long", COP_REASON_CERT_INVALID,
        ON_SENT, serial_is_sound},
    {"an extension is malformed", COP_REASON_CERT_INVALID, ON_SENT,
        extensions_are_sound},
    {"an alternative name is malformed", COP_REASON_CERT_INVALID, ON_LEAF,
        chain_names_are_sound},
    {"a wildcard stands for a whole public suffix", COP_REASON_CERT_INVALID,
        ON_LEAF, chain_wildcards_are_narrow},
    {"the common name spells this host in another way", COP_REASON_CERT_INVALID,
        ON_LEAF, chain_common_name_is_canonical},
    {"the common name is a host that the alternative names are not about",
        COP_REASON_CERT_INVALID, ON_LEAF, chain_common_name_is_related},
    {"the alternative names are critical, and should not be",
        COP_REASON_CERT_INVALID, ON_LEAF, chain_alternatives_fit_subject},
    {"the server's certificate constrains names", COP_REASON_CERT_INVALID,
        ON_LEAF, has_no_constraints},
    {"an authority's name constraints are malformed", COP_REASON_CERT_INVALID,
        ON_ISSUERS, chain_constraints_are_sound},
    {"an authority excludes this name", COP_REASON_CERT_INVALID, ON_ISSUERS,
        chain_constraints_allow_host},
    {"an authority's policy constraints are not critical",
        COP_REASON_CERT_INVALID, ON_MIDDLE, policy_is_critical},
    {"an issuer is not identified by its key", COP_REASON_CERT_INVALID, ON_SENT,
        issuer_is_identified},
    {"a root names another issuer than itself", COP_REASON_CERT_INVALID,
        ON_ROOT, root_is_identified},
    {"a root is limited to some uses", COP_REASON_CERT_INVALID, ON_ROOT,
        has_no_purpose},
};

static int place_of(int i, int n)
{
    if (i == 0) {
        return ON_LEAF;
    }
    return i == n - 1 ? ON_ROOT : ON_MIDDLE;
}

static const struct chain_check *find_flaw(const struct chain *chain)
{
    int n = sk_X509_num(chain->certificates);

    for (size_t k = 0; k < sizeof(checks) / sizeof(checks[0]); k++) {
        for (int i = 0; i < n; i++) {
            if ((checks[k].where & place_of(i, n)) != 0 &&
                !checks[k].holds(
                    chain, sk_X509_value(chain->certificates, i))) {
                return &checks[k];
            }
        }
    }
    return NULL;
}

const struct chain_check *chain_find_flaw(const struct chain *chain)
{
    struct chain named = *chain;
    X509 *leaf = sk_X509_value(chain->certificates, 0);
    const struct chain_check *flaw;

    /* Once for all checks: a leaf may have hundreds. */
    named.names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    flaw = find_flaw(&named);
    GENERAL_NAMES_free(named.names);
    return flaw;
}

#include "gateway/tls/staple.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

enum {
    STAPLE_ANSWERS = 16, /* certificates that one staple may speak of */
    STAPLE_SKEW_S = 300, /* a responder's clock may be ahead so much */
    FEATURE_STATUS = 5   /* status_request (RFC 7633 4.2.3) */
};

struct question {
    X509 *leaf;
    X509 *issuer;
    time_t now;
};

/* A store in which the issuer alone is trusted, at the moment asked about. */
static X509_STORE *store_of(const struct question *question)
{
    X509_STORE *store = X509_STORE_new();

    if (store == NULL) {
        return NULL;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), question->now);
    if (X509_STORE_add_cert(store, question->issuer) != 1 ||
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

/* Signed by the issuer, or by a responder that the issuer signed for it. */
static bool is_signed(OCSP_BASICRESP *basic, const struct question *question)
{
    X509_STORE *store = store_of(question);
    STACK_OF(X509) *issuers = sk_X509_new_null();
    bool is_good = false;

    if (store != NULL && issuers != NULL &&
        sk_X509_push(issuers, question->issuer) > 0) {
        is_good = OCSP_basic_verify(basic, issuers, store, 0) == 1;
    }
    sk_X509_free(issuers);
    X509_STORE_free(store);
    return is_good;
}

/* Whether an answer is about the leaf: its issuer's name and key by whatever
 * hash the responder chose, and its serial number. */
static bool is_about(
    const OCSP_SINGLERESP *single, const struct question *question)
{
    const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
    OCSP_CERTID *copy = OCSP_CERTID_dup(id);
    OCSP_CERTID *ours = NULL;
    ASN1_OBJECT *hash = NULL;
    const EVP_MD *md;
    bool is_same = false;

    if (copy != NULL && OCSP_id_get0_info(NULL, &hash, NULL, NULL, copy) == 1) {
        md = EVP_get_digestbyobj(hash);
        ours = md != NULL
                   ? OCSP_cert_to_id(md, question->leaf, question->issuer)
                   : NULL;
        is_same = ours != NULL && OCSP_id_cmp(ours, copy) == 0;
    }
    OCSP_CERTID_free(ours);
    OCSP_CERTID_free(copy);
    return is_same;
}

/* Neither of the future nor out of date; one without an end counts for
 * nothing, because it could be shown for ever. */
static bool is_current(const ASN1_GENERALIZEDTIME *from,
    const ASN1_GENERALIZEDTIME *until, time_t now)
{
    int begun;

    if (from == NULL || until == NULL) {
        return false;
    }
    /* -2: no time at all. */
    begun = ASN1_TIME_cmp_time_t(from, now + STAPLE_SKEW_S);
    return (begun == -1 || begun == 0) &&
           ASN1_TIME_cmp_time_t(until, now - STAPLE_SKEW_S) >= 0;
}

static enum staple answer_of(
    OCSP_SINGLERESP *single, const struct question *question)
{
    ASN1_GENERALIZEDTIME *from = NULL;
    ASN1_GENERALIZEDTIME *until = NULL;
    int status = OCSP_single_get0_status(single, NULL, NULL, &from, &until);

    if (!is_about(single, question) ||
        !is_current(from, until, question->now)) {
        return STAPLE_ABSENT;
    }
    switch (status) {
    case V_OCSP_CERTSTATUS_GOOD:
        return STAPLE_GOOD;
    case V_OCSP_CERTSTATUS_REVOKED:
        return STAPLE_REVOKED;
    default:
        return STAPLE_ABSENT;
    }
}

/* The worst of what the staple says of the leaf. */
static enum staple judge(OCSP_BASICRESP *basic, const struct question *question)
{
    enum staple found = STAPLE_ABSENT;
    int n = OCSP_resp_count(basic);

    if (n > STAPLE_ANSWERS || !is_signed(basic, question)) {
        return STAPLE_ABSENT;
    }
    for (int i = 0; i < n; i++) {
        enum staple one = answer_of(OCSP_resp_get0(basic, i), question);

        found = one > found ? one : found;
    }
    return found;
}

enum staple staple_read(
    struct cop_slice staple, X509 *leaf, X509 *issuer, int64_t now_unix)
{
    const struct question question = {
        .leaf = leaf, .issuer = issuer, .now = (time_t)now_unix};
    const unsigned char *at = (const unsigned char *)staple.p;
    OCSP_RESPONSE *response = NULL;
    OCSP_BASICRESP *basic = NULL;
    enum staple found = STAPLE_ABSENT;

    if (staple.n > 0 && staple.n <= INT_MAX) {
        response = d2i_OCSP_RESPONSE(NULL, &at, (long)staple.n);
    }
    if (response != NULL &&
        OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        basic = OCSP_response_get1_basic(response);
    }
    if (basic != NULL) {
        found = judge(basic, &question);
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return found;
}

bool staple_is_due(X509 *leaf)
{
    TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
    bool is_due = false;

    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
        is_due |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) ==
                  FEATURE_STATUS;
    }
    TLS_FEATURE_free(features);
    return is_due;
}

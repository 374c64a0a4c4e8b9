#include "gateway/tls/verify.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "gateway/tls/chain.h"

enum {
    VERIFY_SENT = 32, /* certificates a server may send */
    VERIFY_TURNS = 4, /* other chains tried when one fails */
    VERIFY_LEVEL = 2  /* RSA 2048, 224-bit curves, no SHA-1 */
};

struct attempt {
    const struct trust *trust;
    const struct cop_host *host; /* NULL: it is a client's */
    X509 *leaf;
    STACK_OF(X509) * sent; /* own list, others' certificates; may be NULL */
    int64_t now_unix;
};

struct meaning {
    int error;
    enum cop_reason reason;
};

/* What is not here is CERT_INVALID. */
static const struct meaning meanings[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, COP_REASON_CERT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, COP_REASON_CERT_EXPIRED},
    {X509_V_ERR_HOSTNAME_MISMATCH, COP_REASON_CERT_HOST},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, COP_REASON_CERT_HOST},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, COP_REASON_CERT_SELF_SIGNED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, COP_REASON_CERT_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, COP_REASON_CERT_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, COP_REASON_CERT_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, COP_REASON_CERT_UNTRUSTED},
    {X509_V_ERR_CERT_UNTRUSTED, COP_REASON_CERT_UNTRUSTED},
    {X509_V_ERR_CERT_REJECTED, COP_REASON_CERT_UNTRUSTED},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, COP_REASON_CERT_UNTRUSTED},
    {X509_V_ERR_EE_KEY_TOO_SMALL, COP_REASON_CERT_WEAK},
    {X509_V_ERR_CA_KEY_TOO_SMALL, COP_REASON_CERT_WEAK},
    {X509_V_ERR_CA_MD_TOO_WEAK, COP_REASON_CERT_WEAK},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, COP_REASON_CERT_WEAK},
    {X509_V_ERR_CERT_REVOKED, COP_REASON_CERT_REVOKED},
    {X509_V_ERR_OUT_OF_MEM, COP_REASON_MEMORY},
};

static enum cop_reason reason_of(int error)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].error == error) {
            return meanings[i].reason;
        }
    }
    return COP_REASON_CERT_INVALID;
}

void verdict_set(
    struct verdict *out, enum cop_reason reason, int error, const char *words)
{
    out->reason = reason;
    out->error = error;
    (void)snprintf(out->detail, sizeof(out->detail), "%s", words);
}

/* What OpenSSL finds fault with and we do not.
 *  - A certificate is valid in its last second too (RFC 5280 4.1.2.5).
 *  - A revocation list is used where there is one, and an old one still says
 *    what was revoked; its absence is no reason to refuse (docs/tls.md). */
static int forgive(int ok, X509_STORE_CTX *context)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    time_t now = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(context));
    bool is_fine = false;

    if (ok != 0) {
        return ok;
    }
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        is_fine =
            certificate != NULL &&
            ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), now) == 0;
        break;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
        is_fine = true;
        break;
    default:
        break;
    }
    if (is_fine) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
    }
    return is_fine ? 1 : 0;
}

static bool set_host(X509_VERIFY_PARAM *how, const struct cop_host *host)
{
    if (host == NULL) {
        return true;
    }
    X509_VERIFY_PARAM_set_hostflags(
        how, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                 X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    switch (host->kind) {
    case COP_HOST_NAME:
        return X509_VERIFY_PARAM_set1_host(how, host->text, host->n) == 1;
    case COP_HOST_IPV4:
        return X509_VERIFY_PARAM_set1_ip(how, host->addr, 4) == 1;
    case COP_HOST_IPV6:
        return X509_VERIFY_PARAM_set1_ip(how, host->addr, 16) == 1;
    }
    return false;
}

static bool set_strictness(
    X509_STORE_CTX *context, const struct attempt *attempt)
{
    X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(context);
    bool is_client = attempt->host == NULL;
    unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST |
                          X509_V_FLAG_PARTIAL_CHAIN;

    if (attempt->trust->has_lists) {
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    }
    X509_STORE_CTX_set_verify_cb(context, forgive);
    X509_VERIFY_PARAM_set_time(how, (time_t)attempt->now_unix);
    X509_VERIFY_PARAM_set_depth(how, (int)attempt->trust->between_max);
    X509_VERIFY_PARAM_set_auth_level(how, VERIFY_LEVEL);
    return X509_VERIFY_PARAM_set_flags(how, flags) == 1 &&
           X509_VERIFY_PARAM_set_purpose(how,
               is_client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER) ==
               1 &&
           X509_VERIFY_PARAM_set_trust(how,
               is_client ? X509_TRUST_SSL_CLIENT : X509_TRUST_SSL_SERVER) ==
               1 &&
           set_host(how, attempt->host);
}

/* When the first certificate of the chain stops being valid. */
static int64_t chain_until(STACK_OF(X509) * certificates)
{
    int64_t until = INT64_MAX;

    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);
        struct tm parts = {0};

        if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1 &&
            timegm(&parts) < until) {
            until = timegm(&parts);
        }
    }
    return until;
}

/* The chain is sound; is it one that a browser would take? */
static void verify_rest(
    const struct attempt *attempt, X509_STORE_CTX *context, struct verdict *out)
{
    struct chain chain = {.certificates = X509_STORE_CTX_get0_chain(context),
        .host = attempt->host,
        .own = attempt->trust->own,
        .revoked = &attempt->trust->revoked};
    const struct chain_check *flaw = chain_find_flaw(&chain);

    out->until_unix = chain_until(chain.certificates);
    if (flaw != NULL) {
        verdict_set(out, flaw->reason, X509_V_ERR_APPLICATION_VERIFICATION,
            flaw->words);
        return;
    }
    /* One that is trusted itself stands for its issuer. */
    out->issuer = sk_X509_value(
        chain.certificates, sk_X509_num(chain.certificates) > 1 ? 1 : 0);
    (void)X509_up_ref(out->issuer);
}

/* The last certificate of the chain that came from the server, or NULL when
 * that is the leaf itself. */
static X509 *last_sent(X509_STORE_CTX *context)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    int last = X509_STORE_CTX_get_num_untrusted(context) - 1;

    return chain != NULL && last > 0 ? sk_X509_value(chain, last) : NULL;
}

/* Build and check one chain. *blamed gets the certificate without which
 * another chain may be found; valid as long as attempt->sent. */
static void verify_once(
    const struct attempt *attempt, struct verdict *out, X509 **blamed)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    *out = (struct verdict){.reason = COP_REASON_NONE, .error = X509_V_OK};
    *blamed = NULL;
    if (context == NULL ||
        X509_STORE_CTX_init(context, attempt->trust->roots, attempt->leaf,
            attempt->sent) != 1 ||
        !set_strictness(context, attempt)) {
        verdict_set(out, COP_REASON_MEMORY, X509_V_ERR_OUT_OF_MEM,
            "out of memory while the certificate was checked");
    } else if (X509_verify_cert(context) != 1) {
        int error = X509_STORE_CTX_get_error(context);

        error = error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error;
        verdict_set(
            out, reason_of(error), error, X509_verify_cert_error_string(error));
        *blamed = last_sent(context);
    } else {
        verify_rest(attempt, context, out);
    }
    X509_STORE_CTX_free(context);
    ERR_clear_error();
}

/* OpenSSL builds one chain and does not turn back. Where the server sent two
 * certificates of one authority, leave the one that led astray out and look
 * again; what is told in the end is what was wrong at first. */
static void verify_other_ways(
    struct attempt *attempt, X509 *blamed, struct verdict *out)
{
    struct verdict again;

    for (int i = 0; i < VERIFY_TURNS && blamed != NULL; i++) {
        (void)sk_X509_delete_ptr(attempt->sent, blamed);
        verify_once(attempt, &again, &blamed);
        if (again.reason == COP_REASON_NONE) {
            *out = again;
            return;
        }
    }
}

static void verify(
    struct attempt *attempt, STACK_OF(X509) * sent, struct verdict *out)
{
    X509 *blamed;

    if (sent != NULL && sk_X509_num(sent) > VERIFY_SENT) {
        *out = (struct verdict){.until_unix = 0};
        verdict_set(out, COP_REASON_CERT_INVALID,
            X509_V_ERR_CERT_CHAIN_TOO_LONG, "too many certificates were sent");
        return;
    }
    attempt->sent = sent != NULL ? sk_X509_dup(sent) : NULL;
    verify_once(attempt, out, &blamed);
    if (out->reason != COP_REASON_NONE && attempt->sent != NULL) {
        verify_other_ways(attempt, blamed, out);
    }
    sk_X509_free(attempt->sent);
}

void verify_server(const struct trust *trust, const struct cop_host *host,
    X509 *leaf, STACK_OF(X509) * sent, int64_t now_unix, struct verdict *out)
{
    struct attempt attempt = {
        .trust = trust, .host = host, .leaf = leaf, .now_unix = now_unix};

    verify(&attempt, sent, out);
}

void verify_client(const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent,
    int64_t now_unix, struct verdict *out)
{
    struct attempt attempt = {
        .trust = trust, .leaf = leaf, .now_unix = now_unix};

    verify(&attempt, sent, out);
}

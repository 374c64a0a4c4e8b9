/* TLS towards servers: whom to trust, and the sessions that may be resumed.
 *
 * Sessions belong to one tls_client and so to one set of trusted roots; within
 * it a session is offered only to the host and port it was made with. One goes
 * when its certificates do, and at the latest a day after they were verified,
 * however often it was resumed in between. */
#include "gateway/tls/wire_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "gateway/config/config.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/built.h"
#include "gateway/tls/staple.h"

enum {
    SESSIONS_MAX = 512,
    SESSION_MAX_S = 86400,
    CERTIFICATES_MAX = 128 * 1024 /* bytes that a server may send of them */
};

struct session {
    struct lru_entry entry;
    SSL_SESSION *session;
    int64_t until_unix;
    char key[SESSION_KEY_MAX];
};

static struct session *session_of(struct lru_entry *entry)
{
    return LOOP_OWNER(entry, struct session, entry);
}

static void session_free(struct session *session)
{
    SSL_SESSION_free(session->session);
    free(session);
}

static struct session *session_find(struct tls_client *client, const char *key)
{
    struct lru_entry *entry = lru_find(&client->sessions, cop_slice_of(key));

    return entry != NULL ? session_of(entry) : NULL;
}

static void session_forget(struct tls_client *client, struct session *session)
{
    lru_remove(&client->sessions, &session->entry);
    session_free(session);
}

/* The library made a session. 1: it is ours to free now. */
static int session_keep(SSL *ssl, SSL_SESSION *made)
{
    const struct wire_tls *tls = SSL_get_app_data(ssl);
    struct session *session = session_find(tls->client, tls->key);
    struct lru_entry *gone;

    if (session != NULL) {
        session_forget(tls->client, session);
    }
    session = calloc(1, sizeof(*session));
    if (session == NULL) {
        return 0;
    }
    memcpy(session->key, tls->key, sizeof(session->key));
    session->entry.key = cop_slice_of(session->key);
    session->session = made;
    session->until_unix = tls->until_unix;
    gone = lru_put(&tls->client->sessions, &session->entry);
    if (gone != NULL) {
        session_free(session_of(gone));
    }
    return 1;
}

void tls_client_resume(struct tls_client *client, struct wire_tls *tls)
{
    struct session *session = session_find(client, tls->key);
    int64_t now = time(NULL);

    if (session == NULL) {
        return;
    }
    if (session->until_unix <= now || built_is_after(now) ||
        SSL_SESSION_is_resumable(session->session) != 1 ||
        SSL_set_session(tls->ssl, session->session) != 1) {
        session_forget(client, session);
        return;
    }
    tls->until_unix = session->until_unix;
}

/* In place of the library's own verification. */
static int verify_peer(X509_STORE_CTX *context, void *ours)
{
    const struct tls_client *client = ours;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(
        context, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct wire_tls *tls = SSL_get_app_data(ssl);
    int64_t now = time(NULL);

    if (built_is_after(now)) {
        verdict_set(&tls->verdict, COP_REASON_CLOCK,
            X509_V_ERR_CERT_NOT_YET_VALID,
            "no certificate can be judged by this machine's clock");
    } else {
        verify_server(client->trust, &tls->host,
            X509_STORE_CTX_get0_cert(context),
            X509_STORE_CTX_get0_untrusted(context), now, &tls->verdict);
    }
    X509_STORE_CTX_set_error(context, tls->verdict.error);
    tls->until_unix = now + SESSION_MAX_S;
    if (tls->verdict.until_unix < tls->until_unix) {
        tls->until_unix = tls->verdict.until_unix;
    }
    return tls->verdict.reason == COP_REASON_NONE ? 1 : 0;
}

/* The server asks for a certificate: there is none. 0: go on without. */
static int refuse_certificate(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
    struct wire_tls *tls = SSL_get_app_data(ssl);

    (void)certificate;
    (void)key;
    tls->was_asked = true;
    return 0;
}

static struct cop_slice staple_of(SSL *ssl)
{
    const unsigned char *staple = NULL;
    long n = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);

    return (struct cop_slice){(const char *)staple, n > 0 ? (size_t)n : 0};
}

/* The server's flight is whole, with a staple or without. 0 refuses it. A
 * resumed session has no certificate that could be asked about. */
static int judge_staple(SSL *ssl, void *ours)
{
    struct wire_tls *tls = SSL_get_app_data(ssl);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    enum staple staple;

    (void)ours;
    if (tls->verdict.issuer == NULL || leaf == NULL) {
        return 1;
    }
    staple = staple_read(staple_of(ssl), leaf, tls->verdict.issuer, time(NULL));
    if (staple == STAPLE_REVOKED) {
        verdict_set(&tls->verdict, COP_REASON_CERT_REVOKED,
            X509_V_ERR_CERT_REVOKED, "its authority has revoked it");
    } else if (staple == STAPLE_ABSENT && staple_is_due(leaf)) {
        verdict_set(&tls->verdict, COP_REASON_CERT_INVALID,
            X509_V_ERR_APPLICATION_VERIFICATION,
            "it promises its authority's word (OCSP staple), which is missing");
    }
    return tls->verdict.reason == COP_REASON_NONE ? 1 : 0;
}

static bool client_set_up(struct tls_client *client)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    client->context = context;
    client->method = wire_bio_method_new();
    if (context == NULL || client->method == NULL ||
        !tls_context_set_usual(context)) {
        return false;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify_peer, client);
    SSL_CTX_set_client_cert_cb(context, refuse_certificate);
    (void)SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
    (void)SSL_CTX_set_tlsext_status_cb(context, judge_staple);
    SSL_CTX_set_max_cert_list(context, CERTIFICATES_MAX);
    (void)SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, session_keep);
    return SSL_CTX_set1_sigalgs_list(context,
               "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:"
               "ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:"
               "ECDSA+SHA512:RSA-PSS+SHA512:RSA+SHA512") == 1 &&
           SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols) - 1) ==
               0;
}

static enum cop_status client_finish(
    enum cop_status status, struct tls_client *client, struct tls_client **out)
{
    if (status == COP_OK && !client_set_up(client)) {
        status = COP_E_NOMEM;
    }
    ERR_clear_error();
    if (status != COP_OK) {
        tls_client_drop(&client);
        return status;
    }
    *out = client;
    return COP_OK;
}

static struct tls_client *client_begin(void)
{
    struct tls_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        return NULL;
    }
    client->references = 1;
    if (lru_init(&client->sessions, SESSIONS_MAX) != COP_OK) {
        tls_client_drop(&client);
    }
    return client;
}

enum cop_status tls_client_from_text(const struct trust_texts *texts,
    struct cop_report *report, struct tls_client **out)
{
    struct tls_client *client = client_begin();

    if (client == NULL) {
        return COP_E_NOMEM;
    }
    return client_finish(
        trust_from_text(texts, report, &client->trust), client, out);
}

enum cop_status tls_client_trust(
    const struct config *config, struct cop_report *report, struct buf *out)
{
    return trust_gather(config->trust_file, report, out);
}

struct tls_client *tls_client_hold(struct tls_client *client)
{
    client->references++;
    return client;
}

void tls_client_drop(struct tls_client **client)
{
    struct tls_client *it = *client;

    *client = NULL;
    if (it == NULL || --it->references > 0) {
        return;
    }
    while (it->sessions.newest != NULL) {
        session_forget(it, session_of(it->sessions.newest));
    }
    lru_fini(&it->sessions);
    SSL_CTX_free(it->context);
    BIO_meth_free(it->method);
    trust_free(&it->trust);
    free(it);
}

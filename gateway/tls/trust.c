#include "gateway/tls/trust.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

static enum cop_status trust_refuse(
    struct cop_report *report, const char *file, const char *what)
{
    ERR_clear_error();
    cop_report_at(report, COP_ERROR, "trust", file, 0, 0,
        "give a readable file of PEM certificates "
        "(\"-----BEGIN CERTIFICATE-----\")",
        "%s", what);
    return COP_E_IO;
}

/* Where OpenSSL looks, unless the environment says otherwise. */
static const char *setting(const char *variable, const char *usual)
{
    const char *value = secure_getenv(variable);

    return value != NULL ? value : usual;
}

/* The names that c_rehash and update-ca-certificates give: "5ed36f99.0". */
static bool name_is_hash(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
           strspn(name + 9, "0123456789") == strlen(name + 9) &&
           name[9] != '\0';
}

static void load_folder(X509_STORE *store, const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (folder == NULL) {
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        char file[PATH_MAX];
        int n = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);

        if (n > 0 && (size_t)n < sizeof(file) && name_is_hash(entry->d_name)) {
            (void)X509_STORE_load_file(store, file);
        }
    }
    (void)closedir(folder);
    ERR_clear_error();
}

static void load_system(X509_STORE *store)
{
    const char *file =
        setting(X509_get_default_cert_file_env(), X509_get_default_cert_file());
    const char *folder =
        setting(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());

    (void)X509_STORE_load_file(store, file);
    load_folder(store, folder);
}

/* Count what was read. False: a revocation list without a number, which RFC
 * 5280 5.2.3 demands. */
static bool trust_count(struct trust *trust)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(trust->roots);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
        const X509_CRL *list = X509_OBJECT_get0_X509_CRL(object);

        if (list == NULL) {
            trust->roots_n++;
        } else if (X509_CRL_get_ext_by_NID(list, NID_crl_number, -1) < 0) {
            return false;
        } else {
            trust->has_lists = true;
        }
    }
    return true;
}

static enum cop_status load_roots(
    struct trust *trust, const char *file, struct cop_report *report)
{
    trust->roots = X509_STORE_new();
    if (trust->roots == NULL) {
        return COP_E_NOMEM;
    }
    if (file == NULL) {
        load_system(trust->roots);
    } else if (X509_STORE_load_file(trust->roots, file) != 1) {
        return trust_refuse(
            report, file, "the certificates to trust cannot be read");
    }
    if (!trust_count(trust)) {
        return trust_refuse(
            report, file, "a revocation list in it has no number");
    }
    if (trust->roots_n == 0) {
        return trust_refuse(
            report, file, "there is no certificate to trust servers by");
    }
    return COP_OK;
}

static BIO *memory_of(struct cop_slice text)
{
    return text.n > INT_MAX ? NULL : BIO_new_mem_buf(text.p, (int)text.n);
}

/* The key of the gateway's own authority. */
static enum cop_status load_own(struct trust *trust, struct cop_slice text,
    const char *file, struct cop_report *report)
{
    BIO *input = memory_of(text);
    X509 *certificate =
        input != NULL ? PEM_read_bio_X509(input, NULL, NULL, NULL) : NULL;

    trust->own = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    BIO_free(input);
    if (trust->own == NULL) {
        return trust_refuse(report, file,
            "the certificate of the gateway's authority cannot be read");
    }
    return COP_OK;
}

/* Hand a trust that was read out, or free one that could not be. */
static enum cop_status trust_finish(
    enum cop_status status, struct trust *trust, struct trust **out)
{
    ERR_clear_error();
    if (status != COP_OK) {
        trust_free(&trust);
        return status;
    }
    *out = trust;
    return COP_OK;
}

static bool gather_object(X509_OBJECT *object, BIO *to)
{
    X509 *certificate = X509_OBJECT_get0_X509(object);
    X509_CRL *list = X509_OBJECT_get0_X509_CRL(object);

    if (certificate != NULL) {
        return PEM_write_bio_X509(to, certificate) == 1;
    }
    return list == NULL || PEM_write_bio_X509_CRL(to, list) == 1;
}

enum cop_status trust_gather(
    const char *file, struct cop_report *report, struct buf *out)
{
    struct trust trust = {0};
    enum cop_status status = load_roots(&trust, file, report);
    BIO *memory = BIO_new(BIO_s_mem());
    STACK_OF(X509_OBJECT) *objects = NULL;
    char *text = NULL;
    long n;

    if (status == COP_OK && memory != NULL) {
        objects = X509_STORE_get0_objects(trust.roots);
    }
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        if (!gather_object(sk_X509_OBJECT_value(objects, i), memory)) {
            status = COP_E_NOMEM;
        }
    }
    if (memory == NULL) {
        status = COP_E_NOMEM;
    }
    if (status == COP_OK) {
        n = BIO_get_mem_data(memory, &text);
        buf_add(out, text, (size_t)n);
        status = out->failed ? COP_E_NOMEM : COP_OK;
    }
    BIO_free(memory);
    X509_STORE_free(trust.roots);
    ERR_clear_error();
    return status;
}

static bool store_add_text(X509_STORE *store, struct cop_slice text)
{
    BIO *input = memory_of(text);
    STACK_OF(X509_INFO) *items =
        input != NULL ? PEM_X509_INFO_read_bio(input, NULL, NULL, NULL) : NULL;
    bool is_good = items != NULL;

    for (int i = 0; is_good && i < sk_X509_INFO_num(items); i++) {
        const X509_INFO *item = sk_X509_INFO_value(items, i);

        if (item->x509 != NULL) {
            is_good = X509_STORE_add_cert(store, item->x509) == 1;
        }
        if (is_good && item->crl != NULL) {
            is_good = X509_STORE_add_crl(store, item->crl) == 1;
        }
    }
    sk_X509_INFO_pop_free(items, X509_INFO_free);
    BIO_free(input);
    return is_good;
}

static enum cop_status load_roots_text(
    struct trust *trust, struct cop_slice text, struct cop_report *report)
{
    trust->roots = X509_STORE_new();
    if (trust->roots == NULL) {
        return COP_E_NOMEM;
    }
    if (!store_add_text(trust->roots, text) || !trust_count(trust) ||
        trust->roots_n == 0) {
        return trust_refuse(
            report, NULL, "there is no certificate to trust servers by");
    }
    return COP_OK;
}

enum cop_status trust_from_text(const struct trust_texts *texts,
    struct cop_report *report, struct trust **out)
{
    struct trust *trust = calloc(1, sizeof(*trust));
    enum cop_status status;

    if (trust == NULL) {
        return COP_E_NOMEM;
    }
    trust->between_max = texts->between_max;
    status = load_roots_text(trust, texts->roots, report);
    if (status == COP_OK && texts->own.n > 0) {
        status = load_own(trust, texts->own, texts->own_file, report);
    }
    if (status == COP_OK && texts->revoked.n > 0) {
        status = revoked_read(
            texts->revoked, texts->revoked_file, report, &trust->revoked);
        status = status == COP_E_SYNTAX ? COP_E_IO : status;
    }
    return trust_finish(status, trust, out);
}

void trust_free(struct trust **trust)
{
    if (*trust == NULL) {
        return;
    }
    X509_STORE_free((*trust)->roots);
    EVP_PKEY_free((*trust)->own);
    revoked_fini(&(*trust)->revoked);
    free(*trust);
    *trust = NULL;
}

#include "gateway/tls/ca.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "gateway/tls/ca_internal.h"

enum {
    CA_DAYS = 3650,
    CA_NAME_MAX = 64, /* ub-common-name, RFC 5280 */
    /* scrypt (RFC 7914): 16 MiB and some 50 ms for each guess. */
    SCRYPT_N = 16384,
    SCRYPT_R = 8,
    SCRYPT_P = 1
};

static const int64_t day_s = 86400;

/* Reporting. */

static void ca_report(struct cop_report *report, const char *file,
    const char *what, const char *todo)
{
    struct cop_finding finding = {.severity = COP_ERROR,
        .code = "ca",
        .file = file,
        .what = what,
        .todo = todo};

    cop_report_emit(report, &finding);
}

enum cop_status ca_refuse(struct cop_report *report, const char *file,
    enum cop_status status, const char *what, const char *todo)
{
    ERR_clear_error();
    ca_report(report, file, what, todo);
    return status;
}

/* Parts of certificates. */

bool ca_set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool done =
        number != NULL && X509_set_version(certificate, X509_VERSION_3) == 1;

    do {
        done = done &&
               BN_rand(number, 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1;
    } while (done && BN_is_zero(number));
    done = done && BN_to_ASN1_INTEGER(
                       number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

bool ca_set_validity(X509 *certificate, int64_t from, int64_t until)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from) !=
               NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)until) !=
               NULL;
}

bool ca_set_extension(X509 *certificate, int nid, void *value, bool critical)
{
    return value != NULL && X509_add1_ext_i2d(certificate, nid, value,
                                critical ? 1 : 0, X509V3_ADD_APPEND) == 1;
}

bool ca_set_key_id(X509 *certificate)
{
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool done =
        id != NULL &&
        X509_pubkey_digest(certificate, EVP_sha1(), digest, &n) == 1 &&
        ASN1_OCTET_STRING_set(id, digest, (int)n) == 1 &&
        ca_set_extension(certificate, NID_subject_key_identifier, id, false);

    ASN1_OCTET_STRING_free(id);
    return done;
}

bool ca_set_usage(X509 *certificate, const int *bits, size_t bits_n)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    bool done = usage != NULL;

    for (size_t i = 0; i < bits_n; i++) {
        done = done && ASN1_BIT_STRING_set_bit(usage, bits[i], 1) == 1;
    }
    done = done && ca_set_extension(certificate, NID_key_usage, usage, true);
    ASN1_BIT_STRING_free(usage);
    return done;
}

/* CA:TRUE with no authority below it. */
static bool ca_set_constraints(X509 *certificate)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool done = constraints != NULL;

    if (done) {
        constraints->ca = 0xff;
        constraints->pathlen = ASN1_INTEGER_new();
        done = constraints->pathlen != NULL &&
               ASN1_INTEGER_set(constraints->pathlen, 0) == 1 &&
               ca_set_extension(
                   certificate, NID_basic_constraints, constraints, true);
    }
    BASIC_CONSTRAINTS_free(constraints);
    return done;
}

/* Making. */

static GENERAL_SUBTREE *subtree_new(const char *name)
{
    GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();
    ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_IA5STRING);

    if (subtree == NULL || value == NULL ||
        ASN1_STRING_set(value, name, -1) != 1) {
        ASN1_STRING_free(value);
        GENERAL_SUBTREE_free(subtree);
        return NULL;
    }
    GENERAL_NAME_set0_value(subtree->base, GEN_DNS, value);
    return subtree;
}

/* Names that this authority can vouch for in nobody's eyes (RFC 5280
 * 4.2.1.10): each and all below it. */
static bool ca_set_excluded(X509 *root, const struct ca_wish *wish)
{
    NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
    bool done = constraints != NULL;

    if (done) {
        constraints->excludedSubtrees = sk_GENERAL_SUBTREE_new_null();
        done = constraints->excludedSubtrees != NULL;
    }
    for (uint32_t i = 0; done && i < wish->excluded_n; i++) {
        GENERAL_SUBTREE *subtree = subtree_new(wish->excluded[i]);

        done =
            subtree != NULL &&
            sk_GENERAL_SUBTREE_push(constraints->excludedSubtrees, subtree) > 0;
        if (!done) {
            GENERAL_SUBTREE_free(subtree);
        }
    }
    done =
        done && ca_set_extension(root, NID_name_constraints, constraints, true);
    NAME_CONSTRAINTS_free(constraints);
    return done;
}

static X509 *root_new(
    EVP_PKEY *key, const struct ca_wish *wish, int64_t now_unix)
{
    static const int usage[] = {5, 6}; /* keyCertSign, cRLSign */
    X509 *root = X509_new();
    X509_NAME *subject = root != NULL ? X509_get_subject_name(root) : NULL;
    bool done =
        root != NULL && ca_set_serial(root) &&
        ca_set_validity(
            root, now_unix - day_s, now_unix + (CA_DAYS - 1) * day_s - 1) &&
        X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
            (const unsigned char *)wish->name, -1, -1, 0) == 1 &&
        X509_set_issuer_name(root, subject) == 1 &&
        X509_set_pubkey(root, key) == 1 && ca_set_constraints(root) &&
        ca_set_usage(root, usage, 2) && ca_set_key_id(root) &&
        (wish->excluded_n == 0 || ca_set_excluded(root, wish)) &&
        X509_sign(root, key, EVP_sha256()) > 0;

    if (!done) {
        X509_free(root);
        return NULL;
    }
    return root;
}

struct output {
    const char *name;
    mode_t mode;
    BIO *content;
    bool is_written;
    char path[PATH_MAX];
};

enum { OUTPUT_KEY, OUTPUT_CRT, OUTPUT_DER, OUTPUTS };

/* PKCS #8, encrypted where there is a passphrase (RFC 8018). */
static bool write_key(BIO *to, EVP_PKEY *key, struct cop_slice passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain;
    X509_ALGOR *way;
    X509_SIG *closed;
    bool done;

    if (passphrase.n == 0) {
        return PEM_write_bio_PKCS8PrivateKey(
                   to, key, NULL, NULL, 0, NULL, NULL) == 1;
    }
    plain = EVP_PKEY2PKCS8(key);
    way = PKCS5_pbe2_set_scrypt(
        EVP_aes_256_cbc(), NULL, 0, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
    closed = plain != NULL && way != NULL
                 ? PKCS8_set0_pbe(passphrase.p, (int)passphrase.n, plain, way)
                 : NULL;
    if (closed == NULL) {
        X509_ALGOR_free(way);
    }
    done = closed != NULL && PEM_write_bio_PKCS8(to, closed) == 1;
    X509_SIG_free(closed);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return done;
}

static bool outputs_fill(struct output *outputs, EVP_PKEY *key,
    const struct ca_wish *wish, int64_t now_unix)
{
    X509 *root = root_new(key, wish, now_unix);
    bool done = root != NULL;

    for (int i = 0; i < OUTPUTS; i++) {
        outputs[i].content =
            BIO_new(i == OUTPUT_KEY ? BIO_s_secmem() : BIO_s_mem());
        done = done && outputs[i].content != NULL;
    }
    done = done &&
           write_key(outputs[OUTPUT_KEY].content, key, wish->passphrase) &&
           PEM_write_bio_X509(outputs[OUTPUT_CRT].content, root) == 1 &&
           i2d_X509_bio(outputs[OUTPUT_DER].content, root) == 1;
    X509_free(root);
    return done;
}

static bool write_whole(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        p += done;
        n -= (size_t)done;
    }
    return fsync(fd) == 0;
}

static enum cop_status output_write(
    struct output *output, struct cop_report *report)
{
    char *bytes;
    long n = BIO_get_mem_data(output->content, &bytes);
    int fd = open(
        output->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, output->mode);
    bool done;

    if (fd < 0) {
        bool exists = errno == EEXIST;

        ca_report(report, output->path,
            exists ? "the file exists already" : strerror(errno),
            exists ? "move it away if you really want another authority: every "
                     "client must then trust the new one"
                   : "give a folder that can be written to");
        return exists ? COP_E_CONFLICT : COP_E_IO;
    }
    output->is_written = true;
    /* The umask must neither widen nor narrow what is asked. */
    done = fchmod(fd, output->mode) == 0 && write_whole(fd, bytes, (size_t)n);
    if (close(fd) != 0 || !done) {
        ca_report(report, output->path, strerror(errno),
            "make room on the disk and try again");
        return COP_E_IO;
    }
    return COP_OK;
}

static bool outputs_name(struct output *outputs, const char *folder)
{
    for (int i = 0; i < OUTPUTS; i++) {
        int n = snprintf(outputs[i].path, sizeof(outputs[i].path), "%s/%s",
            folder, outputs[i].name);

        if (n < 0 || (size_t)n >= sizeof(outputs[i].path)) {
            return false;
        }
    }
    return true;
}

/* All three or none: what was written is taken back when one fails. */
static enum cop_status outputs_write(
    struct output *outputs, struct cop_report *report)
{
    enum cop_status status = COP_OK;

    for (int i = 0; i < OUTPUTS && status == COP_OK; i++) {
        status = output_write(&outputs[i], report);
    }
    for (int i = 0; i < OUTPUTS && status != COP_OK; i++) {
        if (outputs[i].is_written) {
            (void)unlink(outputs[i].path);
        }
    }
    return status;
}

static enum cop_status wish_check(
    const struct ca_wish *wish, struct cop_report *report)
{
    size_t name_n = strlen(wish->name);

    if (name_n == 0 || name_n > CA_NAME_MAX) {
        return ca_refuse(report, NULL, COP_E_LIMIT,
            "the authority's name is empty or longer than 64 bytes",
            "choose a name that people recognise in a list of authorities");
    }
    for (uint32_t i = 0; i < wish->excluded_n; i++) {
        struct cop_host host;

        if (cop_host_parse(cop_slice_of(wish->excluded[i]), &host) != COP_OK ||
            host.kind != COP_HOST_NAME ||
            strcmp(host.text, wish->excluded[i]) != 0) {
            return ca_refuse(report, wish->excluded[i], COP_E_SYNTAX,
                "this is no host name in lower case without a final dot",
                "write names as bank.example; those below are meant too");
        }
    }
    return COP_OK;
}

enum cop_status ca_create(
    const struct ca_wish *wish, int64_t now_unix, struct cop_report *report)
{
    struct output outputs[OUTPUTS] = {
        {.name = "ca.key", .mode = 0400},
        {.name = "ca.crt", .mode = 0444},
        {.name = "ca.der", .mode = 0444},
    };
    EVP_PKEY *key;
    enum cop_status status = wish_check(wish, report);

    if (status != COP_OK) {
        return status;
    }
    if (!outputs_name(outputs, wish->folder)) {
        return ca_refuse(report, wish->folder, COP_E_IO, "the path is too long",
            "choose another folder");
    }
    key = EVP_EC_gen("P-256");
    if (key == NULL || !outputs_fill(outputs, key, wish, now_unix)) {
        status = ca_refuse(report, NULL, COP_E_NOMEM,
            "the certificate could not be made", NULL);
    } else {
        status = outputs_write(outputs, report);
    }
    for (int i = 0; i < OUTPUTS; i++) {
        BIO_free(outputs[i].content);
    }
    EVP_PKEY_free(key);
    return status;
}

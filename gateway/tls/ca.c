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
#include <openssl/x509v3.h>

#include "gateway/tls/ca_internal.h"

enum { CA_DAYS = 3650, CA_NAME_MAX = 64 /* ub-common-name, RFC 5280 */ };

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

static enum cop_status ca_refuse(struct cop_report *report, const char *file,
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

static X509 *root_new(EVP_PKEY *key, const char *name, int64_t now_unix)
{
    static const int usage[] = {5, 6}; /* keyCertSign, cRLSign */
    X509 *root = X509_new();
    X509_NAME *subject = root != NULL ? X509_get_subject_name(root) : NULL;
    bool done =
        root != NULL && ca_set_serial(root) &&
        ca_set_validity(
            root, now_unix - day_s, now_unix + (CA_DAYS - 1) * day_s - 1) &&
        X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
            (const unsigned char *)name, -1, -1, 0) == 1 &&
        X509_set_issuer_name(root, subject) == 1 &&
        X509_set_pubkey(root, key) == 1 && ca_set_constraints(root) &&
        ca_set_usage(root, usage, 2) && ca_set_key_id(root) &&
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

static bool outputs_fill(
    struct output *outputs, EVP_PKEY *key, const char *name, int64_t now_unix)
{
    X509 *root = root_new(key, name, now_unix);
    bool done = root != NULL;

    for (int i = 0; i < OUTPUTS; i++) {
        outputs[i].content =
            BIO_new(i == OUTPUT_KEY ? BIO_s_secmem() : BIO_s_mem());
        done = done && outputs[i].content != NULL;
    }
    done = done &&
           PEM_write_bio_PKCS8PrivateKey(outputs[OUTPUT_KEY].content, key, NULL,
               NULL, 0, NULL, NULL) == 1 &&
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

enum cop_status ca_create(const char *folder, const char *name,
    int64_t now_unix, struct cop_report *report)
{
    struct output outputs[OUTPUTS] = {
        {.name = "ca.key", .mode = 0400},
        {.name = "ca.crt", .mode = 0444},
        {.name = "ca.der", .mode = 0444},
    };
    size_t name_n = strlen(name);
    EVP_PKEY *key;
    enum cop_status status;

    if (name_n == 0 || name_n > CA_NAME_MAX) {
        return ca_refuse(report, NULL, COP_E_LIMIT,
            "the authority's name is empty or longer than 64 bytes",
            "choose a name that people recognise in a list of authorities");
    }
    if (!outputs_name(outputs, folder)) {
        return ca_refuse(report, folder, COP_E_IO, "the path is too long",
            "choose another folder");
    }
    key = EVP_EC_gen("P-256");
    if (key == NULL || !outputs_fill(outputs, key, name, now_unix)) {
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

/* Loading. */

/* There is nobody to ask for a passphrase. */
static int no_passphrase(char *buf, int size, int is_write, void *context)
{
    (void)buf;
    (void)size;
    (void)is_write;
    *(bool *)context = true;
    return -1;
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

static EVP_PKEY *read_key(struct cop_slice pem, bool *is_encrypted)
{
    BIO *memory = memory_of(pem);
    EVP_PKEY *key = memory != NULL ? PEM_read_bio_PrivateKey(memory, NULL,
                                         no_passphrase, is_encrypted)
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

/* Read both into `ca`; what was read is the caller's to free on failure too. */
static enum cop_status ca_read(struct ca *ca, struct cop_slice certificate_pem,
    const char *certificate_file, struct cop_slice key_pem,
    const char *key_file, struct cop_report *report)
{
    bool is_encrypted = false;

    ca->certificate = read_certificate(certificate_pem);
    if (ca->certificate == NULL ||
        !read_unix(X509_get0_notBefore(ca->certificate), &ca->from_unix) ||
        !read_unix(X509_get0_notAfter(ca->certificate), &ca->until_unix)) {
        return ca_refuse(report, certificate_file, COP_E_SYNTAX,
            "there is no readable certificate in it",
            "give a file in PEM format (\"-----BEGIN CERTIFICATE-----\")");
    }
    ca->key = read_key(key_pem, &is_encrypted);
    if (ca->key == NULL) {
        return ca_refuse(report, key_file, COP_E_SYNTAX,
            is_encrypted ? "the key is protected by a passphrase"
                         : "there is no readable private key in it",
            "give an unencrypted key in PEM format, readable by root alone");
    }
    if (X509_check_private_key(ca->certificate, ca->key) != 1) {
        return ca_refuse(report, key_file, COP_E_CONFLICT,
            "the key does not belong to the certificate",
            "give the key that was made together with the certificate");
    }
    ca->digest = digest_for(ca->key);
    return COP_OK;
}

enum cop_status ca_load(struct cop_slice certificate_pem,
    const char *certificate_file, struct cop_slice key_pem,
    const char *key_file, int64_t now_unix, struct cop_report *report,
    struct ca **out)
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
    status = ca_read(
        ca, certificate_pem, certificate_file, key_pem, key_file, report);
    if (status == COP_OK) {
        status = ca_check(ca, certificate_file, now_unix, report);
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
    free(*ca);
    *ca = NULL;
}

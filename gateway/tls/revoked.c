#include "gateway/tls/revoked.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "rules/base/hex.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A line without its comment and the space around it. */
static struct cop_slice line_trim(struct cop_slice line)
{
    const char *comment = line.n > 0 ? memchr(line.p, '#', line.n) : NULL;

    if (comment != NULL) {
        line.n = (size_t)(comment - line.p);
    }
    while (line.n > 0 && is_space(line.p[line.n - 1])) {
        line.n--;
    }
    while (line.n > 0 && is_space(line.p[0])) {
        line.p++;
        line.n--;
    }
    return line;
}

static bool digest_read(struct cop_slice text, uint8_t out[REVOKED_DIGEST])
{
    if (text.n != (size_t)2 * REVOKED_DIGEST) {
        return false;
    }
    for (size_t i = 0; i < REVOKED_DIGEST; i++) {
        int high = hex_value(text.p[2 * i]);
        int low = hex_value(text.p[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static int digest_order(const void *a, const void *b)
{
    return memcmp(a, b, REVOKED_DIGEST);
}

static struct cop_slice text_line(struct cop_slice *text)
{
    const char *end = memchr(text->p, '\n', text->n);
    struct cop_slice line = {
        text->p, end != NULL ? (size_t)(end - text->p) : text->n};
    size_t used = line.n + (end != NULL ? 1 : 0);

    text->p += used;
    text->n -= used;
    return line;
}

enum cop_status revoked_read(struct cop_slice text, const char *file,
    struct cop_report *report, struct revoked *out)
{
    /* No list has more digests than room for their digits. */
    size_t most = text.n / ((size_t)2 * REVOKED_DIGEST) + 1;
    bool is_good = true;

    *out = (struct revoked){.digests = calloc(most, REVOKED_DIGEST)};
    if (out->digests == NULL) {
        return COP_E_NOMEM;
    }
    for (uint32_t number = 1; text.n > 0; number++) {
        struct cop_slice line = line_trim(text_line(&text));

        if (line.n == 0) {
            continue;
        }
        if (digest_read(line, out->digests[out->n])) {
            out->n++;
            continue;
        }
        is_good = false;
        cop_report_at(report, COP_ERROR, "revoked", file, number, 0,
            "write the SHA-256 of a public key (SubjectPublicKeyInfo) as 64 "
            "hexadecimal digits",
            "this is no digest of a key");
    }
    if (!is_good) {
        revoked_fini(out);
        return COP_E_SYNTAX;
    }
    qsort(out->digests, out->n, REVOKED_DIGEST, digest_order);
    return COP_OK;
}

void revoked_fini(struct revoked *revoked)
{
    free(revoked->digests);
    *revoked = (struct revoked){NULL, 0};
}

bool revoked_has(const struct revoked *revoked, X509 *certificate)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned char *der = NULL;
    int n;
    bool is_told;

    if (revoked->n == 0) {
        return false;
    }
    n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    is_told = n > 0 &&
              EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return !is_told || bsearch(digest, revoked->digests, revoked->n,
                           REVOKED_DIGEST, digest_order) != NULL;
}

#include "rules/base/digest.h"

#include <openssl/evp.h>

void digest_drop(struct digest *digest)
{
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
}

void digest_init(struct digest *digest)
{
    digest->context = EVP_MD_CTX_new();
    if (digest->context != NULL &&
        EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
        digest_drop(digest);
    }
}

void digest_add(struct digest *digest, const void *bytes, size_t n)
{
    if (digest->context != NULL &&
        EVP_DigestUpdate(digest->context, bytes, n) != 1) {
        digest_drop(digest);
    }
}

enum cop_status digest_end(
    struct digest *digest, unsigned char out[DIGEST_BYTES])
{
    enum cop_status status = COP_E_NOMEM;

    if (digest->context != NULL &&
        EVP_DigestFinal_ex(digest->context, out, NULL) == 1) {
        status = COP_OK;
    }
    digest_drop(digest);
    return status;
}

enum cop_status digest_of(
    const void *bytes, size_t n, unsigned char out[DIGEST_BYTES])
{
    struct digest digest;

    digest_init(&digest);
    digest_add(&digest, bytes, n);
    return digest_end(&digest, out);
}

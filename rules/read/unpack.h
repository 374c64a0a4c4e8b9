/* The bytes of a list's file, unpacked where it is packed: gzip (RFC 1952) and
 * zstd (RFC 8878) are known by their first bytes, whatever the file's name.
 *
 * A small file can unpack to more than any disk holds, so what comes out is
 * bounded, in all and in proportion to what went in. A stream that ends too
 * early is an error, never a shorter list. */
#ifndef RULES_READ_UNPACK_H
#define RULES_READ_UNPACK_H

#include <stdint.h>
#include <sys/types.h>

#include "cop/status.h"
#include "rules/base/digest.h"

enum {
    UNPACK_RATIO_MAX = 250, /* bytes out for a byte in; lists have up to 30 */
    UNPACK_FREE_BYTES = 1 << 20, /* that many are never out of proportion */
    UNPACK_WINDOW_LOG_MAX = 27   /* zstd's own limit without --long */
};
static const uint64_t unpack_bytes_max = (uint64_t)8 << 30;

struct unpack;

/* Open a regular file.
 * out    freed with unpack_close()
 * Returns COP_OK, COP_E_NOMEM, or COP_E_IO with errno set. */
COP_MUST_USE enum cop_status unpack_open(const char *path, struct unpack **out);
void unpack_close(struct unpack **unpack);

/* Up to n bytes more, at least one. Returns 0 at the end, and -1 when the file
 * cannot be read (errno is set and unpack_flaw() NULL) or is damaged. */
ssize_t unpack_read(struct unpack *unpack, void *room, size_t n);

/* What is wrong with the packed data, a sentence, static; NULL: nothing. */
const char *unpack_flaw(const struct unpack *unpack);

/* Bytes read from the file so far. */
uint64_t unpack_bytes(const struct unpack *unpack);

/* SHA-256 of these bytes, as they lie in the file. Once, when all is read.
 * Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status unpack_digest(
    struct unpack *unpack, unsigned char out[DIGEST_BYTES]);

#endif

#include "rules/read/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { CHUNK_BYTES = 65536, MAGIC_BYTES = 4 };

/* 15 bits of window, as every gzip has; 16 more ask for its frame. */
enum { GZIP_WINDOW = 15 + 16 };

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct unpack {
    int fd;
    enum packing packing;
    bool is_at_end;    /* of the file */
    bool is_in_stream; /* a member or frame has begun and not ended */
    uint64_t bytes_in;
    uint64_t bytes_out;
    const char *flaw;
    struct digest digest; /* of what was read from the file */
    z_stream gzip;
    ZSTD_DCtx *zstd;
    size_t from; /* unread bytes of the chunk */
    size_t to;
    unsigned char chunk[CHUNK_BYTES];
};

/* Fill the chunk behind what is unread. False when reading failed. */
static bool fill(struct unpack *u)
{
    ssize_t got;

    memmove(u->chunk, u->chunk + u->from, u->to - u->from);
    u->to -= u->from;
    u->from = 0;
    do {
        got = read(u->fd, u->chunk + u->to, CHUNK_BYTES - u->to);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return false;
    }
    u->is_at_end = got == 0;
    digest_add(&u->digest, u->chunk + u->to, (size_t)got);
    u->to += (size_t)got;
    u->bytes_in += (uint64_t)got;
    return true;
}

static bool fill_at_least(struct unpack *u, size_t n)
{
    while (u->to - u->from < n && !u->is_at_end) {
        if (!fill(u)) {
            return false;
        }
    }
    return true;
}

static bool begins_with(const struct unpack *u, const char *magic, size_t n)
{
    return u->to - u->from >= n && memcmp(u->chunk + u->from, magic, n) == 0;
}

static enum cop_status begin_gzip(struct unpack *u)
{
    u->packing = PACKING_GZIP;
    return inflateInit2(&u->gzip, GZIP_WINDOW) == Z_OK ? COP_OK : COP_E_NOMEM;
}

static enum cop_status begin_zstd(struct unpack *u)
{
    u->packing = PACKING_ZSTD;
    u->zstd = ZSTD_createDCtx();
    if (u->zstd == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd,
                               ZSTD_d_windowLogMax, UNPACK_WINDOW_LOG_MAX))) {
        return COP_E_NOMEM;
    }
    return COP_OK;
}

static enum cop_status begin(struct unpack *u)
{
    if (!fill_at_least(u, MAGIC_BYTES)) {
        return COP_E_IO;
    }
    if (begins_with(u, "\x1F\x8B", 2)) {
        return begin_gzip(u);
    }
    return begins_with(u, "\x28\xB5\x2F\xFD", 4) ? begin_zstd(u) : COP_OK;
}

static enum cop_status open_regular(struct unpack *u, const char *path)
{
    struct stat st;

    u->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (u->fd < 0 || fstat(u->fd, &st) != 0) {
        return COP_E_IO;
    }
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return COP_E_IO;
    }
    return begin(u);
}

enum cop_status unpack_open(const char *path, struct unpack **out)
{
    struct unpack *u = calloc(1, sizeof(*u));
    enum cop_status status;

    if (u == NULL) {
        return COP_E_NOMEM;
    }
    digest_init(&u->digest);
    status = open_regular(u, path);
    if (status != COP_OK) {
        int error = errno;

        unpack_close(&u);
        errno = error;
        return status;
    }
    *out = u;
    return COP_OK;
}

void unpack_close(struct unpack **unpack)
{
    struct unpack *u = *unpack;

    *unpack = NULL;
    if (u == NULL) {
        return;
    }
    if (u->packing == PACKING_GZIP) {
        (void)inflateEnd(&u->gzip);
    }
    ZSTD_freeDCtx(u->zstd);
    digest_drop(&u->digest);
    if (u->fd >= 0) {
        (void)close(u->fd);
    }
    free(u);
}

static ssize_t damaged(struct unpack *u, const char *flaw)
{
    u->flaw = flaw;
    return -1;
}

/* Count what came out against both bounds. */
static ssize_t given(struct unpack *u, size_t n)
{
    u->bytes_out += n;
    if (u->bytes_out > unpack_bytes_max) {
        return damaged(u, "the packed data come to more than 8 GiB");
    }
    if (u->bytes_out > UNPACK_FREE_BYTES &&
        u->bytes_out / UNPACK_RATIO_MAX > u->bytes_in) {
        return damaged(u, "the packed data come to more than 250 times their "
                          "size, which no list does");
    }
    return (ssize_t)n;
}

static ssize_t read_plain(struct unpack *u, void *room, size_t n)
{
    size_t held = u->to - u->from;

    if (held == 0) {
        if (!fill(u)) {
            return -1;
        }
        held = u->to;
    }
    n = n < held ? n : held;
    memcpy(room, u->chunk + u->from, n);
    u->from += n;
    return (ssize_t)n;
}

/* ---- gzip ---- */

/* One step of inflate. Returns how much came out, or -1. */
static ssize_t step_gzip(struct unpack *u, void *room, size_t n)
{
    z_stream *z = &u->gzip;
    int result;

    if (!u->is_in_stream && !begins_with(u, "\x1F\x8B", 2)) {
        return damaged(u, "there is something behind the gzip data");
    }
    u->is_in_stream = true;
    z->next_in = u->chunk + u->from;
    z->avail_in = (uInt)(u->to - u->from);
    z->next_out = room;
    z->avail_out = (uInt)n;
    result = inflate(z, Z_NO_FLUSH);
    u->from = u->to - z->avail_in;
    if (result == Z_STREAM_END) {
        u->is_in_stream = false; /* another member may follow */
        result = inflateReset(z);
    }
    if (result == Z_MEM_ERROR) {
        errno = ENOMEM;
        return -1;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
        return damaged(u, "the gzip data are damaged");
    }
    return (ssize_t)(n - z->avail_out);
}

/* ---- zstd ---- */

static ssize_t refuse_zstd(struct unpack *u, ZSTD_ErrorCode code)
{
    if (code == ZSTD_error_memory_allocation) {
        errno = ENOMEM;
        return -1;
    }
    if (code == ZSTD_error_frameParameter_windowTooLarge) {
        return damaged(u, "the zstd data need more than 128 MiB to be "
                          "unpacked; pack them without --long");
    }
    return damaged(u, "the zstd data are damaged");
}

static ssize_t step_zstd(struct unpack *u, void *room, size_t n)
{
    ZSTD_inBuffer in = {u->chunk, u->to, u->from};
    ZSTD_outBuffer out = {room, n, 0};
    size_t result = ZSTD_decompressStream(u->zstd, &out, &in);

    u->from = in.pos;
    if (ZSTD_isError(result)) {
        return refuse_zstd(u, ZSTD_getErrorCode(result));
    }
    u->is_in_stream = result != 0; /* another frame may follow */
    return (ssize_t)out.pos;
}

/* ---- either ---- */

static ssize_t read_packed(struct unpack *u, void *room, size_t n)
{
    for (;;) {
        ssize_t got;

        if (!fill_at_least(u, MAGIC_BYTES)) {
            return -1;
        }
        if (u->from == u->to && !u->is_in_stream) {
            return 0;
        }
        got = u->packing == PACKING_GZIP ? step_gzip(u, room, n)
                                         : step_zstd(u, room, n);
        if (got != 0) {
            return got < 0 ? got : given(u, (size_t)got);
        }
        if (u->from == u->to && u->is_at_end && u->is_in_stream) {
            return damaged(u, "the packed data end too early");
        }
    }
}

ssize_t unpack_read(struct unpack *u, void *room, size_t n)
{
    if (u->flaw != NULL) {
        return -1;
    }
    return u->packing == PACKING_NONE ? read_plain(u, room, n)
                                      : read_packed(u, room, n);
}

const char *unpack_flaw(const struct unpack *unpack)
{
    return unpack->flaw;
}

uint64_t unpack_bytes(const struct unpack *unpack)
{
    return unpack->bytes_in;
}

enum cop_status unpack_digest(
    struct unpack *unpack, unsigned char out[DIGEST_BYTES])
{
    return digest_end(&unpack->digest, out);
}

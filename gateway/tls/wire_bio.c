#include "gateway/tls/wire_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Serve what was read before TLS began. */
static int bio_read_first(struct wire_tls *tls, char *to, size_t n)
{
    size_t left = tls->first_n - tls->first_at;

    n = n < left ? n : left;
    memcpy(to, tls->first + tls->first_at, n);
    tls->first_at += n;
    if (tls->first_at == tls->first_n) {
        free(tls->first);
        tls->first = NULL;
    }
    return (int)n;
}

static int bio_read_socket(BIO *bio, struct wire_tls *tls, char *to, size_t n)
{
    ssize_t got;

    do {
        got = recv(tls->fd, to, n, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        tls->is_dry = true;
        BIO_set_retry_read(bio);
        return -1;
    }
    if (got < 0) {
        tls->error = errno;
        return -1;
    }
    tls->is_ended = got == 0;
    return (int)got;
}

static int bio_read(BIO *bio, char *to, int n)
{
    struct wire_tls *tls = BIO_get_data(bio);
    int got;

    BIO_clear_retry_flags(bio);
    if (n <= 0) {
        return 0;
    }
    if (tls->unpaid >= tls->unpaid_max) {
        tls->is_flooded = true;
        return -1;
    }
    tls->is_dry = false;
    got = tls->first != NULL ? bio_read_first(tls, to, (size_t)n)
                             : bio_read_socket(bio, tls, to, (size_t)n);
    if (got > 0) {
        tls->unpaid += (uint32_t)got;
    }
    return got;
}

static int bio_write(BIO *bio, const char *from, int n)
{
    struct wire_tls *tls = BIO_get_data(bio);
    ssize_t put;

    BIO_clear_retry_flags(bio);
    if (n <= 0) {
        return 0;
    }
    do {
        put = send(tls->fd, from, (size_t)n, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put < 0 && errno == EAGAIN) {
        BIO_set_retry_write(bio);
        return -1;
    }
    if (put < 0) {
        tls->error = errno;
    }
    return (int)put;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const struct wire_tls *tls = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF: /* tells an end apart from an error */
        return tls->is_ended ? 1 : 0;
    default:
        return 0;
    }
}

BIO_METHOD *wire_bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");

    if (method == NULL || BIO_meth_set_read(method, bio_read) != 1 ||
        BIO_meth_set_write(method, bio_write) != 1 ||
        BIO_meth_set_ctrl(method, bio_control) != 1) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

BIO *wire_bio_new(const BIO_METHOD *method, struct wire_tls *tls)
{
    BIO *bio = BIO_new(method);

    if (bio != NULL) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}

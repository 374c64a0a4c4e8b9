/* The HTTP/2 client of the load generator: a number of streams on one
 * connection, each followed by another once it is answered. No sockets here. */
#ifndef COPGATE_BENCH_LOAD_H2_H
#define COPGATE_BENCH_LOAD_H2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h2_client;

/* What the client asks of its user. */
struct h2_asker {
    /* The path of the next request into path, and its authority. */
    void (*next)(void *user, char *authority, char *path, size_t n);
    /* A stream is answered and ended; began_us is when it was opened. */
    void (*done)(void *user, uint64_t began_us, int status, size_t body_n);
    uint64_t (*now_us)(void);
    void *user;
};

/* NULL without memory; h2_client_free(NULL) does nothing. */
struct h2_client *h2_client_new(const struct h2_asker *asker, unsigned streams);
void h2_client_free(struct h2_client *client);

/* Bytes that came. False when the connection is of no use any more. */
bool h2_client_take(struct h2_client *client, const char *bytes, size_t n);

/* What is to be written, NULL for nothing; then how much of it was. */
const char *h2_client_give(struct h2_client *client, size_t *n);
void h2_client_given(struct h2_client *client, size_t n);

#endif

/* One HTTP/2 header block becoming the head of the one message model, or
 * nothing: the rules of RFC 9113 8.2 and 8.3, and then those that a head of
 * HTTP/1 must keep too (h1_rules.h). Fields come in one by one, as HPACK gives
 * them out. */
#ifndef GATEWAY_HTTP_H2_MESSAGE_H
#define GATEWAY_HTTP_H2_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/status.h"
#include "gateway/http/fault.h"
#include "gateway/http/h2.h"
#include "gateway/http/head.h"
#include "rules/base/arena.h"

enum h2_section { H2_REQUEST, H2_RESPONSE, H2_TRAILER };

enum h2_pseudo {
    H2_PSEUDO_AUTHORITY,
    H2_PSEUDO_METHOD,
    H2_PSEUDO_PATH,
    H2_PSEUDO_PROTOCOL,
    H2_PSEUDO_SCHEME,
    H2_PSEUDO_STATUS,
    H2_PSEUDOS
};

struct h2_crumb {
    struct h2_crumb *next;
    struct cop_slice text;
};

struct h2_message {
    struct h2_message *next; /* in a queue, or among the spares */
    const struct h2_options *options;
    enum h2_section section;
    enum http_fault fault; /* sticky */
    bool is_bomb;          /* far larger than allowed: no mistake */
    bool has_regular;      /* a field that is not a pseudo-field came */
    bool is_tunnel;        /* CONNECT, or its answer: what follows is no body */
    struct arena arena;    /* what the slices point into */
    struct cop_slice pseudo[H2_PSEUDOS]; /* p is NULL: not there */
    struct cop_slice host;               /* p is NULL: not there */
    struct h2_crumb *crumbs;
    struct h2_crumb *last_crumb;
    uint32_t crumbs_n;
    size_t bytes; /* as RFC 9113 6.5.2 counts */
    struct http_head head;
};

/* For a session with these options, which must outlive it. NULL when out of
 * memory. Needs h2_message_begin(). */
struct h2_message *h2_message_new(const struct h2_options *options);
void h2_message_free(struct h2_message **message);
void h2_message_begin(struct h2_message *message, enum h2_section section);
/* A field as it came; borrowed. Faults are kept until the end. */
void h2_message_add(
    struct h2_message *message, struct cop_slice name, struct cop_slice value);

/* What the rules must know besides. */
struct h2_context {
    bool is_last;    /* no body follows */
    bool to_head;    /* a response to HEAD */
    bool to_connect; /* a response to CONNECT or extended CONNECT */
    bool to_websocket;
};

/* All fields are there: what is wrong, or HTTP_FAULT_NONE and message->head is
 * whole. */
enum http_fault h2_message_end(
    struct h2_message *message, const struct h2_context *context);

#endif

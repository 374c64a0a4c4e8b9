/* One end of an exchange, from a small closed set: HTTP/1 over a wire of its
 * own, or one stream of an HTTP/2 session. What goes through it is the one
 * message model (http/head.h) either way. Borrows both. */
#ifndef GATEWAY_FLOW_END_H
#define GATEWAY_FLOW_END_H

#include <stdbool.h>

#include "gateway/http/h2.h"
#include "gateway/tls/wire.h"

struct session;

struct end {
    struct wire *wire;        /* HTTP/1; else NULL */
    struct h2_stream *stream; /* HTTP/2; else NULL */
    struct session *session;  /* that of the stream */
    bool is_over;             /* the stream is, in both directions */
};

/* Why reading or writing it failed. detail: "" if there is no more to say. */
enum cop_reason end_fault(const struct end *end, const char **detail);
/* What it speaks, as Via says it. */
const char *end_version(const struct end *end, const struct http_head *head);

static inline bool end_is_stream(const struct end *end)
{
    return end->stream != NULL;
}

#endif

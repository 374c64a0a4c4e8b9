/* What is written down: one JSON object a line for each decision and for each
 * connection's end. docs/decision-log.md lists the members. What a requirement
 * forbids to log is not in the line, whoever configured what. */
#ifndef GATEWAY_RECORD_H
#define GATEWAY_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cop/decide.h"
#include "cop/reason.h"
#include "gateway/loop/loop.h"

struct record; /* a worker's writer: lines are gathered and written at the end
                  of a turn, whole, none above 4096 bytes */

/* fd   borrowed; standard output or a file opened for appending. The process
 *      must ignore SIGPIPE.
 * Returns COP_OK, COP_E_NOMEM, or COP_E_IO when the system gives no random
 * numbers. */
COP_MUST_USE enum cop_status record_new(
    struct loop *loop, int fd, struct record **out);
/* Write to another descriptor from now on (after a reload). */
void record_redirect(struct record *record, int fd);
/* Write now what can be written without waiting. Lines that nobody takes are
 * held up to a bound; beyond it they are dropped, and how many is a line. */
void record_flush(struct record *record);
void record_free(struct record **record); /* flushes */

enum record_stage { RECORD_CONNECT, RECORD_REQUEST, RECORD_ADDRESS };

struct record_decision {
    enum record_stage stage;
    const char *mode;     /* "plain", "splice", "intercept", "refuse" */
    const char *protocol; /* of the client, "h2"; NULL: HTTP/1 */
    uint64_t connection;  /* number of the connection in this worker */
    char reference[17];   /* what the notice shows; empty if none */
    const struct sockaddr_storage *client;
    const struct cop_policy *policy;
    uint32_t profile;
    struct cop_slice method; /* empty at CONNECT */
    const struct cop_host *host;
    uint16_t port;
    const struct cop_url *url;              /* NULL at CONNECT */
    const struct sockaddr_storage *address; /* of the server; or NULL */
    const struct cop_class *class;
    const struct cop_verdict *verdict;
};
/* Query strings are never written; the path only where the deciding
 * requirement permits or requires logging; the client only where it names an
 * identity; nothing but counts where it prohibits. */
void record_decision(
    struct record *record, const struct record_decision *decision);

/* Whether what was decided must not be written down with the place: the
 * deciding requirement prohibits logging or wants aggregates only, or nobody
 * decided and the place is a protected one, such as a helpline. The end of a
 * connection with one such decision is then recorded as private. */
bool record_is_private(const struct cop_policy *policy,
    const struct cop_class *class, const struct cop_verdict *verdict);

struct record_end {
    uint64_t connection;
    const char *mode;
    const char *protocol; /* as above */
    enum cop_reason reason;
    const char *detail; /* a library's words, NULL if none; cut at 200 */
    const struct cop_host *host; /* NULL if none was asked for */
    const char *client_tls; /* "TLSv1.3"; NULL where TLS did not end here */
    const char *server_tls;
    uint64_t requests;
    uint64_t up_bytes;
    uint64_t down_bytes;
    int64_t lasted_ms;
    bool is_private; /* record_is_private() of any of its decisions: neither
                        number nor host nor detail are written */
};
void record_end(struct record *record, const struct record_end *end);

/* A stream of HTTP/2 that did not end as it should, while its connection may
 * go on. */
struct record_stream {
    uint64_t connection;
    uint32_t stream; /* 0: refused before it was one */
    enum cop_reason reason;
    const char *detail; /* NULL if there is none; cut at 200 */
    const struct cop_host *host;
    bool is_private; /* as above */
};
void record_stream(struct record *record, const struct record_stream *stream);

#endif

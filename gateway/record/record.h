/* What is written down: one JSON object a line for each decision and for each
 * connection's end. docs/decision-log.md lists the members. What a requirement
 * forbids to log is not in the line, whoever configured what. */
#ifndef GATEWAY_RECORD_H
#define GATEWAY_RECORD_H

#include <stdint.h>
#include <sys/socket.h>

#include "cop/decide.h"
#include "cop/reason.h"
#include "gateway/loop/loop.h"

struct record; /* a worker's writer: lines are gathered and written at the end
                  of a turn, whole, none above 4096 bytes */

/* fd   borrowed; standard output or a file opened for appending */
COP_MUST_USE enum cop_status record_new(
    struct loop *loop, int fd, struct record **out);
/* Write to another descriptor from now on (after a reload). */
void record_redirect(struct record *record, int fd);
void record_flush(struct record *record);
void record_free(struct record **record); /* flushes */

enum record_stage { RECORD_CONNECT, RECORD_REQUEST };

struct record_decision {
    enum record_stage stage;
    const char *mode;       /* "plain", "splice", "intercept", "refuse" */
    uint64_t connection;    /* number of the connection in this worker */
    char reference[17];     /* what the notice shows; empty if none */
    const struct sockaddr_storage *client;
    const struct cop_policy *policy;
    uint32_t profile;
    struct cop_slice method; /* empty at CONNECT */
    const struct cop_host *host;
    uint16_t port;
    const struct cop_url *url; /* NULL at CONNECT */
    const struct cop_class *class;
    const struct cop_verdict *verdict;
};
/* Query strings are never written; the path only where the deciding
 * requirement permits or requires logging; the client only where it names an
 * identity; nothing but counts where it prohibits. */
void record_decision(
    struct record *record, const struct record_decision *decision);

struct record_end {
    uint64_t connection;
    const char *mode;
    enum cop_reason reason;
    const char *detail;     /* a library's words, NULL if none; cut at 200 */
    const struct cop_host *host; /* NULL if none was asked for */
    uint64_t requests;
    uint64_t up_bytes;
    uint64_t down_bytes;
    int64_t lasted_ms;
};
void record_end(struct record *record, const struct record_end *end);

#endif

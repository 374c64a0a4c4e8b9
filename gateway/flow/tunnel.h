/* From CONNECT, or from a connection that the firewall brought here, to what
 * becomes of it: the greeting is read whole and the way
 * chosen (tunnel.c), then the client's bytes are passed through unread
 * (splice.c) or TLS is answered here (intercept.c). */
#ifndef GATEWAY_FLOW_TUNNEL_H
#define GATEWAY_FLOW_TUNNEL_H

#include "gateway/flow/conn.h"
#include "gateway/flow/decision.h"
#include "gateway/flow/gate.h"
#include "gateway/flow/request.h"
#include "gateway/net/dial.h"
#include "gateway/tls/leaf.h"
#include "gateway/upstream/upstream.h"
#include "rules/base/buf.h"

struct tunnel {
    struct asker asker;
    struct decision decision;
    struct gate *gate; /* asked about the server's addresses; often none */
    struct buf hello;  /* what the client sent behind CONNECT, from its start */
    size_t granted;    /* bytes of the answer to CONNECT that are written */
    bool is_http1;     /* the server was asked, and did not choose HTTP/2 */
    struct dial *dial; /* at most one of these is under way */
    struct upstream_wait *wait;
    struct leaf_wait *leaf;
};

/* Decide on a CONNECT and answer it. Ends the exchange, one way or other. */
enum step tunnel_begin(
    struct exchange *exchange, const struct request *request);
/* Begin with a connection whose TLS the firewall brought here. */
enum step tunnel_arrive(struct conn *conn);
/* Pass on what is neither TLS nor HTTP, if the policy has nothing against the
 * address that it was going to. In CONN_ARRIVE or CONN_HELLO. */
enum step tunnel_pass(struct conn *conn);
/* Stop what is under way: no callback comes. */
void tunnel_stop(struct tunnel *tunnel);
/* The same, and free. Nulls *tunnel; NULL allowed. */
void tunnel_free(struct tunnel **tunnel);

enum step tunnel_step_grant(
    struct conn *conn, const struct wire *wire, unsigned events);
enum step tunnel_step_hello(
    struct conn *conn, const struct wire *wire, unsigned events);
/* CONN_DIAL, CONN_UPSTREAM, CONN_MINT: somebody else is at work. */
enum step tunnel_step_wait(
    struct conn *conn, const struct wire *wire, unsigned events);

/* What is dialled in the site's stead, in *room; NULL for the site itself. */
const struct cop_host *tunnel_address(
    const struct tunnel *tunnel, struct cop_host *room);

/* splice.c: pass the tunnel through unread. */
enum step splice_begin(struct conn *conn);

/* intercept.c: verify the server, then answer with a certificate; */
enum step intercept_begin(struct conn *conn);
/* or answer at once. conn->origin may hold why the server is out of reach. */
enum step intercept_show(struct conn *conn);
enum step intercept_step_handshake(
    struct conn *conn, const struct wire *wire, unsigned events);

#endif

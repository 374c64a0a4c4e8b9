/* One end of a conversation: a socket, alone or with TLS on it. Plain, spliced
 * and intercepted differ in how wires are stacked, not in who uses them.
 * Owns its descriptor. Never blocks, has no timer, calls nobody back: the
 * caller watches wire->fd for what the last call said it needs. */
#ifndef GATEWAY_TLS_WIRE_H
#define GATEWAY_TLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/host.h"
#include "cop/reason.h"
#include "cop/slice.h"

struct buf;
struct config;
struct cop_report;
struct trust_texts;
struct leaf;
struct tls_server; /* towards clients: versions, suites, tickets; counted */
struct tls_client; /* towards servers: roots and how strictly; counted */
struct wire_tls;   /* TLS state and bytes that were read before it began */

enum io {
    IO_FAILED = -2, /* see wire->reason */
    IO_CLOSED = -1, /* the other side ended its direction properly */
    IO_AGAIN = 0,   /* wait for wire->needs, then call again */
    IO_DONE = 1
};

struct wire {
    int fd;                 /* -1 when closed */
    unsigned needs;         /* LOOP_READ or LOOP_WRITE after IO_AGAIN */
    struct wire_tls *tls;   /* NULL: plain */
    enum cop_reason abort;  /* what it is when the other side goes away:
                               CLIENT_ABORT, or ORIGIN_ABORT for a server */
    enum cop_reason reason; /* after IO_FAILED */
    char detail[120];       /* the library's words after IO_FAILED, else "" */
};

/* Everything about TLS towards clients that is not one name's: TLS 1.2 and
 * 1.3, AEAD suites, no renegotiation, no compression, no early data, no
 * resumption, ALPN http/1.1 and h2 as each wire says, memory given back when
 * idle. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status tls_server_new(struct tls_server **out);
void tls_server_drop(struct tls_server **server);

/* Towards servers: TLS 1.2 and up, chain and host checked as strictly as a
 * browser (tls/verify.c), SNI always for names, never for addresses, ALPN
 * http/1.1 unless h2 is offered, resumption within one (host, port). The
 * process needs no files.
 * texts  whom to trust and how far (tls/trust.h)
 * Returns as trust_from_text(). */
COP_MUST_USE enum cop_status tls_client_from_text(
    const struct trust_texts *texts, struct cop_report *report,
    struct tls_client **out);
/* The authorities that `config` trusts, as one PEM text. `out` collects.
 * Returns COP_OK, COP_E_IO (trust file, reported), COP_E_NOMEM. */
COP_MUST_USE enum cop_status tls_client_trust(
    const struct config *config, struct cop_report *report, struct buf *out);
struct tls_client *tls_client_hold(struct tls_client *client);
void tls_client_drop(struct tls_client **client);

/* A plain wire over a connected, non-blocking socket; takes the descriptor.
 * wire->abort is CLIENT_ABORT: set it to ORIGIN_ABORT for a server. */
void wire_init(struct wire *wire, int fd);
/* Put TLS on it as the server, with the certificate of `leaf` (held).
 * first   bytes already read from the socket, handed to TLS first; copied
 * COP_OK, or COP_E_NOMEM and the wire is plain as before. */
COP_MUST_USE enum cop_status wire_start_server(struct wire *wire,
    struct tls_server *server, struct leaf *leaf, struct cop_slice first);
/* Put TLS on it as the client of `host`; wire->abort becomes ORIGIN_ABORT.
 * COP_OK, or COP_E_NOMEM and the wire is plain as before. */
COP_MUST_USE enum cop_status wire_start_client(struct wire *wire,
    struct tls_client *client, const struct cop_host *host, uint16_t port);

/* Offer HTTP/2 beside HTTP/1.1 in a handshake that has not begun. COP_OK or
 * COP_E_NOMEM. */
COP_MUST_USE enum cop_status wire_offer_h2(struct wire *wire);
/* Whether HTTP/2 is what was agreed on, after the handshake. */
bool wire_is_h2(const struct wire *wire);
/* Whether the server asked for a certificate of ours, which it did not get:
 * such a connection may come to mean somebody. */
bool wire_was_asked(const struct wire *wire);

/* IO_DONE, IO_AGAIN or IO_FAILED. Once it is done the first data may have come
 * in already: see wire_has_pending(). */
enum io wire_handshake(struct wire *wire);
/* *got > 0 on IO_DONE. A peer that vanishes without close_notify on TLS is
 * IO_FAILED with COP_REASON_ORIGIN_ABORT or _CLIENT_ABORT (truncation), on a
 * plain wire IO_CLOSED. */
enum io wire_read(struct wire *wire, char *to, size_t n, size_t *got);
/* May write less than n. *put > 0 on IO_DONE. After IO_AGAIN the next call must
 * begin with the same bytes and offer no fewer; they may have moved. */
enum io wire_write(struct wire *wire, const char *from, size_t n, size_t *put);
/* Say that nothing more comes (close_notify, shutdown). Best effort. */
void wire_finish(struct wire *wire);
/* Decrypted bytes wait inside: read again without waiting for the socket. */
bool wire_has_pending(const struct wire *wire);

/* Whether nothing came that was not read, not even an end. Asks the socket,
 * and is cheaper than to read; false says nothing: read then. */
bool wire_is_quiet(const struct wire *wire);
/* "TLSv1.3" and the like; "" when plain. */
const char *wire_version(const struct wire *wire);
/* Close at once and free what TLS held. Safe to call twice. */
void wire_close(struct wire *wire);
/* Give the descriptor of a plain wire away (for the pump). */
int wire_take_fd(struct wire *wire);

#endif

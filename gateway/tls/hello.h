/* Reading a ClientHello before anything is answered (RFC 8446 4.1.2, RFC 5246
 * 7.4.1.2, RFC 6066 3). A codec: bytes in, facts out; no descriptor, no clock.
 */
#ifndef GATEWAY_TLS_HELLO_H
#define GATEWAY_TLS_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/host.h"
#include "cop/slice.h"

enum { HELLO_MAX = 65536 }; /* bytes of records a hello may span */

struct hello {
    bool has_sni;
    struct cop_host sni;  /* canonical; valid with has_sni */
    bool offers_h1;       /* ALPN http/1.1 */
    bool offers_h2;
    bool has_alpn;
    bool has_ech;         /* extension 0xfe0d of any type (GREASE included) */
    bool offers_tls13;
    bool offers_tls12;
};

/* Read the hello from the bytes that arrived so far, however many records and
 * segments it spans; always from the first byte.
 * Returns COP_OK; COP_AGAIN (not whole yet); COP_E_UNSUPPORTED (this is not
 * TLS); COP_E_SYNTAX (malformed, a name that is no host name, duplicate
 * extension, SSLv2); COP_E_LIMIT (larger than HELLO_MAX). */
COP_MUST_USE enum cop_status hello_parse(
    struct cop_slice bytes, struct hello *out);

#endif

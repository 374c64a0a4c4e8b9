/* The two messages between a worker and keyd: one datagram each on a
 * SOCK_SEQPACKET pair, of exact size, little-endian, no pointers. A codec. */
#ifndef GATEWAY_TLS_MINT_H
#define GATEWAY_TLS_MINT_H

#include <stdint.h>

#include "cop/host.h"
#include "cop/slice.h"
#include "gateway/tls/ca.h"

struct mint_request {
    uint64_t number; /* echoed in the reply */
    struct cop_host host;
    uint16_t spki_n;
    uint8_t spki[CA_SPKI_MAX];
};

struct mint_reply {
    uint64_t number;
    uint8_t failed;  /* 0, or why not: an enum cop_status negated */
    uint16_t der_n;
    uint8_t der[CA_DER_MAX];
};

enum { MINT_MESSAGE_MAX = 8192 };

size_t mint_write_request(
    const struct mint_request *request, uint8_t out[MINT_MESSAGE_MAX]);
/* COP_OK or COP_E_SYNTAX: wrong size, version, or a host not canonical. */
COP_MUST_USE enum cop_status mint_read_request(
    struct cop_slice bytes, struct mint_request *out);
size_t mint_write_reply(
    const struct mint_reply *reply, uint8_t out[MINT_MESSAGE_MAX]);
COP_MUST_USE enum cop_status mint_read_reply(
    struct cop_slice bytes, struct mint_reply *out);

#endif

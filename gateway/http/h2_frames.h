/* The frames of an HTTP/2 connection as they come, looked at before libnghttp2
 * reads them: what it does not limit is counted here, and what it is lenient
 * about is refused. Reads frame headers alone, and the first bytes of a payload
 * where those decide. */
#ifndef GATEWAY_HTTP_H2_FRAMES_H
#define GATEWAY_HTTP_H2_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/slice.h"
#include "gateway/http/h2.h"
#include "gateway/http/h2_budget.h"

enum {
    H2_FRAME_HEADER = 9,
    H2_FRAME_PEEK = 4,
    H2_GAPS = 16,
    H2_RECENT = 256 /* streams whose end is remembered, a multiple of 8 */
};

/* A run of stream numbers that were passed over. */
struct h2_gap {
    uint32_t from;
    uint32_t to;
};

struct h2_frames {
    bool is_server;
    uint8_t preface_left;  /* bytes of the client's preface to come */
    uint8_t have;          /* of the header, and what is peeked at */
    uint8_t want;          /* of it */
    uint32_t payload_left; /* to be skipped */
    uint32_t block_bytes;  /* of the header block that is coming */
    uint32_t block_frames;
    uint32_t block_bytes_max;
    uint32_t highest; /* stream that the client has opened */
    uint32_t gaps_n;
    struct h2_gap gaps[H2_GAPS];
    uint8_t ended[H2_RECENT / 8]; /* by the client, of the latest: a bit each */
    unsigned char bytes[H2_FRAME_HEADER + H2_FRAME_PEEK];
};

/* What is wrong; text is NULL when nothing is. */
struct h2_verdict {
    enum h2_code code;
    const char *text; /* static, for logs */
};

/* head_bytes   of a head, decoded: a header block of twice that is refused */
void h2_frames_init(
    struct h2_frames *frames, enum h2_role role, uint32_t head_bytes);
/* Look at what came. Returns how many bytes may be read: all, or those before
 * the place where *verdict fell. */
size_t h2_frames_look(struct h2_frames *frames, struct cop_slice bytes,
    struct h2_budget *budget, struct h2_verdict *verdict);

#endif

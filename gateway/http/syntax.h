/* The alphabet of HTTP/1 and its small words: what may stand where. */
#ifndef GATEWAY_HTTP_SYNTAX_H
#define GATEWAY_HTTP_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/host.h"
#include "cop/slice.h"

/* One or more token characters (RFC 9110 5.6.2). */
bool http_is_token(struct cop_slice text);
/* A byte that may stand in no line of a head: a control other than HTAB
 * (RFC 9110 5.5). */
static inline bool http_is_control(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}
/* Only bytes that a request target may have: visible ASCII but '#'. Those that
 * RFC 3986 would rather see escaped pass, because browsers send some in
 * queries; the canonical form of cop/url.h is what is decided and sent. */
bool http_is_target(struct cop_slice text);
/* Equal whatever the case of ASCII letters. */
bool http_same(struct cop_slice a, struct cop_slice b);
/* Without SP and HTAB at both ends. */
struct cop_slice http_trim(struct cop_slice text);
/* The part before the first `c`, and in *rest what follows it; all of it and
 * an empty rest when there is none. */
struct cop_slice http_cut(
    struct cop_slice text, char c, struct cop_slice *rest);
/* One or more digits of a number that is at most `max`, without leading zeros
 * (some readers take these for octal). */
bool http_number(struct cop_slice text, uint64_t max, uint64_t *out);

/* "host" or "host:port", as in Host and in targets (RFC 9110 7.2). */
struct http_authority {
    struct cop_host host;
    uint16_t port; /* 0 when none is given */
};
/* Userinfo, delimiters of other places, bytes beyond ASCII, and ports outside
 * 1 .. 65535 are refused. out is written on true only. */
bool http_authority_parse(struct cop_slice text, struct http_authority *out);

#endif

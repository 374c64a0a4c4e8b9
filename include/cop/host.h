/* THE canonical form of a host. Compiler and gateway both use this and nothing
 * else, so they cannot disagree. The rules and their sources are in
 * docs/canonical-form.md. */
#ifndef COP_HOST_H
#define COP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"
#include "cop/status.h"

enum {
    COP_HOST_MAX = 253,  /* bytes of a name, RFC 1035 2.3.4 without the root */
    COP_LABEL_MAX = 63,
    COP_HOST_INPUT_MAX = 1024 /* longer input is refused unread */
};

enum cop_host_kind { COP_HOST_NAME, COP_HOST_IPV4, COP_HOST_IPV6 };

struct cop_host {
    enum cop_host_kind kind;
    uint8_t n;      /* bytes in text */
    uint8_t labels; /* of a name: 1 .. 127; of an address 0 */
    uint8_t addr[16]; /* IPv4: 4 bytes; IPv6: 16; network order; else zero */
    char text[COP_HOST_MAX + 1]; /* lower-case A-labels without trailing dot;
                            dotted quad; IPv6 per RFC 5952, no brackets.
                            Ends in NUL. */
};

/* Bring a host into canonical form, as WHATWG URL's host parser does where
 * browsers agree, and refuse what a browser could not have sent.
 *
 * in     borrowed: UTF-8, percent-encoding allowed, U- or A-labels, one
 *        trailing dot, any numeric spelling of IPv4, IPv6 with or without
 *        brackets (IPv4-mapped IPv6, and IPv4 behind NAT64's well-known
 *        prefix, become IPv4)
 * out    written on COP_OK only
 *
 * Cost: no allocation when `in` is plain ASCII without "xn--".
 * Threads: any. Returns COP_OK, COP_E_SYNTAX, COP_E_LIMIT (too long), or, of a
 * name that is not plain ASCII, COP_E_NOMEM. */
COP_API COP_MUST_USE enum cop_status cop_host_parse(
    struct cop_slice in, struct cop_host *out);

static inline struct cop_slice cop_host_slice(const struct cop_host *host)
{
    return (struct cop_slice){host->text, host->n};
}

/* Where the registrable domain (public suffix and one label more) begins in
 * the text of a name; host->n when the name is itself a public suffix; 0 for
 * an address. The suffixes are those that libpsl was built with.
 *
 * Cost: up to two microseconds, so it is not part of parsing. Threads: any. */
COP_API uint8_t cop_host_registrable(const struct cop_host *host);

COP_API bool cop_host_eq(const struct cop_host *a, const struct cop_host *b);

/* Whether `host` is `parent` or below it; addresses only equal themselves. */
COP_API bool cop_host_within(
    const struct cop_host *host, const struct cop_host *parent);

#endif

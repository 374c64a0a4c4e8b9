/* THE canonical form of a URL; see cop/host.h and docs/canonical-form.md. */
#ifndef COP_URL_H
#define COP_URL_H

#include <stdint.h>

#include "cop/host.h"

enum {
    COP_URL_MAX = 8192, /* bytes of the canonical text */
    COP_URL_INPUT_MAX = 4 * COP_URL_MAX /* longer input is refused unread */
};

enum cop_scheme { COP_HTTP, COP_HTTPS, COP_WS, COP_WSS };

/* A canonical URL: "scheme://host[:port]/path[?query]"; the port only where it
 * is not the scheme's default, no userinfo, no fragment, dot segments
 * resolved, percent-encoding normalised. `text` points into `store`: the
 * struct must not be copied by assignment; cop_url_copy() does that. */
struct cop_url {
    enum cop_scheme scheme;
    uint16_t port;         /* always set, the default included */
    uint16_t path;         /* offset of '/' in text */
    uint16_t query;        /* offset of '?' in text; text.n when there is none */
    struct cop_slice text;
    struct cop_host host;
    char store[COP_URL_MAX + 1];
};

/* Parse an absolute URL, or a bare "host[:port][/path]" which is taken as
 * https, as tolerantly as a browser does. Userinfo and fragment are dropped,
 * as they never select a resource.
 * out    written on COP_OK only
 * Returns COP_OK, COP_E_SYNTAX, COP_E_UNSUPPORTED (another scheme),
 * COP_E_LIMIT, or COP_E_NOMEM (only of a host that is not plain ASCII). No
 * allocation otherwise. Threads: any. */
COP_API COP_MUST_USE enum cop_status cop_url_parse(
    struct cop_slice in, struct cop_url *out);

/* Compose from what a proxy has: a canonical host and an origin-form target
 * ("/path?query"; "*" and "" become "/"). A target that no browser sends is
 * COP_E_SYNTAX: control bytes, spaces, bytes above 0x7E, "#", and "\" in the
 * path.
 * host   may be out->host
 * out    written on COP_OK only
 * Returns COP_OK, COP_E_SYNTAX, or COP_E_LIMIT. No allocation. */
COP_API COP_MUST_USE enum cop_status cop_url_compose(enum cop_scheme scheme,
    const struct cop_host *host, uint16_t port, struct cop_slice target,
    struct cop_url *out);

COP_API void cop_url_copy(struct cop_url *to, const struct cop_url *from);

/* "http", "https", "ws", "wss". */
COP_API const char *cop_scheme_name(enum cop_scheme scheme);
COP_API uint16_t cop_scheme_port(enum cop_scheme scheme);

/* Path and query as they are matched and sent: "/path?query". */
static inline struct cop_slice cop_url_target(const struct cop_url *url)
{
    return (struct cop_slice){
        url->text.p + url->path, url->text.n - url->path};
}

#endif

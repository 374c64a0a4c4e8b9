/* Hosts and URLs: what is canonical stays as it is, whichever way it came. */
#include <stdint.h>
#include <stdlib.h>

#include "cop/url.h"

#define REQUIRE(holds) ((holds) ? (void)0 : abort())

static struct cop_url url;
static struct cop_url again;

static void check_host(const struct cop_host *host)
{
    struct cop_host same;

    REQUIRE(host->n != 0 && host->n <= COP_HOST_MAX);
    REQUIRE(host->text[host->n] == '\0');
    REQUIRE((host->kind == COP_HOST_NAME) == (host->labels != 0));
    REQUIRE(cop_host_registrable(host) <= host->n);
    REQUIRE(cop_host_parse(cop_host_slice(host), &same) == COP_OK);
    REQUIRE(cop_host_eq(host, &same) && cop_host_within(host, &same));
}

static void check_url(void)
{
    REQUIRE(url.text.n <= COP_URL_MAX && url.text.p == url.store);
    REQUIRE(url.text.p[url.path] == '/' && url.text.p[url.text.n] == '\0');
    REQUIRE(url.query == url.text.n || url.text.p[url.query] == '?');
    for (size_t i = 0; i < url.text.n; i++) {
        unsigned char c = (unsigned char)url.text.p[i];

        REQUIRE(c > ' ' && c < 0x7F && c != '#' && c != '\\');
    }
    check_host(&url.host);
    REQUIRE(cop_url_parse(url.text, &again) == COP_OK);
    REQUIRE(cop_slice_eq(url.text, again.text) && url.port == again.port);
    REQUIRE(cop_url_compose(url.scheme, &url.host, url.port,
                cop_url_target(&url), &again) == COP_OK);
    REQUIRE(cop_slice_eq(url.text, again.text) && url.path == again.path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cop_slice in = {(const char *)data, n};
    struct cop_host host;

    if (cop_host_parse(in, &host) == COP_OK) {
        check_host(&host);
    }
    if (cop_url_parse(in, &url) == COP_OK) {
        check_url();
    }
    REQUIRE(cop_host_parse(COP_LIT("a.test"), &host) == COP_OK);
    if (cop_url_compose(COP_WSS, &host, 1, in, &url) == COP_OK) {
        check_url();
    }
    return 0;
}

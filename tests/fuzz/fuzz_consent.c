/* The reserved URL of warnings: whatever is sent to it leads to the same host,
 * and is no form again; cookies lose nothing but passes. */
#include <stdlib.h>
#include <string.h>

#include "gateway/filter/consent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_cookies(struct cop_slice text, struct arena *arena)
{
    static const unsigned char key[CONSENT_KEY_BYTES];
    static struct cop_url url;
    struct http_head head = {.fields_n = 1};
    struct consent consent = {.key = key, .url = &url};

    check(cop_url_parse(COP_LIT("https://a.test/"), &url) == COP_OK);
    head.fields[0].name = COP_LIT("Cookie");
    head.fields[0].value = text;
    check(!consent_pass_holds(&consent, &head, 1));
    consent_strip(&head, arena);
    check(head.fields[0].value.n <= text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct cop_url url;
    struct cop_slice text = {(const char *)data, n};
    struct cop_slice ticket;
    struct arena arena;
    struct cop_host host;

    arena_init(&arena, 1 << 17);
    try_cookies(text, &arena);
    if (cop_url_parse(text, &url) == COP_OK && consent_is_form(&url)) {
        host = url.host;
        consent_read(&url, &arena, &ticket);
        check(cop_host_eq(&url.host, &host));
        check(!consent_is_form(&url));
        check(url.scheme <= COP_WSS && url.path < url.text.n);
    }
    arena_fini(&arena);
    return 0;
}

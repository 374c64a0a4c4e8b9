/* What a request is for, and who asks, as far as its head tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gateway/filter/resource.h"

/* A request: fields as name and value in turn, up to a NULL. */
struct row {
    const char *url;
    const char *fields[9];
    enum cop_resource resource;
    const char *source; /* NULL: none */
    bool upgrades;
};

static const struct row rows[] = {
    /* The browser's word comes before everything else. */
    {"https://a.example/x.js",
        {"Sec-Fetch-Dest", "image", "Accept", "text/css"}, COP_RESOURCE_IMAGE,
        NULL, false},
    {"https://a.example/", {"sec-fetch-dest", "iframe"},
        COP_RESOURCE_SUBDOCUMENT, NULL, false},
    {"https://a.example/", {"Sec-Fetch-Dest", "Empty"},
        COP_RESOURCE_XMLHTTPREQUEST, NULL, false},
    {"https://a.example/", {"Sec-Fetch-Dest", "serviceworker"},
        COP_RESOURCE_SCRIPT, NULL, false},
    {"https://a.example/x.png", {"Sec-Fetch-Dest", "what-is-new"},
        COP_RESOURCE_OTHER, NULL, false},
    {"https://a.example/x.png", {"Sec-Fetch-Dest", ""}, COP_RESOURCE_OTHER,
        NULL, false},
    /* Then what it accepts, first of all. */
    {"https://a.example/x.png", {"Accept", "text/html,image/*;q=0.1"},
        COP_RESOURCE_DOCUMENT, NULL, false},
    {"https://a.example/x.js", {"Accept", "IMAGE/avif,*/*"}, COP_RESOURCE_IMAGE,
        NULL, false},
    {"https://a.example/x.png",
        {"X-Requested-With", "XMLHttpRequest", "Accept", "text/html"},
        COP_RESOURCE_XMLHTTPREQUEST, NULL, false},
    /* Then the end of the path. */
    {"https://a.example/x.min.JS?y=z.css", {"Accept", "*/*"},
        COP_RESOURCE_SCRIPT, NULL, false},
    {"https://a.example/x.woff2", {NULL}, COP_RESOURCE_FONT, NULL, false},
    {"https://a.example/v1.0/x", {NULL}, COP_RESOURCE_OTHER, NULL, false},
    {"https://a.example/", {NULL}, COP_RESOURCE_OTHER, NULL, false},
    {"https://a.example/js", {NULL}, COP_RESOURCE_OTHER, NULL, false},
    {"https://a.example/x", {"Accept", "text/html"}, COP_RESOURCE_WEBSOCKET,
        NULL, true},
    /* The page that asks; a document has none. */
    {"https://a.example/x.js", {"Referer", "https://B.example:8443/p?q#f"},
        COP_RESOURCE_SCRIPT, "b.example", false},
    {"https://a.example/x.js",
        {"Origin", "https://c.example", "Referer", "https://b.example/"},
        COP_RESOURCE_SCRIPT, "b.example", false},
    {"https://a.example/x.js", {"Origin", "https://[2001:db8::1]"},
        COP_RESOURCE_SCRIPT, "2001:db8::1", false},
    {"https://a.example/x.js", {"Origin", "null", "Referer", "about:blank"},
        COP_RESOURCE_SCRIPT, NULL, false},
    {"https://a.example/x.js", {"Referer", "https://u@b.example/"},
        COP_RESOURCE_SCRIPT, NULL, false},
    {"https://a.example/x.js", {"Referer", "https://"}, COP_RESOURCE_SCRIPT,
        NULL, false},
    {"https://a.example/x.js", {"Referer", ""}, COP_RESOURCE_SCRIPT, NULL,
        false},
    {"https://a.example/",
        {"Sec-Fetch-Dest", "document", "Referer", "https://b.example/"},
        COP_RESOURCE_DOCUMENT, NULL, false},
};

static void test_rows(void **state)
{
    static struct http_head head;
    static struct cop_url url;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct cop_host room;
        struct cop_facts facts;

        head = (struct http_head){
            .method = COP_LIT("POST"), .wants_upgrade = row->upgrades};
        for (size_t f = 0; row->fields[f] != NULL; f += 2) {
            head.fields[head.fields_n++] = (struct http_field){
                .name = cop_slice_of(row->fields[f]),
                .value = cop_slice_of(row->fields[f + 1]),
                .id = http_field_id(cop_slice_of(row->fields[f])),
            };
        }
        assert_int_equal(cop_url_parse(cop_slice_of(row->url), &url), COP_OK);
        resource_read(&head, &url, &room, &facts);
        if (facts.resource != row->resource ||
            (facts.source == NULL) != (row->source == NULL)) {
            fail_msg("row %zu: %s, source %s", i,
                cop_resource_word(facts.resource),
                facts.source != NULL ? facts.source->text : "none");
        }
        if (row->source != NULL) {
            assert_string_equal(facts.source->text, row->source);
        }
        assert_true(cop_slice_eq(facts.method, COP_LIT("POST")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The canonical form of URLs: rules U1 to U16 of docs/canonical-form.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cop/url.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct good {
    const char *in;
    const char *out;
};

/* What holds of every canonical URL: the parts are where the struct says, the
 * text stays as it is when it is read again, and composing gives the same. */
static void expect_consistent(const struct cop_url *url)
{
    static struct cop_url again;

    assert_int_equal(url->text.p[url->text.n], '\0');
    assert_int_equal(url->text.p[url->path], '/');
    assert_true(url->query == url->text.n || url->text.p[url->query] == '?');
    assert_int_equal(cop_url_parse(url->text, &again), COP_OK);
    assert_string_equal(again.text.p, url->text.p);
    assert_int_equal(again.path, url->path);
    assert_int_equal(again.query, url->query);
    assert_int_equal(again.port, url->port);
    assert_true(cop_host_eq(&again.host, &url->host));
    assert_int_equal(cop_url_compose(url->scheme, &url->host, url->port,
                         cop_url_target(url), &again),
        COP_OK);
    assert_string_equal(again.text.p, url->text.p);
}

static void expect_good(const struct good *rows, size_t n)
{
    static struct cop_url url;

    for (size_t i = 0; i < n; i++) {
        enum cop_status status = cop_url_parse(cop_slice_of(rows[i].in), &url);

        if (status != COP_OK || strcmp(url.text.p, rows[i].out) != 0) {
            fail_msg("%s: expected %s, got %s", rows[i].in, rows[i].out,
                status == COP_OK ? url.text.p : cop_status_name(status));
        }
        expect_consistent(&url);
    }
}

static void expect_bad(
    const char *const *rows, size_t n, enum cop_status expected)
{
    static struct cop_url url;

    for (size_t i = 0; i < n; i++) {
        url.port = 77;
        enum cop_status status = cop_url_parse(cop_slice_of(rows[i]), &url);

        if (status != expected) {
            fail_msg("%s: expected %s, got %s", rows[i],
                cop_status_name(expected),
                status == COP_OK ? url.text.p : cop_status_name(status));
        }
        assert_int_equal(url.port, 77); /* untouched */
    }
}

/* U4, U5, U7 */
static void test_schemes_and_bare_hosts(void **state)
{
    static const struct good rows[] = {
        {"http://example.com/", "http://example.com/"},
        {"http://example.com", "http://example.com/"},
        {"HTTPS://EXAMPLE.com", "https://example.com/"},
        {"ws://example.com/chat", "ws://example.com/chat"},
        {"wss://example.com/chat", "wss://example.com/chat"},
        {"https:example.com", "https://example.com/"},
        {"https:/example.com", "https://example.com/"},
        {"https:////example.com", "https://example.com/"},
        {"http:\\\\example.com\\a", "http://example.com/a"},
        {"https:/\\/example.com", "https://example.com/"},
        {"example.com", "https://example.com/"},
        {"example.com/a?b", "https://example.com/a?b"},
        {"example.com?b", "https://example.com/?b"},
        {"example.com#b", "https://example.com/"},
        {"example.com:8080", "https://example.com:8080/"},
        {"example.com:8080/a", "https://example.com:8080/a"},
        {"example.com:8080?a", "https://example.com:8080/?a"},
        {"example.com:", "https://example.com/"},
        {"localhost:443", "https://localhost/"},
        {"192.0.2.1:8443/a", "https://192.0.2.1:8443/a"},
        {"[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a"},
        {"b\xC3\xBC"
         "cher.example",
            "https://xn--bcher-kva.example/"},
    };
    static const char *const others[] = {"ftp://example.com/",
        "file:///etc/hosts", "gopher://example.com", "javascript:alert(1)",
        "data:text/html,a", "blob:https://example.com/a", "about:blank",
        "mailto:a@example.com", "httpss://example.com", "view-source:http://a",
        "user:secret@example.com", "example.com:80a", "a+b.c-d://x"};
    static const char *const refused[] = {"", " ", "/", "//example.com", "?a",
        "#a", "http:", "http://", "http:///", "https://?a", "https://#a",
        "://example.com", "1http://example.com", "2001:db8::1",
        "http://exa mple.com/", "\\\\example.com"};

    (void)state;
    expect_good(rows, COUNT(rows));
    expect_bad(others, COUNT(others), COP_E_UNSUPPORTED);
    expect_bad(refused, COUNT(refused), COP_E_SYNTAX);
}

/* U5, U6 */
static void test_userinfo_and_ports(void **state)
{
    static const struct good rows[] = {
        {"http://user@example.com/", "http://example.com/"},
        {"http://user:secret@example.com/", "http://example.com/"},
        {"http://allowed.example@example.com/", "http://example.com/"},
        {"http://allowed.example:80@example.com/", "http://example.com/"},
        {"http://a@b@example.com/", "http://example.com/"},
        {"http://@example.com/", "http://example.com/"},
        {"http://:@example.com/", "http://example.com/"},
        {"http://a%40b@example.com/", "http://example.com/"},
        {"http://example.com/@b", "http://example.com/@b"},
        {"http://example.com?@b", "http://example.com/?@b"},
        {"http://allowed.example\\@example.com/",
            "http://allowed.example/@example.com/"},
        {"http://example.com:80/", "http://example.com/"},
        {"https://example.com:443/", "https://example.com/"},
        {"https://example.com:0443/", "https://example.com/"},
        {"ws://example.com:80/", "ws://example.com/"},
        {"wss://example.com:443/", "wss://example.com/"},
        {"http://example.com:/", "http://example.com/"},
        {"http://example.com:443/", "http://example.com:443/"},
        {"https://example.com:80/", "https://example.com:80/"},
        {"http://example.com:0/", "http://example.com:0/"},
        {"http://example.com:65535/", "http://example.com:65535/"},
        {"http://example.com:00000000000000000008080/",
            "http://example.com:8080/"},
        {"http://[2001:db8::1]:80/", "http://[2001:db8::1]/"},
        {"http://[::ffff:192.0.2.1]:81/", "http://192.0.2.1:81/"},
    };
    static const char *const refused[] = {"http://user@/", "http://user@",
        "http://example.com:65536/", "http://example.com:4294967376/",
        "http://example.com:99999999999999999999/", "http://example.com:-1/",
        "http://example.com:+80/", "http://example.com:80a/",
        "http://example.com:8 0/", "http://example.com:80:80/", "http://:80/",
        "http://example.com@:80/", "http://[2001:db8::1",
        "http://[2001:db8::1]80/", "http://2001:db8::1/",
        "http://example.com%3A80/", "http://user%40example.com/"};

    (void)state;
    expect_good(rows, COUNT(rows));
    expect_bad(refused, COUNT(refused), COP_E_SYNTAX);
}

/* U2, U3 */
static void test_blanks_tabs_and_line_ends(void **state)
{
    static const struct good rows[] = {
        {" http://example.com/a ", "http://example.com/a"},
        {"\x01\x1F\thttp://example.com/a\r\n", "http://example.com/a"},
        {"ht\ttp:/\n/exam\rple.com/a\tb", "http://example.com/ab"},
        {"http://example.com/.\t./a", "http://example.com/a"},
        {"http://example.com/%6\t1", "http://example.com/a"},
        {"http://example.com/a b", "http://example.com/a%20b"},
        {"http://example.com/a\x01\x7F", "http://example.com/a%01%7F"},
        {"http://example.com/?a b", "http://example.com/?a%20b"},
    };

    (void)state;
    expect_good(rows, COUNT(rows));
}

/* U7, U8 */
static void test_dot_segments(void **state)
{
    static const struct good rows[] = {
        {"http://a.test/./a", "http://a.test/a"},
        {"http://a.test/a/./b", "http://a.test/a/b"},
        {"http://a.test/a/.", "http://a.test/a/"},
        {"http://a.test/a/..", "http://a.test/"},
        {"http://a.test/a/../b", "http://a.test/b"},
        {"http://a.test/a/b/../../c", "http://a.test/c"},
        {"http://a.test/..", "http://a.test/"},
        {"http://a.test/../../a", "http://a.test/a"},
        {"http://a.test/.", "http://a.test/"},
        {"http://a.test/%2e/a", "http://a.test/a"},
        {"http://a.test/x/%2E%2e/a", "http://a.test/a"},
        {"http://a.test/x/.%2e/a", "http://a.test/a"},
        {"http://a.test/x/%2e./a", "http://a.test/a"},
        {"http://a.test/x/..%2Fa", "http://a.test/x/..%2Fa"},
        {"http://a.test/x/...", "http://a.test/x/..."},
        {"http://a.test/x/..a/.b", "http://a.test/x/..a/.b"},
        {"http://a.test/a\\..\\b", "http://a.test/b"},
        {"http://a.test\\a\\.\\b", "http://a.test/a/b"},
        {"http://a.test/a/..?b/../c", "http://a.test/?b/../c"},
        {"http://a.test/%252e%252e/a", "http://a.test/%252e%252e/a"},
        /* double slashes stay */
        {"http://a.test//", "http://a.test//"},
        {"http://a.test//a//b", "http://a.test//a//b"},
        {"http://a.test/a//../b", "http://a.test/a/b"},
        {"http://a.test//..//b", "http://a.test//b"},
        {"http://a.test/a/..//", "http://a.test//"},
        {"http://a.test/a/", "http://a.test/a/"}, /* not "/a" */
    };

    (void)state;
    expect_good(rows, COUNT(rows));
}

/* U9, U10 */
static void test_triplets_are_decoded_where_they_mean_the_same(void **state)
{
    static const struct good rows[] = {
        {"http://a.test/%62anned", "http://a.test/banned"},
        {"http://a.test/%41%5A%61%7a%30%39%2D%2E%5F%7E",
            "http://a.test/AZaz09-._~"},
        {"http://a.test/BANNED", "http://a.test/BANNED"}, /* case matters */
        {"http://a.test/%2f%3f%23%25%5c", "http://a.test/%2F%3F%23%25%5C"},
        {"http://a.test/%21%24%27%28%29%2A%2C%3A%40",
            "http://a.test/!$'()*,:@"},
        {"http://a.test/%26%2B%3B%3D", "http://a.test/%26%2B%3B%3D"},
        {"http://a.test/&+;=", "http://a.test/&+;="},
        {"http://a.test/a;x=1", "http://a.test/a;x=1"},
        {"http://a.test/%00", "http://a.test/%00"},
        {"http://a.test/%0d%0a", "http://a.test/%0D%0A"},
        {"http://a.test/%c3%bc", "http://a.test/%C3%BC"},
        {"http://a.test/?%62=%2f%2F&c=%26", "http://a.test/?b=%2F%2F&c=%26"},
        {"http://a.test/?%21%28%29%2a", "http://a.test/?!()*"},
        {"http://a.test/?%24%2c%3a%40", "http://a.test/?%24%2C%3A%40"},
        {"http://a.test/?a+b%2Bc", "http://a.test/?a+b%2Bc"},
    };

    (void)state;
    expect_good(rows, COUNT(rows));
}

/* U9, U16 */
static void test_nothing_is_decoded_twice(void **state)
{
    static const struct good rows[] = {
        {"http://a.test/%2562anned", "http://a.test/%2562anned"},
        {"http://a.test/%25%36%32", "http://a.test/%2562"},
        {"http://a.test/%", "http://a.test/%"},
        {"http://a.test/%6", "http://a.test/%6"},
        {"http://a.test/%6?2", "http://a.test/%6?2"},
        {"http://a.test/%/62", "http://a.test/%/62"},
        {"http://a.test/%g1", "http://a.test/%g1"},
        {"http://a.test/%6g", "http://a.test/%6g"},
        {"http://a.test/%%", "http://a.test/%%"},
        {"http://a.test/%%62", "http://a.test/%%62"},
        {"http://a.test/%%36%32", "http://a.test/%%362"},
        {"http://a.test/%%341", "http://a.test/%%341"},
        {"http://a.test/%4%31", "http://a.test/%4%31"},
        {"http://a.test/%4%2e", "http://a.test/%4."},
        {"http://a.test/%%7a", "http://a.test/%z"},
        {"http://a.test/%4g%31", "http://a.test/%4g1"},
        {"http://a.test/?%%33%31", "http://a.test/?%%331"},
    };

    (void)state;
    expect_good(rows, COUNT(rows));
}

/* U11, U12 */
static void test_what_a_url_may_not_hold_is_encoded(void **state)
{
    static const struct good rows[] = {
        {"http://a.test/\"<>^`{|}[]", "http://a.test/%22%3C%3E%5E%60%7B%7C%7D"
                                      "%5B%5D"},
        {"http://a.test/%7c%5B", "http://a.test/%7C%5B"},
        {"http://a.test/b\xC3\xBC", "http://a.test/b%C3%BC"},
        {"http://a.test/\xFF", "http://a.test/%FF"},
        {"http://a.test/?q[]=a|b", "http://a.test/?q%5B%5D=a%7Cb"},
        {"http://a.test/?q%5b%5d=a", "http://a.test/?q%5B%5D=a"},
        {"http://a.test/?\"<>^`{}\\", "http://a.test/?%22%3C%3E%5E%60%7B%7D"
                                      "%5C"},
        {"http://a.test/?\xC3\xBC", "http://a.test/?%C3%BC"},
        {"http://a.test/it's", "http://a.test/it's"},
        {"http://a.test/it%27s", "http://a.test/it's"},
        {"http://a.test/?it's", "http://a.test/?it%27s"},
        {"http://a.test/?it%27s", "http://a.test/?it%27s"},
    };

    (void)state;
    expect_good(rows, COUNT(rows));
}

/* U13, U15 */
static void test_queries_and_fragments(void **state)
{
    static const struct good rows[] = {
        {"http://a.test/?", "http://a.test/?"}, /* not "/" */
        {"http://a.test?", "http://a.test/?"},
        {"http://a.test/?b=1&a=2&b=1", "http://a.test/?b=1&a=2&b=1"},
        {"http://a.test/?a;b&&=", "http://a.test/?a;b&&="},
        {"http://a.test/?a?b/c:d@e,f$g", "http://a.test/?a?b/c:d@e,f$g"},
        {"http://a.test/#a", "http://a.test/"},
        {"http://a.test/a#", "http://a.test/a"},
        {"http://a.test/a#b?c", "http://a.test/a"},
        {"http://a.test/?a#b#c", "http://a.test/?a"},
        {"http://a.test#@b.test/", "http://a.test/"},
        {"http://a.test/a%23b", "http://a.test/a%23b"},
    };

    (void)state;
    expect_good(rows, COUNT(rows));
}

/* The classes 1 to 15 of bypass that names and paths are used for: in each
 * row, both URLs are one resource. */
static void test_spellings_of_one_resource(void **state)
{
    static const struct {
        const char *a;
        const char *b;
    } rows[] = {
        {"https://BANNED.test/", "https://banned.test/"},
        {"https://banned.test./", "https://banned.test/"},
        {"https://banned.test:443/", "https://banned.test/"},
        {"https://banned.test:/", "https://banned.test:0443/"},
        {"https://allowed.test@banned.test/", "https://banned.test/"},
        {"https://%62anned.test/", "https://banned.test/"},
        {"https://banned%2Etest/", "https://banned.test/"},
        {"https://\xEF\xBD\x82"
         "anned.test/",
            "https://banned.test/"},
        {"https://banned\xE3\x80\x82test/", "https://banned.test/"},
        {"https://ban\xC2\xADned.test/", "https://banned.test/"},
        {"https://ban\xE2\x80\x8Bned.test/", "https://banned.test/"},
        {"https://\xF0\x9D\x92\xB7"
         "anned.test/",
            "https://banned.test/"},
        {"https://3221225985/", "https://192.0.2.1/"},
        {"https://0xc0.0.2.1/", "https://192.0.2.1/"},
        {"https://0300.0.01001/", "https://192.0.2.1/"},
        {"https://192.513/", "https://192.0.2.1/"},
        {"https://[::ffff:c000:201]/", "https://192.0.2.1/"},
        {"https://[64:ff9b::192.0.2.1]/", "https://192.0.2.1/"},
        {"https://a.test/%62anned", "https://a.test/banned"},
        {"https://a.test/./banned", "https://a.test/banned"},
        {"https://a.test/x/../banned", "https://a.test/banned"},
        {"https://a.test/x/%2e%2e/banned", "https://a.test/banned"},
        {"https://a.test\\banned", "https://a.test/banned"},
        {"https://a.test/%40banned", "https://a.test/@banned"},
        {"https://a.test/banned_%28film%29", "https://a.test/banned_(film)"},
        {"https://a.test/banned#x", "https://a.test/banned"},
        {"https://a.test/ban\nned", "https://a.test/banned"},
    };
    static struct cop_url a;
    static struct cop_url b;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(cop_url_parse(cop_slice_of(rows[i].a), &a), COP_OK);
        assert_int_equal(cop_url_parse(cop_slice_of(rows[i].b), &b), COP_OK);
        assert_string_equal(a.text.p, b.text.p);
    }
}

/* The other way about: these look alike and are not the same. */
static void test_what_must_stay_apart(void **state)
{
    static const struct {
        const char *a;
        const char *b;
    } rows[] = {
        {"https://banned.test/", "https://\xD0\xB2"
                                 "anned.test/"},
        {"https://a.test/banned", "https://a.test/banned/"},
        {"https://a.test/banned", "https://a.test/BANNED"},
        {"https://a.test/banned", "https://a.test//banned"},
        {"https://a.test/banned", "https://a.test/banned;x"},
        {"https://a.test/banned", "https://a.test/banned%00"},
        {"https://a.test/banned", "https://a.test/banned?"},
        {"https://a.test/banned", "https://a.test/%2562anned"},
        {"https://a.test/a/b", "https://a.test/a%2Fb"},
        {"https://a.test/?a=b", "https://a.test/?a%3Db"},
        {"https://a.test/?a&b", "https://a.test/?a%26b"},
        {"https://a.test/?a+b", "https://a.test/?a%2Bb"},
        {"https://a.test/?a=1&b=2", "https://a.test/?b=2&a=1"},
        {"https://a.test/", "http://a.test/"},
        {"https://a.test/", "wss://a.test/"},
        {"https://a.test/", "https://a.test:8443/"},
    };
    static struct cop_url a;
    static struct cop_url b;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(cop_url_parse(cop_slice_of(rows[i].a), &a), COP_OK);
        assert_int_equal(cop_url_parse(cop_slice_of(rows[i].b), &b), COP_OK);
        assert_string_not_equal(a.text.p, b.text.p);
    }
}

/* U14 */
static void test_compose(void **state)
{
    static const struct {
        enum cop_scheme scheme;
        uint16_t port;
        const char *target;
        const char *out; /* NULL: COP_E_SYNTAX */
    } rows[] = {
        {COP_HTTPS, 443, "/", "https://a.test/"},
        {COP_HTTPS, 443, "", "https://a.test/"},
        {COP_HTTPS, 443, "*", "https://a.test/"},
        {COP_HTTP, 80, "/%62?%62", "http://a.test/b?b"},
        {COP_HTTP, 443, "/", "http://a.test:443/"},
        {COP_WSS, 8443, "/chat", "wss://a.test:8443/chat"},
        {COP_HTTPS, 443, "/x/%2e%2E/a", "https://a.test/a"},
        {COP_HTTPS, 443, "//b.test/", "https://a.test//b.test/"},
        {COP_HTTPS, 443, "/@b.test/", "https://a.test/@b.test/"},
        {COP_HTTPS, 443, "/{|}?q[]=\\'",
            "https://a.test/%7B%7C%7D"
            "?q%5B%5D=%5C%27"},
        {COP_HTTPS, 443, "/?", "https://a.test/?"},
        {COP_HTTPS, 443, "a", NULL},
        {COP_HTTPS, 443, "?a", NULL},
        {COP_HTTPS, 443, "**", NULL},
        {COP_HTTPS, 443, "http://b.test/", NULL},
        {COP_HTTPS, 443, "\\a", NULL},
        {COP_HTTPS, 443, "/a\\..\\b", NULL},
        {COP_HTTPS, 443, "/a b", NULL},
        {COP_HTTPS, 443, "/a#b", NULL},
        {COP_HTTPS, 443, "/?a#b", NULL},
        {COP_HTTPS, 443, "/a\tb", NULL},
        {COP_HTTPS, 443, "/a\r\nHost: b", NULL},
        {COP_HTTPS, 443, "/a\x7F", NULL},
        {COP_HTTPS, 443, "/b\xC3\xBC", NULL},
        {COP_HTTPS, 443, "/?\xC3\xBC", NULL},
    };
    static struct cop_url url;
    struct cop_host host;

    (void)state;
    assert_int_equal(cop_host_parse(COP_LIT("a.test"), &host), COP_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum cop_status status = cop_url_compose(rows[i].scheme, &host,
            rows[i].port, cop_slice_of(rows[i].target), &url);

        if (rows[i].out == NULL) {
            assert_int_equal(status, COP_E_SYNTAX);
            continue;
        }
        assert_int_equal(status, COP_OK);
        assert_string_equal(url.text.p, rows[i].out);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.scheme, rows[i].scheme);
        expect_consistent(&url);
    }
    assert_int_equal(cop_url_compose(COP_HTTP, &host, 80,
                         (struct cop_slice){"/\0", 2}, &url),
        COP_E_SYNTAX);
}

static void test_compose_with_its_own_host_and_an_address(void **state)
{
    static struct cop_url url;

    (void)state;
    assert_int_equal(cop_host_parse(COP_LIT("2001:db8::1"), &url.host), COP_OK);
    assert_int_equal(
        cop_url_compose(COP_HTTPS, &url.host, 8443, COP_LIT("/a"), &url),
        COP_OK);
    assert_string_equal(url.text.p, "https://[2001:db8::1]:8443/a");
}

/* U1 */
static void test_lengths(void **state)
{
    static const char head[] = "http://a.test/";
    static char text[COP_URL_INPUT_MAX + 1];
    static struct cop_url url;
    struct cop_host host;
    size_t fits = COP_URL_MAX;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, head, sizeof(head) - 1);
    assert_int_equal(
        cop_url_parse((struct cop_slice){text, fits}, &url), COP_OK);
    assert_int_equal(url.text.n, COP_URL_MAX);
    expect_consistent(&url);
    assert_int_equal(
        cop_url_parse((struct cop_slice){text, fits + 1}, &url), COP_E_LIMIT);
    text[fits - 1] = '{'; /* three bytes */
    assert_int_equal(
        cop_url_parse((struct cop_slice){text, fits}, &url), COP_E_LIMIT);
    text[fits - 1] = 'a';
    text[fits] = '?';
    assert_int_equal(
        cop_url_parse((struct cop_slice){text, fits + 1}, &url), COP_E_LIMIT);
    text[fits] = '#'; /* what follows is dropped */
    assert_int_equal(
        cop_url_parse((struct cop_slice){text, COP_URL_INPUT_MAX}, &url),
        COP_OK);
    assert_int_equal(
        cop_url_parse((struct cop_slice){text, COP_URL_INPUT_MAX + 1}, &url),
        COP_E_LIMIT);
    assert_int_equal(cop_host_parse(COP_LIT("a.test"), &host), COP_OK);
    text[0] = '/';
    assert_int_equal(cop_url_compose(COP_HTTP, &host, 80,
                         (struct cop_slice){text, fits}, &url),
        COP_E_LIMIT);
    assert_int_equal(cop_url_compose(COP_HTTP, &host, 80,
                         (struct cop_slice){text, sizeof(text)}, &url),
        COP_E_LIMIT);
}

static void test_many_segments(void **state)
{
    static char text[COP_URL_INPUT_MAX];
    static struct cop_url url;
    size_t n = 0;

    (void)state;
    memcpy(text, "a.test", 6);
    n = 6;
    while (n < 5000) {
        memcpy(text + n, "/a", 2);
        n += 2;
    }
    while (n + 3 < 20000) {
        memcpy(text + n, "/..", 3);
        n += 3;
    }
    assert_int_equal(cop_url_parse((struct cop_slice){text, n}, &url), COP_OK);
    assert_string_equal(url.text.p, "https://a.test/");
}

static void test_copy(void **state)
{
    static struct cop_url from;
    static struct cop_url to;

    (void)state;
    assert_int_equal(
        cop_url_parse(COP_LIT("http://a.test:81/b?c"), &from), COP_OK);
    cop_url_copy(&to, &from);
    memset(from.store, 'x', 10);
    assert_ptr_equal(to.text.p, to.store);
    assert_string_equal(to.text.p, "http://a.test:81/b?c");
    assert_true(cop_slice_eq(cop_url_target(&to), COP_LIT("/b?c")));
    assert_int_equal(to.port, 81);
    assert_string_equal(to.host.text, "a.test");
    cop_url_copy(&to, &to);
    assert_string_equal(to.text.p, "http://a.test:81/b?c");
}

static void test_scheme_facts(void **state)
{
    (void)state;
    assert_string_equal(cop_scheme_name(COP_HTTP), "http");
    assert_string_equal(cop_scheme_name(COP_WSS), "wss");
    assert_int_equal(cop_scheme_port(COP_WS), 80);
    assert_int_equal(cop_scheme_port(COP_HTTPS), 443);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemes_and_bare_hosts),
        cmocka_unit_test(test_userinfo_and_ports),
        cmocka_unit_test(test_blanks_tabs_and_line_ends),
        cmocka_unit_test(test_dot_segments),
        cmocka_unit_test(test_triplets_are_decoded_where_they_mean_the_same),
        cmocka_unit_test(test_nothing_is_decoded_twice),
        cmocka_unit_test(test_what_a_url_may_not_hold_is_encoded),
        cmocka_unit_test(test_queries_and_fragments),
        cmocka_unit_test(test_spellings_of_one_resource),
        cmocka_unit_test(test_what_must_stay_apart),
        cmocka_unit_test(test_compose),
        cmocka_unit_test(test_compose_with_its_own_host_and_an_address),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_many_segments),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_scheme_facts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

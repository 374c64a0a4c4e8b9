/* What a proxy takes away from the heads it forwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "gateway/filter/hop.h"
#include "gateway/http/h1_write.h"

static void add_field(
    struct http_head *head, const char *name, const char *value)
{
    struct cop_slice slice = cop_slice_of(name);

    head->fields[head->fields_n++] = (struct http_field){.name = slice,
        .value = cop_slice_of(value),
        .id = http_field_id(slice)};
}

static bool is_kept(const struct http_head *head, const char *name)
{
    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (cop_slice_eq(head->fields[i].name, cop_slice_of(name))) {
            return !head->fields[i].dropped;
        }
    }
    fail_msg("no %s", name);
    return false;
}

static void test_strip_request(void **state)
{
    static const char *const dropped[] = {"Connection", "Keep-Alive",
        "Proxy-Connection", "Proxy-Authorization", "Transfer-Encoding",
        "Upgrade", "HTTP2-Settings", "X-Named", "x-other", "Forwarded",
        "X-Forwarded-For"};
    static const char *const kept[] = {
        "Host", "Authorization", "Cookie", "X-Plain", "Alt-Svc"};
    struct http_head head = {.method = COP_LIT("GET")};

    (void)state;
    add_field(&head, "X-Named", "early");
    for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++) {
        add_field(&head, dropped[i], "v");
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
        add_field(&head, kept[i], "v");
    }
    head.fields[1].value =
        COP_LIT("x-named, , HOST,authorization, cookie, close");
    add_field(&head, "Connection", "X-Other");
    hop_strip(&head, false);
    for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++) {
        assert_false(is_kept(&head, dropped[i]));
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
        assert_true(is_kept(&head, kept[i]));
    }
    assert_true(head.fields[head.fields_n - 1].dropped);
}

static void test_strip_response(void **state)
{
    struct http_head head = {.status = 200};

    (void)state;
    add_field(&head, "Alt-Svc", "h3=\":443\"");
    add_field(&head, "Proxy-Authenticate", "Basic");
    add_field(&head, "X-Forwarded-For", "192.0.2.1");
    add_field(&head, "Content-Length", "5");
    add_field(&head, "Connection", "content-length, set-cookie");
    add_field(&head, "Set-Cookie", "a=b");
    hop_strip(&head, false);
    assert_false(is_kept(&head, "Alt-Svc"));
    assert_false(is_kept(&head, "Proxy-Authenticate"));
    assert_true(is_kept(&head, "X-Forwarded-For"));
    assert_true(is_kept(&head, "Content-Length"));
    assert_true(is_kept(&head, "Set-Cookie"));
}

static bool keeps_upgrade(const char *value, bool keep)
{
    struct http_head head = {.method = COP_LIT("GET")};

    add_field(&head, "Connection", "Upgrade");
    add_field(&head, "Upgrade", value);
    hop_strip(&head, keep);
    return is_kept(&head, "Upgrade");
}

static void test_upgrade(void **state)
{
    (void)state;
    assert_true(keeps_upgrade("WebSocket", true));
    assert_false(keeps_upgrade("websocket", false));
    assert_false(keeps_upgrade("h2c", true));
    assert_false(keeps_upgrade("websocket, h2c", true));
}

static void test_te(void **state)
{
    struct http_head head = {.method = COP_LIT("GET")};

    (void)state;
    add_field(&head, "Connection", "te");
    add_field(&head, "TE", "gzip;q=0.5, Trailers");
    hop_strip(&head, false);
    assert_true(is_kept(&head, "TE"));
    assert_true(cop_slice_eq(head.fields[1].value, COP_LIT("trailers")));
    head.fields[1].value = COP_LIT("gzip");
    hop_strip(&head, false);
    assert_false(is_kept(&head, "TE"));
}

static bool is_loop(const char *via)
{
    struct http_head head = {.method = COP_LIT("GET")};

    add_field(&head, "Via", "1.0 first");
    add_field(&head, "Via", via);
    return hop_is_loop(&head, COP_LIT("gate-7f"));
}

static void test_loop(void **state)
{
    (void)state;
    assert_true(is_loop("1.1 gate-7f"));
    assert_true(is_loop("1.1 other, HTTP/1.1  Gate-7F (copgate)"));
    assert_false(is_loop("1.1 gate-7f2"));
    assert_false(is_loop("gate-7f"));
    assert_false(is_loop("1.1 other (gate-7f)"));
    assert_false(is_loop(""));
}

static void check_forwards(
    const char *method, const char *value, bool may, const char *line)
{
    struct http_head head = {.method = cop_slice_of(method)};
    struct buf extra;

    buf_init(&extra, 100);
    if (value != NULL) {
        add_field(&head, "Max-Forwards", value);
    }
    assert_int_equal(hop_may_forward(&head, &extra), may);
    assert_true(cop_slice_eq(buf_slice(&extra), cop_slice_of(line)));
    if (value != NULL) {
        assert_int_equal(head.fields[0].dropped, line[0] != '\0');
    }
    buf_fini(&extra);
}

static void test_max_forwards(void **state)
{
    (void)state;
    check_forwards("TRACE", "0", false, "");
    check_forwards("OPTIONS", "0", false, "");
    check_forwards("OPTIONS", "10", true, "Max-Forwards: 9\r\n");
    check_forwards("OPTIONS", NULL, true, "");
    check_forwards("OPTIONS", "-1", false, "");
    check_forwards("OPTIONS", "99999999999", false, "");
    check_forwards("GET", "0", true, "");
}

static void test_trailers(void **state)
{
    static const char *const names[] = {"Content-Length", "Transfer-Encoding",
        "HOST", "set-cookie", "Authorization", "Content-Encoding", "Trailer"};
    struct http_field field = {.value = COP_LIT("v")};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        field.name = cop_slice_of(names[i]);
        field.dropped = false;
        hop_strip_trailers(&field, 1);
        assert_true(field.dropped);
    }
    field.name = COP_LIT("Server-Timing");
    field.dropped = false;
    hop_strip_trailers(&field, 1);
    assert_false(field.dropped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strip_request),
        cmocka_unit_test(test_strip_response),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_te),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_max_forwards),
        cmocka_unit_test(test_trailers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The messages between a worker and keyd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "gateway/tls/mint.h"

static struct cop_slice slice_of(const uint8_t *p, size_t n)
{
    return (struct cop_slice){(const char *)p, n};
}

static struct mint_request request_for(const char *name)
{
    struct mint_request request = {.number = 0x1122334455667788, .spki_n = 91};

    assert_int_equal(cop_host_parse(cop_slice_of(name), &request.host), COP_OK);
    memset(request.spki, 0x5a, sizeof(request.spki));
    return request;
}

static void test_request_goes_round(void **state)
{
    static const char *const names[] = {
        "a.example", "192.0.2.1", "2001:db8::1", "xn--bcher-kva.example"};
    uint8_t bytes[MINT_MESSAGE_MAX];
    struct mint_request back;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct mint_request request = request_for(names[i]);
        size_t n = mint_write_request(&request, bytes);

        assert_int_equal(mint_read_request(slice_of(bytes, n), &back), COP_OK);
        assert_int_equal(back.number, request.number);
        assert_true(cop_host_eq(&back.host, &request.host));
        assert_int_equal(back.host.kind, request.host.kind);
        assert_int_equal(back.spki_n, 91);
        assert_memory_equal(back.spki, request.spki, 91);
    }
}

static void test_request_has_one_size(void **state)
{
    uint8_t bytes[MINT_MESSAGE_MAX];
    struct mint_request request = request_for("a.example");
    size_t n = mint_write_request(&request, bytes);
    struct mint_request back;

    (void)state;
    for (size_t short_n = 0; short_n < n; short_n++) {
        assert_int_equal(
            mint_read_request(slice_of(bytes, short_n), &back), COP_E_SYNTAX);
    }
    assert_int_equal(
        mint_read_request(slice_of(bytes, n + 1), &back), COP_E_SYNTAX);
}

/* The host's text stands behind 11 bytes. */
static void test_request_is_not_trusted(void **state)
{
    uint8_t bytes[MINT_MESSAGE_MAX];
    struct mint_request request = request_for("a.example");
    size_t n = mint_write_request(&request, bytes);
    struct mint_request back;

    (void)state;
    bytes[11] = 'A';
    assert_int_equal(
        mint_read_request(slice_of(bytes, n), &back), COP_E_SYNTAX);
    bytes[11] = '\0';
    assert_int_equal(
        mint_read_request(slice_of(bytes, n), &back), COP_E_SYNTAX);
    bytes[11] = 'a';
    bytes[0] = 2; /* another version */
    assert_int_equal(
        mint_read_request(slice_of(bytes, n), &back), COP_E_SYNTAX);
    bytes[0] = 1;
    bytes[1] = 2; /* a reply's kind */
    assert_int_equal(
        mint_read_request(slice_of(bytes, n), &back), COP_E_SYNTAX);
    bytes[1] = 1;
    assert_int_equal(mint_read_request(slice_of(bytes, n), &back), COP_OK);
    request.spki_n = 0;
    n = mint_write_request(&request, bytes);
    assert_int_equal(
        mint_read_request(slice_of(bytes, n), &back), COP_E_SYNTAX);
}

static void test_reply_goes_round(void **state)
{
    uint8_t bytes[MINT_MESSAGE_MAX];
    static struct mint_reply reply = {.number = 7, .der_n = CA_DER_MAX};
    static struct mint_reply back;
    size_t n;

    (void)state;
    memset(reply.der, 0x30, sizeof(reply.der));
    n = mint_write_reply(&reply, bytes);
    assert_int_equal(mint_read_reply(slice_of(bytes, n), &back), COP_OK);
    assert_memory_equal(&back, &reply, sizeof(back));
    for (size_t short_n = 0; short_n < n; short_n++) {
        assert_int_equal(
            mint_read_reply(slice_of(bytes, short_n), &back), COP_E_SYNTAX);
    }
    assert_int_equal(
        mint_read_reply(slice_of(bytes, n + 1), &back), COP_E_SYNTAX);
}

static void test_reply_has_a_certificate_or_a_failure(void **state)
{
    uint8_t bytes[MINT_MESSAGE_MAX];
    static struct mint_reply reply;
    static struct mint_reply back;
    size_t n;

    (void)state;
    reply = (struct mint_reply){.number = 7, .failed = 3};
    n = mint_write_reply(&reply, bytes);
    assert_int_equal(mint_read_reply(slice_of(bytes, n), &back), COP_OK);
    assert_int_equal(back.failed, 3);
    reply.failed = 0; /* neither */
    n = mint_write_reply(&reply, bytes);
    assert_int_equal(mint_read_reply(slice_of(bytes, n), &back), COP_E_SYNTAX);
    reply.failed = 3; /* both */
    reply.der_n = 10;
    n = mint_write_reply(&reply, bytes);
    assert_int_equal(mint_read_reply(slice_of(bytes, n), &back), COP_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_goes_round),
        cmocka_unit_test(test_request_has_one_size),
        cmocka_unit_test(test_request_is_not_trusted),
        cmocka_unit_test(test_reply_goes_round),
        cmocka_unit_test(test_reply_has_a_certificate_or_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reading a ClientHello: whole, in parts, in records of any size, and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "gateway/tls/hello.h"

struct bytes {
    size_t n;
    uint8_t p[3 * HELLO_MAX];
};

static struct cop_slice slice_of(const struct bytes *bytes)
{
    return (struct cop_slice){(const char *)bytes->p, bytes->n};
}

static void add(struct bytes *to, const void *p, size_t n)
{
    assert_true(to->n + n <= sizeof(to->p));
    if (n > 0) {
        memcpy(to->p + to->n, p, n);
    }
    to->n += n;
}

static void add_number(struct bytes *to, size_t value, size_t size)
{
    for (size_t i = size; i > 0; i--) {
        uint8_t byte = (uint8_t)(value >> (8 * (i - 1)));

        add(to, &byte, 1);
    }
}

static void add_zeros(struct bytes *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_number(to, 0, 1);
    }
}

static void add_extension(
    struct bytes *to, size_t kind, const void *p, size_t n)
{
    add_number(to, kind, 2);
    add_number(to, n, 2);
    add(to, p, n);
}

static void add_name(struct bytes *to, const void *name, size_t n)
{
    add_number(to, 0, 2);
    add_number(to, n + 5, 2);
    add_number(to, n + 3, 2);
    add_number(to, 0, 1);
    add_number(to, n, 2);
    add(to, name, n);
}

/* A message, with its header, of these extensions. */
static void compose(struct bytes *to, const struct bytes *extensions)
{
    size_t n = 2 + 32 + 1 + 2 + 2 + 2 + 2 + extensions->n;

    to->n = 0;
    add_number(to, 1, 1);
    add_number(to, n, 3);
    add_number(to, 0x0303, 2);
    add_zeros(to, 32);
    add_number(to, 0, 1);
    add_number(to, 2, 2);
    add_number(to, 0x1301, 2);
    add_number(to, 0x0100, 2);
    add_number(to, extensions->n, 2);
    add(to, extensions->p, extensions->n);
}

/* Cut a message into records of `size` bytes. */
static void wrap(
    struct bytes *to, const uint8_t *message, size_t n, size_t size)
{
    to->n = 0;
    for (size_t at = 0; at < n; at += size) {
        size_t part = n - at < size ? n - at : size;

        add_number(to, 22, 1);
        add_number(to, 0x0301, 2);
        add_number(to, part, 2);
        add(to, message + at, part);
    }
}

static enum cop_status parse(const struct bytes *records, struct hello *out)
{
    /* A copy of exact size, so that the sanitizer sees a read beyond it. */
    char *exact = malloc(records->n + 1);
    enum cop_status status;

    assert_non_null(exact);
    memcpy(exact, records->p, records->n);
    exact = realloc(exact, records->n == 0 ? 1 : records->n);
    status = hello_parse((struct cop_slice){exact, records->n}, out);
    free(exact);
    return status;
}

/* Every beginning is "not whole yet", and the whole is read. */
static void assert_grows(const struct bytes *records, struct hello *out)
{
    for (size_t n = 0; n < records->n; n++) {
        struct cop_slice part = {(const char *)records->p, n};

        assert_int_equal(hello_parse(part, out), COP_AGAIN);
    }
    assert_int_equal(hello_parse(slice_of(records), out), COP_OK);
}

/* What OpenSSL sends as a client. */
static void capture(struct bytes *to, int version)
{
    static const unsigned char protocols[] = "\x02h2\x08http/1.1";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *out = BIO_new(BIO_s_mem());
    BIO *in = BIO_new(BIO_s_mem());
    SSL *ssl = SSL_new(context);
    char *p;
    long n;

    assert_int_equal(SSL_set_max_proto_version(ssl, version), 1);
    assert_int_equal(SSL_set_tlsext_host_name(ssl, "WWW.School.Example"), 1);
    assert_int_equal(
        SSL_set_alpn_protos(ssl, protocols, sizeof(protocols) - 1), 0);
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    assert_int_equal(SSL_do_handshake(ssl), -1);
    n = BIO_get_mem_data(out, &p);
    to->n = 0;
    add(to, p, (size_t)n);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void test_reads_what_openssl_sends(void **state)
{
    static struct bytes records;
    struct hello hello;

    (void)state;
    capture(&records, TLS1_3_VERSION);
    assert_grows(&records, &hello);
    assert_true(hello.has_sni);
    assert_string_equal(hello.sni.text, "www.school.example");
    assert_true(hello.has_alpn && hello.offers_h1 && hello.offers_h2);
    assert_true(hello.offers_tls13 && hello.offers_tls12);
    assert_false(hello.has_ech);
    capture(&records, TLS1_2_VERSION);
    assert_grows(&records, &hello);
    assert_true(hello.offers_tls12 && !hello.offers_tls13);
}

/* As large as a browser's with a post-quantum key share and ECH GREASE. */
static void browser_hello(struct bytes *message)
{
    static struct bytes extensions;
    static const uint8_t zeros[1300];

    extensions.n = 0;
    add_extension(&extensions, 0x2a2a, NULL, 0);
    add_name(&extensions, "news.example", 12);
    add_extension(&extensions, 0x0017, NULL, 0);
    add_extension(&extensions, 0x0010, "\x00\x0c\x02h2\x08http/1.1", 14);
    add_extension(&extensions, 0x002b, "\x06\x3a\x3a\x03\x04\x03\x03", 7);
    add_extension(&extensions, 0x0033, zeros, 1258);
    add_extension(&extensions, 0xfe0d, zeros, 250);
    add_extension(&extensions, 0x0015, zeros, 200);
    compose(message, &extensions);
}

static void test_reads_any_fragmentation(void **state)
{
    static struct bytes message;
    static struct bytes records;
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 64, 500, 1000, 16384};
    struct hello hello;

    (void)state;
    browser_hello(&message);
    assert_in_range(message.n, 1800, 2000);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(&hello, 0, sizeof(hello));
        wrap(&records, message.p, message.n, sizes[i]);
        assert_grows(&records, &hello);
        assert_string_equal(hello.sni.text, "news.example");
        assert_true(hello.has_ech && hello.offers_tls13 && hello.offers_tls12);
        assert_true(hello.offers_h1 && hello.offers_h2);
    }
}

static void test_ignores_what_follows(void **state)
{
    static struct bytes message;
    static struct bytes records;
    struct hello hello;

    (void)state;
    browser_hello(&message);
    wrap(&records, message.p, message.n, 16384);
    add(&records, "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x02hi", 13);
    assert_int_equal(parse(&records, &hello), COP_OK);
}

static void test_reads_one_without_extensions(void **state)
{
    static struct bytes records;
    static const struct bytes none = {0};
    static struct bytes message;
    struct hello hello;

    (void)state;
    compose(&message, &none);
    wrap(&records, message.p, message.n, 16384);
    assert_int_equal(parse(&records, &hello), COP_OK);
    assert_false(hello.has_sni || hello.has_alpn || hello.offers_tls13);
    assert_true(hello.offers_tls12);
    /* And without the list itself. */
    message.n -= 2;
    message.p[3] = (uint8_t)(message.p[3] - 2);
    wrap(&records, message.p, message.n, 16384);
    assert_int_equal(parse(&records, &hello), COP_OK);
}

static enum cop_status parse_name(const void *name, size_t n)
{
    static struct bytes message;
    static struct bytes records;
    static struct bytes extensions;
    struct hello hello;

    extensions.n = 0;
    add_name(&extensions, name, n);
    compose(&message, &extensions);
    wrap(&records, message.p, message.n, 16384);
    return parse(&records, &hello);
}

static void test_refuses_what_is_no_name(void **state)
{
    static const struct {
        const char *name;
        size_t n;
    } bad[] = {
        {"", 0},
        {"a\0b.example", 11},
        {"a.example\r\n", 11},
        {"a.example\0", 10},
        {"a.example.", 10},
        {".a.example", 10},
        {"a..example", 10},
        {"192.0.2.1", 9},
        {"0xc0000201", 10},
        {"3221225985", 10},
        {"[2001:db8::1]", 13},
        {"2001:db8::1", 11},
        {"a%2eexample", 11},
        {"a/b.example", 11},
        {"a b.example", 11},
        {"b\xc3\xbc"
         "cher.example",
            14},
        {"user@a.example", 14},
        {"a.example:443", 13},
        {"*.example", 9},
    };
    char label[300];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse_name(bad[i].name, bad[i].n), COP_E_SYNTAX);
    }
    memset(label, 'a', sizeof(label));
    assert_int_equal(parse_name(label, 64), COP_E_SYNTAX);
    assert_int_equal(parse_name(label, 254), COP_E_SYNTAX);
    assert_int_equal(parse_name("a_b.example", 11), COP_OK);
    assert_int_equal(parse_name("xn--bcher-kva.example", 21), COP_OK);
}

/* A hello with these extensions, in one record. */
static enum cop_status parse_extensions(const struct bytes *extensions)
{
    static struct bytes message;
    static struct bytes records;
    struct hello hello;

    compose(&message, extensions);
    wrap(&records, message.p, message.n, 16384);
    return parse(&records, &hello);
}

static void test_refuses_bad_extensions(void **state)
{
    static const struct {
        size_t kind;
        const char *p;
        size_t n;
    } bad[] = {
        {0, "", 0},         /* a server's answer */
        {0, "\x00\x00", 2}, /* no names */
        {0,
            "\x00\x04\x00\x00\x02"
            "a",
            6}, /* name beyond its list */
        {0,
            "\x00\x05\x01\x00\x02"
            "ab",
            7}, /* another kind */
        {0,
            "\x00\x05\x00\x00\x02"
            "ab\x00",
            8}, /* bytes after it */
        {0,
            "\x00\x0a\x00\x00\x02"
            "ab\x00\x00\x02"
            "cd",
            12},                     /* two names */
        {16, "\x00\x00", 2},         /* no protocols */
        {16, "\x00\x01\x00", 3},     /* an empty one */
        {16, "\x00\x03\x05h2", 5},   /* beyond its list */
        {16, "\x00\x03\x02h2x", 6},  /* bytes after it */
        {43, "\x00", 1},             /* no versions */
        {43, "\x03\x03\x04\x03", 4}, /* an odd number of bytes */
        {43, "\x04\x03\x04", 3},     /* beyond the end */
    };
    static struct bytes extensions;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        extensions.n = 0;
        add_extension(&extensions, bad[i].kind, bad[i].p, bad[i].n);
        assert_int_equal(parse_extensions(&extensions), COP_E_SYNTAX);
    }
    extensions.n = 0;
    add_extension(&extensions, 0x0017, NULL, 0);
    add_extension(&extensions, 0x0017, NULL, 0);
    assert_int_equal(parse_extensions(&extensions), COP_E_SYNTAX);
    extensions.n = 0;
    add_extension(&extensions, 41, "xx", 2); /* pre_shared_key, not last */
    add_extension(&extensions, 0x0017, NULL, 0);
    assert_int_equal(parse_extensions(&extensions), COP_E_SYNTAX);
    extensions.n = 0;
    add_extension(&extensions, 0x0017, NULL, 0);
    add_extension(&extensions, 41, "xx", 2);
    assert_int_equal(parse_extensions(&extensions), COP_OK);
    add(&extensions, "\x00", 1); /* half an extension */
    assert_int_equal(parse_extensions(&extensions), COP_E_SYNTAX);
}

/* The byte at `at` of the message becomes `value`. */
static enum cop_status parse_changed(size_t at, uint8_t value)
{
    static struct bytes message;
    static struct bytes records;
    struct hello hello;

    browser_hello(&message);
    message.p[at] = value;
    wrap(&records, message.p, message.n, 16384);
    return parse(&records, &hello);
}

static void test_refuses_a_bad_message(void **state)
{
    (void)state;
    assert_int_equal(parse_changed(0, 2), COP_E_SYNTAX);   /* ServerHello */
    assert_int_equal(parse_changed(4, 2), COP_E_SYNTAX);   /* version 2.3 */
    assert_int_equal(parse_changed(38, 33), COP_E_SYNTAX); /* session id */
    assert_int_equal(parse_changed(40, 1), COP_E_SYNTAX);  /* odd suites */
    assert_int_equal(parse_changed(40, 0), COP_E_SYNTAX);  /* no suites */
    assert_int_equal(parse_changed(43, 0), COP_E_SYNTAX);  /* no compressions */
    assert_int_equal(parse_changed(44, 1), COP_E_SYNTAX);  /* "none" missing */
    assert_int_equal(parse_changed(46, 0), COP_E_SYNTAX);  /* bytes after */
    assert_int_equal(parse_changed(3, 0), COP_E_SYNTAX);   /* ends too early */
    assert_int_equal(parse_changed(1, 2), COP_E_LIMIT); /* 128 KiB and more */
}

static enum cop_status parse_raw(const char *p, size_t n)
{
    struct hello hello;

    return hello_parse((struct cop_slice){p, n}, &hello);
}

static void test_tells_what_is_not_tls(void **state)
{
    (void)state;
    assert_int_equal(parse_raw(NULL, 0), COP_AGAIN);
    assert_int_equal(parse_raw("GET / HTTP/1.1\r\n", 16), COP_E_UNSUPPORTED);
    assert_int_equal(parse_raw("SSH-2.0-x\r\n", 11), COP_E_UNSUPPORTED);
    assert_int_equal(parse_raw("\0", 1), COP_E_UNSUPPORTED);
    assert_int_equal(parse_raw("\x13"
                               "BitTorrent",
                         11),
        COP_E_UNSUPPORTED);
    assert_int_equal(parse_raw("\x16", 1), COP_AGAIN);
    assert_int_equal(parse_raw("\x16\x02", 2), COP_E_UNSUPPORTED);
    assert_int_equal(parse_raw("\x16\x03", 2), COP_AGAIN);
    assert_int_equal(parse_raw("\x15\x03\x01\x00\x02", 5), COP_E_SYNTAX);
    assert_int_equal(parse_raw("\x17\x03\x03", 3), COP_E_SYNTAX);
    assert_int_equal(parse_raw("\x17\x05\x03", 3), COP_E_UNSUPPORTED);
    /* SSLv2 hellos, of version 2 and of version 3. */
    assert_int_equal(parse_raw("\x80\x2e\x01\x00\x02", 5), COP_E_SYNTAX);
    assert_int_equal(parse_raw("\x80\x2e\x01\x03\x01", 5), COP_E_SYNTAX);
    assert_int_equal(parse_raw("\x80\x2e", 2), COP_AGAIN);
    assert_int_equal(parse_raw("\xff\xfe\x00\x00", 4), COP_E_UNSUPPORTED);
}

static void test_refuses_bad_records(void **state)
{
    static struct bytes message;
    static struct bytes records;
    struct hello hello;

    (void)state;
    /* Empty, and longer than a record may be. */
    assert_int_equal(parse_raw("\x16\x03\x01\x00\x00", 5), COP_E_SYNTAX);
    assert_int_equal(parse_raw("\x16\x03\x01\x40\x01", 5), COP_E_SYNTAX);
    /* An alert, and an empty record, in the middle of the message. */
    browser_hello(&message);
    wrap(&records, message.p, 100, 100);
    add(&records, "\x15\x03\x01\x00\x02\x01\x00", 7);
    assert_int_equal(parse(&records, &hello), COP_E_SYNTAX);
    wrap(&records, message.p, 100, 100);
    add(&records, "\x16\x03\x01\x00\x00", 5);
    assert_int_equal(parse(&records, &hello), COP_E_SYNTAX);
    /* Another message in the same record. */
    add(&message, "\x01\x00\x00\x00", 4);
    wrap(&records, message.p, message.n, 16384);
    assert_int_equal(parse(&records, &hello), COP_E_SYNTAX);
}

static void test_is_bounded(void **state)
{
    static struct bytes message;
    static struct bytes records;
    static struct bytes extensions;
    static const uint8_t zeros[60000];
    struct hello hello;

    (void)state;
    /* A large one is read, whatever a server would say to it. */
    extensions.n = 0;
    add_extension(&extensions, 0x5555, zeros, 60000);
    compose(&message, &extensions);
    wrap(&records, message.p, message.n, 16384);
    assert_int_equal(parse(&records, &hello), COP_OK);
    /* The same in small records spans more bytes than are read. */
    wrap(&records, message.p, message.n, 20);
    records.n = HELLO_MAX + 100;
    assert_int_equal(parse(&records, &hello), COP_E_LIMIT);
    /* More records than are walked over. */
    wrap(&records, message.p, 5000, 1);
    assert_int_equal(parse(&records, &hello), COP_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_openssl_sends),
        cmocka_unit_test(test_reads_any_fragmentation),
        cmocka_unit_test(test_ignores_what_follows),
        cmocka_unit_test(test_reads_one_without_extensions),
        cmocka_unit_test(test_refuses_what_is_no_name),
        cmocka_unit_test(test_refuses_bad_extensions),
        cmocka_unit_test(test_refuses_a_bad_message),
        cmocka_unit_test(test_tells_what_is_not_tls),
        cmocka_unit_test(test_refuses_bad_records),
        cmocka_unit_test(test_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

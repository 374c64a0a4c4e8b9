/* Packed files: what comes out, and every way in which they are bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "rules/read/lines.h"
#include "rules/read/unpack.h"

enum { ROOM = 1 << 16 };

struct bytes {
    unsigned char p[ROOM];
    size_t n;
};

static void add(struct bytes *to, const void *p, size_t n)
{
    assert_true(to->n + n <= sizeof(to->p));
    memcpy(to->p + to->n, p, n);
    to->n += n;
}

static void add_gzip(struct bytes *to, const void *p, size_t n)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)p,
        .avail_in = (uInt)n,
        .next_out = to->p + to->n,
        .avail_out = (uInt)(sizeof(to->p) - to->n)};

    assert_int_equal(
        deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    to->n += z.total_out;
    (void)deflateEnd(&z);
}

static void add_zstd(struct bytes *to, const void *p, size_t n)
{
    size_t made = ZSTD_compress(to->p + to->n, sizeof(to->p) - to->n, p, n, 19);

    assert_false(ZSTD_isError(made));
    to->n += made;
}

static void (*const packers[])(struct bytes *, const void *, size_t) = {
    add, add_gzip, add_zstd};
enum { PACKERS = 3 };

/* Write `packed` to a file and read it in pieces of `step`. */
static ssize_t unpacked(const struct bytes *packed, size_t step,
    struct bytes *out, const char **flaw)
{
    char path[] = "/tmp/cop-unpack-XXXXXX";
    int fd = mkstemp(path);
    struct unpack *unpack = NULL;
    ssize_t got;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, packed->p, packed->n), (ssize_t)packed->n);
    (void)close(fd);
    assert_int_equal(unpack_open(path, &unpack), COP_OK);
    (void)unlink(path);
    out->n = 0;
    do {
        unsigned char piece[ROOM];

        got = unpack_read(unpack, piece, step);
        if (got > 0 && out->n + (size_t)got <= sizeof(out->p)) {
            add(out, piece, (size_t)got);
        }
    } while (got > 0);
    *flaw = unpack_flaw(unpack);
    if (*flaw != NULL) { /* it stays that way */
        assert_int_equal(unpack_read(unpack, out->p, 1), -1);
    }
    unpack_close(&unpack);
    assert_null(unpack);
    return got;
}

static void gives_what_was_packed(void **state)
{
    static const char text[] = "a.example\nb.example\n";
    static const size_t steps[] = {1, 7, ROOM};
    struct bytes packed;
    struct bytes out;
    const char *flaw;

    (void)state;
    for (unsigned i = 0; i < PACKERS; i++) {
        for (unsigned k = 0; k < 3; k++) {
            packed.n = 0;
            packers[i](&packed, text, sizeof(text) - 1);
            packers[i](&packed, text, sizeof(text) - 1); /* a second member */
            assert_int_equal(unpacked(&packed, steps[k], &out, &flaw), 0);
            assert_null(flaw);
            assert_int_equal(out.n, 2 * (sizeof(text) - 1));
            assert_memory_equal(out.p, text, sizeof(text) - 1);
            assert_memory_equal(out.p + out.n / 2, text, sizeof(text) - 1);
        }
    }
}

static void nothing_is_nothing(void **state)
{
    struct bytes packed = {.n = 0};
    struct bytes out;
    const char *flaw;

    (void)state;
    assert_int_equal(unpacked(&packed, 10, &out, &flaw), 0);
    add_gzip(&packed, "", 0);
    assert_int_equal(unpacked(&packed, 10, &out, &flaw), 0);
    packed.n = 0;
    add_zstd(&packed, "", 0);
    assert_int_equal(unpacked(&packed, 10, &out, &flaw), 0);
    assert_null(flaw);
}

/* Cut after every byte: never shorter content without a word. */
static void cut_streams_are_errors(void **state)
{
    static const char text[] = "a.example\nb.example\nc.example\n";
    struct bytes packed;
    struct bytes out;
    const char *flaw;

    (void)state;
    for (unsigned i = 1; i < PACKERS; i++) {
        size_t whole;

        packed.n = 0;
        packers[i](&packed, text, sizeof(text) - 1);
        whole = packed.n;
        for (packed.n = 4; packed.n < whole; packed.n++) {
            assert_int_equal(unpacked(&packed, 100, &out, &flaw), -1);
            assert_non_null(flaw);
        }
    }
}

/* Each bit in turn: another list never comes out as if it were right. */
static void turned_bits_are_errors(void **state)
{
    static const char text[] = "a.example\nb.example\nc.example\n";
    struct bytes packed;
    struct bytes out;
    const char *flaw;

    (void)state;
    packed.n = 0;
    add_gzip(&packed, text, sizeof(text) - 1);
    for (size_t i = 10; i < packed.n; i++) { /* behind the header */
        packed.p[i] ^= 0x10;
        if (unpacked(&packed, 100, &out, &flaw) == 0) {
            fail_msg("byte %zu of the gzip data does not matter", i);
        }
        assert_non_null(flaw);
        packed.p[i] ^= 0x10;
    }
}

static void trailing_bytes_are_errors(void **state)
{
    struct bytes packed;
    struct bytes out;
    const char *flaw;

    (void)state;
    for (unsigned i = 1; i < PACKERS; i++) {
        packed.n = 0;
        packers[i](&packed, "a.example\n", 10);
        add(&packed, "more text", 9);
        assert_int_equal(unpacked(&packed, 100, &out, &flaw), -1);
        assert_non_null(flaw);
    }
}

static void bombs_are_refused(void **state)
{
    enum { BIG = 32 << 20 };
    char *zeros = calloc(1, BIG);
    struct bytes packed;
    struct bytes out;
    const char *flaw;

    (void)state;
    assert_non_null(zeros);
    for (unsigned i = 1; i < PACKERS; i++) {
        packed.n = 0;
        packers[i](&packed, zeros, BIG);
        assert_int_equal(unpacked(&packed, ROOM, &out, &flaw), -1);
        assert_non_null(strstr(flaw, "250 times"));
        packed.n = 0; /* a little is let through whatever the proportion */
        packers[i](&packed, zeros, UNPACK_FREE_BYTES);
        assert_int_equal(unpacked(&packed, ROOM, &out, &flaw), 0);
    }
    free(zeros);
}

static void a_window_too_large_is_refused(void **state)
{
    /* A frame header with a window of 2 GiB (RFC 8878, 3.1.1.1.2). */
    static const unsigned char frame[] = {
        0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00};
    struct bytes packed = {.n = 0};
    struct bytes out;
    const char *flaw;

    (void)state;
    add(&packed, frame, sizeof(frame));
    assert_int_equal(unpacked(&packed, 10, &out, &flaw), -1);
    assert_non_null(strstr(flaw, "128 MiB"));
}

/* The lines before the damage are told apart from the damage. */
static void lines_tell_damage(void **state)
{
    static struct lines lines;
    char path[] = "/tmp/cop-unpack-XXXXXX";
    struct bytes packed = {.n = 0};
    struct cop_slice line;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    add_gzip(&packed, "a.example\nb.exam", 16);
    assert_int_equal(write(fd, packed.p, packed.n - 3), (ssize_t)packed.n - 3);
    (void)close(fd);
    assert_int_equal(lines_open(&lines, path), COP_OK);
    assert_true(lines_next(&lines, &line));
    assert_true(cop_slice_eq(line, COP_LIT("a.example")));
    assert_false(lines_next(&lines, &line));
    assert_non_null(lines.flaw);
    assert_int_equal(lines.error, 0);
    lines_close(&lines);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_packed),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(cut_streams_are_errors),
        cmocka_unit_test(turned_bits_are_errors),
        cmocka_unit_test(trailing_bytes_are_errors),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(a_window_too_large_is_refused),
        cmocka_unit_test(lines_tell_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

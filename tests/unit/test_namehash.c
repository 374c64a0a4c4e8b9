/* The hash of names: one definition told byte by byte, and both ways to it, the
 * fast one of short names and the plain one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cop/host.h"
#include "rules/base/namehash.h"
#include "rules/bundle/hostindex.h"

enum { MANY = 200000, BUCKETS = 64 };

static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

/* ---- the definition, as the format's documentation has it ---- */

static uint64_t word_of(const char *p, size_t n)
{
    uint64_t word = 0;

    for (size_t i = 0; i < n && i < 8; i++) {
        word |= (uint64_t)(unsigned char)p[i] << (8 * i);
    }
    return word;
}

static void model_chunk(
    uint64_t state[2], const char *p, size_t n, bool goes_on)
{
    uint64_t x = word_of(p, n) ^ state[0];
    uint64_t y = (n > 8 ? word_of(p + 8, n - 8) : 0) ^ state[1] ^
                 (goes_on ? UINT64_MAX : 0);
    unsigned __int128 product = (unsigned __int128)x * y;

    state[0] = (uint64_t)product ^ y;
    state[1] = (uint64_t)(product >> 64) ^ x;
}

static uint64_t model(const char *name)
{
    uint64_t state[2] = {key[0], key[1]};
    size_t end = strlen(name);
    size_t start;
    unsigned __int128 product;

    for (;;) {
        for (start = end; start > 0 && name[start - 1] != '.';) {
            start--;
        }
        while (end - start > 16) {
            model_chunk(state, name + start, 16, true);
            start += 16;
        }
        model_chunk(state, name + start, end - start, false);
        while (start > 0 && name[start - 1] != '.') {
            start--;
        }
        if (start == 0) {
            break;
        }
        end = start - 1;
    }
    product = (unsigned __int128)(state[0] ^ 0x9e3779b97f4a7c15) *
              (state[1] ^ 0xd1b54a32d192ed03);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* ---- both ways ---- */

static void name_make(unsigned labels, unsigned length, char out[256])
{
    size_t n = 0;

    for (unsigned l = 0; l < labels; l++) {
        for (unsigned i = 0; i < length; i++) {
            out[n++] = (char)('a' + (l * 7 + i) % 26);
        }
        out[n++] = '.';
    }
    out[n - 1] = '\0';
}

static void hosts_names_are(const char *name)
{
    static struct format_header header;
    static struct format_manifest manifest = {
        .labels_max = 127, .labels_min = 1};
    static struct hostindex_names names;
    struct cop_bundle bundle = {.bytes = (const unsigned char *)&header};
    struct cop_host host = {.kind = COP_HOST_NAME};
    uint64_t hash[NAMEHASH_LABELS_MAX];
    uint32_t n = namehash_all(key, cop_slice_of(name), hash);
    const char *rest = name;

    memcpy(header.key, key, sizeof(key));
    bundle.sections[SECTION_MANIFEST] =
        (struct section){(const unsigned char *)&manifest, 1};
    host.n = (uint8_t)strlen(name);
    host.labels = (uint8_t)n;
    memset(host.text, '.', sizeof(host.text)); /* behind the name: anything */
    memcpy(host.text, name, host.n + 1U);
    hostindex_names(&bundle, &host, &names);
    assert_int_equal(names.first, 0);
    assert_int_equal(names.n, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(names.hash[i] == model(rest));
        assert_true(hash[n - 1 - i] == model(rest));
        assert_true(namehash(key, cop_slice_of(rest)) == model(rest));
        rest = strchr(rest, '.') != NULL ? strchr(rest, '.') + 1 : rest;
    }
}

static void test_all_ways_are_the_definition(void **state)
{
    char name[256];

    (void)state;
    for (unsigned length = 1; length <= 63; length++) {
        for (unsigned labels = 1; labels * (length + 1) <= 254; labels++) {
            name_make(labels, length, name);
            hosts_names_are(name);
        }
    }
    hosts_names_are("a.bc.def.ghijklmn.opqrstuvw.xyzabcdefghijklmnopq.example");
}

static void test_known_answers(void **state)
{
    static const struct {
        const char *name;
        uint64_t hash;
    } rows[] = {
        {"example", 0xedf4329e30c22a4f},
        {"www.casino.example", 0x81f3c420bc7712d7},
        {"192.0.2.1", 0xd2e5ffbc6e72288b},
        {"2001:db8::1", 0x1b4e5cf9971a79cf},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(namehash(key, cop_slice_of(rows[i].name)) == rows[i].hash);
    }
}

/* Labels of sixteen bytes and more are not read as others that are cut
 * elsewhere. */
static void test_cuts_are_told_apart(void **state)
{
    static const char *const names[] = {
        "abcdefghijklmnop.q",
        "abcdefghijklmnopq",
        "abcdefghijklmno.pq",
        "q.abcdefghijklmnop",
        "qabcdefghijklmnop",
        "abcdefghijklmnop",
        "abcdefghijklmnopabcdefghijklmnop",
        "abcdefghijklmnop.abcdefghijklmnop",
        "a",
        "a.a",
        "aa",
    };
    enum { NAMES = sizeof(names) / sizeof(names[0]) };

    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(namehash(key, cop_slice_of(names[i])) !=
                        namehash(key, cop_slice_of(names[j])));
        }
    }
}

static int hash_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Names that differ little fill every six bits of the hash evenly, and none
 * meet. With 3,125 to a bucket, 400 more or less is seven deviations. */
static void test_names_are_spread(void **state)
{
    uint64_t *all = calloc(MANY, sizeof(*all));

    (void)state;
    assert_non_null(all);
    for (uint32_t i = 0; i < MANY; i++) {
        char name[64];

        snprintf(name, sizeof(name), "n%u.example", i);
        all[i] = namehash(key, cop_slice_of(name));
    }
    for (unsigned shift = 0; shift <= 58; shift++) {
        unsigned counts[BUCKETS] = {0};

        for (uint32_t i = 0; i < MANY; i++) {
            counts[all[i] >> shift & (BUCKETS - 1)]++;
        }
        for (unsigned b = 0; b < BUCKETS; b++) {
            assert_in_range(
                counts[b], MANY / BUCKETS - 400, MANY / BUCKETS + 400);
        }
    }
    qsort(all, MANY, sizeof(*all), hash_order);
    for (uint32_t i = 1; i < MANY; i++) {
        assert_true(all[i] != all[i - 1]);
    }
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_ways_are_the_definition),
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_cuts_are_told_apart),
        cmocka_unit_test(test_names_are_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

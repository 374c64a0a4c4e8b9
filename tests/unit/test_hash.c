/* Sums and hashes that files hold: known answers, and no dependence on where
 * bytes lie or how they arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "rules/base/digest.h"
#include "rules/base/hash.h"

/* Key 00 01 .. 0f over the bytes 00 01 .. n-1, for n = 0 .. 15: the sequence of
 * the SipHash paper's appendix, with 1 and 3 rounds for its 2 and 4. */
static const uint64_t sequence[] = {
    0xabac0158050fc4dc,
    0xc9f49bf37d57ca93,
    0x82cb9b024dc7d44d,
    0x8bf80ab8e7ddf7fb,
    0xcf75576088d38328,
    0xdef9d52f49533b67,
    0xc50d2b50c59f22a7,
    0xd3927d989bb11140,
    0x369095118d299a8e,
    0x25a48eb36c063de4,
    0x79de85ee92ff097f,
    0x70c118c1f94dc352,
    0x78a384b157b4d9a2,
    0x306f760c1229ffa7,
    0x605aa111c0f95d34,
    0xd320d86d2a519956,
};

static void test_hash_of_the_reference_sequence(void **state)
{
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    unsigned char bytes[16];

    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)i;
        assert_true(hash_keyed(key, bytes, i) == sequence[i]);
    }
}

static void test_hash_of_names(void **state)
{
    static const struct {
        const char *name;
        int64_t hash;
    } rows[] = {
        {"a", 4644417185603328019},
        {"example.com", 9080438458399421836},
        {"www.example.com", -5178764626278713455},
        {"a.very.long.name.that.takes.five.words.example",
            -6468303185022853342},
    };
    const uint64_t key[2] = {0, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(hash_keyed(key, rows[i].name, strlen(rows[i].name)) ==
                    (uint64_t)rows[i].hash);
    }
}

static void test_hash_depends_on_key_length_and_bytes_alone(void **state)
{
    const uint64_t key[2] = {1, 2};
    const uint64_t other[2] = {1, 3};
    char room[64];

    (void)state;
    uint64_t expected = hash_keyed(key, "www.example.org", 15);

    for (size_t i = 0; i < 16; i++) {
        memcpy(room + i, "www.example.org", 15);
        assert_true(hash_keyed(key, room + i, 15) == expected);
    }
    assert_true(hash_keyed(other, "www.example.org", 15) != expected);
    assert_true(hash_keyed(key, "www.example.org\0", 16) != expected);
    assert_true(hash_keyed(key, "www.example.orh", 15) != expected);
}

static void test_digest_known_answers(void **state)
{
    static const unsigned char of_abc[DIGEST_BYTES] = {0xba, 0x78, 0x16, 0xbf,
        0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
        0xf2, 0x00, 0x15, 0xad};
    static const unsigned char of_nothing[4] = {0xe3, 0xb0, 0xc4, 0x42};
    unsigned char out[DIGEST_BYTES];
    struct digest digest;

    (void)state;
    assert_int_equal(digest_of("abc", 3, out), COP_OK);
    assert_memory_equal(out, of_abc, sizeof(out));
    digest_init(&digest);
    digest_add(&digest, "a", 1);
    digest_add(&digest, "", 0);
    digest_add(&digest, "bc", 2);
    memset(out, 0, sizeof(out));
    assert_int_equal(digest_end(&digest, out), COP_OK);
    assert_memory_equal(out, of_abc, sizeof(out));
    assert_int_equal(digest_of(NULL, 0, out), COP_OK);
    assert_memory_equal(out, of_nothing, sizeof(of_nothing));
}

static void test_digest_failure_is_sticky(void **state)
{
    struct digest digest = {.context = NULL}; /* as after a failure */
    unsigned char out[DIGEST_BYTES];

    (void)state;
    digest_add(&digest, "a", 1);
    memset(out, 7, sizeof(out));
    assert_int_equal(digest_end(&digest, out), COP_E_NOMEM);
    assert_int_equal(out[0], 7);
}

/* A text in two ways: as hash_long() has it, and told over padded blocks. */
static uint64_t long_model(const struct hash_long_key *key, uint64_t number,
    const unsigned char *text, size_t n)
{
    uint64_t words[2 + 2 * 4] = {number};
    size_t words_n = 1;
    size_t at = 0;
    struct hash_state s = hash_begin(key->key);

    do {
        unsigned char block[HASH_BLOCK] = {0};
        size_t block_n = n - at < HASH_BLOCK ? n - at : HASH_BLOCK;
        unsigned __int128 sum = 0;

        memcpy(block, text + at, block_n);
        for (size_t i = 0; i < block_n; i += 16) {
            sum += (unsigned __int128)(hash_word(block + i) + key->nh[i / 8]) *
                   (hash_word(block + i + 8) + key->nh[i / 8 + 1]);
        }
        words[words_n++] = (uint64_t)sum;
        words[words_n++] = (uint64_t)(sum >> 64);
        at += block_n;
    } while (at < n);
    words[words_n++] = n;
    for (size_t i = 0; i < words_n; i++) {
        hash_add(&s, words[i]);
    }
    return hash_end(&s);
}

static void test_long_texts(void **state)
{
    static unsigned char text[3 * HASH_BLOCK + 9];
    static struct hash_long_key key;
    static const uint64_t seed[2] = {1, 2};

    (void)state;
    for (uint32_t i = 0; i < sizeof(key) / 8; i++) {
        uint64_t word = hash_keyed(seed, &i, sizeof(i));

        memcpy((unsigned char *)&key + 8 * i, &word, 8);
    }
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (unsigned char)(i * i % 251);
    }
    for (size_t n = 0; n <= sizeof(text); n += n < 70 ? 1 : 61) {
        uint64_t hash = hash_long(&key, 5, text, n);

        assert_true(hash == long_model(&key, 5, text, n));
        assert_true(hash != hash_long(&key, 6, text, n));
        if (n != 0) {
            assert_true(hash != hash_long(&key, 5, text, n - 1));
            text[n - 1] ^= 1;
            assert_true(hash != hash_long(&key, 5, text, n));
            text[n - 1] ^= 1;
        }
    }
    /* Zeros at the end are part of it. */
    assert_true(
        hash_long(&key, 5, "\0\0\0", 2) != hash_long(&key, 5, "\0\0\0", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_of_the_reference_sequence),
        cmocka_unit_test(test_hash_of_names),
        cmocka_unit_test(test_hash_depends_on_key_length_and_bytes_alone),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_digest_known_answers),
        cmocka_unit_test(test_digest_failure_is_sticky),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

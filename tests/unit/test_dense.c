/* The dense index: alone, and through bundle and decision against the truth
 * of every listed name in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cop/decide.h"
#include "rules/base/hash.h"
#include "rules/bundle/audit.h"
#include "rules/bundle/dense.h"
#include "rules/bundle/dense_tags.h"
#include "rules/bundle/inside.h"
#include "rules/bundle/keyed.h"
#include "rules/bundle/tables.h"
#include "tests/unit/findings.h"

enum { ITEMS = 30000, NAMES = 4000, LISTS = 20 };

static struct keyed *make_items(size_t n)
{
    const uint64_t key[2] = {3, 4};
    struct keyed *items = calloc(n, sizeof(*items));

    assert_non_null(items);
    for (uint32_t i = 0; i < n; i++) {
        items[i].key = hash_keyed(key, &i, sizeof(i));
        items[i].value = i % 40; /* more than have a code of their own */
    }
    keyed_sort(items, n);
    return items;
}

static void show(
    struct cop_bundle *bundle, const struct buf *lines, const struct buf *side)
{
    bundle->sections[SECTION_DENSE_LINES].p = (unsigned char *)lines->p;
    bundle->sections[SECTION_DENSE_LINES].n =
        (uint32_t)(lines->n / sizeof(struct format_dense_line));
    bundle->sections[SECTION_DENSE_SIDE].p = (unsigned char *)side->p;
    bundle->sections[SECTION_DENSE_SIDE].n =
        (uint32_t)(side->n / sizeof(struct format_dense_side));
}

static void test_all_are_found_and_no_other(void **state)
{
    static const size_t sizes[] = {1, 2, 9, 10, 11, 20, 199, 1000, ITEMS};
    const uint64_t other[2] = {5, 6};

    (void)state;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        size_t n = sizes[s];
        struct keyed *items = make_items(n);
        struct cop_bundle bundle = {.n = 0};
        struct buf lines;
        struct buf side;

        buf_init(&lines, (size_t)1 << 24);
        buf_init(&side, (size_t)1 << 24);
        assert_int_equal(dense_build(items, n, &lines, &side), COP_OK);
        show(&bundle, &lines, &side);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(dense_find(&bundle, items[i].key), items[i].value);
        }
        for (uint32_t i = 0; i < 200000; i++) {
            assert_int_equal(
                dense_find(&bundle, hash_keyed(other, &i, sizeof(i))),
                FORMAT_NONE);
        }
        if (n == ITEMS) { /* full to the brim, as promised */
            assert_true(lines.n <= n * 64 / 10 * 100 / 97);
        }
        buf_fini(&lines);
        buf_fini(&side);
        free(items);
    }
}

static void test_the_same_items_give_the_same_bytes(void **state)
{
    struct keyed *items = make_items(ITEMS);
    struct buf lines[2];
    struct buf side[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        buf_init(&lines[i], (size_t)1 << 24);
        buf_init(&side[i], (size_t)1 << 24);
        assert_int_equal(
            dense_build(items, ITEMS, &lines[i], &side[i]), COP_OK);
    }
    assert_int_equal(lines[0].n, lines[1].n);
    assert_memory_equal(lines[0].p, lines[1].p, lines[0].n);
    assert_memory_equal(side[0].p, side[1].p, side[0].n);
    for (int i = 0; i < 2; i++) {
        buf_fini(&lines[i]);
        buf_fini(&side[i]);
    }
    free(items);
}

static void test_nothing_is_found_in_nothing(void **state)
{
    struct cop_bundle bundle = {.n = 0};
    struct buf lines;

    (void)state;
    buf_init(&lines, 64);
    assert_int_equal(dense_build(NULL, 0, &lines, &lines), COP_OK);
    assert_int_equal(dense_find(&bundle, 7), FORMAT_NONE);
    dense_prefetch(&bundle, 7);
    buf_fini(&lines);
}

/* A name for a number: some below others. */
static void name_make(uint32_t i, char out[64])
{
    if (i % 3 == 0) {
        snprintf(out, 64, "n%u.example", i);
    } else {
        snprintf(out, 64, "%s%u.n%u.example", i % 3 == 1 ? "a" : "b.c", i,
            i / 3 * 3);
    }
}

/* Whether the truth has name i in a list. */
static bool is_in(uint32_t i, uint32_t list)
{
    return list == 0 ? i % 2 == 0 : (i * 2654435761u >> 20) % LISTS == list;
}

struct large {
    struct cop_tables t;
    struct tables_list lists[LISTS];
    char list_names[LISTS][16];
    struct tables_entry *entries;
    char (*names)[64];
    struct cop_slice file;
};

static void large_fill(struct large *large)
{
    large->names = calloc(NAMES, sizeof(*large->names));
    large->entries = calloc((size_t)NAMES * LISTS, sizeof(*large->entries));
    assert_true(large->names != NULL && large->entries != NULL);
    large->file = COP_LIT("lists/large.txt");
    large->t = (struct cop_tables){.name = COP_LIT("large"),
        .files = &large->file,
        .files_n = 1,
        .lists = large->lists,
        .lists_n = LISTS,
        .entries = large->entries};
    for (uint32_t l = 0; l < LISTS; l++) {
        snprintf(large->list_names[l], 16, "list-%02u", l);
        large->lists[l] =
            (struct tables_list){.name = cop_slice_of(large->list_names[l]),
                .role = LIST_CATEGORY,
                .owner = UINT32_MAX};
        cop_catset_add(&large->lists[l].categories, l);
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        name_make(i, large->names[i]);
        for (uint32_t l = 0; l < LISTS; l++) {
            if (is_in(i, l)) {
                large->entries[large->t.entries_n++] =
                    (struct tables_entry){.text = cop_slice_of(large->names[i]),
                        .list = l,
                        .line = i + 1,
                        .object = ENTRY_DOMAIN};
            }
        }
    }
}

static enum cop_status large_open(
    const struct cop_image *image, struct cop_bundle **out)
{
    static struct findings findings;

    findings_init(&findings);
    enum cop_status status = cop_bundle_open_memory(
        image->bytes, image->n, "large", &findings.report, out);

    print_message("%s", findings.text);
    return status;
}

/* The labels of the most precise listed name that is the host or above it; 0
 * when there is none. */
static unsigned truth_labels(
    const struct large *large, const struct cop_host *host, uint32_t list)
{
    unsigned labels = 0;

    for (uint32_t i = 0; i < NAMES; i++) {
        struct cop_host listed;

        if (is_in(i, list) &&
            cop_host_parse(cop_slice_of(large->names[i]), &listed) == COP_OK &&
            cop_host_within(host, &listed) && listed.labels > labels) {
            labels = listed.labels;
        }
    }
    return labels;
}

static unsigned class_specificity(const struct cop_class *class, uint32_t list)
{
    for (unsigned i = 0; i < class->n; i++) {
        if (class->hits[i].list == list) {
            return class->hits[i].specificity;
        }
    }
    return 0;
}

/* Every list is hit as precisely as the truth says. Returns how many are. */
static unsigned assert_true_class(const struct large *large,
    const struct cop_host *host, const struct cop_class *class)
{
    unsigned hits = 0;

    for (uint32_t l = 0; l < LISTS; l++) {
        unsigned labels = truth_labels(large, host, l);
        unsigned wanted =
            labels != 0 ? COP_SPECIFICITY(COP_MATCH_DOMAIN, labels) : 0;

        if (class_specificity(class, l) != wanted) {
            print_error("%s in list %u: %u, not %u\n", host->text, l,
                class_specificity(class, l), wanted);
            fail();
        }
        hits += labels != 0;
    }
    return hits;
}

static void test_decisions_are_those_of_every_name_in_turn(void **state)
{
    static struct large large;
    static struct cop_class class;
    struct cop_image image = {NULL, 0};
    struct cop_bundle *bundle = NULL;
    struct cop_policy *policy = NULL;
    struct cop_bundle_info info;
    unsigned hits = 0;

    (void)state;
    large_fill(&large);
    assert_int_equal(bundle_write(&large.t, &image), COP_OK);
    assert_int_equal(large_open(&image, &bundle), COP_OK);
    assert_true(section_count(bundle, SECTION_DENSE_LINES) > 0);
    assert_true(section_count(bundle, SECTION_DENSE_INSIDE) > 0);
    cop_bundle_info(bundle, &info);
    assert_int_equal(info.hosts, large.t.entries_n);
    assert_int_equal(cop_policy_new(&bundle, 1, NULL, &policy), COP_OK);
    for (uint32_t i = 0; i < NAMES * 2; i += 17) {
        char name[80];
        struct cop_host host;

        name_make(i, name); /* from NAMES on they are listed nowhere */
        if (i % 5 == 0) {
            memmove(name + 4, name, strlen(name) + 1);
            memcpy(name, "www.", 4);
        }
        assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
        cop_classify_host(policy, &host, &class);
        hits += assert_true_class(&large, &host, &class);
    }
    assert_true(hits > 100);
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    cop_image_free(&image);
    free(large.names);
    free(large.entries);
}

static void test_a_domain_is_described(void **state)
{
    static struct large large;
    static struct cop_class class;
    struct cop_image image = {NULL, 0};
    struct cop_bundle *bundle = NULL;
    struct cop_policy *policy = NULL;
    struct cop_host host;
    struct cop_rule rule;

    (void)state;
    large_fill(&large);
    assert_int_equal(bundle_write(&large.t, &image), COP_OK);
    assert_int_equal(large_open(&image, &bundle), COP_OK);
    assert_int_equal(cop_policy_new(&bundle, 1, NULL, &policy), COP_OK);
    assert_int_equal(
        cop_host_parse(COP_LIT("deep.www.n0.example"), &host), COP_OK);
    cop_classify_host(policy, &host, &class);
    assert_true(class.n >= 1);
    assert_int_equal(class.hits[0].list, 0);
    cop_rule_describe(policy, &class.hits[0], &host, &rule);
    assert_string_equal(rule.kind, "domain");
    assert_true(cop_slice_eq(rule.text, COP_LIT("n0.example")));
    assert_true(cop_slice_eq(rule.list, COP_LIT("list-00")));
    assert_true(cop_slice_eq(rule.file, COP_LIT("lists/large.txt")));
    assert_int_equal(rule.line, 0);
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    cop_image_free(&image);
    free(large.names);
    free(large.entries);
}

/* Where the machine has an instruction for it, it says what the plain form
 * says. */
static void test_tags_are_compared_alike(void **state)
{
    const uint64_t key[2] = {7, 8};
    uint16_t tags[FORMAT_DENSE_SLOTS];

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t bits = hash_keyed(key, &i, sizeof(i));
        uint16_t tag = (uint16_t)(bits >> 60 == 0 ? 0 : bits >> 48);
        uint32_t expected = 0;

        for (unsigned j = 0; j < FORMAT_DENSE_SLOTS; j++) {
            bool is_equal = (bits >> j & 1) != 0;

            tags[j] =
                is_equal ? tag : (uint16_t)(tag ^ 1U << (bits >> 32 & 15));
            expected |= (uint32_t)is_equal << j;
        }
        assert_int_equal(dense_tagged(tags, tag), expected);
        assert_int_equal(dense_tagged_plain(tags, tag), expected);
    }
}

static void test_what_is_inside_is_found_and_little_else(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 50, 999, 4096, ITEMS, 200000};
    const uint64_t key[2] = {9, 10};
    struct cop_bundle bundle = {.n = 0};

    (void)state;
    assert_false(inside_has(&bundle, 1));
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        size_t n = sizes[s];
        uint64_t *keys = calloc(n, sizeof(*keys));
        unsigned wrong = 0;
        struct buf filter;

        assert_non_null(keys);
        for (uint32_t i = 0; i < n; i++) {
            keys[i] = hash_keyed(key, &i, sizeof(i));
        }
        buf_init(&filter, (size_t)1 << 24);
        assert_int_equal(inside_build(keys, n, &filter), COP_OK);
        bundle.sections[SECTION_DENSE_INSIDE] = (struct section){
            (unsigned char *)filter.p, (uint32_t)(filter.n / 2)};
        assert_null(audit_dense_inside(&bundle, 0));
        for (size_t i = 0; i < n; i++) {
            assert_true(inside_has(&bundle, keys[i]));
        }
        for (uint32_t i = 0; i < 500000; i++) {
            uint32_t other = i + 1000000;

            wrong += inside_has(&bundle, hash_keyed(key, &other, 4));
        }
        assert_true(wrong < 30); /* 7.6 are to be expected */
        assert_true(n < ITEMS || filter.n <= n * 2 * 120 / 100);
        buf_fini(&filter);
        free(keys);
    }
}

static void test_an_inside_filter_has_a_length(void **state)
{
    struct cop_bundle bundle = {.n = 0};
    static const uint16_t records[100] = {0};

    (void)state;
    bundle.sections[SECTION_DENSE_INSIDE].p = (const unsigned char *)records;
    for (uint32_t n = 1; n < 100; n++) {
        bundle.sections[SECTION_DENSE_INSIDE].n = n;
        assert_int_equal(
            audit_dense_inside(&bundle, 0) == NULL, inside_is_size(n));
    }
    assert_false(inside_is_size(1));
    assert_false(inside_is_size(49));
    assert_true(inside_is_size(48));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_found_and_no_other),
        cmocka_unit_test(test_the_same_items_give_the_same_bytes),
        cmocka_unit_test(test_nothing_is_found_in_nothing),
        cmocka_unit_test(test_decisions_are_those_of_every_name_in_turn),
        cmocka_unit_test(test_a_domain_is_described),
        cmocka_unit_test(test_tags_are_compared_alike),
        cmocka_unit_test(test_what_is_inside_is_found_and_little_else),
        cmocka_unit_test(test_an_inside_filter_has_a_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

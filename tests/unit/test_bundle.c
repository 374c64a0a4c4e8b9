/* The bundle file: what goes in comes out, and in the same bytes each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rules/base/hash.h"
#include "rules/bundle/hostindex.h"
#include "rules/bundle/view.h"
#include "tests/unit/bundle_whole.h"
#include "tests/unit/findings.h"

static void assert_text(struct cop_slice text, const char *expected)
{
    assert_int_equal(text.n, strlen(expected));
    assert_memory_equal(text.p, expected, text.n);
}

/* ---- what goes in comes out ---- */

static void test_info(void **state)
{
    struct fixture *f = whole();
    struct cop_bundle *bundle = fixture_open(f);
    struct cop_bundle_info info;

    (void)state;
    cop_bundle_info(bundle, &info);
    assert_text(info.name, "whole");
    assert_text(info.title, "All of it");
    assert_text(info.issuer, "Example Institution");
    assert_text(info.licence, "");
    assert_text(info.revision, "2026.1");
    assert_text(info.timezone, "Etc/UTC");
    assert_int_equal(info.file_bytes, f->image.n);
    assert_int_equal(info.requirements, 2);
    assert_int_equal(info.lists, 6);
    assert_int_equal(info.hosts, 5);
    assert_int_equal(info.urls, 3);
    assert_int_equal(info.patterns, 1);
    assert_int_equal(info.adblock, 4);
    assert_int_equal(info.networks, 4);
    assert_int_equal(info.templates, 2);
    assert_int_equal(info.profiles, 2);
    assert_int_equal(info.appeals, 1);
    assert_int_equal(info.grants, 1);
    /* In place: what it tells lies in the image. */
    assert_true((const char *)f->image.bytes < info.name.p &&
                info.name.p < (const char *)f->image.bytes + f->image.n);
    cop_bundle_drop(&bundle);
    assert_null(bundle);
    fixture_free(&f);
}

static void test_requirement(void **state)
{
    struct fixture *f = whole();
    struct cop_bundle *bundle = fixture_open(f);
    struct cop_requirement q;

    (void)state;
    cop_bundle_requirement(bundle, 0, &q);
    assert_text(q.id, "cop:req:XX:law:a");
    cop_bundle_requirement(bundle, 1, &q);
    assert_text(q.id, "cop:req:XX:law:b");
    assert_text(q.authority, "Example Authority");
    assert_text(q.instrument, "Example Act");
    assert_text(q.citation, "s. 1");
    assert_text(q.blocked_by, "https://authority.example/");
    assert_true(cop_catset_has(q.categories, COP_CAT_GAMBLING_REAL_MONEY));
    assert_false(cop_catset_has(q.categories, COP_CAT_MEDIA_GAMES));
    assert_int_equal(q.strength, COP_STRENGTH_MANDATORY);
    assert_int_equal(q.lock, COP_LOCK_NATIONAL);
    assert_int_equal(q.logging, COP_LOG_AGGREGATE);
    assert_int_equal(q.identity, COP_IDENTITY_PSEUDONYM);
    assert_true(q.is_in_force);
    assert_int_equal(q.http_status, 451);
    assert_int_equal(q.age_min, 3);
    assert_int_equal(q.age_max, 18);
    assert_true(q.from_unix == -5);
    assert_true(q.until_unix == 1LL << 40);
    /* One that is not there is empty, never a crash. */
    cop_bundle_requirement(bundle, 2, &q);
    assert_int_equal(q.id.n, 0);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

/* The language chosen for a requirement's notice. */
static struct cop_slice chosen(
    const struct cop_bundle *bundle, const char *first, const char *second)
{
    struct cop_slice wanted[] = {cop_slice_of(first), cop_slice_of(second)};
    struct cop_slice language = COP_LIT("none");
    struct cop_slice words =
        cop_bundle_text(bundle, 1, COP_TEXT_NOTICE, wanted, 2, &language);

    assert_true(cop_slice_eq(words, language));
    return language;
}

static void test_texts(void **state)
{
    struct fixture *f = whole();
    struct cop_bundle *bundle = fixture_open(f);
    struct cop_slice language = COP_LIT("none");

    (void)state;
    assert_text(chosen(bundle, "fr", "ar"), "fr");
    assert_text(chosen(bundle, "FR", "ar"), "fr");
    assert_text(chosen(bundle, "fr-CA", "ar"), "fr");
    assert_text(chosen(bundle, "de", "ar-EG-x-cairo"), "ar");
    assert_text(chosen(bundle, "de", "fr-x"), "fr");
    assert_text(chosen(bundle, "de", "it"), "en");
    assert_text(chosen(bundle, "", "f"), "en");
    assert_text(chosen(bundle, "frx", "arx-EG"), "en");
    assert_text(chosen(bundle, "-", "--"), "en");
    /* No English: any. No text at all: none. */
    assert_text(
        cop_bundle_text(bundle, 1, COP_TEXT_TITLE, NULL, 0, NULL), "ar");
    assert_text(
        cop_bundle_text(bundle, 1, COP_TEXT_APPEAL, NULL, 0, &language), "");
    assert_text(language, "");
    /* Not another requirement's title, though in the language asked for. */
    assert_text(cop_bundle_text(bundle, 0, COP_TEXT_TITLE,
                    (struct cop_slice[]){COP_LIT("ar")}, 1, NULL),
        "en");
    assert_text(cop_bundle_text(bundle, 9, COP_TEXT_TITLE, NULL, 0, NULL), "");
    assert_text(cop_bundle_category_label(
                    bundle, COP_CAT_GAMBLING_REAL_MONEY, NULL, 0, &language),
        "en");
    assert_text(language, "en");
    assert_text(
        cop_bundle_category_label(bundle, COP_CAT_COMM_CHAT, NULL, 0, NULL),
        "");
    assert_text(cop_bundle_category_label(bundle, 999, NULL, 0, NULL), "");
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

/* The largest values that each field may have. */
static void test_largest(void **state)
{
    static const struct tables_window all[] = {{10079, 10080}};
    struct fixture *f = whole();
    struct cop_bundle *bundle;
    struct cop_requirement q;

    (void)state;
    f->requirements[0].r.strength = COP_STRENGTH_LOCAL_DISCRETION;
    f->requirements[0].r.lock = COP_LOCK_NATIONAL;
    f->requirements[0].r.logging = COP_LOG_REQUIRED;
    f->requirements[0].r.identity = COP_IDENTITY_PERSON;
    f->requirements[0].r.age_min = f->requirements[0].r.age_max = 255;
    f->requirements[0].r.from_unix = INT64_MIN;
    f->requirements[0].r.until_unix = INT64_MAX;
    f->profiles[0].closed = all;
    f->profiles[0].closed_n = 1;
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        cop_catset_add(&f->requirements[0].r.categories, i);
    }
    fixture_list(f, "never", LIST_NEVER_INSPECT, COP_NONE);
    bundle = fixture_open(f);
    cop_bundle_requirement(bundle, 1, &q);
    assert_int_equal(q.strength, COP_STRENGTH_LOCAL_DISCRETION);
    assert_int_equal(q.logging, COP_LOG_REQUIRED);
    assert_int_equal(q.identity, COP_IDENTITY_PERSON);
    assert_int_equal(q.age_min, 255);
    assert_true(q.from_unix == INT64_MIN);
    assert_true(q.until_unix == INT64_MAX);
    for (unsigned i = 0; i < 128; i++) {
        assert_int_equal(cop_catset_has(q.categories, i), i < COP_CATEGORIES);
    }
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

static void test_empty(void **state)
{
    struct fixture *f = fixture_new("");
    struct cop_bundle *bundle;
    struct cop_bundle_info info;

    (void)state;
    f->t.files_n = 0;
    bundle = fixture_open(f);
    cop_bundle_info(bundle, &info);
    assert_int_equal(info.name.n, 0);
    assert_int_equal(info.hosts + info.urls + info.patterns + info.lists, 0);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

/* The first of two files by name, then the lowest line, is the origin kept. */
static void test_merged(void **state)
{
    struct fixture *f = fixture_new("merged");
    uint32_t list = fixture_category(f, "a", COP_CAT_MEDIA_GAMES);
    struct cop_bundle *bundle;
    struct cop_bundle_info info;
    const struct format_rule *rule;

    (void)state;
    f->files[f->t.files_n++] = COP_LIT("lists/first.txt");
    fixture_add(f, list, ENTRY_DOMAIN, "casino.example"); /* main.txt:1 */
    fixture_add(f, list, ENTRY_DOMAIN, "casino.example");
    fixture_add(f, list, ENTRY_DOMAIN, "casino.example");
    fixture_add(f, list, ENTRY_HOST, "casino.example");
    f->entries[1].file = 1; /* first.txt:2 */
    f->entries[1].line = 7;
    f->entries[2].file = 1; /* first.txt:3 */
    bundle = fixture_open(f);
    cop_bundle_info(bundle, &info);
    assert_int_equal(info.hosts, 2);
    rule = bundle_rule(bundle, 1);
    assert_int_equal(rule->object, ENTRY_DOMAIN);
    assert_int_equal(rule->file, 0);
    assert_int_equal(rule->line, 3);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

/* ---- the same statements, the same bytes ---- */

/* Turn a table of n rows around. */
static void turn(void *rows, size_t n, size_t size)
{
    unsigned char swap[512];
    unsigned char *p = rows;

    assert_true(size <= sizeof(swap));
    for (size_t i = 0; i + 1 < n - i; i++) {
        unsigned char *a = p + i * size;
        unsigned char *b = p + (n - 1 - i) * size;

        memcpy(swap, a, size);
        memcpy(a, b, size);
        memcpy(b, swap, size);
    }
}

static uint32_t turned(uint32_t index, size_t n)
{
    return index == COP_NONE ? COP_NONE : (uint32_t)n - 1 - index;
}

static uint32_t owner_turned(
    const struct fixture *f, const struct tables_list *list)
{
    switch (list->role) {
    case LIST_DENY:
    case LIST_ALLOW:
    case LIST_ALLOW_ONLY:
        return turned(list->owner, f->t.requirements_n);
    case LIST_PROFILE_ALLOW:
    case LIST_PROFILE_DENY:
        return turned(list->owner, f->t.profiles_n);
    case LIST_GRANT:
        return turned(list->owner, f->t.grants_n);
    case LIST_APPEAL:
        return turned(list->owner, f->t.appeals_n);
    case LIST_CATEGORY:
    case LIST_NEVER_INSPECT:
        break;
    }
    return list->owner;
}

/* Every table turned around, and every index with it. */
static void fixture_turn(struct fixture *f)
{
    for (size_t i = 0; i < f->t.lists_n; i++) {
        f->lists[i].owner = owner_turned(f, &f->lists[i]);
    }
    for (size_t i = 0; i < f->t.entries_n; i++) {
        f->entries[i].list = turned(f->entries[i].list, f->t.lists_n);
        f->entries[i].file = turned(f->entries[i].file, f->t.files_n);
    }
    for (size_t i = 0; i < f->t.texts_n; i++) {
        if (!f->texts[i].of_category) {
            f->texts[i].requirement =
                turned(f->texts[i].requirement, f->t.requirements_n);
        }
    }
    for (size_t i = 0; i < f->t.grants_n; i++) {
        f->grants[i].profile = turned(f->grants[i].profile, f->t.profiles_n);
    }
    for (size_t i = 0; i < f->t.origins_n; i++) {
        if (f->origins[i].requirement != COP_NONE) {
            f->origins[i].requirement =
                turned(f->origins[i].requirement, f->t.requirements_n);
        }
    }
    for (size_t i = 0; i < f->t.requirements_n; i++) {
        if (f->requirements[i].shadowed_by_plus_one != 0) {
            f->requirements[i].shadowed_by_plus_one =
                turned(f->requirements[i].shadowed_by_plus_one - 1,
                    f->t.requirements_n) +
                1;
        }
    }
    turn(f->origins, f->t.origins_n, sizeof(f->origins[0]));
    turn(f->files, f->t.files_n, sizeof(f->files[0]));
    turn(f->lists, f->t.lists_n, sizeof(f->lists[0]));
    turn(f->entries, f->t.entries_n, sizeof(f->entries[0]));
    turn(f->requirements, f->t.requirements_n, sizeof(f->requirements[0]));
    turn(f->texts, f->t.texts_n, sizeof(f->texts[0]));
    turn(f->templates, f->t.templates_n, sizeof(f->templates[0]));
    turn(f->profiles, f->t.profiles_n, sizeof(f->profiles[0]));
    turn(f->grants, f->t.grants_n, sizeof(f->grants[0]));
    turn(f->appeals, f->t.appeals_n, sizeof(f->appeals[0]));
}

/* Grants and appeals that differ in one field each. */
static void fill_pleas(struct fixture *f)
{
    const struct tables_grant grants[] = {
        {.profile = COP_NONE, .until_unix = 1},
        {.profile = 1, .until_unix = 7000},
        {.profile = 1, .until_unix = 6000},
        {.profile = 1, .until_unix = 6000, .by = COP_LIT("b")},
        {.profile = 1, .until_unix = 6000, .by = COP_LIT("a")},
        {.profile = 1,
            .until_unix = 6000,
            .by = COP_LIT("a"),
            .reason = COP_LIT("y")},
        {.profile = 1,
            .until_unix = 6000,
            .by = COP_LIT("a"),
            .reason = COP_LIT("x")},
    };
    const struct cop_slice id = COP_LIT("cop:appeal:2");
    const struct tables_appeal appeals[] = {
        {.id = id, .authority = COP_LIT("b")},
        {.id = id, .authority = COP_LIT("a")},
        {.id = id, .of = COP_LIT("b")},
        {.id = id, .of = COP_LIT("a")},
        {.id = id, .of = COP_LIT("a"), .from_unix = 5},
        {.id = id, .of = COP_LIT("a"), .from_unix = 4},
        {.id = id, .of = COP_LIT("a"), .from_unix = 4, .until_unix = 9},
        {.id = id, .of = COP_LIT("a"), .from_unix = 4, .until_unix = 8},
    };

    for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
        f->grants[f->t.grants_n++] = grants[i];
    }
    for (size_t i = 0; i < sizeof(appeals) / sizeof(appeals[0]); i++) {
        f->appeals[f->t.appeals_n++] = appeals[i];
    }
}

static void test_same_bytes(void **state)
{
    struct fixture *f = whole();
    struct cop_image first = {NULL, 0};
    struct cop_image second = {NULL, 0};

    (void)state;
    /* Grants and appeals that only their lists tell apart. */
    for (uint32_t i = 1; i < 4; i++) {
        static const char *const names[] = {"", "g2", "g1", "g3"};

        f->grants[f->t.grants_n++] = f->grants[0];
        fixture_add(
            f, fixture_list(f, names[i], LIST_GRANT, i), ENTRY_HOST, names[i]);
        f->appeals[f->t.appeals_n++] = f->appeals[0];
    }
    fixture_add(
        f, fixture_list(f, "z", LIST_APPEAL, 2), ENTRY_HOST, "z.example");
    fill_pleas(f);
    assert_int_equal(bundle_write(&f->t, &first), COP_OK);
    fixture_turn(f);
    assert_int_equal(bundle_write(&f->t, &second), COP_OK);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.bytes, second.bytes, first.n);
    assert_int_equal((uintptr_t)first.bytes % 64, 0);
    /* And one letter more is another key and another digest. */
    cop_image_free(&second);
    f->t.title = COP_LIT("All of it.");
    assert_int_equal(bundle_write(&f->t, &second), COP_OK);
    assert_memory_not_equal(((struct format_header *)first.bytes)->key,
        ((struct format_header *)second.bytes)->key, 16);
    cop_image_free(&first);
    cop_image_free(&second);
    fixture_free(&f);
}

static void test_writer_refuses(void **state)
{
    struct cop_image image = {NULL, 0};
    struct fixture *f = whole();

    (void)state;
    f->lists[1].name = f->lists[0].name;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_CONFLICT);
    fixture_free(&f);
    f = whole();
    f->requirements[1].r.id = f->requirements[0].r.id;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_CONFLICT);
    fixture_free(&f);
    f = whole();
    f->lists[1].owner = 2;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    fixture_free(&f);
    f = whole();
    f->entries[3].list = 6;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    fixture_free(&f);
    f = whole();
    f->entries[3].text = COP_LIT("");
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    fixture_free(&f);
    static const char *const urls[] = {"s.example:65536/", "/a", "[]/", ":80/",
        "s.example:18446744073709551697/"};

    for (unsigned i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        f = whole();
        f->entries[3].text = cop_slice_of(urls[i]); /* a URL */
        assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
        fixture_free(&f);
    }
    f = whole();
    f->texts[0].requirement = 2;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    fixture_free(&f);
    f = whole();
    f->grants[0].profile = 2;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    fixture_free(&f);
    f = whole();
    cop_catset_add(&f->profiles[0].block, 127);
    assert_int_equal(bundle_write(&f->t, &image), COP_E_LIMIT);
    fixture_free(&f);
    f = whole();
    f->t.lists_n = 1 << 16;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_LIMIT);
    fixture_free(&f);
    assert_null(image.bytes);
}

/* ---- files ---- */

static void test_files(void **state)
{
    struct fixture *f = whole();
    struct findings found;
    struct cop_bundle *bundle = NULL;
    struct cop_bundle_info info;
    char path[] = "/tmp/copgate-test-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    findings_init(&found);
    assert_int_equal(
        cop_bundle_open(path, &found.report, &bundle), COP_E_TRUNCATED);
    assert_true(findings_have(&found, "is empty"));
    assert_int_equal(bundle_write(&f->t, &f->image), COP_OK);
    assert_int_equal(
        write(fd, f->image.bytes, f->image.n), (ssize_t)f->image.n);
    assert_int_equal(
        cop_bundle_open_fd(fd, NULL, &found.report, &bundle), COP_OK);
    close(fd);
    assert_ptr_equal(cop_bundle_hold(bundle), bundle);
    struct cop_bundle *other = bundle;

    cop_bundle_drop(&other);
    cop_bundle_info(bundle, &info);
    assert_text(info.name, "whole");
    cop_bundle_drop(&bundle);
    cop_bundle_drop(&bundle); /* of nothing */
    assert_int_equal(cop_bundle_open(path, &found.report, &bundle), COP_OK);
    assert_int_equal(truncate(path, 100), 0);
    assert_memory_equal(bundle->bytes, f->image.bytes, f->image.n);
    cop_bundle_drop(&bundle);
    findings_init(&found);
    assert_int_equal(
        cop_bundle_open(path, &found.report, &bundle), COP_E_TRUNCATED);
    assert_int_equal(found.report.errors, 1);
    unlink(path);
    findings_init(&found);
    assert_int_equal(cop_bundle_open(path, &found.report, &bundle), COP_E_IO);
    assert_true(findings_have(&found, "No such file"));
    assert_int_equal(cop_bundle_open("/", &found.report, &bundle), COP_E_IO);
    assert_true(findings_have(&found, "directory"));
    assert_int_equal(
        cop_bundle_open("/dev/null", &found.report, &bundle), COP_E_IO);
    assert_int_equal(cop_bundle_open_fd(-1, NULL, NULL, &bundle), COP_E_IO);
    assert_null(bundle);
    fixture_free(&f);
}

static void test_memory(void **state)
{
    struct fixture *f = whole();
    struct cop_bundle *bundle = NULL;
    int fd = memfd_create("bundle", MFD_ALLOW_SEALING);

    (void)state;
    assert_int_equal(bundle_write(&f->t, &f->image), COP_OK);
    assert_int_equal(
        write(fd, f->image.bytes, f->image.n), (ssize_t)f->image.n);
    assert_int_equal(
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_int_equal(cop_bundle_open_fd(fd, "memory", NULL, &bundle), COP_OK);
    cop_bundle_drop(&bundle);
    close(fd);
    assert_int_equal(cop_bundle_open_memory((char *)f->image.bytes + 4,
                         f->image.n - 4, NULL, NULL, &bundle),
        COP_E_BUG);
    fixture_free(&f);
}

/* ---- the host index ---- */

static void test_index(void **state)
{
    enum { MEMBERS = 30000 };
    const uint64_t key[2] = {1, 2};
    struct hostindex_item *items = calloc(MEMBERS, sizeof(*items));
    struct cop_bundle bundle = {.n = 0};
    struct buf slots;

    (void)state;
    assert_non_null(items);
    buf_init(&slots, (size_t)1 << 24);
    assert_int_equal(hostindex_build(items, 0, &slots), COP_OK);
    assert_int_equal(hostindex_find(&bundle, SECTION_HOST_SLOTS, 5).n, 0);
    /* Hashes that ascend: two of each, from all over the range. */
    for (uint32_t i = 0; i < MEMBERS; i++) {
        items[i].hash = UINT64_MAX / MEMBERS * (i / 2 * 2) +
                        hash_keyed(key, &(uint32_t){i / 2}, 4) % 9999;
        items[i].rule = i;
    }
    assert_int_equal(hostindex_build(items, MEMBERS, &slots), COP_OK);
    bundle.sections[SECTION_HOST_SLOTS].p = (unsigned char *)slots.p;
    bundle.sections[SECTION_HOST_SLOTS].n =
        (uint32_t)(slots.n / sizeof(struct format_slot));
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct hostindex_run run =
            hostindex_find(&bundle, SECTION_HOST_SLOTS, items[i].hash);

        assert_int_equal(run.n, 2);
        assert_int_equal(run.at, i / 2 * 2);
        assert_int_equal(
            hostindex_find(&bundle, SECTION_HOST_SLOTS, items[i].hash + 1).n,
            0);
    }
    buf_fini(&slots);
    free(items);
}

/* Build, and find each of some hashes that differ. */
static void assert_all_found(const struct hostindex_item *items, uint32_t n)
{
    struct cop_bundle bundle = {.n = 0};
    struct buf slots;

    buf_init(&slots, (size_t)1 << 24);
    assert_int_equal(hostindex_build(items, n, &slots), COP_OK);
    bundle.sections[SECTION_HOST_SLOTS].p = (unsigned char *)slots.p;
    bundle.sections[SECTION_HOST_SLOTS].n =
        (uint32_t)(slots.n / sizeof(struct format_slot));
    for (uint32_t i = 0; i < n; i++) {
        struct hostindex_run run =
            hostindex_find(&bundle, SECTION_HOST_SLOTS, items[i].hash);

        assert_int_equal(run.n, 1);
        assert_int_equal(run.at, i);
    }
    buf_fini(&slots);
}

/* Hashes that all want the same place: the table grows until they fit. */
static void test_index_crowded(void **state)
{
    enum { MEMBERS = 200 };
    struct hostindex_item items[MEMBERS] = {{0, 0}};
    struct buf slots;

    (void)state;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        items[i].hash = (uint64_t)i << 50;
    }
    assert_all_found(items, MEMBERS);
    /* At the end of the table, from where it goes on at the front. */
    for (uint32_t i = 0; i < MEMBERS; i++) {
        items[i].hash = UINT64_MAX - ((uint64_t)(MEMBERS - 1 - i) << 50);
    }
    assert_all_found(items, MEMBERS);
    buf_init(&slots, 64);
    assert_int_equal(hostindex_build(items, MEMBERS, &slots), COP_E_NOMEM);
    buf_fini(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_requirement),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_writer_refuses),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_index_crowded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

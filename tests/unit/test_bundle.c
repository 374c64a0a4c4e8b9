/* The bundle file: what goes in comes out, in the same bytes each time, and
 * nothing that was altered, cut or forged is ever opened. */
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
#include "tests/unit/bundle_fixture.h"
#include "tests/unit/findings.h"

/* ---- a bundle with something in every section ---- */

static void fill_rules(struct fixture *f)
{
    uint32_t gambling =
        fixture_category(f, "gambling", COP_CAT_GAMBLING_REAL_MONEY);
    uint32_t own = fixture_list(f, "order", LIST_DENY, 0);
    uint32_t local = fixture_list(f, "mia:allow", LIST_PROFILE_ALLOW, 0);
    uint32_t grant = fixture_list(f, "grant", LIST_GRANT, 0);
    uint32_t appeal = fixture_list(f, "appeal", LIST_APPEAL, 0);

    f->lists[gambling].licence = COP_LIT("CC0-1.0");
    cop_catset_add(&f->lists[gambling].categories, COP_CAT_MEDIA_GAMES);
    f->lists[own].limit_matches = true;
    fixture_add(f, gambling, ENTRY_DOMAIN, "casino.example");
    fixture_add(f, gambling, ENTRY_BELOW, "bets.example");
    fixture_add(f, own, ENTRY_HOST, "192.0.2.10");
    fixture_add(f, own, ENTRY_URL, "shared.example/albums/7");
    fixture_add(f, own, ENTRY_URL, "shared.example:8443/x?y=1");
    fixture_add(f, own, ENTRY_PATTERN, "mirror-[0-9]+\\.example");
    fixture_add(f, local, ENTRY_HOST, "library.example");
    fixture_add(f, grant, ENTRY_HOST, "film.example");
    fixture_add(f, appeal, ENTRY_URL, "shared.example/albums/7/mine");
}

static void fill_people(struct fixture *f)
{
    static const struct cop_slice accepts[] = {
        COP_LIT("cop:req:XX:law:b"), COP_LIT("cop:req:XX:law:a")};
    static const struct tables_window closed[] = {{6000, 480}, {1200, 1440}};
    struct tables_profile *mia = fixture_profile(f, "mia", 9);

    mia->template_name = COP_LIT("cop:template:child");
    mia->block = catset_of(COP_CAT_COMM_CHAT);
    mia->permit = catset_of(COP_CAT_MEDIA_VIDEO);
    mia->accepts = accepts;
    mia->accepts_n = 2;
    mia->closed = closed;
    mia->closed_n = 2;
    mia->subscribers = 1;
    fixture_profile(f, "adam", 40);
    f->templates[f->t.templates_n++] = (struct tables_template){
        .name = COP_LIT("cop:template:child"),
        .title = COP_LIT("A child at home"),
        .block = catset_of(COP_CAT_SEXUAL_PORNOGRAPHY),
    };
    f->grants[f->t.grants_n++] = (struct tables_grant){.profile = 0,
        .until_unix = 5000,
        .by = COP_LIT("parent"),
        .reason = COP_LIT("homework")};
    f->appeals[f->t.appeals_n++] =
        (struct tables_appeal){.id = COP_LIT("cop:appeal:1"),
            .authority = COP_LIT("Example Authority"),
            .from_unix = 1000,
            .until_unix = INT64_MAX};
}

static void add_text(struct fixture *f, uint32_t about, bool of_category,
    enum cop_text kind, const char *language)
{
    struct tables_text *text = &f->texts[f->t.texts_n++];

    text->requirement = about;
    text->of_category = of_category;
    text->text = kind;
    text->language = cop_slice_of(language);
    text->words = cop_slice_of(language); /* says which one was chosen */
}

static struct fixture *whole(void)
{
    struct fixture *f = fixture_new("whole");
    struct tables_requirement *q = fixture_requirement(f, "cop:req:XX:law:b");

    f->t.title = COP_LIT("All of it");
    f->t.issuer = COP_LIT("Example Institution");
    f->t.revision = COP_LIT("2026.1");
    f->t.timezone = COP_LIT("Etc/UTC");
    f->t.never_inspect = catset_of(COP_CAT_SAFETY_HELPLINE);
    f->files[f->t.files_n++] = COP_LIT("lists/another.txt");
    q->r.instrument = COP_LIT("Example Act");
    q->r.citation = COP_LIT("s. 1");
    q->r.blocked_by = COP_LIT("https://authority.example/");
    q->r.lock = COP_LOCK_NATIONAL;
    q->r.strength = COP_STRENGTH_MANDATORY;
    q->r.logging = COP_LOG_AGGREGATE;
    q->r.identity = COP_IDENTITY_PSEUDONYM;
    q->r.http_status = 451;
    q->r.age_min = 3;
    q->r.age_max = 18;
    q->r.from_unix = -5;
    q->r.until_unix = 1LL << 40;
    q->r.categories = catset_of(COP_CAT_GAMBLING_REAL_MONEY);
    fixture_requirement(f, "cop:req:XX:law:a")->is_offer = true;
    fill_people(f);
    fill_rules(f);
    add_text(f, 0, false, COP_TEXT_NOTICE, "fr");
    add_text(f, 0, false, COP_TEXT_NOTICE, "en");
    add_text(f, 0, false, COP_TEXT_NOTICE, "ar");
    add_text(f, 0, false, COP_TEXT_TITLE, "ar");
    add_text(f, 1, false, COP_TEXT_TITLE, "en");
    add_text(f, cop_category_code(COP_CAT_GAMBLING_REAL_MONEY), true,
        COP_TEXT_TITLE, "en");
    return f;
}

/* A copy of a fixture's image that may be spoilt. */
static unsigned char *image_copy(struct fixture *f)
{
    unsigned char *copy;

    cop_image_free(&f->image);
    assert_int_equal(bundle_write(&f->t, &f->image), COP_OK);
    copy = aligned_alloc(64, (f->image.n + 127) / 64 * 64);
    assert_non_null(copy);
    memcpy(copy, f->image.bytes, f->image.n);
    return copy;
}

/* Open bytes; what was wrong goes to `out`. */
static enum cop_status try_open(
    const void *bytes, size_t n, struct findings *out)
{
    struct cop_bundle *bundle = NULL;
    enum cop_status status;

    findings_init(out);
    status = cop_bundle_open_memory(bytes, n, "b.copb", &out->report, &bundle);
    if (status == COP_OK) {
        cop_bundle_drop(&bundle);
        assert_int_equal(out->report.errors, 0);
    } else {
        assert_null(bundle);
        assert_int_equal(out->report.errors, 1);
    }
    return status;
}

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
    assert_int_equal(info.lists, 5);
    assert_int_equal(info.hosts, 5);
    assert_int_equal(info.urls, 3);
    assert_int_equal(info.patterns, 1);
    assert_int_equal(info.templates, 1);
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
    assert_text(chosen(bundle, "-", "--"), "en");
    /* No English: any. No text at all: none. */
    assert_text(
        cop_bundle_text(bundle, 1, COP_TEXT_TITLE, NULL, 0, NULL), "ar");
    assert_text(
        cop_bundle_text(bundle, 1, COP_TEXT_APPEAL, NULL, 0, &language), "");
    assert_text(language, "");
    assert_text(
        cop_bundle_text(bundle, 0, COP_TEXT_TITLE, NULL, 0, NULL), "en");
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
    f->entries[3].list = 5;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    fixture_free(&f);
    f = whole();
    f->entries[3].text = COP_LIT("");
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    fixture_free(&f);
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

/* ---- what was altered or cut ---- */

static void test_any_byte(void **state)
{
    struct fixture *f = whole();
    unsigned char *copy = image_copy(f);
    struct findings found;

    (void)state;
    assert_int_equal(try_open(copy, f->image.n, &found), COP_OK);
    for (size_t i = 0; i < f->image.n; i++) {
        copy[i] ^= (unsigned char)(1U << (i % 8));
        assert_int_not_equal(try_open(copy, f->image.n, &found), COP_OK);
        copy[i] ^= (unsigned char)(1U << (i % 8));
    }
    copy[200] ^= 0x40;
    assert_int_equal(try_open(copy, f->image.n, &found), COP_E_DIGEST);
    assert_true(findings_have(&found, "altered"));
    assert_true(findings_have(&found, "publisher"));
    free(copy);
    fixture_free(&f);
}

static void test_any_length(void **state)
{
    struct fixture *f = whole();
    unsigned char *copy = image_copy(f);
    struct findings found;

    (void)state;
    for (size_t n = 0; n < f->image.n; n++) {
        /* As long as it says, so that reading behind it would be noticed. */
        unsigned char *cut = aligned_alloc(8, n + 8 - n % 8);

        assert_non_null(cut);
        memcpy(cut, copy, n);
        assert_int_equal(try_open(cut, n, &found), COP_E_TRUNCATED);
        free(cut);
    }
    assert_true(findings_have(&found, "ends after"));
    copy[f->image.n] = 0;
    assert_int_equal(try_open(copy, f->image.n + 1, &found), COP_E_SYNTAX);
    assert_true(findings_have(&found, "1 bytes follow"));
    copy[0] = 'c';
    assert_int_equal(try_open(copy, f->image.n, &found), COP_E_SYNTAX);
    assert_int_equal(try_open(copy, 1, &found), COP_E_SYNTAX);
    assert_true(findings_have(&found, "not a policy bundle"));
    free(copy);
    fixture_free(&f);
}

static void test_other_version(void **state)
{
    struct fixture *f = whole();
    unsigned char *copy = image_copy(f);
    struct findings found;

    (void)state;
    copy[8] = 2;
    assert_int_equal(try_open(copy, f->image.n, &found), COP_E_VERSION);
    assert_true(findings_have(&found, "in format 2"));
    assert_true(findings_have(&found, "reads format 1"));
    assert_true(findings_have(&found, "Update this program"));
    /* A newer format may be shorter than our header. */
    assert_int_equal(try_open(copy, 12, &found), COP_E_VERSION);
    copy[8] = 0;
    assert_int_equal(try_open(copy, f->image.n, &found), COP_E_VERSION);
    free(copy);
    fixture_free(&f);
}

/* ---- what a hostile publisher would sign ---- */

/* One number somewhere in a good bundle replaced, and the digest made right.
 * at     byte of the record; of SECTION_NONE, byte of the file */
struct flaw {
    enum section_id section;
    uint32_t row;
    size_t at;
    size_t bytes;
    uint64_t value;
    enum cop_status status;
    const char *words; /* in the finding */
};

#define FIELD(record, field)                                                   \
    offsetof(struct format_##record, field),                                   \
        sizeof(((struct format_##record *)0)->field)
#define SPAN_AT(record, field) offsetof(struct format_##record, field), 4
#define SPAN_N(record, field) offsetof(struct format_##record, field) + 4, 4
#define TABLE(id, field)                                                       \
    sizeof(struct format_header) +                                             \
        (SECTION_##id - 1) * sizeof(struct format_section) +                   \
        offsetof(struct format_section, field),                                \
        sizeof(((struct format_section *)0)->field)

enum { FAR = 0x7ffffff0 };

static const struct flaw flaws[] = {
    {SECTION_NONE, 0, FIELD(header, header_bytes), 64, COP_E_SYNTAX, "header"},
    {SECTION_NONE, 0, FIELD(header, sections), 19, COP_E_SYNTAX, "header"},
    {SECTION_NONE, 0, FIELD(header, zero0), 1, COP_E_SYNTAX, "header"},
    {SECTION_NONE, 0, offsetof(struct format_header, zero2), 1, 1, COP_E_SYNTAX,
        "header"},
    {SECTION_NONE, 0, TABLE(LISTS, id), 9, COP_E_SYNTAX, "lists"},
    {SECTION_NONE, 0, TABLE(LISTS, record_bytes), 16, COP_E_SYNTAX, "lists"},
    {SECTION_NONE, 0, TABLE(LISTS, offset), 1, COP_E_SYNTAX, "begin behind"},
    {SECTION_NONE, 0, TABLE(LISTS, offset), UINT64_MAX, COP_E_SYNTAX,
        "begin behind"},
    {SECTION_NONE, 0, TABLE(LISTS, bytes), 0, COP_E_SYNTAX, "its records"},
    {SECTION_NONE, 0, TABLE(LISTS, bytes), UINT64_MAX, COP_E_SYNTAX,
        "longer than the file"},
    {SECTION_NONE, 0, TABLE(LISTS, count), 6, COP_E_SYNTAX, "its records"},
    {SECTION_NONE, 0, TABLE(LISTS, count), UINT64_MAX / 32 + 6, COP_E_SYNTAX,
        "its records"},
    {SECTION_NONE, 0, TABLE(RULE_TEXTS, bytes), 1, COP_E_SYNTAX, "its records"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, name), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_N(manifest, timezone), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, never_inspect), FAR, COP_E_SYNTAX,
        "categories"},
    {SECTION_MANIFEST, 0, FIELD(manifest, hosts), 6, COP_E_SYNTAX, "hosts"},
    {SECTION_MANIFEST, 0, FIELD(manifest, labels_max), 128, COP_E_SYNTAX,
        "hosts"},
    {SECTION_CODES, 0, 0, 2, 999, COP_E_VERSION, "taxonomy"},
    {SECTION_CODES, 2, 0, 2, 501, COP_E_SYNTAX, "categories"},
    {SECTION_FILES, 1, 0, 4, FAR, COP_E_SYNTAX, "record 1 of the bundle's fil"},
    {SECTION_LISTS, 0, SPAN_AT(list, name), FAR, COP_E_SYNTAX, "text"},
    {SECTION_LISTS, 4, SPAN_N(list, name), 0, COP_E_SYNTAX, "behind the one"},
    {SECTION_LISTS, 0, SPAN_N(list, categories), 200, COP_E_SYNTAX,
        "categories"},
    {SECTION_LISTS, 0, FIELD(list, owner), 9, COP_E_SYNTAX, "belongs to"},
    {SECTION_LISTS, 1, FIELD(list, owner), 0, COP_E_SYNTAX, "belongs to"},
    {SECTION_LISTS, 1, FIELD(list, role), 9, COP_E_SYNTAX, "does not know"},
    {SECTION_LISTS, 1, FIELD(list, flags), 2, COP_E_SYNTAX, "does not know"},
    {SECTION_LISTS, 1, FIELD(list, zero), 1, COP_E_SYNTAX, "zeros"},
    {SECTION_REQUIREMENTS, 0, SPAN_AT(requirement, blocked_by), FAR,
        COP_E_SYNTAX, "text"},
    {SECTION_REQUIREMENTS, 0, SPAN_N(requirement, categories), 129,
        COP_E_SYNTAX, "categories"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, strength), 7, COP_E_SYNTAX,
        "does not know"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, lock), 3, COP_E_SYNTAX,
        "does not know"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, logging), 4, COP_E_SYNTAX,
        "does not know"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, identity), 4, COP_E_SYNTAX,
        "does not know"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, flags), 16, COP_E_SYNTAX,
        "does not know"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, age_min), 121, COP_E_SYNTAX,
        "does not know"},
    {SECTION_REQUIREMENTS, 0, offsetof(struct format_requirement, zero), 1, 1,
        COP_E_SYNTAX, "zeros"},
    {SECTION_REQUIREMENTS, 1, SPAN_N(requirement, id), 3, COP_E_SYNTAX,
        "behind the one"},
    {SECTION_TEXTS, 0, FIELD(text, owner), 2, COP_E_SYNTAX, "belongs to"},
    {SECTION_TEXTS, 5, FIELD(text, owner), 999, COP_E_VERSION, "taxonomy"},
    {SECTION_TEXTS, 5, FIELD(text, owner), 65536 + 501, COP_E_VERSION,
        "taxonomy"},
    {SECTION_TEXTS, 0, FIELD(text, kind), 4, COP_E_SYNTAX, "does not know"},
    {SECTION_TEXTS, 0, FIELD(text, of_category), 2, COP_E_SYNTAX,
        "does not know"},
    {SECTION_TEXTS, 0, FIELD(text, zero), 2, COP_E_SYNTAX, "zeros"},
    {SECTION_TEXTS, 0, SPAN_AT(text, language), FAR, COP_E_SYNTAX, "text"},
    {SECTION_TEXTS, 0, SPAN_AT(text, words), FAR, COP_E_SYNTAX, "text"},
    {SECTION_TEXTS, 3, SPAN_N(text, language), 0, COP_E_SYNTAX,
        "behind the one"},
    {SECTION_TEXTS, 1, FIELD(text, kind), 3, COP_E_SYNTAX, "behind the one"},
    {SECTION_TEMPLATES, 0, SPAN_AT(template, title), FAR, COP_E_SYNTAX, "text"},
    {SECTION_TEMPLATES, 0, SPAN_AT(template, block), FAR, COP_E_SYNTAX,
        "categories"},
    {SECTION_TEMPLATES, 0, SPAN_N(template, allow_only), FAR, COP_E_SYNTAX,
        "categories"},
    {SECTION_TEMPLATES, 0, FIELD(template, flags), 2, COP_E_SYNTAX,
        "does not know"},
    {SECTION_TEMPLATES, 0, FIELD(template, zero), 2, COP_E_SYNTAX, "zeros"},
    {SECTION_PROFILES, 0, SPAN_AT(profile, template_name), FAR, COP_E_SYNTAX,
        "text"},
    {SECTION_PROFILES, 0, SPAN_N(profile, name), 0, COP_E_SYNTAX,
        "does not know"},
    {SECTION_PROFILES, 0, SPAN_AT(profile, permit), FAR, COP_E_SYNTAX,
        "categories"},
    {SECTION_PROFILES, 1, SPAN_N(profile, accepts), 3, COP_E_SYNTAX,
        "offers or hours"},
    {SECTION_PROFILES, 1, SPAN_AT(profile, closed), 1, COP_E_SYNTAX,
        "offers or hours"},
    {SECTION_PROFILES, 1, FIELD(profile, flags), 2, COP_E_SYNTAX,
        "does not know"},
    {SECTION_PROFILES, 1, FIELD(profile, zero), 2, COP_E_SYNTAX, "zeros"},
    {SECTION_WINDOWS, 0, FIELD(window, from), 10080, COP_E_SYNTAX, "week"},
    {SECTION_WINDOWS, 1, FIELD(window, to), 10081, COP_E_SYNTAX, "week"},
    {SECTION_ACCEPTS, 1, 4, 4, FAR, COP_E_SYNTAX, "text"},
    {SECTION_GRANTS, 0, SPAN_AT(grant, reason), FAR, COP_E_SYNTAX, "text"},
    {SECTION_GRANTS, 0, FIELD(grant, profile), 2, COP_E_SYNTAX, "belongs to"},
    {SECTION_GRANTS, 0, FIELD(grant, zero), 2, COP_E_SYNTAX, "zeros"},
    {SECTION_APPEALS, 0, SPAN_AT(appeal, of), FAR, COP_E_SYNTAX, "text"},
    {SECTION_RULES, 0, FIELD(rule, list), 5, COP_E_SYNTAX, "list or a file"},
    {SECTION_RULES, 0, FIELD(rule, file), 2, COP_E_SYNTAX, "list or a file"},
    {SECTION_RULES, 0, FIELD(rule, object), 5, COP_E_SYNTAX, "kind"},
    {SECTION_RULES, 0, FIELD(rule, object), ENTRY_HOST, COP_E_SYNTAX,
        "lead back"},
    {SECTION_RULES, 0, FIELD(rule, zero), 5, COP_E_SYNTAX, "zeros"},
    {SECTION_RULES, 0, FIELD(rule, detail), 7, COP_E_SYNTAX, "lead back"},
    {SECTION_RULES, 1, FIELD(rule, detail), 128, COP_E_SYNTAX, "labels"},
    {SECTION_RULES, 1, FIELD(rule, object), ENTRY_URL, COP_E_SYNTAX,
        "lead back"},
    {SECTION_RULES, 1, FIELD(rule, object), ENTRY_PATTERN, COP_E_SYNTAX,
        "lead back"},
    {SECTION_HOST_ENTRIES, 0, 0, 4, FAR, COP_E_SYNTAX, "lead back"},
    {SECTION_HOST_ENTRIES, 0, 0, 4, 0, COP_E_SYNTAX, "lead back"},
    {SECTION_URLS, 0, SPAN_AT(url, text), FAR, COP_E_SYNTAX, "text"},
    {SECTION_URLS, 0, FIELD(url, rule), FAR, COP_E_SYNTAX, "lead back"},
    {SECTION_URLS, 0, FIELD(url, path), 3, COP_E_SYNTAX, "slash"},
    {SECTION_URLS, 0, FIELD(url, path), 60000, COP_E_SYNTAX, "slash"},
    {SECTION_PATTERNS, 0, SPAN_N(pattern, text), FAR, COP_E_SYNTAX, "text"},
    {SECTION_PATTERNS, 0, FIELD(pattern, zero), 1, COP_E_SYNTAX, "zeros"},
    {SECTION_PATTERNS, 0, FIELD(pattern, rule), 1, COP_E_SYNTAX, "lead back"},
};

static void sign(unsigned char *image, size_t n)
{
    assert_int_equal(
        bundle_digest(image, n, image + offsetof(struct format_header, digest)),
        COP_OK);
}

static unsigned char *record_at(
    unsigned char *image, enum section_id id, uint32_t row)
{
    const struct format_section *table =
        (const void *)(image + sizeof(struct format_header));

    assert_true(row < table[id - 1].count);
    return image + table[id - 1].offset + row * table[id - 1].record_bytes;
}

/* A field's old value; the new one is in its place. */
static uint64_t number_swap(unsigned char *at, size_t bytes, uint64_t value)
{
    uint64_t old = 0;

    memcpy(&old, at, bytes);
    memcpy(at, &value, bytes);
    return old;
}

static void test_flaws(void **state)
{
    struct fixture *f = whole();
    unsigned char *copy = image_copy(f);
    struct findings found;

    (void)state;
    for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
        const struct flaw *flaw = &flaws[i];
        unsigned char *at = copy + flaw->at;
        uint64_t old;

        if (flaw->section != SECTION_NONE) {
            at = record_at(copy, flaw->section, flaw->row) + flaw->at;
        }
        old = number_swap(at, flaw->bytes, flaw->value);
        assert_true(old != flaw->value);
        sign(copy, f->image.n);
        if (try_open(copy, f->image.n, &found) != flaw->status ||
            !findings_have(&found, flaw->words)) {
            fail_msg(
                "flaw %zu was not refused as it should: %s", i, found.text);
        }
        number_swap(at, flaw->bytes, old);
    }
    sign(copy, f->image.n);
    assert_int_equal(try_open(copy, f->image.n, &found), COP_OK);
    free(copy);
    fixture_free(&f);
}

/* Slots: found by looking, because where they are depends on the key. */
static void spoil_slots(unsigned char *image, size_t n, enum section_id id)
{
    const struct format_section *table =
        (const void *)(image + sizeof(struct format_header));
    struct findings found;

    for (uint32_t i = 0; i < table[id - 1].count; i++) {
        struct format_slot *slot = (void *)record_at(image, id, i);
        struct format_slot good = *slot;
        bool is_free = good.n == 0;
        struct format_slot bad[] = {
            {good.hash, FAR, is_free ? 0 : 1},
            {good.hash, good.at, FAR},
            {good.hash + 1, good.at, 0},
        };

        for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
            *slot = bad[k];
            sign(image, n);
            assert_int_equal(try_open(image, n, &found), COP_E_SYNTAX);
            assert_true(findings_have(&found, "not where its hash says"));
        }
        *slot = good;
    }
    sign(image, n);
    assert_int_equal(try_open(image, n, &found), COP_OK);
}

static void test_slots(void **state)
{
    struct fixture *f = whole();
    unsigned char *copy = image_copy(f);

    (void)state;
    spoil_slots(copy, f->image.n, SECTION_HOST_SLOTS);
    spoil_slots(copy, f->image.n, SECTION_URL_SLOTS);
    free(copy);
    fixture_free(&f);
}

/* A slot too far from its place could never be found: the audit says so. */
static void test_slot_far_from_home(void **state)
{
    struct fixture *f = fixture_new("many");
    uint32_t list = fixture_category(f, "a", COP_CAT_MEDIA_GAMES);
    static char names[400][24];
    struct findings found;

    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        snprintf(names[i], sizeof(names[i]), "n%u.example", i);
        fixture_add(f, list, ENTRY_DOMAIN, names[i]);
    }
    unsigned char *copy = image_copy(f);
    const struct format_section *table =
        (const void *)(copy + sizeof(struct format_header));
    uint64_t n = table[SECTION_HOST_SLOTS - 1].count;
    struct format_slot *slots = (void *)record_at(copy, SECTION_HOST_SLOTS, 0);

    for (uint64_t i = 0; i < n / 2; i++) {
        struct format_slot swap = slots[i];

        slots[i] = slots[i + n / 2];
        slots[i + n / 2] = swap;
    }
    sign(copy, f->image.n);
    assert_int_equal(try_open(copy, f->image.n, &found), COP_E_SYNTAX);
    assert_true(findings_have(&found, "not where its hash says"));
    free(copy);
    fixture_free(&f);
}

static void test_padding(void **state)
{
    struct fixture *f = whole();
    unsigned char *copy = image_copy(f);
    const struct format_section *table =
        (const void *)(copy + sizeof(struct format_header));
    struct findings found;
    size_t end =
        table[SECTION_STRINGS - 1].offset + table[SECTION_STRINGS - 1].bytes;

    (void)state;
    assert_true(end % 64 != 0);
    copy[end] = 1;
    sign(copy, f->image.n);
    assert_int_equal(try_open(copy, f->image.n, &found), COP_E_SYNTAX);
    assert_true(findings_have(&found, "not padding"));
    free(copy);
    fixture_free(&f);
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
    assert_int_equal(truncate(path, 100), 0);
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
    buf_init(&slots, (size_t)1 << 24);
    assert_int_equal(hostindex_build(items, MEMBERS, &slots), COP_OK);
    buf_fini(&slots);
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
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_writer_refuses),
        cmocka_unit_test(test_any_byte),
        cmocka_unit_test(test_any_length),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_flaws),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_slot_far_from_home),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_index_crowded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

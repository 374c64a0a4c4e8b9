/* Nothing that was altered, cut or forged is ever opened: a good bundle is
 * spoilt in one way at a time, and where a forger would, signed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/bundle/view.h"
#include "tests/unit/bundle_flaws.h"
#include "tests/unit/bundle_whole.h"
#include "tests/unit/findings.h"

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

static const struct flaw flaws[] = {
    {SECTION_NONE, 0, FIELD(header, header_bytes), 64, COP_E_SYNTAX, "header"},
    {SECTION_NONE, 0, FIELD(header, sections), 19, COP_E_SYNTAX, "header"},
    {SECTION_NONE, 0, FIELD(header, tries), 17, COP_E_SYNTAX, "header"},
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
    {SECTION_NONE, 0, TABLE(LISTS, count), 7, COP_E_SYNTAX, "its records"},
    {SECTION_NONE, 0, TABLE(LISTS, count), UINT64_MAX / 32 + 7, COP_E_SYNTAX,
        "its records"},
    {SECTION_NONE, 0, TABLE(RULE_TEXTS, bytes), 1, COP_E_SYNTAX, "its records"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, name), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, title), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, issuer), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, licence), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, revision), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_N(manifest, timezone), FAR, COP_E_SYNTAX,
        "manifest has a text"},
    {SECTION_MANIFEST, 0, SPAN_AT(manifest, never_inspect), FAR, COP_E_SYNTAX,
        "categories"},
    {SECTION_MANIFEST, 0, FIELD(manifest, hosts), 6, COP_E_SYNTAX, "hosts"},
    {SECTION_MANIFEST, 0, FIELD(manifest, labels_max), 128, COP_E_SYNTAX,
        "hosts"},
    {SECTION_MANIFEST, 0, FIELD(manifest, labels_min), 0, COP_E_SYNTAX,
        "hosts"},
    {SECTION_MANIFEST, 0, FIELD(manifest, labels_min), 127, COP_E_SYNTAX,
        "hosts"},
    {SECTION_CODES, 0, 0, 2, 999, COP_E_VERSION, "taxonomy"},
    {SECTION_CODES, 2, 0, 2, 501, COP_E_SYNTAX, "categories"},
    {SECTION_FILES, 1, 0, 4, FAR, COP_E_SYNTAX, "record 1 of the bundle's fil"},
    {SECTION_LISTS, 0, SPAN_AT(list, name), FAR, COP_E_SYNTAX, "text"},
    {SECTION_LISTS, 4, SPAN_N(list, name), 0, COP_E_SYNTAX, "behind the one"},
    {SECTION_LISTS, 0, SPAN_N(list, categories), 200, COP_E_SYNTAX,
        "categories"},
    {SECTION_LISTS, 0, FIELD(list, owner), 9, COP_E_SYNTAX, "belongs to"},
    {SECTION_LISTS, 0, FIELD(list, owner), 1, COP_E_SYNTAX, "belongs to"},
    {SECTION_LISTS, 0, SPAN_AT(list, licence), FAR, COP_E_SYNTAX, "text"},
    {SECTION_LISTS, 1, FIELD(list, owner), 0, COP_E_SYNTAX, "belongs to"},
    {SECTION_LISTS, 1, FIELD(list, role), 9, COP_E_SYNTAX, "does not know"},
    {SECTION_LISTS, 1, FIELD(list, flags), 4, COP_E_SYNTAX, "does not know"},
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
    {SECTION_REQUIREMENTS, 0, offsetof(struct format_requirement, zero) + 1, 1,
        1, COP_E_SYNTAX, "zeros"},
    {SECTION_MANIFEST, 0, FIELD(manifest, east_s), 86401, COP_E_SYNTAX,
        "does not know"},
    {SECTION_MANIFEST, 0, FIELD(manifest, zero), 1, COP_E_SYNTAX, "zeros"},
    {SECTION_ORIGINS, 0, FIELD(origin, zero), 1, COP_E_SYNTAX, "zeros"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, grain), 4, COP_E_SYNTAX,
        "does not know"},
    {SECTION_REQUIREMENTS, 0, SPAN_N(requirement, spares), FAR, COP_E_SYNTAX,
        "categories"},
    {SECTION_REQUIREMENTS, 0, SPAN_N(requirement, hours), FAR, COP_E_SYNTAX,
        "hours"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, part), 1, COP_E_SYNTAX,
        "is no part"},
    {SECTION_REQUIREMENTS, 1, FIELD(requirement, part), 1, COP_E_SYNTAX,
        "is no part"},
    {SECTION_REQUIREMENTS, 0, FIELD(requirement, lists_of), 1, COP_E_SYNTAX,
        "the lists of none"},
    {SECTION_REQUIREMENTS, 1, FIELD(requirement, lists_of), 0, COP_E_SYNTAX,
        "the lists of none"},
    {SECTION_REQUIREMENTS, 1, FIELD(requirement, lists_of), FAR, COP_E_SYNTAX,
        "the lists of none"},
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
    {SECTION_RULES, 0, FIELD(rule, list), 6, COP_E_SYNTAX, "list or a file"},
    {SECTION_RULES, 0, FIELD(rule, file), 2, COP_E_SYNTAX, "list or a file"},
    {SECTION_RULES, 0, FIELD(rule, object), 200, COP_E_SYNTAX, "kind"},
    {SECTION_RULES, 0, FIELD(rule, object), ENTRY_CIDR, COP_E_SYNTAX,
        "lead back"},
    {SECTION_RULES, 9, FIELD(rule, detail), 1, COP_E_SYNTAX, "lead back"},
    {SECTION_RULES, 0, FIELD(rule, object), ENTRY_HOST, COP_E_SYNTAX,
        "lead back"},
    {SECTION_RULES, 0, FIELD(rule, zero), 5, COP_E_SYNTAX, "zeros"},
    {SECTION_RULES, 0, FIELD(rule, detail), 7, COP_E_SYNTAX, "lead back"},
    {SECTION_RULES, 0, FIELD(rule, detail), 3, COP_E_SYNTAX, "lead back"},
    {SECTION_RULES, 8, FIELD(rule, detail), 1, COP_E_SYNTAX, "lead back"},
    {SECTION_RULES, 1, FIELD(rule, detail), 128, COP_E_SYNTAX, "labels"},
    {SECTION_RULES, 1, FIELD(rule, object), ENTRY_URL, COP_E_SYNTAX,
        "lead back"},
    {SECTION_RULES, 1, FIELD(rule, object), ENTRY_PATTERN, COP_E_SYNTAX,
        "lead back"},
    {SECTION_HOST_ENTRIES, 0, 0, 4, FAR, COP_E_SYNTAX, "lead back"},
    {SECTION_HOST_ENTRIES, 0, 0, 4, 9, COP_E_SYNTAX, "lead back"},
    {SECTION_HOST_ENTRIES, 0, 0, 4, 0, COP_E_SYNTAX, "lead back"},
    {SECTION_URLS, 0, SPAN_AT(url, text), FAR, COP_E_SYNTAX, "text"},
    {SECTION_URLS, 0, FIELD(url, rule), FAR, COP_E_SYNTAX, "lead back"},
    {SECTION_URLS, 0, FIELD(url, path), 3, COP_E_SYNTAX, "slash"},
    {SECTION_URLS, 0, FIELD(url, path), 60000, COP_E_SYNTAX, "slash"},
    {SECTION_PATTERNS, 0, SPAN_N(pattern, text), FAR, COP_E_SYNTAX, "text"},
    {SECTION_PATTERNS, 0, FIELD(pattern, literals), 1, COP_E_SYNTAX,
        "not indexed"},
    {SECTION_LITERALS, 0, FIELD(literal, zero), 1, COP_E_SYNTAX, "zeros"},
    {SECTION_LITERALS, 0, FIELD(literal, pattern), 1, COP_E_SYNTAX,
        "not indexed"},
    {SECTION_LITERALS, 0, FIELD(literal, gram), 7, COP_E_SYNTAX, "not indexed"},
    {SECTION_LITERALS, 0, SPAN_AT(literal, text), FAR, COP_E_SYNTAX,
        "not indexed"},
    {SECTION_LITERAL_ENTRIES, 0, 0, 4, 1, COP_E_SYNTAX, "not indexed"},
    {SECTION_LITERAL_FILTER, 0, 0, 8, 0, COP_E_SYNTAX, "not indexed"},
    {SECTION_PATTERNS_ALWAYS, 0, 0, 8, 1, COP_E_SYNTAX, "not indexed"},
    {SECTION_PATTERNS_ALWAYS, 0, 0, 8, 2, COP_E_SYNTAX, "zeros"},
    {SECTION_PATTERNS, 0, FIELD(pattern, rule), 1, COP_E_SYNTAX, "lead back"},
    {SECTION_ADDRESSES, 2, SPAN_N(address, text), FAR, COP_E_SYNTAX, "text"},
    {SECTION_ADDRESSES, 2, FIELD(address, rule), FAR, COP_E_SYNTAX,
        "lead back"},
    {SECTION_ADDRESSES, 2, FIELD(address, rule), 10, COP_E_SYNTAX, "lead back"},
    {SECTION_ADDRESSES, 2, FIELD(address, family), 5, COP_E_SYNTAX,
        "no network"},
    {SECTION_ADDRESSES, 2, FIELD(address, bits), 33, COP_E_SYNTAX,
        "no network"},
    {SECTION_ADDRESSES, 2, FIELD(address, bits), 8, COP_E_SYNTAX, "no network"},
    {SECTION_ADDRESSES, 3, FIELD(address, bits), 129, COP_E_SYNTAX,
        "no network"},
    {SECTION_ADDRESSES, 2, offsetof(struct format_address, address) + 15, 1, 1,
        COP_E_SYNTAX, "no network"},
    {SECTION_ADDRESSES, 2, FIELD(address, zero), 1, COP_E_SYNTAX, "zeros"},
    {SECTION_ADDRESSES, 3, FIELD(address, family), 4, COP_E_SYNTAX,
        "no network"},
    {SECTION_ADDRESSES, 0, FIELD(address, family), FORMAT_AS, COP_E_SYNTAX,
        "lead back"},
    {SECTION_ADDRESSES, 0, FIELD(address, bits), 15, COP_E_SYNTAX,
        "no network"},
    {SECTION_ADDRESSES, 0, offsetof(struct format_address, address) + 1, 1, 'a',
        COP_E_SYNTAX, "no network"},
    {SECTION_ADDRESSES, 0, offsetof(struct format_address, address) + 2, 1, 'A',
        COP_E_SYNTAX, "no network"},
    {SECTION_ADDRESSES, 1, FIELD(address, bits), 33, COP_E_SYNTAX,
        "no network"},
    {SECTION_ADDRESSES, 1, offsetof(struct format_address, address), 4, 0,
        COP_E_SYNTAX, "no network"},
    {SECTION_NONE, 0, TABLE(EVIDENCE, count), 1, COP_E_SYNTAX, "its records"},
    {SECTION_EVIDENCE, 0, SPAN_AT(evidence, kind), FAR, COP_E_SYNTAX, "text"},
    {SECTION_EVIDENCE, 1, SPAN_N(evidence, extra), FAR, COP_E_SYNTAX, "text"},
    {SECTION_EVIDENCE, 1, FIELD(evidence, shadowed_by), 2, COP_E_SYNTAX,
        "belongs to"},
    {SECTION_ORIGINS, 0, SPAN_AT(origin, name), FAR, COP_E_SYNTAX, "text"},
    {SECTION_ORIGINS, 1, SPAN_N(origin, max_age), FAR, COP_E_SYNTAX, "text"},
    {SECTION_ORIGINS, 0, SPAN_N(origin, categories), 200, COP_E_SYNTAX,
        "categories"},
    {SECTION_ORIGINS, 1, FIELD(origin, requirement), 2, COP_E_SYNTAX,
        "belongs to"},
    {SECTION_ORIGINS, 1, SPAN_N(origin, name), 0, COP_E_SYNTAX,
        "behind the one"},
};

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
        if (old == flaw->value) {
            fail_msg("flaw %zu changes nothing", i);
        }
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

/* A key that two records share: what is unique must be. */
static const struct {
    enum section_id section;
    uint32_t row;
    size_t at;
} keys[] = {
    {SECTION_LISTS, 1, offsetof(struct format_list, name)},
    {SECTION_REQUIREMENTS, 1, offsetof(struct format_requirement, id)},
    {SECTION_TEXTS, 3, offsetof(struct format_text, language)},
    {SECTION_TEMPLATES, 1, offsetof(struct format_template, name)},
    {SECTION_PROFILES, 1, offsetof(struct format_profile, name)},
};

static void test_shared_keys(void **state)
{
    struct fixture *f = whole();
    unsigned char *copy = image_copy(f);
    struct findings found;

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        unsigned char *at =
            record_at(copy, keys[i].section, keys[i].row) + keys[i].at;
        const unsigned char *before =
            record_at(copy, keys[i].section, keys[i].row - 1) + keys[i].at;
        uint64_t other;

        memcpy(&other, before, sizeof(other));
        uint64_t old = number_swap(at, sizeof(other), other);

        sign(copy, f->image.n);
        assert_int_equal(try_open(copy, f->image.n, &found), COP_E_SYNTAX);
        assert_true(findings_have(&found, "is not behind the one before"));
        number_swap(at, sizeof(old), old);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_byte),
        cmocka_unit_test(test_any_length),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_flaws),
        cmocka_unit_test(test_shared_keys),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_slot_far_from_home),
        cmocka_unit_test(test_padding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

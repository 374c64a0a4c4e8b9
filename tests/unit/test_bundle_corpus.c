/* The committed corpus of bad bundles, tests/bad/bundles: one flaw each, made
 * from one good bundle, with what is said of each in expected.txt. After the
 * format changed on purpose, this makes it anew:
 *
 *   COP_SEEDS=write test_bundle_corpus */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bundle_crowd.h"
#include "tests/unit/bundle_flaws.h"
#include "tests/unit/bundle_whole.h"
#include "tests/unit/findings.h"

enum { BYTES_MAX = 1 << 16, LINES_MAX = 1 << 15 };

/* A number replaced; of SECTION_NONE a byte of the file. */
struct flaw {
    const char *name;
    enum section_id section;
    uint32_t row;
    size_t at;
    size_t bytes;
    uint64_t value;
};

static const struct flaw signed_flaws[] = {
    {"version-2", SECTION_NONE, 0, FIELD(header, version), 2},
    {"header-too-long", SECTION_NONE, 0, FIELD(header, header_bytes), 192},
    {"file-too-long", SECTION_NONE, 0, FIELD(header, file_bytes), FAR},
    {"section-missing", SECTION_NONE, 0, FIELD(header, sections), 5},
    {"key-changed-too-often", SECTION_NONE, 0, FIELD(header, tries), 99},
    {"section-misplaced", SECTION_NONE, 0, TABLE(LISTS, offset), 64},
    {"section-too-long", SECTION_NONE, 0, TABLE(RULES, bytes), FAR},
    {"section-count", SECTION_NONE, 0, TABLE(RULES, count), FAR},
    {"record-size", SECTION_NONE, 0, TABLE(URLS, record_bytes), 8},
    {"manifest-text", SECTION_MANIFEST, 0, SPAN_AT(manifest, title), FAR},
    {"manifest-labels", SECTION_MANIFEST, 0, FIELD(manifest, labels_max), 200},
    {"code-unknown", SECTION_CODES, 0, 0, 2, 999},
    {"file-name", SECTION_FILES, 0, 4, 4, FAR},
    {"list-categories", SECTION_LISTS, 0, SPAN_AT(list, categories), FAR},
    {"list-role", SECTION_LISTS, 0, FIELD(list, role), 77},
    {"requirement-id", SECTION_REQUIREMENTS, 0, SPAN_N(requirement, id), FAR},
    {"requirement-strength", SECTION_REQUIREMENTS, 0,
        FIELD(requirement, strength), 99},
    {"text-owner", SECTION_TEXTS, 0, FIELD(text, owner), FAR},
    {"template-block", SECTION_TEMPLATES, 0, SPAN_AT(template, block), FAR},
    {"profile-windows", SECTION_PROFILES, 0, SPAN_AT(profile, closed), FAR},
    {"window-beyond-the-week", SECTION_WINDOWS, 0, FIELD(window, from), 20000},
    {"grant-profile", SECTION_GRANTS, 0, FIELD(grant, profile), FAR},
    {"appeal-text", SECTION_APPEALS, 0, SPAN_AT(appeal, of), FAR},
    {"rule-list", SECTION_RULES, 0, FIELD(rule, list), 60000},
    {"rule-file", SECTION_RULES, 0, FIELD(rule, file), FAR},
    {"rule-object", SECTION_RULES, 0, FIELD(rule, object), 200},
    {"rule-zero", SECTION_RULES, 0, FIELD(rule, zero), 1},
    {"host-entry", SECTION_HOST_ENTRIES, 0, 0, 4, FAR},
    {"url-path", SECTION_URLS, 0, FIELD(url, path), 60000},
    {"pattern-text", SECTION_PATTERNS, 0, SPAN_AT(pattern, text), FAR},
    {"evidence-shadow", SECTION_EVIDENCE, 0, FIELD(evidence, shadowed_by), 999},
    {"evidence-text", SECTION_EVIDENCE, 0, SPAN_AT(evidence, status), FAR},
    {"evidence-missing", SECTION_NONE, 0, TABLE(EVIDENCE, count), 1},
    {"origin-requirement", SECTION_ORIGINS, 0, FIELD(origin, requirement), 999},
    {"origin-text", SECTION_ORIGINS, 1, SPAN_N(origin, source), FAR},
    {"origin-categories", SECTION_ORIGINS, 0, SPAN_AT(origin, categories), FAR},
    {"origin-order", SECTION_ORIGINS, 1, SPAN_N(origin, name), 0},
    {"address-bits", SECTION_ADDRESSES, 0, FIELD(address, bits), 200},
    {"address-family", SECTION_ADDRESSES, 0, FIELD(address, family), 5},
    {"address-behind-the-prefix", SECTION_ADDRESSES, 0,
        offsetof(struct format_address, address) + 3, 1, 7},
    {"address-rule", SECTION_ADDRESSES, 0, FIELD(address, rule), 0},
    {"address-text", SECTION_ADDRESSES, 0, SPAN_AT(address, text), FAR},
    {"address-zero", SECTION_ADDRESSES, 0, FIELD(address, zero), 1},
    {"address-order", SECTION_ADDRESSES, 0,
        offsetof(struct format_address, family), 2, 6 | 64 << 8},
    {"urlrule-text", SECTION_URLRULES, 0, FIELD(urlrule, text_at), FAR},
    {"urlrule-rule", SECTION_URLRULES, 0, FIELD(urlrule, rule), 0},
    {"urlrule-list", SECTION_URLRULES, 0, FIELD(urlrule, list), 60000},
    {"urlrule-flags", SECTION_URLRULES, 0, FIELD(urlrule, flags),
        URLRULE_BADFILTER},
    {"urlrule-anchors", SECTION_URLRULES, 1, FIELD(urlrule, flags),
        URLRULE_ANCHOR_HOST | URLRULE_ANCHOR_START},
    {"urlrule-expression", SECTION_URLRULES, 2, FIELD(urlrule, flags),
        URLRULE_REGEX},
    {"urlrule-names", SECTION_URLRULES, 2, FIELD(urlrule, names), FAR},
    {"urlrule-names-order", SECTION_URLRULE_NAMES, 1, 0, 8, 0},
    {"urlrule-zero", SECTION_URLRULES, 0, FIELD(urlrule, zero), 1},
    {"urlrule-key", SECTION_URLRULE_KEYS, 0, FIELD(urlkey, urlrule), FAR},
    {"urlrule-bucket-first", SECTION_URLRULE_BUCKETS, 0, 0, 4, 1},
    {"urlrule-bucket-order", SECTION_URLRULE_BUCKETS, 1, 0, 4, FAR},
    {"urlrule-bucket-last", SECTION_URLRULE_BUCKETS, 64, 0, 4, FAR},
    {"literal-text", SECTION_LITERALS, 0, SPAN_AT(literal, text), FAR},
    {"literal-pattern", SECTION_LITERALS, 0, FIELD(literal, pattern), FAR},
    {"literal-gram", SECTION_LITERALS, 0, FIELD(literal, gram), 999},
    {"literal-zero", SECTION_LITERALS, 0, FIELD(literal, zero), 1},
    {"literal-slot", SECTION_LITERAL_SLOTS, 0, FIELD(literal_slot, n), FAR},
    {"literal-entry", SECTION_LITERAL_ENTRIES, 0, 0, 4, FAR},
    {"literal-filter", SECTION_LITERAL_FILTER, 0, 0, 8, 0},
    {"pattern-literals", SECTION_PATTERNS, 0, FIELD(pattern, literals), FAR},
    {"patterns-always", SECTION_PATTERNS_ALWAYS, 0, 0, 8, 1U << 7},
};
enum { SIGNED = sizeof(signed_flaws) / sizeof(signed_flaws[0]) };

/* The same in a bundle with a dense index. */
static const struct flaw dense_flaws[] = {
    {"dense-free-place", SECTION_DENSE_LINES, 0, FIELD(dense_line, rest[0]), 0},
    {"dense-order", SECTION_DENSE_LINES, 0, FIELD(dense_line, tag[0]), 0xffff},
    {"dense-side-lost", SECTION_DENSE_LINES, 0, FIELD(dense_line, rest[0]),
        0x7fffff0f},
    {"dense-side-other", SECTION_DENSE_LINES, 0, FIELD(dense_line, rest[0]),
        0x0000000f},
    {"dense-side-hash", SECTION_DENSE_SIDE, 1, FIELD(dense_side, hash), 1},
    {"dense-side-set", SECTION_DENSE_SIDE, 0, FIELD(dense_side, set), 15},
    {"dense-side-zero", SECTION_DENSE_SIDE, 0, FIELD(dense_side, zero), 1},
    {"dense-set-lists", SECTION_DENSE_SETS, 0, FIELD(dense_set, at), FAR},
    {"dense-set-empty", SECTION_DENSE_SETS, 0, FIELD(dense_set, n), 0},
    {"dense-set-below", SECTION_DENSE_SETS, 0, FIELD(dense_set, below), 1},
    {"dense-list", SECTION_DENSE_LISTS, 0, FIELD(dense_list, list), 4},
    {"dense-file", SECTION_DENSE_LISTS, 0, FIELD(dense_list, file), 1},
};
enum { DENSE = sizeof(dense_flaws) / sizeof(dense_flaws[0]) };

/* Those that nobody signs, or that are no replaced number. */
static const char *const plain_flaws[] = {"altered", "cut-in-the-header",
    "cut-in-the-table", "cut-at-the-end", "more-than-the-bundle", "no-bundle"};
enum { PLAIN = sizeof(plain_flaws) / sizeof(plain_flaws[0]) };

struct spoilt {
    const char *name;
    unsigned char bytes[BYTES_MAX];
    size_t n;
};

static void spoil_signed(struct spoilt *out, const struct flaw *flaw)
{
    unsigned char *at = out->bytes + flaw->at;

    if (flaw->section != SECTION_NONE) {
        at = record_at(out->bytes, flaw->section, flaw->row) + flaw->at;
    }
    memcpy(at, &flaw->value, flaw->bytes);
    sign(out->bytes, out->n);
    out->name = flaw->name;
}

static void spoil_plain(struct spoilt *out, const char *name)
{
    out->name = name;
    if (strcmp(name, "altered") == 0) {
        out->bytes[out->n / 2] ^= 1;
    } else if (strcmp(name, "cut-in-the-header") == 0) {
        out->n = 100;
    } else if (strcmp(name, "cut-in-the-table") == 0) {
        out->n = 200;
    } else if (strcmp(name, "cut-at-the-end") == 0) {
        out->n--;
    } else if (strcmp(name, "more-than-the-bundle") == 0) {
        out->bytes[out->n++] = 0;
    } else {
        assert_string_equal(name, "no-bundle");
        memcpy(out->bytes, "casino.example\n", 15);
        out->n = 15;
    }
}

static void spoil(struct spoilt *out, size_t i)
{
    struct fixture *f = i < SIGNED + PLAIN ? whole() : crowd();

    cop_image_free(&f->image);
    assert_int_equal(bundle_write(&f->t, &f->image), COP_OK);
    assert_true(f->image.n < BYTES_MAX);
    memcpy(out->bytes, f->image.bytes, f->image.n);
    out->n = f->image.n;
    fixture_free(&f);
    if (i < SIGNED) {
        spoil_signed(out, &signed_flaws[i]);
    } else if (i < SIGNED + PLAIN) {
        spoil_plain(out, plain_flaws[i - SIGNED]);
    } else {
        spoil_signed(out, &dense_flaws[i - SIGNED - PLAIN]);
    }
}

/* What is said of it: "name: sentence". */
static void judge(const struct spoilt *spoilt, char line[1024])
{
    static struct findings found;
    static _Alignas(64) unsigned char bytes[BYTES_MAX];
    struct cop_bundle *bundle = NULL;
    static const char begin[] = "error bad:0:0 bundle ";
    char *todo;

    memcpy(bytes, spoilt->bytes, spoilt->n);
    findings_init(&found);
    if (cop_bundle_open_memory(
            bytes, spoilt->n, "bad", &found.report, &bundle) == COP_OK) {
        fail_msg("%s was opened", spoilt->name);
    }
    assert_int_equal(found.report.errors, 1);
    assert_int_equal(strncmp(found.text, begin, strlen(begin)), 0);
    todo = strstr(found.text, " | ");
    assert_non_null(todo); /* whoever has a bad bundle is told what to do */
    *todo = '\0';
    snprintf(
        line, 1024, "%s: %.800s", spoilt->name, found.text + strlen(begin));
}

static FILE *corpus_file(const char *name, const char *suffix, const char *mode)
{
    char path[1024];

    snprintf(
        path, sizeof(path), "%s/bad/bundles/%s%s", TESTS_DIR, name, suffix);
    FILE *file = fopen(path, mode);

    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    return file;
}

static void file_write(
    const char *name, const char *suffix, const void *bytes, size_t n)
{
    FILE *file = corpus_file(name, suffix, "wb");

    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static bool file_is(
    const char *name, const char *suffix, const void *bytes, size_t n)
{
    static char found[BYTES_MAX];
    FILE *file = corpus_file(name, suffix, "rb");
    size_t found_n = fread(found, 1, sizeof(found), file);

    assert_int_equal(fclose(file), 0);
    return found_n == n && memcmp(found, bytes, n) == 0;
}

static void keep_or_compare(
    const char *name, const char *suffix, const void *bytes, size_t n)
{
    const char *mode = getenv("COP_SEEDS");

    if (mode != NULL && strcmp(mode, "write") == 0) {
        file_write(name, suffix, bytes, n);
    } else if (!file_is(name, suffix, bytes, n)) {
        fail_msg("%s%s is not what is made today; if the format was changed "
                 "on purpose, run this test with COP_SEEDS=write",
            name, suffix);
    }
}

static void test_corpus(void **state)
{
    static struct spoilt spoilt;
    static char lines[LINES_MAX];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < SIGNED + PLAIN + DENSE; i++) {
        char line[1024];

        spoil(&spoilt, i);
        judge(&spoilt, line);
        keep_or_compare(spoilt.name, ".cop", spoilt.bytes, spoilt.n);
        n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s\n", line);
        assert_true(n < sizeof(lines));
    }
    keep_or_compare("expected", ".txt", lines, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

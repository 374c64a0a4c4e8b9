/* What a bundle keeps for oversight: as written, by the right rows, and as the
 * compiler finds it in documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cop/decide.h"
#include "tests/unit/bundle_whole.h"
#include "tests/unit/findings.h"
#include "tests/unit/sources.h"

#define assert_slice(slice, text)                                              \
    assert_true(cop_slice_eq((slice), cop_slice_of(text)))

static void rows_follow_the_order_of_the_file(void **state)
{
    struct fixture *f = whole();
    struct cop_bundle *bundle = fixture_open(f);
    struct cop_evidence e;
    struct cop_origin o;

    (void)state;
    /* law:b was added first and is the second row. */
    cop_bundle_evidence(bundle, 1, &e);
    assert_slice(e.kind, "category");
    assert_slice(e.status, "in_force");
    assert_slice(e.action, "block");
    assert_slice(e.basis, "statute");
    assert_slice(e.jurisdiction, "XX XX-01");
    assert_slice(e.extra, "x-file: 17");
    assert_int_equal(e.version, 3);
    assert_int_equal(e.vectors, 2);
    assert_int_equal(e.vectors_not_run, 1);
    assert_int_equal(e.shadowed_by, 0);
    assert_true(e.review_unix == 1LL << 41);
    assert_false(e.is_offer);
    cop_bundle_evidence(bundle, 0, &e);
    assert_true(e.is_offer);
    assert_int_equal(e.shadowed_by, COP_NONE);
    assert_int_equal(e.kind.n, 0);

    assert_int_equal(cop_bundle_origins(bundle), 2);
    cop_bundle_origin(bundle, 0, &o);
    assert_slice(o.name, "gambling");
    assert_int_equal(o.requirement, COP_NONE);
    assert_true(cop_catset_has(o.categories, COP_CAT_GAMBLING_REAL_MONEY));
    cop_bundle_origin(bundle, 1, &o);
    assert_slice(o.ref, "list:order");
    assert_slice(o.source, "Court of Example");
    assert_slice(o.max_age, "P2D");
    assert_int_equal(o.requirement, 1);
    assert_int_equal(o.entries, 4);
    assert_int_equal(o.retrieved_unix, 7);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

static void languages_are_told_in_order(void **state)
{
    struct fixture *f = whole();
    struct cop_bundle *bundle = fixture_open(f);

    (void)state;
    assert_slice(cop_bundle_text_language(bundle, 1, COP_TEXT_NOTICE, 0), "ar");
    assert_slice(cop_bundle_text_language(bundle, 1, COP_TEXT_NOTICE, 2), "fr");
    assert_int_equal(
        cop_bundle_text_language(bundle, 1, COP_TEXT_NOTICE, 3).n, 0);
    assert_int_equal(
        cop_bundle_text_language(bundle, 0, COP_TEXT_NOTICE, 0).n, 0);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

static void what_leads_nowhere_is_refused(void **state)
{
    struct fixture *f = whole();
    struct cop_image image = {NULL, 0};

    (void)state;
    f->requirements[0].shadowed_by_plus_one = 3;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    f->requirements[0].shadowed_by_plus_one = 2;
    f->origins[0].requirement = 2;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_BUG);
    f->origins[0].requirement = 1;
    f->origins[0].name = f->origins[1].name;
    assert_int_equal(bundle_write(&f->t, &image), COP_E_CONFLICT);
    assert_null(image.bytes);
    fixture_free(&f);
}

static const char document[] =
    "id: cop:req:XX:law:games\n"
    "version: 4\n"
    "status: in_force\n"
    "kind: category\n"
    "title: {en: Games}\n"
    "x-owner: Media Office\n"
    "legal:\n"
    "  jurisdiction: [XX, XX-01]\n"
    "  instrument:\n"
    "    {name: Law, type: regulation, citation: s. 1, x-page: 12}\n"
    "  authority: Office\n"
    "time: {effective_from: 2025-01-01, review_by: 2040-01-01}\n"
    "scope: {age: {min: 0, max: 12}}\n"
    "target:\n"
    "  category: [media.games]\n"
    "  list:\n"
    "    - {entries: [a.example, b.example], object: domain, format: domains,\n"
    "       origin: Court, retrieved: 2026-01-02, licence: CC0-1.0}\n"
    "    - {ref: \"list:far\", object: domain, cadence: P1D, max_age: P2D,\n"
    "       stale_policy: keep_and_alarm, confidentiality: restricted,\n"
    "       distribution: reference}\n"
    "action: block\n"
    "strength: mandatory\n"
    "appeal: {contact: {en: Write}}\n"
    "notice: {stop_page: {text: {en: No}}}\n"
    "x-tags: [a, b]\n"
    "verification:\n"
    "  vectors:\n"
    "    - {id: a, given: {age: 9}, when: {url: a.example},\n"
    "       then: {decision: block}}\n"
    "    - {id: b, given: {age: 9, profile: x}, when: {url: a.example},\n"
    "       then: {decision: block}}\n";

static struct cop_bundle *compile(
    const struct sources_dir *dir, struct cop_image *image)
{
    static const struct cop_compile_options options = {.now_unix = 1795514400};
    const char *paths[] = {dir->path};
    struct cop_bundle *bundle = NULL;
    struct findings findings;

    findings_init(&findings);
    if (cop_compile(paths, 1, &options, &findings.report, image) != COP_OK) {
        fail_msg("%s", findings.text);
    }
    assert_int_equal(
        cop_bundle_open_memory(image->bytes, image->n, NULL, NULL, &bundle),
        COP_OK);
    return bundle;
}

static void documents_are_kept_as_written(void **state)
{
    struct sources_dir dir;
    struct cop_image image = {NULL, 0};
    struct cop_bundle *bundle;
    struct cop_evidence e;
    struct cop_origin o;

    (void)state;
    assert_true(sources_dir_make(&dir));
    assert_true(sources_dir_put(&dir, "bundle.yaml",
        "id: cop:bundle:test\ntitle: T\nissuer: I\nlicence: CC0-1.0\n"
        "revision: \"1\"\n"));
    assert_true(sources_dir_put(&dir, "games.yaml", document));
    bundle = compile(&dir, &image);
    cop_bundle_evidence(bundle, 0, &e);
    assert_slice(e.basis, "regulation");
    assert_slice(e.kind, "category");
    assert_slice(e.jurisdiction, "XX XX-01");
    assert_slice(e.extra,
        "x-owner: Media Office\nlegal.instrument.x-page: 12\nx-tags: ...");
    assert_int_equal(e.version, 4);
    assert_int_equal(e.vectors, 1);
    assert_int_equal(e.vectors_not_run, 1);
    assert_true(e.review_unix == 2208988800 + 86400);
    assert_int_equal(cop_bundle_origins(bundle), 2);
    cop_bundle_origin(bundle, 0, &o);
    assert_slice(o.name, "cop:req:XX:law:games#1");
    assert_slice(o.source, "Court");
    assert_int_equal(o.entries, 2);
    assert_true(o.retrieved_unix == 1767312000);
    cop_bundle_origin(bundle, 1, &o);
    assert_slice(o.ref, "list:far");
    assert_slice(o.secrecy, "restricted");
    assert_slice(o.cadence, "P1D");
    assert_int_equal(o.entries, 0);
    assert_true(o.retrieved_unix == INT64_MIN);
    cop_bundle_drop(&bundle);
    cop_image_free(&image);
    sources_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_follow_the_order_of_the_file),
        cmocka_unit_test(languages_are_told_in_order),
        cmocka_unit_test(what_leads_nowhere_is_refused),
        cmocka_unit_test(documents_are_kept_as_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

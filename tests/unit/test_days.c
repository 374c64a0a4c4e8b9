/* Days begin at midnight where the bundle is; a moment is what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "tests/unit/findings.h"
#include "tests/unit/sources.h"

static const char manifest[] =
    "id: cop:bundle:test\ntitle: Test\nissuer: me\nlicence: Apache-2.0\n"
    "revision: \"7\"\nutc_offset: \"+10:00\"\n";

static const char requirement[] =
    "id: cop:req:XX:test:a\nversion: 1\nstatus: in_force\nkind: list\n"
    "title: {en: \"T\"}\naction: block\nstrength: default_on\n"
    "legal:\n  jurisdiction: [XX]\n  authority: \"Authority\"\n"
    "  instrument: {name: \"Act\", type: code, citation: \"A 1\"}\n"
    "time: {effective_from: 2026-01-01, effective_to: 2030-12-31}\n"
    "appeal: {contact: {en: \"https://authority.example/\"}}\n"
    "notice: {stop_page: {text: {en: \"Closed\"}}}\n"
    "target: {list: {entries: [shop.test], format: domains}}\n"
    "amendments:\n"
    "  - {from: 2026-07-01, patch: {strength: mandatory}}\n"
    "  - {from: \"2026-08-01T00:00:00Z\", patch: {strength: recommended}}\n"
    "verification:\n  vectors:\n"
    "    - {id: day-before, given: {at: \"2025-12-31T13:59:59Z\"},\n"
    "       when: {url: shop.test}, then: {decision: allow}}\n"
    "    - {id: first, given: {at: \"2025-12-31T14:00:00Z\"},\n"
    "       when: {url: shop.test}, then: {decision: block}}\n"
    "    - {id: not-yet, given: {at: \"2026-06-30T23:59:59+10:00\"},\n"
    "       when: {url: shop.test},\n"
    "       then: {decision: block, level: default-on}}\n"
    "    - {id: amended, given: {at: \"2026-06-30T14:00:00Z\"},\n"
    "       when: {url: shop.test},\n"
    "       then: {decision: block, level: mandatory}}\n"
    "    - {id: still, given: {at: \"2026-07-31T23:59:59Z\"},\n"
    "       when: {url: shop.test}, then: {decision: block}}\n"
    "    - {id: then, given: {at: \"2026-08-01T00:00:00Z\"},\n"
    "       when: {url: shop.test}, then: {decision: allow}}\n";

/* The manifest comes last, and counts for what was named before. */
static void days_are_those_of_the_bundle(void **state)
{
    const struct cop_compile_options options = {.now_unix = 1795514400};
    struct cop_image image = {NULL, 0};
    struct cop_bundle *bundle = NULL;
    struct cop_requirement r;
    struct sources_dir dir;
    struct findings findings;
    const char *path = dir.path;

    (void)state;
    assert_true(sources_dir_make(&dir));
    assert_true(sources_dir_put(&dir, "z.yaml", manifest));
    assert_true(sources_dir_put(&dir, "a.yaml", requirement));
    findings_init(&findings);
    if (cop_compile(&path, 1, &options, &findings.report, &image) != COP_OK) {
        fail_msg("%s", findings.text);
    }
    assert_string_equal(findings.text, "");
    assert_int_equal(
        cop_bundle_open_memory(image.bytes, image.n, "t", NULL, &bundle),
        COP_OK);
    cop_bundle_requirement(bundle, 1, &r);
    assert_int_equal(r.part, 1);
    assert_int_equal(r.strength, COP_STRENGTH_MANDATORY);
    assert_true(r.from_unix == 1782828000); /* 2026-06-30T14:00:00Z */
    cop_bundle_drop(&bundle);
    cop_image_free(&image);
    sources_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_bundle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

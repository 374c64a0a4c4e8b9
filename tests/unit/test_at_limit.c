/* What a list says of patterns that give up, as it is written and left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "rules/bundle/view.h"
#include "tests/unit/findings.h"
#include "tests/unit/sources.h"

/* 2026-11-24T10:00:00Z */
static const struct cop_compile_options options = {.now_unix = 1795514400};

#define LIST(name, category, more)                                             \
    "id: cop:list:" name "\nformat: patterns\ncategories: [" category "]\n"    \
    "licence: CC0\nentries: ['" name "']\n" more

static const struct {
    const char *text;
    bool matches;
} rows[] = {
    {LIST("abcd", "gambling.real_money", ""), true},
    {LIST("abcd", "gambling.real_money", "at_limit: pass\n"), false},
    {LIST("abcd", "gambling.real_money", "at_limit: match\n"), true},
    {LIST("abcd", "safety.helpline", ""), false},
    {LIST("abcd", "safety.helpline", "at_limit: pass\n"), false},
    {LIST("abcd", "safety.helpline", "at_limit: match\n"), true},
};

static void compile(const char *list, struct cop_image *image)
{
    struct sources_dir dir;
    struct findings findings;
    const char *paths[1] = {dir.path};

    assert_true(sources_dir_make(&dir));
    assert_true(sources_dir_put(&dir, "bundle.yaml",
        "id: cop:bundle:test\ntitle: \"Test\"\nissuer: me\n"
        "licence: Apache-2.0\nrevision: \"7\"\n"));
    assert_true(sources_dir_put(&dir, "list.yaml", list));
    findings_init(&findings);
    enum cop_status status =
        cop_compile(paths, 1, &options, &findings.report, image);

    sources_dir_remove(&dir);
    assert_string_equal(findings.text, "");
    assert_int_equal(status, COP_OK);
}

static void the_list_says_or_what_is_stricter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cop_image image = {NULL, 0};
        struct cop_bundle *bundle = NULL;

        compile(rows[i].text, &image);
        assert_int_equal(
            cop_bundle_open_memory(image.bytes, image.n, "b", NULL, &bundle),
            COP_OK);
        assert_int_equal(bundle_list(bundle, 0)->flags,
            rows[i].matches ? FORMAT_LIST_LIMIT_MATCHES : 0);
        cop_bundle_drop(&bundle);
        cop_image_free(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_says_or_what_is_stricter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

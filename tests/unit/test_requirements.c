/* What real countries demand, in the forms that a survey of them found, written
 * in our own words (tests/support/requirements): what compiles, what is refused
 * and why, what is only kept for people. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "tests/unit/findings.h"

#define EXAMPLES TESTS_DIR "/support/requirements"

/* 2026-11-24T10:00:00Z */
static const struct cop_compile_options options = {.now_unix = 1795514400};

static const struct {
    const char *file;
    enum cop_status status;
    const char *finds[4]; /* the first is why, where it is refused */
} examples[] = {
    /* Lists that stay with their owners are named; nothing of them is here. */
    {"gb-school-illegal", COP_OK,
        {"17:7 ref the gateway does not have list:hotline:url",
            "38:26 vector the vector canary was not run"}},
    /* Who may override is kept for people; the vector about it is not run. */
    {"us-library-funding", COP_OK, {"31:7 vector the vector research was not"}},
    /* By default for some classes, an offer for another: all vectors run. */
    {"it-parental-control", COP_OK, {"aside"}},
    {"tr-profiles", COP_E_CHECK,
        {"unsupported this version cannot do this: keep several profiles"}},
    {"jp-mobile-filter", COP_OK, {"26:7 vector the vector waived was not run"}},
    {"de-age-band", COP_E_CHECK,
        {"unsupported this version cannot do this: honour age labels",
            "schedule"}},
    {"ph-isp-blocking", COP_OK,
        {"L14 keeping illegal content", "list:council"}},
    {"pg-address-order", COP_OK,
        {"L10 the collateral guard left 1 of this list's entries out"}},
    {"ending-order", COP_OK, {NULL}},
    {"sketch-sg-required-decision", COP_OK, {"decision"}},
    {"sketch-au-family-filter", COP_OK, {NULL}},
    {"sketch-nz-voluntary-list", COP_OK, {"list:department:url"}},
    {"sketch-kr-until-nineteen", COP_OK, {"override, report"}},
    {"sketch-fr-device-feature", COP_E_CHECK,
        {"unsupported this version cannot do this: switch features"}},
    {"sketch-id-urgent-list", COP_OK, {"apply_within, unblock_within"}},
    {"sketch-in-substitute-list", COP_OK, {"list:hotline:url"}},
    {"sketch-ke-process", COP_OK, {NULL}},
    {"sketch-ng-consultation", COP_OK,
        {"vectors not run: 1, because the requirement is not in force"}},
    {"sketch-rw-policy", COP_OK, {NULL}},
    {"sketch-to-opt-out", COP_OK, {"override"}},
    {"sketch-gb-mobile", COP_OK, {NULL}},
    {"sketch-amended-guard", COP_OK,
        {"L05 the requirement takes effect on 2027-01-01, by itself"}},
};
enum { EXAMPLES_N = sizeof(examples) / sizeof(examples[0]) };

static void each_comes_out_as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES_N; i++) {
        char path[512];
        const char *paths[2] = {EXAMPLES "/common", path};
        struct findings findings;
        enum cop_status status;

        (void)snprintf(
            path, sizeof(path), EXAMPLES "/%s.yaml", examples[i].file);
        findings_init(&findings);
        status = cop_compile(paths, 2, &options, &findings.report, NULL);
        if (status != examples[i].status) {
            fail_msg("%s: %s\n%s", examples[i].file, cop_status_name(status),
                findings.text);
        }
        for (size_t k = 0; k < 4 && examples[i].finds[k] != NULL; k++) {
            assert_true(findings_have(&findings, examples[i].finds[k]));
        }
        if (examples[i].finds[0] == NULL) {
            assert_string_equal(findings.text, "");
        }
    }
}

static void all_together_are_one_bundle(void **state)
{
    const char *paths[EXAMPLES_N + 1] = {EXAMPLES "/common"};
    static char room[EXAMPLES_N][512];
    struct cop_image image = {NULL, 0};
    struct findings findings;
    size_t n = 1;

    (void)state;
    for (size_t i = 0; i < EXAMPLES_N; i++) {
        if (examples[i].status == COP_OK) {
            (void)snprintf(room[i], sizeof(room[i]), EXAMPLES "/%s.yaml",
                examples[i].file);
            paths[n++] = room[i];
        }
    }
    findings_init(&findings);
    struct cop_compile_options together = options;

    /* What one nation demands outweighs another's; vectors are of one alone. */
    together.skip_vectors = true;
    if (cop_compile(paths, n, &together, &findings.report, &image) != COP_OK) {
        fail_msg("%s", findings.text);
    }
    cop_image_free(&image);
}

static void none_is_left_out(void **state)
{
    DIR *folder = opendir(EXAMPLES);
    size_t files = 0;

    (void)state;
    assert_non_null(folder);
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        files += strstr(e->d_name, ".yaml") != NULL;
    }
    assert_int_equal(closedir(folder), 0);
    assert_int_equal(files, EXAMPLES_N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_comes_out_as_told),
        cmocka_unit_test(all_together_are_one_bundle),
        cmocka_unit_test(none_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Findings, outcomes and reasons: what people read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "cop/reason.h"
#include "cop/report.h"

struct kept {
    unsigned n;
    enum cop_severity severity;
    uint32_t line;
    uint32_t column;
    size_t what_n;
    char what[2048];
    const char *todo;
};

static void keep(void *context, const struct cop_finding *finding)
{
    struct kept *kept = context;

    kept->n++;
    kept->severity = finding->severity;
    kept->line = finding->line;
    kept->column = finding->column;
    kept->todo = finding->todo;
    kept->what_n = strlen(finding->what);
    memcpy(kept->what, finding->what, kept->what_n + 1);
    assert_string_equal(finding->code, "list");
    assert_string_equal(finding->file, "a.domains");
    assert_null(finding->subject);
}

static void test_findings_reach_the_sink_and_are_counted(void **state)
{
    struct kept kept = {0};
    struct cop_report report = {.emit = keep, .context = &kept};

    (void)state;
    cop_report_at(&report, COP_ERROR, "list", "a.domains", 3, 7, "Remove it.",
        "\"%s\" is no domain", "a b");
    assert_int_equal(kept.n, 1);
    assert_int_equal(kept.severity, COP_ERROR);
    assert_int_equal(kept.line, 3);
    assert_int_equal(kept.column, 7);
    assert_string_equal(kept.what, "\"a b\" is no domain");
    assert_string_equal(kept.todo, "Remove it.");
    cop_report_at(
        &report, COP_WARNING, "list", "a.domains", 4, 0, NULL, "twice");
    assert_null(kept.todo);
    cop_report_at(&report, COP_NOTE, "list", "a.domains", 5, 0, NULL, "seen");
    assert_int_equal(kept.n, 3);
    assert_int_equal(report.errors, 1);
    assert_int_equal(report.warnings, 1);
}

static void test_long_findings_are_cut(void **state)
{
    struct kept kept = {0};
    struct cop_report report = {.emit = keep, .context = &kept};
    char text[1500];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    cop_report_at(
        &report, COP_ERROR, "list", "a.domains", 0, 0, NULL, "%s", text);
    assert_int_equal(kept.what_n, 1023);
}

static void test_no_sink_and_no_report(void **state)
{
    struct cop_report report = {0};
    const struct cop_finding finding = {.severity = COP_ERROR, .what = "x"};

    (void)state;
    cop_report_emit(&report, &finding);
    assert_int_equal(report.errors, 1);
    cop_report_emit(NULL, &finding);
    cop_report_at(NULL, COP_ERROR, "x", NULL, 0, 0, NULL, "%d", 1);
}

static void test_outcomes_have_names_texts_and_families(void **state)
{
    (void)state;
    assert_string_equal(cop_status_name(COP_OK), "COP_OK");
    assert_string_equal(cop_status_name(COP_E_DIGEST), "COP_E_DIGEST");
    assert_string_equal(
        cop_status_text(COP_E_TRUNCATED), "the input ends too early");
    assert_int_equal(cop_status_family(COP_OK), COP_FAMILY_DONE);
    assert_int_equal(cop_status_family(COP_AGAIN), COP_FAMILY_NOTYET);
    assert_int_equal(cop_status_family(COP_E_SYNTAX), COP_FAMILY_DATA);
    assert_int_equal(cop_status_family(COP_E_NOMEM), COP_FAMILY_RESOURCE);
    assert_int_equal(cop_status_family(COP_E_BUG), COP_FAMILY_BUG);
}

static void test_an_unknown_outcome_is_a_bug(void **state)
{
    /* Values that came over a channel need not be of the enum. */
    int unknown = -9999;
    enum cop_status status;

    (void)state;
    memcpy(&status, &unknown, sizeof(status));
    assert_int_equal(cop_status_family(status), COP_FAMILY_BUG);
    assert_string_equal(cop_status_name(status), "COP_E_BUG");
    assert_non_null(cop_status_text(status));
}

static void test_every_reason_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COP_REASONS; i++) {
        const char *word = cop_reason_word((enum cop_reason)i);

        assert_true(word[0] != '\0');
        assert_true(cop_reason_text((enum cop_reason)i)[0] != '\0');
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(word, cop_reason_word((enum cop_reason)k));
        }
    }
    assert_int_equal(
        cop_reason_whose(COP_REASON_CERT_EXPIRED), COP_WHOSE_ORIGIN);
    assert_int_equal(
        cop_reason_whose(COP_REASON_BAD_REQUEST), COP_WHOSE_CLIENT);
    assert_string_equal(cop_reason_word(COP_REASONS), "internal");
    assert_int_equal(cop_reason_whose(COP_REASONS), COP_WHOSE_OURS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings_reach_the_sink_and_are_counted),
        cmocka_unit_test(test_long_findings_are_cut),
        cmocka_unit_test(test_no_sink_and_no_report),
        cmocka_unit_test(test_outcomes_have_names_texts_and_families),
        cmocka_unit_test(test_an_unknown_outcome_is_a_bug),
        cmocka_unit_test(test_every_reason_has_a_word_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Bad sources, one flaw each: every one is found, at its place, under its code,
 * and nothing else is found. tests/bad/sources/expected.txt is the table. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "tests/unit/findings.h"

#define SOURCES TESTS_DIR "/bad/sources"

/* 2026-11-24T10:00:00Z */
static const struct cop_compile_options options = {.now_unix = 1795514400};

static enum cop_status compile(const char *file, struct findings *findings)
{
    char path[512];
    const char *paths[2] = {SOURCES "/good", path};

    (void)snprintf(path, sizeof(path), SOURCES "/%s", file);
    findings_init(findings);
    return cop_compile(
        paths, file[0] != '\0' ? 2 : 1, &options, &findings->report, NULL);
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        n += *text == '\n';
    }
    return n;
}

static void good_sources_are_silent(void **state)
{
    struct findings findings;

    (void)state;
    assert_int_equal(compile("", &findings), COP_OK);
    assert_string_equal(findings.text, "");
}

/* One row of the table: "file STATUS severity place code". */
struct row {
    char file[128];
    char status[32];
    char finding[256];
};

static bool next_row(FILE *table, struct row *row)
{
    char line[512];

    while (fgets(line, sizeof(line), table) != NULL) {
        if (line[0] != '#' && sscanf(line, "%127s %31s %255[^\n]", row->file,
                                  row->status, row->finding) == 3) {
            return true;
        }
    }
    return false;
}

static void every_flaw_is_found_at_its_place(void **state)
{
    FILE *table = fopen(SOURCES "/expected.txt", "r");
    struct findings findings;
    struct row row;
    char current[128] = "";
    size_t expected = 0;
    size_t files = 0;

    (void)state;
    assert_non_null(table);
    findings_init(&findings);
    while (next_row(table, &row)) {
        if (strcmp(row.file, current) != 0) {
            assert_int_equal(count_lines(findings.text), expected);
            (void)snprintf(current, sizeof(current), "%s", row.file);
            print_message("%s\n", current);
            assert_string_equal(
                cop_status_name(compile(row.file, &findings)), row.status);
            expected = 0;
            files++;
        }
        assert_true(findings_have(&findings, row.finding));
        expected++;
    }
    assert_int_equal(count_lines(findings.text), expected);
    assert_true(files > 100);
    (void)fclose(table);
}

/* A file without a row would never be tried. */
static void the_table_is_complete(void **state)
{
    FILE *table = fopen(SOURCES "/expected.txt", "r");
    DIR *dir = opendir(SOURCES);
    static char text[65536];
    const struct dirent *entry;
    size_t n;

    (void)state;
    assert_non_null(table);
    assert_non_null(dir);
    n = fread(text, 1, sizeof(text) - 1, table);
    text[n] = '\0';
    while ((entry = readdir(dir)) != NULL) {
        char row[300];
        size_t length = strlen(entry->d_name);

        if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0) {
            continue;
        }
        (void)snprintf(row, sizeof(row), "\n%s ", entry->d_name);
        assert_non_null(strstr(text, row));
    }
    (void)closedir(dir);
    (void)fclose(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_sources_are_silent),
        cmocka_unit_test(every_flaw_is_found_at_its_place),
        cmocka_unit_test(the_table_is_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

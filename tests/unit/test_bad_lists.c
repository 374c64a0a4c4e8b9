/* Lists that are wrong in ways that only files are: garbage, lines of a
 * megabyte, bytes that are no UTF-8, in the middle of what is right. Every
 * format must take what is right, count what is not, and show some of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/read/list.h"
#include "tests/unit/findings.h"

enum { MEGABYTE = 1 << 20, GARBAGE_LINES = 3000 };

/* Each format with lines that give one entry each. */
static const struct form_row {
    enum list_format format;
    const char *before; /* lines that must come first */
    uint32_t before_n;
    const char *first;
    const char *second;
    const char *taken;
} forms[] = {
    {LIST_DOMAINS, "", 0, "a.example", "b.example",
        "domain a.example;domain b.example;"},
    {LIST_HOSTS, "", 0, "0.0.0.0 a.example", "0.0.0.0 b.example",
        "host a.example;host b.example;"},
    {LIST_URLS, "", 0, "a.example/x", "b.example/y",
        "url a.example/x;url b.example/y;"},
    {LIST_PATTERNS, "", 0, "ads[0-9]+", "banner/",
        "pattern ads[0-9]+;pattern "
        "banner/;"},
    {LIST_EXPRESSIONS, "", 0, "ads[0-9]+", "banner/",
        "pattern ads[0-9]+;pattern banner/;"},
    {LIST_DNSMASQ, "", 0, "address=/a.example/", "address=/b.example/0.0.0.0",
        "domain a.example;domain b.example;"},
    {LIST_RPZ, "$TTL 300\n@ SOA localhost. root.localhost. 1 2 3 4 5\n", 2,
        "a.example CNAME .", "b.example CNAME .",
        "host a.example;host b.example;"},
    {LIST_CIDR, "", 0, "192.0.2.0/24", "2001:db8::/32",
        "network 192.0.2.0/24;network 2001:db8::/32;"},
    {LIST_CSV, "domain,note\n", 1, "a.example,x", "b.example,y",
        "domain a.example;domain b.example;"},
    {LIST_ADBLOCK, "", 0, "||a.example^", "||b.example^",
        "domain a.example;domain b.example;"},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

/* ---- reading one ---- */

struct taken {
    char text[4096];
    size_t n;
    unsigned count;
};

struct list_file {
    char path[32];
    FILE *file;
};

static void file_begin(struct list_file *file, const struct form_row *form)
{
    snprintf(file->path, sizeof(file->path), "/tmp/cop-bad-list-XXXXXX");
    int fd = mkstemp(file->path);

    assert_true(fd >= 0);
    file->file = fdopen(fd, "w");
    assert_non_null(file->file);
    fputs(form->before, file->file);
}

static bool take(void *context, enum entry_object object, struct cop_slice text,
    uint32_t line)
{
    struct taken *taken = context;

    (void)line;
    taken->count++;
    if (taken->n < sizeof(taken->text) - 200) {
        taken->n += (size_t)snprintf(taken->text + taken->n, 200, "%s %.*s;",
            entry_object_word(object), (int)text.n, text.p);
    }
    return true;
}

/* Close the file, read it as a list, and remove it. */
static enum cop_status read_it(struct list_file *file,
    const struct form_row *form, uint32_t bad_lines, struct taken *taken,
    struct findings *findings)
{
    const struct fact_list list = {
        .path = cop_slice_of(file->path),
        .name = COP_LIT("l"),
        .place = {"doc.yaml", 3, 7},
        .format = form->format,
        .object = form->format == LIST_HOSTS ? ENTRY_HOST : ENTRY_DOMAIN,
        .csv = {.name = {COP_LIT("domain"), 0},
            .delimiter = ',',
            .has_header = true},
        .bad_lines = bad_lines,
    };
    const struct list_sink sink = {.take = take, .context = taken};
    struct list_bytes bytes;
    enum cop_status status;

    assert_int_equal(fclose(file->file), 0);
    findings_init(findings);
    *taken = (struct taken){.n = 0};
    status = list_read(&list, &sink, &findings->report, &bytes);
    (void)unlink(file->path);
    return status;
}

/* What is between two right lines. */
typedef void spoil_fn(FILE *to);

static enum cop_status read_spoilt(const struct form_row *form, spoil_fn *spoil,
    uint32_t bad_lines, struct taken *taken, struct findings *findings)
{
    struct list_file file;

    file_begin(&file, form);
    fprintf(file.file, "%s\n", form->first);
    spoil(file.file);
    fprintf(file.file, "%s\n", form->second);
    return read_it(&file, form, bad_lines, taken, findings);
}

/* ---- one bad line ---- */

/* One bad line is an error where it is; allowed, it is passed over, and what
 * is right around it is taken. Lists in Adblock syntax leave out and count. */
static void check_spoilt(const struct form_row *form, spoil_fn *spoil,
    const char *what, const char *left_out)
{
    static struct findings findings;
    struct taken taken;
    char place[32];

    snprintf(place, sizeof(place), ":%u:", form->before_n + 2);
    if (form->format == LIST_ADBLOCK) {
        assert_int_equal(
            read_spoilt(form, spoil, 0, &taken, &findings), COP_OK);
        assert_true(findings_have(&findings, left_out));
        assert_true(findings_have(&findings, ":2:0 adblock 1 rules"));
        assert_string_equal(taken.text, form->taken);
        return;
    }
    assert_int_equal(
        read_spoilt(form, spoil, 0, &taken, &findings), COP_E_SYNTAX);
    assert_int_equal(findings.report.errors, 1);
    assert_true(findings_have(&findings, place));
    assert_true(findings_have(&findings, what));
    assert_int_equal(read_spoilt(form, spoil, 1, &taken, &findings), COP_OK);
    assert_int_equal(findings.report.errors, 0);
    assert_true(findings_have(&findings, "passed over"));
    assert_string_equal(taken.text, form->taken);
}

static void megabyte(FILE *to)
{
    for (size_t i = 0; i < MEGABYTE; i++) {
        putc('a', to);
    }
    putc('\n', to);
}

static void lines_of_a_megabyte(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        check_spoilt(&forms[i], megabyte, "more than 16,384 bytes",
            "left out because they are too long; the first is \"aaaa");
    }
}

static void no_text(FILE *to)
{
    fputs("\xFF\xFE\xC0\xAF.example\n", to);
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        check_spoilt(&forms[i], no_text, "error",
            "are no rules: they have spaces or are not text");
    }
}

/* A megabyte without a line feed at the end of the file. */
static void a_megabyte_without_an_end(void **state)
{
    static struct findings findings;
    struct taken taken;
    struct list_file file;

    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        file_begin(&file, &forms[i]);
        fprintf(file.file, "%s\n%s\n", forms[i].first, forms[i].second);
        for (size_t k = 0; k < MEGABYTE; k++) {
            putc('"', file.file);
        }
        enum cop_status status =
            read_it(&file, &forms[i], 0, &taken, &findings);

        assert_int_equal(
            status, forms[i].format == LIST_ADBLOCK ? COP_OK : COP_E_SYNTAX);
        assert_string_equal(taken.text, forms[i].taken);
    }
}

/* ---- garbage ---- */

/* Bytes of every value but the line feed, the same each time. */
static void garbage(FILE *to, const char *mark)
{
    uint64_t dice = 20261125;

    for (size_t line = 0; line < GARBAGE_LINES; line++) {
        size_t n = 1 + (size_t)(dice >> 59);

        fputs(mark, to);
        for (size_t i = 0; i < n; i++) {
            dice = dice * 6364136223846793005U + 1442695040888963407U;
            unsigned char c = (unsigned char)(dice >> 40);

            putc(c == '\n' || c == '"' || c == '(' ? '\x80' : c, to);
        }
        putc('\n', to);
    }
}

static void spoil_all(FILE *to)
{
    garbage(to, "\x80");
}

/* All garbage is counted, twenty lines of it are shown, and, where it is
 * allowed, what is right behind it is still taken. */
static void garbage_is_counted_and_sampled(void **state)
{
    static struct findings findings;
    struct taken taken;

    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        const struct form_row *form = &forms[i];

        if (form->format == LIST_ADBLOCK) {
            assert_int_equal(
                read_spoilt(form, spoil_all, 0, &taken, &findings), COP_OK);
            assert_true(findings_have(&findings, "3000 rules are left out"));
            assert_string_equal(taken.text, form->taken);
            continue;
        }
        assert_int_equal(
            read_spoilt(form, spoil_all, 0, &taken, &findings), COP_E_SYNTAX);
        assert_int_equal(findings.report.errors, LIST_ERRORS_MAX + 1);
        assert_true(findings_have(&findings, "3000 lines of "));
        assert_int_equal(
            read_spoilt(form, spoil_all, LIST_BAD_LINES_MAX, &taken, &findings),
            COP_OK);
        assert_true(findings_have(
            &findings, "3000 lines of this list are wrong and were passed"));
        assert_int_equal(findings.report.warnings, LIST_ERRORS_MAX + 1);
        assert_string_equal(taken.text, form->taken);
    }
}

/* ---- lists that contradict themselves ---- */

static void contradictions_are_told(void **state)
{
    static const struct {
        enum list_format format;
        const char *text;
        const char *taken;
        const char *said; /* NULL: nothing */
    } rows[] = {
        {LIST_RPZ,
            "$ORIGIN z.test.\na.example CNAME .\n"
            "a.example CNAME rpz-passthru.\n",
            "host a.example;",
            "1 line is not used: names that are opened (rpz-passthru)"},
        {LIST_DNSMASQ, "address=/a.example/\nserver=/a.example/#\n",
            "domain a.example;", "1 line is not used"},
        {LIST_ADBLOCK, "||a.example^\n||a.example^$badfilter\n", "",
            "1 rules are left out because a badfilter names them"},
        {LIST_DOMAINS, "a.example\n*.a.example\na.example\n",
            "domain a.example;below a.example;domain a.example;", NULL},
    };
    static struct findings findings;
    struct taken taken;
    struct list_file file;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct form_row form = {.format = rows[i].format, .before = ""};

        file_begin(&file, &form);
        fputs(rows[i].text, file.file);
        assert_int_equal(read_it(&file, &form, 0, &taken, &findings), COP_OK);
        assert_string_equal(taken.text, rows[i].taken);
        assert_true(rows[i].said == NULL
                        ? findings.text[0] == '\0'
                        : findings_have(&findings, rows[i].said));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_a_megabyte),
        cmocka_unit_test(a_megabyte_without_an_end),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(garbage_is_counted_and_sampled),
        cmocka_unit_test(contradictions_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

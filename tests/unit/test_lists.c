/* Lists: lines, entries of every format, and files of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/read/entry.h"
#include "rules/read/lines.h"
#include "rules/read/list.h"
#include "tests/unit/findings.h"

/* What entries came, as "object text;" each. */
struct taken {
    char text[4096];
    size_t n;
    size_t room; /* entries that are still taken; 0: all */
    unsigned count;
};

static bool take(void *context, enum entry_object object, struct cop_slice text)
{
    struct taken *taken = context;
    int n = snprintf(taken->text + taken->n, sizeof(taken->text) - taken->n,
        "%s %.*s;", entry_object_word(object), (int)text.n, text.p);

    taken->n += n > 0 ? (size_t)n : 0;
    taken->count++;
    return true;
}

static bool take_line(void *context, enum entry_object object,
    struct cop_slice text, uint32_t line)
{
    struct taken *taken = context;

    if (taken->room > 0 && taken->count == taken->room) {
        return false;
    }
    (void)line;
    return taken->n < 3000 ? take(context, object, text) : true;
}

struct row {
    enum list_format format;
    const char *line;
    const char *taken; /* NULL: refused */
    const char *what;  /* part of the finding */
    size_t offset;
};

static void check_row(const struct row *row, enum entry_object object)
{
    struct taken taken = {.n = 0};
    const struct entry_reader reader = {row->format, object, take, &taken};
    struct entry_flaw flaw = {.what = ""};
    bool ok = entry_read(&reader, cop_slice_of(row->line), &flaw);

    if (ok != (row->taken != NULL)) {
        print_error("line: %s (%s)\n", row->line, flaw.what);
    }
    assert_int_equal(ok, row->taken != NULL);
    if (ok) {
        assert_string_equal(taken.text, row->taken);
        return;
    }
    if (strstr(flaw.what, row->what) == NULL || flaw.offset != row->offset) {
        print_error("line: %s: %zu: %s\n", row->line, flaw.offset, flaw.what);
    }
    assert_non_null(strstr(flaw.what, row->what));
    assert_int_equal(flaw.offset, row->offset);
    assert_non_null(flaw.todo);
}

static void reads_domains(void **state)
{
    static const struct row rows[] = {
        {LIST_DOMAINS, "", "", NULL, 0},
        {LIST_DOMAINS, "   ", "", NULL, 0},
        {LIST_DOMAINS, "# note", "", NULL, 0},
        {LIST_DOMAINS, "  # note", "", NULL, 0},
        {LIST_DOMAINS, "example.com", "domain example.com;", NULL, 0},
        {LIST_DOMAINS, " Example.COM. # note", "domain example.com;", NULL, 0},
        {LIST_DOMAINS, "\texample.com\t", "domain example.com;", NULL, 0},
        {LIST_DOMAINS, "*.example.com", "below example.com;", NULL, 0},
        {LIST_DOMAINS, ".example.com", "domain example.com;", NULL, 0},
        {LIST_DOMAINS,
            "b\xC3\xBC"
            "cher.example",
            "domain xn--bcher-kva.example;", NULL, 0},
        {LIST_DOMAINS, "under_score.example", "domain under_score.example;",
            NULL, 0},
        {LIST_DOMAINS, "192.0.2.1", "host 192.0.2.1;", NULL, 0},
        {LIST_DOMAINS, "2001:DB8::1", "host 2001:db8::1;", NULL, 0},
        {LIST_DOMAINS, "192.0.2.01", NULL, "is no domain", 0},
        {LIST_DOMAINS, "3221225985", NULL, "is no domain", 0},
        {LIST_DOMAINS, "0x7f.1", NULL, "is no domain", 0},
        {LIST_DOMAINS, "*.192.0.2.1", NULL, "is no domain", 0},
        {LIST_DOMAINS, "https://example.com/a", NULL, "is no domain", 0},
        {LIST_DOMAINS, "example.com/a", NULL, "is no domain", 0},
        {LIST_DOMAINS, "a@example.com", NULL, "is no domain", 0},
        {LIST_DOMAINS, "example.com:80", NULL, "is no domain", 0},
        {LIST_DOMAINS, "  two words.example", NULL, "is no domain", 2},
        {LIST_DOMAINS, "ex*ample.com", NULL, "is no domain", 0},
        {LIST_DOMAINS, "*", NULL, "is no domain", 0},
        {LIST_DOMAINS, ".", NULL, "is no domain", 0},
        {LIST_DOMAINS, "..example", NULL, "is no domain", 0},
        {LIST_DOMAINS, "a..example", NULL, "is no domain", 0},
        {LIST_DOMAINS, "%61.example", NULL, "is no domain", 0},
        {LIST_DOMAINS, "example.com#note", NULL, "is no domain", 0},
        {LIST_DOMAINS, "||example.com^", NULL, "is no domain", 0},
        {LIST_DOMAINS, "ab\xff.example", NULL, "not UTF-8", 2},
        {LIST_DOMAINS, "ab\x01.example", NULL, "control character", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], ENTRY_DOMAIN);
    }
}

static void objects_say_what_a_name_means(void **state)
{
    static const struct row host = {
        LIST_DOMAINS, "example.com", "host example.com;", NULL, 0};
    static const struct row below = {
        LIST_DOMAINS, "example.com", "below example.com;", NULL, 0};
    static const struct row star = {
        LIST_DOMAINS, "*.example.com", "below example.com;", NULL, 0};

    (void)state;
    check_row(&host, ENTRY_HOST);
    check_row(&below, ENTRY_BELOW);
    check_row(&star, ENTRY_HOST);
}

static void cautions_about_public_suffixes(void **state)
{
    struct taken taken = {.n = 0};
    const struct entry_reader reader = {
        LIST_DOMAINS, ENTRY_DOMAIN, take, &taken};
    struct entry_flaw flaw = {.what = ""};

    (void)state;
    assert_true(entry_read(&reader, COP_LIT("com"), &flaw));
    assert_true(flaw.is_caution);
    assert_non_null(strstr(flaw.what, "public suffix"));
    assert_true(entry_read(&reader, COP_LIT("example.com"), &flaw));
    assert_false(flaw.is_caution);
}

static void reads_hosts_files(void **state)
{
    static const struct row rows[] = {
        {LIST_HOSTS, "0.0.0.0 a.example", "domain a.example;", NULL, 0},
        {LIST_HOSTS, "127.0.0.1\ta.example  b.example # c",
            "domain a.example;domain b.example;", NULL, 0},
        {LIST_HOSTS, "::1 localhost ip6-localhost", "", NULL, 0},
        {LIST_HOSTS, "fe80::1%lo0 localhost", "", NULL, 0},
        {LIST_HOSTS, "0.0.0.0 0.0.0.0", "", NULL, 0},
        {LIST_HOSTS, "255.255.255.255 broadcasthost", "", NULL, 0},
        {LIST_HOSTS, "# 0.0.0.0 a.example", "", NULL, 0},
        {LIST_HOSTS, "a.example", NULL, "is no address", 0},
        {LIST_HOSTS, "1 a.example", NULL, "is no address", 0},
        {LIST_HOSTS, "0.0.0.0", NULL, "no name", 0},
        {LIST_HOSTS, "0.0.0.0 # a.example", NULL, "no name", 0},
        {LIST_HOSTS, "0.0.0.0 a.example b/c", NULL, "is no domain", 18},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], ENTRY_DOMAIN);
    }
}

static void reads_urls(void **state)
{
    static const struct row rows[] = {
        {LIST_URLS, "example.com/a", "url example.com/a;", NULL, 0},
        {LIST_URLS, "https://Example.com/a/../b?q=1#frag",
            "url example.com/b?q=1;", NULL, 0},
        {LIST_URLS, "http://example.com:80/a", "url example.com/a;", NULL, 0},
        {LIST_URLS, "example.com:80/a", "url example.com/a;", NULL, 0},
        {LIST_URLS, "example.com:443/a", "url example.com/a;", NULL, 0},
        {LIST_URLS, "http://example.com:8080", "url example.com:8080/;", NULL,
            0},
        {LIST_URLS, "example.com", "url example.com/;", NULL, 0},
        {LIST_URLS, "http://user@example.com/a # note", "url example.com/a;",
            NULL, 0},
        {LIST_URLS, "ftp://example.com/", NULL, "scheme", 0},
        {LIST_URLS, "https://", NULL, "is no URL", 0},
        {LIST_URLS, "https://exa mple.com/", NULL, "is no URL", 0},
        {LIST_URLS, "example.com/a b", NULL, "is no URL", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], ENTRY_URL);
    }
}

static void reads_patterns(void **state)
{
    static const struct row rows[] = {
        {LIST_PATTERNS, "^https?://a\\.example/ #x",
            "pattern ^https?://a\\.example/ #x;", NULL, 0},
        {LIST_PATTERNS, "# note", "", NULL, 0},
        {LIST_PATTERNS, "  a(b", NULL, "no regular expression", 5},
        {LIST_PATTERNS, "a*", NULL, "matches the empty text", 0},
        {LIST_PATTERNS, ".*", NULL, "matches the empty text", 0},
        {LIST_PATTERNS, "a\\Cb", NULL, "no regular expression", 3},
        {LIST_PATTERNS, "(?<x>a)(?<x>b)", NULL, "no regular expression", 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], ENTRY_PATTERN);
    }
}

/* ---- files ---- */

struct file {
    char path[64];
    struct lines lines;
};

static void write_file(struct file *file, const char *text, size_t n)
{
    int fd;

    (void)snprintf(file->path, sizeof(file->path), "/tmp/cop-lists-XXXXXX");
    fd = mkstemp(file->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    (void)close(fd);
}

static void lines_of_every_shape(void **state)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "one\r\n\n\rthree\nlast";
    struct file file;
    struct cop_slice line;

    (void)state;
    write_file(&file, text, sizeof(text) - 1);
    assert_int_equal(lines_open(&file.lines, file.path), COP_OK);
    assert_true(lines_next(&file.lines, &line));
    assert_true(cop_slice_eq(line, COP_LIT("one")));
    assert_int_equal(file.lines.number, 1);
    assert_true(lines_next(&file.lines, &line));
    assert_int_equal(line.n, 0);
    assert_true(lines_next(&file.lines, &line));
    assert_true(cop_slice_eq(line, COP_LIT("\rthree")));
    assert_true(lines_next(&file.lines, &line));
    assert_true(cop_slice_eq(line, COP_LIT("last")));
    assert_int_equal(file.lines.number, 4);
    assert_false(lines_next(&file.lines, &line));
    assert_false(lines_next(&file.lines, &line));
    assert_int_equal(file.lines.error, 0);
    assert_int_equal(file.lines.bytes, sizeof(text) - 1);
    lines_close(&file.lines);
    (void)unlink(file.path);
}

/* Lines at, below and beyond the bound, and over the edges of the buffer. */
static void lines_are_bounded(void **state)
{
    static const size_t lengths[] = {LINES_MAX_BYTES, LINES_MAX_BYTES + 1, 10,
        LINES_BUFFER + 5000, LINES_MAX_BYTES, 3 * LINES_BUFFER, 7};
    enum { N = sizeof(lengths) / sizeof(lengths[0]) };
    char *text = malloc(6 * LINES_BUFFER);
    struct file file;
    struct cop_slice line;
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++) {
        memset(text + n, 'a' + (int)i, lengths[i]);
        n += lengths[i];
        text[n++] = '\n';
    }
    write_file(&file, text, n);
    free(text);
    assert_int_equal(lines_open(&file.lines, file.path), COP_OK);
    for (size_t i = 0; i < N; i++) {
        bool is_long = lengths[i] > LINES_MAX_BYTES;

        assert_true(lines_next(&file.lines, &line));
        assert_int_equal(file.lines.number, i + 1);
        assert_int_equal(file.lines.is_cut, is_long);
        assert_int_equal(line.n, is_long ? LINES_MAX_BYTES : lengths[i]);
        assert_int_equal(line.p[0], 'a' + (int)i);
    }
    assert_false(lines_next(&file.lines, &line));
    lines_close(&file.lines);
    (void)unlink(file.path);
}

static void a_folder_is_no_list(void **state)
{
    static struct lines lines;

    (void)state;
    assert_int_equal(lines_open(&lines, "/tmp"), COP_E_IO);
    assert_int_equal(lines_open(&lines, "/nonexistent/x"), COP_E_IO);
}

static struct fact_list list_of(const char *path)
{
    return (struct fact_list){
        .path = cop_slice_of(path),
        .name = COP_LIT("lists/x.domains"),
        .place = {"doc.yaml", 3, 7},
        .format = LIST_DOMAINS,
        .object = ENTRY_DOMAIN,
    };
}

static void progress(
    void *context, const char *step, uint64_t done, uint64_t total)
{
    uint64_t *seen = context;

    (void)step;
    assert_true(done > *seen);
    assert_true(done <= total);
    *seen = done;
}

static void a_file_is_streamed(void **state)
{
    struct findings findings;
    struct taken taken = {.n = 0};
    uint64_t seen = 0;
    struct list_bytes bytes = {.n = 0};
    char *text = malloc(4 << 20);
    struct file file;
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    for (unsigned i = 0; n < (3U << 20); i++) {
        n += (size_t)snprintf(text + n, 32, "n%u.example\r\n", i);
    }
    write_file(&file, text, n);
    free(text);
    struct fact_list list = list_of(file.path);
    struct list_sink sink = {.take = take_line,
        .context = &taken,
        .progress = progress,
        .progress_context = &seen,
        .bytes_total = list_file_bytes(&list)};

    findings_init(&findings);
    assert_int_equal(list_read(&list, &sink, &findings.report, &bytes), COP_OK);
    assert_int_equal(bytes.n, n);
    assert_int_equal(findings.report.errors, 0);
    assert_true(seen > (2U << 20));
    taken = (struct taken){.room = 2};
    assert_int_equal(
        list_read(&list,
            &(struct list_sink){.take = take_line, .context = &taken},
            &findings.report, &bytes),
        COP_E_NOMEM);
    assert_string_equal(taken.text, "domain n0.example;domain n1.example;");
    (void)unlink(file.path);
}

static void errors_have_places_and_an_end(void **state)
{
    struct findings findings;
    struct taken taken = {.n = 0};
    struct list_sink sink = {.take = take_line, .context = &taken};
    struct list_bytes bytes = {.n = 0};
    char text[4096] = "a.example\n  no domain\n";
    struct file file;

    (void)state;
    for (unsigned i = 0; i < LIST_ERRORS_MAX + 5; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, sizeof(text) - used, "b/c\n");
    }
    write_file(&file, text, strlen(text));
    struct fact_list list = list_of(file.path);

    findings_init(&findings);
    assert_int_equal(
        list_read(&list, &sink, &findings.report, &bytes), COP_E_SYNTAX);
    assert_string_equal(taken.text, "domain a.example;");
    assert_true(findings_have(&findings, ":2:3 list \"no domain\" is no"));
    assert_true(findings_have(&findings, ":21:1 list"));
    assert_true(findings_have(&findings, "are wrong; the first 20 are told"));
    assert_int_equal(findings.report.errors, LIST_ERRORS_MAX + 1);
    (void)unlink(file.path);

    findings_init(&findings);
    assert_int_equal(
        list_read(&list, &sink, &findings.report, &bytes), COP_E_IO);
    assert_true(findings_have(&findings, "error doc.yaml:3:7 io cannot read"));
}

static void inline_lists_use_the_documents_places(void **state)
{
    static const struct fact_entry entries[] = {
        {COP_LIT("a.example"), {"d.yaml", 4, 5}},
        {COP_LIT("a b"), {"d.yaml", 5, 5}},
        {COP_LIT("com"), {"d.yaml", 6, 5}},
    };
    struct fact_list list = {.entries = entries,
        .entries_n = 3,
        .format = LIST_DOMAINS,
        .object = ENTRY_DOMAIN};
    struct taken taken = {.n = 0};
    struct list_sink sink = {.take = take_line, .context = &taken};
    struct findings findings;
    struct list_bytes bytes = {.n = 9};

    (void)state;
    findings_init(&findings);
    assert_int_equal(
        list_read(&list, &sink, &findings.report, &bytes), COP_E_SYNTAX);
    assert_int_equal(bytes.n, 0);
    assert_int_equal(list_file_bytes(&list), 0);
    assert_true(findings_have(&findings, "error d.yaml:5:5 list"));
    assert_true(findings_have(&findings, "warning d.yaml:6:5 suffix"));
    assert_string_equal(taken.text, "domain a.example;domain com;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_domains),
        cmocka_unit_test(objects_say_what_a_name_means),
        cmocka_unit_test(cautions_about_public_suffixes),
        cmocka_unit_test(reads_hosts_files),
        cmocka_unit_test(reads_urls),
        cmocka_unit_test(reads_patterns),
        cmocka_unit_test(lines_of_every_shape),
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test(a_folder_is_no_list),
        cmocka_unit_test(a_file_is_streamed),
        cmocka_unit_test(errors_have_places_and_an_end),
        cmocka_unit_test(inline_lists_use_the_documents_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

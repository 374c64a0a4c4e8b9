/* The conformance report in short, for a terminal. */
#include <inttypes.h>
#include <string.h>

#include "tools/copc/report.h"
#include "tools/copc/term.h"

enum { GAPS_TOLD = 5 }; /* of one code */

static void print_head(FILE *to, const json_t *report)
{
    const json_t *bundle = json_object_get(report, "bundle");

    fprintf(to, "%s%s%s, revision %s, as of %s\n", term_style(to, TERM_STRONG),
        report_text(bundle, "name"), term_style(to, TERM_PLAIN),
        report_text(bundle, "revision"), report_text(report, "as_of"));
    fprintf(to, "  %s\n  sha256 %s\n", report_text(bundle, "issuer"),
        report_text(bundle, "sha256"));
}

void report_rules(FILE *to, const json_t *report)
{
    static const struct {
        const char *member;
        const char *words;
    } kinds[] = {{"hosts", "hosts"}, {"urls", "URL prefixes"},
        {"patterns", "patterns"}, {"adblock", "Adblock rules"},
        {"networks", "networks"}};
    const json_t *counts =
        json_object_get(json_object_get(report, "bundle"), "counts");
    const char *between = "";

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        json_int_t n =
            json_integer_value(json_object_get(counts, kinds[i].member));

        if (n != 0) {
            fprintf(to, "%s%" JSON_INTEGER_FORMAT " %s", between, n,
                kinds[i].words);
            between = ", ";
        }
    }
    if (*between == '\0') {
        fputs("none", to);
    }
}

static void print_basis(FILE *to, const json_t *report)
{
    json_t *rows = json_object_get(report, "by_basis");
    const char *type;
    json_t *row;

    fprintf(to, "\n%sby legal basis%s\n", term_style(to, TERM_STRONG),
        term_style(to, TERM_PLAIN));
    json_object_foreach(rows, type, row)
    {
        fprintf(to,
            "  %-24s %3" JSON_INTEGER_FORMAT
            " requirements, %" JSON_INTEGER_FORMAT
            " in force, %" JSON_INTEGER_FORMAT " entries of their own\n",
            *type != '\0' ? type : "none",
            json_integer_value(json_object_get(row, "requirements")),
            json_integer_value(json_object_get(row, "in_force")),
            json_integer_value(json_object_get(row, "entries")));
    }
}

static json_int_t entries_in(const json_t *rows)
{
    json_int_t n = 0;
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        n += json_integer_value(json_object_get(row, "entries"));
    }
    return n;
}

/* From when to when it says this, to whom, and in which hours, as far as it is
 * not to everybody, always. */
static void print_when(FILE *to, const json_t *r)
{
    const char *from = report_text(r, "from");
    const char *until = report_text(r, "until");
    const json_t *hours = json_object_get(r, "hours");
    const json_t *classes = json_object_get(r, "subscribers");
    size_t i;
    json_t *word;

    fprintf(to, "  %s%s%s%s", *from != '\0' ? "from " : "", from,
        *until != '\0' ? " until " : "", until);
    (void)fputs(*from == '\0' && *until == '\0' ? "always" : "", to);
    json_array_foreach(classes, i, word)
    {
        fprintf(to, "%s%s", i == 0 ? ", for " : ", ", json_string_value(word));
    }
    json_array_foreach(hours, i, word)
    {
        fprintf(to, "%s%s", i == 0 ? "; in hours: " : ", ",
            json_string_value(word));
    }
    (void)fputc('\n', to);
}

static void print_requirement(FILE *to, const json_t *r)
{
    const json_t *basis = json_object_get(r, "basis");
    const json_t *vectors = json_object_get(r, "vectors");

    fprintf(to, "\n%s%s%s\n", term_style(to, TERM_STRONG), report_text(r, "id"),
        term_style(to, TERM_PLAIN));
    fprintf(to, "  %s: %s (%s)\n", report_text(basis, "type"),
        report_text(basis, "citation"), report_text(basis, "authority"));
    fprintf(to, "  %s, %s, lock %s, decides %s\n", report_text(r, "status"),
        report_text(r, "strength"), report_text(r, "lock"),
        report_text(r, "effect"));
    print_when(to, r);
    fprintf(to,
        "  %zu categories with %" JSON_INTEGER_FORMAT
        " entries, %zu lists of its own with %" JSON_INTEGER_FORMAT "\n",
        json_array_size(json_object_get(r, "categories")),
        entries_in(json_object_get(r, "categories")),
        json_array_size(json_object_get(r, "lists")),
        entries_in(json_object_get(r, "lists")));
    fprintf(to,
        "  test vectors: %" JSON_INTEGER_FORMAT " held, %" JSON_INTEGER_FORMAT
        " not run; notice in %zu languages\n",
        json_integer_value(json_object_get(vectors, "held")),
        json_integer_value(json_object_get(vectors, "not_run")),
        json_object_size(
            json_object_get(json_object_get(r, "texts"), "notice")));
}

static bool is_of(const json_t *gap, const char *code)
{
    return strcmp(report_text(gap, "code"), code) == 0;
}

/* All gaps of one code: the first few, and how many more. */
static void print_gaps_of(FILE *to, const json_t *gaps, const char *code)
{
    size_t told = 0;
    size_t i;
    json_t *gap;

    json_array_foreach(gaps, i, gap)
    {
        const char *id = report_text(gap, "requirement");

        if (!is_of(gap, code) || told++ >= GAPS_TOLD) {
            continue;
        }
        fprintf(to, "  %s [%s]\n", report_text(gap, "what"), code);
        if (*id != '\0') {
            fprintf(to, "    %s\n", id);
        }
    }
    if (told > GAPS_TOLD) {
        fprintf(to, "  and %zu more [%s]; --html and --json have them all\n",
            told - GAPS_TOLD, code);
    }
}

static bool is_first_of_code(const json_t *gaps, size_t at)
{
    const char *code = report_text(json_array_get(gaps, at), "code");

    for (size_t i = 0; i < at; i++) {
        if (is_of(json_array_get(gaps, i), code)) {
            return false;
        }
    }
    return true;
}

static void print_gaps(FILE *to, const json_t *report)
{
    const json_t *gaps = json_object_get(report, "gaps");
    size_t i;
    json_t *gap;

    fprintf(to, "\n%smissing, out of date or without effect: %zu%s\n",
        term_style(to, TERM_STRONG), json_array_size(gaps),
        term_style(to, TERM_PLAIN));
    json_array_foreach(gaps, i, gap)
    {
        if (is_first_of_code(gaps, i)) {
            print_gaps_of(to, gaps, report_text(gap, "code"));
        }
    }
}

void report_print(FILE *to, const json_t *report)
{
    size_t i;
    json_t *r;

    print_head(to, report);
    fputs("  rules: ", to);
    report_rules(to, report);
    fputc('\n', to);
    print_basis(to, report);
    json_array_foreach(json_object_get(report, "requirements"), i, r)
    {
        print_requirement(to, r);
    }
    print_gaps(to, report);
}

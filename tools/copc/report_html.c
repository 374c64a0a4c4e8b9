/* The conformance report as a page: no script, no other file, readable by
 * everybody (WCAG 2.2 AA): headings in order, tables with captions and
 * headers, contrast of at least 4.5 to 1 in light and dark, no meaning in
 * colour alone, and room for narrow screens and for paper. */
#include <inttypes.h>
#include <string.h>

#include "tools/copc/report.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--line:#8a8a8a;"
    "--faint:#4d4d4d;--link:#0b4f9e;--warm:#fff4e0}\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#f0f0f0;--paper:#161616;"
    "--line:#7d7d7d;--faint:#c4c4c4;--link:#9cc7ff;--warm:#3a2d12}}\n"
    "body{font:1rem/1.5 system-ui,sans-serif;color:var(--ink);"
    "background:var(--paper);max-width:70rem;margin:0 auto;padding:1rem}\n"
    "a{color:var(--link)}a:focus-visible,[tabindex]:focus-visible{outline:3px "
    "solid var(--link);outline-offset:2px}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{position:static}\n"
    "h1,h2,h3{line-height:1.2}h3{margin-top:2.5rem}\n"
    "dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;"
    "gap:.2rem 1rem}dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}\n"
    "@media (max-width:35rem){dl{display:block}dd{margin-bottom:.5rem}}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%}\n"
    "caption{text-align:start;color:var(--faint);padding:.3rem 0}\n"
    "th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:start;"
    "vertical-align:top;overflow-wrap:anywhere}td.n{text-align:end}\n"
    ".gaps{background:var(--warm);border:1px solid var(--line);"
    "padding:.5rem 1rem}code{overflow-wrap:anywhere}\n"
    "@media print{nav,.skip{display:none}article{break-inside:avoid}}\n";

/* ---- text ---- */

static void put(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", to);
            break;
        case '<':
            (void)fputs("&lt;", to);
            break;
        case '>':
            (void)fputs("&gt;", to);
            break;
        case '"':
            (void)fputs("&quot;", to);
            break;
        default:
            (void)fputc(*text, to);
        }
    }
}

/* What a person reads for a value: text, number, or that there is none. */
static void put_value(FILE *to, const json_t *value)
{
    if (json_is_string(value)) {
        put(to, json_string_value(value));
    } else if (json_is_integer(value)) {
        fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_boolean(value)) {
        (void)fputs(json_is_true(value) ? "yes" : "no", to);
    } else {
        (void)fputs("\xe2\x80\x93", to); /* an en dash */
    }
}

/* Words of the documents are written for programs: "default_on". */
static void put_words(FILE *to, const char *words)
{
    char text[128];

    (void)snprintf(text, sizeof text, "%s", *words != '\0' ? words : "none");
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    put(to, text);
}

static void put_array(FILE *to, const json_t *array, const char *none)
{
    size_t i;
    json_t *value;

    json_array_foreach(array, i, value)
    {
        (void)fputs(i == 0 ? "" : ", ", to);
        put_value(to, value);
    }
    if (json_array_size(array) == 0) {
        put(to, none);
    }
}

/* ---- definition lists ---- */

static void row_begin(FILE *to, const char *term)
{
    fprintf(to, "<dt>%s</dt><dd>", term);
}

static void row_end(FILE *to)
{
    (void)fputs("</dd>\n", to);
}

static void row_value(FILE *to, const char *term, const json_t *value)
{
    row_begin(to, term);
    put_value(to, value);
    row_end(to);
}

static void row_words(FILE *to, const char *term, const char *words)
{
    row_begin(to, term);
    put_words(to, words);
    row_end(to);
}

/* ---- tables ---- */

/* caption  also names the region that scrolls
 * heads    ended by NULL */
static void table_begin(FILE *to, const char *caption, const char *const *heads)
{
    fprintf(to,
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" "
        "aria-label=\"%s\"><table><caption>%s</caption><thead><tr>",
        caption, caption);
    for (; *heads != NULL; heads++) {
        fprintf(to, "<th scope=\"col\">%s</th>", *heads);
    }
    (void)fputs("</tr></thead><tbody>\n", to);
}

static void table_end(FILE *to)
{
    (void)fputs("</tbody></table></div>\n", to);
}

static void cell(FILE *to, const json_t *value)
{
    (void)fputs(json_is_integer(value) ? "<td class=\"n\">" : "<td>", to);
    put_value(to, value);
    (void)fputs("</td>", to);
}

static void lists_table(FILE *to, const json_t *lists, const char *caption)
{
    static const char *const heads[] = {"List", "Says", "Entries", "Source",
        "Licence", "Retrieved", "Days old", "May be", NULL};
    size_t i;
    json_t *list;

    table_begin(to, caption, heads);
    json_array_foreach(lists, i, list)
    {
        bool is_here = json_is_true(json_object_get(list, "here"));

        (void)fputs("<tr><th scope=\"row\">", to);
        put(to, report_text(list, is_here ? "name" : "ref"));
        (void)fputs(is_here ? "</th><td>" : " (not here)</th><td>", to);
        put_words(to, report_text(list, "says"));
        (void)fputs("</td>", to);
        cell(to, json_object_get(list, "entries"));
        cell(to, json_object_get(list, "source"));
        cell(to, json_object_get(list, "licence"));
        cell(to, json_object_get(list, "retrieved"));
        cell(to, json_object_get(list, "age_days"));
        cell(to, json_object_get(list, "max_age"));
        (void)fputs("</tr>\n", to);
    }
    table_end(to);
}

/* ---- one requirement ---- */

/* Its title in English, else in the first language that it has; or its id. */
static void put_title(FILE *to, const json_t *r)
{
    json_t *titles = json_object_get(json_object_get(r, "texts"), "title");
    const char *language = "en";
    json_t *words = json_object_get(titles, language);
    void *first = json_object_iter(titles);

    if (words == NULL && first != NULL) {
        language = json_object_iter_key(first);
        words = json_object_iter_value(first);
    }
    if (!json_is_string(words)) {
        put(to, report_text(r, "id"));
        return;
    }
    (void)fputs("<span lang=\"", to);
    put(to, language);
    (void)fputs("\" dir=\"auto\">", to);
    put(to, json_string_value(words));
    (void)fputs("</span>", to);
}

static void law_rows(FILE *to, const json_t *r)
{
    const json_t *basis = json_object_get(r, "basis");

    row_words(to, "Legal basis", report_text(basis, "type"));
    row_value(to, "Instrument", json_object_get(basis, "instrument"));
    row_value(to, "Citation", json_object_get(basis, "citation"));
    row_value(to, "Authority", json_object_get(basis, "authority"));
    row_begin(to, "Jurisdiction");
    put_array(to, json_object_get(basis, "jurisdiction"), "none named");
    row_end(to);
}

static void people_row(FILE *to, const json_t *r)
{
    const json_t *age = json_object_get(r, "age");
    json_int_t min = json_integer_value(json_array_get(age, 0));
    const json_t *max = json_array_get(age, 1);

    row_begin(to, "About");
    if (json_is_integer(max)) {
        fprintf(to, "ages %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT,
            min, json_integer_value(max) - 1);
    } else if (min > 0) {
        fprintf(to, "from age %" JSON_INTEGER_FORMAT, min);
    } else {
        (void)fputs("every age", to);
    }
    (void)fputs("; ", to);
    put_array(to, json_object_get(r, "subscribers"), "every class");
    row_end(to);
}

static void rank_rows(FILE *to, const json_t *r)
{
    row_words(to, "Kind", report_text(r, "kind"));
    row_words(to, "Action", report_text(r, "action"));
    row_words(to, "Status", report_text(r, "status"));
    row_words(to, "Strength", report_text(r, "strength"));
    row_words(to, "Lock", report_text(r, "lock"));
    row_words(to, "Decides", report_text(r, "effect"));
    row_value(to, "From", json_object_get(r, "from"));
    row_value(to, "Last day", json_object_get(r, "until"));
    row_value(to, "Review by", json_object_get(r, "review_by"));
    row_begin(to, "Hours");
    put_array(to, json_object_get(r, "hours"), "at all times");
    row_end(to);
    if (json_is_string(json_object_get(r, "blocks_by"))) {
        row_words(
            to, "Blocks by nothing coarser than", report_text(r, "blocks_by"));
    }
    if (json_array_size(json_object_get(r, "spares")) != 0) {
        row_begin(to, "Spares");
        put_array(to, json_object_get(r, "spares"), "nothing");
        row_end(to);
    }
    people_row(to, r);
}

static void languages_row(
    FILE *to, const json_t *r, const char *term, const char *kind)
{
    json_t *texts = json_object_get(json_object_get(r, "texts"), kind);
    const char *between = "";
    const char *language;
    json_t *unused;

    row_begin(to, term);
    json_object_foreach(texts, language, unused)
    {
        (void)fputs(between, to);
        put(to, *language != '\0' ? language : "any");
        between = ", ";
    }
    put(to, json_object_size(texts) == 0 ? "none" : "");
    row_end(to);
}

static void proof_rows(FILE *to, const json_t *r)
{
    const json_t *vectors = json_object_get(r, "vectors");
    size_t i;
    json_t *line;

    languages_row(to, r, "Notice in", "notice");
    languages_row(to, r, "Appeal in", "appeal");
    row_words(to, "Logging", report_text(r, "logging"));
    row_words(to, "Identity kept", report_text(r, "identity"));
    row_begin(to, "Test vectors");
    put_value(to, json_object_get(vectors, "held"));
    (void)fputs(" held, ", to);
    put_value(to, json_object_get(vectors, "not_run"));
    (void)fputs(" not run", to);
    row_end(to);
    if (*report_text(r, "shadowed_by") != '\0') {
        row_value(to, "Shadowed by", json_object_get(r, "shadowed_by"));
    }
    json_array_foreach(json_object_get(r, "extra"), i, line)
    {
        row_value(to, "Author's note", line);
    }
}

static void categories_table(FILE *to, const json_t *r, size_t number)
{
    static const char *const heads[] = {"Category", "Entries here", NULL};
    const json_t *categories = json_object_get(r, "categories");
    char caption[64];
    size_t i;
    json_t *category;

    if (json_array_size(categories) == 0) {
        return;
    }
    snprintf(caption, sizeof caption, "Categories that requirement %zu names",
        number);
    table_begin(to, caption, heads);
    json_array_foreach(categories, i, category)
    {
        (void)fputs("<tr><th scope=\"row\">", to);
        put(to, report_text(category, "id"));
        (void)fputs("</th>", to);
        cell(to, json_object_get(category, "entries"));
        (void)fputs("</tr>\n", to);
    }
    table_end(to);
}

static void requirement_gaps(FILE *to, const json_t *report, const char *id)
{
    bool is_open = false;
    size_t i;
    json_t *gap;

    json_array_foreach(json_object_get(report, "gaps"), i, gap)
    {
        if (strcmp(report_text(gap, "requirement"), id) != 0) {
            continue;
        }
        if (!is_open) {
            (void)fputs(
                "<div class=\"gaps\"><h4>Missing or due</h4><ul>\n", to);
            is_open = true;
        }
        (void)fputs("<li>", to);
        put(to, report_text(gap, "what"));
        (void)fputs("</li>\n", to);
    }
    (void)fputs(is_open ? "</ul></div>\n" : "", to);
}

static void requirement_html(
    FILE *to, const json_t *report, const json_t *r, size_t number)
{
    const json_t *lists = json_object_get(r, "lists");
    char caption[64];

    fprintf(to, "<article aria-labelledby=\"r%zu\"><h3 id=\"r%zu\">%zu. ",
        number, number, number);
    put_title(to, r);
    (void)fputs("</h3>\n<p><code>", to);
    put(to, report_text(r, "id"));
    (void)fputs("</code>, version ", to);
    put_value(to, json_object_get(r, "version"));
    (void)fputs("</p>\n<dl>", to);
    law_rows(to, r);
    rank_rows(to, r);
    proof_rows(to, r);
    (void)fputs("</dl>\n", to);
    categories_table(to, r, number);
    if (json_array_size(lists) != 0) {
        snprintf(caption, sizeof caption, "Lists that requirement %zu names",
            number);
        lists_table(to, lists, caption);
    }
    requirement_gaps(to, report, report_text(r, "id"));
    (void)fputs("</article>\n", to);
}

/* ---- the whole ---- */

static void basis_table(FILE *to, const json_t *report)
{
    static const char *const heads[] = {"Legal basis", "Requirements",
        "In force", "Entries of their own lists", NULL};
    json_t *rows = json_object_get(report, "by_basis");
    const char *type;
    json_t *row;

    table_begin(to, "Requirements by the type of law behind them", heads);
    json_object_foreach(rows, type, row)
    {
        (void)fputs("<tr><th scope=\"row\">", to);
        put_words(to, type);
        (void)fputs("</th>", to);
        cell(to, json_object_get(row, "requirements"));
        cell(to, json_object_get(row, "in_force"));
        cell(to, json_object_get(row, "entries"));
        (void)fputs("</tr>\n", to);
    }
    table_end(to);
}

static void gaps_table(FILE *to, const json_t *report)
{
    static const char *const heads[] = {"What", "Requirement", "Code", NULL};
    const json_t *gaps = json_object_get(report, "gaps");
    size_t i;
    json_t *gap;

    if (json_array_size(gaps) == 0) {
        (void)fputs("<p>Nothing.</p>\n", to);
        return;
    }
    table_begin(to, "What is missing, out of date or without effect", heads);
    json_array_foreach(gaps, i, gap)
    {
        (void)fputs("<tr><th scope=\"row\">", to);
        put_value(to, json_object_get(gap, "what"));
        (void)fputs("</th>", to);
        cell(to, json_object_get(gap, "requirement"));
        cell(to, json_object_get(gap, "code"));
        (void)fputs("</tr>\n", to);
    }
    table_end(to);
}

static void appeals_table(FILE *to, const json_t *report)
{
    static const char *const heads[] = {
        "Appeal", "Upheld by", "Against", "From", "Last day", NULL};
    size_t i;
    json_t *appeal;

    table_begin(to, "Upheld appeals", heads);
    json_array_foreach(json_object_get(report, "appeals"), i, appeal)
    {
        (void)fputs("<tr><th scope=\"row\">", to);
        put(to, report_text(appeal, "id"));
        (void)fputs("</th>", to);
        cell(to, json_object_get(appeal, "authority"));
        cell(to, json_object_get(appeal, "of"));
        cell(to, json_object_get(appeal, "from"));
        cell(to, json_object_get(appeal, "until"));
        (void)fputs("</tr>\n", to);
    }
    table_end(to);
}

static void head_html(FILE *to, const json_t *report)
{
    const json_t *bundle = json_object_get(report, "bundle");

    (void)fputs("<!doctype html>\n<html lang=\"en\">\n<head><meta "
                "charset=\"utf-8\"><meta name=\"viewport\" "
                "content=\"width=device-width, initial-scale=1\">\n<meta "
                "http-equiv=\"Content-Security-Policy\" content=\"default-src "
                "'none'; style-src 'unsafe-inline'\">\n<title>"
                "Conformance report: ",
        to);
    put(to, report_text(bundle, "name"));
    fprintf(to, "</title>\n<style>%s</style></head>\n<body>\n", style);
    (void)fputs("<a class=\"skip\" href=\"#main\">Go to the report</a>\n"
                "<header><h1>Conformance report: ",
        to);
    put(to, *report_text(bundle, "title") != '\0'
                ? report_text(bundle, "title")
                : report_text(bundle, "name"));
    (void)fputs("</h1>\n<dl>", to);
    row_value(to, "As of", json_object_get(report, "as_of"));
    row_value(to, "Bundle", json_object_get(bundle, "name"));
    row_value(to, "Revision", json_object_get(bundle, "revision"));
    row_value(to, "Issuer", json_object_get(bundle, "issuer"));
    row_value(to, "Licence", json_object_get(bundle, "licence"));
    row_value(to, "SHA-256", json_object_get(bundle, "sha256"));
    row_begin(to, "Rules");
    report_rules(to, report);
    row_end(to);
    (void)fputs("</dl></header>\n", to);
}

static void contents_html(FILE *to, const json_t *report)
{
    size_t i;
    json_t *r;

    (void)fputs("<nav aria-label=\"Contents\"><ul>"
                "<li><a href=\"#gaps\">What is missing</a></li>"
                "<li><a href=\"#basis\">By legal basis</a></li>"
                "<li><a href=\"#requirements\">Requirements</a><ol>\n",
        to);
    json_array_foreach(json_object_get(report, "requirements"), i, r)
    {
        fprintf(to, "<li><a href=\"#r%zu\">", i + 1);
        put_title(to, r);
        (void)fputs("</a></li>\n", to);
    }
    (void)fputs("</ol></li><li><a href=\"#lists\">Category lists</a></li>"
                "<li><a href=\"#appeals\">Appeals</a></li></ul></nav>\n",
        to);
}

void report_html(FILE *to, const json_t *report)
{
    const json_t *lists = json_object_get(report, "lists");
    size_t i;
    json_t *r;

    head_html(to, report);
    contents_html(to, report);
    (void)fputs(
        "<main id=\"main\">\n<h2 id=\"gaps\">What is missing</h2>\n", to);
    gaps_table(to, report);
    (void)fputs("<h2 id=\"basis\">By legal basis</h2>\n", to);
    basis_table(to, report);
    (void)fputs("<h2 id=\"requirements\">Requirements</h2>\n", to);
    json_array_foreach(json_object_get(report, "requirements"), i, r)
    {
        requirement_html(to, report, r, i + 1);
    }
    (void)fputs("<h2 id=\"lists\">Category lists</h2>\n", to);
    if (json_array_size(lists) != 0) {
        lists_table(to, lists, "Lists that give categories to places");
    } else {
        (void)fputs("<p>None.</p>\n", to);
    }
    (void)fputs("<h2 id=\"appeals\">Appeals</h2>\n", to);
    if (json_array_size(json_object_get(report, "appeals")) != 0) {
        appeals_table(to, report);
    } else {
        (void)fputs("<p>None.</p>\n", to);
    }
    (void)fputs("</main>\n</body>\n</html>\n", to);
}
